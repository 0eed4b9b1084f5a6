"""What a module of PyTorch gets of the data that a python_function is given, and what it answers.

A table becomes one tensor of float32, an array a tensor of its own dtype, a mapping one tensor for
each argument of the module's ``forward``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._base.warnings import warn_caller
from mlmodel.flavors import _arrays
from mlmodel.flavors._features import as_numbers, kind_of_column
from mlmodel.flavors._invalid_data import invalid, invalid_each
from mlmodel.flavors._tables import as_frame, as_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Inputs", "answer", "forward_of"]

_FLOAT = np.dtype(np.float32)
_TABLE = 2  # axes: rows, columns
_DOUBLES_SKIP = 2.0**53  # whole numbers from here on


def forward_of(model: Any) -> Any:
    """Return a function with the signature of a module's ``forward``, without ``self``.

    A program of TorchScript that was loaded says it by a schema.
    """
    schema = getattr(model.forward, "schema", None)
    if schema is None:
        return model.forward

    def forward() -> None: ...

    parameters = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=None if one.has_default_value() else inspect.Parameter.empty,
        )
        for one in schema.arguments[1:]
    ]
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return forward


class Inputs:
    """What a module is called with.

    Args:
        torch: the library.
        model: the module.

    """

    def __init__(self, torch: Any, model: Any) -> None:
        self._torch = torch
        self._signature = inspect.signature(forward_of(model))
        parameters = self._signature.parameters.values()
        by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        self.names = [one.name for one in parameters if one.kind in by_name]
        #: The one that the data are, where they are not a mapping of several.
        self.data = list(self._signature.parameters)[:1]
        self._rounded = False

    def of(self, given: Any) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments by position and by name.

        Raises:
            InvalidInput: it is no table, array or mapping of arrays, or would change its values.

        """
        if isinstance(given, dict):
            return self._of_mapping(given)
        table = as_frame(given)
        if table is None and not hasattr(given, "__array__") and not self._is_tensor(given):
            table = as_table(given)
        if table is None and isinstance(given, pd.Series):
            table = as_table(given)
        return [self._tensor(given) if table is None else self._of_table(table)], {}

    def require_complete(
        self, places: list[Any], names: Mapping[str, Any], params: Mapping[str, Any]
    ) -> None:
        """Raise InvalidInput where ``forward`` lacks an argument, or is given one twice."""
        try:
            self._signature.bind(*places, **names, **params)
        except TypeError as error:
            message = f"The module takes {', '.join(self.names)}, and cannot be called: {error}"
            if len(self.names) > 1:
                message += "; a mapping of these names to arrays gives each argument its own"
            raise invalid("PTH-012", f"{message}.") from None

    def _of_mapping(self, given: Mapping[Any, Any]) -> tuple[list[Any], dict[str, Any]]:
        if given and given.keys() <= set(self.names):
            return [], {str(name): self._tensor(one, str(name)) for name, one in given.items()}
        table = as_table(given)
        if table is not None:
            return [self._of_table(table)], {}
        if len(given) == 1:  # a single tensor may have a name of its own
            ((name, one),) = given.items()
            return [self._tensor(one, str(name))], {}
        raise invalid(
            "PTH-012",
            f"The module takes the arguments {', '.join(self.names)}, and given were "
            f"{', '.join(map(str, given))}: a mapping names its arguments.",
        )

    def _is_tensor(self, given: Any) -> bool:
        return isinstance(given, self._torch.Tensor)

    def _tensor(self, given: Any, name: str | None = None) -> Any:
        """Return an array in its own dtype, and a list as PyTorch takes lists."""
        if self._is_tensor(given):
            return given
        is_list = isinstance(given, list | tuple | int | float | bool)
        try:
            array = np.asarray(given)
            if array.dtype == object:
                array = np.array(array.tolist())
        except ValueError:  # rows of different lengths
            array = np.empty(0, object)
        if not _is_known(array.dtype) or not (is_list or hasattr(given, "__array__")):
            raise invalid(
                "PTH-011",
                "PyTorch takes a table, or an array of numbers or truth values, not "
                f"{type(given).__name__}{_of_what(given)}.",
                name,
            )
        if is_list and array.dtype == np.float64:
            array = self._single(array, name)
        # A copy: what a module does in place must not reach the caller's array.
        plain = np.array(array, array.dtype.newbyteorder("="), order="C")
        return self._torch.from_numpy(plain)

    def _of_table(self, frame: pd.DataFrame) -> Any:
        """Return the columns side by side as float32: whole numbers exactly, others rounded."""
        kinds = set(frame.dtypes)
        kind: Any = kinds.pop() if len(kinds) == 1 else None
        if isinstance(kind, np.dtype) and kind.kind in "biuf":
            array, wrong = self._exact(frame.to_numpy()), ""
            if array is not None:
                return self._torch.from_numpy(array)
        arrays, refused = [], {}
        for place, label in enumerate(frame.columns):
            array, wrong = self._column(frame.iloc[:, place])
            if wrong:
                refused[str(label)] = f"Column {str(label)!r}: {wrong}."
            arrays.append(array)
        if refused:
            headline = (
                f"A module takes columns of float32 (PTH-010). {next(iter(refused.values()))}"
            )
            raise invalid_each(headline, "PTH-010", refused)
        whole = np.column_stack(arrays) if arrays else np.empty(frame.shape, _FLOAT)
        return self._torch.from_numpy(whole)

    def _column(self, column: pd.Series[Any]) -> tuple[Any, str]:
        numbers = as_numbers(column)
        if numbers is None:
            return None, f"it holds {kind_of_column(column)}, and no numbers or truth values"
        if numbers.dtype.kind in "iu" and not numbers.isna().any():
            plain = numbers.to_numpy(dtype=numbers.dtype.kind + "8")
        elif numbers.dtype.kind in "iu":
            whole = self._exact(numbers.dropna().to_numpy(dtype=numbers.dtype.kind + "8"))
            if whole is None:
                return None, "it holds numbers that float32 has not"
            plain = numbers.to_numpy(dtype="float64", na_value=np.nan)
        else:
            plain = numbers.to_numpy(dtype="float64", na_value=np.nan)
        exact = self._exact(plain)
        return exact, "" if exact is not None else "it holds numbers that float32 has not"

    def _exact(self, array: Any) -> Any:
        """Return numbers as float32, or None where whole ones change or large ones are lost."""
        with np.errstate(over="ignore", invalid="ignore"):
            cast = np.array(array, _FLOAT, order="C")
            if array.dtype.kind in "iu":
                # numpy compares them as doubles, Python exactly, which counts for large ones.
                large = np.abs(cast) >= _DOUBLES_SKIP
                same = np.array_equal(cast.astype(np.float64), array)
                return cast if same and cast[large].tolist() == array[large].tolist() else None
            if array.dtype.kind == "f" and (np.isinf(cast) != np.isinf(array)).any():
                return None
        if array.dtype == np.float64 and not np.array_equal(cast, array, equal_nan=True):
            self._warn_of_rounding()
        return cast

    def _single(self, array: Any, name: str | None) -> Any:
        cast = self._exact(array)
        if cast is None:
            message = "The list holds numbers that float32 has not; give an array of float64."
            raise invalid("PTH-011", message, name)
        return cast

    def _warn_of_rounding(self) -> None:
        if not self._rounded:
            self._rounded = True
            warn_caller(
                "The module gets float32 of a table or a list: the given doubles are rounded to "
                "the nearest (PTH-010). An array keeps its own dtype. This is said once per model"
            )


