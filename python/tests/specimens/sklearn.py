"""scikit-learn: a pipeline with categories and gaps, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _fitted(*steps: Any) -> Callable[[Any], Any]:
    return lambda rows: make_pipeline(*steps).fit(rows, target(rows.shape[0]))


def _on_c(step: Any) -> Callable[[Any], Any]:
    """Return a model of a step for the column ``c``, and the number as it is."""
    columns = ColumnTransformer([("c", step, ["c"])], remainder="passthrough")
    return _fitted(columns, LinearRegression())


def _boosted(*steps: Any, categorical: Any = "from_dtype") -> Callable[[Any], Any]:
    trees = HistGradientBoostingRegressor(
        categorical_features=categorical, min_samples_leaf=1, max_iter=20
    )
    return _fitted(*steps, trees)


def hour(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"h": frame["c"].dt.hour, "n": frame["n"]})


def by_labels(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[[2019, 2020]]


def as_floats(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype("float64")


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sum": [float(np.sum(cell)) for cell in frame["l"]],
            "len": [len(cell) for cell in frame["l"]],
            "a": [cell["a"] for cell in frame["d"]],
            "b": [len(cell["b"]) for cell in frame["d"]],
        }
    )


def _one_hot() -> Any:
    return OneHotEncoder(handle_unknown="ignore")


FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_on_c(SimpleImputer(add_indicator=True))),
    "text with gaps": Made(
        _on_c(make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), _one_hot()))
    ),
    "categories of texts": Made(_boosted()),
    "categories of integers": Made(_boosted()),
    "booleans with gaps": Made(_on_c(_one_hot())),
    "zoned times": Made(_boosted(FunctionTransformer(hour), categorical=None)),
    "naive times": Made(_boosted(FunctionTransformer(hour), categorical=None)),
    "decimals": Made(_fitted(FunctionTransformer(as_floats), LinearRegression())),
    "integer names": Made(
        _fitted(
            FunctionTransformer(by_labels), SimpleImputer(add_indicator=True), LinearRegression()
        )
    ),
    "one text column": Made(_fitted(TfidfVectorizer(), LinearRegression())),
    "nested cells": Made(_fitted(FunctionTransformer(flat), LinearRegression())),
    "sparse": Made(_fitted(LinearRegression())),
}


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    count = 60
    return pd.DataFrame(
        {
            "city": rng.choice(["Oslo", "Rome", "Lima"], count),
            "size": np.where(rng.random(count) < 0.2, np.nan, rng.integers(0, 100, count) / 4),
        }
    )


def _make() -> Any:
    columns = ColumnTransformer(
        [("city", _one_hot(), ["city"]), ("size", SimpleImputer(add_indicator=True), ["size"])]
    )
    rows = _rows()
    labels = np.where(rows["size"].fillna(0) > 10, "large", "small")
    return make_pipeline(columns, LogisticRegression()).fit(rows, labels)


def _pickled(model: Any, root: Path) -> str:
    import pickle

    import sklearn

    (root / "model.pkl").write_bytes(pickle.dumps(model))
    return sklearn.__version__


def _layout_0(model: Any, root: Path) -> None:
    version = _pickled(model, root)
    text = f"""
        flavors:
          python_function:
            data: model.pkl
            loader_module: mlflow.sklearn
          sklearn:
            pickled_model: model.pkl
            sklearn_version: {version}
        utc_time_created: '2018-11-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_1(model: Any, root: Path) -> None:
    version = _pickled(model, root)
    text = f"""
        artifact_path: model
        flavors:
          python_function:
            env: conda.yaml
            loader_module: mlflow.sklearn
            model_path: model.pkl
            python_version: 3.8.2
          sklearn:
            pickled_model: model.pkl
            serialization_format: cloudpickle
            sklearn_version: {version}
        run_id: 0123456789abcdef0123456789abcdef
        signature:
          inputs: '[{{"name": "city", "type": "string"}}, {{"name": "size", "type": "double"}}]'
          outputs: '[{{"type": "string"}}]'
        utc_time_created: '2021-03-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    version = _pickled(model, root)
    text = f"""
        artifact_path: model
        flavors:
          python_function:
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.sklearn
            model_path: model.pkl
            predict_fn: predict
            python_version: 3.10.9
          sklearn:
            code: null
            pickled_model: model.pkl
            serialization_format: cloudpickle
            sklearn_version: {version}
        mlflow_version: 2.5.0
        model_size_bytes: 1234
        model_uuid: 0123456789abcdef0123456789abcdef
        signature:
          inputs: '[{{"type": "string", "name": "city", "required": true}}, {{"type": "double",
            "name": "size", "required": true}}]'
          outputs: '[{{"type": "string", "required": true}}]'
          params: null
        utc_time_created: '2023-07-30 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("sklearn",),
    make=_make,
    rows=_rows,
    layouts={"0.x": _layout_0, "1.x": _layout_1, "2.x": _layout_2},
    mlflow_options={"skops_trusted_types": ["numpy.dtype"]},
    fidelity=FIDELITY,
)
