"""Enforcement of a tensor signature: strict dtype, shape with -1 for any length (ENF-070 ff)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation
from mlmodel.signature.enforce.shapes import label, wrong_shape
from mlmodel.signature.types.schema import TensorSpec
from mlmodel.signature.violations import Findings, invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.types.schema import Schema

__all__ = ["TensorEnforcer", "is_sparse"]

#: Kinds of text and bytes, whose width is not a part of the declared dtype.
_OF_EVERY_WIDTH = {"U": str, "S": bytes}


class TensorEnforcer:
    """What :class:`~mlmodel.signature.enforce.plan.Plan` does for a schema of tensors."""

    def __init__(self, schema: Schema, matching: Matching) -> None:
        self._schema = schema
        self.specs = tuple(spec for spec in schema.inputs if isinstance(spec, TensorSpec))
        self._match = matching.match
        self._unnamed = self.specs[0].name is None

    def enforce(self, data: Any) -> Any:
        """Return the array, or the declared arrays by name in the signature's order."""
        return self._one(data) if self._unnamed else self._several(data)

    def _one(self, data: Any) -> Any:
        spec, found = self.specs[0], Findings()
        array = _frame_values(data, spec, found) if isinstance(data, pd.DataFrame) else data
        if isinstance(array, pd.Series):
            array = array.to_numpy()
        if not found:
            _check_tensor(array, spec, found)
        found.raise_all()
        return array

    def _several(self, data: Any) -> Any:
        held = self._arrays_by_name(data)
        if held is None and len(self.specs) == 1 and isinstance(data, np.ndarray):
            raise invalid_input([_without_name(self.specs[0], data)])
        if held is None:
            raise invalid_input([_no_mapping(data)])
        names = tuple(held)
        selection = self._match(names, len(names))
        found = Findings(selection.violations)
        arrays = {}
        for spec, given in zip(self.specs, selection.positions, strict=True):
            if given is not None:
                array = held[names[given]]
                _check_tensor(array, spec, found)
                arrays[spec.name] = array
        found.in_order_of(self._schema).raise_all()
        return data if isinstance(data, dict) and selection.in_order else arrays

    def _arrays_by_name(self, data: Any) -> Mapping[Any, Any] | None:
        if isinstance(data, dict):
            return data
        if not isinstance(data, pd.DataFrame):
            return None
        declared = [spec.name for spec in self.specs]
        if data.columns[data.columns.isin(declared)].has_duplicates:
            return None
        # The arrays of other columns are not made, but their names are told (ENF-005).
        return {
            name: series.to_numpy() if name in declared else None for name, series in data.items()
        }


def is_sparse(value: Any) -> bool:
    """Return whether this is one of scipy's matrices of compressed rows or columns."""
    sparse = sys.modules.get("scipy.sparse")  # nobody has made one if nobody has imported it
    return sparse is not None and sparse.issparse(value) and value.format in ("csr", "csc")


def _check_tensor(array: Any, spec: TensorSpec, found: Findings) -> None:
    if not isinstance(array, np.ndarray) and not is_sparse(array):
        found.append(_no_array(array, spec))
        return
    if not _same_dtype(array, spec.type):
        given = array.dtype.name
        message = (
            f"Tensor {label(spec)}: expected dtype {spec.dtype}, got {given}; tensors are not "
            "converted."
        )
        found.append(InputViolation("ENF-070", message, spec.name, None, spec.dtype, given))
    wrong = wrong_shape(array.shape, spec)
    if wrong is not None:
        found.append(wrong)


def _same_dtype(array: Any, declared: np.dtype[Any]) -> bool:
    if array.dtype == declared:
        return True
    cell = _OF_EVERY_WIDTH.get(declared.kind)
    if cell is None:
        return False
    if array.dtype.kind == declared.kind:
        return True
    return array.dtype == object and {cell}.issuperset(map(type, array.ravel().tolist()))


def _frame_values(frame: pd.DataFrame, spec: TensorSpec, found: Findings) -> Any:
    """Return a frame's values if all of it has the declared dtype (ENF-073), never converted."""
    other = [(n, str(d)) for n, d in frame.dtypes.items() if d != spec.type]
    if other and not (
        spec.type.kind == "U" and all(d in ("object", "str", "string") for _, d in other)
    ):
        name, given = other[0]
        message = (
            f"Tensor {label(spec)}: expected dtype {spec.dtype}, but column {name!r} of the frame "
            f"is {given}; tensors are not converted."
        )
        found.append(InputViolation("ENF-070", message, spec.name, None, spec.dtype, given))
    return frame.to_numpy(object) if other else frame.to_numpy()


def _no_array(value: Any, spec: TensorSpec) -> InputViolation:
    found = type(value).__name__
    message = (
        f"Tensor {label(spec)}: expected an array of {spec.dtype}, got {found}, which has no "
        "dtype; make it a numpy array of that dtype."
    )
    rule = "ENF-073" if isinstance(value, dict) else "ENF-074"
    return InputViolation(rule, message, spec.name, None, spec.dtype, found)


def _without_name(spec: TensorSpec, array: np.ndarray[Any, Any]) -> InputViolation:
    message = f"The signature names its tensor {spec.name!r}; give a mapping of that name to it."
    return InputViolation("ENF-072", message, spec.name, None, "a mapping", f"array {array.dtype}")


def _no_mapping(data: Any) -> InputViolation:
    found = type(data).__name__
    message = f"The signature names its tensors; give a mapping of names to arrays, not {found}."
    return InputViolation("ENF-072", message, None, None, "a mapping of names to arrays", found)
