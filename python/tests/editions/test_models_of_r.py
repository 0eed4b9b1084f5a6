"""Models that MLflow's package for R saved load here, by the layouts that it writes (row 60)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
import yaml

import mlmodel

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 2)), columns=["a", "b"])
TARGET = ROWS["a"] * 2 - ROWS["b"]


def environment(root, packages, *, today):
    """Write the files that R does, and return what python_function names of them."""
    conda = {"name": "conda_env", "channels": ["defaults"], "dependencies": [{"pip": packages}]}
    (root / "conda_env.yaml").write_text(yaml.safe_dump(conda, sort_keys=False))
    if not today:
        return "conda_env.yaml"
    tools = {"build_dependencies": ["pip", "setuptools", "wheel"], "dependencies": packages}
    (root / "python_env.yaml").write_text(yaml.safe_dump(tools))
    return {"conda": "conda_env.yaml", "virtualenv": "python_env.yaml"}


def described(root, name, attributes, *, today):
    """Write the MLmodel file as R does, with its own form of a time."""
    python_function = {
        "loader_module": f"mlflow.{name}",
        "data": attributes["data"],
        "env": environment(root, ["mlflow", f"{name}>=1.0"], today=today),
    }
    held = {
        "flavors": {name: attributes, "python_function": python_function},
        "utc_time_created": "19-09-25T13:56:34.34.95",
    }
    (root / "MLmodel").write_text(yaml.safe_dump(held, sort_keys=False))


@pytest.mark.parametrize("today", [False, True], ids=["early", "today"])
@pytest.mark.parametrize("file", ["model.xgb", "model.ubj"])
def test_boosters(file, today, tmp_path):
    """XGB-002: no class and no form is named; it is a Booster."""
    booster = xgb.train({"max_depth": 3}, xgb.DMatrix(ROWS, TARGET), 4)
    booster.save_model(tmp_path / "model.ubj")
    (tmp_path / "model.ubj").rename(tmp_path / file)
    described(tmp_path, "xgboost", {"xgb_version": "1.6", "data": file}, today=today)
    assert mlmodel.validate(tmp_path).valid
    assert np.array_equal(mlmodel.load(tmp_path).predict(ROWS), booster.predict(xgb.DMatrix(ROWS)))
    assert type(mlmodel.xgboost.load_model(tmp_path)) is xgb.Booster


@pytest.mark.libraries("keras", "tensorflow", "h5py")
@pytest.mark.parametrize("today", [False, True], ids=["early", "today"])
def test_networks(today, tmp_path):
    """KER-001: the version stands under another key, and the file in the folder itself."""
    import keras

    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.h5")
    described(tmp_path, "keras", {"version": "2.2.2", "data": "model.h5"}, today=today)
    assert mlmodel.validate(tmp_path).valid
    expected = model.predict(ROWS.to_numpy(), verbose=0)
    np.testing.assert_allclose(mlmodel.load(tmp_path).predict(ROWS.to_numpy()), expected, rtol=1e-6)
    np.testing.assert_allclose(mlmodel.load(tmp_path).predict(ROWS).to_numpy(), expected, rtol=1e-6)
    assert isinstance(mlmodel.keras.load_model(tmp_path), keras.Model)


@pytest.mark.libraries("h2o")
@pytest.mark.slow
def test_models_of_a_server(tmp_path):
    """HTO-003: the settings name places of another machine, and the model's file beside them."""
    import h2o

    mlmodel.h2o.FLAVOR.connect()
    from h2o.estimators import H2OGeneralizedLinearEstimator

    model = H2OGeneralizedLinearEstimator()
    frame = h2o.H2OFrame(ROWS.assign(y=TARGET))
    model.train(["a", "b"], "y", frame)
    folder = tmp_path / "model.h2o"
    folder.mkdir()
    name = h2o.download_model(model, path=str(folder)).rpartition("/")[2]
    settings = {
        "full_file": f"/home/anna/m/model.h2o/{name}", "model_file": name,
        "model_dir": "/home/anna/m/model.h2o",
    }  # fmt: skip
    (folder / "h2o.yaml").write_text(yaml.safe_dump(settings))
    described(tmp_path, "h2o", {"h2o_version": "3.46", "data": "model.h2o"}, today=True)
    assert mlmodel.validate(tmp_path).valid
    answer = mlmodel.load(tmp_path, trust=True).predict(ROWS)
    np.testing.assert_allclose(answer["predict"], model.predict(frame).as_data_frame()["predict"])


@pytest.mark.slow
@pytest.mark.libraries("py4j")
def test_mleap(tmp_path):
    """RST-087: a model of MLeap has no python_function, and is asked by its own flavor."""
    from java_tools import jars
    from specimens.mleap import BUNDLES, rows, spark_said

    jars()
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  mleap: {mleap_version: 0.12.0, model_data: model.zip}\n"
        "utc_time_created: 19-09-25T13:56:34.34.95\n"
    )
    (tmp_path / "model.zip").write_bytes((BUNDLES / "lr.zip").read_bytes())
    answer = mlmodel.load(tmp_path).predict(rows())
    assert answer["prediction"].tolist() == spark_said("lr")["prediction"]
