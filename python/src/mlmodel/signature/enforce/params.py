"""Parameters of a prediction, held against their declaration (ENF-081 to ENF-086, PYF-031)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation, InvalidModel, shown
from mlmodel.signature.cells.nested import read_nested
from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.cells.special import special_fault
from mlmodel.signature.data.columns import Column
from mlmodel.signature.enforce.convert import LEAVES
from mlmodel.signature.types.nested import Array, NestedType, is_opaque
from mlmodel.signature.types.scalars import FLOATS, DataType
from mlmodel.signature.types.schema import ColSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from mlmodel.signature.types.params import ParamSpec

__all__ = ["enforce_params"]


def enforce_params(
    given: Mapping[str, Any] | None, specs: Sequence[ParamSpec] | None
) -> dict[str, Any] | None:
    """Return the parameters as the model gets them: checked, defaults filled in, in order.

    The values are Python's own (bool, int, float, str, bytes, dict), a moment is a
    ``datetime.datetime`` in UTC without zone (PYF-031), and a list stays a list. Parameters that
    are not declared are left out (ENF-080); :mod:`.undeclared` says which. None is returned where
    nothing is declared.

    Raises:
        InvalidInput: wrong types or shapes; all of them are listed.
        InvalidModel: a default that is used is not of its type (SIG-009).

    """
    given = given or {}
    if not specs:
        return None
    found = Findings()
    read = {}
    for spec in specs:
        value = given.get(spec.name)
        if spec.name not in given or (value is None and spec.default is None):
            # No default and nothing given means absent (MLflow writes `null` for it).
            read[spec.name] = None if spec.default is None else _read_default(spec)
        elif value is None and not is_opaque(spec.dtype):
            found.append(_null(spec))
        else:
            read[spec.name] = _read_param(value, spec, found)
    found.raise_all()
    return read


def _null(spec: ParamSpec) -> InputViolation:
    """Return the violation of a null for a parameter that has a default (ENF-086)."""
    due = spec.dtype.value if isinstance(spec.dtype, DataType) else str(spec.dtype)
    message = (
        f"Parameter {spec.name!r}: null was given, which is not a value of it; leave it out for "
        f"its default, {shown(spec.default)}, or give a value of the type {due}"
    )
    return InputViolation("ENF-086", message, spec.name, None, due, shown(None))


def _is_finished(value: Any, spec: ParamSpec) -> bool:
    """Return whether a value needs no look: the most frequent case, and the quick one."""
    if spec.shape is not None or not isinstance(spec.dtype, DataType):
        return False
    traits = spec.dtype.traits
    if type(value) is not traits.python or not traits.as_given:
        return False
    return type(value) is not int or traits.literals.low <= value <= traits.literals.high


def _read_default(spec: ParamSpec) -> Any:
    if _is_finished(spec.default, spec):
        return spec.default
    spec.check_default()
    found = Findings()
    read = _read_param(spec.default, spec, found)
    if found:
        raise InvalidModel(f"A default does not fit its type: {found[0].message} (SIG-009)")
    return read


def _read_param(value: Any, spec: ParamSpec, found: Findings) -> Any:
    if is_opaque(spec.dtype) or _is_finished(value, spec):
        return value
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    is_list = isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1)
    # A parameter that is an array or an object says by its type what it takes.
    if is_list != (spec.shape is not None) and not isinstance(spec.dtype, Array):
        found.append(_wrong_shape(value, spec))
        return None
    many = spec.shape is not None and is_list
    if isinstance(spec.dtype, NestedType):
        value = _moments_listed(value)
    column = Column(list(value) if many else [value], None, spec.name)
    return _read_values(column, spec, found, is_list=many)


def _read_values(
    column: Column[list[Any]], spec: ParamSpec, found: Findings, *, is_list: bool
) -> Any:
    wrong, declared = Findings(), ColSpec(spec.dtype)
    if isinstance(spec.dtype, NestedType):
        values = read_nested(column, declared, _LEAVES, wrong)
    else:
        array, _ = _LEAVES.cells(column, declared, wrong)
        values = [] if wrong else array.tolist()
    length = spec.shape[0] if spec.shape else -1
    if is_list and length not in (-1, len(column.values)):
        wrong.append(_wrong_shape(column.values, spec))
    if wrong:
        found += [_as_param(violation, is_list=is_list) for violation in wrong]
        return None
    return values if is_list else values[0]


class _ParamLeaves:
    """How the scalars of parameters are read: as objects, but that base64 stands for bytes.

    Nothing says of NaN whether a request or a caller wrote it, so it never means missing (ENF-066).
    """

    array = staticmethod(LEAVES.array)
    null = LEAVES.null

    def is_missing(self, cell: Any) -> bool:
        return special_fault(cell) is None and LEAVES.is_missing(cell)

    def cells(self, column: Column[list[Any]], spec: ColSpec, found: Findings) -> tuple[Any, Any]:
        reader = Reader(exact=True, violations=found)
        if spec.type not in FLOATS:
            reader.each(column.values, column.label, spec.type.value, special_fault)
        if found:
            return None, None
        if spec.type is DataType.binary:
            column = _with_bytes(column, reader)
        array, mask = LEAVES.cells(column, spec, found)
        if spec.type is DataType.datetime and not found:
            return _moments(array), None
        return array, mask


_LEAVES = _ParamLeaves()


def _moments(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return moments as ``datetime.datetime``, None for those that are missing (PYF-031).

    One with nanoseconds is pandas' Timestamp, which is a ``datetime.datetime`` too: nothing is
    cut off.
    """
    held = np.empty(array.shape, dtype=object)
    for place, stamp in enumerate(pd.DatetimeIndex(array)):
        if not pd.isna(stamp):
            held[place] = stamp if stamp.nanosecond else stamp.to_pydatetime()
    return held


def _moments_listed(value: Any) -> Any:
    """Return a nested value with lists for its arrays of moments: an array is read as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        if not value.ndim:
            return value[()]
        return list(value) if value.ndim == 1 else [_moments_listed(row) for row in value]
    if isinstance(value, dict):
        return {key: _moments_listed(held) for key, held in value.items()}
    return [_moments_listed(held) for held in value] if isinstance(value, list | tuple) else value


def _with_bytes(column: Column[list[Any]], reader: Reader) -> Column[list[Any]]:
    """Return binary cells with bytes for base64 texts (ENF-085); bytes are as they are."""
    texts = [cell if isinstance(cell, str) else None for cell in column.values]
    read = reader.column(texts, DataType.binary, column.label)
    cells = [
        cell if text is None else value
        for cell, text, value in zip(column.values, texts, read, strict=True)
    ]
    return Column(cells, None, column.label)


def _as_param(violation: InputViolation, *, is_list: bool) -> InputViolation:
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
    message = f"Parameter {spec.name!r}: expected {due}, got {shown(value)}."
    return InputViolation("ENF-083", message, spec.name, None, due, shown(value))
