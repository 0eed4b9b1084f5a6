"""pmdarima: an ARIMA model, and the row that says what it is to forecast."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target
from specimens._forecasts import MONTHS, NO_ROWS, asking

if TYPE_CHECKING:
    from pathlib import Path


def _rows() -> pd.DataFrame:
    return pd.DataFrame([{"n_periods": 12, "return_conf_int": True, "alpha": 0.1}])


def _make() -> Any:
    from pmdarima import ARIMA

    return ARIMA(order=(1, 1, 0)).fit(pd.Series(target(60), index=MONTHS))


def _with_regressors(_row: Any) -> Any:
    from pmdarima import ARIMA

    return ARIMA(order=(1, 1, 0)).fit(target(60), X=np.arange(60.0).reshape(-1, 1) % 7)


def _forecast(model: Any, row: Any) -> Any:
    asked = row.iloc[0].to_dict()
    answer = model.predict(**asked)
    if not asked.get("return_conf_int"):
        return pd.DataFrame({"yhat": answer})
    forecast, bounds = answer
    frame = pd.DataFrame({"yhat": forecast})
    return frame.assign(yhat_lower=bounds[:, 0], yhat_upper=bounds[:, 1])


def _layout_1(model: Any, root: Path) -> None:
    import pmdarima

    (root / "model.pmd").write_bytes(pickle.dumps(model))
    text = f"""
        flavors:
          pmdarima:
            code: null
            data: model.pmd
            model_type: ARIMA
            pmdarima_version: {pmdarima.__version__}
          python_function:
            data: model.pmd
            env: conda.yaml
            loader_module: mlflow.pmdarima
            python_version: 3.8.13
        mlflow_version: 1.28.0
        model_uuid: 0c1d2e3f4a5b4c6d8e7f9a0b1c2d3e4f
        utc_time_created: '2022-08-11 10:00:00.000000'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    import pmdarima

    (root / "model.pmd").write_bytes(pickle.dumps(model))
    text = f"""
        artifact_path: model
        flavors:
          pmdarima:
            code: null
            data: model.pmd
            model_type: ARIMA
            pmdarima_version: {pmdarima.__version__}
          python_function:
            data: model.pmd
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.pmdarima
            python_version: 3.10.9
        mlflow_version: 2.9.2
        utc_time_created: '2023-12-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("pmdarima",),
    make=_make,
    rows=_rows,
    native=_forecast,
    example=1,
    layouts={
        "0.x": "MLflow had no such flavor",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    runs="a pickle of pmdarima and statsmodels",
    fidelity={
        "periods to forecast": Made(lambda _row: _make(), _forecast),
        "intervals": Made(lambda _row: _make(), _forecast),
        "regressors": Made(_with_regressors, _forecast),
    },
    on_page={"regressors": lambda: _with_regressors(None)},
    kinds={
        "periods to forecast": asking(n_periods=24),
        "intervals": asking(n_periods=24, return_conf_int=True, alpha=0.2),
        "regressors": asking(
            {"CSV": "CSV has no lists"}, n_periods=8, X=[[0.5 * place] for place in range(8)]
        ),
    },
    other_kinds=NO_ROWS,
    missing={"arrays": "a forecast is asked for by the names of its arguments"},
)
