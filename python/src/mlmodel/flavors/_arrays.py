"""What a graph that takes arrays by name gets of the data that a python_function is given.

For flavors whose models declare names, dtypes and shapes of their inputs: a frame, an array or a
mapping of arrays becomes one array per input, in the declared dtype, or is refused.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import InputViolation, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ArrayInput", "ArrayInputs", "column_of"]


@dataclass(frozen=True, slots=True)
class ArrayInput:
    """An input of a graph; ``dtype`` is None for what is no array, -1 in ``shape`` is any size."""

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]


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
            raise self._refused(
                f"The graph has the inputs {', '.join(self.inputs)}: give a DataFrame with these "
                f"columns or a mapping of these names to arrays, not {type(given).__name__}."
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
            rule = self._names_rule
            raise InvalidInput(
                f"The data lack inputs of the graph: {', '.join(missing)} ({rule}).",
                [InputViolation(rule, f"Input {name!r} is missing.", name) for name in missing],
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
            raise self._refused(
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
        raise self._refused(
            f"Input {one.name!r} is {wanted}, and the values given ({array.dtype}) are not exactly "
            f"that; convert them, as by .astype({'str' if dtype.kind == 'O' else wanted!r}).",
            one.name,
        )

    def _warn_of_rounding(self, one: ArrayInput, given: Any) -> None:
        if not self._rounded:
            self._rounded = True
            warnings.warn(
                f"Input {one.name!r} of the graph is {one.dtype}: the values of {given} that were "
                f"given are rounded to the nearest ({self._cast_rule}). Said once for this model",
                stacklevel=2,
            )

    def _refused(self, message: str, name: str | None = None) -> InvalidInput:
        rule = self._cast_rule
        return InvalidInput(f"{message} ({rule})", [InputViolation(rule, message, name)])


def _same_signs(cast: Any, array: Any) -> bool:
    """Whether no integer came out of its range and back again, as -1 does through uint64."""
    return array.dtype.kind == "f" or bool(((cast < 0) == (array < 0)).all())


def column_of(answer: Any) -> Any:
    """Return an output as a column with one cell per row, an array where a row has many values."""
    if hasattr(answer, "ndim") and answer.ndim > 1:
        return answer.reshape(-1) if answer.size == len(answer) else list(answer)
    return answer
