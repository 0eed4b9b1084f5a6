"""What MLflow 0.x wrote, and the folders of real users: they load, or say why not (PYF-021)."""

from __future__ import annotations

import pickle
import shutil
import sys
import textwrap
from importlib.util import find_spec
from types import ModuleType

import cloudpickle
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import pyfunc
from mlmodel.errors import InvalidModel, MissingDependency, MlmodelError, UnsupportedModel
from mlmodel.models import Model
from mlmodel.pyfunc import pickling

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0]})

#: L-lines 52 to 59 and E-lines 49 to 56: the editions' whole example, as written.
EDITIONS = """
    time_created: 2018-05-25T17:28:53.35

    flavors:
      sklearn:
        sklearn_version: 0.19.1
        pickled_model: model.pkl
      python_function:
        loader_module: mlflow.sklearn
"""


@pytest.fixture
def write(tmp_path):
    """Write an MLmodel file, with a pickled estimator as model.pkl beside it."""

    def write(text):
        (tmp_path / "MLmodel").write_text(textwrap.dedent(text))
        model = LinearRegression().fit(FRAME, [2.0, 4.0, 6.0])
        (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
        return tmp_path

    return write


def test_the_editions_example_validates_loads_and_predicts(write):
    """EDITIONS row 5."""
    folder = write(EDITIONS)
    assert mlmodel.validate(folder).violations == ()
    # As when the model was saved, the file is a plain pickle; it needs no trust.
    assert pyfunc.load_model(folder).predict(FRAME) == pytest.approx([2, 4, 6])
    assert mlmodel.sklearn.load_model(folder).predict(FRAME) == pytest.approx([2, 4, 6])


@pytest.mark.parametrize(
    "text",
    [
        # 0.1 to 0.4: `data`, nothing of the environment.
        """
        flavors:
          python_function: {data: model.pkl, loader_module: mlflow.sklearn}
          sklearn: {pickled_model: model.pkl, sklearn_version: 0.19.1}
        utc_time_created: '2018-07-12 01:02:03.456789'
        """,
        # 0.5 to 0.9: `env` as a text, `python_version`.
        """
        artifact_path: model
        flavors:
          python_function:
            data: model.pkl
            env: conda.yaml
            loader_module: mlflow.sklearn
            python_version: 3.6.5
          sklearn: {pickled_model: model.pkl, sklearn_version: 0.19.1}
        run_id: 0f8b1d3f2f5f4f5b8d7e
        utc_time_created: '2018-12-12 01:02:03.456789'
        """,
        # Without the native flavor, as tools for python_function alone wrote it.
        "flavors: {python_function: {data: model.pkl, loader_module: mlflow.sklearn}}",
        "flavors: {python_function: {model_path: model.pkl, loader_module: mlflow.sklearn}}",
        "flavors: {python_function: {loader_module: mlflow.sklearn}}",
    ],
)
def test_early_sklearn_models_load(write, text):
    """PYF-021."""
    folder = write(text)
    assert pyfunc.load_model(folder).predict(FRAME) == pytest.approx([2, 4, 6])


def test_an_early_python_model_loads(write):
    """0.8 and 0.9: an early PythonModel with artifacts, whose class says nothing of params."""

    class Early(pyfunc.PythonModel):
        def load_context(self, context):
            with open(context.artifacts["offset"]) as file:
                self.offset = float(file.read())

        def predict(self, context, model_input):
            return model_input["a"] + self.offset

    folder = write(
        """
        flavors:
          python_function:
            artifacts:
              offset: {path: artifacts/offset, uri: /tmp/of/another/machine/offset}
            cloudpickle_version: 0.6.1
            env: conda.yaml
            loader_module: mlflow.pyfunc.model
            python_model: python_model.pkl
            python_version: 3.6.5
        utc_time_created: '2019-01-02 03:04:05.678901'
        """
    )
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "offset").write_text("0.5")
    (folder / "python_model.pkl").write_bytes(pickling.dumps(Early()))
    model = pyfunc.load_model(folder, trust=True)
    assert list(model.predict(FRAME)) == [1.5, 2.5, 3.5]


def test_a_pickle_names_its_base_by_either_module(write, tmp_path):
    """MLflow re-exports the class; pickles name it by both modules."""
    data = pickling.dumps(pyfunc.PythonModel()).replace(
        b"\x8c\x13mlflow.pyfunc.model", b"\x8c\x0dmlflow.pyfunc"
    )
    # Frames say their length, which has changed: write the pickle without them.
    data = data.replace(data[2:11], b"", 1) if data[2:3] == b"\x95" else data
    folder = write(
        "flavors: {python_function: {loader_module: mlflow.pyfunc.model, python_model: p.pkl}}"
    )
    (folder / "p.pkl").write_bytes(data)
    model = pyfunc.load_model(folder, trust=True)
    assert type(model.unwrap_python_model()) is pyfunc.PythonModel


