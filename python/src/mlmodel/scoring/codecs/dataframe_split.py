"""``dataframe_split``: ``{"columns": [...], "data": [[...], ...]}`` (RST-007 and following)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeGuard

from mlmodel.errors import MalformedRequest, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.json.body import kind_of
from mlmodel.signature.types.nested import Map, Object

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["checked_rows", "decode", "from_split"]

_LIST = frozenset({list})
_KEYS = frozenset({"columns", "data", "index"})


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read a data frame in pandas' split form; see :data:`mlmodel.scoring.codecs.Decoder`."""
    return from_split(payload, matching, "dataframe_split")


def from_split(payload: Payload[Json], matching: Matching, what: str) -> Columns | Tensors:
    """Read the payload's value, which errors call ``what``, as a data frame in split form."""
    split = payload.value
    if type(split) is not dict or not _KEYS.issuperset(split) or "data" not in split:
        raise MalformedRequest(_not_split(split, what))
    names = tables.column_names(split["columns"], "columns") if "columns" in split else None
    rows, width = checked_rows(split["data"], None if names is None else len(names))
    if names is None and not rows and matching.schema is not None:
        read = tensors.without_rows if matching.has_tensors else tables.without_rows
        return read(payload, matching)
    if matching.has_tensors:
        return tensors.from_frame_rows(payload, matching, names, rows, width)
    if names is not None and _are_objects(rows, width, matching):
        objects: list[Json] = [dict(zip(map(str, names), row, strict=True)) for row in rows]
        return tables.from_rows(payload, matching, None, objects, len(rows), 1)
    cells = rows[0] if len(rows) == 1 else list(chain.from_iterable(rows))
    return tables.from_rows(payload, matching, names, cells, len(rows), width)


def _are_objects(rows: list[list[Json]], width: int, matching: Matching) -> bool:
    """Return whether each row is a value of the one column, an object without a name (PYF-041)."""
    specs = () if matching.schema is None else matching.schema.inputs
    if len(specs) != 1 or specs[0].name is not None or not isinstance(specs[0].type, Object | Map):
        return False
    # One column may hold the objects themselves.
    return width > 1 or not any(type(row[0]) is dict for row in rows)


def checked_rows(rows: Json, width: int | None) -> tuple[list[list[Json]], int]:
    """Return rows and their width, which is that of all of them (RST-008).

    Raises:
        MalformedRequest: this is not a list of rows, or one has another width.

    """
    if type(rows) is not list:
        raise MalformedRequest(f"data is a list of rows, not {shown(rows)} (RST-007).")
    if not _are_lists(rows):
        place = next(n for n, row in enumerate(rows) if type(row) is not list)
        raise MalformedRequest(
            f"Row {place} is {shown(rows[place])}; a row is a list of cells (RST-008)."
        )
    if width is None:
        width = len(rows[0]) if rows else 0
    if not {width}.issuperset(map(len, rows)):
        place = next(n for n, row in enumerate(rows) if len(row) != width)
        raise MalformedRequest(
            f"Row {place} has {len(rows[place])} cells where there are {width} columns (RST-008)."
        )
    return rows, width


def _are_lists(rows: list[Json]) -> TypeGuard[list[list[Json]]]:
    return _LIST.issuperset(map(type, rows))


def _not_split(split: Json, what: str) -> str:
    form = 'an object {"columns": [...], "data": [[...], ...]}, optionally with "index"'
    if type(split) is not dict:
        return f"{what} is {form}, not {kind_of(split)} (RST-007)."
    unknown = sorted(set(split) - _KEYS)
    if unknown:
        return f"{what} is {form}; {shown(unknown[0])} is not one of its keys (RST-007)."
    return f'{what} is {form}; "data" is missing (RST-007).'
