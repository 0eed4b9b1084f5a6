"""What fails because other versions are installed is told as that (ENV-021, ENV-022)."""

from __future__ import annotations

import platform
import subprocess
import sys
import types
import warnings

import cloudpickle
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeRegressor

import mlmodel
import mlmodel.sklearn
from mlmodel import pyfunc
from mlmodel.errors import InvalidModel, MissingDependency

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
HERE = platform.python_version()


class CodeOfAnotherPython:
    """What cloudpickle writes of a function that another Python compiled: other arguments."""

    def __reduce__(self):
        return types.CodeType, (1, 2, 3)


class Says(pyfunc.PythonModel):
    def __init__(self, error):
        self.error = error

    def predict(self, context, model_input, params=None):
        raise self.error


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, tmp_path):
    monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS", "false")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "trust"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a model as if scikit-learn 0.1 and another Python had."""

    def save(model, change=lambda data: data, lines=("scikit-learn==0.1", "numpy==1.0")):
        path = tmp_path / "m"
        mlmodel.save(model, path, pip_requirements=list(lines))
        text = (path / "MLmodel").read_text()
        (path / "MLmodel").write_text(
            text.replace(f"python_version: {HERE}", "python_version: 3.6.1")
        )
        for file in path.glob("*.pkl"):
            file.write_bytes(change(file.read_bytes()))
        return path

    return save


def tree():
    return DecisionTreeRegressor().fit(ROWS, [1, 2, 3])


def of_another_tree(data):
    # A field of the tree's nodes; the attributes of the estimator keep their names.
    assert b"\x08impurity" in data
    return data.replace(b"\x08impurity", b"\x08purities")


def both(*, load_trust):
    yield lambda path: mlmodel.load(path, trust=load_trust)
    yield lambda path: mlmodel.sklearn.load_model(path, trust=load_trust)


@pytest.mark.parametrize("trust", [True, False])
def test_a_tree_of_another_scikit_learn(saved, trust):
    """ENV-021."""
    import sklearn

    path = saved(tree(), of_another_tree)
    for load in both(load_trust=trust):
        with pytest.raises(MissingDependency, match="ENV-021") as caught:
            load(path)
        said = str(caught.value)
        assert (
            f"scikit-learn 0.1 (here: {sklearn.__version__}), Python 3.6.1 (here: {HERE})" in said
        )
        assert "numpy 1.0 (here: " in said
        assert f"pip install -r {path / 'requirements.txt'}" in said
        assert "in an environment of Python 3.6.1" in said
        assert "breaks the rules" not in said


@pytest.mark.parametrize(
    "data",
    [
        cloudpickle.dumps(CodeOfAnotherPython()),
        b"cnumpy._coreofanother.multiarray\n_reconstruct\n.",
        b"csklearn.tree\nTreeThatWas\n.",
    ],
)
def test_names_and_code_of_other_versions(saved, data):
    """ENV-021."""
    path = saved(tree(), lambda _: data)
    for load in both(load_trust=True):
        with pytest.raises(MissingDependency, match=r"scikit-learn 0\.1 \(here: .*ENV-021"):
            load(path)


def test_without_requirements_the_flavors_own_version_counts(saved):
    """ENV-021."""
    path = saved(tree(), of_another_tree)
    for file in ("requirements.txt", "conda.yaml", "python_env.yaml"):
        (path / file).unlink()
    text = (path / "MLmodel").read_text()
    import sklearn

    (path / "MLmodel").write_text(
        text.replace(f"sklearn_version: {sklearn.__version__}", "sklearn_version: 0.2")
    )
    with pytest.raises(
        MissingDependency, match=r"scikit-learn 0\.2 .*pip install scikit-learn==0\.2;"
    ):
        mlmodel.load(path)
    # An empty file is not the one to install from.
    (path / "requirements.txt").write_text("")
    with pytest.raises(MissingDependency, match=r"pip install scikit-learn==0\.2;"):
        mlmodel.load(path)
    (path / "requirements.txt").write_text("scikit-learn==0.1\nno-such\n")
    with pytest.raises(
        MissingDependency, match=r"scikit-learn 0\.1 \(here.*no-such any version \(not here\)"
    ):
        mlmodel.load(path)


@pytest.mark.parametrize("trust", [True, False])
def test_a_damaged_file_is_damaged_whatever_the_versions(saved, trust):
    path = saved(tree(), lambda data: data[:-40])
    with pytest.raises(InvalidModel):
        mlmodel.load(path, trust=trust)


def test_where_nothing_differs_the_file_is_what_is_wrong(tmp_path):
    mlmodel.save(tree(), tmp_path / "m")
    file = tmp_path / "m" / "model.pkl"
    file.write_bytes(of_another_tree(file.read_bytes()))
    with pytest.raises(InvalidModel, match="could not be rebuilt"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_what_is_not_installed_at_all_is_told_as_that(saved):
    path = saved(tree(), lambda _: b"cno_such_module_here\nA\n.")
    with pytest.raises(MissingDependency, match="no_such_module_here") as caught:
        mlmodel.load(path, trust=True)
    assert "ENV-021" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (AttributeError("'X' object has no attribute '_y'"), True),
        (TypeError("f() got an unexpected keyword argument 'z'"), True),
        (ImportError("cannot import name 'a'"), True),
        (TypeError("unsupported operand"), False),
        (ValueError("X has 3 features"), False),
    ],
)
def test_an_error_at_predict_has_both_versions(saved, error, told):
    """ENV-022: it stays what it is."""
    model = mlmodel.load(saved(Says(error)), trust=True)
    with pytest.raises(type(error)) as caught:
        model.predict(ROWS)
    assert str(caught.value) == str(error)
    notes = " ".join(getattr(caught.value, "__notes__", []))
    assert ("scikit-learn 0.1 (here: " in notes) is told


@pytest.mark.slow
def test_an_older_estimator_on_the_command_line(saved, tmp_path):
    """ENV-022."""
    model = LinearRegression().fit(ROWS, [1, 2, 3])
    del model.coef_
    path = saved(model)
    (tmp_path / "rows.csv").write_text("a\n1.0\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mlmodel", "predict", "-m", path, "-i", tmp_path / "rows.csv"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "scikit-learn 0.1 (here: " in done.stderr
    assert "ENV-022" in done.stderr
