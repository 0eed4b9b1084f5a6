"""Graphs that take arrays by name: what they declare, are given, and answer.

For flavors whose models declare names, dtypes and shapes of their inputs: a frame, an array or a
mapping of arrays becomes one array per input, in the declared dtype, or is refused.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from mlmodel._base.warnings import warn_caller
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import FeatureNames, as_table, has_no_order, is_one_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["ArrayInput", "ArrayInputs", "answer", "framed"]

_TABLE = 2  # axes: rows, columns
#: Objects that are numbers or truth values, as pandas calls them.
_PLAIN_KINDS = frozenset({"integer", "floating", "mixed-integer-float", "boolean"})


@dataclass(frozen=True, slots=True)
class ArrayInput:
    """An input of a graph; -1 in ``shape`` is any size.

    ``dtype`` is object for texts, and None for what is not an array of numpy's; ``shape`` is None
    where the graph does not say how many axes there are. An ``optional`` one may be left out, and
    is taken from a mapping alone; a ``sequence`` is a list of arrays.
    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int, ...] | None
    optional: bool = False
    sequence: bool = False

    @property
    def has_axes(self) -> bool:
        """Whether a scalar cannot be the whole input, and so is one cell of it."""
        return bool(self.shape) and not self.optional and not self.sequence

    @classmethod
    def declared(
        cls, name: str, dtype: str | None, sizes: Iterable[object] | None, **kind: bool
    ) -> Self:
        """Return what is declared by the name of a dtype and sizes, texts or None for any."""
        shape = None if sizes is None else tuple(n if isinstance(n, int) else -1 for n in sizes)
        return cls(name, None if dtype is None else np.dtype(dtype), shape, **kind)


