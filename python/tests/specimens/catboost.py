"""CatBoost: a classifier, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from pathlib import Path

_FEW = {
    "iterations": 5, "depth": 3, "thread_count": 1, "verbose": 0, "allow_writing_files": False,
}  # fmt: skip


def _regressor(rows: Any, **kinds: Any) -> Any:
    import catboost

    return catboost.CatBoostRegressor(**_FEW, **kinds).fit(rows, target(rows.shape[0]))


def _with_categories(rows: Any) -> Any:
    return _regressor(rows, cat_features=["c"])


def _filled(kind: type, gap: Any) -> Any:
    """Return what makes of a column with gaps one without: CatBoost takes none in categories."""

    def prepare(rows: Any) -> Any:
        held = [gap if pd.isna(one) else kind(one) for one in rows["c"]]
        return rows.assign(
            c=pd.Series(held, index=rows.index, dtype=None if kind is int else object)
        )

    return prepare


_NO_TIME = "CatBoost takes no times"
FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_regressor),
    "text with gaps": Made(_with_categories, prepare=_filled(str, "none")),
    "categories of texts": Made(_with_categories, prepare=_filled(str, "none")),
    "categories of integers": Made(_with_categories, prepare=_filled(int, -1)),
    "booleans with gaps": Made(_regressor, prepare=lambda rows: rows.astype({"c": "float64"})),
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "CatBoost takes no columns of objects",
    "integer names": Made(_regressor),
    "one text column": "CatBoost takes tables",
    "nested cells": "CatBoost takes no lists and objects but as embeddings",
    "sparse": Made(_regressor),
}


def _rows() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])


def _make() -> Any:
    import catboost

    rows = _rows()
    return catboost.CatBoostClassifier(**_FEW).fit(rows, (rows["a"] > rows["b"]).astype(int))


def _layout_1(model: Any, root: Path) -> None:
    model.save_model(str(root / "model.cb"))
    text = """
        flavors:
          catboost:
            catboost_version: 0.26
            data: model.cb
            model_type: CatBoostClassifier
            save_format: cbm
          python_function:
            data: model.cb
            env: conda.yaml
            loader_module: mlflow.catboost
            python_version: 3.8.2
        utc_time_created: '2021-06-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    model.save_model(str(root / "model.cb"))
    text = """
        artifact_path: model
        flavors:
          catboost:
            catboost_version: 1.2.2
            code: null
            data: model.cb
            model_type: CatBoostClassifier
            save_format: cbm
          python_function:
            data: model.cb
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.catboost
            python_version: 3.10.9
        mlflow_version: 2.9.2
        utc_time_created: '2024-02-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("catboost",),
    make=_make,
    rows=_rows,
    layouts={
        "0.x": "MLflow had no such flavor before 1.17",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    fidelity=FIDELITY,
)
