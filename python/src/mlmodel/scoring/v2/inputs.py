"""Tensors -> what a model's signature is enforced on (OIP-020 to OIP-027)."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InputViolation
from mlmodel.scoring.given import blocks_of
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.datatypes import BYTES
from mlmodel.scoring.v2.elements import column_cells, tensor_cells, undeclared_cells
from mlmodel.signature.cells.fillers import filler
from mlmodel.signature.cells.reader import MOST_WRONG, Reader
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import AsGiven, Block, Columns, Tensors
from mlmodel.signature.types.nested import Array
from mlmodel.signature.types.schema import ColSpec, TensorSpec
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.scoring.given import Held
    from mlmodel.scoring.v2.messages import InferRequest, Tensor
    from mlmodel.signature.data.columns import Mask
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["UNNAMED", "model_input"]

#: What an input without a name is called, by its number (OIP-021).
UNNAMED = "input-{}"
_NUMBERED = re.compile(r"input-(0|[1-9][0-9]{0,8})", re.ASCII)


def model_input(request: InferRequest, matching: Matching) -> tuple[Any, Findings]:
    """Return what the engine enforces, and what was found wrong so far.

    Where something was, what stands in its place is taken by the signature, so that enforcing it
    finds what else is wrong (OIP-027).

    Raises:
        UnsupportedMediaType: a hint is not known, or does not fit (OIP-035).

    """
    reading = _Reading(request, matching)
    if matching.schema is None:
        return reading.as_hinted(), reading.found
    read = reading.tensors if matching.has_tensors else reading.columns
    return read(), reading.found


class _Reading:
    """The inputs of one request, read for one model.

    ``hint`` is the request's; ``of_elements`` has those of the tensors, by name. ``broken`` are
    the names of the tensors whose elements did not fit their datatypes.
    """

    def __init__(self, request: InferRequest, matching: Matching) -> None:
        self.inputs, self.matching = request.inputs, matching
        self.hint = hints.of_request(request.parameters, len(request.inputs))
        self.found = Findings(request.violations)
        self.broken = frozenset(violation.column for violation in self.found)
        self.of_elements = {
            tensor.name: hints.of_tensor(tensor)
            for tensor in request.inputs
            if tensor.values is not None
        }
        if self.hint == hints.TEXT and self.inputs[0].datatype == BYTES:
            only = self.inputs[0].name
            self.of_elements[only] = self.of_elements.get(only) or hints.TEXT

    def _reader(self, tensor: Tensor) -> Reader:
        per_row = max(1, math.prod(tensor.shape[1:]))
        return Reader(exact=True, violations=self.found, cells_per_row=per_row, most=MOST_WRONG)

    def _refuse(self, rule: str, tensor: Tensor, due: str) -> None:
        """Add the violation of a shape that is not one for what the tensor is."""
        got = str(list(tensor.shape))
        message = f"Input {tensor.name!r} has the shape {got}; expected is {due}."
        self.found.append(InputViolation(rule, message, tensor.name, None, due, got))

    def _refuse_gaps(self, tensor: Tensor) -> None:
        """Add the violation of a missing value where nothing can say it (OIP-005)."""
        if tensor.mask is None or not tensor.mask.any():
            return
        row = int(tensor.mask.argmax()) // max(1, math.prod(tensor.shape[1:]))
        message = (
            f"Input {tensor.name!r}, row {row}: a value of {tensor.datatype} is missing, which "
            "only a column can say; give it, or send floating point."
        )
        self.found.append(
            InputViolation("OIP-005", message, tensor.name, row, tensor.datatype, "null")
        )

    # -- columns -------------------------------------------------------------------------------

    def columns(self) -> Any:
        """Return what is enforced for a signature of columns."""
        schema = self.matching.schema
        specs = [] if schema is None else [s for s in schema.inputs if isinstance(s, ColSpec)]
        is_alone = len(self.inputs) == 1 and self.hint != hints.PANDAS
        if is_alone and (not self.matching.names or self.hint in hints.ONE_TENSOR):
            return self._rows(self.inputs[0], specs)
        names = _names(self.inputs, self.matching)
        positions = self.matching.match(names, len(names)).positions
        declared = {given: spec for spec, given in zip(specs, positions, strict=True)}
        length = self._length([t for at, t in enumerate(self.inputs) if at in declared])
        held: list[Held] = []
        others: list[int] = []
        for place, tensor in enumerate(self.inputs):
            spec = declared.get(place)
            if spec is None or tensor.values is None:
                others.append(place)
            else:
                held.append((place, *self._column(tensor, spec, length)))
        made = blocks_of(held)
        if others:
            # Of what is not declared the names alone are told; no memory is taken for it.
            nothing = np.broadcast_to(np.array(None, object), (length, len(others)))
            made.append(Block(nothing, tuple(others)))
        return Columns(names, made, length)

    def _length(self, tensors: Sequence[Tensor]) -> int:
        """Return how many rows there are, and refuse columns of other lengths (OIP-020).

        Where they differ it is none: what takes their place may not cost more than they did.
        """
        before = len(self.found)
        first = next((tensor for tensor in tensors if tensor.shape), None)
        if first is None:
            return 0
        for tensor in tensors:
            if tensor.shape and tensor.shape[0] != first.shape[0]:
                due, got = f"{first.shape[0]} rows", f"{tensor.shape[0]} rows"
                message = (
                    f"Input {tensor.name!r} has {got}, but {first.name!r} has {due}; the columns "
                    "of a table have one length."
                )
                self.found.append(InputViolation("OIP-020", message, tensor.name, None, due, got))
        return first.shape[0] if len(self.found) == before else 0

    def _column(self, tensor: Tensor, spec: ColSpec, length: int) -> tuple[Any, Mask]:
        """Return the values of a column and its mask; where it is refused, what its type takes."""
        before = len(self.found)
        is_array = isinstance(spec.type, Array) and tensor.datatype != BYTES
        if is_array:
            values, mask = self._arrays(tensor, spec.type), None
        elif tensor.shape in ((), (0,)) or tensor.shape[1:] not in ((), (1,)):
            values, mask = None, None
            if tensor.shape != (0,):
                self._refuse("OIP-020", tensor, "[n] or [n, 1]")
        else:
            values, mask = self._cells(tensor, spec)
        is_refused = len(self.found) > before or tensor.name in self.broken
        if is_refused or values is None or len(values) < length:
            return object_array([filler(spec.type)] * length), None
        return values[:length], None if mask is None else mask[:length]

    def _cells(self, tensor: Tensor, spec: ColSpec) -> tuple[Any, Mask]:
        """Return the elements of a tensor, flat, as cells of a column's type."""
        assert tensor.values is not None  # noqa: S101 - of a declared input
        values = tensor.values.reshape(-1)
        if tensor.datatype == BYTES and tensor.name not in self.broken:
            hint = self.of_elements[tensor.name]
            return column_cells(values.tolist(), hint, spec, self._reader(tensor), tensor.name)
        return values, None if tensor.mask is None else tensor.mask.reshape(-1)

    def _arrays(self, tensor: Tensor, declared: Any) -> Any:
        """Return one array per row, for a column of arrays (OIP-023)."""
        axes = 1
        while isinstance(declared, Array):
            axes, declared = axes + 1, declared.dtype
        if len(tensor.shape) != axes:
            self._refuse("OIP-023", tensor, f"one of {axes} axes")
            return None
        self._refuse_gaps(tensor)
        return object_array(list(_own(tensor)))

    def _rows(self, tensor: Tensor, specs: Sequence[ColSpec]) -> Any:
        """Return one tensor as the rows of a table, which have no names (OIP-022)."""
        before, shape = len(self.found), tensor.shape
        is_table = len(shape) == 2 or (len(shape) == 1 and len(specs) == 1)  # noqa: PLR2004
        values, mask = self._cells_of_rows(tensor, specs)
        if not is_table and mask is not None:
            self._refuse_gaps(tensor)
        if len(self.found) > before or tensor.name in self.broken:
            return _fitting_table(specs, shape[0] if shape else 1, self.matching)
        if not is_table:
            return values.reshape(shape)
        width = shape[1] if len(shape) == 2 else 1  # noqa: PLR2004 - rows and columns
        table = values.reshape(shape[0], width)
        gaps = None if mask is None else mask.reshape(shape[0], width)
        return Columns(None, [Block(table, tuple(range(width)), gaps)] if width else [], shape[0])

    def _cells_of_rows(self, tensor: Tensor, specs: Sequence[ColSpec]) -> tuple[Any, Mask]:
        """Return all elements, flat; those of BYTES as the columns have it, if they have one type.

        Else they are what a hint says, or texts.
        """
        if tensor.datatype != BYTES:
            return _own(tensor).reshape(-1), tensor.mask
        if len({(spec.type, spec.required) for spec in specs}) == 1:
            return self._cells(tensor, specs[0])
        assert tensor.values is not None  # noqa: S101 - the one input is read
        hint, cells = self.of_elements[tensor.name], tensor.values.ravel().tolist()
        return undeclared_cells(cells, hint or hints.TEXT, self._reader(tensor), tensor.name), None

    # -- tensors -------------------------------------------------------------------------------

    def tensors(self) -> Any:
        """Return what is enforced for a signature of tensors."""
        schema = self.matching.schema
        specs = [] if schema is None else [s for s in schema.inputs if isinstance(s, TensorSpec)]
        if self.hint == hints.PANDAS and not self.matching.has_names:
            return self._frame(specs[0])
        if not self.matching.has_names or (self.hint in hints.ONE_TENSOR and len(specs) == 1):
            return self._only_tensor(specs[0])
        by_name = {str(spec.name): spec for spec in specs}
        arrays: dict[str | None, Any] = {}
        for tensor in self.inputs:
            spec = by_name.get(tensor.name)
            # The arrays of other inputs are not made, but their names are told (ENF-005).
            arrays[tensor.name] = np.empty(0) if spec is None else self._at(tensor, spec)
        return Tensors(arrays)

    def _only_tensor(self, spec: TensorSpec) -> Any:
        if len(self.inputs) == 1:
            return Tensors({spec.name: self._at(self.inputs[0], spec)})
        got = f"{len(self.inputs)} tensors"
        message = (
            f"The model takes one tensor of {spec.dtype} without a name, but {got} are given; give "
            "one, or say with the content_type 'pd' that they are its columns."
        )
        self.found.append(InputViolation("OIP-024", message, None, None, "1 tensor", got))
        return Tensors({spec.name: _fitting(spec)})

    def _at(self, tensor: Tensor, spec: TensorSpec) -> Any:
        """Return a tensor as an array; where it is refused already, one that its spec takes."""
        if tensor.name in self.broken or tensor.values is None:
            return _fitting(spec)
        before, array = len(self.found), _own(tensor)
        if tensor.datatype == BYTES:
            hint, cells = self.of_elements[tensor.name], array.ravel().tolist()
            flat = tensor_cells(cells, hint, spec.type, self._reader(tensor), tensor.name)
            array = flat.reshape(tensor.shape) if len(self.found) == before else array
        self._refuse_gaps(tensor)
        if self.hint == hints.PANDAS and len(spec.shape) == 1 and array.shape[1:] == (1,):
            array = array.reshape(-1)  # a column of a data frame (ENF-073)
        return array if len(self.found) == before else _fitting(spec)

    def _frame(self, spec: TensorSpec) -> Any:
        """Return tensors as the columns of a table, for a model of one tensor (OIP-024)."""
        length = self._table_length()
        column = TensorSpec(spec.dtype, (length,))
        held = [
            (place, self._at(tensor, column).reshape(-1), None)
            for place, tensor in enumerate(self.inputs)
        ]
        if self.found:
            return Tensors({spec.name: _fitting(spec)})
        return Columns(_texts_of_names(self.inputs), blocks_of(held), length)

    def _table_length(self) -> int:
        """Return how many rows the inputs have as columns, and refuse other shapes (OIP-020)."""
        shape = self.inputs[0].shape
        length = shape[0] if shape else 1
        for tensor in self.inputs:
            if tensor.shape not in ((length,), (length, 1)):
                self._refuse("OIP-020", tensor, f"[{length}] or [{length}, 1]")
        return length

    # -- nothing declared ----------------------------------------------------------------------

    def as_hinted(self) -> Any:
        """Return what the request's hint says, where nothing is declared (OIP-025)."""
        if self.hint == hints.PANDAS:
            length = self._table_length()
            held: list[Held] = []
            for place, tensor in enumerate(self.inputs):
                mask = None if tensor.mask is None else tensor.mask.reshape(-1)
                held.append((place, self._array(tensor).reshape(-1), mask))
            if self.found:
                return Columns((), [], 0)
            return Columns(_texts_of_names(self.inputs), blocks_of(held), length)
        for tensor in self.inputs:
            self._refuse_gaps(tensor)
        arrays: dict[str | None, Any] = {t.name: self._array(t) for t in self.inputs}
        only = next(iter(arrays.values()))
        if self.hint == hints.TEXT:
            return AsGiven(only.tolist())
        if self.hint == hints.DICT or len(arrays) > 1:
            return Tensors(arrays)
        return Tensors({None: only})

    def _array(self, tensor: Tensor) -> Any:
        array = _own(tensor)
        if tensor.datatype != BYTES:
            return array
        hint, cells = self.of_elements[tensor.name], array.ravel().tolist()
        read = undeclared_cells(cells, hint, self._reader(tensor), tensor.name)
        return read.reshape(tensor.shape)


