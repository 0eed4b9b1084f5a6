"""The models of the fidelity matrix: one line for each flavor and kind of data.

Each answers by every column, by its gaps too, so that what arrives otherwise is answered
otherwise. Adding a flavor is adding its lines; what it cannot take has the reason in its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import xgboost
from fidelity_kinds import WORDS
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from mlmodel import pyfunc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Made:
    """One model, trained on rows of a kind, and how it answers by itself.

    ``prepare`` makes of the kind's rows those on which it is trained and asked, in the library's
    own sort of column.
    """

    train: Callable[[Any], Any]
    native: Callable[[Any, Any], Any] = lambda model, rows: model.predict(rows)
    prepare: Callable[[Any], Any] = lambda rows: rows
    #: Ways in which its rows cannot be sent, beside those of the kind, with the reason.
    not_sent: Mapping[str, str] = field(default_factory=dict)


def _target(count: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).integers(0, 1000, count) / 8


def _fitted(*steps: Any) -> Callable[[Any], Any]:
    return lambda rows: make_pipeline(*steps).fit(rows, _target(rows.shape[0]))


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


SKLEARN: dict[str, Made | str] = {
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


# -- XGBoost ---------------------------------------------------------------------------------------


def _xgboost(rows: Any) -> Any:
    model = xgboost.XGBRegressor(n_estimators=10, max_depth=4, enable_categorical=True, n_jobs=1)
    return model.fit(rows, _target(rows.shape[0]))


_NO_TEXT = "XGBoost takes no texts but as categories"
_ZEROS = "a dense form has zeros where the matrix has nothing, and XGBoost tells these apart"
_DENSE_WAYS = ("instances", "inputs", "V2", "V2 over gRPC", "V2 over gRPC, raw", "gRPC, data")
_NO_TIME = "XGBoost takes no times"

XGBOOST: dict[str, Made | str] = {
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


# -- ONNX ------------------------------------------------------------------------------------------


def _graph(nodes: list[Any], inputs: dict[str, int], output: str, kind: int) -> Any:
    """Return a graph whose inputs are columns of one value per row, and its only output."""
    graph = helper.make_graph(
        nodes,
        "matrix",
        [helper.make_tensor_value_info(name, kind_, [None, 1]) for name, kind_ in inputs.items()],
        [helper.make_tensor_value_info(output, kind, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return model


def _sum_or_number(_rows: Any) -> Any:
    """Return a graph that answers ``c + n``, and ``2 n`` where ``c`` is NaN."""
    nodes = [
        helper.make_node("IsNaN", ["c"], ["gap"]),
        helper.make_node("Where", ["gap", "n", "c"], ["filled"]),
        helper.make_node("Add", ["filled", "n"], ["y"]),
    ]
    inputs = {"c": TensorProto.FLOAT, "n": TensorProto.FLOAT}
    return _graph(nodes, inputs, "y", TensorProto.FLOAT)


def _numbers_of_texts(_rows: Any) -> Any:
    texts = [" ".join(words) for words in product(WORDS, repeat=3)]
    nodes = [
        helper.make_node(
            "LabelEncoder", ["text"], ["y"], domain="ai.onnx.ml", keys_strings=texts,
            values_floats=[float(n) for n in range(len(texts))], default_float=-1.0,
        )
    ]  # fmt: skip
    return _graph(nodes, {"text": TensorProto.STRING}, "y", TensorProto.FLOAT)


def _run(model: Any, rows: Any) -> Any:
    """Answer as ONNX Runtime does, from columns of one value per row."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    frame = rows.to_frame() if isinstance(rows, pd.Series) else rows
    given = {name: frame[[name]].to_numpy() for name in frame.columns}
    return pd.DataFrame(session.run(None, given)[0], columns=["y"])


_NO_TYPE = "a graph has tensors of numbers, truth values and texts alone"

ONNX: dict[str, Made | str] = {
    "numbers with gaps": Made(_sum_or_number, _run, lambda rows: rows.astype("float32")),
    "text with gaps": "a tensor of texts has no missing ones",
    "categories of texts": "a graph knows no categories",
    "categories of integers": "a graph knows no categories",
    "booleans with gaps": "a tensor of truth values has no missing ones",
    "zoned times": _NO_TYPE,
    "naive times": _NO_TYPE,
    "decimals": _NO_TYPE,
    "integer names": "the inputs of a graph are named by texts",
    "one text column": Made(_numbers_of_texts, _run),
    "nested cells": _NO_TYPE,
    "sparse": "ONNX Runtime takes dense arrays",
}


# -- python_function -------------------------------------------------------------------------------


class Facts(pyfunc.PythonModel):
    """Answers what it sees of each row: the type and the value of each cell."""

    def predict(self, context: Any, model_input: Any) -> list[str]:
        if hasattr(model_input, "toarray"):
            return [f"{type(model_input).__name__} {row}" for row in model_input.toarray().tolist()]
        if isinstance(model_input, np.ndarray):
            return [f"csr_matrix {row}" for row in model_input.tolist()]
        columns = [_seen(model_input.iloc[:, n]) for n in range(model_input.shape[1])]
        return [f"{list(model_input.columns)} {row}" for row in zip(*columns, strict=True)]


class Values(Facts):
    """Answers the values alone: the format has no type for decimals, which become doubles."""

    def predict(self, context: Any, model_input: Any) -> list[str]:
        return super().predict(context, model_input.astype("float64"))


def _seen(column: pd.Series[Any]) -> list[str]:
    kind = "category of " if isinstance(column.dtype, pd.CategoricalDtype) else ""
    return [f"{kind}{type(cell).__name__} {cell!r}" for cell in column.tolist()]


def _native(model: Any, rows: Any) -> Any:
    return model.predict(None, rows.to_frame() if isinstance(rows, pd.Series) else rows)


_FACTS = Made(lambda _rows: Facts(), _native)

PYTHON_FUNCTION: dict[str, Made | str] = {
    "numbers with gaps": _FACTS,
    "text with gaps": _FACTS,
    "categories of texts": _FACTS,
    "categories of integers": _FACTS,
    "booleans with gaps": _FACTS,
    "zoned times": _FACTS,
    "naive times": _FACTS,
    "decimals": Made(lambda _rows: Values(), _native),
    "integer names": _FACTS,
    "one text column": _FACTS,
    "nested cells": _FACTS,
    "sparse": _FACTS,
}

MODELS = {
    "sklearn": SKLEARN,
    "xgboost": XGBOOST,
    "onnx": ONNX,
    "python_function": PYTHON_FUNCTION,
}
