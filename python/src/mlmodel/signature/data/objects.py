"""Objects of classes as the data that they hold: dataclasses, pydantic's models, enumerations.

pydantic is not imported: its models are known by their ``model_dump``.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

__all__ = ["as_data", "given_name", "has_default", "is_object", "unwrapped"]


def is_object(value: Any) -> bool:
    """Return whether this is a dataclass, a pydantic model or a member of an enumeration."""
    if isinstance(value, type):
        return False
    return (
        isinstance(value, enum.Enum)
        or dataclasses.is_dataclass(value)
        or hasattr(type(value), "model_dump")
    )


def unwrapped(value: Any, *, as_given: bool = False) -> Any:
    """Return the mapping or the value that an object stands for, one level of it.

    With ``as_given`` the fields of a pydantic model have the names under which it is given them.
    """
    if isinstance(value, enum.Enum):
        return value.value
    fields = getattr(type(value), "model_fields", None)
    if not isinstance(fields, dict):
        if dataclasses.is_dataclass(value):
            return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        return value.model_dump()
    names = {name: given_name(name, field) if as_given else name for name, field in fields.items()}
    more = getattr(value, "model_extra", None) or {}
    return {**{written: getattr(value, name) for name, written in names.items()}, **more}


def has_default(field: dataclasses.Field[Any]) -> bool:
    """Return whether a dataclass's field has a default, or something that makes one."""
    # Of a class that was pickled by value the mark for "none" is not the very object any more.
    nothing = type(dataclasses.MISSING)
    return not (isinstance(field.default, nothing) and isinstance(field.default_factory, nothing))


def given_name(name: str, field: Any) -> str:
    """Return the name that data have for a field of a pydantic model: its alias, if it has one."""
    alias = getattr(field, "validation_alias", None) or field.alias
    return alias if isinstance(alias, str) else name


def as_data(value: Any, *, as_given: bool = True) -> Any:
    """Return a value with data for the objects in it, at every depth of lists and mappings.

    It is the very value where it holds none.
    """
    if isinstance(value, list) or type(value) is tuple:
        items = [as_data(item, as_given=as_given) for item in value]
        return value if all(map(_is, items, value)) else type(value)(items)
    if isinstance(value, dict):
        held = {key: as_data(item, as_given=as_given) for key, item in value.items()}
        return value if all(map(_is, held.values(), value.values())) else held
    if is_object(value):
        return as_data(unwrapped(value, as_given=as_given), as_given=as_given)
    return value


def _is(one: Any, other: Any) -> bool:
    return one is other
