"""A model is asked at save, by itself and through its folder (FID-003 to FID-010)."""

from __future__ import annotations

import decimal
import itertools
import json
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import mlmodel
from conformance import lint
from mlmodel import pyfunc
from mlmodel.cli import inspect
from mlmodel.errors import InvalidArgument
from mlmodel.models import Model, infer_signature
from mlmodel.scoring.fidelity.data import arrives_otherwise, copied
from mlmodel.scoring.fidelity.form import form_of
from mlmodel.scoring.fidelity.question import Question

FRAME = pd.DataFrame({"n": [1.5, 2.5, 3.5], "t": ["a", "b", "c"]})
#: Whether a row is the first that the model is asked in this process, or since it was loaded.
COUNTED = itertools.count()


def saved(model, folder, example=FRAME, **options):
    """Save, and return what was said of fidelity, the record, and the model that is loaded."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.save(model, folder / "m", example=example, **options)
    said = [str(one.message) for one in caught if "FID-" in str(one.message)]
    assert {one.filename for one in caught if "FID-" in str(one.message)} <= {__file__}
    ours = (Model.load(folder / "m").metadata or {}).get("mlmodel")
    record = ours.get("fidelity") if isinstance(ours, dict) else None
    return said, record, mlmodel.load(folder / "m")


def enforced_otherwise(model_input, own, other):
    """Answer by whether the frame is the user's own, whose rows have labels."""
    return own if model_input.index[0] == "x" else other


LABELLED = FRAME.set_axis(["x", "y", "z"])


# -- what differs is found -------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        ([1, 2, 3], [1, 2, 4], "row 2 is 4, and 3 by the model itself"),
        ([1.0, 2.0], [1.0, 2.0001], "row 1 is 2.0001, and 2.0 by the model itself"),
        (["a", None], ["a", "b"], "row 1 is 'b', and None by the model itself"),
        ([True, False], [1, 0], "row 0 is 1, and True by the model itself"),
        ([decimal.Decimal("0.1")], [decimal.Decimal("0.2")], "row 0 is Decimal('0.2'), and Dec"),
        ([1, 2], [1], "it has 1 row, and 2 rows by the model itself"),
        ({"a": [1]}, {"b": [1]}, "it has the keys ['b'], and ['a'] by the model itself"),
        ({"a": [1]}, {"a": [2]}, "key 'a': row 0 is 2, and 1 by the model itself"),
        ([{"a": 1}], [{"a": 2}], "row 0 is {'a': 2}, and {'a': 1} by the model itself"),
        (
            pd.DataFrame({"p": [1.0], "q": [2.0]}),
            pd.DataFrame({"p": [1.0], "q": [3.0]}),
            "row 0, column 'q', is 3.0, and 2.0 by the model itself",
        ),
        (
            pd.DataFrame({"p": [1.0]}),
            pd.DataFrame({"r": [1.0]}),
            "it has the column ['r'], and ['p'] by the model itself",
        ),
    ],
    ids=str,
)
def test_another_answer_is_warned_of_and_recorded(tmp_path, own, other, said):
    """FID-004, FID-009: JSON has no labels of rows, and this model goes by them."""
    warned, record, loaded = saved(
        lambda model_input: enforced_otherwise(model_input, own, other), tmp_path, LABELLED
    )
    assert len(warned) == 1
    assert f"As a request: {said}" in warned[0]
    assert warned[0].endswith("(FID-004)")
    assert list(record["ways"]) == ["request"]
    assert said in record["ways"]["request"]
    assert "signature_left_out" not in record
    assert loaded.signature is not None
    validator = lint.Tree(Path(__file__).resolve().parents[3]).validator("fidelity")
    assert not list(validator.iter_errors(record))


def test_what_arrives_otherwise_is_told(tmp_path):
    """FID-004: decimals arrive as floats."""
    example = pd.DataFrame({"d": [decimal.Decimal(1), decimal.Decimal(2)]})
    warned, record, _ = saved(
        lambda data: [type(cell).__name__ for cell in data["d"]], tmp_path, example
    )
    assert "row 0 is 'float', and 'Decimal' by the model itself" in warned[0]
    assert "is given as" in warned[0]
    assert set(record["ways"]) == {"python_function", "request"}
    assert "As a python_function and as a request: " in warned[0]


