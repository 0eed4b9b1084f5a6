"""Signatures from the type hints of a predict function (SIG-044 to SIG-046).

A model that says ``def predict(self, model_input: list[str]) -> list[float]`` takes one column
without a name. Nothing is called: hints are read. pydantic's models are known by their
``model_fields``, so pydantic is not imported.
"""

from __future__ import annotations

import datetime as dt
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object, Property
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["data_parameter", "infer_signature_from_type_hints"]

_SCALARS: dict[Any, DataType] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    dt.datetime: DataType.datetime,
}
_NOT_DATA = frozenset({"self", "cls", "context", "params"})
#: What is a table or a tensor already: its hint says nothing of the columns.
_TABLES = frozenset({"pandas", "numpy", "scipy", "polars", "pyarrow", "pyspark"})
_SUPPORTED = (
    "list[...] of bool, int, float, str, bytes, datetime.datetime, Any, list[...], dict[str, ...] "
    "or a pydantic model"
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
    if name is None or name not in getattr(function, "__annotations__", {}):
        return None
    try:
        hints = typing.get_type_hints(function)
        if _says_nothing(hints[name]):
            return None
        column = _input_column(hints[name])
    except (_NoType, NameError, TypeError) as error:
        warn_caller(
            f"SIG-046: no signature can be made from the type hint of {name!r}: {error}; "
            "supported are "
            f"{_SUPPORTED}."
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


def _says_nothing(hint: Any) -> bool:
    module = getattr(hint, "__module__", "") or ""
    return hint is Any or (isinstance(hint, type) and module.partition(".")[0] in _TABLES)


def _input_column(hint: Any) -> ColSpec:
    if typing.get_origin(hint) is not list or not typing.get_args(hint):
        raise _NoType(f"{_hint_name(hint)} is not a list[...], and a model takes many rows at once")
    return ColSpec(_hint_kind(typing.get_args(hint)[0]))


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
    if hint is Any:
        return AnyType()
    if isinstance(hint, type) and hint in _SCALARS:
        return _SCALARS[hint]
    origin, held = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType) and types.NoneType not in held:
        return AnyType()
    if origin is list and held:
        return Array(_hint_kind(held[0], within))
    if origin is dict and held and held[0] is str:
        return Map(_hint_kind(held[1], within))
    if isinstance(hint, type) and isinstance(getattr(hint, "model_fields", None), dict):
        return _model_kind(hint, within)
    raise _NoType(f"the format has no type for {_hint_name(hint)}")


def _model_kind(model: Any, within: tuple[Any, ...]) -> Object:
    if model in within:
        raise _NoType(f"{_hint_name(model)} contains itself")
    properties = []
    for name, field in model.model_fields.items():
        held = _optional(field.annotation)
        kind = _hint_kind(field.annotation if held is None else held, (*within, model))
        alias = getattr(field, "validation_alias", None) or field.alias
        written = alias if isinstance(alias, str) else name
        properties.append(Property(written, kind, held is None))
    return Object(properties)


def _hint_name(hint: Any) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)
