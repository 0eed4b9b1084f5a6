"""Flavors of other distributions: the example package, and models that nothing here loads (PYF-022, PYF-046)."""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from interchange_table import RELEASES
from peer_environment import peer_folder
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel import flavors, pyfunc
from mlmodel.errors import UnsupportedModel
from mlmodel.flavors import _registry
from mlmodel.pyfunc.elsewhere import table

PLUGIN = Path(__file__).parents[2] / "examples" / "flavor-plugin"

#: As much of sktime as its MLflow module asks of a model: who saves, and what the file is.
SKTIME = """
import pickle, zipfile
import pandas as pd

class Naive:
    def __init__(self, last, fh): self.last, self.fh = last, fh
    def save(self, path, serialization_format="pickle"):
        with zipfile.ZipFile(f"{path}.zip", "w") as archive:
            archive.writestr("_metadata", pickle.dumps(type(self)))
            archive.writestr("_obj", pickle.dumps(self))
    @classmethod
    def load_from_path(cls, path):
        with zipfile.ZipFile(path) as archive: return pickle.loads(archive.read("_obj"))
    def predict(self, X=None):
        more = 0.0 if X is None else X.iloc[:, [0]].to_numpy()
        return pd.DataFrame({"y": [self.last] * len(self.fh)}, index=self.fh) + more
    def predict_interval(self, X=None, coverage=0.9):
        wide = [coverage] if isinstance(coverage, float) else coverage
        names = pd.MultiIndex.from_product([["y"], wide, ["lower", "upper"]])
        return pd.DataFrame([[self.last] * len(names)] * len(self.fh), index=self.fh, columns=names)
"""

MLMODEL = """\
flavors:
  mlflow_sktime:
    code: null
    pickled_model: model
    serialization_format: pickle
    sktime_version: 0.24.0
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: sktime.utils.mlflow_sktime
    model_path: model
    python_version: 3.9.18
mlflow_version: 2.8.1
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel of the example, unpacked as installers do it, and a small sktime beside it."""
    pytest.importorskip("hatchling")
    target = tmp_path_factory.mktemp("site")
    wheels = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(wheels)]
    subprocess.run([*build, str(PLUGIN)], check=True, capture_output=True)
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(target)
    package = target / "sktime"
    (package / "forecasting").mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "0.40.1"\n')
    (package / "forecasting" / "naive.py").write_text(SKTIME)
    return target


def run(installed, code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), *sys.path])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_installed_package_brings_a_flavor(installed, tmp_path):
    """PYF-022: it is saved by ``mlmodel.save``, loaded, and pinned, as any other."""
    said = run(installed, """
        import sys, pandas as pd, mlmodel
        from sktime.forecasting.naive import Naive
        mlmodel.save(Naive(7.0, [1, 2]), sys.argv[1])
        loaded = mlmodel.load(sys.argv[1])
        print(loaded.predict(pd.DataFrame())["y"].tolist())
        print(loaded.predict(pd.DataFrame({"x": [1.0, 2.0]}))["y"].tolist())
        print(list(loaded.metadata.flavors))
        """, tmp_path / "m")  # fmt: skip
    assert said.splitlines() == ["[7.0, 7.0]", "[8.0, 9.0]", "['mlflow_sktime', 'python_function']"]
    assert (tmp_path / "m" / "model.zip").is_file()
    assert mlmodel.validate(tmp_path / "m").valid


@pytest.mark.slow
def test_the_layout_of_sktime_is_read_by_the_plugin(installed, tmp_path):
    """PYF-004, PYF-022: as sktime and MLflow wrote it; it is code, so it asks for trust."""
    (tmp_path / "MLmodel").write_text(MLMODEL)
    said = run(installed, """
        import sys, pandas as pd, mlmodel
        from sktime.forecasting.naive import Naive
        model = Naive(3.0, [1, 2])
        model.pyfunc_predict_conf = {"predict_method": {"predict_interval": {"coverage": [0.5, 0.9]}, "predict": {}}}
        model.save(sys.argv[1] + "/model")
        try:
            mlmodel.load(sys.argv[1])
        except mlmodel.errors.UntrustedModel as error:
            print(error.details[0].file)
        loaded = mlmodel.load(sys.argv[1], trust=True)
        answer = loaded.predict(pd.DataFrame())
        print(list(answer.columns), len(answer))
        from mlmodel.flavors._registry import flavor_by_name
        print(flavor_by_name("mlflow_sktime").recorded(loaded.metadata.flavors["mlflow_sktime"]))
        open(sys.argv[1] + "/model.zip", "wb").write(b"PK")
        try:
            mlmodel.load(sys.argv[1], trust=True)
        except mlmodel.errors.MlmodelError as error:
            print(type(error).__name__)
        """, tmp_path)  # fmt: skip
    bounds = [
        f"predict_interval__y__{wide}__{end}" for wide in (0.5, 0.9) for end in ("lower", "upper")
    ]
    assert said.splitlines() == [
        "model.zip", f"{['predict__y', *bounds]} 2", "{'sktime': '0.24.0'}", "MissingDependency",
    ]  # fmt: skip


