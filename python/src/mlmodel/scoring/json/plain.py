"""Values of every kind -> what JSON holds, exactly or not at all (RST-040 and following).

Answers and input examples are written by this alone. Objects of other kinds than JSON has are
taken apart by :mod:`mlmodel.scoring.json.objects`.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
from pandas.arrays import DatetimeArray

from mlmodel.scoring.json import objects
from mlmodel.scoring.json.moments import iso_texts
from mlmodel.signature.data.frames import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import UnionType

__all__ = ["Unwritable", "as_plain", "dumps", "rows"]

#: What is written as it is, whatever its value.
_SAME = frozenset({str, int, bool, type(None)})
_FLOAT = frozenset({float})
#: Numbers of numpy of which lists are written as arrays are.
_SCALARS = frozenset(np.dtype(code).type for code in "?bhilqBHILQefd")
#: The texts for numbers that JSON cannot write (RST-083); they are read back (ENF-064).
_INFINITY, _MINUS_INFINITY = "Infinity", "-Infinity"
_INT64 = 2**63
_TOO_DEEP = "holds itself, or lists and objects more than 250 deep"


class Unwritable(Exception):
    """A value has no form in JSON.

    ``path`` is the JSON pointer of the part that has none (None: it is not known), ``what`` goes
    on a sentence about it, ``rule`` is the rule for answers.
    """

    def __init__(self, path: str | None, what: str, rule: str = "RST-047") -> None:
        super().__init__(what)
        self.path = path
        self.what = what
        self.rule = rule


def dumps(document: Any) -> bytes:
    """Return the JSON of what :func:`as_plain` returned.

    Raises:
        Unwritable: a text in it is not Unicode.

    """
    try:
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        # Integers beyond 64 bits, which orjson refuses, are written with all their digits.
        document = _with_literals(document)
    try:
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        if "ecursion" in str(error):
            raise Unwritable(None, _TOO_DEEP) from None
        what = "holds a text with half of a surrogate pair, which is not valid Unicode"
        raise Unwritable(None, what, "RST-048") from None


def _with_literals(document: Any) -> Any:
    """Return a document with the digits of large integers in their place."""
    if type(document) is list:
        return [_with_literals(item) for item in document]
    if type(document) is dict:
        return {key: _with_literals(item) for key, item in document.items()}
    if type(document) is int and not -_INT64 <= document < _INT64:
        return orjson.Fragment(str(document))
    return document


def _array(values: np.ndarray[Any, Any], path: str = "") -> Any:
    """Return an array of a plain numeric dtype in a form that orjson writes exactly."""
    if values.dtype.kind == "f":
        if values.dtype != np.float64:
            values = _as_double(values, path)
        if values.ndim == 0:
            return _float(values.item(), path)
        if np.isinf(values).any():
            return _named(values)
    if values.ndim == 0:
        return values.item()
    return np.ascontiguousarray(values, values.dtype.newbyteorder("="))


def _as_double(values: np.ndarray[Any, Any], path: str) -> np.ndarray[Any, Any]:
    # A client reads a double: 0.1 in 32 bits is written as the number that it is (RST-043).
    with np.errstate(over="ignore"):
        wide = values.astype(np.float64)
    if values.dtype.itemsize > wide.itemsize and not np.array_equal(wide, values, equal_nan=True):
        raise Unwritable(path, f"of dtype {values.dtype.name} has values that a double cannot hold")
    return wide


def _listed(values: np.ndarray[Any, Any]) -> Any:
    return values.tolist() if np.isfinite(values).all() else _named(values)


def _named(values: np.ndarray[Any, Any]) -> Any:
    """Return an array's nested lists with None for NaN, texts for infinities (RST-041, RST-083)."""
    named = values.astype(object)
    named[np.isnan(values)] = None
    named[values == np.inf] = _INFINITY
    named[values == -np.inf] = _MINUS_INFINITY
    return named.tolist()


def _float(value: float, _path: str) -> float | str | None:
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    return _INFINITY if value > 0 else _MINUS_INFINITY


