"""Untyped cells (JSON values, CSV texts) read at the declared type, exactly or not at all.

Numbers are read by :func:`~mlmodel.signature.data.arrays.packed`, one pass in C that takes nothing
else for a number, and a look at the extremes where it could have rounded. Whatever is suspicious
then is read by the set of its cells' types and numpy, and only if that fails are the cells looked
at one by one, to name the row that is to blame.

orjson reads an integer literal of 2^64 or more as a float. A float of that size is therefore in
doubt: :class:`InexactParse` asks the caller to parse the body again, keeping what was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import repeat
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation, shown
from mlmodel.signature.cells.base64_texts import bytes_of_base64
from mlmodel.signature.cells.datetimes import read_datetimes
from mlmodel.signature.cells.decimals import decimal_of
from mlmodel.signature.cells.faults import (
    Fault,
    binary_fault,
    boolean_fault,
    float_fault,
    integer_fault,
    string_fault,
)
from mlmodel.signature.cells.nested import moved, read_nested
from mlmodel.signature.cells.special import is_nan, with_special_numbers, without_nan
from mlmodel.signature.cells.suspects import (
    Suspects,
    faults_of,
    not_booleans,
    not_floats,
    not_integers,
    not_texts,
)
from mlmodel.signature.data.arrays import (
    EXACT,
    all_below,
    doubles,
    halfway,
    nan_for_none,
    next_to,
    object_array,
    packed,
)
from mlmodel.signature.data.columns import Column
from mlmodel.signature.types.nested import NestedType, is_opaque
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings, not_looked_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy.typing as npt

__all__ = ["DOUBTFUL", "MOST_WRONG", "InexactParse", "Reader", "infer_column"]

_NONE = type(None)
_DOUBLE = np.dtype(np.float64)
_FLOAT = frozenset({float})
_INT = frozenset({int})
_BOOL = frozenset({bool})
_NUMBERS = frozenset({float, int})
_NUMBERS_OR_NULL = frozenset({float, int, _NONE})
_TEXT = frozenset({str})
_TEXT_OR_NULL = frozenset({str, _NONE})
_CONTAINERS = frozenset({dict, list})
_LONG = DataType.long.traits.literals
#: From this size on a float may have been an integer literal that orjson could not hold.
DOUBTFUL = 2.0**63
#: After so many wrong cells of a column of a request, the others are not looked for (RST-109).
MOST_WRONG = 1_000
#: After so many of all columns, the first of each column is.
_MOST_IN_ALL = 20_000
#: How many cells of a nested type are read at once, where each wrong one is wanted.
_TOGETHER = 256


class InexactParse(Exception):
    """The fast parse may have changed a number; the body must be parsed exactly."""


@dataclass(slots=True)
class Reader:
    """Reads columns and collects what is wrong with them.

    ``exact`` says that the numbers are those written (no :class:`InexactParse` is raised);
    ``literals`` holds, by value, the decimal literals that an exact parse met (ENF-046);
    ``rules`` the ids of a form's own rules by those of JSON that they stand in for. ``every``
    collects every wrong cell, where else the first per rule and column is told;
    ``cells_per_row`` is how many cells of a tensor one row has; ``null`` is how a missing cell is
    shown. After ``most`` wrong cells of a column the others are left (RST-109); 0 is no bound, and
    ``left`` is how many of all columns are looked at before only one of each is.
    """

    exact: bool = False
    literals: dict[float, set[str]] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    violations: Findings = field(default_factory=Findings)
    every: bool = False
    cells_per_row: int = 1
    null: str = "null"
    most: int = 0
    left: int = _MOST_IN_ALL

    def column(
        self, cells: Sequence[Any], kind: DataType | NestedType, name: str | int
    ) -> npt.NDArray[Any]:
        """Return the cells as a one-dimensional array of the type's delivered dtype (ENF-002).

        Violations are collected; the array then holds something of the right length.
        """
        if isinstance(kind, NestedType):
            return self._nested(cells, ColSpec(kind), name)
        read: npt.NDArray[Any] = _COLUMN_READERS[kind](self, cells, name)
        return read

    def nullable(
        self, cells: Sequence[Any], kind: DataType | NestedType, name: str | int
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
        """Read a column declared with ``required: false``: values, and a mask of missing cells.

        The mask (True = missing) is there only for the types whose dtype cannot say it.
        """
        if isinstance(kind, NestedType):
            return self._nested(cells, ColSpec(kind, required=False), name), None
        filler = kind.traits.filler
        if filler is None:
            return self.column(cells, kind, name), None
        if kind not in FLOATS:
            cells = without_nan(cells)
        if kind in INTEGERS and float in map(type, cells):
            cells = self._whole(cells)
        if None not in cells:
            return self.column(cells, kind, name), None
        mask = np.array([cell is None for cell in cells], bool)
        filled = [filler if cell is None else cell for cell in cells]
        return self.column(filled, kind, name), mask

    def _whole(self, cells: Sequence[Any]) -> list[Any]:
        """Return integers for the decimals that are whole: what writers make of gaps (ENF-115).

        Raises:
            InexactParse: there are such numbers, and they are not known to be those written.

        """
        whole = {c for c in cells if type(c) is float and c.is_integer() and abs(c) < EXACT}
        if whole and not self.exact:
            raise InexactParse
        # A literal of more digits than a double has may have become whole by rounding.
        kept = {
            cell
            for cell in whole
            if all(decimal_of(text) == Decimal(cell) for text in self.literals.get(cell, ()))
        }
        return [int(c) if type(c) is float and c in kept else c for c in cells]

    def _nested(self, cells: Sequence[Any], spec: ColSpec, name: str | int) -> npt.NDArray[Any]:
        if is_opaque(spec.type):
            self.doubt(cells)
            return object_array(cells)
        if self.every:
            self._every_nested(cells, spec, name)
            return object_array(cells)
        column = Column(list(cells), None, name)
        return object_array(read_nested(column, spec, _JsonLeaves(self), self.violations))

    def _every_nested(self, cells: Sequence[Any], spec: ColSpec, name: str | int) -> None:
        """Look at wrong cells one by one: of several, only the first would be told."""
        wrong = 0
        for start in range(0, len(cells), _TOGETHER):
            found = Findings()
            part = list(cells[start : start + _TOGETHER])
            read_nested(Column(part, None, name), spec, _JsonLeaves(self), found)
            for row, cell in enumerate(part if found else (), start):
                found = Findings()
                read_nested(Column([cell], None, name), spec, _JsonLeaves(self), found)
                if found and self.is_enough(wrong, name):
                    return
                wrong += bool(found)
                self.violations += [moved(one, f"Input {name!r}, row {row}", row) for one in found]
        self.left -= wrong

    def flat(self, cells: Sequence[Any], dtype: np.dtype[Any], name: str | int) -> Any:
        """Return a tensor's cells as a one-dimensional array of its dtype (ENF-075), or None.

        None says that no cell of JSON can be of this dtype.
        """
        if dtype.kind in "iu":
            return _read_integers(self, cells, name, dtype, dtype.name)
        if dtype.kind == "f" and dtype.itemsize <= np.dtype(np.float64).itemsize:
            return _read_floats(self, cells, name, dtype, dtype.name)
        read = _FLAT_READERS.get(dtype.kind)
        return None if read is None else read(self, cells, name, dtype)

    def doubt(self, cells: Sequence[Any]) -> None:
        """Ask for the exact path if a float may have been an integer literal.

        Raises:
            InexactParse: one may, and the numbers are not known to be those written.

        """
        if self.exact or float not in map(type, cells):
            return
        # Neither an infinity nor NaN is written with digits: beyond doubles orjson refuses them.
        if any(type(cell) is float and DOUBTFUL <= abs(cell) < inf for cell in cells):
            raise InexactParse

    def each(
        self,
        cells: Sequence[Any],
        name: str | int,
        expected: str,
        fault: Callable[[Any], Fault],
        suspects: Suspects | None = None,
    ) -> None:
        """Look at the cells one by one, or at those alone that ``suspects`` gives of a part."""
        self.add(faults_of(cells, fault, suspects), cells, name, expected)

    def add(
        self,
        faults: Iterable[tuple[int, str, str]],
        cells: Sequence[Any],
        name: str | int,
        expected: str,
    ) -> None:
        """Collect (cell, rule, reason) triples: the first row for each rule (ENF-003), or all.

        No more of them are asked for than are looked at (RST-109).
        """
        seen: set[str] = set()
        wrong = 0
        for place, broken, reason in faults:
            if self.is_enough(wrong, name):
                break
            wrong += 1
            rule = self.rules.get(broken, broken)
            if rule in seen and not self.every:
                continue
            seen.add(rule)
            got = self.null if cells[place] is None else shown(cells[place])
            row = place // self.cells_per_row
            message = f"Input {name!r}, row {row}: expected {expected}, got {got}; {reason}."
            self.violations.append(InputViolation(rule, message, name, row, expected, got))
        self.left -= wrong

    def is_enough(self, wrong: int, name: str | int | None) -> bool:
        """Return whether a further wrong cell of a column is left, and note it (RST-109)."""
        if not self.most or wrong < min(self.most, max(self.left, 1)):
            return False
        self.violations.append(not_looked_for(wrong, name))
        return True


@dataclass(slots=True)
class _JsonLeaves:
    """How the scalars in cells of nested types are read: as columns of JSON's cells."""

    reader: Reader

    @property
    def null(self) -> str:
        return self.reader.null

    def is_missing(self, cell: Any) -> bool:
        return cell is None or is_nan(cell)

    def cells(self, column: Column[list[Any]], spec: ColSpec, found: Findings) -> tuple[Any, Any]:
        given = self.reader
        reader = Reader(
            given.exact, given.literals, given.rules, found, null=given.null, most=given.most
        )
        if spec.required:
            return reader.column(column.values, spec.type, column.label), None
        return reader.nullable(column.values, spec.type, column.label)

    def array(self, column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
        """Read the elements of an array: JSON has none, a caller may."""
        return self.cells(Column(column.values.tolist(), None, column.label), spec, found)[0]


def infer_column(reader: Reader, cells: Sequence[Any]) -> npt.NDArray[Any]:
    """Return cells for which nothing is declared at the dtype that holds them exactly (RST-012)."""
    kinds = set(map(type, cells))
    if kinds == _FLOAT:
        wide = np.array(cells, np.float64)
        if all_below(cells, wide, DOUBTFUL):
            return wide
    reader.doubt(cells)
    if kinds == _INT and _LONG.low <= min(cells) <= max(cells) <= _LONG.high:
        return np.array(cells, np.int64)
    if kinds == _BOOL:
        return np.array(cells, bool)
    numbers = kinds <= _NUMBERS_OR_NULL and bool(kinds & _NUMBERS)
    if numbers and not any(float_fault(cell, _DOUBLE) for cell in cells if type(cell) is int):
        return np.array(cells, np.float64)
    read = object_array(cells)
    # Lists and objects are nobody's table: they are left as they were written.
    return read if kinds & _CONTAINERS else nan_for_none(read)


# -- columns: one reader per type ------------------------------------------------------------


def _read_booleans(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    if _BOOL.issuperset(map(type, cells)):
        return np.array(cells, bool)
    reader.each(cells, name, "boolean", boolean_fault, not_booleans)
    return np.zeros(len(cells), bool)


def _read_integers(
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
    suspects = partial(not_integers, low, high)
    reader.each(cells, name, expected, lambda cell: integer_fault(cell, low, high), suspects)
    return np.zeros(len(cells), dtype)


def _read_floats(
    reader: Reader, cells: Sequence[Any], name: str | int, dtype: np.dtype[Any], expected: str
) -> npt.NDArray[Any]:
    wide = doubles(cells)
    if wide is not None and dtype == wide.dtype:
        return wide
    numbers = with_special_numbers(cells)
    kinds = set(map(type, numbers))
    try:
        if wide is None and kinds <= _NUMBERS_OR_NULL:
            wide = np.array(numbers, np.float64)
    except OverflowError:
        pass
    if wide is None or not all_below(numbers, wide, DOUBTFUL):
        reader.doubt(cells)
    if wide is None:
        _look_at_floats(reader, cells, name, dtype, expected)
        return np.zeros(len(cells), dtype)
    if dtype == wide.dtype:
        if int in kinds and not all_below(numbers, wide, EXACT):
            _look_at_floats(reader, cells, name, dtype, expected)
        return wide
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = wide.astype(dtype)
        gap = wide - narrow
        if int in kinds or bool(np.isinf(gap).any()):
            _look_at_floats(reader, cells, name, dtype, expected)
        if float in kinds and bool(gap.any()):
            _untie_floats(reader, wide, narrow, name)
    return narrow


def _look_at_floats(
    reader: Reader, cells: Sequence[Any], name: str | int, dtype: np.dtype[Any], expected: str
) -> None:
    suspects = partial(not_floats, dtype)
    reader.each(cells, name, expected, lambda cell: float_fault(cell, dtype), suspects)


def _untie_floats(reader: Reader, wide: Any, narrow: Any, name: str | int) -> None:
    """Round the decimal literals that the double has brought to a tie (ENF-046).

    A double halfway between two narrower floats may itself be rounded: going by it would round
    twice. The literal says on which side it stands.
    """
    gap, beyond = wide - narrow, next_to(wide, narrow)
    rows = np.flatnonzero(halfway(wide, narrow)).tolist()
    if rows and not reader.exact:
        raise InexactParse
    faults = []
    for row in rows:
        middle = Decimal(float(wide[row]))
        written = [decimal_of(text) for text in reader.literals.get(float(wide[row]), ())]
        sides = {(text > middle) - (text < middle) for text in written}
        if len(sides) > 1:
            reason = "another number of the request rounds to the same double, but not to the same"
            faults.append((row, "ENF-046", f"{reason} float; write fewer digits"))
        elif (1 if gap[row] > 0 else -1) in sides:
            narrow[row] = beyond[row]
    reader.add(faults, wide.tolist() if faults else (), name, narrow.dtype.name)


def _read_texts(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    if not _TEXT_OR_NULL.issuperset(map(type, cells)):
        cells = without_nan(cells)
        reader.each(cells, name, "string", string_fault, not_texts)
        return object_array(cells)
    return np.fromiter(cells, object, len(cells))


def _read_binary(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    return _read_base64(reader, without_nan(cells), name)


def _read_base64(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    read: list[bytes | None] = []

    def fault(cell: Any) -> Fault:
        try:
            read.append(None if cell is None else bytes_of_base64(cell))
        except ValueError:
            read.append(None)
            return binary_fault(cell)
        return None

    reader.each(cells, name, "binary", fault)
    return object_array([*read, *repeat(None, len(cells) - len(read))])


def _read_moments(reader: Reader, cells: Sequence[Any], name: str | int) -> npt.NDArray[Any]:
    cells = without_nan(cells)
    values, faults = read_datetimes(cells, reader.most)
    reader.add(faults, cells, name, "datetime")
    return values


_COLUMN_READERS: dict[DataType, Callable[[Reader, Sequence[Any], str | int], Any]] = {
    DataType.boolean: _read_booleans,
    **{
        kind: partial(_read_integers, dtype=kind.to_pandas(), expected=kind.value)
        for kind in INTEGERS
    },
    **{kind: partial(_read_floats, dtype=kind.to_pandas(), expected=kind.value) for kind in FLOATS},
    DataType.string: _read_texts,
    DataType.binary: _read_binary,
    DataType.datetime: _read_moments,
}


# -- tensors: by the kind of the dtype (ENF-075) -----------------------------------------------


def _flat_texts(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    if _TEXT.issuperset(map(type, cells)):
        return np.array(cells, dtype=str)
    if not _refuse_null(reader, cells, name, dtype):
        reader.each(cells, name, "string", string_fault, not_texts)
    return np.array([], dtype)


def _flat_bytes(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    if _refuse_null(reader, cells, name, dtype):
        return np.array([], dtype)
    read = _read_base64(reader, cells, name)
    # numpy's fixed-width bytes drop trailing zeros, so such values stay objects.
    return read if any(b is not None and b.endswith(b"\0") for b in read) else read.astype(bytes)


def _flat_moments(reader: Reader, cells: Any, name: Any, dtype: np.dtype[Any]) -> Any:
    values = _read_moments(reader, cells, name)
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
    "b": lambda reader, cells, name, _: _read_booleans(reader, cells, name),
    "O": lambda reader, cells, name, _: nan_for_none(_read_texts(reader, cells, name)),
    "U": _flat_texts,
    "S": _flat_bytes,
    "M": _flat_moments,
}