def _names(inputs: Sequence[Tensor], matching: Matching) -> tuple[str | int, ...]:
    """Return the names as the matching takes them: numbers for ``input-0`` … (OIP-021)."""
    names = _texts_of_names(inputs)
    if matching.names:
        return names
    numbers = [int(n[1]) for n in map(_NUMBERED.fullmatch, names) if n is not None]
    return tuple(numbers) if len(numbers) == len(names) else names


def _texts_of_names(inputs: Sequence[Tensor]) -> tuple[str, ...]:
    return tuple(tensor.name for tensor in inputs)


def _own(tensor: Tensor) -> Any:
    """Return the values as a model may get them: aligned, and its own to write into."""
    values = tensor.values
    assert values is not None  # noqa: S101 - it is asked for
    flags = values.flags
    return values if flags.carray else values.copy()


def _fitting(spec: TensorSpec) -> Any:
    """Return an array that is taken for a declared tensor."""
    return np.zeros([max(axis, 0) for axis in spec.shape], spec.type)


def _fitting_table(specs: Sequence[ColSpec], rows: int, matching: Matching) -> Columns:
    """Return a table that is taken for the declared columns."""
    held = [
        (place, object_array([filler(spec.type)] * rows), None) for place, spec in enumerate(specs)
    ]
    names = [spec.name for spec in specs if spec.name is not None]
    return Columns(tuple(names) if matching.has_names else None, blocks_of(held), rows)
