"""The fastai flavor (FAI rules)."""

from __future__ import annotations

import io
import pickle
import time
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

pytestmark = [
    pytest.mark.libraries("fastai"),
    # fastai's own doing: its progress bar, and what it calls of torch.
    pytest.mark.filterwarnings("ignore::UserWarning:fastai", "ignore::FutureWarning"),
]

torch = pytest.importorskip("torch")

import mlmodel  # noqa: E402
from asking import posted  # noqa: E402
from mlmodel import document  # noqa: E402
from mlmodel.errors import (  # noqa: E402
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.sandbox.wall import lacking  # noqa: E402
from mlmodel.trust.describe import look_into  # noqa: E402
from specimens import model as specimen_model  # noqa: E402
from specimens import specimen  # noqa: E402

ROWS = specimen("fastai").rows().set_index(pd.Index(range(100, 148))).head(6)


@pytest.fixture(scope="module")
def learner():
    return specimen_model("fastai")


@pytest.fixture(scope="module")
def saved(learner, tmp_path_factory):
    """A folder with the learner, which is not changed."""
    path = tmp_path_factory.mktemp("fastai") / "m"
    mlmodel.fastai.save_model(learner, path, input_example=ROWS.head(2))
    return path


@pytest.fixture(scope="module")
def loaded(saved):
    return mlmodel.load(saved)


def native(learner, rows):
    with learner.no_bar():
        return learner.get_preds(dl=learner.dls.test_dl(rows, num_workers=0))[0].numpy()


def test_a_learner_is_saved_and_loaded(learner, saved, loaded):
    """FAI-001, FAI-008: both forms answer to the bit as before."""
    expected = native(learner, ROWS)
    answer = loaded.predict(ROWS)
    assert list(answer) == ["predictions"]
    assert answer.index.equals(ROWS.index)
    assert np.array_equal(np.stack(answer["predictions"]), expected)
    own = mlmodel.fastai.load_model(saved)
    assert type(own) is type(learner)
    assert np.array_equal(native(own, ROWS), expected)
    assert own.dls.vocab == learner.dls.vocab


def test_no_bar_is_drawn(loaded, capsys):
    """FAI-008: standard output may be a prediction's."""
    loaded.predict(ROWS)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_attributes_are_those_of_mlflow(saved):
    """FAI-001, FAI-002."""
    import fastai

    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["fastai"] == {
        "code": None, "data": "model.fastai", "fastai_version": fastai.__version__,
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.fastai"
    assert flavors["python_function"]["data"] == "model.fastai"
    assert mlmodel.validate(saved).violations == ()
    lines = (saved / "requirements.txt").read_text().splitlines()
    assert f"fastai=={fastai.__version__}" in lines


def test_what_was_loaded_can_be_saved_again(saved, tmp_path):
    own = mlmodel.fastai.load_model(saved)
    mlmodel.fastai.save_model(own, tmp_path / "again")
    again = mlmodel.load(tmp_path / "again").predict(ROWS)
    assert np.array_equal(np.stack(again["predictions"]), native(own, ROWS))


def test_saving_leaves_the_learner_as_it_is(learner, saved):
    """Its rows and its optimizer are not in the file, and are still there."""
    assert len(learner.dls.train_ds) > 0
    assert learner.opt is not None
    assert len(mlmodel.fastai.load_model(saved).dls.train_ds) == 0


@pytest.mark.parametrize("model", [{}, __import__("sklearn.svm").svm.SVC()], ids=["dict", "SVC"])
def test_what_is_no_learner_is_refused(model, tmp_path):
    """FAI-003."""
    with pytest.raises(InvalidArgument, match="saves a Learner of fastai, not"):
        mlmodel.fastai.save_model(model, tmp_path / "m")


def test_what_cannot_be_exported_is_refused(saved, tmp_path):
    """FAI-003."""
    own = mlmodel.fastai.load_model(saved)
    own.held = (number for number in [1])
    with pytest.raises(InvalidArgument, match="cannot be exported.*FAI-003"):
        mlmodel.fastai.save_model(own, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_it_asks_for_trust(saved, tmp_path, monkeypatch):
    """FAI-004, TRU-006."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    for load in (mlmodel.load, mlmodel.fastai.load_model):
        with pytest.raises(UntrustedModel, match=r"pickled Learner \(model.fastai\)"):
            load(saved)
    [look] = [look for look in look_into(saved) if look.needs_trust]
    assert look.file == "model.fastai"
    assert "fastai.tabular.learner.TabularLearner" in look.what
    assert mlmodel.load(saved, trust=True) is not None


def folder_with(folder, data, version=None):
    folder.mkdir()
    version = version or metadata.version("fastai")
    (folder / "model.fastai").write_bytes(data)
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function: {data: model.fastai, loader_module: mlflow.fastai}\n"
        f"  fastai: {{data: model.fastai, fastai_version: {version}}}\n"
    )
    return folder


def of_torch(value):
    import torch

    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


DAMAGED = {
    "cut off": lambda data: data[: len(data) // 2],
    "garbage": lambda data: b"garbage",
    "empty": lambda data: b"",
    "without a part": lambda data: without(data, "data/0"),
}


def without(data, name):
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        for one in given.namelist():
            if not one.endswith(f"/{name}"):
                made.writestr(one, given.read(one))
    return out.getvalue()


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(what, saved, tmp_path):
    """FAI-003."""
    data = DAMAGED[what]((saved / "model.fastai").read_bytes())
    with pytest.raises(InvalidModel, match="model.fastai"):
        mlmodel.load(folder_with(tmp_path / "m", data), trust=True)


def test_something_else_than_a_learner(tmp_path):
    """FAI-003."""
    import types

    other = types.SimpleNamespace(dls=types.SimpleNamespace(cpu=dict))
    with pytest.raises(UnsupportedModel, match="types.SimpleNamespace, not a Learner.*FAI-003"):
        mlmodel.load(folder_with(tmp_path / "m", of_torch(other)), trust=True)


class OfFastai1:
    """Stands for a class of fastai 1, which fastai 2 has not."""

    def __reduce__(self):
        return self.__class__, ()


@pytest.mark.parametrize("version", ["1.0.61", "99.0.0"])
def test_another_version_is_named(version, tmp_path):
    """FAI-003, ENV-021: both versions."""
    import fastai

    out, name = io.BytesIO(), f"{OfFastai1.__module__}\nOfFastai1".encode()
    with (
        zipfile.ZipFile(io.BytesIO(of_torch(OfFastai1()))) as given,
        zipfile.ZipFile(out, "w") as made,
    ):
        for one in given.namelist():
            made.writestr(one, given.read(one).replace(name, b"fastai.basic_train\nLearner"))
    with pytest.raises(MissingDependency) as caught:
        mlmodel.load(folder_with(tmp_path / "m", out.getvalue(), version), trust=True)
    assert version in caught.value.message
    assert fastai.__version__ in caught.value.message


# Data.


TABLES = {
    "in another order, with more": ROWS[["kind", "b", "a"]].assign(more="x", y="no"),
    "categories": ROWS.astype({"kind": "category"}),
    "records": ROWS.to_dict("records"),
    "columns": ROWS.to_dict("list"),
    "single": ROWS.astype({"a": "float64"}),
}


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_matched_by_name(form, learner, loaded):
    """FAI-006."""
    answer = np.stack(loaded.predict(TABLES[form])["predictions"])
    assert np.array_equal(answer, native(learner, ROWS))


def test_missing_columns_are_listed(saved):
    """FAI-006."""
    model = mlmodel.fastai.FLAVOR.predictor(mlmodel.fastai.load_model(saved), {})
    with pytest.raises(InvalidInput, match="columns of the learner are missing.*FAI-006") as caught:
        model(ROWS[["b"]], None)
    assert [one.column for one in caught.value.details] == ["kind", "a"]


@pytest.mark.parametrize("given", [ROWS[["a", "b"]].to_numpy(), [[1.0, 2.0]], "text", 3.0])
def test_another_kind_of_data_is_refused(given, saved):
    """FAI-005."""
    model = mlmodel.fastai.FLAVOR.predictor(mlmodel.fastai.load_model(saved), {})
    with pytest.raises(InvalidInput, match="takes a table.*FAI-005"):
        model(given, None)


def test_a_gap_where_training_had_none_is_refused(saved):
    """FAI-007: as fastai refuses it."""
    model = mlmodel.fastai.FLAVOR.predictor(mlmodel.fastai.load_model(saved), {})
    with pytest.raises(InvalidInput, match="fastai cannot predict.*nan values in `a`.*FAI-007"):
        model(ROWS.assign(a=np.nan), None)


def test_a_lack_of_memory_is_not_the_datas_fault():
    """FAI-007: it stays what it is."""

    def fail(*_given, **_named):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    own = SimpleNamespace(dls=SimpleNamespace(test_dl=fail))
    with pytest.raises(RuntimeError, match="^DefaultCPUAllocator"):
        mlmodel.fastai.FLAVOR.predictor(own, {})(ROWS, None)


def test_columns_that_fastai_makes_of_others_are_not_asked_for():
    """FAI-006: that a number was missing; a column of the user's own may be called so, too."""
    rows = SimpleNamespace(cont_names=["a", "b"], cat_names=["kind", "a_na", "c_na"])
    own = SimpleNamespace(dls=SimpleNamespace(train_ds=rows))
    with pytest.raises(InvalidInput, match="FAI-006") as caught:
        mlmodel.fastai.FLAVOR.predictor(own, {})(ROWS[["b"]], None)
    assert [one.column for one in caught.value.details] == ["kind", "c_na", "a"]


def test_one_table_is_predicted_at_a_time(wait_for):
    """FAI-008: a learner keeps what it computes with."""
    inside, most, begun = [], [], []

    class Slow:
        dls = SimpleNamespace(test_dl=lambda table, num_workers: table)
        no_bar = nullcontext

        def get_preds(self, dl):
            inside.append(1)
            most.append(len(inside))
            wait_for(lambda: len(begun) == 2)
            for _ in range(100):  # where another could come, it does
                time.sleep(0.001)
                most.append(len(inside))
            inside.pop()
            return torch.ones(len(dl)), None

    predict = mlmodel.fastai.FLAVOR.predictor(Slow(), {})

    def ask():
        begun.append(1)
        return predict(ROWS, None)

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(ask) for _ in range(2)]
        assert [len(answer.result()) for answer in answers] == [len(ROWS)] * 2
    assert max(most) == 1


def test_nothing_is_said_of_pickles_where_trust_was_given(saved):
    """FAI-004: fastai warns of what was asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", ".*insecure pickle")
        assert mlmodel.fastai.load_model(saved) is not None


def test_no_rows_are_answered_with_none(loaded):
    assert len(loaded.predict(ROWS.head(0))) == 0


def test_parameters_have_no_effect(loaded, saved):
    model = mlmodel.fastai.FLAVOR.predictor(mlmodel.fastai.load_model(saved), {})
    with pytest.warns(UserWarning, match="A learner of fastai has no parameters"):
        model(ROWS, {"n": 1})


def test_it_is_served(learner, loaded):
    told = posted(loaded, {"dataframe_split": ROWS.to_dict("split")})
    answer = np.array([one["predictions"] for one in told], "float32")
    assert np.array_equal(answer, native(learner, ROWS))


def test_a_pickle_that_runs_something_runs_nothing_without_trust(tmp_path, monkeypatch):
    """FAI-004: a plain pickle under the name of a learner, too."""
    import os

    class Bomb:
        def __reduce__(self):
            return os.mkdir, ("ran",)

    monkeypatch.chdir(tmp_path)
    for name, data in {"a": of_torch(Bomb()), "b": pickle.dumps(Bomb())}.items():
        with pytest.raises(UntrustedModel):
            mlmodel.load(folder_with(tmp_path / name, data))
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_a_trusted_learner_predicts_behind_the_wall(learner, saved):
    """TRU-090."""
    if lacking():
        pytest.skip("this system has no wall")
    answer = mlmodel.pyfunc.load_model(saved, sandbox=True).predict(ROWS)
    assert np.array_equal(np.stack(answer["predictions"]), native(learner, ROWS))