def test_a_model_that_tells_none_from_nan(tmp_path):
    example = pd.DataFrame({"t": pd.Series(["a", None, float("nan")], dtype=object)})

    def answer(model_input):
        return [repr(cell) for cell in model_input["t"]]

    warned, record, _ = saved(answer, tmp_path, example)
    assert len(warned) == 1
    assert "by the model itself; in column 't', row" in record["ways"]["request"]


def test_an_answer_without_a_form_in_json(tmp_path):
    """FID-004: nobody could read it over REST."""
    warned, record, _ = saved(lambda _data: [1j, 2j, 3j], tmp_path)
    assert list(record["ways"]) == ["request"]
    assert "the answer has no form in JSON (UnserializablePrediction: " in warned[0]


def test_what_the_file_loses_is_found(tmp_path):
    """FID-008: the folder is loaded."""

    class Forgetful(pyfunc.PythonModel):
        def __init__(self):
            self.factor = 2

        def __getstate__(self):
            return {"factor": 1}

        def predict(self, context, model_input):
            return model_input["n"] * self.factor

    warned, record, _ = saved(Forgetful(), tmp_path)
    assert "row 0 is 1.5, and 3.0 by the model itself" in warned[0]
    assert set(record["ways"]) == {"python_function", "request"}


def test_a_folder_that_cannot_be_loaded(tmp_path):
    class Closed(pyfunc.PythonModel):
        def __setstate__(self, state):
            raise RuntimeError("not today")

        def __getstate__(self):
            return {"a": 1}

        def predict(self, context, model_input):
            return [1, 2, 3]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.save(Closed(), tmp_path / "m", example=FRAME)
    (said,) = [str(one.message) for one in caught if "FID-" in str(one.message)]
    assert "the folder cannot be loaded (" in said
    assert "not today" in said
    assert Model.load(tmp_path / "m").signature is not None  # it is not the signature's fault


# -- signatures under which nothing is scored ------------------------------------------------------


def test_a_signature_under_which_nothing_is_scored_is_left_out(tmp_path):
    """FID-005."""
    rows = [[1.0, 2.0], [3.0, 4.0]]
    fails = lambda data: [sum(row) for row in data] if isinstance(data, list) else {}["x"]  # noqa: E731
    fails.__module__ = "__main__"
    warned, record, loaded = saved(fails, tmp_path, rows)
    assert loaded.signature is None
    assert loaded.predict(rows) == [3.0, 7.0]
    assert record["signature_left_out"] is True
    assert "it fails (KeyError: 'x')" in record["ways"]["python_function"]
    assert "is left out" in warned[0]
    assert "(FID-005)" in warned[0]
    assert (tmp_path / "m" / "input_example.json").exists()
    assert mlmodel.validate(tmp_path / "m").valid


def test_a_given_signature_is_kept(tmp_path):
    """FID-005."""
    rows = [[1.0, 2.0], [3.0, 4.0]]
    fails = lambda data: [sum(row) for row in data] if isinstance(data, list) else {}["x"]  # noqa: E731
    fails.__module__ = "__main__"
    signature = infer_signature(rows)
    warned, record, loaded = saved(fails, tmp_path, rows, signature=signature)
    assert loaded.signature == signature
    assert len(warned) == 1
    assert "left out" not in warned[0]
    assert "signature_left_out" not in record


def test_a_signature_that_one_way_can_be_scored_under_stays(tmp_path):
    """FID-005."""

    def answer(model_input):
        if model_input.index[0] != "x":
            raise ValueError("no labels")
        return [1, 2, 3]

    _, record, loaded = saved(answer, tmp_path, LABELLED)
    assert list(record["ways"]) == ["request"]
    assert loaded.signature is not None


# -- nothing is said that is not known -------------------------------------------------------------


class Changing(pyfunc.PythonModel):
    """Changes what it is given, cells of lists too."""

    def predict(self, context, model_input):
        total = [sum(cell) for cell in model_input["l"]]
        for cell in model_input["l"]:
            cell.append(100)
        model_input["n"] = 0.0
        return total


