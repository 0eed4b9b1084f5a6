"""Rows and columns of untyped cells -> :class:`Columns` of the declared types.

Shared by every form that holds a table. Columns of one dtype are read and kept as one block;
only a block that the fast reading declines is read column by column, which finds the rows to
blame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import Reader, infer_column
from mlmodel.signature.data.arrays import doubles, packed
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.enforce.matching import match
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.enforce.plan import Plan

__all__ = ["column_names", "from_columns", "from_rows", "is_tensor"]

#: Types whose columns, if a table has no others, are read as one array of rows and columns.
_WHOLE: dict[Any, Callable[[Sequence[Any]], Any]] = {
    DataType.double: doubles,
    DataType.long: partial(packed, code="q"),
}
_NESTED = frozenset({dict, list})
_NAMES = frozenset({str, int})


@dataclass(frozen=True)
class Layout:
    """Where the declared columns stand among the given ones.

    ``specs`` and ``sources`` hold the declared columns that are given, in the order of the
    signature, ``labels`` what errors call them; ``violations`` says what is wrong with the names
    alone, and ``declared`` holds the labels of all declared columns.
    """

    specs: tuple[ColSpec, ...]
    sources: tuple[int, ...]
    labels: tuple[str | int, ...]
    width: int
    violations: tuple[InputViolation, ...] = ()
    declared: tuple[str | int, ...] = ()

    @cached_property
    def names(self) -> tuple[str | int, ...] | None:
        """The names as the signature has them, or None."""
        names = [spec.name for spec in self.specs if spec.name is not None]
        return tuple(names) if len(names) == len(self.specs) else None

    @cached_property
    def whole(self) -> Callable[[Sequence[Any]], Any] | None:
        """What reads all cells at once, if all columns have one type and stand in order."""
        readers = {_WHOLE.get(spec.type) for spec in self.specs}
        if self.violations or self.sources != tuple(range(self.width)) or len(readers) != 1:
            return None
        return readers.pop()

    @cached_property
    def unread(self) -> tuple[int, ...]:
        """The given columns that may hold objects: undeclared ones, those of nested types."""
        read = {
            source
            for spec, source in zip(self.specs, self.sources, strict=True)
            if isinstance(spec.type, DataType)
        }
        return tuple(source for source in range(self.width) if source not in read)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The columns by type."""
        kinds: dict[Any, list[int]] = {}
        for place, spec in enumerate(self.specs):
            kinds.setdefault(spec.type if isinstance(spec.type, DataType) else None, []).append(
                place
            )
        return tuple(Group(kind, tuple(places), self) for kind, places in kinds.items())


class Group:
    """Columns of one type: their places among the declared ones, and how to pick their cells."""

    __slots__ = ("kind", "pick", "places", "sources")

    def __init__(self, kind: DataType | None, places: tuple[int, ...], layout: Layout) -> None:
        self.kind = kind
        self.places = places
        self.sources = [layout.sources[place] for place in places]
        self.pick = itemgetter(*self.sources) if len(places) > 1 else None

    def block(self, cells: Sequence[Any], rows: int, width: int, reader: Reader) -> Any:
        """Return the group's cells as one block (rows, columns), or None if one is at fault."""
        if not rows or self.kind is None:
            return None
        if rows == 1 and self.pick is not None:
            picked = self.pick(cells)
        else:
            picked = list(chain.from_iterable([cells[source::width] for source in self.sources]))
        # The columns are read as one; a fault is found again in the column that has it.
        trial = Reader(reader.exact, reader.literals, reader.rules)
        values = trial.column(picked, self.kind, "")
        return None if trial.violations else values.reshape(len(self.places), rows).T


def _layout(plan: Plan, names: tuple[Any, ...] | None, width: int) -> Layout:
    key = (names, width)
    found: Layout | None = plan.memory.get(key)
    if found is None:
        found = _made_layout(plan, names, width)
        # Without undeclared columns, so that no client fills the memory.
        if not found.violations and width == len(found.specs):
            remember(plan.memory, key, found)
    return found


def _made_layout(plan: Plan, names: tuple[Any, ...] | None, width: int) -> Layout:
    specs = [spec for spec in plan.schema or () if isinstance(spec, ColSpec)]
    # The cells of the columns that are there are read even if others are missing: an error lists
    # everything that is wrong (ENF-003).
    selection = match(specs, names, width)
    there = [(place, at) for place, at in enumerate(selection.positions) if at is not None]
    labels = tuple(spec.name if spec.name is not None else n for n, spec in enumerate(specs))
    return Layout(
        tuple(specs[place] for place, _ in there),
        tuple(at for _, at in there),
        tuple(labels[place] for place, _ in there),
        width,
        selection.violations,
        labels,
    )


def is_tensor(plan: Plan) -> bool:
    """Return whether the model declares tensors."""
    return plan.schema is not None and plan.schema.is_tensor_spec()