def as_plain(value: Any, path: str = "") -> Any:
    """Return a value as what :func:`dumps` writes exactly; ``path`` is its JSON pointer.

    NaN and missing values become None, infinities the texts that stand for them (RST-083), bytes
    base64, moments ISO 8601; a data frame becomes a list of records.

    Raises:
        Unwritable: a part of it has no form in JSON, or it holds itself.

    """
    try:
        return _plain(value, path)
    except RecursionError:
        raise Unwritable(path or None, _TOO_DEEP) from None


def _plain(value: Any, path: str = "") -> Any:
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value, path)
    kind: Any = type(value)
    write = _writer_of(kind) or next((w for k, w in _BY_BASE if isinstance(value, k)), None)
    if write is not None:
        return write(value, path)
    if value is pd.NA or value is pd.NaT:
        return None
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    try:
        held = objects.taken_apart(value)
    except Exception as error:  # the class's own code may raise anything
        raise Unwritable(path, f"is a {name} whose fields cannot be read") from error
    if held is not value:
        return _plain(held, path)
    raise Unwritable(path, f"is a {name}, which JSON cannot hold{objects.advice(value)}")


@lru_cache(maxsize=256)
def _writer_of(kind: type) -> Any:
    """Return what writes objects of a class, by its bases; None for what only an object says."""
    return next((write for base, write in _BY_BASE if issubclass(kind, base)), None)


def _same(value: Any, _path: str) -> Any:
    return value


def _list(value: Any, path: str) -> Any:
    kinds = set(map(type, value))
    if _SAME.issuperset(kinds) or (kinds == _FLOAT and all(map(math.isfinite, value))):
        return list(value)
    if len(kinds) == 1 and kinds <= _SCALARS:
        # Exact in a double, as each of them is.
        held = np.array(value)
        return held.tolist() if held.dtype.kind != "f" else _listed(held.astype(np.float64))
    return [_plain(item, f"{path}/{place}") for place, item in enumerate(value)]


def _mapping(value: Mapping[Any, Any], path: str) -> Any:
    read = {_key(key, path): _plain(item, f"{path}/{key}") for key, item in value.items()}
    if len(read) < len(value):
        raise Unwritable(path, "has two keys with the same name")
    return read


def _key(key: Any, path: str) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return str(key)
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return str(int(key))
    raise Unwritable(path, f"has a key of type {type(key).__name__}; in JSON a key is a text")


def _bytes(value: bytes, _path: str) -> str:
    return base64.b64encode(value).decode("ascii")


def _decimal(value: Decimal, path: str) -> Any:
    # A number with its digits, as a large integer is; a text could not be sent back (RST-101).
    if not value.is_finite():
        return None if value.is_nan() else _float(float(value), path)
    if math.isinf(float(value)):
        raise Unwritable(path, "is a decimal that a double cannot hold")
    return orjson.Fragment(str(Decimal(value)))


def _enum(value: Enum, path: str) -> Any:
    return _plain(value.value, path)


def _time(value: Any, _path: str) -> Any:
    return None if value is pd.NaT else value.isoformat()


def _numpy_scalar(value: np.generic, path: str) -> Any:
    return _ndarray(np.asarray(value), path)


def _ndarray(values: np.ndarray[Any, Any], path: str) -> Any:
    if isinstance(values, np.ma.MaskedArray):
        data = np.ma.getdata(values)
        data = _iso(data) if data.dtype.kind == "M" else data.astype(object)
        values = _with_none(data, np.ma.getmaskarray(values))
    kind = values.dtype.kind
    if kind in "biuf":
        return _array(values, path)
    if kind == "U":
        return values.tolist()
    if kind == "M":
        values = _iso(values)
    elif kind not in "OS":
        raise Unwritable(path, f"is of dtype {values.dtype}, which JSON cannot hold")
    listed = values.tolist()
    return listed if kind == "M" else _plain(listed, path)


