"""Signatures from the type hints of a predict function (SIG-044 to SIG-046).

A model that says ``def predict(self, model_input: list[str]) -> list[float]`` takes one column
without a name. Nothing is called: hints are read. pydantic's models are known by their
``model_fields``, so pydantic is not imported.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import inspect
import sys
import types
import typing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.signature.data.objects import given_name, has_default
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object, Property
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["data_parameter", "infer_signature_from_type_hints", "resolved_hints", "with_hints"]

_SCALARS: dict[Any, DataType] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    dt.datetime: DataType.datetime,
}
#: Types of fields alone: a pydantic model or a dataclass makes them of what is given.
_OF_FIELDS: dict[Any, DataType] = {dt.date: DataType.datetime, Decimal: DataType.double}
#: How many names of a hint are looked up among the variables of who calls.
_MOST_NAMES = 100
_NOT_DATA = frozenset({"self", "cls", "context", "params"})
#: What is a table or a tensor already: its hint says nothing of the columns.
_TABLES = frozenset({"pandas", "numpy", "scipy", "polars", "pyarrow", "pyspark"})
_SUPPORTED = (
    "list[...] of bool, int, float, str, bytes, datetime.datetime, Any, an Enum, a Literal, "
    "a union, list[...], dict[str, ...], a dataclass or a pydantic model"
)


class _NoType(Exception):
    """A hint for which the format has no type."""


def infer_signature_from_type_hints(function: Callable[..., Any]) -> ModelSignature | None:
    """Return the signature that the hints of a predict function declare, or None.

    Args:
        function: ``predict`` of a PythonModel, bound or not, or a function of the data alone.
            Its data are :func:`data_parameter`.

    Returns:
        A signature of one unnamed column, and of one unnamed column as output, which is ``any``
        where its hint has no type. None without a hint, and for a hint that says nothing of
        columns (``Any``, a data frame, an array).

    Warns:
        UserWarning: the hint of the data has no type of the format (SIG-046).

    """
    from mlmodel.signature.model_signature import ModelSignature

    name = data_parameter(function)
    if name is None or name not in getattr(with_hints(function), "__annotations__", {}):
        return None
    try:
        hints = resolved_hints(function)
        if _says_nothing(hints[name]):
            return None
        column = _input_column(hints[name])
    except (_NoType, NameError, TypeError) as error:
        warn_caller(
            f"SIG-046: no signature can be made from the type hint of {name!r}, so the data are "
            f"neither checked nor made what it says: {error}. Supported are {_SUPPORTED}"
        )
        return None
    return ModelSignature(Schema([column]), Schema([_output_column(hints.get("return"))]))


def data_parameter(function: Callable[..., Any]) -> str | None:
    """Return the name of the parameter of a ``predict`` that takes the data, or None.

    It is ``model_input``, else the first that is neither ``self``, ``cls``, ``context`` nor
    ``params``.
    """
    names = [name for name in inspect.signature(function).parameters if name not in _NOT_DATA]
    return "model_input" if "model_input" in names else next(iter(names), None)


def with_hints(function: Callable[..., Any]) -> Any:
    """Return the function that has the hints: of a partial, a bound method, an object called."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if inspect.isroutine(function) or isinstance(function, type):
        return function
    return type(function).__call__


def resolved_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the hints of a function, with types for the texts in them.

    A name that the function's module does not have is looked for among the variables of who
    calls: a class may be defined beside the model, inside of a function.

    Raises:
        NameError: nobody has it.
        TypeError: a hint is not a type.

    """
    found: dict[str, Any] = {}
    hinted = with_hints(function)
    for _ in range(_MOST_NAMES):
        try:
            return typing.get_type_hints(hinted, localns=found or None)
        except NameError as error:
            name = error.name
            frame = sys._getframe(1)  # noqa: SLF001 - of who calls, as warnings does
            while frame is not None and name not in frame.f_locals:
                frame = frame.f_back  # type: ignore[assignment]
            if frame is None or name is None or name in found:
                raise
            found[name] = frame.f_locals[name]
    raise NameError("too many of its names are not known")


def _says_nothing(hint: Any) -> bool:
    module = getattr(hint, "__module__", "") or ""
    return hint is Any or (isinstance(hint, type) and module.partition(".")[0] in _TABLES)


def _input_column(hint: Any) -> ColSpec:
    held = _optional(hint)
    if held is not None:
        raise _NoType(f"the data are never None; write {_hint_name(held)}")
    if hint is list or typing.get_origin(hint) is list:
        item = next(iter(typing.get_args(hint)), None)
        if item is None:
            raise _NoType("list does not say of what; write list[str], for instance, or list[Any]")
        held = _optional(item)
        if held is not None:
            raise _NoType(
                f"no element may be None, as {_hint_name(item)} says; write list[{_hint_name(held)}"
                "], or a pydantic model or dataclass with an Optional field"
            )
        return ColSpec(_hint_kind(item))
    raise _NoType(
        f"{_hint_name(hint)} is not a list[...], and a model takes many rows at once; write "
        f"list[{_hint_name(hint)}] for a list of rows"
    )


def _output_column(hint: Any) -> ColSpec:
    held = typing.get_args(hint) if typing.get_origin(hint) is list else ()
    item = held[0] if held else hint
    try:
        return ColSpec(_hint_kind(item))
    except _NoType:
        return ColSpec(AnyType())


def _optional(hint: Any) -> Any:
    """Return what an Optional holds, or None for another hint."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return None
    others = [one for one in typing.get_args(hint) if one is not types.NoneType]
    if len(others) == len(typing.get_args(hint)):
        return None
    return typing.Union[tuple(others)]  # noqa: UP007 - of as many as there are


