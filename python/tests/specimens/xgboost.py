"""XGBoost: a classifier of its scikit-learn interface, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xgboost

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from pathlib import Path


def _xgboost(rows: Any) -> Any:
    model = xgboost.XGBRegressor(n_estimators=10, max_depth=4, enable_categorical=True, n_jobs=1)
    return model.fit(rows, target(rows.shape[0]))


_NO_TEXT = "XGBoost takes no texts but as categories"
_ZEROS = "a dense form has zeros where the matrix has nothing, and XGBoost tells these apart"
_DENSE_WAYS = ("instances", "inputs", "V2", "V2 over gRPC", "V2 over gRPC, raw", "gRPC, data")
_NO_TIME = "XGBoost takes no times"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_xgboost),
    "text with gaps": _NO_TEXT,
    "categories of texts": Made(_xgboost),
    "categories of integers": Made(_xgboost),
    "booleans with gaps": Made(_xgboost, prepare=lambda rows: rows.astype({"c": "boolean"})),
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "XGBoost takes no columns of objects",
    "integer names": Made(_xgboost),
    "one text column": _NO_TEXT,
    "nested cells": "XGBoost takes no lists and objects",
    "sparse": Made(_xgboost, not_sent=dict.fromkeys(_DENSE_WAYS, _ZEROS)),
}


def _rows() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])


def _make() -> Any:
    rows = _rows()
    model = xgboost.XGBClassifier(n_estimators=4, max_depth=3, n_jobs=1)
    return model.fit(rows, (rows["a"] > rows["b"]).astype(int))


def _layout_1(model: Any, root: Path) -> None:
    """XGBoost's own file in its only form of today, under the name that was the only one."""
    model.get_booster().save_model(root / "model.ubj")
    (root / "model.ubj").rename(root / "model.xgb")
    text = f"""
        flavors:
          python_function:
            data: model.xgb
            env: conda.yaml
            loader_module: mlflow.xgboost
            python_version: 3.8.2
          xgboost:
            data: model.xgb
            model_class: xgboost.sklearn.XGBClassifier
            xgb_version: {xgboost.__version__}
        utc_time_created: '2021-03-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    model.save_model(root / "model.json")
    text = f"""
        artifact_path: model
        flavors:
          python_function:
            data: model.json
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.xgboost
            python_version: 3.10.9
          xgboost:
            code: null
            data: model.json
            model_class: xgboost.sklearn.XGBClassifier
            model_format: json
            xgb_version: {xgboost.__version__}
        mlflow_version: 2.20.3
        utc_time_created: '2025-02-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("xgboost",),
    make=_make,
    rows=_rows,
    layouts={
        "0.x": "its binary files are read no more by XGBoost 3.1 and later",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    single=True,
    fidelity=FIDELITY,
)
