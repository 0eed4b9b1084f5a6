"""statsmodels: a regression by a formula, a time series, and what is asked of them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target
from specimens._forecasts import MONTHS, asking

if TYPE_CHECKING:
    from pathlib import Path


def _rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60)})


def _make() -> Any:
    import statsmodels.formula.api as formulas

    rows = _rows()
    return formulas.ols("y ~ a + np.exp(b)", rows.assign(y=target(60))).fit()


def _by_formula(rows: Any) -> Any:
    import statsmodels.formula.api as formulas

    return formulas.ols("y ~ c + n", rows.assign(y=target(len(rows)))).fit()


def _by_table(rows: Any) -> Any:
    from statsmodels.api import OLS

    return OLS(target(len(rows)), rows, missing="drop").fit()


def _arima(_row: Any) -> Any:
    from statsmodels.tsa.api import ARIMA

    return ARIMA(pd.Series(target(60), index=MONTHS), order=(1, 1, 0)).fit()


def _arima_with_regressor() -> Any:
    from statsmodels.tsa.api import SARIMAX

    regressor = pd.DataFrame({"x": np.arange(60.0) % 7}, index=MONTHS)
    return SARIMAX(target(60), exog=regressor.to_numpy(), order=(1, 0, 0)).fit(disp=0)


def _asked(model: Any, row: Any) -> Any:
    cells = row.iloc[0]
    return model.predict(start=cells["start"], end=cells["end"])


def _layout_1(model: Any, root: Path) -> None:
    import statsmodels

    model.save(str(root / "model.statsmodels"))
    text = f"""
        artifact_path: model
        flavors:
          python_function:
            data: model.statsmodels
            env: conda.yaml
            loader_module: mlflow.statsmodels
            python_version: 3.8.10
          statsmodels:
            data: model.statsmodels
            statsmodels_version: {statsmodels.__version__}
        run_id: 5a1d0c9f2c8e4c3f9b0d7a6e1f2b3c4d
        utc_time_created: '2021-06-01 10:00:00.000000'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    import statsmodels

    copy = pickle.loads(pickle.dumps(model))  # the data are removed from the object itself
    copy.save(str(root / "model.statsmodels"), remove_data=True)
    text = f"""
        artifact_path: model
        flavors:
          python_function:
            data: model.statsmodels
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.statsmodels
            python_version: 3.10.9
          statsmodels:
            code: null
            data: model.statsmodels
            statsmodels_version: {statsmodels.__version__}
        mlflow_version: 2.9.2
        model_size_bytes: 8921
        utc_time_created: '2023-12-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


_NO_TIME = "a formula takes numbers and categories"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_by_formula),
    "text with gaps": Made(_by_formula),
    "categories of texts": Made(_by_formula),
    "categories of integers": Made(_by_formula),
    "booleans with gaps": Made(_by_formula),
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "to a formula, decimals are categories",
    "integer names": Made(_by_table),
    "one text column": "a regression takes no texts but as categories",
    "nested cells": "statsmodels takes no lists and objects",
    "sparse": "statsmodels takes no sparse matrices",
    "places to forecast": Made(_arima, _asked),
    "dates to forecast": Made(_arima, _asked),
}

SPECIMEN = Specimen(
    libraries=("statsmodels",),
    make=_make,
    rows=_rows,
    layouts={
        "0.x": "MLflow had no such flavor",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    runs="a pickle of statsmodels, whose formulas are Python",
    missing={"arrays": "it was fitted by a formula, whose variables have names"},
    fidelity=FIDELITY,
    on_page={"series": lambda: _arima(None), "regressor": _arima_with_regressor},
    kinds={
        "places to forecast": asking(start=60, end=75),
        "dates to forecast": asking(
            start=pd.Timestamp("2025-01-01"), end=pd.Timestamp("2026-06-01")
        ),
    },
)
