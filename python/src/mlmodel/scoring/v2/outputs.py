"""What a model answered -> named tensors (OIP-041 to OIP-044)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel.errors import UnserializablePrediction, shown
from mlmodel.scoring.codecs.tensors import flattened
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.datatypes import BYTES, DATATYPES, datatype_of
from mlmodel.scoring.v2.messages import Tensor
from mlmodel.signature.data.arrays import EXACT, object_array
from mlmodel.signature.data.extension_arrays import unpacked
from mlmodel.signature.data.frames import arrays_of
from mlmodel.signature.types.schema import ColSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.types.schema import Schema

__all__ = ["UNNAMED", "output_tensors", "tensor_of"]

#: What an output without a name is called, by its number from 1 (OIP-042).
UNNAMED = "output-{}"
_NONE = type(None)
_NUMBERS = frozenset({int, float})
_INT64, _UINT64 = 2**63, 2**64
_NANOSECONDS = (("s", 10**9), ("ms", 10**6), ("us", 10**3))
_ROUGH = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}


def output_tensors(predictions: Any, declared: Schema | None) -> tuple[list[Tensor], str]:
    """Return predictions as tensors, and the hint that says what they are together.

    Args:
        predictions: what the model answered, of whatever kind.
        declared: the outputs of its signature, which name what has no name of its own.

    Raises:
        UnserializablePrediction: a part of it has no form, or two outputs have one name.

    """
    specs = () if declared is None else declared.inputs
    names = [
        UNNAMED.format(number) if spec.name is None else str(spec.name)
        for number, spec in enumerate(specs, 1)
    ]
    hint, held = _parts(predictions, names, of_columns=all(isinstance(s, ColSpec) for s in specs))
    given = [name for name, _ in held]
    if len(set(given)) < len(given):
        raise UnserializablePrediction(
            "The model's answer has two outputs with the same name (RST-045)."
        )
    return [_tensor(name, values) for name, values in held], hint


def _parts(
    predictions: Any, names: Sequence[str], *, of_columns: bool
) -> tuple[str, list[tuple[str, Any]]]:
    first = names[0] if len(names) == 1 else UNNAMED.format(1)
    if isinstance(predictions, pd.Series):
        name = predictions.name
        own = first if name is None or (name == 0 and type(name) is int) else _text(name)
        return hints.PANDAS, [(own, predictions.array)]
    if isinstance(predictions, pd.DataFrame):
        labels = predictions.columns.tolist()
        own_names = _numbered(names, len(labels)) if _are_numbers(labels) else map(_text, labels)
        return hints.PANDAS, list(zip(own_names, arrays_of(predictions), strict=True))
    if isinstance(predictions, Mapping):
        return hints.DICT, [(_text(name), value) for name, value in predictions.items()]
    if isinstance(predictions, np.ndarray) and of_columns and len(names) > 1:
        axes = predictions.ndim
        if axes == 2 and predictions.shape[1] == len(names):  # noqa: PLR2004 - rows and columns
            return hints.PANDAS, list(zip(names, predictions.T, strict=True))
    return hints.NUMPY, [(first, predictions)]


def _are_numbers(labels: Sequence[Any]) -> bool:
    return bool(labels) and all(
        type(label) is int and label == place for place, label in enumerate(labels)
    )


def _numbered(names: Sequence[str], width: int) -> Sequence[str]:
    return names if len(names) == width else [UNNAMED.format(n + 1) for n in range(width)]


def _text(name: Any) -> str:
    if isinstance(name, str):
        return str(name)
    if isinstance(name, int | np.integer) and not isinstance(name, bool):
        return str(int(name))
    raise UnserializablePrediction(
        f"An output of the model's answer has the name {shown(name)}, which is "
        "not a text (OIP-041)."
    )


def _tensor(name: str, values: Any) -> Tensor:
    try:
        return tensor_of(name, values)
    except Unwritable as error:
        raise UnserializablePrediction(
            f"The model's answer in the output {shown(name)}{error.path or ''} {error.what} "
            f"({error.rule})."
        ) from None


def tensor_of(name: str, values: Any) -> Tensor:
    """Return values of any kind as one tensor: of an answer, or of what a client sends.

    Args:
        name: what the tensor is called.
        values: an array (of numpy or pandas), a list, or a single value.

    Raises:
        Unwritable: a part of them has no form; its path is that within the values.

    """
    if isinstance(values, pd.Series | pd.Index):
        values = values.array
    if isinstance(values, pd.api.extensions.ExtensionArray):
        return _of_extension(name, values)
    if isinstance(values, np.generic):
        values = np.asarray(values)
    if isinstance(values, np.ndarray):
        return _of_array(name, values if values.ndim else values.reshape(1))
    if isinstance(values, list | tuple):
        arrays = [value for value in values if isinstance(value, np.ndarray | np.generic)]
        alike = {(np.shape(array), array.dtype) for array in arrays}
        if arrays and len(arrays) == len(values) and len(alike) == 1:
            return _of_array(name, np.stack(arrays))
        shape, cells = flattened(list(values))
        if shape is None:
            shape, cells = (len(values),), list(values)
        return _of_cells(name, shape, cells)
    return _of_cells(name, (1,), [values])


def _of_extension(name: str, values: Any) -> Tensor:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        texts = [None if cell is pd.NaT else cell.isoformat() for cell in values]
        return _of_texts(name, (len(values),), texts, hints.DATETIME)
    if isinstance(values.dtype, pd.StringDtype):
        cells = values.to_numpy(object, na_value=None).tolist()
        return _of_texts(name, (len(values),), cells, hints.TEXT)
    held, mask = unpacked(values)
    if held is None:
        return _of_array(name, object_array(list(values)))
    return _of_array(name, np.ma.MaskedArray(held, False if mask is None else mask))


def _of_array(name: str, values: np.ndarray[Any, Any]) -> Tensor:
    mask = None
    if isinstance(values, np.ma.MaskedArray):
        values, mask = _unmasked(np.ma.getdata(values), np.ma.getmaskarray(values))
    datatype = datatype_of(values.dtype)
    if datatype is not None:
        native = values.astype(values.dtype.newbyteorder("="), copy=False)
        return Tensor(name, datatype, values.shape, native, mask)
    kind = values.dtype.kind
    if kind == "M":
        return _of_texts(name, values.shape, _iso(values), hints.DATETIME)
    if kind == "f":
        wide = as_plain(values)  # the values as doubles, if they are such
        return _of_array(name, np.array(wide, np.float64))
    if kind not in "USO":
        as_plain(values)  # says what there is to say
    if not values.size:  # cells that are not there do not say what they are
        return _of_texts(name, values.shape, [], hints.TEXT if kind == "U" else None)
    return _of_cells(name, values.shape, values.ravel().tolist())


def _unmasked(
    values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """Return values in which what is missing says so itself; a mask where their dtype cannot."""
    if not mask.any():
        return values, None
    kind = values.dtype.kind
    if kind in "biu":
        return values, mask
    marked = values.copy() if kind in "fM" else values.astype(object)
    marked[mask] = {"f": np.nan, "M": np.datetime64("NaT")}.get(kind)
    return marked, None


def _iso(values: np.ndarray[Any, Any]) -> list[str | None]:
    """Return moments as ISO 8601 texts without zeros at their ends, None for NaT."""
    unit = np.datetime_data(values.dtype)[0]
    flat = values.ravel()
    if unit in _ROUGH:
        flat = flat.astype(f"datetime64[{_ROUGH[unit]}]")
    elif unit == "ns":
        counts = flat.view(np.int64)[~np.isnat(flat)]
        shorter = next((u for u, size in _NANOSECONDS if not (counts % size).any()), "ns")
        flat = flat.astype(f"datetime64[{shorter}]")
    texts = np.datetime_as_string(flat).tolist()
    missing = np.isnat(flat).tolist()
    return [None if gap else text for text, gap in zip(texts, missing, strict=True)]


def _of_texts(name: str, shape: Any, cells: Sequence[Any], hint: str | None) -> Tensor:
    parameters = {} if hint is None else {hints.CONTENT_TYPE: hint}
    return Tensor(name, BYTES, shape, object_array(cells).reshape(shape), None, parameters)


def _of_cells(name: str, shape: tuple[int, ...], cells: Sequence[Any]) -> Tensor:
    """Return the tensor that holds cells of Python exactly; else one of their JSON (OIP-043 f.)."""
    cells = [_plain(cell) for cell in cells]
    kinds = set(map(type, cells)) - {_NONE}
    if float in kinds and kinds - _NUMBERS:
        # NaN is what marks a missing value beside other types; it alone differs from itself.
        cells = [None if type(cell) is float and cell != cell else cell for cell in cells]  # noqa: PLR0124
        kinds = set(map(type, cells)) - {_NONE}
    tensor = _of_numbers(name, shape, cells, kinds) if kinds or not cells else None
    return tensor or _of_texts(name, shape, *_texts_of(cells, kinds))


def _of_numbers(
    name: str, shape: tuple[int, ...], cells: Sequence[Any], kinds: set[type]
) -> Tensor | None:
    """Return a tensor of numbers or booleans, None where there is none that holds them exactly."""
    whole = [cell for cell in cells if type(cell) is int]
    filler: int | bool
    if kinds == {bool}:
        datatype, filler = "BOOL", False
    elif kinds == {int}:
        filler, datatype = 0, "INT64" if min(whole) < 0 or max(whole) < _INT64 else "UINT64"
        if min(whole) < -_INT64 or max(whole) >= (_UINT64 if min(whole) >= 0 else _INT64):
            return None
    elif kinds <= _NUMBERS and all(-EXACT <= cell <= EXACT for cell in whole):
        numbers = [np.nan if cell is None else float(cell) for cell in cells]
        return Tensor(name, "FP64", shape, np.array(numbers, np.float64).reshape(shape))
    else:
        return None
    mask = np.array([cell is None for cell in cells], bool).reshape(shape)
    filled = [filler if cell is None else cell for cell in cells]
    values = np.array(filled, DATATYPES[datatype]).reshape(shape)
    return Tensor(name, datatype, shape, values, mask if mask.any() else None)


def _texts_of(cells: Sequence[Any], kinds: set[type]) -> tuple[Sequence[Any], str | None]:
    """Return what stands for cells in BYTES, and the hint that says how."""
    if kinds == {str}:
        return cells, hints.TEXT
    if kinds == {bytes}:
        return cells, None
    if kinds and all(issubclass(kind, dt.date) for kind in kinds):
        return [None if cell is None else cell.isoformat() for cell in cells], hints.DATETIME
    return [
        dumps(as_plain(cell, f"/{place}")).decode("utf-8") for place, cell in enumerate(cells)
    ], hints.JSON_TEXT


def _plain(cell: Any) -> Any:
    """Return Python's own value of a cell that stands for one, None for what is missing."""
    if cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, np.bool_ | np.integer | np.float64 | np.float32 | np.float16):
        return cell.item()
    return bytes(cell) if isinstance(cell, bytearray) else cell