class ArrayInputs:
    """All inputs of one loaded graph.

    Args:
        inputs: what the graph declares, in its order.
        names_rule: the rule of the flavor's page on missing inputs.
        cast_rule: its rule on dtypes and shapes.
        rounds: whether the library rounds numbers to its own precision itself, as its users know.
        takes_truths: whether it takes truth values for numbers.

    """

    def __init__(
        self,
        inputs: Iterable[ArrayInput],
        *,
        names_rule: str,
        cast_rule: str,
        rounds: bool = False,
        takes_truths: bool = False,
    ) -> None:
        self._all = {one.name: one for one in inputs}
        required = {name: one for name, one in self._all.items() if not one.optional}
        self.inputs = required or self._all
        self._names = FeatureNames(self.inputs, names_rule, ("input", "the graph"))
        self._cast_rule = cast_rule
        #: Nothing more is said of rounding.
        self._rounded = rounds
        self._numbers = "biuf" if takes_truths else "iuf"

    def of(self, given: Any) -> dict[str, Any]:
        """Return one array per input.

        A frame's columns together make a single input, and one each make several. Records are a
        frame; a mapping has the inputs' names, or those of a frame's columns.

        Raises:
            InvalidInput: an input is missing, or would not be what was given.

        """
        if self._is_table(given):
            table = as_table(given)
            given = given if table is None else table
        if isinstance(given, pd.DataFrame):
            return self._of_frame(given)
        if isinstance(given, dict):
            self._check_names(given)
            there = {name: one for name, one in self._all.items() if name in given}
            return {name: self._array(one, given[name]) for name, one in there.items()}
        if len(self.inputs) != 1 or isinstance(given, str | bytes) or not hasattr(given, "__len__"):
            raise invalid(
                self._cast_rule,
                f"The graph has the inputs {', '.join(self.inputs)}: give a DataFrame with these "
                f"columns or a mapping of these names to arrays, not {type(given).__name__}.",
            )
        return {name: self._array(one, given) for name, one in self.inputs.items()}

    def _is_table(self, given: Any) -> bool:
        """Return whether a table is what this may be, and not arrays by the inputs' names."""
        if not isinstance(given, dict):
            return isinstance(given, list) and has_no_order(given)
        if is_one_row(given) and all(one.has_axes for one in self.inputs.values()):
            return True
        return bool(given) and len(self.inputs) == 1 and self._all.keys().isdisjoint(given)

    def _of_frame(self, frame: pd.DataFrame) -> dict[str, Any]:
        name, one = next(iter(self.inputs.items()))
        width = None if one.shape is None or len(one.shape) < _TABLE else one.shape[1]
        if len(self.inputs) != 1 or (name in frame.columns and width != frame.shape[1]):
            frame, missing = self._names.in_order(frame)
            self._check_names(set(self.inputs).difference(missing))
            return {
                name: self._shaped(one, self._columns(one, [frame[name]]))
                for name, one in self.inputs.items()
                if name not in missing
            }
        kinds = set(frame.dtypes)
        if len(kinds) == 1 and isinstance(kinds.pop(), np.dtype):  # one block, no columns to join
            array = self._exact(one, frame.to_numpy())
        else:
            columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
            array = self._columns(one, columns)
        return {name: self._shaped(one, array)}

    def _columns(self, one: ArrayInput, columns: Sequence[pd.Series[Any]]) -> Any:
        """Return columns side by side, or the arrays that are the cells of a single one."""
        arrays = [self._exact(one, _unnested(column.to_numpy())) for column in columns]
        if len(arrays) == 1:
            return arrays[0] if arrays[0].ndim > 1 else arrays[0].reshape(-1, 1)
        return np.column_stack(arrays) if arrays else np.empty((0, 0), one.dtype)

    def _check_names(self, names: Iterable[Any]) -> None:
        given = set(names)
        missing = [n for n, one in self.inputs.items() if n not in given and not one.optional]
        if missing:
            raise self._names.lacking(missing)

    def _array(self, one: ArrayInput, given: Any) -> Any:
        if one.dtype is None or given is None:
            return given
        if one.sequence and isinstance(given, list | tuple):
            return [self._exact(one, np.asarray(part)) for part in given]
        try:
            is_texts = one.dtype == object and isinstance(given, list | tuple)
            array = _of_texts(given) if is_texts else _unnested(np.asarray(given))
        except ValueError:  # rows of different lengths
            raise invalid(
                self._cast_rule,
                f"Input {one.name!r}: the rows given have different lengths.",
                one.name,
            ) from None
        return self._shaped(one, self._exact(one, array))

    def _shaped(self, one: ArrayInput, array: Any) -> Any:
        """Return an array in the declared shape; one column may have an axis of its own or not."""
        if one.dtype is None or one.shape is None:
            return array
        axes = len(one.shape)
        if axes and array.ndim and not len(array) and one.shape[0] == -1:
            # Rows that are not there have what axes are declared.
            array = np.empty((0, *(max(length, 0) for length in one.shape[1:])), array.dtype)
        if (array.ndim, axes) == (1, _TABLE) and one.shape[1] == 1:
            array = array.reshape(-1, 1)
        elif (array.ndim, axes) == (_TABLE, 1) and array.shape[1] == 1:
            array = array.reshape(-1)
        if array.ndim != axes or any(
            d not in (-1, n) for d, n in zip(one.shape, array.shape, strict=True)
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
        if dtype is not None and not array.size:
            return np.empty(array.shape, dtype)
        if dtype is not None and dtype.kind != "O" and array.dtype == object:
            array = _plain(array, dtype)
        if dtype is None or (array.dtype == dtype and dtype.kind != "O"):
            return array
        if dtype.kind == "O":
            if array.dtype.kind in "UO" and all(isinstance(text, str) for text in array.ravel()):
                return array.astype(object)
        elif array.dtype.kind in self._numbers and dtype.kind in "iuf":
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
            f"converted to it exactly{_first_lost(array, dtype)}.",
            one.name,
        )

    def _warn_of_rounding(self, one: ArrayInput, given: Any) -> None:
        if not self._rounded:
            self._rounded = True
            warn_caller(
                f"Input {one.name!r} of the graph is {one.dtype}: the given values of {given} "
                f"are rounded to the nearest ({self._cast_rule}). This is said once per model"
            )


