"""The columns that a chart shows of its rows, by its specification (VIZ-007)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["shown_columns"]

#: The keys whose parts name columns, and those under which views stand within a view.
_NAMING = ("encoding", "facet")
_VIEWS = ("layer", "concat", "hconcat", "vconcat", "spec")
#: The column in a path into it: dots and brackets of a column's own name have a backslash.
_COLUMN = re.compile(r"(?:\\.|[^\\.\[])+")


def shown_columns(written: Mapping[str, Any]) -> list[str]:
    """Return the columns that a chart needs of its rows, in the order in which it names them.

    They are those that its own rows have; what transformations make is none. Where it has no rows
    of its own, they are all that it names, and none where a transformation may make some.
    """
    named = list(dict.fromkeys(_of_view(written)))
    transformed = _has(written, "transform")
    made, own = set(_texts(_has(transformed, "as"))), _own_columns(written)
    if own is None:
        return [] if transformed else named
    return [name for name in named if name in own and name not in made]


def _of_view(view: Mapping[str, Any]) -> Iterator[str]:
    """Give the columns that a view and those within it name, but for those with other rows."""
    fields = [field for key in _NAMING for field in _has(view.get(key), "field")]
    for field in (*fields, *_texts(view.get("repeat"))):
        if isinstance(field, str) and (column := _COLUMN.match(field)):
            yield re.sub(r"\\(.)", r"\1", column.group())
    for key in _VIEWS:
        inner = view.get(key)
        for one in inner if isinstance(inner, list) else [inner]:
            if isinstance(one, dict) and "data" not in one:
                yield from _of_view(one)


def _own_columns(written: Mapping[str, Any]) -> set[str] | None:
    """Return the columns of a chart's own rows, None where it has none or does not hold them."""
    data = written.get("data") or {}
    rows = data.get("values") or written.get("datasets", {}).get(data.get("name"))
    if not isinstance(rows, list):
        return None
    return {name for row in rows if isinstance(row, dict) for name in row} or None


def _has(value: Any, key: str) -> list[Any]:
    """Return what stands under a key, anywhere but in rows."""
    if isinstance(value, list):
        return [found for one in value for found in _has(one, key)]
    if not isinstance(value, dict):
        return []
    inner = (_has(one, key) for name, one in value.items() if name not in ("data", "datasets"))
    own = [value[key]] if key in value else []
    return own + [found for every in inner for found in every]


def _texts(value: Any) -> list[str]:
    """Return the texts that a value is, or holds: in a list, or under the keys of a mapping."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
