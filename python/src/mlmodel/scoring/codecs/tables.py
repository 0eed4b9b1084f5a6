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
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import Reader, infer_column
from mlmodel.signature.data.arrays import doubles, nan_for_none, packed, texts
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.types.nested import NestedType
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.types.schema import Schema

    ReadWhole: TypeAlias = Callable[[Sequence[Any]], npt.NDArray[Any] | None]

__all__ = [
    "Layout",
    "Names",
    "column_names",
    "from_columns",
    "from_rows",
    "layout_of",
    "without_rows",
]

#: Names of columns, as a request gives them.
Names: TypeAlias = tuple[str | int, ...]

#: Types whose columns, if a table has no others, are read as one array of rows and columns.
_WHOLE: dict[object, ReadWhole] = {
    DataType.double: doubles,
    DataType.long: partial(packed, code="q"),
    DataType.string: texts,
}
_NESTED = frozenset({dict, list})
_NAMES = frozenset({str, int})


@dataclass(frozen=True)
class Layout:
    """Where the declared columns stand among the given ones.

    ``specs`` holds those columns of the schema that are given, in its order; ``given`` says where
    each stands in the request, ``labels`` what errors call it. ``violations`` says what is wrong
    with the names alone.
    """

    schema: Schema
    specs: tuple[ColSpec, ...]
    given: tuple[int, ...]
    labels: Names
    width: int
    violations: tuple[InputViolation, ...]

    @cached_property
    def names(self) -> Names | None:
        """The names as the signature has them, or None."""
        names = [spec.name for spec in self.specs if spec.name is not None]
        return tuple(names) if len(names) == len(self.specs) else None

    @cached_property
    def whole(self) -> ReadWhole | None:
        """What reads all cells at once, if all columns have one type and stand in order."""
        readers = {_WHOLE.get(spec.type) for spec in self.specs}
        if self.violations or self.given != tuple(range(self.width)) or len(readers) != 1:
            return None
        return readers.pop()

    @cached_property
    def nested(self) -> tuple[int, ...]:
        """The given columns in whose cells something may be delivered as it is (ENF-031)."""
        pairs = zip(self.given, self.specs, strict=True)
        return tuple(given for given, spec in pairs if isinstance(spec.type, NestedType))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The columns by type."""
        kinds: dict[DataType | None, list[int]] = {}
        for declared, spec in enumerate(self.specs):
            kind = spec.type if isinstance(spec.type, DataType) else None
            kinds.setdefault(kind, []).append(declared)
        return tuple(Group(kind, tuple(members), self) for kind, members in kinds.items())


class Group:
    """Columns of one type: where they stand among those of a layout, and how to pick their cells.

    ``declared`` holds their numbers in the layout, ``given`` those in the request.
    """

    __slots__ = ("declared", "given", "kind", "pick")

    def __init__(self, kind: DataType | None, declared: tuple[int, ...], layout: Layout) -> None:
        self.kind = kind
        self.declared = declared
        self.given = [layout.given[number] for number in declared]
        self.pick = itemgetter(*self.given) if len(declared) > 1 else None

    def block(
        self, cells: Sequence[Any], rows: int, width: int, reader: Reader
    ) -> npt.NDArray[Any] | None:
        """Return the group's cells as one block (rows, columns), or None if one is at fault."""
        if rows == 1 and self.pick is not None:
            return self.read(self.pick(cells), rows, reader)
        columns = [cells[given::width] for given in self.given]
        return self.read(list(chain.from_iterable(columns)), rows, reader)

    def read(self, picked: Sequence[Any], rows: int, reader: Reader) -> npt.NDArray[Any] | None:
        """Return the group's cells, column after column, as :meth:`block` does."""
        if not rows or self.kind is None:
            return None
        # The columns are read as one; a fault is found again in the column that has it.
        trial = Reader(reader.exact, reader.literals, reader.rules, most=1)
        values = _with_mark(trial.column(picked, self.kind, ""), self.kind)
        return None if trial.violations else values.reshape(len(self.given), rows).T


def layout_of(matching: Matching, schema: Schema, names: Names | None, width: int) -> Layout:
    """Return where the declared columns stand among ``width`` given ones."""
    key = (names, width)
    found = matching.memory.get(key)
    if not isinstance(found, Layout):
        found = _make_layout(matching, schema, names, width)
        # Without undeclared columns, so that no client fills the memory.
        if not found.violations and width == len(found.specs):
            remember(matching.memory, key, found)
    return found


def _make_layout(matching: Matching, schema: Schema, names: Names | None, width: int) -> Layout:
    specs = [spec for spec in schema if isinstance(spec, ColSpec)]
    labels = schema.input_names()
    # The cells of the columns that are there are read even if others are missing: an error lists
    # everything that is wrong (ENF-003).
    selection = matching.match(names, width)
    there = [(n, given) for n, given in enumerate(selection.positions) if given is not None]
    return Layout(
        schema,
        tuple(specs[declared] for declared, _ in there),
        tuple(given for _, given in there),
        tuple(labels[declared] for declared, _ in there),
        width,
        selection.violations,
    )


def column_names(given: Json, key: str) -> Names:
    """Return the given column names: texts, or numbers as pandas writes default ones (ENF-012)."""
    if type(given) is not list:
        raise MalformedRequest(f"{key} is a list of column names, not {shown(given)} (RST-007).")
    names = tuple(given)
    if not _are_names(names):
        bad = next(name for name in names if type(name) not in (str, int))
        raise MalformedRequest(
            f"{key} holds {shown(bad)}; a column's name is a text, or a whole number written "
            "without a fraction or an exponent (RST-007)."
        )
    return names


def _are_names(given: tuple[Json, ...]) -> TypeGuard[Names]:
    return _NAMES.issuperset(map(type, given))


