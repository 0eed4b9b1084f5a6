"""Data by the type hints of a model's ``predict``: checked, and handed over as hinted (PYF-017).

A model whose signature was told by ``predict(self, model_input: list[Message])`` expects that
list, and no DataFrame. The hint of an element is one of the types that a signature can tell, or
a class that checks by itself (``model_validate``, as pydantic's).
"""

from __future__ import annotations

import dataclasses
import typing
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InputViolation, InvalidInput, shown
from mlmodel.pyfunc import hinted_values
from mlmodel.signature.data.columns import Columns
from mlmodel.signature.data.objects import as_data, is_object
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.infer.hints import data_parameter, resolved_hints, with_hints
from mlmodel.signature.types.nested import AnyType, Array, Map, NestedType, Object, Property
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Hinted", "TypeFromExample", "checked_example", "data_hint", "delivery", "resolved"]

#: MLflow's hint for "what the input example is".
TypeFromExample = typing.TypeVar("TypeFromExample")


@dataclass(frozen=True)
class Hinted:
    """How a hinted model gets its data.

    ``deliver`` makes of the signature's enforcement one that hands over what is hinted; requests
    are read at ``schema``, or at the signature where it is None.
    """

    deliver: Callable[[Callable[[Any], Any]], Callable[[Any], Any]]
    schema: Schema | None = None


def delivery(
    function: Callable[..., Any], document: Mapping[str, Any], inputs: Schema | None = None
) -> Hinted | None:
    """Return what changes enforcement for a hinted model, or None where nothing is hinted.

    Args:
        function: the user's own ``predict``, unwrapped.
        document: the MLmodel file, whose keys say where the signature is from.
        inputs: what the signature declares.

    """
    element = _element(data_hint(function))
    if document.get("is_signature_from_type_hint"):
        if element is not None:
            read = None if inputs is None else Schema([_with_own_moments(spec) for spec in inputs])
            plan = Plan(read)
            return Hinted(lambda enforce: lambda data: _as_list(data, element, enforce, plan), read)
    elif document.get("type_hint_from_example"):
        listed = _example_is_list(document)
        return Hinted(lambda enforce: lambda data: _like_example(data, enforce, listed=listed))
    elif element is not None and not document.get("signature"):
        read = Schema([ColSpec(_undeclared(element))])
        plan = Plan(read)
        return Hinted(lambda _: lambda data: _listed(data, element, plan), read)
    return None


def _undeclared(element: Any) -> NestedType:
    """Return the type at which requests are read for a hint that tells no signature."""
    if _is_mapping(element):
        return Map(AnyType())
    return Array(AnyType()) if list in {element, typing.get_origin(element)} else AnyType()


def _with_own_moments(spec: Any) -> Any:
    """Return a column whose moments are read as they are given: the hint's reader sees the zone."""
    return ColSpec(_any_moments(spec.type), spec.name, spec.required)


def _any_moments(kind: Any) -> Any:
    if isinstance(kind, Array):
        return Array(_any_moments(kind.dtype))
    if isinstance(kind, Map):
        return Map(_any_moments(kind.value_type))
    if isinstance(kind, Object):
        held = [(one.name, _any_moments(one.dtype), one.required) for one in kind.properties]
        return Object([Property(*one) for one in held])
    return AnyType() if kind is DataType.datetime else kind


def _listed(data: Any, element: Any, plan: Plan) -> Any:
    """Return data that nothing declares as the list that is hinted, unchecked (PYF-040)."""
    if isinstance(data, Columns):
        return _rows_of(plan.enforce(data), element)
    return _rows_of(data, element) if _is_frame(data) else data


def _element(hint: Any) -> Any:
    """Return the hint of an element, where the data are hinted to be a list; else None."""
    is_list = hint is list or typing.get_origin(hint) is list
    return (*typing.get_args(hint), Any)[0] if is_list else None


def _example_is_list(document: Mapping[str, Any]) -> bool:
    """Return whether the example was a list, which MLflow's files tell by its form alone."""
    info = document.get("saved_input_example_info") or {}
    return "mlmodel_version" in document or info.get("type") == "json_object"


def checked_example(function: Callable[..., Any], example: Any) -> Any:
    """Return an input example as data: objects as mappings, defaults of fields filled in.

    Raises:
        InvalidInput: an element of its list is not what the hint says (PYF-017).

    """
    paired = isinstance(example, tuple) and len(example) == 2  # noqa: PLR2004 - data, parameters
    data = example[0] if paired else example
    element = _element(data_hint(function))
    if not isinstance(data, list) or element is None:
        return example
    data = as_data(_made(data, element))
    return (data, example[1]) if paired else data


@contextmanager
def resolved(function: Callable[..., Any]) -> Iterator[None]:
    """Let a function, and the dataclasses in its hints, have types for texts, for a while.

    What is pickled by value then has the types in it; texts would name what is not there when it
    is loaded.
    """
    before: list[tuple[Any, Any]] = []
    try:
        for holder, hints in _text_hints(function):
            before.append((holder, holder.__annotations__))
            holder.__annotations__ = hints
        yield
    finally:
        for holder, hints in before:
            holder.__annotations__ = hints