@pytest.mark.thorough
@pytest.mark.parametrize(
    "answer",
    [
        lambda data: data["n"].tolist(),
        lambda data: data["n"],
        lambda data: data[["n"]],
        lambda data: data["n"].to_numpy(),
        lambda data: data["n"].to_numpy(dtype="float32"),
        lambda data: {"a": data["n"], "b": data["t"].tolist()},
        lambda data: [{"n": n, "t": t} for n, t in zip(data["n"], data["t"], strict=True)],
        lambda data: [decimal.Decimal(str(n)) for n in data["n"]],
        lambda data: [None, float("nan"), pd.NaT],
        lambda data: 3,
        lambda data: "all",
        lambda data: None,
        lambda data: np.ones((len(data), 2, 2)),
        lambda data: [[1, 2], [3], []],
        lambda data: pd.Series(["a", "b", "a"], dtype="category"),
        lambda data: pd.DataFrame({"x": pd.array([1, None, 3], dtype="Int64")}),
        lambda data: [np.random.default_rng().normal() for _ in range(3)],
        lambda data: [random.random(), next(COUNTED)],
        lambda data: np.random.normal(size=3),  # noqa: NPY002 - as models do
        lambda data: (n for n in data["n"]),
    ],
)
def test_nothing_is_said_of_what_is_equal_or_not_known(tmp_path, answer):
    """FID-002, FID-006, FID-009."""
    said, record, _ = saved(answer, tmp_path)
    assert said == []
    assert record is None
    assert Model.load(tmp_path / "m").metadata is None


def test_a_model_that_changes_its_input(tmp_path):
    """FID-006."""
    example = pd.DataFrame({"n": [1.0, 2.0], "l": [[1, 2], [3]]})
    said, _, _ = saved(Changing(), tmp_path, example)
    assert said == []
    assert example["l"].tolist() == [[1, 2], [3]]
    assert example["n"].tolist() == [1.0, 2.0]


def test_generators_are_as_they_were(tmp_path):
    """FID-006."""
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - what models use
    expected = random.random(), np.random.random()  # noqa: NPY002 - as above
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - as above
    saved(lambda data: [random.random(), np.random.random()], tmp_path)  # noqa: NPY002 - as above
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002 - as above


def test_a_model_that_draws_from_the_generators_is_asked_alike(tmp_path):
    """FID-006: it is compared as well, and what differs besides is found."""
    said, _, _ = saved(
        lambda data: enforced_otherwise(data, [0, 0], [1, 1]) + np.random.random(2),  # noqa: NPY002 - what models use
        tmp_path,
        LABELLED,
    )
    assert len(said) == 1


def test_a_model_that_does_not_answer_by_itself(tmp_path):
    """FID-006: with a signature given, nobody asked it before."""
    signature = infer_signature(FRAME)
    said, _, loaded = saved(lambda data: {}["x"], tmp_path, signature=signature)
    assert said == []
    assert loaded.signature == signature


# -- how often, and when not -----------------------------------------------------------------------


def _calls(tmp_path):
    log = tmp_path / "calls"
    log.write_text("")

    def answer(model_input):
        with open(log, "a") as file:
            file.write("x")
        return enforced_otherwise(model_input, [1, 2, 3], [3, 2, 1])

    return answer, log


def test_data_that_arrive_alike_are_asked_once(tmp_path):
    """FID-003: one prediction more than the signature takes."""
    log = tmp_path / "calls"

    def answer(model_input):
        with open(log, "a") as file:
            file.write("x")
        return [1, 2, 3]

    saved(answer, tmp_path)
    assert log.read_text() == "xx"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MLMODEL_CHECK_FIDELITY", "false"), ("MLMODEL_CHECK_FIDELITY_SECONDS", "0")],
)
def test_asking_is_the_users_choice(tmp_path, monkeypatch, variable, value):
    """FID-007: every model takes longer than nothing, a slow one longer than the bound."""
    monkeypatch.setenv(variable, value)
    answer, log = _calls(tmp_path)
    said, record, _ = saved(answer, tmp_path, LABELLED)
    assert (said, record) == ([], None)
    assert log.read_text() == "x"


