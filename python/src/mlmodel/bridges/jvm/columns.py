"""Columns as bytes, and bytes as columns: the form that ``Given.java`` describes."""

from __future__ import annotations

import gc
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.frames import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Kind", "NotWritten", "read", "written"]

#: The basic types of MLeap that have a size -> numpy's dtypes.
DTYPES: Mapping[str, Any] = {
    "boolean": np.dtype("?"), "byte": np.dtype("i1"), "short": np.dtype("<i2"),
    "int": np.dtype("<i4"), "long": np.dtype("<i8"), "float": np.dtype("<f4"),
    "double": np.dtype("<f8"),
}  # fmt: skip
#: Those that no type of a column is as narrow as.
_NARROW = frozenset({"byte", "short"})
_END = np.dtype("<i4")
#: From so many rows on the collector of garbage takes longer than making their lists does.
_MANY = 1000


class NotWritten(ValueError):
    """Why a cell cannot be written, as the end of a sentence, and its row."""

    def __init__(self, kind: Kind, row: int, why: str) -> None:
        super().__init__(why)
        self.kind, self.row = kind, row


@dataclass(frozen=True, slots=True)
class Kind:
    """A column of a bundle: cells of a basic type, each alone, in lists or in tensors."""

    name: str
    type: str
    shape: str = "scalar"
    nullable: bool = True
    dimensions: tuple[int, ...] = ()
    #: Of an input: whether whoever takes it takes null, or NaN.
    takes_null: bool = False
    takes_nan: bool = False
    #: Of an output: whether no stage takes it.
    last: bool = True

    @property
    def has_open_axes(self) -> bool:
        """Whether several axes are open (-1): then the number of values says no sizes."""
        return self.dimensions.count(-1) > 1

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Kind:
        """Return the column that the bridge describes."""
        return cls(**{**said, "dimensions": tuple(said["dimensions"])})


def written(kind: Kind, cells: np.ndarray[Any, Any]) -> Iterator[bytes]:
    """Give the bytes of a column whose cells are of its type already.

    Raises:
        NotWritten: a cell has no such bytes.

    """
    dtype = DTYPES.get(kind.type)
    if kind.shape == "scalar" and dtype is not None and cells.dtype.kind in "biuf":
        gaps = np.isnan(cells) if kind.takes_null and cells.dtype.kind == "f" else None
        yield b"\0" if gaps is None or not gaps.any() else b"\1" + gaps.tobytes()
        yield cells.astype(dtype, copy=False).tobytes()
        return
    missing = pd.isna(cells)
    values = cells.tolist()
    if missing.any():
        yield b"\1" + missing.tobytes()
        values = [None if out else one for one, out in zip(values, missing, strict=True)]
    else:
        yield b"\0"
    given = values
    if kind.shape != "scalar":
        several = [_flat(kind, row, one) for row, one in enumerate(values)]
        yield _ends(len(flat) for _, flat in several)
        if kind.has_open_axes:
            yield np.array([sizes for sizes, _ in several], _END).tobytes()
        values = [one for _, flat in several for one in flat]
    elif kind.type in _NARROW:
        for row, one in enumerate(values):
            _require_held(kind, row, [one])
    try:
        yield from _values(kind, values)
    except UnicodeEncodeError:
        raise NotWritten(kind, _row_of_no_text(given), "has half a pair of UTF-16") from None


def _flat(kind: Kind, row: int, cell: Any) -> tuple[Sequence[int], list[Any]]:
    """Return the sizes of a list or tensor, which the bundle's have room for, and its values."""
    wanted = kind.dimensions or (-1,)
    if cell is None:
        return [0] * len(wanted), []
    try:
        held = _axes(kind, cell)
    except ValueError:  # numpy's word for lists of several sizes beside each other
        raise NotWritten(kind, row, "has lists of several sizes, or a null, in it") from None
    if not _fits(held.shape, wanted):
        raise NotWritten(
            kind, row, f"has values of {_sizes(held.shape)}, and the bundle takes {_sizes(wanted)}"
        )
    flat: list[Any] = held.ravel().tolist()
    if held.dtype.kind == "O" and None in flat:
        raise NotWritten(kind, row, "has a null in it")
    if kind.type in _NARROW:
        _require_held(kind, row, flat)
    return [*held.shape, *(max(size, 0) for size in wanted[held.ndim :])], flat


def _axes(kind: Kind, cell: Any) -> np.ndarray[Any, Any]:
    """Return the values of a cell with their axes; texts stay what they are."""
    if kind.type in DTYPES:
        return np.asarray(cell)
    return np.array(cell, object) if len(kind.dimensions) > 1 else object_array(cell)


def _fits(sizes: Sequence[int], wanted: Sequence[int]) -> bool:
    """Return whether axes have the sizes wanted, of which -1 is any."""
    if len(sizes) == len(wanted):
        return all(due in {-1, size} for due, size in zip(wanted, sizes, strict=True))
    return sizes == (0,) and wanted[0] == -1  # no lists, so nobody can say of which sizes


