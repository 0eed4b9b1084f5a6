"""Predictions as JSON and buffers, so that nothing of them is unpickled (TRU-084).

Reading checks every length and number: the writer is the process that is not believed.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from mlmodel._base.hashes import Hashes, is_crowded

__all__ = ["Unreadable", "Unsendable", "read", "write"]

#: How deep a value may be.
_DEEPEST = 64
#: Numbers, times and texts of a fixed length; objects are values of their own.
_DTYPE = re.compile(r"[<>|=]?[biufcmMSU][0-9]{1,9}(\[[0-9a-zA-Z]{1,12}\])?")
_ZONE = re.compile(r"(?!dateutil)[A-Za-z0-9_+\-:]{1,40}(/[A-Za-z0-9_+\-]{1,40}){0,3}")
_EXTENSIONS = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|boolean|string(\[python\])?|str")
_DIGITS = 4000
_SPARSE = ("csr", "csc", "coo")
_LAST_CHARACTER = 0x10FFFF
_LONGEST_RANGE = 2**31


class Unsendable(Exception):
    """The value has no such form; the text names its type."""


class Unreadable(Exception):
    """What was sent is not a value."""


def write(value: Any) -> tuple[Any, list[Any]]:
    """Return a value as JSON, and the buffers of its arrays.

    Raises:
        Unsendable: it is of a type that is not handed over.

    """
    writer = _Writer()
    return writer.value(value, 0), writer.buffers


def read(plain: Any, buffers: list[bytearray]) -> Any:
    """Return the value that was written.

    Raises:
        Unreadable: it is not one that :func:`write` makes.

    """
    try:
        return _Reader(buffers).value(plain, 0)
    except Unreadable:
        raise
    except Exception as error:  # whatever a library says of what contradicts itself
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error


class _Writer:
    def __init__(self) -> None:
        self.buffers: list[Any] = []

    def value(self, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one per type
        if depth > _DEEPEST:
            raise Unsendable(f"a value nested more than {_DEEPEST} deep")
        kind = type(value)
        if value is None or kind in {bool, str}:
            return value
        if kind is int:
            return value if abs(value) < 2**63 else {"int": self._digits(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind in {list, tuple}:
            items = [self.value(one, depth + 1) for one in value]
            return items if kind is list else {"tuple": items}
        if kind is dict:
            pairs = [[self.value(k, depth + 1), self.value(v, depth + 1)] for k, v in value.items()]
            return {"dict": pairs}
        if kind in {bytes, bytearray}:
            return {"bytes": self._buffer(value)}
        if kind in {dt.datetime, dt.date, dt.time} and (getattr(value, "tzinfo", None) is None):
            return {kind.__name__: value.isoformat()}
        return self._of_library(value, depth)

    def _of_library(self, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one per type
        import numpy as np
        import pandas as pd

        if isinstance(value, np.generic):
            return {"scalar": self.array(np.asarray(value), depth)}
        if isinstance(value, np.ndarray):
            return self.array(np.asarray(value), depth)
        if isinstance(value, pd.Series):
            return {"series": self._columns([value.array], depth), **self._named(value, depth)}
        if isinstance(value, pd.DataFrame):
            columns = [value.iloc[:, at].array for at in range(value.shape[1])]
            return {
                "frame": self._columns(columns, depth),
                "columns": self.index(value.columns, depth),
                "index": self.index(value.index, depth),
            }
        if isinstance(value, pd.Index):
            return {"labels": self.index(value, depth)}
        if value is pd.NA or value is pd.NaT:
            return {"missing": "NA" if value is pd.NA else "NaT"}
        if isinstance(value, pd.Timestamp | pd.Timedelta):
            return {"first": self._column(pd.array([value]), depth)}
        if getattr(value, "format", None) in _SPARSE and hasattr(value, "tocoo"):
            return self._sparse(value, depth)
        raise Unsendable(f"{type(value).__module__}.{type(value).__qualname__}")

    def _named(self, series: Any, depth: int) -> dict[str, Any]:
        return {
            "name": self.value(series.name, depth + 1),
            "index": self.index(series.index, depth),
        }

    def array(self, array: Any, depth: int) -> Any:
        import numpy as np

        if array.dtype.kind == "O":
            items = [self.value(one, depth + 1) for one in array.ravel().tolist()]
            return {"objects": items, "shape": list(array.shape)}
        if _DTYPE.fullmatch(array.dtype.str) is None:
            raise Unsendable(f"a numpy array of dtype {array.dtype}")
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return {
            "array": array.dtype.str,
            "shape": list(array.shape),
            "data": self._buffer(data) if array.dtype.itemsize else self._buffer(b""),
        }

    def index(self, index: Any, depth: int) -> Any:
        import pandas as pd

        if isinstance(index, pd.RangeIndex):
            where = [index.start, index.stop, index.step]
            return {"range": where, "name": self.value(index.name, depth + 1)}
        if isinstance(index, pd.MultiIndex):
            levels = [index.get_level_values(at) for at in range(index.nlevels)]
            return {"levels": [self._labels(level, depth + 1) for level in levels]}
        return self._labels(index, depth)

    def _labels(self, index: Any, depth: int) -> Any:
        return {"of": self._column(index.array, depth), "name": self.value(index.name, depth + 1)}

    def _columns(self, arrays: list[Any], depth: int) -> list[Any]:
        return [self._column(array, depth + 1) for array in arrays]

    def _column(self, array: Any, depth: int) -> Any:
        import numpy as np
        import pandas as pd

        dtype = array.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            codes = self.array(np.asarray(array.codes), depth)
            kept = self._labels(dtype.categories, depth)
            return {"codes": codes, "categories": kept, "ordered": bool(dtype.ordered)}
        if isinstance(dtype, pd.DatetimeTZDtype):
            naive = np.asarray(array.tz_convert("UTC").tz_localize(None))
            return {"zone": str(dtype.tz), "times": self.array(naive, depth)}
        if isinstance(dtype, np.dtype) or isinstance(array, pd.arrays.NumpyExtensionArray):
            return self.array(np.asarray(array), depth)
        if _EXTENSIONS.fullmatch(dtype.name) is None:
            raise Unsendable(f"a pandas column of dtype {dtype.name}")
        gaps = np.asarray(array.isna())
        items = [None if gap else one for gap, one in zip(gaps, array.tolist(), strict=True)]
        return {"extension": dtype.name, "items": [self.value(one, depth + 1) for one in items]}

    def _sparse(self, matrix: Any, depth: int) -> Any:
        parts = ("row", "col") if matrix.format == "coo" else ("indices", "indptr")
        kind = "array" if type(matrix).__name__.endswith("_array") else "matrix"
        return {
            "sparse": f"{matrix.format}_{kind}",
            "shape": [int(one) for one in matrix.shape],
            "parts": [self.array(getattr(matrix, name), depth) for name in ("data", *parts)],
        }

    def _digits(self, value: int) -> str:
        text = hex(value)
        if len(text) > _DIGITS:
            raise Unsendable("a whole number of thousands of digits")
        return text

    def _buffer(self, data: Any) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1


class _Reader:
    def __init__(self, buffers: list[bytearray]) -> None:
        self._buffers: list[bytearray | None] = list(buffers)

    def value(self, plain: Any, depth: int) -> Any:
        if depth > _DEEPEST + 2:
            raise Unreadable("it is nested too deep")
        if isinstance(plain, list):
            return [self.value(one, depth + 1) for one in plain]
        if not isinstance(plain, dict):
            return plain
        for key, way in _WAYS.items():
            if key in plain:
                return way(self, plain, depth)
        raise Unreadable("it has no kind")

    def whole(self, plain: dict[str, Any], _depth: int) -> int:
        if len(plain["int"]) > _DIGITS:
            raise Unreadable("a number is too long")
        return int(plain["int"], 16)

    def number(self, plain: dict[str, Any], _depth: int) -> float:
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[plain["float"]]

    def tuple_(self, plain: dict[str, Any], depth: int) -> tuple[Any, ...]:
        return tuple(self.value(one, depth + 1) for one in plain["tuple"])

    def dict_(self, plain: dict[str, Any], depth: int) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        hashes = Hashes()
        for k, v in plain["dict"]:
            key = self.value(k, depth + 1)
            if hashes.is_one_too_many(key):
                raise Unreadable("too many keys of a dict have the same hash")
            found[key] = self.value(v, depth + 1)
        return found

    def bytes_(self, plain: dict[str, Any], _depth: int) -> bytes:
        return bytes(self._taken(plain["bytes"]))

    def time(self, plain: dict[str, Any], _depth: int) -> Any:
        ((name, text),) = plain.items()
        kinds: dict[str, Any] = {"datetime": dt.datetime, "date": dt.date, "time": dt.time}
        return kinds[name].fromisoformat(text)

    def missing(self, plain: dict[str, Any], _depth: int) -> Any:
        import pandas as pd

        return {"NA": pd.NA, "NaT": pd.NaT}[plain["missing"]]

    def array(self, plain: dict[str, Any], _depth: int) -> Any:
        import numpy as np

        if _DTYPE.fullmatch(plain["array"]) is None:
            raise Unreadable("an array has another dtype than arrays may have")
        dtype, shape = np.dtype(plain["array"]), self._shape(plain)
        data = self._taken(plain["data"])
        if math.prod(shape) * dtype.itemsize != len(data):
            raise Unreadable("an array has not as many bytes as its shape says")
        if not len(data):
            if math.prod(shape) > _DEEPEST:  # of nothing: numpy would make room for each
                raise Unreadable("an array of texts without characters is too long")
            return np.zeros(shape, dtype)
        flat = np.frombuffer(data, dtype)
        if dtype.kind == "b" and np.frombuffer(data, np.uint8).max() > 1:
            raise Unreadable("a truth value is neither 0 nor 1")
        if dtype.kind == "U":
            codes = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.byteorder))
            if codes.max() > _LAST_CHARACTER:
                raise Unreadable("a text has an invalid character")
        return flat.reshape(shape)

    def objects(self, plain: dict[str, Any], depth: int) -> Any:
        import numpy as np

        items, shape = plain["objects"], self._shape(plain)
        if math.prod(shape) != len(items):
            raise Unreadable("an array has not as many items as its shape says")
        array = np.empty(len(items), object)
        for at, one in enumerate(items):
            array[at] = self.value(one, depth + 1)
        return array.reshape(shape)

    def scalar(self, plain: dict[str, Any], depth: int) -> Any:
        return self._array(plain["scalar"], depth)[()]

    def series(self, plain: dict[str, Any], depth: int) -> Any:
        import pandas as pd

        (column,) = plain["series"]
        name = self.value(plain["name"], depth + 1)
        return pd.Series(self._column(column, depth), self._index(plain["index"], depth), name=name)

    def frame(self, plain: dict[str, Any], depth: int) -> Any:
        import pandas as pd

        columns = self._index(plain["columns"], depth)
        index = self._index(plain["index"], depth)
        given = dict(enumerate(self._column(one, depth) for one in plain["frame"]))
        if len(columns) != len(given) or any(len(one) != len(index) for one in given.values()):
            raise Unreadable("a frame has not the size that its labels have")
        frame = pd.DataFrame(given, index=index)
        frame.columns = columns
        return frame

    def labels(self, plain: dict[str, Any], depth: int) -> Any:
        return self._index(plain["labels"], depth)

    def first(self, plain: dict[str, Any], depth: int) -> Any:
        import pandas as pd

        return pd.Series(self._column(plain["first"], depth)).iloc[0]

    def sparse(self, plain: dict[str, Any], depth: int) -> Any:
        from scipy import sparse

        form, _, kind = plain["sparse"].partition("_")
        if form not in _SPARSE or kind not in {"array", "matrix"}:
            raise Unreadable("a matrix of a form that is not known")
        data, first, second = (self._array(one, depth) for one in plain["parts"])
        rows, columns = self._shape(plain)
        given = (data, (first, second)) if form == "coo" else (data, first, second)
        made = getattr(sparse, plain["sparse"])(given, shape=(rows, columns))
        if form != "coo":
            made.check_format(full_check=True)
        return made

    def _index(self, plain: dict[str, Any], depth: int) -> Any:
        import pandas as pd

        if "levels" in plain:
            return pd.MultiIndex.from_arrays([self._labels(one, depth) for one in plain["levels"]])
        name = self.value(plain["name"], depth + 1)
        if "range" in plain:
            start, stop, step = (int(one) for one in plain["range"])
            if len(range(start, stop, step)) > _LONGEST_RANGE:
                raise Unreadable("an index is longer than any that has values")
            return pd.RangeIndex(start, stop, step, name=name)
        return self._labels(plain, depth)

    def _labels(self, plain: dict[str, Any], depth: int) -> Any:
        """Return an index of values that were all sent."""
        import pandas as pd

        name = self.value(plain["name"], depth + 1)
        column = self._column(plain["of"], depth)
        # pandas puts labels into a table of its own, by the hashes that Python gives them.
        if column.dtype == object and is_crowded(column.tolist()):
            raise Unreadable("too many labels have the same hash")
        return pd.Index(column, name=name)

    def _column(self, plain: dict[str, Any], depth: int) -> Any:
        import pandas as pd

        if "codes" in plain:
            categories = self._labels(plain["categories"], depth)
            codes = self._array(plain["codes"], depth)
            ordered = bool(plain["ordered"])
            return pd.Categorical.from_codes(codes, categories=categories, ordered=ordered)
        if "zone" in plain:
            if _ZONE.fullmatch(plain["zone"]) is None:
                raise Unreadable("an invalid time zone")
            times = pd.DatetimeIndex(self._array(plain["times"], depth))
            return times.tz_localize("UTC").tz_convert(plain["zone"]).array
        if "extension" in plain:
            if _EXTENSIONS.fullmatch(plain["extension"]) is None:
                raise Unreadable("a column of another dtype than columns may have")
            items = [self.value(one, depth + 1) for one in plain["items"]]
            return pd.array(items, dtype=plain["extension"])
        return self._array(plain, depth)

    def _array(self, plain: dict[str, Any], depth: int) -> Any:
        if "array" in plain:
            return self.array(plain, depth)
        return self.objects(plain, depth)

    @staticmethod
    def _shape(plain: dict[str, Any]) -> list[int]:
        shape = plain["shape"]
        if len(shape) > _DEEPEST or not all(type(one) is int and one >= 0 for one in shape):
            raise Unreadable("an array has an invalid shape")
        return list(shape)

    def _taken(self, number: int) -> bytearray:
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise Unreadable("it names a buffer that was not sent")
        taken, self._buffers[number] = self._buffers[number], None
        if taken is None:  # copies of one buffer would be more than was sent
            raise Unreadable("it names a buffer twice")
        return taken


#: What a written value is known by -> how it is read.
_WAYS = {
    "int": _Reader.whole,
    "float": _Reader.number,
    "tuple": _Reader.tuple_,
    "dict": _Reader.dict_,
    "bytes": _Reader.bytes_,
    "datetime": _Reader.time,
    "date": _Reader.time,
    "time": _Reader.time,
    "missing": _Reader.missing,
    "array": _Reader.array,
    "objects": _Reader.objects,
    "scalar": _Reader.scalar,
    "series": _Reader.series,
    "frame": _Reader.frame,
    "labels": _Reader.labels,
    "first": _Reader.first,
    "sparse": _Reader.sparse,
}
