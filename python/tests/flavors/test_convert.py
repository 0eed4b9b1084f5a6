"""Conversion of saved models (CNV rules)."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
import yaml
from click.testing import CliRunner
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

import mlmodel
from mlmodel import flavors
from mlmodel.cli import trust
from mlmodel.cli.convert import command
from mlmodel.errors import InvalidArgument, ModelExists, UnsupportedModel, UntrustedModel
from mlmodel.flavors import _registry
from mlmodel.flavors._convert import convert
from mlmodel.models import Model

ROWS = pd.DataFrame(
    {"city": ["Oslo", "Rome", "Lima"] * 20, "size": np.arange(60) / 4, "n": np.arange(60) * 1.0}
)
NUMBERS = ROWS[["size", "n"]]
CLASSES = np.where(ROWS["size"] > 7, "big", "small")


def mixed():
    columns = ColumnTransformer(
        [("c", OneHotEncoder(handle_unknown="ignore"), ["city"])], remainder=SimpleImputer()
    )
    return make_pipeline(columns, LogisticRegression()).fit(ROWS, CLASSES)


@pytest.fixture
def saved(tmp_path):
    """A classifier of columns of two types, with its example."""
    mlmodel.sklearn.save_model(
        mixed(), tmp_path / "m", input_example=ROWS.head(6), metadata={"owner": "Anna"}
    )
    return tmp_path / "m"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def records(folder):
    return Model.load(folder).metadata["mlmodel"]["conversions"]


def test_a_second_flavor_beside_the_first(saved, tmp_path):
    """CNV-002, CNV-003, CNV-005, CNV-006: the model and what loads it stay as they were."""
    before, expected = contents(saved), mlmodel.load(saved).predict(ROWS)
    model = Model.load(saved)
    done = convert(saved, "onnx", output=tmp_path / "n")
    assert contents(saved) == before
    made = Model.load(tmp_path / "n")
    assert list(made.flavors) == ["onnx", *model.flavors]
    assert {name: made.flavors[name] for name in model.flavors} == model.flavors
    assert made.signature == model.signature
    assert made.metadata["owner"] == "Anna"
    assert (done.source, done.to, done.rows) == ("sklearn", "onnx", 6)
    assert done.by.startswith("skl2onnx 1.")
    assert 0 <= done.largest_difference < 1e-5
    assert records(tmp_path / "n") == [
        {"from": "sklearn", "to": "onnx", "by": done.by, "rows": 6,
         "largest_difference": done.largest_difference},
    ]  # fmt: skip
    assert mlmodel.validate(tmp_path / "n").violations == ()
    assert np.array_equal(mlmodel.load(tmp_path / "n").predict(ROWS), expected)
    assert type(mlmodel.onnx.load_model(tmp_path / "n")).__name__ == "ModelProto"
    size = sum(len(one) for name, one in contents(tmp_path / "n").items() if name != "MLmodel")
    assert made.model_size_bytes == size


def test_python_function_goes_over_where_that_is_asked(saved, tmp_path, monkeypatch):
    """CNV-006: who trusts nobody loads the model, and no pickle is read."""
    expected = mlmodel.load(saved).predict(ROWS)
    convert(saved, "onnx", python_function=True)
    (saved / "model.pkl").write_bytes(b"nobody reads this")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    model = mlmodel.load(saved)
    assert model.metadata.flavors["python_function"]["loader_module"] == "mlflow.onnx"
    assert model.metadata.flavors["python_function"]["env"]["conda"] == "conda.yaml"
    answer = model.predict(ROWS)
    assert answer["label"].tolist() == list(expected)
    assert model.signature.outputs.input_names() == ["label", "probabilities"]
    assert mlmodel.validate(saved).violations == ()


def test_requirements_are_added_to_the_files_that_are_there(saved):
    """CNV-003: what the model requires already stays as it is."""
    lines = (saved / "requirements.txt").read_text().splitlines()
    conda = yaml.safe_load((saved / "conda.yaml").read_text())
    convert(saved, "onnx")
    added = (saved / "requirements.txt").read_text().splitlines()
    assert added[: len(lines)] == lines
    assert [line.partition("==")[0] for line in added[len(lines) :]] == ["onnx", "onnxruntime"]
    now = yaml.safe_load((saved / "conda.yaml").read_text())
    assert now["dependencies"][-1] == {"pip": added}
    assert now["dependencies"][:-1] == conda["dependencies"][:-1]


def test_what_the_model_requires_already_stays(tmp_path):
    """CNV-003: in whatever version, and under whatever spelling of its name."""
    lines = ["scikit-learn", "ONNX>=1.0", "onnxruntime==1.0.0"]
    mlmodel.sklearn.save_model(
        mixed(), tmp_path / "m", input_example=ROWS.head(6), pip_requirements=lines
    )
    convert(tmp_path / "m", "onnx")
    assert (tmp_path / "m" / "requirements.txt").read_text().splitlines() == lines
    conda = yaml.safe_load((tmp_path / "m" / "conda.yaml").read_text())
    assert conda["dependencies"][-1] == {"pip": lines}


def test_another_form_takes_the_place_of_the_file(saved, monkeypatch, tmp_path):
    """CNV-002."""
    expected = mlmodel.load(saved).predict(ROWS)
    done = convert(saved, "skops")
    assert done.largest_difference == 0
    assert not (saved / "model.pkl").exists()
    own = Model.load(saved).flavors
    assert own["sklearn"]["pickled_model"] == "model.skops"
    assert own["sklearn"]["serialization_format"] == "skops"
    assert own["python_function"]["model_path"] == "model.skops"
    assert own["python_function"]["predict_fn"] == "predict"
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    assert np.array_equal(mlmodel.load(saved).predict(ROWS), expected)
    assert mlmodel.validate(saved).violations == ()


def test_the_chosen_method_stays(tmp_path):
    mlmodel.sklearn.save_model(
        mixed(), tmp_path / "m", pyfunc_predict_fn="predict_proba", input_example=ROWS.head(3)
    )
    expected = mlmodel.load(tmp_path / "m").predict(ROWS)
    convert(tmp_path / "m", "skops")
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), expected)


@pytest.mark.thorough
@pytest.mark.parametrize(("before", "after"), [("ubj", "json"), ("json", "ubj"), ("xgb", "ubj")])
def test_a_booster_in_another_form(before, after, tmp_path):
    model = xgb.XGBRegressor(n_estimators=3).fit(NUMBERS, ROWS["n"])
    mlmodel.xgboost.save_model(
        model, tmp_path / "m", model_format=before, input_example=NUMBERS.head(4)
    )
    convert(tmp_path / "m", after)
    files = [path.name for path in (tmp_path / "m").glob("model.*")]
    assert files == [f"model.{after}"]
    assert Model.load(tmp_path / "m").flavors["xgboost"]["data"] == f"model.{after}"
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(NUMBERS), model.predict(NUMBERS))
    converted = contents(tmp_path / "m")
    with pytest.raises(InvalidArgument, match=f"in the form {after} already.*CNV-002"):
        convert(tmp_path / "m", after)
    assert contents(tmp_path / "m") == converted
    other = {"json": "ubj", "ubj": "json"}[after]
    convert(tmp_path / "m", other)
    convert(tmp_path / "m", after)
    # One to the same form takes the place of that before (CNV-005).
    assert [one["to"] for one in records(tmp_path / "m")] == [other, after]


def test_a_file_says_its_form_where_no_key_does(tmp_path):
    """CNV-002: as MLflow wrote models before there was a key of the form."""
    model = xgb.XGBRegressor(n_estimators=3).fit(NUMBERS, ROWS["n"])
    mlmodel.xgboost.save_model(
        model, tmp_path / "m", model_format="json", input_example=NUMBERS.head(4)
    )
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("    model_format: json\n", ""))
    with pytest.raises(InvalidArgument, match="in the form json already"):
        convert(tmp_path / "m", "json")
    convert(tmp_path / "m", "ubj")
    assert Model.load(tmp_path / "m").flavors["xgboost"]["model_format"] == "ubj"


def test_skops_is_skops_already(saved):
    convert(saved, "skops")
    with pytest.raises(InvalidArgument, match="in the form skops already.*CNV-002"):
        convert(saved, "skops")


@pytest.mark.thorough
@pytest.mark.parametrize("data", [NUMBERS, NUMBERS.to_numpy()], ids=["frame", "array"])
@pytest.mark.parametrize(
    "make",
    [
        lambda data: LinearRegression().fit(data, np.c_[ROWS["n"], ROWS["size"] * 1.37]),
        lambda data: RandomForestClassifier(n_estimators=5, random_state=0).fit(data, CLASSES),
        lambda data: make_pipeline(SimpleImputer(), LogisticRegression()).fit(data, CLASSES),
    ],
    ids=["two outputs", "forest", "pipeline"],
)
def test_models_of_one_matrix(make, data, tmp_path):
    mlmodel.save(make(data), tmp_path / "m", example=data[:8])
    assert convert(tmp_path / "m", "onnx").largest_difference < 1e-5


def test_a_model_without_an_example_is_not_converted(tmp_path):
    """CNV-004: nobody could say whether the answers are the same."""
    mlmodel.save(LinearRegression().fit(NUMBERS, ROWS["n"]), tmp_path / "m")
    with pytest.raises(InvalidArgument, match=r"no input example.*CNV-004"):
        convert(tmp_path / "m", "onnx")


class Other(LinearRegression):
    """What no converter knows."""


@pytest.mark.parametrize(
    ("model", "to", "said"),
    [
        (lambda: Other().fit(NUMBERS, ROWS["n"]), "onnx", "skl2onnx"),
        (
            lambda: make_pipeline(FunctionTransformer(np.sin), LinearRegression()).fit(
                NUMBERS, ROWS["n"]
            ),
            "onnx",
            "skl2onnx",
        ),
        (
            lambda: LinearRegression().fit(NUMBERS, ROWS["n"]),
            "pickle",
            r"^A model of sklearn is not converted to 'pickle'; it can be to skops, onnx \(CNV-002\)",
        ),
        (lambda: LinearRegression().fit(NUMBERS, ROWS["n"]), "ubj", "can be to skops, onnx"),
        (
            lambda: xgb.XGBRegressor(n_estimators=2).fit(NUMBERS, ROWS["n"]),
            "onnx",
            r"\(XGBRegressor\) is not converted to 'onnx', since XGBoost makes no graphs.*can be to ubj, json",
        ),
    ],
)
def test_what_cannot_be_converted_stays_as_it_was(model, to, said, tmp_path):
    """CNV-001, CNV-002."""
    mlmodel.save(model(), tmp_path / "m", example=NUMBERS.head(4))
    before = contents(tmp_path / "m")
    with pytest.raises(InvalidArgument, match=said):
        convert(tmp_path / "m", to, trust=True)
    assert contents(tmp_path / "m") == before
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_flavor_is_added_once(saved):
    convert(saved, "onnx")
    with pytest.raises(InvalidArgument, match=r"has the flavor onnx already.*CNV-002"):
        convert(saved, "onnx")


def test_files_of_the_user_are_not_written_over(saved):
    (saved / "model.onnx").write_text("mine")
    with pytest.raises(InvalidArgument, match=r"names model\.onnx already"):
        convert(saved, "onnx")
    assert (saved / "model.onnx").read_text() == "mine"


def test_other_models_are_told_so(tmp_path):
    mlmodel.save(lambda data: data, tmp_path / "m", example=NUMBERS.head(2))
    with pytest.raises(UnsupportedModel, match="CNV-002"):
        convert(tmp_path / "m", "onnx", trust=True)


def test_an_output_that_is_taken_is_left_alone(saved, tmp_path):
    (tmp_path / "n").mkdir()
    (tmp_path / "n" / "mine").write_text("mine")
    with pytest.raises(ModelExists):
        convert(saved, "skops", output=tmp_path / "n")
    assert [path.name for path in (tmp_path / "n").iterdir()] == ["mine"]


class Adding(flavors.Flavor):
    """A flavor whose conversion answers by so much more."""

    name = "adding"
    loader_module = "adding.mlmodel"
    converts = frozenset({"sklearn"})
    more = 0.0

    def detects(self, model):
        return False

    def made_of(self, model, example, answer):
        return list(answer), "adding 1.0"

    def save(self, model, root, options):
        (root / "answers.json").write_text(json.dumps(model))
        return flavors.Saved({"data": "answers.json"}, None, [])

    def load(self, folder, attributes):
        return json.loads(folder.file("answers.json").read_text())

    def predictor(self, model, attributes):
        return lambda model_input, params: np.array(model) + self.more


@pytest.mark.parametrize(("more", "equal"), [(0.0, True), (1e-6, True), (1e-2, False)])
def test_an_answer_that_differs_changes_nothing(more, equal, tmp_path, monkeypatch):
    """CNV-004: what was written is asked, from the files."""
    monkeypatch.setattr(_registry, "REGISTERED", {})
    monkeypatch.setattr(Adding, "more", more)
    flavors.register(Adding())
    mlmodel.save(
        LinearRegression().fit(NUMBERS, ROWS["n"]), tmp_path / "m", example=NUMBERS.head(4)
    )
    before = contents(tmp_path / "m")
    if equal:
        assert convert(tmp_path / "m", "adding").largest_difference == pytest.approx(more / 3)
        return
    with pytest.raises(InvalidArgument, match="otherwise than by itself"):
        convert(tmp_path / "m", "adding")
    assert contents(tmp_path / "m") == before


def test_the_gate_is_asked(saved, tmp_path, monkeypatch):
    """A pickle that could run something is not loaded to be converted."""
    marker = tmp_path / "ran"

    class Touch:
        def __reduce__(self):
            return type(marker).touch, (marker,)

    (saved / "model.pkl").write_bytes(pickle.dumps(Touch()))
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    with pytest.raises(UntrustedModel):
        convert(saved, "onnx")
    assert not marker.exists()


def test_a_trusted_folder_stays_trusted_and_another_does_not_become_so(tmp_path, monkeypatch):
    model = make_pipeline(FunctionTransformer(np.sin), LinearRegression()).fit(NUMBERS, ROWS["n"])
    for name in ("m", "n"):
        mlmodel.save(model, tmp_path / name, example=NUMBERS.head(4))
    convert(tmp_path / "m", "skops")
    mlmodel.load(tmp_path / "m")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "other"))
    convert(tmp_path / "n", "skops", trust=True)
    trusted = CliRunner().invoke(trust.command, ["list"])
    assert str(tmp_path / "n") not in trusted.output


def test_the_command_says_what_was_compared(saved, tmp_path):
    run = CliRunner().invoke
    result = run(command, [str(saved), "--to", "onnx", "-o", str(tmp_path / "n")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{tmp_path / 'n'}: converted from sklearn to onnx by skl2onnx")
    assert "(6 rows)" in result.output
    told = json.loads(run(command, [str(saved), "--to", "skops", "--json"]).output)
    assert (told["to"], told["largest_difference"]) == ("skops", 0)
    result = run(command, [str(saved), "--to", "gold"])
    assert isinstance(result.exception, InvalidArgument)
