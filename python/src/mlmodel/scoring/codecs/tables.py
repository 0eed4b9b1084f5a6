"""Rows and columns of untyped cells -> :class:`Columns` of the declared types.

Shared by every form that holds a table. Columns of one dtype are read and kept as one block;
only a block that the fast reading declines is read column by column, which finds the rows to
blame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.scoring.cells import Reader, infer_column, invalid
from mlmodel.signature.columns import Block, Columns
from mlmodel.signature.names import match
from mlmodel.signature.types import ColSpec, DataType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.plan import Plan

__all__ = ["column_names", "from_columns", "from_rows", "is_tensor", "malformed"]

#: dtypes for which rows can be read as a block without looking at single cells.
_BLOCK_DTYPES = {DataType.double: "float64", DataType.long: "int64"}
_NESTED = frozenset({dict, list})


def malformed(message: str) -> MalformedRequest:
    """Return the error for a value that is not of its form."""
    return MalformedRequest(message)


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
    def names(self) -> tuple[str, ...] | None:
        """The names as the signature has them, or None."""
        names = [spec.name for spec in self.specs if spec.name is not None]
        return tuple(names) if len(names) == len(self.specs) else None

    @cached_property
    def whole(self) -> str | None:
        """The one dtype of all given columns, if they can be read as one block as they stand."""
        dtypes = {_BLOCK_DTYPES.get(spec.type) for spec in self.specs}  # type: ignore[arg-type]
        if self.sources != tuple(range(self.width)) or len(dtypes) != 1:
            return None
        return dtypes.pop()

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

    __slots__ = ("dtype", "kind", "pick", "places")

    def __init__(self, kind: DataType | None, places: tuple[int, ...], layout: Layout) -> None:
        self.kind = kind
        self.places = places
        sources = [layout.sources[place] for place in places]
        self.pick: Callable[[Any], Any] = itemgetter(*sources)
        if len(sources) == 1:
            first = sources[0]
            self.pick = lambda row: (row[first],)
        self.dtype = None if kind is None else _BLOCK_DTYPES.get(kind)

    def block(self, rows: Sequence[Sequence[Any]], reader: Reader) -> Any:
        """Return the cells as one block (rows, columns), or None if they need a closer look."""
        if not rows or self.kind is None:
            return None
        cells = list(map(self.pick, rows))
        flat = list(chain.from_iterable(cells))
        if self.dtype:
            values = reader.block(cells, set(map(type, flat)), self.dtype)
            if values is not None:
                return values
        trial = Reader(reader.exact, reader.literals, reader.rules)
        values = trial.column(flat, self.kind, "")
        return None if trial.violations else values.reshape(len(rows), len(self.places))


#: Layouts by plan and names; only those without undeclared columns, so that no client fills it.
_layouts: dict[tuple[Plan, tuple[Any, ...] | None, int], Layout] = {}
_MOST_LAYOUTS = 512


def _layout(plan: Plan, names: tuple[Any, ...] | None, width: int) -> Layout:
    key = (plan, names, width)
    found = _layouts.get(key)
    if found is None:
        found = _made_layout(plan, names, width)
        if not found.violations and width == len(found.specs):
            if len(_layouts) >= _MOST_LAYOUTS:
                _layouts.clear()
            _layouts[key] = found
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
        raise malformed(f"{key} is a list of column names, not {shown(given)} (RST-007).")
    names = tuple(given)
    if not {str, int}.issuperset(map(type, names)):
        bad = next(name for name in names if type(name) not in (str, int))
        raise malformed(f"{key} holds {shown(bad)}; a column's name is a text (RST-007).")
    return names


def from_rows(
    payload: Payload, plan: Plan, names: tuple[Any, ...] | None, rows: Sequence[Any], width: int
) -> Columns:
    """Return rows, each a sequence of ``width`` cells, as columns of the declared types.

    The pairs of objects in cells are counted. Where the plan has no schema every column takes
    the dtype that holds its cells.

    Raises:
        InvalidInput: with every violation of names and cells.

    """
    kinds = set(map(type, chain.from_iterable(rows)))
    if not _NESTED.isdisjoint(kinds):
        payload.count(rows if type(rows) is list else list(rows))
    if plan.schema is None:
        return _inferred_rows(payload.reader, names, rows, width, kinds)
    layout = _layout(plan, names, width)
    if layout.whole is not None and rows:
        block = payload.reader.block(rows, kinds, layout.whole)
        if block is not None:
            return Columns(layout.names, [Block(block, layout.sources)], len(rows))
    return _mixed(payload.reader, layout, rows)


def _mixed(reader: Reader, layout: Layout, rows: Sequence[Sequence[Any]]) -> Columns:
    blocks: list[Block] = []
    columns: list[Any] | None = None
    for group in layout.groups:
        values = group.block(rows, reader)
        if values is None:
            if columns is None:
                columns = list(zip(*rows, strict=True)) if rows else [()] * layout.width
            blocks.append(_by_column(reader, layout, group, columns))
        else:
            blocks.append(Block(values, group.places))
    _finish(reader, layout)
    return Columns(layout.names, blocks, len(rows))


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
    return Block(held.T, group.places, None if masks is None else masks.T)


def _finish(reader: Reader, layout: Layout) -> None:
    found = [*layout.violations, *reader.violations]
    if found:
        raise invalid(sorted(found, key=lambda violation: _place(layout, violation)))


def _place(layout: Layout, violation: InputViolation) -> int:
    try:
        return layout.declared.index(violation.column)
    except ValueError:
        return -1


def from_columns(
    payload: Payload, plan: Plan, names: tuple[Any, ...], columns: Sequence[Sequence[Any]]
) -> Columns:
    """Return named columns of one length as columns of the declared types.

    The caller has counted the pairs.
    """
    rows = len(columns[0]) if columns else 0
    if plan.schema is None:
        return _inferred(payload.reader, names, columns, rows)
    layout = _layout(plan, names, len(names))
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
    reader: Reader,
    names: tuple[Any, ...] | None,
    rows: Sequence[Sequence[Any]],
    width: int,
    kinds: set[type],
) -> Columns:
    if rows and kinds in ({float}, {int}):
        whole = reader.block(rows, kinds, "float64" if kinds == {float} else "int64")
        if whole is not None:
            return Columns(names, [Block(whole, tuple(range(width)))], len(rows))
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    return _inferred(reader, names, columns, len(rows))
