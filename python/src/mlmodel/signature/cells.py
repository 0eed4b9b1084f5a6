"""Untyped cells (JSON values, CSV texts) read at the declared type, exactly or not at all.

Numbers are read by :func:`packed`, one pass in C that takes nothing else for a number, and a look
at the extremes where it could have rounded. Whatever is suspicious then is read by the set of its
cells' types and numpy, and only if that fails are the cells looked at one by one, to name the row
that is to blame.

orjson reads an integer literal of 2^64 or more as a float. A float of that size is therefore in
doubt: :class:`Doubt` asks the caller to parse the body again, keeping what was written.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlmodel.errors import InputViolation, shown
from mlmodel.signature.datetimes import read_datetimes
from mlmodel.signature.names import invalid_input
from mlmodel.signature.types import DataType, NestedType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

__all__ = [
    "DOUBTFUL",
    "Doubt",
    "Reader",
    "doubles",
    "filler",
    "infer_column",
    "object_array",
    "packed",
]

_NONE = type(None)
_DOUBLE = np.dtype(np.float64)
_FLOAT = frozenset({float})
_INT = frozenset({int})
_BOOL = frozenset({bool})
_NUMBERS = frozenset({float, int})
_NUMBERS_OR_NULL = frozenset({float, int, _NONE})
_TEXT_OR_NULL = frozenset({str, _NONE})
_WITHOUT_ELEMENTS = frozenset({str, int, float, bool, bytes, _NONE, dict})

#: Every integer below this size is exact in a double.
_EXACT = 2**53
#: From this size on a float may have been an integer literal that orjson could not hold.
DOUBTFUL = 2.0**63
#: Up to this many cells plain Python finds the extremes of a row faster than numpy.
_FEW = 64
#: How many cells are packed at once: as arguments of a call they are held a second time.
_AT_ONCE = 2**16
_FILLERS: dict[Any, Any] = {DataType.boolean: False, DataType.integer: 0, DataType.long: 0}
#: The same by the kind of a tensor's dtype; the others take None.
_FLAT_FILLERS: dict[str, Any] = {"b": False, "i": 0, "u": 0, "U": "", "S": ""}
_ADVICE = "a column of integers with missing values is declared double"

#: A fault of one cell: the rule and the reason, or None.
Fault = tuple[str, str] | None


class Doubt(Exception):
    """The fast parse may have changed a number; the body must be parsed exactly."""


@dataclass(slots=True)
class Reader:
    """Reads columns and collects what is wrong with them.

    ``exact`` says that the numbers are those written (no :class:`Doubt` is raised); ``literals``
    holds, by value, the decimal literals that an exact parse met (ENF-046); ``rules`` the ids of
    a form's own rules by those of JSON that they stand in for.
    """

    exact: bool = False
    literals: dict[float, set[str]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    violations: list[InputViolation] = field(default_factory=list)

    def column(
        self, cells: Sequence[Any], kind: DataType | NestedType, name: str | int
    ) -> npt.NDArray[Any]:
        """Return the cells as a one-dimensional array of the type's delivered dtype (ENF-002).

        Violations are collected; the array then holds something of the right length.
        """
        if isinstance(kind, NestedType):
            self.doubt(cells)
            return object_array(cells)
        read: npt.NDArray[Any] = _COLUMN_READERS[kind](self, cells, name)
        return read

    def nullable(
        self, cells: Sequence[Any], kind: DataType | NestedType, name: str | int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
        """Read a column declared with ``required: false``: values, and a mask of missing cells.

        The mask (True = missing) is there only for the types whose dtype cannot say it.
        """
        filler = _FILLERS.get(kind)
        if filler is None or None not in cells:
            return self.column(cells, kind, name), None
        mask = np.fromiter((cell is None for cell in cells), bool, len(cells))
        filled = [filler if cell is None else cell for cell in cells]
        return self.column(filled, kind, name), mask

    def flat(self, cells: Sequence[Any], dtype: np.dtype[Any], name: str | int) -> Any:
        """Return a tensor's cells as a one-dimensional array of its dtype (ENF-075), or None.

        None says that no cell of JSON can be of this dtype.
        """
        if dtype.kind in "iu":
            return _integers(self, cells, name, dtype, dtype.name)
        if dtype.kind == "f" and dtype.itemsize <= np.dtype(np.float64).itemsize:
            return _floats(self, cells, name, dtype, dtype.name)
        read = _FLAT_READERS.get(dtype.kind)
        return None if read is None else read(self, cells, name, dtype)

    def doubt(self, cells: Iterable[Any]) -> None:
        """Ask for the exact path if a float may have been an integer literal.

        Raises:
            Doubt: one may, and the numbers are not known to be those written.

        """
        if not self.exact and any(
            type(cell) is float and not -DOUBTFUL < cell < DOUBTFUL for cell in cells
        ):
            raise Doubt

    def each(
        self,
        cells: Sequence[Any],
        name: str | int,
        expected: str,
        fault: Callable[[Any], Fault],
    ) -> None:
        """Look at the cells one by one."""
        found = ((row, fault(cell)) for row, cell in enumerate(cells))
        self.add(((row, *fault) for row, fault in found if fault), cells, name, expected)

    def add(
        self,
        faults: Iterable[tuple[int, str, str]],
        cells: Sequence[Any],
        name: str | int,
        expected: str,
    ) -> None:
        """Collect (row, rule, reason) triples: the first row for each rule (ENF-003)."""
        seen: set[str] = set()
        for row, broken, reason in faults:
            rule = self.rules.get(broken, broken)
            if rule in seen:
                continue
            seen.add(rule)
            got = shown(cells[row])
            message = f"Input {name!r}, row {row}: {expected} is declared, {got} given; {reason}."
            self.violations.append(InputViolation(rule, message, name, row, expected, got))

    def finish(self) -> None:
        """Raise what was found.

        Raises:
            InvalidInput: something was.

        """
        if self.violations:
            raise invalid_input(self.violations)


def filler(kind: DataType | NestedType | np.dtype[Any]) -> Any:
    """Return a cell that every column or tensor of a type takes, for one that is missing."""
    if isinstance(kind, np.dtype):
        return _FLAT_FILLERS.get(kind.kind)
    return _FILLERS.get(kind)


def packed(cells: Sequence[Any], code: Literal["d", "q"]) -> npt.NDArray[Any] | None:
    """Return integers as int64 ("q") or numbers as float64 ("d"); None for anything else.

    Integers of 2^53 and more may have been rounded to float64. ``struct`` is twice as fast as
    numpy, and takes neither text nor None for a number. Booleans it does take, as 0 or 1: of the
    cells that have become that, the types are looked at. (Of what a form can bring only Decimal
    is taken besides, and those stand for numbers that become infinite.)
    """
    values = np.empty(len(cells), np.float64 if code == "d" else np.int64)
    try:
        for start in range(0, len(cells), _AT_ONCE):
            part = cells[start : start + _AT_ONCE]
            struct.pack_into(f"{len(part)}{code}", values.data, start * values.itemsize, *part)
    except (struct.error, OverflowError):
        return None
    suspects: Iterable[Any] = cells
    if len(cells) > _FEW:
        suspects = map(cells.__getitem__, np.flatnonzero((values == 0) | (values == 1)).tolist())
    return None if bool in map(type, suspects) else values


def doubles(cells: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """Return numbers as float64; None if one is none, or is so large that it may be rounded."""
    values = packed(cells, "d")
    return values if values is not None and _all_below(cells, values, _EXACT) else None


def object_array(cells: Sequence[Any]) -> npt.NDArray[Any]:
    """Return a one-dimensional object array, whatever the cells are."""
    array = np.empty(len(cells), object)
    if _WITHOUT_ELEMENTS.issuperset(map(type, cells)):
        array[:] = cells
        return array
    # Assigned as a whole, numpy would take the cells' elements for an inner axis.
    for place, cell in enumerate(cells):
        array[place] = cell
    return array


def infer_column(reader: Reader, cells: Sequence[Any]) -> npt.NDArray[Any]:
    """Return cells for which nothing is declared at the dtype that holds them exactly (RST-012)."""
    kinds = set(map(type, cells))
    if kinds == _FLOAT:
        wide = np.array(cells, np.float64)
        if _all_below(cells, wide, DOUBTFUL):
            return wide
    reader.doubt(cells)
    if kinds == _INT and min(cells) >= -(2**63) and max(cells) < 2**63:
        return np.array(cells, np.int64)
    if kinds == _BOOL:
        return np.array(cells, bool)
    numbers = kinds <= _NUMBERS_OR_NULL and bool(kinds & _NUMBERS)
    if numbers and not any(_float_fault(cell, _DOUBLE) for cell in cells if type(cell) is int):
        return np.array(cells, np.float64)
    return object_array(cells)


# -- columns: one reader per type ------------------------------------------------------------


def _boolean(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    if _BOOL.issuperset(map(type, cells)):
        return np.array(cells, bool)
    reader.each(cells, name, "boolean", _boolean_fault)
    return np.zeros(len(cells), bool)


def _integers(
    reader: Reader, cells: Sequence[Any], name: str | int, dtype: np.dtype[Any], expected: str
) -> npt.NDArray[Any]:
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    values = packed(cells, "q")
    if values is not None and (
        dtype == values.dtype
        or not values.size
        or (low <= int(values.min()) and int(values.max()) <= high)
    ):
        return values.astype(dtype, copy=False)
    # An unsigned integer may be too large to be packed.
    if _INT.issuperset(map(type, cells)) and (
        not cells or (low <= min(cells) and max(cells) <= high)
    ):
        return np.array(cells, dtype)
    reader.doubt(cells)
    reader.each(cells, name, expected, lambda cell: _integer_fault(cell, low, high))
    return np.zeros(len(cells), dtype)


def _floats(
    reader: Reader, cells: Sequence[Any], name: str | int, dtype: np.dtype[Any], expected: str
) -> npt.NDArray[Any]:
    wide = doubles(cells)
    if wide is not None and dtype == wide.dtype:
        return wide
    kinds = set(map(type, cells))
    try:
        if wide is None and kinds <= _NUMBERS_OR_NULL:
            wide = np.array(cells, np.float64)
    except OverflowError:
        pass
    if wide is None or not _all_below(cells, wide, DOUBTFUL):
        reader.doubt(cells)
    if wide is None:
        reader.each(cells, name, expected, lambda cell: _float_fault(cell, dtype))
        return np.zeros(len(cells), dtype)
    if dtype == wide.dtype:
        if int in kinds and not _all_below(cells, wide, _EXACT):
            reader.each(cells, name, expected, lambda cell: _float_fault(cell, dtype))
        return wide
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = wide.astype(dtype)
        gap = wide - narrow
        if int in kinds or bool(np.isinf(gap).any()):
            reader.each(cells, name, expected, lambda cell: _float_fault(cell, dtype))
        if float in kinds and bool(gap.any()):
            _untie(reader, wide, narrow, name)
    return narrow


def _untie(reader: Reader, wide: Any, narrow: Any, name: str | int) -> None:
    """Round the decimal literals that the double has brought to a tie (ENF-046).

    A double halfway between two narrower floats may itself be rounded: going by it would round
    twice. The literal says on which side it stands.
    """
    gap = wide - narrow
    beyond = np.nextafter(narrow, np.where(gap > 0, np.inf, -np.inf).astype(narrow.dtype))
    rows = np.flatnonzero((gap != 0) & (beyond.astype(np.float64) - wide == gap)).tolist()
    if rows and not reader.exact:
        raise Doubt
    for row in rows:
        middle = Decimal(float(wide[row]))
        written = [Decimal(text) for text in reader.literals.get(float(wide[row]), ())]
        sides = {(text > middle) - (text < middle) for text in written}
        if len(sides) > 1:
            reason = "another number of the request rounds to the same double, but not to this"
            faults = [(row, "ENF-046", f"{reason} float; write fewer digits")]
            reader.add(faults, wide.tolist(), name, narrow.dtype.name)
        elif (1 if gap[row] > 0 else -1) in sides:
            narrow[row] = beyond[row]


def _string(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    if not _TEXT_OR_NULL.issuperset(map(type, cells)):
        reader.each(cells, name, "string", _string_fault)
        return object_array(cells)
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


def _binary(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    read: list[bytes | None] = []

    def fault(cell: Any) -> Fault:
        try:
            read.append(None if cell is None else _decoded(cell))
        except ValueError:
            read.append(None)
            return _binary_fault(cell)
        return None

    reader.each(cells, name, "binary", fault)
    return object_array(read)


def _datetime(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    values, faults = read_datetimes(cells)
    reader.add(faults, cells, name, "datetime")
    return values


def _decoded(cell: Any) -> bytes:
    if type(cell) is not str:
        raise ValueError
    read = b64decode(cell, validate=True)
    # Python skips bits that stand in the padding; what was written must come back (ENF-052).
    if b64encode(read).decode("ascii") != cell:
        raise ValueError
    return read


_COLUMN_READERS: dict[DataType, Callable[[Reader, Sequence[Any], str | int], Any]] = {
    DataType.boolean: _boolean,
    DataType.integer: lambda r, c, n: _integers(r, c, n, np.dtype(np.int32), "integer"),
    DataType.long: lambda r, c, n: _integers(r, c, n, np.dtype(np.int64), "long"),
    DataType.float: lambda r, c, n: _floats(r, c, n, np.dtype(np.float32), "float"),
    DataType.double: lambda r, c, n: _floats(r, c, n, np.dtype(np.float64), "double"),
    DataType.string: _string,
    DataType.binary: _binary,
    DataType.datetime: _datetime,
}


# -- tensors: by the kind of the dtype (ENF-075) -----------------------------------------------


def _flat_text(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    if _refuse_null(reader, cells, name, dtype):
        return np.array([], dtype)
    return np.array(_string(reader, cells, name).tolist(), dtype=str)


def _flat_bytes(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    if _refuse_null(reader, cells, name, dtype):
        return np.array([], dtype)
    read = _binary(reader, cells, name)
    # numpy's fixed-width bytes drop trailing zeros, so such values stay objects.
    return read if any(b is not None and b.endswith(b"\0") for b in read) else read.astype(bytes)


def _flat_datetime(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    values = _datetime(reader, cells, name)
    read = values.astype(dtype)
    back = read.astype(values.dtype)
    lost = np.flatnonzero((back != values) & ~np.isnat(values)).tolist()
    reason = f"{dtype.name} cannot hold it exactly"
    reader.add(((row, "ENF-040", reason) for row in lost), cells, name, dtype.name)
    return read


def _refuse_null(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> bool:
    if _NONE not in map(type, cells):
        return False
    reason = "a tensor of this dtype has no missing values"
    reader.each(cells, name, dtype.name, lambda cell: ("ENF-075", reason) if cell is None else None)
    return True


_FLAT_READERS: dict[str, Callable[[Reader, Any, Any, Any], Any]] = {
    "b": lambda reader, cells, name, _: _boolean(reader, cells, name),
    "O": lambda reader, cells, name, _: _string(reader, cells, name),
    "U": _flat_text,
    "S": _flat_bytes,
    "M": _flat_datetime,
}


# -- what is wrong with one cell -----------------------------------------------------------------


def _boolean_fault(cell: Any) -> Fault:
    if type(cell) is bool:
        return None
    if cell is None:
        return "ENF-044", "boolean has no missing values; " + _ADVICE
    return _nested_fault(cell) or ("ENF-041", "it is true or false and nothing else")


def _integer_fault(cell: Any, low: int, high: int) -> Fault:
    if type(cell) is int:
        fits = low <= cell <= high
        return None if fits else ("ENF-043", f"the type goes from {low} to {high}")
    if cell is None:
        return "ENF-044", "integers have no missing values; " + _ADVICE
    if type(cell) is Decimal and cell.as_tuple().exponent == 0:
        return "ENF-043", f"the type goes from {low} to {high}"
    if type(cell) in (float, Decimal):
        return "ENF-042", "it is written without fraction and exponent"
    return _nested_fault(cell) or _not_a_number(cell)


def _float_fault(cell: Any, dtype: np.dtype[Any]) -> Fault:
    if cell is None:
        return None
    if type(cell) is int:
        try:
            with np.errstate(over="ignore"):
                exact = int(dtype.type(cell)) == cell
        except OverflowError:
            exact = False
        return None if exact else ("ENF-045", f"{dtype.name} cannot hold this integer exactly")
    if type(cell) is Decimal:
        return "ENF-047", f"it is beyond the largest {dtype.name}"
    if type(cell) is float:
        with np.errstate(over="ignore"):
            infinite = np.isinf(dtype.type(cell)) and abs(cell) != np.inf
        return ("ENF-047", f"it is beyond the largest {dtype.name}") if infinite else None
    return _nested_fault(cell) or _not_a_number(cell)


def _string_fault(cell: Any) -> Fault:
    if cell is None or type(cell) is str:
        return None
    return _nested_fault(cell) or ("ENF-050", "it is text, in quotes")


def _binary_fault(cell: Any) -> Fault:
    return _nested_fault(cell) or ("ENF-052", "it is base64 text with full padding")


def _nested_fault(cell: Any) -> Fault:
    if type(cell) in (list, dict):
        return "ENF-057", "a cell of this type holds one value"
    return None


def _not_a_number(cell: Any) -> Fault:
    what = _WORDS.get(type(cell), type(cell).__name__)
    return "ENF-049", f"{what} is not turned into a number"


_WORDS: dict[type, str] = {str: "text", bool: "a boolean"}


def _all_below(cells: Sequence[Any], values: npt.NDArray[Any], limit: float) -> bool:
    if 0 < len(cells) <= _FEW and None not in cells:
        return bool(max(cells) < limit and min(cells) > -limit)
    # Not "not below": NaN stands for null here, and is no large number.
    return not bool((values >= limit).any() or (values <= -limit).any())
