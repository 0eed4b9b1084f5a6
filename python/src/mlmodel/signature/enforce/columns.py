"""Enforcement of a column signature: compiled once, then a look at names and dtypes per call."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mlmodel._base.collections import remember
from mlmodel.signature.cells.python_values import CHECKS
from mlmodel.signature.data.arrow import frame_of
from mlmodel.signature.data.columns import Column
from mlmodel.signature.data.frames import (
    array_of,
    as_block,
    dtypes_of,
    from_arrays,
    from_blocks,
    index_of,
    masked,
    object_blocks,
    row_index,
)
from mlmodel.signature.enforce.convert import convert, with_mark
from mlmodel.signature.enforce.finish import absent, finishes
from mlmodel.signature.enforce.matching import Matching, Selection
from mlmodel.signature.enforce.plain_data import PLAIN_FORMS, Table, table_of
from mlmodel.signature.types.nested import NestedType, is_opaque
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    import numpy.typing as npt
    import pandas as pd

    from mlmodel.signature.data.columns import Block, Columns, Mask, Values
    from mlmodel.signature.types.delivery import Delivery
    from mlmodel.signature.types.schema import Schema

    #: Where the columns of a block stand in the frame.
    Places = npt.NDArray[np.intp]
    #: A look at cells, and which columns of the block are looked at (None: all).
    BlockCheck = tuple[Callable[[npt.NDArray[Any]], bool], list[int] | None]
    #: Per block its places, and the checks of its cells.
    Layout = list[tuple[Places, list[BlockCheck]]]

__all__ = ["ColumnEnforcer"]

#: Up to this many cells the frame's values are looked at as a whole, not column by column.
_FEW_CELLS = 2000


class ColumnEnforcer:
    """What :class:`~mlmodel.signature.enforce.plan.Plan` does for a schema of columns."""

    def __init__(
        self, schema: Schema, matching: Matching, delivery: Delivery | None = None
    ) -> None:
        self._schema, self._match, self._told = schema, matching.match, matching.told
        self.specs = tuple(spec for spec in schema.inputs if isinstance(spec, ColSpec))
        kinds = [spec.type for spec in self.specs]
        self._names = [spec.name for spec in self.specs] if schema.has_input_names() else None
        self._error_labels = schema.input_names()
        self._index = index_of(self._names, len(kinds))
        # None stands for a nested type, whose cells are looked at one by one.
        self._dtypes: list[Any] = [
            k.to_pandas() if isinstance(k, DataType) else None for k in kinds
        ]
        self._finishes = finishes(schema, delivery)
        for place, finish in self._finishes.items():
            if finish.delivered is not None:
                self._dtypes[place] = finish.delivered
        self._nested = any(isinstance(k, NestedType) for k in kinds)
        self._deep = any(isinstance(k, NestedType) and not is_opaque(k) for k in kinds)
        self._checks = {
            check: [declared for declared, k in enumerate(kinds) if k is kind]
            for kind, check in CHECKS.items()
            if kind in kinds
        }
        # The one check of all columns of dtype object, if there is one.
        self._of_objects = next(iter(self._checks), None) if len(self._checks) == 1 else None
        if self._nested:
            self._of_objects = None
        self._layouts: dict[Hashable, Layout] = {}
        self._places: dict[Hashable, tuple[list[Places], int]] = {}
        # The last frame's index and what came of it; one tuple, so that threads agree on it.
        self._last: tuple[Any, Selection] = (None, Selection((), (), in_order=False))

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as the model must get it: this very object if it is right already."""
        columns = frame.columns
        seen, selection = self._last
        if columns is not seen:
            names = tuple(columns.tolist())
            selection = self._match(names, len(names))
            if selection.may_be_kept(len(names)):
                self._last = (columns, selection)
        dtypes = dtypes_of(frame)
        if selection.in_order and self._delivered(dtypes) and self._cells_fit(frame):
            return frame
        if not selection.violations:
            quick = self._reordered(frame, selection, dtypes)
            if quick is not None:
                return quick
        table = Table(tuple(columns.tolist()), len(columns), frame.index, _column_of(frame))
        return self._convert(table, selection, frame if selection.in_order else None)

    def columns(self, columns: Columns) -> pd.DataFrame:
        """Return the frame of columns, made of their blocks where they are right."""
        if columns.read_at is self._schema:
            return self._read(columns)
        index = row_index(columns.rows)
        key = (
            self._told(columns.names),
            tuple([(b.values.dtype, b.positions) for b in columns.blocks]),
        )
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layout(columns)
            if layout is not None:
                remember(self._layouts, key, layout)
        blocks = None if layout is None else _fitting_blocks(columns.blocks, layout)
        if blocks is not None:
            return from_blocks(blocks, index, self._labels(columns.names))
        width = sum(len(block.positions) for block in columns.blocks)
        table = Table(columns.names, width, index, _block_column(columns))
        return self._convert(table, self._match(columns.names, width))

    def _read(self, columns: Columns) -> pd.DataFrame:
        """Return the frame of columns that have been read at the declared types."""
        key = tuple([block.positions for block in columns.blocks])
        found = self._places.get(key)
        if found is None:
            found = list(map(np.array, key)), sum(map(len, key))
            remember(self._places, key, found)
        places, width = found
        labels = self._labels(columns.names)
        if width < len(self.specs) or self._finishes:
            return self._completed(columns, places, width, labels)
        blocks = []
        for block, at in zip(columns.blocks, places, strict=True):
            if block.mask is not None:
                return self._completed(columns, places, width, labels)
            blocks.append((block.values, at))
        return from_blocks(blocks, row_index(columns.rows), labels)

    def _completed(
        self, columns: Columns, places: list[Places], width: int, labels: pd.Index[Any]
    ) -> pd.DataFrame:
        """Return the frame of columns of which some are absent, have gaps, or are to be finished.

        ``places`` says per block where its columns stand among the ``width`` given ones.
        """
        given = self._match(columns.names, width).positions
        declared = np.array([place for place, at in enumerate(given) if at is not None], int)
        blocks, found = [], Findings()
        for block, at in zip(columns.blocks, places, strict=True):
            targets = declared[at]
            if block.mask is None and self._finishes.keys().isdisjoint(targets.tolist()):
                blocks.append((block.values, targets))
                continue
            for inner, place in enumerate(targets.tolist()):
                mask = None if block.mask is None else block.mask[:, inner]
                column = self._finished(place, block.values[:, inner], mask, found)
                blocks.append((as_block(column), np.array([place])))
        for place, position in enumerate(given):
            if position is None:
                column = self._absent(place, columns.rows)
                blocks.append((as_block(column), np.array([place])))
        found.in_order_of(self._schema).raise_all()
        return from_blocks(blocks, row_index(columns.rows), labels)

    def _finished(self, place: int, values: Any, mask: Mask, found: Findings) -> Any:
        """Return a column that was read at its type as the model must get it."""
        if mask is not None and mask.any():
            values = masked(values, mask)
        finish = self._finishes.get(place)
        return values if finish is None else finish(values, None, found)

    def _absent(self, place: int, rows: int) -> Any:
        """Return an optional column that was not given: all of it is missing (ENF-100)."""
        spec = self.specs[place]
        assert isinstance(spec, ColSpec)  # noqa: S101 - a schema of columns
        nothing = Findings()  # in what is missing nothing is wrong
        read = convert(Column(absent(spec, rows), None, self._error_labels[place]), spec, nothing)
        finish = self._finishes.get(place)
        return read if finish is None else finish(read, None, nothing)

    def plain(self, data: Any) -> pd.DataFrame:
        """Return the frame of a mapping, list, series, array or scalar (ENF-010)."""
        if not isinstance(data, PLAIN_FORMS):
            frame = frame_of(data)
            if frame is not None:
                return self.frame(frame)
        table = table_of(data, self.specs)
        return self._convert(table, self._match(table.names, table.width))

    # -- the quick ways -----------------------------------------------------------------------

    def _delivered(self, dtypes: list[Any]) -> bool:
        if not self._nested:
            return dtypes == self._dtypes
        if self._deep:
            return False
        pairs = zip(self._dtypes, dtypes, strict=True)
        return all(declared is None or declared == given for declared, given in pairs)

    def _cells_fit(self, frame: pd.DataFrame) -> bool:
        """Return whether the object columns hold what is delivered already."""
        if not self._checks:
            return True
        held = None if self._of_objects is None else object_blocks(frame)
        if held is not None and self._of_objects is not None:
            return all(map(self._of_objects, chain.from_iterable(map(_block_parts, held))))
        if _cell_count(frame) <= _FEW_CELLS:
            cells = frame.to_numpy(object)
            return all(check(cells[:, places]) for check, places in self._checks.items())
        column = _column_of(frame)
        return all(
            check(cast("npt.NDArray[Any]", column(place)[0]))  # of dtype object
            for check, places in self._checks.items()
            for place in places
        )

    def _reordered(
        self, frame: pd.DataFrame, selection: Selection, dtypes: list[Any]
    ) -> pd.DataFrame | None:
        """Return a few rows of one dtype, gathered in one move; None if they are not that."""
        one = self._dtypes[0]
        if _cell_count(frame) > _FEW_CELLS or None in selection.positions or self._checks:
            return None
        if self._finishes:
            return None
        if (
            one is None
            or dtypes.count(one) < len(dtypes)
            or self._dtypes.count(one) < len(self.specs)
        ):
            return None
        positions = np.array(selection.positions)
        labels = self._labels(tuple(frame.columns.tolist()), selection)
        values = frame.to_numpy()[:, positions]
        return from_blocks([(values, np.arange(len(positions)))], frame.index, labels)

    def _layout(self, columns: Columns) -> Layout | None:
        """Return per block its places and the checks of its cells; None if it needs conversion."""
        positions = [position for block in columns.blocks for position in block.positions]
        selection = self._match(columns.names, len(positions))
        dtypes: list[Any] = [None] * len(positions)
        for block in columns.blocks:
            for position in block.positions:
                dtypes[position] = block.values.dtype
        if not selection.in_order or not self._delivered(dtypes):
            return None
        return [(np.array(b.positions), self._checks_of(b)) for b in columns.blocks]

    def _checks_of(self, block: Block) -> list[BlockCheck]:
        """Return the checks of a block's cells, and of which columns each is (None: of all)."""
        found: list[BlockCheck] = []
        positions = block.positions
        for check, places in self._checks.items():
            part = [place for place, position in enumerate(positions) if position in places]
            if part:
                # A whole block is looked at as it is, a part of it costs a copy of references.
                found.append((check, None if len(part) == len(positions) else part))
        return found

    def _labels(
        self, given: tuple[Hashable, ...] | None, selection: Selection | None = None
    ) -> pd.Index[Any]:
        """Return the delivered names: the declared ones, else those given (ENF-008, ENF-111)."""
        if self._names is not None or given is None or len(given) < len(self.specs):
            # A view, for a model may give the columns of its frame a name.
            return self._index.view()
        places = range(len(self.specs)) if selection is None else selection.positions
        return index_of([given[p] for p in places if p is not None], len(self.specs))

    # -- the way on which every column is looked at ---------------------------------------------

    def _convert(
        self, table: Table, selection: Selection, whole: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Return the columns converted; ``whole`` itself if it holds them, and all are right."""
        found = Findings(selection.violations)
        arrays = []
        same = whole is not None
        inputs = zip(self.specs, self._error_labels, selection.positions, strict=True)
        for declared, (spec, label, given) in enumerate(inputs):
            if given is None:
                if not spec.required:
                    arrays.append(self._absent(declared, len(table.index)))
                continue
            values, mask = table.column(given)
            before = len(found)
            read = convert(Column(values, mask, label), spec, found)
            finish = self._finishes.get(declared)
            if finish is not None and len(found) == before:
                given_as = None if table.plain or mask is not None else values
                read = finish(read, given_as, found)
            elif table.plain and not found:
                read = with_mark(read, spec)
            same = same and read is values
            arrays.append(read)
        found.in_order_of(self._schema).raise_all()
        if same and whole is not None:
            return whole
        return from_arrays(arrays, table.index, self._labels(table.names, selection))


def _fitting_blocks(
    blocks: Sequence[Block], layout: Layout
) -> list[tuple[npt.NDArray[Any], Places]] | None:
    """Return the blocks as a frame is made of them; None if a cell needs conversion."""
    fitting = []
    for block, (places, checks) in zip(blocks, layout, strict=True):
        if block.mask is not None:
            return None
        for check, part in checks:
            if not check(block.values if part is None else block.values[:, part]):
                return None
        fitting.append((block.values, places))
    return fitting


def _cell_count(frame: pd.DataFrame) -> int:
    return len(frame.index) * len(frame.columns)


def _block_parts(held: Any) -> Any:
    """Return a small block as a whole, a large one column by column."""
    return (held,) if held.ndim == 1 or held.size <= _FEW_CELLS else held


def _column_of(frame: pd.DataFrame) -> Callable[[int], tuple[Values, Mask]]:
    labels: list[Any] = frame.columns.tolist() if frame.columns.is_unique else []

    def column(position: int) -> tuple[Values, Mask]:
        # By label is many times faster than by position.
        label = labels[position] if labels else None
        series = frame[label] if isinstance(label, str) else frame.iloc[:, position]
        return array_of(series), None

    return column


def _block_column(columns: Columns) -> Callable[[int], tuple[Values, Mask]]:
    place = {
        position: (block, inner)
        for block in columns.blocks
        for inner, position in enumerate(block.positions)
    }

    def column(position: int) -> tuple[Values, Mask]:
        block, inner = place[position]
        return block.values[:, inner], None if block.mask is None else block.mask[:, inner]

    return column