def _iso(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return _with_none(np.asarray(np.datetime_as_string(values), object), np.isnat(values))


def _with_none(values: np.ndarray[Any, Any], missing: Any) -> np.ndarray[Any, Any]:
    held: np.ndarray[Any, Any] = np.where(missing, np.array(None), values)
    return held


def _series(value: pd.Series[Any], path: str) -> Any:
    # A series is answered as a frame of one column, as MLflow does (RST-045).
    return _frame(value.to_frame(), path)


def _frame(frame: pd.DataFrame, path: str) -> Any:
    names = [_key(name, path) for name in frame.columns]
    if len(set(names)) < len(names):
        raise Unwritable(path, "has two columns with the same name")
    if not names:
        return [{}] * len(frame)
    if len(names) == 1:
        (name,) = names
        return [{name: cell} for (cell,) in rows(frame, names, path)]
    return [dict(zip(names, row, strict=True)) for row in rows(frame, names, path)]


def rows(frame: pd.DataFrame, names: Sequence[str], path: str) -> Iterable[Sequence[Any]]:
    """Return a frame's rows, each a list or a tuple of what orjson writes exactly.

    Args:
        frame: at least one column.
        names: what a place in it is called, by column, where one cannot be written.
        path: the frame's JSON pointer.

    Raises:
        Unwritable: a cell has no form in JSON.

    """
    blocks = blocks_of(frame)
    if len(blocks) == 1 < len(names) and blocks[0][0] == list(range(len(names))):
        listed = _numbers(blocks[0][1], path, turned=True)
        if listed is not None:
            return listed
    columns: list[list[Any]] = [[]] * len(names)
    others: dict[int, Any] = {}
    for places, block in blocks:
        listed = _numbers(block, path)
        if listed is None:
            others.update(zip(places, block, strict=True))
            continue
        for place, cells in zip(places, listed, strict=True):
            columns[place] = cells
    for place, values in sorted(others.items(), key=itemgetter(0)):
        columns[place] = _cells(values, names[place], path)
    return zip(*columns, strict=True)


def _numbers(block: Any, path: str, *, turned: bool = False) -> list[Any] | None:
    """Return the numbers of a frame's block by column (``turned``: by row), None for others."""
    if not isinstance(block, np.ndarray) or block.dtype.kind not in "biuf":
        return None
    values = block.T if turned else block
    if values.dtype.kind != "f":
        return list(values.tolist())
    wide = values if values.dtype == np.float64 else _as_double(values, path)
    return list(_listed(wide))


def _cells(values: Any, name: str, path: str) -> list[Any]:
    """Return a frame's column, as its block holds it, as a list of what orjson writes exactly."""
    texts = iso_texts(values) if isinstance(values, DatetimeArray) else None
    if texts is not None:
        return texts
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if _SAME.issuperset(map(type, listed)):
        return list(listed)
    return [_plain(cell, f"{path}/{row}/{name}") for row, cell in enumerate(listed)]


_WRITERS: dict[type, Any] = {
    str: _same,
    int: _same,
    bool: _same,
    type(None): _same,
    float: _float,
    list: _list,
    tuple: _list,
    dict: _mapping,
    bytes: _bytes,
    np.ndarray: _ndarray,
    pd.DataFrame: _frame,
}

#: The order matters: a Timestamp is a datetime, which is a date, and an Enum may be a text.
_BY_BASE: tuple[tuple[type | tuple[type, ...] | UnionType, Any], ...] = (
    (Enum, _enum),
    (str, lambda value, _: str(value)),
    (np.generic, _numpy_scalar),
    (bool, lambda value, _: bool(value)),
    (int, lambda value, _: int(value)),
    (float, lambda value, path: _float(float(value), path)),
    (list | tuple, _list),
    (Mapping, _mapping),
    (bytes | bytearray, _bytes),
    (np.ndarray, _ndarray),
    (pd.DataFrame, _frame),
    (pd.Series, _series),
    (pd.Index, lambda value, path: _plain(value.tolist(), path)),
    ((dt.datetime, dt.date, dt.time), _time),
    (Decimal, _decimal),
    ((UUID, pd.Period, pd.Interval), lambda value, _: str(value)),
    (pd.api.extensions.ExtensionArray, _list),
)