def _text_hints(function: Callable[..., Any]) -> Iterator[tuple[Any, Any]]:
    """Return who has texts as hints, each with its hints as types; those unknown are left."""
    try:
        found = resolved_hints(function)
        holders, seen = [(with_hints(function), found)], set()
        while holders:
            holder, hints = holders.pop()
            seen.add(id(holder))
            held = getattr(holder, "__annotations__", {})
            if any(hint != hints[name] for name, hint in held.items()):
                yield holder, {**held, **{name: hints[name] for name in held}}
            inner = [one for hint in hints.values() for one in _dataclasses_in(hint)]
            holders += [(one, resolved_hints(one)) for one in inner if id(one) not in seen]
    except (NameError, TypeError, AttributeError, KeyError):
        return


def _dataclasses_in(hint: Any) -> Iterator[Any]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for held in typing.get_args(hint):
        yield from _dataclasses_in(held)


def data_hint(function: Callable[..., Any]) -> Any:
    """Return the hint of the parameter that takes the data, or None."""
    try:
        return resolved_hints(function).get(data_parameter(function) or "")
    except (NameError, TypeError, AttributeError):  # what it names is not here to be asked
        return None


def _like_example(data: Any, enforce: Callable[[Any], Any], *, listed: bool) -> Any:
    """Return data in the form that the example had; a list stays one in any case."""
    delivered = enforce(data)
    if isinstance(data, list) or not (listed and _is_frame(delivered)):
        return data if isinstance(data, list) else delivered
    return [hinted_values.plain(row) for row in _rows_of_frame(delivered)]


def _rows_of_frame(frame: Any) -> list[Any]:
    held = frame.astype(object).where(frame.notna(), None)
    if list(held.columns) == [0]:  # a column without a name
        return list(held.iloc[:, 0])
    return list(held.to_dict("records"))


def _as_list(data: Any, element: Any, enforce: Callable[[Any], Any], plan: Plan) -> list[Any]:
    """Return the data as a list of what the hint says.

    Raises:
        InvalidInput: elements that are nothing of the kind, each with its row.

    """
    rows = data if isinstance(data, list) else _rows(data, element, plan)
    _check_declared(rows, element, enforce)
    return _made(rows, element)


def _made(rows: list[Any], element: Any) -> list[Any]:
    found, violations = [], []
    for index, row in enumerate(rows):
        try:
            found.append(hinted_values.value_of(row, element))
        except hinted_values.Wrong as error:
            violations.append(_violation(index, element, error))
    if violations:
        raise InvalidInput(
            "The data do not fit the type hint of the model's predict, which takes a list of "
            f"{hinted_values.name(element)}. {violations[0].message}",
            violations,
        )
    return found


def _check_declared(rows: list[Any], element: Any, enforce: Callable[[Any], Any]) -> None:
    """Hold rows against the signature before a class, which may convert, makes objects of them.

    Objects of a class are checked already.

    Raises:
        InvalidInput: rows contradict the signature (PYF-040).

    """
    if not hinted_values.may_convert(element):
        return
    places = [place for place, row in enumerate(rows) if not is_object(row)]
    plain = [as_data(hinted_values.plain(rows[place])) for place in places]
    if not plain:
        return
    try:
        enforce(plain)
    except InvalidInput as error:
        told = [
            one if one.row is None else replace(one, row=places[one.row])
            for one in error.violations
        ]
        raise invalid_input(told) from None


def _violation(index: int, element: Any, error: hinted_values.Wrong) -> InputViolation:
    place = f", at {error.path.removeprefix('.')}" if error.path else ""
    name = hinted_values.name(element)
    due = "" if error.expected == name else f" (there {error.expected})"
    return InputViolation(
        "PYF-017",
        f"Element {index}{place}: {shown(error.given)} is not of the type {name}{due}, which the "
        f"model's type hint requires{error.why}",
        row=index,
        expected=error.expected,
        got=shown(error.given),
    )


def _rows(data: Any, element: Any, plan: Plan) -> list[Any]:
    """Return the rows of anything that the signature takes: a frame, decoded columns."""
    frame = data if _is_frame(data) else plan.enforce(data)
    return _rows_of(frame, element) if _is_frame(frame) else list(frame)


def _rows_of(frame: Any, element: Any) -> list[Any]:
    if len(frame.columns) == 1:
        cells = list(frame.iloc[:, 0])
        # One column of whole elements, unless a mapping is asked for and it holds one of its keys.
        if not _is_mapping(element) or any(isinstance(cell, dict) for cell in cells):
            return cells
    return list(frame.to_dict("records"))


def _is_mapping(hint: Any) -> bool:
    if hint is dict or typing.get_origin(hint) is dict or hasattr(hint, "model_validate"):
        return True
    return isinstance(hint, type) and dataclasses.is_dataclass(hint)


def _is_frame(data: Any) -> bool:
    return hasattr(data, "iloc") and hasattr(data, "columns")
