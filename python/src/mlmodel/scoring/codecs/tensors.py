"""Nested arrays -> :class:`Tensors` of the declared dtypes (ENF-070 and following).

The shape is found level by level in C; the cells are then read flat, by the same reader as those
of columns.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np

from mlmodel.errors import InputViolation, MalformedRequest, shown
from mlmodel.signature.cells.reader import infer_column
from mlmodel.signature.data.columns import Tensors
from mlmodel.signature.enforce.shapes import wrong_shape
from mlmodel.signature.types.schema import TensorSpec
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.codecs.tables import Names
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.enforce.matching import Matching

    Shape: TypeAlias = tuple[int, ...]

__all__ = [
    "flattened",
    "from_array",
    "from_frame_columns",
    "from_frame_rows",
    "from_inputs",
    "from_named_rows",
    "without_rows",
]

_LIST = frozenset({list})
#: What numpy can hold in every supported version.
_MOST_AXES = 32


def from_array(payload: Payload[Json], matching: Matching) -> Tensors:
    """Read the payload's value as the one tensor, which is given without a name (ENF-107)."""
    if payload.value == [] and matching.schema is not None:
        return without_rows(payload, matching)
    shape, cells = flattened(payload.value)
    return _read_unnamed(payload, matching, shape, cells)


def without_rows(payload: Payload[object], matching: Matching) -> Tensors:
    """Return the declared tensors without rows: what an empty list says (ENF-109)."""
    if matching.has_names:
        return _read_named(payload, matching, {name: [] for name in matching.names})
    return _read_unnamed(payload, matching, (0,), [])


def from_named_rows(
    payload: Payload[Json], matching: Matching, first: dict[str, Json], rows: list[Json]
) -> Tensors:
    """Read a list of objects with the names of the first, one per row, as tensors (RST-013)."""
    # What is not declared may stand in some rows only (ENF-005).
    declared = {str(spec.name) for spec in matching.schema or ()} if matching.has_names else None
    names = first.keys() if declared is None else first.keys() & declared
    read: dict[str, list[Json]] = {name: [] for name in first}
    for number, row in enumerate(rows):
        if type(row) is not dict or names != (
            row.keys() if declared is None else row.keys() & declared
        ):
            raise MalformedRequest(
                f"Row {number} of instances is not an object with the names of row 0 (RST-013)."
            )
        for name in names:
            read[name].append(row[name])
    return _read_named(payload, matching, read)


def from_inputs(payload: Payload[Json], matching: Matching) -> Tensors:
    """Read the value of ``inputs``: an object of tensors, or one tensor (RST-014)."""
    if type(payload.value) is not dict:
        return from_array(payload, matching)
    return _read_named(payload, matching, payload.value)


def from_frame_rows(
    payload: Payload[object],
    matching: Matching,
    names: Names | None,
    rows: list[list[Json]],
    width: int,
) -> Tensors:
    """Read rows of cells for a model of tensors (ENF-073).

    One tensor without a name gets the rows as they are; tensors with names get a column each.
    """
    if matching.has_names:
        columns = list(map(list, zip(*rows, strict=True))) if rows else [[] for _ in range(width)]
        return _read_columns(payload, matching, names, columns)
    shape, cells = flattened([*rows]) if rows else ((0, width), [])
    return _read_unnamed(payload, matching, shape, cells)


def from_frame_columns(
    payload: Payload[object],
    matching: Matching,
    names: Names | None,
    columns: Sequence[Sequence[Any]],
) -> Tensors:
    """Read columns of one length, whose cells are not lists, as :func:`from_frame_rows` does."""
    if matching.has_names:
        return _read_columns(payload, matching, names, list(map(list, columns)))
    rows = len(columns[0]) if columns else 0
    cells = list(chain.from_iterable(zip(*columns, strict=True)))
    return _read_unnamed(payload, matching, (rows, len(columns)), cells)


def _read_columns(
    payload: Payload[object], matching: Matching, names: Names | None, columns: list[list[Json]]
) -> Tensors:
    if names is None:
        found = matching.match(names, len(columns)).violations
        if found:
            raise invalid_input(found)
        names = tuple(matching.names)
    return _read_named(payload, matching, dict(zip(names, columns, strict=True)), names)


