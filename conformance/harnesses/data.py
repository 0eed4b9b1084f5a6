"""DATA of the vectors <-> pandas and numpy (conformance/README.md has the form).

For every harness in Python: it knows no implementation.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["decode", "encode"]

_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def decode(data: dict[str, Any]) -> Any:
    """Return the DataFrame, ndarray, dict of ndarrays or plain value that DATA describes."""
    if "columns" in data:
        return _frame(data["columns"])
    if "tensor" in data:
        return _tensor(data["tensor"])
    if "tensors" in data:
        return {name: _tensor(tensor) for name, tensor in data["tensors"].items()}
    return data["value"]


def encode(value: Any) -> dict[str, Any]:
    """Return DATA for a DataFrame, Series, ndarray, dict of ndarrays or plain value."""
    if isinstance(value, pd.Series):
        return {"columns": [_encode_column(value.name, value)]}
    if isinstance(value, pd.DataFrame):
        return {
            "columns": [
                _encode_column(name, value.iloc[:, index])
                for index, name in enumerate(value.columns)
            ]
        }
    if isinstance(value, np.ndarray):
        return {"tensor": _encode_tensor(value)}
    if isinstance(value, dict) and any(isinstance(one, np.ndarray) for one in value.values()):
        return {"tensors": {name: _encode_tensor(one) for name, one in value.items()}}
    return {"value": value}


def _frame(columns: list[dict[str, Any]]) -> pd.DataFrame:
    # Made by position, so that a name may stand twice.
    series = [_series(column) for column in columns]
    frame = pd.concat(series, axis=1) if series else pd.DataFrame()
    names = [column["name"] for column in columns]
    frame.columns = pd.RangeIndex(len(names)) if set(names) == {None} else pd.Index(names)
    return frame


def _series(column: dict[str, Any]) -> pd.Series[Any]:
    dtype, values = column["dtype"], column["values"]
    if dtype == "binary":
        decoded = [None if value is None else base64.b64decode(value) for value in values]
        return pd.Series(decoded, dtype=object)
    if dtype == "decimal":
        return pd.Series([None if v is None else Decimal(v) for v in values], dtype=object)
    if dtype == "date":
        days = [None if v is None else dt.date.fromisoformat(v) for v in values]
        return pd.Series(days, dtype=object)
    if dtype.startswith(("float", "Float")):
        values = [_NAMED_FLOATS.get(v, v) if isinstance(v, str) else v for v in values]
    if dtype.startswith("datetime64"):
        # Through numpy when there is no zone, so that the unit asked for is the unit given.
        zoned = "," in dtype
        values = [pd.NaT if v is None else pd.Timestamp(v) for v in values]
        empty = not values and not zoned
        times: pd.Series[Any] = pd.Series(values, dtype=np.dtype(dtype) if empty else dtype)
        return times.astype(dtype)
    series: pd.Series[Any] = pd.Series(values, dtype=dtype)
    return series


def _tensor(tensor: dict[str, Any]) -> np.ndarray[Any, Any]:
    dtype, values = tensor["dtype"], tensor["values"]
    if dtype == "binary":
        values, dtype = [base64.b64decode(value) for value in values], "object"
    if dtype.startswith("float"):
        values = [_NAMED_FLOATS.get(v, v) if isinstance(v, str) else v for v in values]
    return np.array(values, dtype=dtype).reshape(tensor["shape"])


def _encode_column(name: Any, series: pd.Series[Any]) -> dict[str, Any]:
    dtype = str(series.dtype)
    values = [_plain(value) for value in series.astype(object)]
    if dtype == "object" and any(isinstance(value, bytes) for value in values):
        dtype = "binary"
        values = [_base64(value) for value in values]
    if any(isinstance(value, Decimal) for value in values):
        dtype = "decimal"
        values = [str(value) if isinstance(value, Decimal) else value for value in values]
    if any(_is_day(value) for value in values):
        dtype = "date"
        values = [value.isoformat() if _is_day(value) else value for value in values]
    # A name that pandas made up for an unnamed column is a number.
    # Texts of pandas 3 are the objects of the older ones.
    dtype = "object" if dtype == "str" else dtype
    return {"name": name if isinstance(name, str) else None, "dtype": dtype, "values": values}


def _encode_tensor(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    dtype = (
        array.dtype.name
        if array.dtype.kind not in "US"
        else {"U": "str", "S": "bytes"}[array.dtype.kind]
    )
    flat = array.ravel()
    if array.dtype.kind == "M":
        values = [None if np.isnat(value) else str(value) for value in flat]
    else:
        values = [_plain(value, missing="NaN") for value in flat.tolist()]
    if any(isinstance(value, bytes) for value in values):
        dtype = "binary" if dtype == "object" else dtype
        values = [_base64(value) for value in values]
    return {"dtype": dtype, "shape": list(array.shape), "values": values}


def _plain(value: Any, missing: str | None = None) -> Any:
    """Return a cell as JSON can hold it; ``missing`` is what NaN becomes."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        # Of a moment in nanoseconds item() makes a number.
        value = pd.Timestamp(value) if isinstance(value, np.datetime64) else value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return missing if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, list | tuple | np.ndarray):
        return [_base64(_plain(item, missing="NaN")) for item in value]
    if isinstance(value, dict):
        return {key: _base64(_plain(item, missing="NaN")) for key, item in value.items()}
    return value


def _is_day(value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _base64(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
