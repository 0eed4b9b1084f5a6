"""Elements of BYTES -> what they stand for, by a hint and by what is declared (OIP-030 ff)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.json import body as json_body
from mlmodel.scoring.v2 import hints
from mlmodel.signature.cells.fillers import filler
from mlmodel.signature.cells.reader import infer_column
from mlmodel.signature.data.arrays import nan_for_none, object_array
from mlmodel.signature.types.nested import NestedType
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.data.columns import Mask
    from mlmodel.signature.types.schema import ColSpec

__all__ = ["column_cells", "default_hint", "tensor_cells", "undeclared_cells"]


def default_hint(declared: DataType | NestedType) -> str | None:
    """Return the hint that elements of BYTES have where nothing else is said of them (OIP-057).

    None where BYTES are not what is to be given.
    """
    return hints.JSON_TEXT if isinstance(declared, NestedType) else _DEFAULTS.get(declared)


_DEFAULTS = {
    DataType.string: hints.TEXT,
    DataType.binary: hints.BASE64,
    DataType.datetime: hints.DATETIME,
}


def column_cells(
    cells: Sequence[Any],
    hint: str | None,
    spec: ColSpec,
    reader: Reader,
    label: str,
) -> tuple[Any, Mask]:
    """Return the cells of a column, one-dimensional, with a mask of what is missing (or None).

    Args:
        cells: bytes, texts or None, as :class:`~mlmodel.scoring.v2.messages.Tensor` has them.
        hint: what is said of them (OIP-035), or None.
        spec: the column.
        reader: what is wrong is added to its violations; what is returned then fits the column.
        label: what errors call it.

    """
    before = len(reader.violations)
    if hint is None and spec.type is DataType.binary:
        # Without a hint bytes are themselves, and texts of JSON can be nothing but base64.
        hint = hints.BASE64 if any(type(cell) is str for cell in cells) else None
    elif hint is None:
        hint = default_hint(spec.type) or hints.TEXT
    read, mask = _cells(cells, hint, spec, reader, label)
    if len(reader.violations) > before:
        return object_array([filler(spec.type)] * len(cells)), None
    if mask is None and read.dtype == object:
        # With a mask a missing cell is one of a form without types, which has no mark of its own:
        # the model gets that of its type or of the record (ENF-051, ENF-093).
        missing = np.array([cell is None for cell in read.tolist()], bool)
        mask = missing if missing.any() else None
    return read, mask


def _cells(
    cells: Sequence[Any], hint: str | None, spec: ColSpec, reader: Reader, label: str
) -> tuple[Any, Mask]:
    if hint is None:
        return object_array(cells), None
    texts = _texts(cells, label, reader)
    if hint == hints.TEXT:
        return object_array(texts), None
    if hint == hints.JSON_TEXT:
        before = len(reader.violations)
        values = _values_of_json(texts, label, reader)
        if len(reader.violations) > before:
            return None, None
        if spec.required:
            return reader.column(values, spec.type, label), None
        return reader.nullable(values, spec.type, label)
    return reader.column(texts, _READ_AS[hint], label), None


_READ_AS = {hints.BASE64: DataType.binary, hints.DATETIME: DataType.datetime}


def _texts(cells: Sequence[Any], label: str, reader: Reader) -> list[str | None]:
    """Return the texts that bytes are in UTF-8 (OIP-030)."""
    texts: list[str | None] = []
    faults = []
    for place, cell in enumerate(cells):
        try:
            texts.append(cell.decode("utf-8") if isinstance(cell, bytes) else cell)
        except UnicodeDecodeError:
            texts.append(None)
            faults.append((place, "OIP-030", "these bytes are not UTF-8"))
    reader.add(faults, cells, label, "text")
    return texts


def _values_of_json(texts: Sequence[str | None], label: str, reader: Reader) -> list[Any]:
    """Return the values of JSON texts, with the numbers that were written (OIP-033)."""
    values: list[Any] = []
    faults = []
    for place, text in enumerate(texts):
        if text is None:
            values.append(None)
            continue
        try:
            encoded = text.encode()
            json_body.loads(encoded)
            value, literals = json_body.loads_exactly(encoded)
        except (MalformedRequest, UnicodeEncodeError) as error:
            rule = "ENF-058" if "ENF-058" in str(error) else "OIP-033"
            why = "a key appears twice in it" if rule == "ENF-058" else "it is not one JSON value"
            faults.append((place, rule, why))
            values.append(None)
            continue
        values.append(value)
        for number, written in literals.items():
            reader.literals.setdefault(number, set()).update(written)
    reader.add(faults, texts, label, "JSON")
    return values


def tensor_cells(
    cells: Sequence[Any], hint: str | None, dtype: np.dtype[Any], reader: Reader, label: str
) -> Any:
    """Return the cells of a declared tensor, one-dimensional, at its dtype where BYTES can be it.

    The arguments are those of :func:`column_cells`; if something is wrong, what is returned means
    nothing.
    """
    before = len(reader.violations)
    if dtype.kind == "S" and hint is None and not any(type(cell) is str for cell in cells):
        return _fixed_bytes(cells, dtype, reader, label)
    values: Sequence[Any] = _texts(cells, label, reader)
    if len(reader.violations) > before:
        return object_array(cells)
    if hint == hints.BASE64 and dtype.kind != "S":
        return reader.column(values, DataType.binary, label)
    if hint == hints.JSON_TEXT:
        values = _values_of_json(values, label, reader)
    read = reader.flat(values, dtype, label) if dtype.kind in "USOM" or hint else None
    # numpy's texts of one width drop zeros at their ends.
    is_cut = dtype.kind == "U" and any(type(v) is str and v.endswith("\0") for v in values)
    return object_array(values) if read is None or is_cut else read


def _fixed_bytes(
    cells: Sequence[Any], dtype: np.dtype[Any], reader: Reader, label: str
) -> np.ndarray[Any, Any]:
    reason = "a tensor of this dtype has no missing values"
    gaps = ((place, "ENF-075", reason) for place, cell in enumerate(cells) if cell is None)
    reader.add(gaps, cells, label, dtype.name)
    whole = object_array(cells)
    # numpy's bytes of one width drop zeros at their ends.
    is_fixed = all(cell is not None and not cell.endswith(b"\0") for cell in cells)
    return whole.astype(bytes) if is_fixed else whole


def undeclared_cells(cells: Sequence[Any], hint: str | None, reader: Reader, label: str) -> Any:
    """Return the cells of a tensor of which nothing is declared (OIP-034), one-dimensional."""
    if hint is None:
        return nan_for_none(object_array(cells))
    texts = _texts(cells, label, reader)
    return _UNDECLARED[hint](texts, label, reader)


_UNDECLARED: dict[str, Callable[[list[str | None], str, Reader], Any]] = {
    hints.TEXT: lambda texts, _name, _reader: nan_for_none(object_array(texts)),
    hints.BASE64: lambda texts, name, reader: reader.column(texts, DataType.binary, name),
    hints.DATETIME: lambda texts, name, reader: reader.column(texts, DataType.datetime, name),
    hints.JSON_TEXT: lambda texts, name, reader: infer_column(
        reader, _values_of_json(texts, name, reader)
    ),
}