@pytest.mark.parametrize("variable", ["MLMODEL_CHECK_FIDELITY", "MLMODEL_CHECK_FIDELITY_SECONDS"])
def test_a_setting_of_no_meaning_is_refused(tmp_path, monkeypatch, variable):
    """FID-007."""
    monkeypatch.setenv(variable, "maybe")
    with pytest.raises(InvalidArgument, match=f"{variable}.*'maybe'"):
        mlmodel.save(lambda data: [1, 2, 3], tmp_path / "m", example=FRAME)
    assert not (tmp_path / "m").exists()


def test_code_that_a_model_brings_is_not_imported(tmp_path, monkeypatch):
    """FID-008: it is asked as it is at hand, and what differs is found all the same."""
    (tmp_path / "helper_of_fidelity.py").write_text("VALUE = 1\n")
    before = list(sys.path)
    code = [tmp_path / "helper_of_fidelity.py"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pyfunc.save_model(
            tmp_path / "m",
            python_model=lambda data: enforced_otherwise(data, [1, 2, 3], [3, 2, 1]),
            input_example=LABELLED,
            code_paths=code,
        )
    assert sum("FID-004" in str(one.message) for one in caught) == 1
    assert sys.path == before
    assert "helper_of_fidelity" not in sys.modules


# -- forms of examples -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "example",
    [{"n": 1.5, "t": "a"}, {"n": [1.5, 2.5], "t": ["a", "b"]}, [{"n": 1.5, "t": "a"}]],
    ids=str,
)
def test_mappings_stand_for_a_table(tmp_path, example):
    """FID-003."""
    said, _, loaded = saved(lambda data: list(data["n"] * 2), tmp_path, example)
    assert said == []
    assert loaded.signature.inputs.input_names() == ["n", "t"]


def test_a_model_of_mappings_is_asked_with_them(tmp_path):
    """FID-003: the library takes no table, which is what arrives."""
    rows = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}]
    model = make_pipeline(DictVectorizer(), LinearRegression()).fit(rows, [1.0, 2.0])
    said, record, loaded = saved(model, tmp_path, rows)
    assert "As a python_function and as a request: it fails (AttributeError: " in said[0]
    assert list(record["ways"]) == ["python_function", "request"]
    assert loaded.signature is None


def test_a_list_that_arrives_as_a_table_is_told(tmp_path):
    """FID-004."""
    said, _, _ = saved(lambda data: [type(data).__name__] * 3, tmp_path, [1.5, 2.5, 3.5])
    assert (
        "row 0 is 'DataFrame', and 'list' by the model itself; "
        "a list is given and a DataFrame arrives." in said[0]
    )


# -- the form of texts -----------------------------------------------------------------------------


class Texts:
    """A model of texts that draws, changes what it is given, and counts how often it is asked."""

    def __init__(self, *, of_frames=False):
        self.of_frames, self.asked = of_frames, []

    def __call__(self, model_input, params):
        self.asked.append(type(model_input).__name__)
        random.random()
        np.random.rand()  # noqa: NPY002 - what models use
        params["seen"].append(1)
        is_frame = isinstance(model_input, pd.DataFrame)
        texts = model_input.iloc[:, 0] if is_frame and self.of_frames else model_input
        answer = [len(str(text)) for text in texts]
        if isinstance(model_input, pd.Series):
            model_input.iloc[0] = "changed"
        elif not is_frame:
            model_input[0] = "changed"
        return answer


TEXTS = [["good"], ["good", "bad film"], pd.Series(["good"]), pd.Series(["good", "bad film"])]


@pytest.mark.parametrize("texts", TEXTS, ids=lambda texts: f"{type(texts).__name__}{len(texts)}")
@pytest.mark.parametrize("of_frames", [False, True])
def test_the_form_of_texts_is_asked_with_care(texts, of_frames):
    """FID-006, ENF-097: neither the example nor the generators change."""
    model, params = Texts(of_frames=of_frames), {"seen": []}
    before = copied(texts)
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 - as above
    form = form_of(Question(model, (texts, params)))
    kind = "list" if isinstance(texts, list) else "series"
    assert form == (None if of_frames else kind)
    assert arrives_otherwise(before, texts) is None
    assert params == {"seen": []}
    assert states == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - as above
    # Several texts, or an answer for a frame of one twice over, tell it without more questions.
    own = type(texts).__name__
    more = [own] if len(texts) == 1 and not of_frames else []
    assert model.asked == [own, "DataFrame", *more]


