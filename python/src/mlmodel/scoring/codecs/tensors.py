"""Nested arrays -> :class:`Tensors` of the declared dtypes (ENF-070 and following).

The shape is found level by level in C; the cells are then read flat, by the same reader as those
of columns.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import infer_column
from mlmodel.signature.data.columns import Tensors
from mlmodel.signature.enforce.shapes import wrong_shape
from mlmodel.signature.types.schema import TensorSpec
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.enforce.plan import Plan

__all__ = ["from_array", "from_frame_rows", "from_inputs", "from_named_rows"]

_LIST = frozenset({list})
#: What numpy can hold in every supported version.
_MOST_AXES = 32


def from_array(payload: Payload, plan: Plan) -> Tensors:
    """Read the payload's value as one tensor without a name."""
    array = _array(payload, payload.value, _only(plan), 0)
    payload.reader.finish()
    return Tensors({None: array})


def from_named_rows(payload: Payload, plan: Plan) -> Tensors:
    """Read a list of objects, one per row, as tensors by name (RST-013)."""
    rows = payload.value
    if any(type(row) is not dict or row.keys() != rows[0].keys() for row in rows):
        place = next(
            n for n, row in enumerate(rows) if type(row) is not dict or row.keys() != rows[0].keys()
        )
        raise MalformedRequest(
            f"Row {place} of instances is not an object with the names of row 0 (RST-013)."
        )
    payload.pairs += sum(map(len, rows))
    return _named(payload, plan, {name: [row[name] for row in rows] for name in rows[0]})


def from_inputs(payload: Payload, plan: Plan) -> Tensors:
    """Read the value of ``inputs``: an object of tensors, or one tensor (RST-014)."""
    if type(payload.value) is not dict:
        return from_array(payload, plan)
    payload.pairs += len(payload.value)
    return _named(payload, plan, payload.value)


def from_frame_rows(
    payload: Payload, plan: Plan, names: tuple[Any, ...] | None, rows: list[Any], width: int
) -> Tensors:
    """Read rows of cells for a model of tensors (ENF-073).

    One tensor without a name gets the rows as they are; tensors with names get a column each.
    """
    schema = plan.schema
    if schema is not None and schema.has_input_names():
        if names is None:
            raise invalid_input(plan.match(names, width).violations)
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        given = dict(zip(names, map(list, columns), strict=True))
        return _named(payload, plan, given, names)
    array = _array(payload, rows, _only(plan), 0)
    payload.reader.finish()
    return Tensors({None: array})


def _named(
    payload: Payload, plan: Plan, given: dict[str, Any], names: tuple[Any, ...] = ()
) -> Tensors:
    """Read tensors by name; ``names`` are those of the request, if one may stand twice."""
    read: dict[str | None, Any]
    reader = payload.reader
    if plan.schema is not None and not plan.schema.has_input_names():
        raise invalid_input([_names_for(plan.schema.inputs[0])])
    if plan.schema is None:
        read = {name: _array(payload, value, None, name) for name, value in given.items()}
    else:
        # What is wrong with names is told with what is wrong with cells (ENF-003).
        names = names or tuple(given)
        reader.violations += plan.match(names, len(names)).violations
        read = {
            spec.name: _array(payload, given[spec.name], spec, spec.name)
            for spec in plan.schema
            if isinstance(spec, TensorSpec) and spec.name in given
        }
        for name in given.keys() - read.keys():
            payload.count(given[name])
        order: dict[Any, int] = {spec.name: place for place, spec in enumerate(plan.schema)}
        reader.violations.sort(key=lambda found: order.get(found.column, -1))
    reader.finish()
    return Tensors(read)


def _names_for(spec: Any) -> InputViolation:
    message = (
        f"The model's tensor of {spec.dtype} has no name, and an object of tensors by name is "
        "given: send the tensor itself."
    )
    return InputViolation("ENF-073", message, None, None, spec.dtype, "an object")


def _only(plan: Plan) -> TensorSpec | None:
    spec = plan.schema.inputs[0] if plan.schema is not None else None
    if not isinstance(spec, TensorSpec):
        return None
    if spec.name is not None:
        names = ", ".join(shown(name) for name in plan.schema.input_names()[:8])  # type: ignore[union-attr]
        message = f"The model's tensors have names ({names}): send an object of tensors by name."
        raise invalid_input([InputViolation("ENF-072", message)])
    return spec


def _array(payload: Payload, value: Any, spec: TensorSpec | None, name: str | int) -> Any:
    reader = payload.reader
    shape, cells = _flattened(value)
    if payload.tally is not None and shape:
        payload.tally.rows = max(shape[0], payload.tally.rows or 0)
    if shape is None:
        payload.count(value)
        message = f"Input {name!r}: the nested arrays differ in length or depth on one axis."
        reader.violations.append(InputViolation("ENF-076", message, name))
        return np.zeros(0)
    if spec is None and len(shape) > _MOST_AXES:
        message = f"Input {name!r}: {len(shape)} axes are given, and at most {_MOST_AXES} are read."
        reader.violations.append(InputViolation("ENF-076", message, name))
        return np.zeros(0)
    if spec is None:
        array = infer_column(reader, cells)
        # Where a dtype is declared, a cell that is an object is refused.
        if array.dtype == object and dict in map(type, cells):
            payload.count(value)
        return array.reshape(shape)
    wrong = wrong_shape(shape, spec)
    if wrong is not None:
        reader.violations.append(wrong)
    before = len(reader.violations)
    # A violation names the row, however many cells a row has.
    reader.cells_per_row = len(cells) // shape[0] if shape and cells else 1
    read = _flat(reader, cells, spec.type, name)
    reader.cells_per_row = 1
    if wrong is not None or len(reader.violations) > before:
        return read
    return read.reshape(shape)


def _flat(reader: Reader, cells: list[Any], dtype: np.dtype[Any], name: str | int) -> Any:
    read = reader.flat(cells, dtype, name)
    if read is None:
        message = f"Input {name!r}: JSON has no form for cells of {dtype.name}."
        reader.violations.append(InputViolation("ENF-075", message, name, expected=dtype.name))
        return np.zeros(0, dtype)
    return read


def _flattened(value: Any) -> tuple[tuple[int, ...] | None, list[Any]]:
    """Return the shape of nested lists and their cells in order; None if they are ragged."""
    if type(value) is not list:
        return (), [value]
    shape = [len(value)]
    level = value
    while level and _LIST.issuperset(map(type, level)):
        lengths = set(map(len, level))
        if len(lengths) > 1:
            return None, []
        shape.append(lengths.pop())
        level = list(chain.from_iterable(level))
    if list in set(map(type, level)):
        return None, []
    return tuple(shape), level
