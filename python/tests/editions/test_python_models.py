"""The examples "add n" and "XGBoost wrapper" of both editions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
import yaml
from sklearn import datasets
from sklearn.model_selection import train_test_split

import mlmodel

#: E308: a comma is missing between two dependencies, which is not Python.
COMMA = {
    "'xgboost={}'.format(xgb.__version__)\n": "'xgboost={}'.format(xgb.__version__),\n",
}

#: Holds the printed predictions against the model that the wrapper holds.
SAME = """
    import numpy
    assert numpy.array_equal(test_predictions, xgb_model.predict(xgb.DMatrix(x_test)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["L1281", "E228"])
def test_add_n(run_printed, place, tmp_path):
    """The block itself asserts its result."""
    done = run_printed(place)
    if place == "E228":
        assert "dst_path" in done.stderr
        assert "load_pyfunc" in done.stderr
    assert mlmodel.validate(tmp_path / "add_n_model").valid
    model = mlmodel.load(tmp_path / "add_n_model")
    assert model.predict(pd.DataFrame({"x": [1.5]}))["x"].tolist() == [6.5]
    assert model.unwrap_python_model().n == 5


@pytest.mark.slow
@pytest.mark.parametrize(("place", "repairs"), [("L1318", {}), ("E265", COMMA)])
def test_xgboost_wrapper(run_printed, place, repairs, tmp_path):
    done = run_printed(place, repairs=repairs, then=SAME)
    assert done.stdout.startswith("[")
    folder = tmp_path / "xgb_mlflow_pyfunc"
    assert mlmodel.validate(folder).valid
    # Row 30: the copy in the model is used, the original is not needed.
    (tmp_path / "xgb_model.pth").unlink()
    iris = datasets.load_iris()
    x_train, x_test, y_train, _ = train_test_split(
        iris.data[:, 2:], iris.target, test_size=0.2, random_state=42
    )
    trained = xgb.train({"max_depth": 10}, xgb.DMatrix(x_train, label=y_train), num_boost_round=10)
    answer = mlmodel.load(folder).predict(pd.DataFrame(x_test))
    assert np.array_equal(answer, trained.predict(xgb.DMatrix(x_test)))


@pytest.mark.slow
def test_the_environment_of_the_late_edition(run_printed, tmp_path):
    """Rows 7 and 10: channels as given, requirements.txt is the pip part, `mlflow` in it too."""
    run_printed("L1318")
    folder = tmp_path / "xgb_mlflow_pyfunc"
    conda = yaml.safe_load((folder / "conda.yaml").read_text())
    assert conda["name"] == "xgb_env"
    assert conda["channels"] == ["defaults"]
    pip = conda["dependencies"][-1]["pip"]
    assert pip[:2] == ["mlflow", f"xgboost=={xgb.__version__}"]
    assert (folder / "requirements.txt").read_text().splitlines() == pip


@pytest.mark.slow
def test_the_environment_of_the_early_edition(run_printed, tmp_path):
    """Row 8: no pip part: kept as given, nothing in requirements.txt, and a warning."""
    done = run_printed("E265", repairs=COMMA)
    folder = tmp_path / "xgb_mlflow_pyfunc"
    conda = yaml.safe_load((folder / "conda.yaml").read_text())
    assert conda["dependencies"][0] == f"xgboost={xgb.__version__}"
    assert (folder / "requirements.txt").read_text() == ""
    assert "ENV-009" in done.stderr
