"""One value as its type hint says it is (PYF-017): checked, and made of what stands for it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import types
import typing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Column
from mlmodel.signature.data.objects import has_default, is_object, unwrapped
from mlmodel.signature.enforce.convert import convert
from mlmodel.signature.infer.hints import resolved_hints
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Wrong", "may_convert", "name", "plain", "value_of"]

#: Integers up to here are floats without loss.
_EXACT = 2**53


class Wrong(Exception):
    """A value is not what its hint says: where in the element, what was given, why."""

    def __init__(self, given: Any, hint: Any, why: str = "") -> None:
        super().__init__(why)
        self.path = ""
        self.given = given
        self.expected = name(hint)
        self.why = why

    def within(self, place: str) -> Wrong:
        """Return the same, of a value that holds this one at a place."""
        self.path = place + self.path
        return self


def value_of(value: Any, hint: Any) -> Any:
    """Return a value as its hint says it is.

    Raises:
        Wrong: it is not.

    """
    make = _maker(hint)
    return value if make is None else make(value, hint)


def _maker(hint: Any) -> Callable[[Any, Any], Any] | None:
    """Return what makes values of a hint; None where every value is one."""
    found = _BY_HINT.get(typing.get_origin(hint) or hint)
    if found is not None:
        return found
    if hasattr(hint, "model_validate"):
        return _validated
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _member
    return _dataclass if isinstance(hint, type) and dataclasses.is_dataclass(hint) else None


def may_convert(hint: Any) -> bool:
    """Return whether a class in a hint makes its values by itself, and may convert them."""
    return hasattr(hint, "model_validate") or any(map(may_convert, typing.get_args(hint)))


def name(hint: Any) -> str:
    """Return a hint as errors show it."""
    if typing.get_args(hint):
        return str(hint).replace("typing.", "")
    return getattr(hint, "__name__", str(hint))


def plain(value: Any) -> Any:
    """Return Python's own values for those of numpy and pandas, at every depth."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, dt.datetime):
        return _moment(value)
    if type(value).__module__ == "numpy":
        if value.dtype.kind == "M":
            return plain(value.astype("M8[ns]").tolist()) if value.ndim else _moment(value)
        return plain(value.tolist())
    return value


def _moment(value: Any) -> Any:
    """Return a moment as Python's own, None for a missing one."""
    import pandas as pd

    stamp = pd.Timestamp(value)
    if pd.isna(stamp):
        return None
    return stamp if stamp.nanosecond else stamp.to_pydatetime()


def _first(value: Any, hint: Any) -> Any:
    """Return the value by the first of the hints that takes it; its own class goes before."""
    hints = typing.get_args(hint)
    own = [one for one in hints if isinstance(one, type) and type(value) is one]
    for one in [*own, *hints]:
        try:
            return value_of(value, one)
        except Wrong:
            continue
    raise Wrong(value, hint)


def _literal(value: Any, hint: Any) -> Any:
    value = plain(value)
    for one in typing.get_args(hint):
        if value == one and type(value) is type(one):
            return one
    raise Wrong(value, hint)


def _none(value: Any, hint: Any) -> None:
    if plain(value) is not None:  # a missing moment is None, too
        raise Wrong(value, hint)


def _container(value: Any, hint: Any) -> Any:
    kind, inside = typing.get_origin(hint) or hint, typing.get_args(hint)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, kind):
        raise Wrong(value, hint)
    if not inside:
        return value
    if kind is list:
        return [_inner(member, inside[0], f"[{place}]") for place, member in enumerate(value)]
    return {
        _inner(key, inside[0], f".{key}"): _inner(member, inside[1], f".{key}")
        for key, member in value.items()
    }


def _inner(value: Any, hint: Any, place: str) -> Any:
    try:
        return value_of(value, hint)
    except Wrong as error:
        raise error.within(place) from error.__cause__


def _same_class(value: Any, hint: Any) -> bool:
    """Return whether this is an object of the same class of another run of its file."""
    return type(value).__qualname__ == hint.__qualname__ and is_object(value)


def _validated(value: Any, hint: Any) -> Any:
    if isinstance(value, hint):
        return value
    if _same_class(value, hint):
        value = unwrapped(value, as_given=True)
    try:
        return hint.model_validate(_renewed(plain(value)))
    except ValueError as error:  # what pydantic raises is one
        raise Wrong(value, hint, f": {error}") from error


def _renewed(value: Any) -> Any:
    """Return a mapping with mappings for the objects in it: their classes may be another run's."""
    if isinstance(value, dict):
        return {key: _renewed(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_renewed(held) for held in value]
    return _renewed(unwrapped(value, as_given=True)) if is_object(value) else value


def _member(value: Any, hint: Any) -> Any:
    if isinstance(value, hint):
        return value
    value = plain(unwrapped(value)) if _same_class(value, hint) else plain(value)
    try:
        return hint(value)
    except ValueError as error:
        raise Wrong(value, hint, f": it is one of {[one.value for one in hint]}") from error


def _dataclass(value: Any, hint: Any) -> Any:
    if isinstance(value, hint):
        return value
    if _same_class(value, hint):
        value = unwrapped(value)
    if not isinstance(value, dict):
        raise Wrong(value, hint)
    fields = {field.name: field for field in dataclasses.fields(hint) if field.init}
    unknown = [key for key in value if key not in fields]
    if unknown:
        raise Wrong(value, hint, f": it has no field {unknown[0]!r:.60}")
    for field in fields.values():
        if field.name not in value and not has_default(field):
            raise Wrong(value, hint, f": the field {field.name!r} is missing")
    hints = _hints_of(hint)
    given = {key: _inner(held, hints.get(key, Any), f".{key}") for key, held in value.items()}
    try:
        return hint(**given)
    except (TypeError, ValueError) as error:  # of its own check
        raise Wrong(value, hint, f": {error}") from error


def _hints_of(hint: Any) -> dict[str, Any]:
    try:
        return resolved_hints(hint)
    except (NameError, TypeError):  # what they name is not here to be asked
        return {}


def _scalar(value: Any, hint: Any) -> Any:
    value = value if type(value) is hint else plain(value)
    if isinstance(value, bool) and hint is not bool:
        raise Wrong(value, hint)
    if hint is float and isinstance(value, int) and abs(value) <= _EXACT:
        return float(value)
    if hint in {dt.date, dt.datetime} and isinstance(value, str):
        value = _moment_of_text(value, hint)
    if hint is dt.date and isinstance(value, dt.datetime):
        return _date(value)
    if not isinstance(value, hint):
        raise Wrong(value, hint)
    return value


def _moment_of_text(text: str, hint: Any) -> Any:
    """Return the moment that a text says, with its zone where it has one (PYF-040)."""
    found = Findings()
    convert(Column(object_array([text]), None, 0), ColSpec(DataType.datetime), found)
    if found:
        raise Wrong(text, hint)
    return _moment(text)


def _date(value: dt.datetime) -> dt.date:
    if value.time() != dt.time():
        raise Wrong(value, dt.date, ": it has a time of day")
    return value.date()


#: By a hint, or by what it is made of (``list`` of ``list[int]``).
_BY_HINT: dict[Any, Callable[[Any, Any], Any]] = {
    **dict.fromkeys((bool, int, float, str, bytes, dt.datetime, dt.date, Decimal), _scalar),
    **dict.fromkeys((list, dict), _container),
    **dict.fromkeys((typing.Union, types.UnionType), _first),
    **dict.fromkeys((None, type(None)), _none),
    typing.Literal: _literal,
}