def from_rows(
    payload: Payload[object],
    matching: Matching,
    names: Names | None,
    cells: list[Json],
    rows: int,
    width: int,
) -> Columns:
    """Return ``rows`` times ``width`` cells, row after row, as columns of the declared types.

    Where there is no schema every column takes the dtype that holds its cells.

    Raises:
        InvalidInput: with every violation of names and cells.

    """
    payload.rows = rows
    if matching.schema is None:
        return _infer_rows(payload, names, cells, rows, width)
    layout = layout_of(matching, matching.schema, names, width)
    # A cell that a record lacks was filled in, and noted: such a table is refused below (ENF-004).
    if layout.whole is not None and rows and not payload.reader.violations:
        values = layout.whole(cells)
        if values is not None:
            block = Block(values.reshape(rows, width), layout.given)
            return Columns(layout.names, [block], rows, matching.schema)
    for given in layout.nested:
        _doubt_nested(payload, cells[given::width])
    return Columns(
        layout.names, _read_groups(payload.reader, layout, cells, rows), rows, matching.schema
    )


def _doubt_nested(payload: Payload[object], cells: list[Json]) -> None:
    # The reader asks it of the cells themselves.
    if not _NESTED.isdisjoint(map(type, cells)):
        payload.doubt(cells)


def _read_groups(reader: Reader, layout: Layout, cells: Sequence[Any], rows: int) -> list[Block]:
    blocks: list[Block] = []
    columns: list[Sequence[Any]] | None = None
    for group in layout.groups:
        values = group.block(cells, rows, layout.width, reader)
        if values is None:
            if columns is None:
                columns = _columns_of(cells, layout.width)
            blocks.append(_read_by_column(reader, layout, group, columns))
        else:
            blocks.append(Block(values, group.declared))
    _raise_found(reader, layout)
    return blocks


def _columns_of(cells: Sequence[Any], width: int) -> list[Sequence[Any]]:
    return [cells[given::width] for given in range(width)]


def _read_by_column(
    reader: Reader, layout: Layout, group: Group, columns: Sequence[Sequence[Any]]
) -> Block:
    """Read the group's columns one by one."""
    held: npt.NDArray[Any] | None = None
    masks: npt.NDArray[np.bool_] | None = None
    for place, (declared, given) in enumerate(zip(group.declared, group.given, strict=True)):
        spec, label, cells = layout.specs[declared], layout.labels[declared], columns[given]
        mask = None
        if spec.required:
            values = reader.column(cells, spec.type, label)
        else:
            values, mask = reader.nullable(cells, spec.type, label)
        values = _with_mark(values, spec.type)
        if held is None:
            # A block's columns lie side by side in memory, as a frame keeps them.
            held = np.empty((len(group.declared), len(cells)), values.dtype)
        held[place] = values
        if mask is not None:
            masks = np.zeros(held.shape, bool) if masks is None else masks
            masks[place] = mask
    assert held is not None  # noqa: S101 - a group has a column
    return Block(held.T, group.declared, None if masks is None else masks.T)


def _with_mark(values: npt.NDArray[Any], kind: DataType | NestedType) -> npt.NDArray[Any]:
    """Return texts with NaN for null, as pandas' readers have it; others as they are (ENF-051)."""
    # What was read is asked, not what was given: the token NaN is null, too (ENF-106).
    return nan_for_none(values) if kind is DataType.string else values


def _raise_found(reader: Reader, layout: Layout) -> None:
    found = Findings([*layout.violations, *reader.violations])
    found.in_order_of(layout.schema).raise_all()


def from_columns(
    payload: Payload[object],
    matching: Matching,
    names: Names | None,
    columns: Sequence[Sequence[Any]],
) -> Columns:
    """Return columns of one length as columns of the declared types; raises as from_rows."""
    payload.rows = rows = len(columns[0]) if columns else 0
    if matching.schema is None:
        return _infer_columns(payload.reader, names, columns, rows)
    layout = layout_of(matching, matching.schema, names, len(columns))
    for given in layout.nested:
        _doubt_nested(payload, list(columns[given]))
    blocks = []
    for group in layout.groups:
        picked = list(chain.from_iterable([columns[given] for given in group.given]))
        values = group.read(picked, rows, payload.reader)
        if values is None:
            blocks.append(_read_by_column(payload.reader, layout, group, columns))
        else:
            blocks.append(Block(values, group.declared))
    _raise_found(payload.reader, layout)
    return Columns(layout.names, blocks, rows, matching.schema)


def without_rows(payload: Payload[object], matching: Matching) -> Columns:
    """Return the declared columns without rows: what a form that names none of them says (ENF-109).

    Where nothing is declared there are no columns either.
    """
    specs = () if matching.schema is None else matching.schema.inputs
    names = tuple(str(spec.name) for spec in specs) if matching.has_names else None
    return from_columns(payload, matching, names, [[] for _ in specs])


def _infer_columns(
    reader: Reader, names: Names | None, columns: Sequence[Sequence[Any]], rows: int
) -> Columns:
    read = [infer_column(reader, column) for column in columns]
    blocks = [Block(values.reshape(-1, 1), (place,)) for place, values in enumerate(read)]
    return Columns(names, blocks, rows)


def _infer_rows(
    payload: Payload[object], names: Names | None, cells: list[Json], rows: int, width: int
) -> Columns:
    kinds = set(map(type, cells))
    if not _NESTED.isdisjoint(kinds):
        payload.doubt(cells)
    if kinds in ({float}, {int}):
        whole = doubles(cells) if kinds == {float} else packed(cells, "q")
        if whole is not None:
            return Columns(names, [Block(whole.reshape(rows, width), tuple(range(width)))], rows)
    return _infer_columns(payload.reader, names, _columns_of(cells, width), rows)