def column_names(given: object, key: str) -> tuple[Any, ...]:
    """Return the given column names: texts, or numbers as pandas writes default ones (ENF-012)."""
    if type(given) is not list:
        raise MalformedRequest(f"{key} is a list of column names, not {shown(given)} (RST-007).")
    names = tuple(given)
    if not _NAMES.issuperset(map(type, names)):
        bad = next(name for name in names if type(name) not in (str, int))
        raise MalformedRequest(f"{key} holds {shown(bad)}; a column's name is a text (RST-007).")
    return names


def from_rows(
    payload: Payload,
    plan: Plan,
    names: tuple[Any, ...] | None,
    cells: Sequence[Any],
    rows: int,
    width: int,
) -> Columns:
    """Return ``rows`` times ``width`` cells, row after row, as columns of the declared types.

    The pairs of objects in cells are counted. Where the plan has no schema every column takes
    the dtype that holds its cells.

    Raises:
        InvalidInput: with every violation of names and cells.

    """
    if payload.tally is not None:
        payload.tally.rows = rows
    if plan.schema is None:
        return _inferred_rows(payload, names, cells, rows, width)
    layout = _layout(plan, names, width)
    # A cell that a record lacks was filled in, and noted: such a table is refused below (ENF-004).
    if layout.whole is not None and rows and not payload.reader.violations:
        values = layout.whole(cells)
        if values is not None:
            block = Block(values.reshape(rows, width), layout.sources)
            return Columns(layout.names, [block], rows)
    # What is read at a type that has no place for objects is found to hold none.
    for source in layout.unread:
        _count(payload, cells[source::width])
    return _mixed(payload.reader, layout, cells, rows)


def _count(payload: Payload, cells: Sequence[Any]) -> None:
    if not _NESTED.isdisjoint(map(type, cells)):
        payload.count(cells if type(cells) is list else list(cells))


def _mixed(reader: Reader, layout: Layout, cells: Sequence[Any], rows: int) -> Columns:
    blocks: list[Block] = []
    columns: list[Any] | None = None
    for group in layout.groups:
        values = group.block(cells, rows, layout.width, reader)
        if values is None:
            if columns is None:
                columns = _columns(cells, layout.width)
            blocks.append(_by_column(reader, layout, group, columns))
        else:
            blocks.append(Block(values, group.places))
    _finish(reader, layout)
    return Columns(layout.names, blocks, rows)


def _columns(cells: Sequence[Any], width: int) -> list[Any]:
    return [cells[place::width] for place in range(width)]


def _by_column(
    reader: Reader, layout: Layout, group: Group, columns: Sequence[Sequence[Any]]
) -> Block:
    """Read the group's columns one by one."""
    held: Any = None
    masks: Any = None
    for number, place in enumerate(group.places):
        spec, label = layout.specs[place], layout.labels[place]
        cells = columns[layout.sources[place]]
        mask = None
        if spec.required:
            values = reader.column(cells, spec.type, label)
        else:
            values, mask = reader.nullable(cells, spec.type, label)
        if held is None:
            # A block's columns lie side by side in memory, as a frame keeps them.
            held = np.empty((len(group.places), len(cells)), values.dtype)
        held[number] = values
        if mask is not None:
            masks = np.zeros(held.shape, bool) if masks is None else masks
            masks[number] = mask
    return Block(held.T, group.places, None if masks is None else masks.T, checked=True)


def _finish(reader: Reader, layout: Layout) -> None:
    found = [*layout.violations, *reader.violations]
    if found:
        raise invalid_input(sorted(found, key=lambda violation: _place(layout, violation)))


def _place(layout: Layout, violation: InputViolation) -> int:
    try:
        return layout.declared.index(violation.column)
    except ValueError:
        return -1


def from_columns(
    payload: Payload, plan: Plan, names: tuple[Any, ...] | None, columns: Sequence[Sequence[Any]]
) -> Columns:
    """Return columns of one length as columns of the declared types.

    The caller has counted the pairs.
    """
    rows = len(columns[0]) if columns else 0
    if payload.tally is not None:
        payload.tally.rows = rows
    if plan.schema is None:
        return _inferred(payload.reader, names, columns, rows)
    layout = _layout(plan, names, len(columns))
    blocks = [_by_column(payload.reader, layout, group, columns) for group in layout.groups]
    _finish(payload.reader, layout)
    return Columns(layout.names, blocks, rows)


def _inferred(
    reader: Reader, names: tuple[Any, ...] | None, columns: Sequence[Sequence[Any]], rows: int
) -> Columns:
    read = [infer_column(reader, column) for column in columns]
    blocks = [Block(values.reshape(-1, 1), (place,)) for place, values in enumerate(read)]
    return Columns(names, blocks, rows)


def _inferred_rows(
    payload: Payload, names: tuple[Any, ...] | None, cells: Sequence[Any], rows: int, width: int
) -> Columns:
    _count(payload, cells)
    kinds = set(map(type, cells))
    if kinds in ({float}, {int}):
        whole = doubles(cells) if kinds == {float} else packed(cells, "q")
        if whole is not None:
            return Columns(names, [Block(whole.reshape(rows, width), tuple(range(width)))], rows)
    return _inferred(payload.reader, names, _columns(cells, width), rows)
