"""Parameters of a prediction, held against their declaration (ENF-080 to ENF-083)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation, shown
from mlmodel.signature.names import invalid_input
from mlmodel.signature.types import NestedType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.signature.types import ParamSpec

__all__ = ["enforce_params"]


def enforce_params(
    given: Mapping[str, Any] | None, specs: Sequence[ParamSpec] | None
) -> dict[str, Any] | None:
    """Return the parameters as the model gets them: checked, defaults filled in, in order.

    The values are Python's own (bool, int, float, str, bytes), a datetime is a numpy
    datetime64[ns] in UTC, and a list stays a list. None is returned where nothing is declared
    and nothing given.

    Raises:
        InvalidInput: unknown names, wrong types or shapes; all of them are listed.
        InvalidModel: a default that is used is not of its type (SIG-009).

    """
    given = given or {}
    if not specs:
        if given:
            raise invalid_input([_unknown(name, ()) for name in given])
        return None
    violations: list[InputViolation] = []
    read = {}
    for spec in specs:
        if spec.name not in given:
            spec.check_default()
        value = given.get(spec.name, spec.default)
        # No default and nothing given means absent (MLflow writes `null` for it).
        absent = value is None and spec.default is None
        read[spec.name] = None if absent else _read(value, spec, violations)
    names = [spec.name for spec in specs]
    violations += [_unknown(name, names) for name in given if name not in read]
    if violations:
        raise invalid_input(violations)
    return read


def _read(value: Any, spec: ParamSpec, violations: list[InputViolation]) -> Any:
    if isinstance(spec.dtype, NestedType):
        return value
    is_list = isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1)
    if is_list != (spec.shape is not None):
        violations.append(_wrong_shape(value, spec))
        return None
    return _cells(list(value) if is_list else [value], spec, violations, is_list=is_list)


def _cells(
    cells: list[Any], spec: ParamSpec, violations: list[InputViolation], *, is_list: bool
) -> Any:
    from mlmodel.signature.cells import object_array
    from mlmodel.signature.objects import read_objects

    found: list[InputViolation] = []
    array, _ = read_objects(object_array(cells), spec.dtype, spec.name, found)  # type: ignore[arg-type]
    length = spec.shape[0] if spec.shape else -1
    if is_list and length not in (-1, len(cells)):
        found.append(_wrong_shape(cells, spec))
    if found:
        violations += [_of_param(violation, is_list=is_list) for violation in found]
        return None
    values = list(array) if array.dtype.kind == "M" else array.tolist()
    return values if is_list else values[0]


def _of_param(violation: InputViolation, *, is_list: bool) -> InputViolation:
    message = violation.message.replace("Input ", "Parameter ", 1)
    if is_list:
        message = message.replace(", row ", ", element ", 1)
    else:
        message = message.replace(f", row {violation.row}", "", 1)
    return InputViolation(
        "ENF-082",
        message,
        violation.column,
        violation.row if is_list else None,
        violation.expected,
        violation.got,
    )


def _wrong_shape(value: Any, spec: ParamSpec) -> InputViolation:
    due = f"a list of shape {list(spec.shape)}" if spec.shape is not None else "a single value"
    message = f"Parameter {spec.name!r}: {due} is declared, {shown(value)} given."
    return InputViolation("ENF-083", message, spec.name, None, due, shown(value))


def _unknown(name: str, known: Sequence[str]) -> InputViolation:
    declared = ", ".join(map(repr, known)) if known else "none"
    message = f"Parameter {shown(name)} is not declared by the signature; declared: {declared}."
    return InputViolation("ENF-080", message, str(name)[:60], None, None, shown(name))
