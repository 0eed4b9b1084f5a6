"""LightGBM: a booster, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from pathlib import Path

_FEW = {"n_estimators": 10, "num_leaves": 7, "min_child_samples": 5, "n_jobs": 1, "verbose": -1}


def _regressor(rows: Any) -> Any:
    import lightgbm

    return lightgbm.LGBMRegressor(**_FEW).fit(rows, target(rows.shape[0]))


_NO_TEXT = "LightGBM takes no texts but as categories"
_NO_TIME = "LightGBM takes no times"
FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_regressor),
    "text with gaps": _NO_TEXT,
    "categories of texts": Made(_regressor),
    "categories of integers": Made(_regressor),
    "booleans with gaps": Made(_regressor, prepare=lambda rows: rows.astype({"c": "boolean"})),
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "LightGBM takes no columns of objects",
    "integer names": Made(_regressor),
    "one text column": _NO_TEXT,
    "nested cells": "LightGBM takes no lists and objects",
    "sparse": Made(_regressor),
}


def _rows() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])


def _make() -> Any:
    import lightgbm

    rows = _rows()
    few = {"num_leaves": 5, "min_data_in_leaf": 5, "num_threads": 1, "verbose": -1}
    return lightgbm.train(few, lightgbm.Dataset(rows, rows["a"] - rows["b"]), 4)


def _layout_1(model: Any, root: Path) -> None:
    model.save_model(root / "model.lgb")
    text = """
        flavors:
          lightgbm:
            data: model.lgb
            lgb_version: 2.3.0
          python_function:
            data: model.lgb
            env: conda.yaml
            loader_module: mlflow.lightgbm
            python_version: 3.7.3
        utc_time_created: '2020-03-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    model.save_model(root / "model.lgb")
    text = """
        artifact_path: model
        flavors:
          lightgbm:
            code: null
            data: model.lgb
            lgb_version: 4.2.0
            model_class: lightgbm.basic.Booster
          python_function:
            data: model.lgb
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.lightgbm
            python_version: 3.10.9
        mlflow_version: 2.9.2
        utc_time_created: '2024-02-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("lightgbm",),
    make=_make,
    rows=_rows,
    layouts={
        "0.x": "MLflow had no such flavor before 1.2",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    fidelity=FIDELITY,
)