def _is_known(dtype: np.dtype[Any]) -> bool:
    """Return whether PyTorch has such numbers or truth values."""
    longest = 16 if dtype.kind == "c" else 8
    return dtype.kind in "biufc" and dtype.itemsize <= longest


def _of_what(given: Any) -> str:
    dtype = getattr(given, "dtype", None)
    return "" if dtype is None else f" of {dtype}"


def answer(torch: Any, given: Any, predicted: Any) -> Any:
    """Return what a module answered, as arrays; as a frame where a frame was given.

    Mappings stay mappings by the names of the module's own, tuples and lists become lists.
    """
    made = _plain(torch, predicted)
    table = as_frame(given)
    if table is None:
        return made
    if isinstance(made, dict):
        framed = _arrays.answer(table, made)
    elif not isinstance(made, np.ndarray) or not made.ndim or len(made) != len(table):
        return made
    elif made.ndim <= _TABLE:
        framed = pd.DataFrame(made)
    else:
        framed = pd.DataFrame({0: list(made)})
    return framed.set_axis(table.index) if isinstance(framed, pd.DataFrame) else framed


def _as_array_has_it(torch: Any, tensor: Any) -> Any:
    """Return a tensor of what arrays can be: dense, and of numbers that numpy has."""
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.dtype == torch.complex32:
        tensor = tensor.to(torch.complex64)
    elif tensor.is_floating_point() and tensor.dtype not in _floats(torch):
        tensor = tensor.float()
    return tensor.resolve_conj().resolve_neg()


def _floats(torch: Any) -> tuple[Any, ...]:
    return torch.float16, torch.float32, torch.float64


def _plain(torch: Any, predicted: Any) -> Any:
    if isinstance(predicted, torch.Tensor):
        return _as_array_has_it(torch, predicted.detach()).cpu().numpy()
    if hasattr(predicted, "_asdict"):
        predicted = predicted._asdict()
    if isinstance(predicted, dict):
        return {str(name): _plain(torch, one) for name, one in predicted.items()}
    if isinstance(predicted, list | tuple):
        return [_plain(torch, one) for one in predicted]
    return predicted
