"""The block of the edition about charts, a flavor of the community."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris

import mlmodel

pytestmark = [pytest.mark.libraries("altair"), pytest.mark.slow]

#: The bunch of scikit-learn is no table, and its columns have other names than the chart's.
_TABLE = "load_iris(as_frame=True)"
_COLUMNS = ["x", "y", "length", "width", "z"]
_REPAIRS = {
    "import mlflow_vismod": "from mlmodel import vizmod as mlflow_vismod",
    _TABLE: f"{_TABLE}.frame.set_axis({_COLUMNS}, axis=1)",
    "mlflow_vismod.log_model(": "mlflow_vismod.save_model(",
    "artifact_path=": "path=",
}


def test_a_chart(run_printed, tmp_path):
    """Row 93: it answers with itself, and the rows given in it."""
    run_printed("L2015", repairs=_REPAIRS)
    rows = load_iris(as_frame=True).frame.set_axis(_COLUMNS, axis=1)
    model = mlmodel.load(tmp_path / "viz")
    answer = model.predict(rows.tail(3))
    assert answer["datasets"][answer["data"]["name"]] == rows.tail(3).to_dict("records")
    assert answer["height"] == 375
    assert model.signature.inputs.input_names() == _COLUMNS
    assert model.metadata.flavors["vizmod"]["style"] == "vegalite"
