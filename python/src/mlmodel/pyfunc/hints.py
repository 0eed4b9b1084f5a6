"""Data by the type hints of a model's ``predict``: checked, and handed over as hinted (PYF-017).

A model whose signature was told by ``predict(self, model_input: list[Message])`` expects that
list, and no DataFrame. The hint of an element is one of the types that a signature can tell, or
a class that checks by itself (``model_validate``, as pydantic's).
"""

from __future__ import annotations

import datetime as dt
import types
import typing
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InputViolation, InvalidInput, shown
from mlmodel.signature.infer.hints import data_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TypeFromExample", "data_hint", "delivery"]

#: MLflow's hint for "what the input example is".
TypeFromExample = typing.TypeVar("TypeFromExample")

_SCALARS = (bool, int, float, str, bytes, dt.datetime, dt.date)
#: Integers up to here are floats without loss.
_EXACT = 2**53


def delivery(
    function: Callable[..., Any], document: Mapping[str, Any]
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]] | None:
    """Return what changes enforcement for a hinted model, or None where nothing is hinted.

    Args:
        function: the user's own ``predict``, unwrapped.
        document: the MLmodel file, whose keys say where the signature is from.

    """
    if document.get("is_signature_from_type_hint"):
        hint = data_hint(function)
        if hint is list or typing.get_origin(hint) is list:
            element = (*typing.get_args(hint), Any)[0]
            return lambda enforce: lambda data: _as_list(data, element, enforce)
    elif document.get("type_hint_from_example"):
        return lambda enforce: lambda data: _checked_list(data, enforce)
    return None


def data_hint(function: Callable[..., Any]) -> Any:
    """Return the hint of the parameter that takes the data, or None."""
    try:
        return typing.get_type_hints(function).get(data_parameter(function) or "")
    except (NameError, TypeError, AttributeError):  # what it names is not here to be asked
        return None


def _checked_list(data: Any, enforce: Callable[[Any], Any]) -> Any:
    delivered = enforce(data)
    return data if isinstance(data, list) else delivered


def _as_list(data: Any, element: Any, enforce: Callable[[Any], Any]) -> list[Any]:
    """Return the data as a list of what the hint says.

    Raises:
        InvalidInput: elements that are nothing of the kind, each with its row.

    """
    rows = data if isinstance(data, list) else _rows(data, element, enforce)
    found, violations = [], []
    for index, row in enumerate(rows):
        try:
            found.append(_value(row, element))
        except _Wrong as error:
            violations.append(
                InputViolation(
                    "PYF-017",
                    f"element {index} is not of the type {_name(element)}, which the model's "
                    f"type hint requires{error}",
                    row=index,
                    expected=_name(element),
                    got=shown(row),
                )
            )
    if violations:
        raise InvalidInput("The data do not fit the type hint of the model's predict", violations)
    return found


def _rows(data: Any, element: Any, enforce: Callable[[Any], Any]) -> list[Any]:
    """Return the rows of anything that the signature takes: a frame, decoded columns."""
    frame = data if _is_frame(data) else enforce(data)
    if not _is_frame(frame):
        return list(frame)
    if len(frame.columns) == 1:
        cells = list(frame.iloc[:, 0])
        # One column of whole elements, unless a mapping is asked for and it holds one of its keys.
        if not _is_mapping(element) or any(isinstance(cell, dict) for cell in cells):
            return cells
    return list(frame.to_dict("records"))


def _is_mapping(hint: Any) -> bool:
    return hint is dict or typing.get_origin(hint) is dict or hasattr(hint, "model_validate")


def _is_frame(data: Any) -> bool:
    return hasattr(data, "iloc") and hasattr(data, "columns")


class _Wrong(Exception):
    """A value is not what its hint says; the text says more, or nothing."""


def _value(value: Any, hint: Any) -> Any:
    """Return a value as its hint says it is, or raise :class:`_Wrong`."""
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return _first(value, typing.get_args(hint))
    if origin in {list, dict} or hint in {list, dict}:
        return _container(value, origin or hint, typing.get_args(hint))
    if hasattr(hint, "model_validate"):
        return _validated(value, hint)
    if hint is None or hint is type(None):
        if value is not None:
            raise _Wrong
    elif hint in _SCALARS:
        return _scalar(value, hint)
    return value


def _first(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            return _value(value, hint)
        except _Wrong:
            continue
    raise _Wrong


def _container(value: Any, kind: Any, inside: tuple[Any, ...]) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, kind):
        raise _Wrong
    if not inside:
        return value
    if kind is list:
        return [_value(member, inside[0]) for member in value]
    return {_value(key, inside[0]): _value(member, inside[1]) for key, member in value.items()}


def _validated(value: Any, hint: Any) -> Any:
    if isinstance(value, hint):
        return value
    try:
        return hint.model_validate(value)
    except ValueError as error:  # what pydantic raises is one
        raise _Wrong(f": {error}") from error


def _scalar(value: Any, hint: Any) -> Any:
    if hasattr(value, "item") and not isinstance(value, hint):
        value = value.item()  # numpy's
    if isinstance(value, bool) and hint is not bool:
        raise _Wrong
    if hint is float and isinstance(value, int) and abs(value) <= _EXACT:
        return float(value)
    if not isinstance(value, hint):
        raise _Wrong
    return value


def _name(hint: Any) -> str:
    return str(hint) if typing.get_args(hint) else getattr(hint, "__name__", str(hint))