def _sizes(sizes: Sequence[int]) -> str:
    """Return the sizes of axes, as MLeap and messages say them."""
    return f"[{', '.join(map(str, sizes))}]"


def _require_held(kind: Kind, row: int, values: Sequence[Any]) -> None:
    """Go on where a type of few bits, which columns do not have, holds the integers."""
    limits = np.iinfo(DTYPES[kind.type])
    if any(one is not None and not limits.min <= one <= limits.max for one in values):
        raise NotWritten(kind, row, f"has integers that a {kind.type} does not hold")


def _values(kind: Kind, values: Sequence[Any]) -> Iterator[bytes]:
    dtype = DTYPES.get(kind.type)
    if dtype is not None:
        yield np.array([0 if one is None else one for one in values], dtype).tobytes()
        return
    if kind.type == "bytes":
        pieces = [b"" if one is None else bytes(one) for one in values]
        yield _ends(map(len, pieces))
        yield b"".join(pieces)
        return
    held = ["" if one is None else one for one in values]
    joined = "".join(held)
    if joined.isascii():
        yield _ends(map(len, held))
        yield joined.encode()
        return
    pieces = [one.encode() for one in held]
    yield _ends(map(len, pieces))
    yield b"".join(pieces)


def _row_of_no_text(cells: Sequence[Any]) -> int:
    """Return the first row with half a pair of UTF-16, which no bytes of UTF-8 say."""
    return next(row for row, cell in enumerate(cells) if _has_half(cell))


def _has_half(cell: Any) -> bool:
    if isinstance(cell, str):
        return any("\ud800" <= one <= "\udfff" for one in cell)
    return cell is not None and any(map(_has_half, cell))


def _ends(sizes: Iterable[int]) -> bytes:
    return np.array([0, *accumulate(sizes)], _END).tobytes()


class _Bytes:
    """Bytes that are read from their beginning on."""

    def __init__(self, data: Any, start: int) -> None:
        self._data, self._at = data, start

    def array(self, dtype: Any, count: int) -> Any:
        found = np.frombuffer(self._data, dtype, count, self._at)
        self._at += found.nbytes
        return found

    def ends(self, count: int) -> Any:
        return self.array(_END, count + 1)


def read(data: Any, start: int, kinds: Sequence[Kind]) -> dict[str, Any]:
    """Return the columns in bytes, by name; they begin with the number of rows."""
    given = _Bytes(data, start)
    rows = int(given.array(_END, 1)[0])
    with _not_collecting() if rows >= _MANY else nullcontext():
        return {kind.name: _column(given, kind, rows) for kind in kinds}


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Keep Python from looking for garbage in lists that are just made, over and over."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _column(given: _Bytes, kind: Kind, rows: int) -> Any:
    missing = given.array(np.dtype("?"), rows) if given.array(np.uint8, 1)[0] else None
    if kind.shape == "scalar":
        values = _read_values(given, kind, rows)
        return values.copy() if missing is None else masked(values, missing)
    ends = given.ends(rows)
    if kind.has_open_axes:
        axes = len(kind.dimensions)
        sizes = given.array(_END, rows * axes).reshape(rows, axes)
        cells = _tensors(_read_values(given, kind, int(ends[-1])), ends, sizes)
    else:
        cells = _lists(_read_values(given, kind, int(ends[-1])), ends, kind.dimensions)
    return cells if missing is None else masked(cells, missing)


def _read_values(given: _Bytes, kind: Kind, count: int) -> Any:
    dtype = DTYPES.get(kind.type)
    if dtype is not None:
        return given.array(dtype, count)
    ends = given.ends(count).tolist()
    held = given.array(np.uint8, ends[-1]).tobytes()
    pieces = [held[start:end] for start, end in pairwise(ends)]
    return object_array([one.decode() for one in pieces] if kind.type == "string" else pieces)


def _tensors(values: Any, ends: Any, sizes: Any) -> Any:
    """Return the tensors of each row as lists, each of its own sizes."""
    places = zip(pairwise(ends.tolist()), sizes.tolist(), strict=True)
    return object_array([values[start:end].reshape(size).tolist() for (start, end), size in places])


def _lists(values: Any, ends: Any, dimensions: Sequence[int]) -> Any:
    """Return the lists of each row; those of one size are cut at once."""
    rows = len(ends) - 1
    size = int(ends[1]) if rows else 0
    if size and (rows == 1 or np.array_equal(ends, np.arange(rows + 1) * size)):
        shape = dimensions if len(dimensions) > 1 else (size,)
        return object_array(values.reshape(rows, *shape).tolist())
    places = ends.tolist()
    cells = [values[start:end] for start, end in pairwise(places)]
    if len(dimensions) > 1:
        cells = [cell.reshape(dimensions) if cell.size else cell for cell in cells]
    return object_array([cell.tolist() for cell in cells])