def _read_unnamed(
    payload: Payload[object], matching: Matching, shape: Shape | None, cells: list[Json]
) -> Tensors:
    spec = _only_tensor(matching)
    name = None if spec is None else spec.name
    array = _read_array(payload, shape, cells, spec, 0 if name is None else name)
    payload.reader.violations.raise_all()
    return Tensors({name: array}, matching.schema)


def _read_named(
    payload: Payload[object], matching: Matching, given: Mapping[Any, Json], names: Names = ()
) -> Tensors:
    """Read tensors by name; ``names`` are those of the request, if one may stand twice."""
    read: dict[str | None, npt.NDArray[Any]]
    reader, schema = payload.reader, matching.schema
    unnamed = None if schema is None or matching.has_names else schema.inputs[0]
    if isinstance(unnamed, TensorSpec):
        raise invalid_input([_needs_no_name(unnamed)])
    if schema is None:
        read = {
            name: _read_array(payload, *flattened(value), None, name)
            for name, value in given.items()
        }
    else:
        # What is wrong with names is told with what is wrong with cells (ENF-003).
        names = names or tuple(given)
        reader.violations += matching.match(names, len(names)).violations
        read = {
            spec.name: _read_array(payload, *flattened(given[spec.name]), spec, spec.name)
            for spec in schema
            if isinstance(spec, TensorSpec) and spec.name is not None and spec.name in given
        }
    found = reader.violations if schema is None else reader.violations.in_order_of(schema)
    found.raise_all()
    return Tensors(read, schema)


def _needs_no_name(spec: TensorSpec) -> InputViolation:
    message = (
        f"The model's tensor of {spec.dtype} has no name, but an object of tensors by name was "
        "given: send the tensor itself."
    )
    return InputViolation("ENF-073", message, None, None, spec.dtype, "an object")


def _only_tensor(matching: Matching) -> TensorSpec | None:
    schema = matching.schema
    spec = None if schema is None else schema.inputs[0]
    if schema is None or not isinstance(spec, TensorSpec):
        return None
    if spec.name is not None and len(schema.inputs) > 1:
        names = ", ".join(shown(name) for name in schema.input_names()[:8])
        message = f"The model's tensors have names ({names}): send an object of tensors by name."
        raise invalid_input([InputViolation("ENF-072", message)])
    return spec


def _read_array(
    payload: Payload[object],
    shape: Shape | None,
    cells: list[Json],
    spec: TensorSpec | None,
    name: str | int,
) -> npt.NDArray[Any]:
    """Return the cells of one tensor as an array of this shape; None is that of ragged lists."""
    reader = payload.reader
    if shape:
        payload.rows = max(shape[0], payload.rows or 0)
    if shape is None:
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
            payload.doubt(cells)
        return array.reshape(shape)
    if not cells:
        # Lists without a cell do not show the axes below them.
        shape += tuple(max(length, 0) for length in spec.shape[len(shape) :])
    wrong = wrong_shape(shape, spec)
    if wrong is not None:
        reader.violations.append(wrong)
    before = len(reader.violations)
    # A violation names the row, however many cells a row has.
    reader.cells_per_row = len(cells) // shape[0] if shape and cells else 1
    read = _read_flat(reader, cells, spec.type, name)
    reader.cells_per_row = 1
    if wrong is not None or len(reader.violations) > before:
        return read
    return read.reshape(shape)


def _read_flat(
    reader: Reader, cells: list[Json], dtype: np.dtype[Any], name: str | int
) -> npt.NDArray[Any]:
    read: npt.NDArray[Any] | None = reader.flat(cells, dtype, name)
    if read is None:
        message = f"Input {name!r}: JSON has no form for cells of {dtype.name}."
        reader.violations.append(InputViolation("ENF-075", message, name, expected=dtype.name))
        return np.zeros(0, dtype)
    return read


def _are_lists(level: list[Json]) -> TypeGuard[list[list[Json]]]:
    return _LIST.issuperset(map(type, level))


def flattened(value: Json) -> tuple[Shape | None, list[Json]]:
    """Return the shape of nested lists and their cells in order; None if they are ragged."""
    if type(value) is not list:
        return (), [value]
    shape = [len(value)]
    level: list[Json] = value
    while level and _are_lists(level):
        lengths = set(map(len, level))
        if len(lengths) > 1:
            return None, []
        shape.append(lengths.pop())
        level = list(chain.from_iterable(level))
    if list in set(map(type, level)):
        return None, []
    return tuple(shape), level