@pytest.mark.parametrize("given", [None, infer_signature(["good"])], ids=["inferred", "given"])
def test_saving_leaves_the_generators_as_they_were_for_texts(tmp_path, given):
    """FID-006."""

    def lengths(model_input, params=None):
        random.random()
        np.random.rand()  # noqa: NPY002 - as above
        return [len(text) for text in model_input]

    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 - as above
    said, _, loaded = saved(lengths, tmp_path, ["good", "bad film"], signature=given)
    assert states == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002 - as above
    assert said == []
    assert loaded.predict(["a", "bc", "d"]) == [1, 2, 1]


@pytest.mark.parametrize("texts", TEXTS, ids=lambda texts: f"{type(texts).__name__}{len(texts)}")
def test_a_slow_model_of_texts_is_asked_once(monkeypatch, texts):
    """FID-007, ENF-097: it gets what it answered."""
    monkeypatch.setenv("MLMODEL_CHECK_FIDELITY_SECONDS", "0")
    model = Texts()
    kind = "list" if isinstance(texts, list) else "series"
    assert form_of(Question(model, (texts, {"seen": []}))) == kind
    assert model.asked == [type(texts).__name__]


@pytest.mark.parametrize("bound", ["", "0"])
def test_a_model_that_takes_no_texts_as_they_are_gets_frames(monkeypatch, bound):
    """ENF-097: the example is answered as a table alone, or not once per text; slowly, too."""
    monkeypatch.setenv("MLMODEL_CHECK_FIDELITY_SECONDS", bound)
    for predict in (
        lambda data, _: data.iloc[:, 0].tolist(),
        lambda data, _: [1, 2, 3],
        lambda data, _: {}["x"],
        lambda data, _: 3,
    ):
        assert form_of(Question(predict, ["good", "bad film"])) is None


@pytest.mark.parametrize("example", [["a", 1], [], [["a"]], FRAME, np.array(["a"]), {"t": ["a"]}])
def test_the_form_is_asked_for_texts_alone(example):
    """ENF-097."""
    assert form_of(Question(lambda *_: pytest.fail("asked"), example)) is None
    assert form_of(None) is None


def test_parameters_of_an_example_are_asked_with(tmp_path):
    """FID-003."""
    said, _, _ = saved(
        lambda data, params=None: [params["factor"]] * len(data), tmp_path, (FRAME, {"factor": 3})
    )
    assert said == []


def test_lists_that_a_model_asks_for_by_its_type_hints(tmp_path):
    """FID-003."""

    def lengths(model_input: list[str]) -> list[int]:
        return [len(text) for text in model_input]

    lengths.__annotations__ = {"model_input": list[str], "return": list[int]}
    said, _, loaded = saved(lengths, tmp_path, ["good", "bad film"])
    assert said == []
    assert loaded.predict(["good", "bad film"]) == [4, 8]


def test_mappings_that_a_model_asks_for_by_its_type_hints(tmp_path):
    """FID-003: as a table, both would have both keys."""

    def count(model_input):
        return [len(one) for one in model_input]

    count.__annotations__ = {"model_input": list[dict[str, float]], "return": list[int]}
    said, _, loaded = saved(count, tmp_path, [{"a": 1.0}, {"a": 1.0, "b": 2.0}])
    assert said == []
    assert loaded.predict([{"a": 1.0}, {"a": 1.0, "b": 2.0}]) == [1, 2]


@pytest.mark.parametrize(
    "given", [np.arange(6.0).reshape(3, 2), [[0.0, 1.0], [2.0, 3.0]]], ids=["array", "rows"]
)
def test_arrays_and_rows(tmp_path, given):
    model = LinearRegression().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 3.0])
    assert saved(model, tmp_path, given)[0] == []