#: sktime's own module, with MLflow: it answers by what the plugin wrote, and writes the same models.
OWN_MODULE = """
import os, pickle, sys
os.chdir(sys.argv[1])  # where MLflow makes a folder of runs
import mlflow
from sktime.utils import mlflow_sktime

asked, answers = pickle.load(open(sys.argv[1] + "/asked", "rb")), {}
for name, rows in asked.items():
    ours = f"{sys.argv[1]}/{name}"
    answers[name] = mlflow.pyfunc.load_model(ours).predict(rows)
    for form in ("pickle", "cloudpickle"):
        model = mlflow_sktime.load_model(ours)
        mlflow_sktime.save_model(model, f"{ours}-{form}", serialization_format=form)
pickle.dump(answers, open(sys.argv[1] + "/answers", "wb"))
"""


def forecasters():
    """Give forecasters of two months, and what each is asked."""
    from sktime.forecasting.compose import make_reduction
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster

    months, horizon = pd.period_range("2020-01", periods=24, freq="M"), [1, 2]
    watts = pd.Series(np.arange(24.0) % 7, index=months, name="watts")
    wind = pd.DataFrame({"wind": np.arange(26.0) % 5}, index=months.append(months[-2:] + 2))
    asked = {"predict_interval": {"coverage": [0.5, 0.9]}, "predict_var": {}, "predict": {}}
    configured = {
        "alone": None, "methods": ["predict", "predict_interval"],
        "arguments": {**asked, "predict_quantiles": {"alpha": [0.1, 0.5]}},
    }  # fmt: skip
    for name, methods in configured.items():
        model = NaiveForecaster(sp=7).fit(watts, fh=horizon)
        if methods:
            model.pyfunc_predict_conf = {"predict_method": methods}
        yield name, model, pd.DataFrame()
    yield "trend", PolynomialTrendForecaster().fit(watts, fh=horizon), pd.DataFrame()
    reduced = make_reduction(LinearRegression(), window_length=3)
    yield "regressors", reduced.fit(watts, X=wind[:-2], fh=horizon), wind[-2:]


@pytest.fixture
def registered(monkeypatch):
    """The flavor of the example, in this process."""
    monkeypatch.setattr(_registry, "REGISTERED", {})
    monkeypatch.syspath_prepend(PLUGIN)
    flavors.register(importlib.import_module("mlmodel_sktime").FLAVOR)


@pytest.mark.libraries("sktime")
@pytest.mark.usefixtures("registered")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("release", ["3.x", "2.x"])
def test_sktimes_own_module_and_the_plugin_read_each_other(release, tmp_path):
    """PYF-022: its module runs MLflow of a release, and the plugin none."""
    asked = {}
    for name, model, rows in forecasters():
        mlmodel.save(model, tmp_path / name)
        asked[name] = rows
    (tmp_path / "asked").write_bytes(pickle.dumps(asked))
    run(peer_folder(RELEASES[release]), OWN_MODULE, tmp_path)
    told = pickle.loads((tmp_path / "answers").read_bytes())
    assert told.keys() == asked.keys()
    for name, rows in asked.items():
        for folder in (name, f"{name}-pickle", f"{name}-cloudpickle"):
            assert mlmodel.validate(tmp_path / folder).valid, folder
            answer = mlmodel.load(tmp_path / folder, trust=True).predict(rows)
            assert type(answer) is type(told[name]), folder
            assert answer.equals(told[name]), (folder, answer, told[name])


def test_a_path_that_another_module_knows_is_not_looked_for(tmp_path):
    """PYF-004, DIR-003: by no command."""
    (tmp_path / "MLmodel").write_text(
        MLMODEL.replace("    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n", "")
    )
    (tmp_path / "model.zip").touch()
    report = mlmodel.validate(tmp_path)
    assert [one.rule for one in report.violations] == ["MLM-012"]
    assert (
        mlmodel.inspect(tmp_path)["loading"]["missing"] == []
        if hasattr(mlmodel, "inspect")
        else True
    )
    file = tmp_path / "MLmodel"
    file.write_text(file.read_text().replace("sktime.utils.mlflow_sktime", "mlflow.sklearn"))
    assert "DIR-003" in {one.rule for one in mlmodel.validate(tmp_path).violations}


def test_a_loader_module_without_data_is_given_the_folder(tmp_path, monkeypatch):
    """PYF-004: also where it has a model_path of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loader_without_data.py").write_text(
        "def _load_pyfunc(path):\n    return lambda rows: path\n"
    )
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function: {loader_module: loader_without_data, model_path: a}\n"
    )
    assert pyfunc.load_model(folder, trust=True).predict(1) == str(folder)


@pytest.mark.parametrize(("name", "says"), [
    ("langchain", "pip install mlflow langchain"), ("openai", "needs a key"), ("paddle", "paddlepaddle"),
    ("llama_index", "llama-index"), ("dspy", "DSPy"), ("promptflow", "MLflow 3 has not"),
    ("johnsnowlabs", "license"), ("autogen", "PythonModels or models from code"),
    ("anthropic", "PythonModels or models from code"), ("nobody_knows", r"mlflow\.pyfunc\.load_model"),
])  # fmt: skip
@pytest.mark.parametrize("form", ["{0}: {{}}", "python_function: {{loader_module: mlflow.{0}}}"])
def test_what_loads_a_model_that_nothing_here_loads_is_named(name, says, form, tmp_path):
    """PYF-046."""
    (tmp_path / "MLmodel").write_text(f"flavors:\n  {form.format(name)}\n")
    with pytest.raises(UnsupportedModel, match=says):
        pyfunc.load_model(tmp_path, trust=True)


def test_the_table_of_other_flavors_has_none_of_ours():
    assert table()
    assert not table().keys() & _registry.all_flavors().keys()
