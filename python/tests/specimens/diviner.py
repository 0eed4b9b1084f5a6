"""diviner: models of Prophet for groups of series, and the row that says what to forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target
from specimens._forecasts import NO_ROWS, asking

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = ["country", "city"]


def _rows() -> pd.DataFrame:
    return pd.DataFrame([{"horizon": 5, "frequency": "D"}])


def _series() -> pd.DataFrame:
    days = pd.date_range("2022-03-01", periods=60)
    rows = pd.DataFrame({"ds": np.tile(days.to_numpy(), 2), "y": target(120)})
    return rows.assign(country=["US"] * 60 + ["CA"] * 60, city=["Boston"] * 60 + ["Toronto"] * 60)


def _make() -> Any:
    from diviner import GroupedProphet

    return GroupedProphet(uncertainty_samples=0).fit(_series(), _KEYS)


def _of_pmdarima(_row: Any) -> Any:
    from diviner import GroupedPmdarima
    from pmdarima import ARIMA

    model = GroupedPmdarima(ARIMA(order=(1, 1, 0)))
    return model.fit(_series(), _KEYS, "y", "ds", silence_warnings=True)


def _forecast(model: Any, row: Any) -> Any:
    return model.forecast(**row.iloc[0].to_dict())


def _predict(model: Any, row: Any) -> Any:
    asked = row.iloc[0].to_dict()
    if "groups" in asked:
        return model.predict_groups(**{**asked, "groups": [tuple(one) for one in asked["groups"]]})
    return model.predict(**asked)


def _layout(model: Any, root: Path, version: str, environment: str) -> None:
    import diviner

    model.save(str(root / "model.div"))
    text = f"""
        flavors:
          diviner:
            code: null
            data: model.div
            diviner_version: {diviner.__version__}
            fit_with_spark: false
            model_type: GroupedProphet
          python_function:
            data: model.div
            env: {environment}
            loader_module: mlflow.diviner
            python_version: 3.8.13
        mlflow_version: {version}
        model_uuid: 0c1d2e3f4a5b4c6d8e7f9a0b1c2d3e4f
        utc_time_created: '2022-08-11 10:00:00.000000'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("diviner",),
    make=_make,
    rows=_rows,
    native=_forecast,
    example=1,
    layouts={
        "0.x": "MLflow had no such flavor",
        "1.x": lambda model, root: _layout(model, root, "1.28.0", "conda.yaml"),
        "2.x": lambda model, root: _layout(
            model, root, "2.9.2", "{conda: conda.yaml, virtualenv: python_env.yaml}"
        ),
    },
    missing={"arrays": "a forecast is asked for by the names of its arguments"},
    not_exchanged=dict.fromkeys(("3.x writes", "3.x reads"), "No module named 'mlflow.diviner'"),
    fidelity={
        "horizon": Made(lambda _row: _make(), _forecast),
        "periods": Made(_of_pmdarima, _predict),
        "groups": Made(_of_pmdarima, _predict),
    },
    on_page={"pmdarima": lambda: _of_pmdarima(None)},
    kinds={
        "horizon": asking(horizon=10, frequency="D"),
        "periods": asking(n_periods=10, predict_col="watts"),
        "groups": asking(
            {"CSV": "CSV has no lists"}, n_periods=10, groups=[["US", "Boston"]], on_error="warn"
        ),
    },
    other_kinds=NO_ROWS,
)