def _first_lost(array: Any, dtype: np.dtype[Any]) -> str:
    """Name the first value that a dtype does not hold, where both are of numbers."""
    if array.dtype.kind not in "iuf" or dtype.kind not in "iuf":
        return f"; give {'text' if dtype.kind == 'O' else dtype.name}"
    with np.errstate(over="ignore", invalid="ignore"):
        back = array.astype(dtype).astype(array.dtype)
    is_nan = np.isnan(array) & (dtype.kind == "f")
    found = np.argwhere((back != array) & ~is_nan)
    if not len(found):
        return ""
    place = tuple(int(at) for at in found[0])
    return f": {array[place].item()!r} at {list(place)} is not a value of {dtype.name}"


def _same_signs(cast: Any, array: Any) -> bool:
    """Whether no integer came out of its range and back again, as -1 does through uint64."""
    return array.dtype.kind == "f" or bool(((cast < 0) == (array < 0)).all())


def _of_texts(given: Any) -> Any:
    """Return lists of texts as an array of objects: one of texts loses the NULs at their ends.

    Raises:
        ValueError: they are of different lengths.

    """
    array = np.asarray(given, object)
    if any(isinstance(cell, list | tuple | np.ndarray) for cell in array.flat):
        raise ValueError(given)
    return array


def _unnested(values: Any) -> Any:
    """Return cells that are lists or arrays of one shape as one array, others as they are."""
    if values.dtype == object and len(values) and isinstance(values[0], list | tuple | np.ndarray):
        with suppress(ValueError):
            return np.array([list(cell) for cell in values])
    return values


def _plain(array: Any, dtype: np.dtype[Any]) -> Any:
    """Return objects that are all numbers, or all truth values, as an array of these.

    A missing one is NaN where the input is floating point; where it is not, nothing is changed.
    """
    cells = pd.Series(array.ravel(), dtype=object)
    gaps = cells.isna().to_numpy()
    kind = "floating" if gaps.all() else pd.api.types.infer_dtype(cells, skipna=True)
    if kind not in _PLAIN_KINDS or (gaps.any() and (dtype.kind != "f" or kind == "boolean")):
        return array
    plain = np.array(cells.where(~gaps, np.nan).tolist())
    same = all(a == b for a, b in zip(plain[~gaps].tolist(), cells[~gaps], strict=True))
    return plain.reshape(array.shape) if same and plain.dtype.kind in "biuf" else array


def answer(given: Any, outputs: Mapping[str, Any]) -> Any:
    """Return a graph's outputs by name: as a frame where a frame was given, else as they are.

    Outputs that are not one value per row make no frame.
    """
    rows = len(given) if isinstance(given, pd.DataFrame) else None
    if not all(
        hasattr(one, "__len__") and np.ndim(one) != 0 and len(one) == rows
        for one in outputs.values()
    ):
        return outputs
    return pd.DataFrame({name: _column_of(one) for name, one in outputs.items()})


def framed(given: Any, frame: pd.DataFrame | None) -> Any:
    """Return an answer to a frame as a frame with its index, and any other as it is.

    A single output is a column for each number of a row; of several, each is a column. Outputs
    without names, and what has not a value for each row, make no frame.
    """
    if frame is None or isinstance(given, list | tuple):
        return given
    if not isinstance(given, dict):
        array = np.asarray(given)
        if array.ndim == 0 or len(array) != len(frame):
            return given
        if array.ndim > _TABLE:
            return pd.DataFrame({0: list(array)}, index=frame.index)
        return pd.DataFrame(array, index=frame.index)
    columns = {name: np.asarray(one) for name, one in given.items()}
    if any(one.ndim == 0 or len(one) != len(frame) for one in columns.values()):
        return given
    cells = {name: _column_of(one) for name, one in columns.items()}
    return pd.DataFrame(cells, index=frame.index)


def _column_of(output: Any) -> Any:
    """Return an output as a column with one cell per row, an array where a row has many values."""
    if hasattr(output, "ndim") and output.ndim > 1:
        return output.reshape(-1) if output.size == len(output) else list(output)
    return output