class NamesMlflow(pyfunc.PythonModel):
    def predict(self, context, model_input):
        return mlflow.models.infer_signature(model_input).inputs.input_names()  # noqa: F821 - see below


def test_a_module_in_a_pickle_is_mlflows_without_mlflow(write, monkeypatch):
    """PYF-011: what a class refers to as `mlflow` is a module that cloudpickle names."""
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "mlflow", ModuleType("mlflow"), raising=False)
    cloudpickle.register_pickle_by_value(module)
    data = pickling.dumps(NamesMlflow())
    cloudpickle.unregister_pickle_by_value(module)
    monkeypatch.undo()
    assert b"subimport" in data
    folder = write(
        "flavors: {python_function: {loader_module: mlflow.pyfunc.model, python_model: p.pkl}}"
    )
    (folder / "p.pkl").write_bytes(data)
    assert pyfunc.load_model(folder, trust=True).predict(FRAME) == ["a"]


#: Folder of the corpus -> why it does not load: the class of the error, and words of it.
#: The others load.
NO_FUNCTION = (UnsupportedModel, "has no python_function flavor")
LEFT_OUT = (InvalidModel, "DIR-003")  # files that the corpus does not have
WHY_NOT = {
    "keras-2.14.1": (InvalidModel, "KER-001"),
    "keras-hdf5-early": (InvalidModel, "KER-001"),
    "pyfunc-artifacts-3.1.4": LEFT_OUT,
    "pyfunc-own-loader-module": (MissingDependency, "classifier"),
    "pyfunc-python-model-2.16.0": (MissingDependency, "pre_processor"),
    "pytorch-1.5": (InvalidModel, "DIR-009"),
    "pytorch-2.5.0": LEFT_OUT,
    "sklearn-0.24-signature": LEFT_OUT,
    "sklearn-2.5.0": LEFT_OUT,
    "sklearn-3.1.1": LEFT_OUT,
    "sklearn-azure-automl": LEFT_OUT,
    "sklearn-databricks": LEFT_OUT,
    "sklearn-input-example-split": LEFT_OUT,
    "sklearn-without-pyfunc": NO_FUNCTION,
}
#: Folder of the corpus -> the library without which nothing more can be told.
NEEDS = {
    "lightgbm-2.9.2": "lightgbm", "pytorch-1.5": "torch", "sklearn-1.28.0": "lightgbm",
    "sklearn-3.4.0-metadata": "imblearn", "tensorflow-2.17.2": "tensorflow",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "libraries",
    ["those of here", pytest.param("all", marks=pytest.mark.libraries(*sorted({*NEEDS.values()})))],
)
def test_what_of_the_corpus_loads(corpus, libraries):
    """Every folder loads with trust, or says why not; those of all flavors where their libraries are."""
    wrong = []
    for folder in sorted(path.parent for path in corpus.glob("*/MLmodel")):
        error, words = WHY_NOT.get(folder.name, (None, ""))
        needed = NEEDS.get(folder.name)
        if needed is not None and find_spec(needed) is None:
            error, words = MissingDependency, needed
        if folder.name == "crate-r" and shutil.which("R") is None:
            error, words = MissingDependency, "install R"
        try:
            pyfunc.load_model(folder, trust=True, suppress_warnings=True)
        except MlmodelError as raised:
            if error is None or type(raised) is not error or words not in str(raised):
                wrong.append((folder.name, raised))
        else:
            wrong += [(folder.name, "loads")] if error is not None else []
    assert not wrong


def test_every_description_of_the_corpus_is_read_and_written(corpus, tmp_path):
    """DIR-008, MLM-030: whatever else is missing, the file is read, and means the same when written."""
    names = [path.parent.name for path in corpus.glob("*/MLmodel")]
    assert set(WHY_NOT) <= set(names)
    for name in names:
        model = Model.load(corpus / name)
        target = tmp_path / name
        target.mkdir()
        model.save(target)
        written = (target / "MLmodel").read_bytes()
        again = Model.load(target)
        assert again.to_dict() == model.to_dict()
        assert again.signature == model.signature
        assert again.utc_time_created == model.utc_time_created
        assert repr(again)
        again.save(target)
        assert (target / "MLmodel").read_bytes() == written, name