def _hint_kind(hint: Any, within: tuple[Any, ...] = ()) -> DataType | NestedType:
    """Return the type that a hint stands for; ``within`` are the models around it."""
    found = _scalar_kind(hint, within) or _container_kind(hint, within)
    if found is not None:
        return found
    if isinstance(hint, type) and isinstance(getattr(hint, "model_fields", None), dict):
        return _model_kind(hint, within)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _dataclass_kind(hint, within)
    raise _NoType(f"the format has no type for {_hint_name(hint)}")


def _scalar_kind(hint: Any, within: tuple[Any, ...]) -> DataType | AnyType | None:
    if typing.get_origin(hint) is typing.Literal:
        return _kind_of_values(hint, typing.get_args(hint))
    if hint is Any:
        return AnyType()
    if not isinstance(hint, type):
        return None
    if issubclass(hint, enum.Enum):
        return _kind_of_values(hint, [member.value for member in hint])
    return _SCALARS.get(hint) or (_OF_FIELDS.get(hint) if within else None)


def _container_kind(hint: Any, within: tuple[Any, ...]) -> NestedType | None:
    origin, held = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and types.NoneType not in held:
        return AnyType()
    if origin is list and held:
        return Array(_hint_kind(held[0], within))
    if origin is dict and held and held[0] is str:
        return Map(_hint_kind(held[1], within))
    if hint in (list, dict):
        example = "list[str]" if hint is list else "dict[str, int]"
        raise _NoType(
            f"{hint.__name__} does not say of what; write {example}, for instance, or Any"
        )
    return None


def _kind_of_values(hint: Any, values: Iterable[Any]) -> DataType | AnyType:
    """Return the type of the values of an enumeration or a Literal."""
    kinds = {_SCALARS.get(type(value)) for value in values}
    kind = kinds.pop() if kinds else None
    if kinds or kind is None:
        raise _NoType(f"the values of {_hint_name(hint)} are not of one type of the format")
    return kind


def _model_kind(model: Any, within: tuple[Any, ...]) -> Object | AnyType:
    if model in within:
        raise _NoType(f"{_hint_name(model)} contains itself")
    properties = []
    for name, field in model.model_fields.items():
        held = _optional(field.annotation)
        kind = _hint_kind(field.annotation if held is None else held, (*within, model))
        required = held is None and getattr(field, "is_required", _always)()
        properties.append(Property(given_name(name, field), kind, required))
    # MLflow cannot read an object without properties.
    return Object(properties) if properties else AnyType()


def _always() -> bool:
    return True


def _dataclass_kind(model: Any, within: tuple[Any, ...]) -> Object | AnyType:
    if model in within:
        raise _NoType(f"{_hint_name(model)} contains itself")
    hints = resolved_hints(model)
    properties = []
    for field in dataclasses.fields(model):
        if not field.init:
            continue
        held = _optional(hints[field.name])
        kind = _hint_kind(hints[field.name] if held is None else held, (*within, model))
        required = held is None and not has_default(field)
        properties.append(Property(field.name, kind, required))
    return Object(properties) if properties else AnyType()


def _hint_name(hint: Any) -> str:
    if typing.get_args(hint):
        return str(hint).replace("typing.", "")
    return hint.__qualname__ if isinstance(hint, type) else str(hint)
