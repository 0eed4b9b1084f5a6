"""Objects of classes in models' answers: taken apart where they are data (RST-103).

An object is data where its class says so by declaring its fields. Nothing is imported for it.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any

__all__ = ["advice", "taken_apart"]

#: What has an order and can be read again.
_LISTS = (Sequence, KeysView, ValuesView, ItemsView)


def taken_apart(value: Any) -> Any:
    """Return an object's fields as a mapping, a sequence's items as a list; else the very value.

    Raises:
        Exception: whatever the class raises when it is asked for its fields.

    """
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}
    dump = _dump_of_pydantic(kind)
    if dump is not None:
        return dump(value)
    if _is_attrs(kind):
        return {field.name: getattr(value, field.name) for field in kind.__attrs_attrs__}
    if isinstance(value, _LISTS) and not isinstance(value, memoryview):
        return list(value)
    return value


def _dump_of_pydantic(kind: type) -> Callable[[Any], Any] | None:
    """Return what gives the fields of a model of pydantic (version 2 or 1), None for others.

    It is the class's own, since a class may leave fields out, or write them in its own way.
    """
    pydantic = sys.modules.get("pydantic")
    # Version 2 brings version 1 along, whose models it does not know as its own.
    for module in (pydantic, sys.modules.get("pydantic.v1")):
        base = getattr(module, "BaseModel", None)
        if isinstance(base, type) and issubclass(kind, base):
            return _model_dump if hasattr(base, "model_dump") else _dict_of_v1
    return None


def _model_dump(value: Any) -> Any:
    return value.model_dump()


def _dict_of_v1(value: Any) -> Any:
    held = value.dict()
    return held["__root__"] if set(held) == {"__root__"} else held


def _is_attrs(kind: type) -> bool:
    return "__attrs_attrs__" in vars(kind)


_ADVICE: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: isinstance(value, Iterator), "answer a list of its items"),
    (lambda value: isinstance(value, AbstractSet), "it has no order: answer a sorted list"),
    (lambda value: isinstance(value, timedelta), "answer its total_seconds(), or a text"),
    (lambda value: hasattr(value, "to_pandas"), "answer its to_pandas()"),
    (lambda value: hasattr(value, "toarray"), "answer its toarray()"),
    (lambda value: hasattr(value, "__array__"), "answer an array of numpy"),
)


def advice(value: Any) -> str:
    """Return what a model can answer in place of a value that has no form, or nothing."""
    found = next((text for fits, text in _ADVICE if fits(value)), None)
    return "" if found is None else f"; {found}"
