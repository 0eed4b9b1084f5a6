"""Graphs that take arrays by name: what they declare, are given, and answer.

For flavors whose models declare names, dtypes and shapes of their inputs: a frame, an array or a
mapping of arrays becomes one array per input, in the declared dtype, or is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from mlmodel._base.warnings import warn_caller
from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ArrayInput", "ArrayInputs", "answer", "declared_signature"]


@dataclass(frozen=True, slots=True)
class ArrayInput:
    """An input or output of a graph; -1 in ``shape`` is any size.

    ``dtype`` is object for texts, and None for what is not an array of numpy's.
    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]

    @classmethod
    def declared(cls, name: str, dtype: str | None, sizes: Iterable[object]) -> Self:
        """Return what is declared by the name of a dtype and sizes, texts or None for any."""
        shape = tuple(size if isinstance(size, int) else -1 for size in sizes)
        return cls(name, None if dtype is None else np.dtype(dtype), shape)


class ArrayInputs:
    """All inputs of one loaded graph.

    Args:
        inputs: what the graph declares, in its order.
        names_rule: the rule of the flavor's page on missing inputs.
        cast_rule: its rule on dtypes and shapes.

    """

    def __init__(self, inputs: Iterable[ArrayInput], *, names_rule: str, cast_rule: str) -> None:
        self.inputs = {one.name: one for one in inputs}
        self._names_rule, self._cast_rule = names_rule, cast_rule
        self._rounded = False

    def of(self, given: Any) -> dict[str, Any]:
        """Return one array per input.

        A frame's columns together make a single input, and one each make several.

        Raises:
            InvalidInput: an input is missing, or would not be what was given.

        """
        if isinstance(given, pd.DataFrame):
            return self._of_frame(given)
        if isinstance(given, dict):
            self._check_names(given)
            return {name: self._array(one, given[name]) for name, one in self.inputs.items()}
        if len(self.inputs) != 1 or isinstance(given, str | bytes) or not hasattr(given, "__len__"):
            raise invalid(
                self._cast_rule,
                f"The graph has the inputs {', '.join(self.inputs)}: give a DataFrame with these "
                f"columns or a mapping of these names to arrays, not {type(given).__name__}.",
            )
        return {name: self._array(one, given) for name, one in self.inputs.items()}

    def _of_frame(self, frame: pd.DataFrame) -> dict[str, Any]:
        if len(self.inputs) != 1:
            self._check_names(frame.columns)
            return {
                name: self._shaped(one, self._columns(one, [frame[name]]))
                for name, one in self.inputs.items()
            }
        name, one = next(iter(self.inputs.items()))
        kinds = set(frame.dtypes)
        if len(kinds) == 1 and isinstance(kinds.pop(), np.dtype):  # one block, no columns to join
            array = self._exact(one, frame.to_numpy())
            if len(one.shape) == 1 and frame.shape[1] == 1:
                array = array.reshape(-1)
        else:
            columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
            array = self._columns(one, columns)
        return {name: self._shaped(one, array)}

    def _columns(self, one: ArrayInput, columns: Sequence[pd.Series[Any]]) -> Any:
        """Return columns as an array of one axis or two, as the input has them."""
        arrays = [self._exact(one, column.to_numpy()) for column in columns]
        if len(arrays) == 1 and len(one.shape) == 1:
            return arrays[0]
        return np.column_stack(arrays) if arrays else np.empty((0, 0), one.dtype)

    def _check_names(self, names: Iterable[Any]) -> None:
        given = set(names)
        missing = [name for name in self.inputs if name not in given]
        if missing:
            raise invalid_each(
                f"The data do not have these inputs of the graph: {', '.join(missing)} "
                f"({self._names_rule}).",
                self._names_rule,
                {name: f"Input {name!r} is missing." for name in missing},
            )

    def _array(self, one: ArrayInput, given: Any) -> Any:
        if one.dtype is None:
            return given
        return self._shaped(one, self._exact(one, np.asarray(given)))

    def _shaped(self, one: ArrayInput, array: Any) -> Any:
        if one.dtype is not None and (
            array.ndim != len(one.shape)
            or any(d not in (-1, n) for d, n in zip(one.shape, array.shape, strict=True))
        ):
            raise invalid(
                self._cast_rule,
                f"Input {one.name!r} has the shape {list(one.shape)} (-1 = any), "
                f"{list(array.shape)} given.",
                one.name,
            )
        return array

    def _exact(self, one: ArrayInput, array: Any) -> Any:
        """Return an array in the input's dtype with every value kept, or rounded to a float."""
        dtype = one.dtype
        if dtype is None or array.dtype == dtype:
            return array
        if dtype.kind == "O":
            if array.dtype.kind in "UO" and all(isinstance(text, str) for text in array.ravel()):
                return array.astype(object)
        elif array.dtype.kind in "iuf" and dtype.kind in "iuf":
            with np.errstate(over="ignore", invalid="ignore"):
                cast = array.astype(dtype)
                same = np.array_equal(cast.astype(array.dtype), array, equal_nan=True)
            if same and _same_signs(cast, array):
                return cast
            floats = array.dtype.kind == dtype.kind == "f"
            if floats and (np.isinf(cast) == np.isinf(array)).all():
                self._warn_of_rounding(one, array.dtype)
                return cast
        wanted = "text" if dtype.kind == "O" else dtype.name
        raise invalid(
            self._cast_rule,
            f"Input {one.name!r} is {wanted}, and the values given ({array.dtype}) cannot be "
            "converted to it exactly; convert them yourself, for example with "
            f".astype({'str' if dtype.kind == 'O' else wanted!r}).",
            one.name,
        )

    def _warn_of_rounding(self, one: ArrayInput, given: Any) -> None:
        if not self._rounded:
            self._rounded = True
            warn_caller(
                f"Input {one.name!r} of the graph is {one.dtype}: the given values of {given} "
                f"are rounded to the nearest ({self._cast_rule}). This is said once per model"
            )


def _same_signs(cast: Any, array: Any) -> bool:
    """Whether no integer came out of its range and back again, as -1 does through uint64."""
    return array.dtype.kind == "f" or bool(((cast < 0) == (array < 0)).all())


def declared_signature(
    inputs: Sequence[ArrayInput], outputs: Sequence[ArrayInput]
) -> ModelSignature | None:
    """Return what a graph declares as a signature of tensors, or None where numpy lacks a type.

    A single input is left unnamed, so that an array and a frame are taken as they are.
    """
    taken = _schema(inputs, named=len(inputs) != 1)
    if taken is None:
        return None
    return ModelSignature(taken, _schema(outputs, named=True))


def _schema(declared: Sequence[ArrayInput], *, named: bool) -> Schema | None:
    specs = [
        TensorSpec(
            "str" if one.dtype.kind == "O" else one.dtype, one.shape, one.name if named else None
        )
        for one in declared
        if one.dtype is not None
    ]
    return Schema(specs) if specs and len(specs) == len(declared) else None


def answer(given: Any, outputs: Mapping[str, Any]) -> Any:
    """Return a graph's outputs by name: as a frame where a frame was given, else as they are."""
    if not isinstance(given, pd.DataFrame):
        return outputs
    return pd.DataFrame({name: _column_of(one) for name, one in outputs.items()})


def _column_of(output: Any) -> Any:
    """Return an output as a column with one cell per row, an array where a row has many values."""
    if hasattr(output, "ndim") and output.ndim > 1:
        return output.reshape(-1) if output.size == len(output) else list(output)
    return output