def test_a_model_from_code(tmp_path):
    """FID-003: it is run as any reader would."""
    (tmp_path / "model.py").write_text(
        "from mlmodel.models import set_model\n"
        "set_model(lambda model_input: [str(type(cell)) for cell in model_input.iloc[:, 0]])\n"
    )
    example = pd.DataFrame({"d": [decimal.Decimal(1), decimal.Decimal(2)]})
    said, record, _ = saved(tmp_path / "model.py", tmp_path, example)
    assert len(said) == 1
    assert "Decimal" in record["ways"]["request"]


# -- the record ------------------------------------------------------------------------------------


def differing(data):
    return enforced_otherwise(data, [1, 2, 3], [3, 2, 1])


def test_the_users_metadata_stay(tmp_path):
    """FID-009."""
    mine = {"team": "a", "mlmodel": {"other": 1}}
    saved(differing, tmp_path, LABELLED, metadata=mine)
    metadata = Model.load(tmp_path / "m").metadata
    assert metadata["team"] == "a"
    assert metadata["mlmodel"]["other"] == 1
    assert list(metadata["mlmodel"]["fidelity"]["ways"]) == ["request"]
    assert mine == {"team": "a", "mlmodel": {"other": 1}}


def test_a_users_own_key_is_left_alone(tmp_path):
    """FID-009."""
    mine = {"mlmodel": "1.2"}
    said, _, _ = saved(differing, tmp_path, LABELLED, metadata=mine)
    assert len(said) == 1
    assert Model.load(tmp_path / "m").metadata == {"mlmodel": "1.2"}


def test_the_record_of_another_folder_is_not_copied(tmp_path):
    """FID-009."""
    saved(differing, tmp_path, LABELLED)
    old = Model.load(tmp_path / "m")
    assert "mlmodel" in old.metadata
    pyfunc.save_model(
        tmp_path / "n", python_model=lambda _data: [1, 2, 3], input_example=FRAME, mlflow_model=old
    )
    assert not (Model.load(tmp_path / "n").metadata or {}).get("mlmodel")


def test_inspect_shows_it(tmp_path):
    """FID-010."""
    saved(differing, tmp_path, LABELLED)
    shown = CliRunner().invoke(inspect.command, [str(tmp_path / "m")]).output
    assert "fidelity: when it was saved, its example was not answered as by the model" in shown
    assert "row 0 is 3, and 1 by the model itself" in shown
    document = json.loads(
        CliRunner().invoke(inspect.command, ["--json", str(tmp_path / "m")]).output
    )
    assert list(document["fidelity"]["ways"]) == ["request"]


@pytest.mark.parametrize("record", ["text", [], {}, {"ways": 3}, {"ways": {"request": 3}}])
def test_a_record_of_another_form_is_passed_over(tmp_path, record):
    """FID-009."""
    mlmodel.save(DummyClassifier().fit([[1]], [1]), tmp_path / "m")
    model = Model.load(tmp_path / "m")
    model.metadata = {"mlmodel": {"fidelity": record}}
    model.save(tmp_path / "m")
    assert mlmodel.validate(tmp_path / "m").violations == ()
    done = CliRunner().invoke(inspect.command, ["--json", str(tmp_path / "m")])
    assert done.exit_code == 0
    assert "fidelity" not in json.loads(done.output)


# -- the cases that showed the need ----------------------------------------------------------------


def hour(data):
    return pd.DataFrame({"h": data["t"].dt.hour})


def test_zones(tmp_path):
    """A model of hours in Tokyo answers the same when asked, or it is told that it does not."""
    from sklearn.tree import DecisionTreeClassifier

    rows = pd.DataFrame({"t": pd.date_range("2024-06-01", periods=200, freq="h", tz="Asia/Tokyo")})
    model = make_pipeline(FunctionTransformer(hour), DecisionTreeClassifier()).fit(
        rows, rows.t.dt.hour >= 12
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.save(model, tmp_path / "m", example=rows.head(30))
    said = any("FID-004" in str(one.message) for one in caught)
    answer = mlmodel.load(tmp_path / "m", trust=True).predict(rows.head(30))
    assert said != bool((np.asarray(answer) == model.predict(rows.head(30))).all())
