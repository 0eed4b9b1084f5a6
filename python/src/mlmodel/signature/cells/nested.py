"""Cells of nested types, read at every depth (ENF-032 to ENF-039).

A column of lists of objects is taken apart level by level: all items of all lists become one
column of items, all values of a property one column of values. So each scalar type is read by
the reader that columns of that type have, as fast and by the same rules, and only a fault is
followed back to the row and the place in it (``[3].price``).

What is right already is handed on as the very object; only what must be converted is made anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlmodel.errors import InputViolation, shown
from mlmodel.signature.data.columns import Column
from mlmodel.signature.types.nested import Array, Map, Object, is_opaque, leaf_of
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import NOT_LOOKED_FOR, Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from mlmodel.signature.types.nested import Property

__all__ = ["Leaves", "depth_of", "moved", "read_nested"]

#: From the number of a cell at some depth to its row (None: there are no rows) and its place there.
Locate = Callable[[int], tuple[int | None, str]]

_NONE = frozenset({type(None)})
_NUMBERS = INTEGERS | FLOATS
#: What a cell of each scalar type is if it needs no conversion.
_FINISHED: dict[DataType, frozenset[type]] = {
    kind: frozenset({kind.traits.python})
    | (_NONE if kind.traits.dtype == "object" else frozenset())
    for kind in DataType
    if kind.traits.as_given
}


class Leaves(Protocol):
    """How scalars are read: those of Python and numpy in one way, those of JSON in another."""

    @property
    def null(self) -> str:
        """How a missing cell is shown."""

    def is_missing(self, cell: Any) -> bool:
        """Return whether the cell stands for a missing value."""

    def cells(self, column: Column[list[Any]], spec: ColSpec, found: Findings) -> tuple[Any, Any]:
        """Return a list of cells as an array of the delivered dtype, and a mask of missing ones."""

    def array(self, column: Column[npt.NDArray[Any]], spec: ColSpec, found: Findings) -> Any:
        """Return a one-dimensional array, which has a dtype to go by, in the delivered dtype."""


def depth_of(value: Any) -> int:
    """Return how many lists or axes stand within each other, by the first that is not empty."""
    depth = 0
    while isinstance(value, list | tuple | np.ndarray):
        if isinstance(value, np.ndarray) and value.dtype != object:
            return depth + value.ndim
        depth += 1
        empty = next((item for item in value if item is not None), None)
        value = next((item for item in value if item is not None and not _is_empty(item)), empty)
    return depth


def _is_empty(value: Any) -> bool:
    return (
        not value.size
        if isinstance(value, np.ndarray)
        else isinstance(value, list | tuple) and not value
    )


def read_nested(
    column: Column[list[Any]], spec: ColSpec, leaves: Leaves, found: Findings
) -> list[Any]:
    """Return the list of cells of a column of a nested type as the model gets them (ENF-039).

    It is the very list if nothing had to be converted. What is wrong is added to ``found``, at
    most one per rule and declared place; what is returned then means nothing.
    """
    cells: list[Any] = column.values
    return _NestedReader(column.label, leaves, found).read(cells, spec, lambda row: (row, ""))


def moved(violation: InputViolation, label: str, row: int | None, **changes: Any) -> InputViolation:
    """Return the violation as one of another place; ``label`` says which, as the message begins."""
    head = f"Input {violation.column!r}" + (
        "" if violation.row is None else f", row {violation.row}"
    )
    message = label + violation.message.removeprefix(head)
    return replace(violation, message=message, row=row, **changes)


@dataclass(slots=True)
class _NestedReader:
    label: str | int
    leaves: Leaves
    found: Findings

    def read(self, cells: list[Any], spec: ColSpec, locate: Locate) -> list[Any]:
        kind = spec.type
        if isinstance(kind, DataType):
            return self._scalars(cells, spec, kind, locate)
        level = _Level(self, cells, spec, locate)
        if isinstance(kind, Array):
            return level.arrays(kind)
        if isinstance(kind, Object):
            return level.objects(kind)
        return level.maps(kind) if isinstance(kind, Map) else cells

    def where(self, row: int | None, place: str) -> str:
        inner = f", at {place.removeprefix('.')}" if place else ""
        return f"Input {self.label!r}{'' if row is None else f', row {row}'}{inner}"

    def _scalars(
        self, cells: list[Any], spec: ColSpec, kind: DataType, locate: Locate
    ) -> list[Any]:
        finished = _FINISHED.get(kind, frozenset())
        is_finished = set(map(type, cells)) <= (finished if spec.required else finished | _NONE)
        # Of a number the type does not say whether it is within the range.
        if is_finished and kind not in _NUMBERS:
            return cells
        found = Findings()
        array, mask = self.leaves.cells(Column(cells, None, self.label), spec, found)
        for violation in found:
            if violation.rule == NOT_LOOKED_FOR:
                self.found.append(violation)
            else:
                self.add(violation, *locate(violation.row or 0))
        if found or is_finished:
            return cells
        values = list(array) if kind is DataType.datetime else array.tolist()
        if mask is None:
            return values
        return [None if gap else value for gap, value in zip(mask.tolist(), values, strict=True)]

    def add(self, violation: InputViolation, row: int | None, place: str) -> None:
        self.found.append(moved(violation, self.where(row, place), row))


class _Level:
    """The cells at one declared place, which are arrays, objects or maps."""

    def __init__(
        self, reader: _NestedReader, cells: list[Any], spec: ColSpec, locate: Locate
    ) -> None:
        self.reader = reader
        self.cells = cells
        self.spec = spec
        self.locate = locate
        self.made: list[Any] | None = None
        self.broken: set[str] = set()

    def fault(self, at: int, rule: str, reason: str, place: str = "") -> None:
        """Add a violation of the cell ``at``: the first one of each rule."""
        if rule in self.broken:
            return
        self.broken.add(rule)
        row, above = self.locate(at)
        declared, cell = self.spec.type.value, self.cells[at]
        got = self.reader.leaves.null if cell is None else shown(cell)
        where = self.reader.where(row, above + place)
        message = f"{where}: expected {declared}, got {got}; {reason}."
        label = self.reader.label
        self.reader.found.append(InputViolation(rule, message, label, row, declared, got))

    def put(self, at: int, value: Any) -> None:
        """Deliver another value than the cell that was given."""
        if self.made is None:
            self.made = list(self.cells)
        self.made[at] = value

    def done(self) -> list[Any]:
        return self.cells if self.made is None else self.made

    def missing(self, at: int, rule: str, due: str) -> None:
        """Take a cell that is not an array or object: it is missing, or wrong."""
        cell = self.cells[at]
        if not self.reader.leaves.is_missing(cell):
            self.fault(at, rule, f"give {due}")
        elif self.spec.required:
            self.fault(at, "ENF-037", "only a value declared with required: false may be missing")
        elif cell is not None:
            self.put(at, None)

    # -- arrays -----------------------------------------------------------------------------

    def arrays(self, kind: Array) -> list[Any]:
        if self._are_typed(kind):
            return self.cells
        lists = []
        for at, cell in enumerate(self.cells):
            if type(cell) is list:
                lists.append(at)
            elif isinstance(cell, np.ndarray) and cell.ndim and cell.dtype != object:
                self._typed_array(at, cell, kind)
            elif isinstance(cell, tuple | list) or (isinstance(cell, np.ndarray) and cell.ndim):
                lists.append(at)
            else:
                self.missing(at, "ENF-033", "a list")
        items = list(chain.from_iterable([self.cells[at] for at in lists]))
        ends = list(accumulate(len(self.cells[at]) for at in lists))

        def locate(number: int) -> tuple[int | None, str]:
            which = bisect_right(ends, number)
            row, place = self.locate(lists[which])
            return row, f"{place}[{number - (ends[which - 1] if which else 0)}]"

        read = self.reader.read(items, ColSpec(kind.dtype), locate)
        start = 0
        for at, end in zip(lists, ends, strict=True):
            if read is not items or isinstance(self.cells[at], tuple):
                self.put(at, read[start:end])
            start = end
        return self.done()

    def _are_typed(self, kind: Array) -> bool:
        """Return whether all cells are arrays of the declared dtype and depth."""
        if not {np.ndarray}.issuperset(map(type, self.cells)):
            return False
        leaf, depth = leaf_of(kind)
        if not isinstance(leaf, DataType) or leaf.traits.dtype == "object":
            return False
        return {(leaf.to_pandas(), depth)}.issuperset((c.dtype, c.ndim) for c in self.cells)

    def _typed_array(self, at: int, array: Any, kind: Array) -> None:
        """Take an array that has a dtype: it goes by that (ENF-038)."""
        leaf, depth = leaf_of(kind)
        if is_opaque(leaf):
            return
        if array.ndim != depth or not isinstance(leaf, DataType):
            due = f"a list of {leaf.value}" if depth == 1 else f"an array of {depth} axes"
            self.fault(at, "ENF-033", f"give {due}")
            return
        if array.dtype == leaf.to_pandas():
            return
        found = Findings()
        flat = Column(array.reshape(-1), None, self.reader.label)
        read = self.reader.leaves.array(flat, ColSpec(leaf), found)
        row, place = self.locate(at)
        for violation in found:
            if violation.rule not in self.broken:
                self.broken.add(violation.rule)
                inner = _axes_step(violation.row, array.shape)
                said = violation.message.replace("a column of ", "an array of ", 1)
                self.reader.add(replace(violation, message=said), row, place + inner)
        if not found:
            self.put(at, read.reshape(array.shape))

    # -- objects and maps -------------------------------------------------------------------

    def _mappings(self, rule: str, due: str) -> list[int]:
        there = []
        for at, cell in enumerate(self.cells):
            if isinstance(cell, dict):
                there.append(at)
            else:
                self.missing(at, rule, due)
        return there

    def objects(self, kind: Object) -> list[Any]:
        there = self._mappings("ENF-034", "an object with the declared properties")
        declared = frozenset(one.name for one in kind.properties)
        for at in there:
            unknown = next((key for key in self.cells[at] if key not in declared), None)
            if unknown is not None:
                self.fault(at, "ENF-035", f"it holds {shown(unknown)}, which is not declared")
                break
        for one in kind.properties:
            self._property(one, there)
        return self.done()

    def _property(self, one: Property, there: list[int]) -> None:
        holders = [at for at in there if one.name in self.cells[at]]
        if one.required and len(holders) < len(there):
            held = frozenset(holders)
            at = next(at for at in there if at not in held)
            self.broken.discard("ENF-034")
            self.fault(at, "ENF-034", f"the property {one.name!r} is missing")
        values = [self.cells[at][one.name] for at in holders]

        def locate(number: int) -> tuple[int | None, str]:
            row, place = self.locate(holders[number])
            return row, place + _property_step(one.name)

        read = self.reader.read(values, ColSpec(one.dtype, required=one.required), locate)
        if read is not values:
            for at, value in zip(holders, read, strict=True):
                if self.done()[at] is self.cells[at]:
                    self.put(at, dict(self.cells[at]))
                self.done()[at][one.name] = value

    def maps(self, kind: Map) -> list[Any]:
        there = self._mappings("ENF-036", "an object whose keys are texts")
        for at in there:
            odd = next((key for key in self.cells[at] if not isinstance(key, str)), None)
            if odd is not None:
                self.fault(at, "ENF-036", f"its keys are texts, not {shown(odd)}")
        values = list(chain.from_iterable([self.cells[at].values() for at in there]))
        ends = list(accumulate(len(self.cells[at]) for at in there))

        def locate(number: int) -> tuple[int | None, str]:
            which = bisect_right(ends, number)
            at = there[which]
            key = list(self.cells[at])[number - (ends[which - 1] if which else 0)]
            row, place = self.locate(at)
            return row, f"{place}[{shown(key)}]"

        read = self.reader.read(values, ColSpec(kind.value_type), locate)
        if read is not values:
            start = 0
            for at, end in zip(there, ends, strict=True):
                self.put(at, dict(zip(self.cells[at], read[start:end], strict=True)))
                start = end
        return self.done()


def _property_step(name: str) -> str:
    return f".{name}" if name.isidentifier() else f"[{shown(name)}]"


def _axes_step(number: int | None, shape: Sequence[int]) -> str:
    if number is None:
        return ""
    return "".join(f"[{int(place)}]" for place in np.unravel_index(number, shape))
