"""Enforcement of a column signature: compiled once, then a look at names and dtypes per call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.signature import objects
from mlmodel.signature.convert import convert
from mlmodel.signature.forms import Table, table_of
from mlmodel.signature.frames import from_arrays, from_blocks, index_of
from mlmodel.signature.names import Selection, invalid_input, match
from mlmodel.signature.types import ColSpec, DataType, NestedType

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from mlmodel.errors import InputViolation
    from mlmodel.signature.columns import Columns
    from mlmodel.signature.types import Schema

__all__ = ["ColumnEnforcer"]

#: How many differently named or laid out inputs a plan remembers.
_REMEMBERED = 64
#: Up to this many cells the frame's values are looked at as a whole, not column by column.
_FEW_CELLS = 2000


class ColumnEnforcer:
    """What :class:`~mlmodel.signature.plan.Plan` does for a schema of columns."""

    def __init__(self, schema: Schema) -> None:
        self.specs = tuple(spec for spec in schema.inputs if isinstance(spec, ColSpec))
        kinds = [spec.type for spec in self.specs]
        self._names = None if self.specs[0].name is None else [s.name for s in self.specs]
        self._index = index_of(self._names, len(kinds))
        # None stands for a nested type, which is delivered as given (ENF-031).
        self._dtypes = [k.to_numpy() if isinstance(k, DataType) else None for k in kinds]
        self._nested = any(isinstance(k, NestedType) for k in kinds)
        self._checks = {
            check: [place for place, k in enumerate(kinds) if k is kind]
            for kind, check in (
                (DataType.string, objects.is_text),
                (DataType.binary, objects.is_bytes),
            )
            if kind in kinds
        }
        self._selections: dict[Any, Selection] = {}
        self._layouts: dict[Any, list[tuple[Any, Any]] | None] = {}
        # The last frame's index and what came of it; one tuple, so that threads agree on it.
        self._last: tuple[Any, Selection] = (None, Selection((), (), in_order=False))

    def match(self, names: tuple[Hashable, ...] | None, width: int) -> Selection:
        """Match names (or a number of inputs without names), remembering the outcome."""
        key = width if names is None else names
        found = self._selections.get(key)
        if found is None:
            found = match(self.specs, names, width)
            _remember(self._selections, key, found)
        return found

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as the model must get it: this very object if it is right already."""
        columns = frame.columns
        seen, selection = self._last
        if columns is not seen:
            names = tuple(columns.tolist())
            selection = self.match(names, len(names))
            self._last = (columns, selection)
        dtypes = frame.dtypes.tolist()
        if selection.in_order and self._delivered(dtypes) and self._cells_fit(frame):
            return frame
        if not selection.violations:
            quick = self._reordered(frame, selection, dtypes)
            if quick is not None:
                return quick
        table = Table(tuple(columns.tolist()), len(columns), frame.index, _column_of(frame))
        return self._convert(table, selection)

    def columns(self, columns: Columns) -> pd.DataFrame:
        """Return the frame of a codec's columns, made of their blocks where they are right."""
        key = (columns.names, tuple((b.values.dtype, b.positions) for b in columns.blocks))
        try:
            layout = self._layouts[key]
        except KeyError:
            layout = self._layout(columns)
            _remember(self._layouts, key, layout)
        if layout is not None and all(
            block.mask is None and all(check(block.values[:, part]) for check, part in checks)
            for block, (_, checks) in zip(columns.blocks, layout, strict=True)
        ):
            blocks = [
                (block.values, places)
                for block, (places, _) in zip(columns.blocks, layout, strict=True)
            ]
            return from_blocks(blocks, pd.RangeIndex(columns.rows), self._labels(columns.names))
        width = sum(len(block.positions) for block in columns.blocks)
        table = Table(columns.names, width, pd.RangeIndex(columns.rows), _block_column(columns))
        return self._convert(table, self.match(columns.names, width))

    def plain(self, data: Any) -> pd.DataFrame:
        """Return the frame of a mapping, list, series, array or scalar (ENF-010)."""
        violations: list[InputViolation] = []
        table = table_of(data, self.specs, violations)
        if violations:
            raise invalid_input(violations)
        return self._convert(table, self.match(table.names, table.width))

    # -- the quick ways -----------------------------------------------------------------------

    def _delivered(self, dtypes: list[Any]) -> bool:
        if not self._nested:
            return dtypes == self._dtypes
        pairs = zip(self._dtypes, dtypes, strict=True)
        return all(declared is None or declared == given for declared, given in pairs)

    def _cells_fit(self, frame: pd.DataFrame) -> bool:
        """Return whether the object columns hold what is delivered already."""
        if not self._checks:
            return True
        if frame.size <= _FEW_CELLS:
            cells = frame.to_numpy(object)
            return all(check(cells[:, places]) for check, places in self._checks.items())
        column = _column_of(frame)
        return all(
            check(column(place)[0]) for check, places in self._checks.items() for place in places
        )

    def _reordered(
        self, frame: pd.DataFrame, selection: Selection, dtypes: list[Any]
    ) -> pd.DataFrame | None:
        """Return a few rows of one dtype, gathered in one move; None if they are not that."""
        one = self._dtypes[0]
        if frame.size > _FEW_CELLS or None in selection.positions or self._checks:
            return None
        if (
            one is None
            or dtypes.count(one) < len(dtypes)
            or self._dtypes.count(one) < len(self.specs)
        ):
            return None
        positions = np.array(selection.positions)
        labels = self._labels(tuple(frame.columns.tolist()))
        values = frame.to_numpy()[:, positions]
        return from_blocks([(values, np.arange(len(positions)))], frame.index, labels)

    def _layout(self, columns: Columns) -> list[tuple[Any, Any]] | None:
        """Return per block its places and the checks of its cells; None if it needs conversion."""
        positions = [position for block in columns.blocks for position in block.positions]
        selection = self.match(columns.names, len(positions))
        dtypes: list[Any] = [None] * len(positions)
        for block in columns.blocks:
            for position in block.positions:
                dtypes[position] = block.values.dtype
        if not selection.in_order or not self._delivered(dtypes):
            return None
        return [(np.array(b.positions), self._checks_of(b.positions)) for b in columns.blocks]

    def _checks_of(self, positions: tuple[int, ...]) -> list[tuple[Any, Any]]:
        found = []
        for check, places in self._checks.items():
            part = [place for place, position in enumerate(positions) if position in places]
            if part:
                # A whole block is looked at as it is, a part of it costs a copy of references.
                found.append((check, slice(None) if len(part) == len(positions) else part))
        return found

    def _labels(self, given: tuple[Hashable, ...] | None) -> pd.Index[Any]:
        """Return the delivered names: the declared ones, else those given (ENF-008)."""
        if self._names is not None or given is None:
            return self._index
        return index_of(given[: len(self.specs)], len(self.specs))

    # -- the way on which every column is looked at ---------------------------------------------

    def _convert(self, table: Table, selection: Selection) -> pd.DataFrame:
        violations = list(selection.violations)
        arrays, present = [], []
        for place, (spec, position) in enumerate(zip(self.specs, selection.positions, strict=True)):
            if position is None:
                continue
            values, mask = table.column(position)
            label = place if spec.name is None else spec.name
            arrays.append(convert(values, spec, label, violations, mask))
            present.append(place)
        if violations:
            raise invalid_input(self._in_order(violations))
        labels = self._labels(table.names)
        if len(present) < len(self.specs):
            labels = labels[present]
        return from_arrays(arrays, table.index, labels)

    def _in_order(self, violations: list[InputViolation]) -> list[InputViolation]:
        """Sort by the signature's order, which names and cells were not found in (ENF-003)."""
        order = {spec.name: place for place, spec in enumerate(self.specs)} if self._names else {}
        return sorted(violations, key=lambda v: order.get(v.column, len(order)))  # type: ignore[arg-type]


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    # Names come from clients: a plan must not grow with what they think of.
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _column_of(frame: pd.DataFrame) -> Callable[[int], tuple[Any, Any]]:
    labels: list[Any] = frame.columns.tolist() if frame.columns.is_unique else []

    def column(position: int) -> tuple[Any, Any]:
        # By label is many times faster than by position.
        label = labels[position] if labels else None
        series = frame[label] if isinstance(label, str) else frame.iloc[:, position]
        return (series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array), None

    return column


def _block_column(columns: Columns) -> Callable[[int], tuple[Any, Any]]:
    place = {
        position: (block, inner)
        for block in columns.blocks
        for inner, position in enumerate(block.positions)
    }

    def column(position: int) -> tuple[Any, Any]:
        block, inner = place[position]
        return block.values[:, inner], None if block.mask is None else block.mask[:, inner]

    return column
