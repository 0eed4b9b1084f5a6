"""The message ``mlmodel.v1.Table``, whose columns stand in the fields for their types (GRP-023 ff).

What is read is what every codec hands to the engine; what is written is a model's answer.
"""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pandas as pd
from pandas.api.extensions import ExtensionArray

from mlmodel._proto import BadMessage, arrays, values
from mlmodel.errors import InvalidArgument, UnserializablePrediction, shown
from mlmodel.scoring.given import blocks_of
from mlmodel.scoring.json.plain import Unwritable, as_plain
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.elements import column_cells, undeclared_cells
from mlmodel.signature.cells.reader import MOST_WRONG, Reader
from mlmodel.signature.data.arrays import object_array
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.data.extension_arrays import unpacked
from mlmodel.signature.types.schema import ColSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlmodel.signature.data.columns import Mask
    from mlmodel.signature.enforce.matching import Matching
    from mlmodel.signature.types.schema import TensorSpec
    from mlmodel.signature.violations import Findings

__all__ = ["fill_table", "fill_value", "read_table", "writable"]

#: Field -> the dtype at which its cells are read.
_DTYPES = {
    "booleans": np.dtype(np.bool_),
    "integers": np.dtype(np.int32),
    "longs": np.dtype(np.int64),
    "floats": np.dtype(np.float32),
    "doubles": np.dtype(np.float64),
    "datetimes": np.dtype(np.int64),
}
_MOMENT = np.dtype("datetime64[ns]")
_NONE = type(None)
_NULL = 1
_LARGEST = 2**63


# -- messages -> columns -----------------------------------------------------------------------


def read_table(table: Any, matching: Matching, found: Findings) -> Columns:
    """Return the columns of a message ``Table``, as enforcement takes them.

    Args:
        table: the message.
        matching: of what the model declares; the cells of a column that it does not are not read.
        found: gets what is wrong with cells of JSON; what stands in their place then fits.

    Raises:
        BadMessage: the message breaks a rule.

    """
    columns = table.columns
    names = _names(columns)
    rows = _rows(columns, names)
    specs = _declared(matching, names, len(columns))
    held, others = [], []
    for place, column in enumerate(columns):
        if specs is None or place in specs:
            label = place if names is None else names[place]
            spec = None if specs is None else specs[place]
            reader = Reader(exact=True, violations=found, most=MOST_WRONG)
            held.append((place, *_column(column, rows, label, spec, reader)))
        else:
            others.append(place)
    blocks = blocks_of(held)
    if others:
        # Of what is not declared the names alone are told; no memory is taken for it.
        nothing = np.broadcast_to(np.array(None, object), (rows, len(others)))
        blocks.append(Block(nothing, tuple(others)))
    return Columns(names, blocks, rows)


def _names(columns: Sequence[Any]) -> tuple[str | int, ...] | None:
    kinds = [column.WhichOneof("identity") for column in columns]
    unnamed = kinds.count(None)
    if unnamed:
        if unnamed < len(kinds):
            raise BadMessage(
                f"{unnamed} of the {len(kinds)} columns have no name; all have one, or none has "
                "(GRP-023)."
            )
        return None
    return tuple(getattr(column, kind) for column, kind in zip(columns, kinds, strict=True))


def _rows(columns: Sequence[Any], names: Sequence[Any] | None) -> int:
    """Return how many rows all columns have."""
    rows = None
    for place, column in enumerate(columns):
        field = column.WhichOneof("cells")
        label = place if names is None else names[place]
        if field is None:
            raise BadMessage(f"The column {shown(label)} has no cells (GRP-023).")
        length = len(getattr(column, field).values)
        rows = length if rows is None else rows
        if length != rows:
            raise BadMessage(
                f"The column {shown(label)} has {length} cells, and the first column has {rows} "
                "(GRP-023)."
            )
    return rows or 0


def _declared(
    matching: Matching, names: tuple[str | int, ...] | None, width: int
) -> dict[int, ColSpec | TensorSpec] | None:
    """Return what is declared for a given column, by its place; None where all are taken."""
    if matching.schema is None or matching.has_tensors:
        return None
    positions = matching.match(names, width).positions
    specs = zip(matching.schema.inputs, positions, strict=True)
    return {place: spec for spec, place in specs if place is not None}


def _column(
    column: Any, rows: int, label: str | int, spec: ColSpec | TensorSpec | None, reader: Reader
) -> tuple[Any, Mask]:
    """Return the cells of a column, one-dimensional, and where they are missing."""
    field = column.WhichOneof("cells")
    cells = getattr(column, field).values
    mask = _mask(column.missing, rows, label)
    dtype = _DTYPES.get(field)
    if dtype is not None:
        read = np.fromiter(cells, dtype, rows)
        return (read.view(_MOMENT) if field == "datetimes" else read), mask
    gone = [False] * rows if mask is None else mask.tolist()
    if field == "json":
        texts = [None if out else cell for cell, out in zip(cells, gone, strict=True)]
        if isinstance(spec, ColSpec):
            return column_cells(texts, hints.JSON_TEXT, spec, reader, str(label))
        return undeclared_cells(texts, hints.JSON_TEXT, reader, str(label)), None
    if field == "values":
        read_cells = [
            None if out else values.read(cell, arrays.read_value)
            for cell, out in zip(cells, gone, strict=True)
        ]
        missing = np.array([cell is None for cell in read_cells], bool)
        return object_array(read_cells), missing if missing.any() else None
    return object_array(list(cells)), mask


def _mask(missing: Any, rows: int, label: str | int) -> Mask:
    if not missing:
        return None
    places = np.fromiter(missing, np.int64, len(missing))
    if places[-1] >= rows or (np.diff(places) <= 0).any():
        raise BadMessage(
            f"The missing rows of the column {shown(label)} do not ascend, or lead beyond its "
            f"{rows} cells (GRP-023)."
        )
    mask = np.zeros(rows, bool)
    mask[places] = True
    return mask


# -- columns -> messages -----------------------------------------------------------------------


@contextmanager
def writable() -> Iterator[None]:
    """Let what has no form in the messages be an error of the table.

    Raises:
        UnserializablePrediction: something has none.

    """
    try:
        yield
    except Unwritable as error:
        place = "" if error.path is None else f" at {error.path}"
        raise UnserializablePrediction(
            f"The model's answer{place} {error.what} ({error.rule})."
        ) from None
    except InvalidArgument as error:
        raise UnserializablePrediction(
            f"The model's answer has no form in the messages: {error.message}"
        ) from None


def fill_table(target: Any, columns: Iterable[tuple[str, Any]]) -> None:
    """Write columns into a message ``Table``, each in the field for its cells (GRP-025).

    Args:
        target: the message.
        columns: name and values of each: an array of one axis, or an array of pandas' own.

    Raises:
        InvalidArgument: a name or cell without a form.
        Unwritable: likewise.

    """
    for name, held in columns:
        made = target.columns.add()
        values.set_text(made, "name", name)
        _fill_column(made, held)


def _fill_column(target: Any, held: Any) -> None:
    mask = None
    if isinstance(held, ExtensionArray):
        # An array of numpy's knows no zones.
        zoned = isinstance(held.dtype, pd.DatetimeTZDtype)
        read, mask = (None, None) if zoned else unpacked(held)
        held = object_array(list(held)) if read is None else read
    if held.dtype.kind in "USO":
        cells = held.tolist()
        if mask is not None:
            cells = [None if out else c for c, out in zip(cells, mask.tolist(), strict=True)]
        _fill_cells(target, cells)
        return
    field, exact = _exact(held, mask)
    if field is None:
        gone = [False] * len(held) if mask is None else mask.tolist()
        _fill_cells(target, [None if out else c for c, out in zip(held, gone, strict=True)])
        return
    if field == "datetimes":
        gone = np.isnat(held)
        mask = gone if mask is None else mask | gone
    cells_of = getattr(target, field)
    cells_of.SetInParent()
    cells_of.values.extend(exact.tolist())
    if mask is not None and mask.any():
        target.missing.extend(np.flatnonzero(mask).tolist())


def _exact(held: Any, mask: Mask) -> tuple[str | None, Any]:
    """Return the field that holds an array of numbers or moments exactly, and what it gets."""
    if held.dtype.kind == "M":
        return _moments(held)
    field = _FIELDS.get(held.dtype.name)
    if field is None and held.dtype == np.uint64:
        known = held if mask is None else held[~mask]
        field = "longs" if not known.size or int(known.max()) < _LARGEST else None
    return field, held.astype(np.int64, copy=False) if field == "longs" else held


#: Dtype -> the field that holds all its values.
_FIELDS = {
    "bool": "booleans",
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "integers"),
    **dict.fromkeys(("int64", "uint32"), "longs"),
    **dict.fromkeys(("float16", "float32"), "floats"),
    "float64": "doubles",
}
#: The years of which all moments are counts of nanoseconds in 64 bits.
_YEARS = (1678, 2261)


def _moments(held: Any) -> tuple[str | None, Any]:
    if np.datetime_data(held.dtype)[0] == "generic":
        return None, held
    gone = np.isnat(held)
    known = held[~gone]
    # What does not fit would wrap around, and might come back.
    years = known.astype("datetime64[Y]").astype(np.int64) + 1970
    if years.size and (years.min() < _YEARS[0] or years.max() > _YEARS[1]):
        return None, held
    narrow = held.astype(_MOMENT)
    if not np.array_equal(narrow.astype(held.dtype)[~gone], known):
        return None, held
    return "datetimes", narrow.view(np.int64)


def _fill_cells(target: Any, cells: list[Any]) -> None:
    """Write cells of any types into the field for all of them."""
    gone = [cell is None or cell is pd.NA or cell is pd.NaT or cell != cell  # noqa: PLR0124 - NaN
            if type(cell) in _MAY_BE_MISSING else False for cell in cells]  # fmt: skip
    kinds = {type(cell) for cell, out in zip(cells, gone, strict=True) if not out} or {str}
    field, filler = _OF_CELLS.get(next(iter(kinds)), ("", None)) if len(kinds) == 1 else ("", None)
    known: list[Any] = [filler if out else cell for cell, out in zip(cells, gone, strict=True)]
    if field == "longs" and not -_LARGEST <= min(known) <= max(known) < _LARGEST:
        field = ""
    if field:
        held = getattr(target, field)
        held.SetInParent()
        _extend(held, known)
    else:
        target.values.SetInParent()
        for cell, out in zip(cells, gone, strict=True):
            fill_value(target.values.values.add(), None if out else cell)
    target.missing.extend(place for place, out in enumerate(gone) if out)


#: Type of all cells of a column -> the field that holds them, and what stands for a missing one.
_OF_CELLS: dict[type, tuple[str, Any]] = {
    str: ("strings", ""),
    bytes: ("binaries", b""),
    bool: ("booleans", False),
    int: ("longs", 0),
    float: ("doubles", float("nan")),
}
_MAY_BE_MISSING = frozenset({_NONE, type(pd.NA), type(pd.NaT), float})


def _extend(held: Any, cells: list[Any]) -> None:
    try:
        held.values.extend(cells)
    except ValueError:
        raise InvalidArgument("A cell is not text in Unicode (PRO-010)") from None


def fill_value(target: Any, value: Any) -> None:
    """Write anything that a model answers into a message ``Value``.

    Raises:
        InvalidArgument: it has no form.
        Unwritable: likewise.

    """
    values.fill(target, value, _other)


def _other(target: Any, value: Any) -> bool:
    if isinstance(value, Decimal):
        return _fill_decimal(target, value)
    simpler = _simpler(value)
    if simpler is value:
        if arrays.fill_value(target, value):
            return True
        # What is of none of these kinds is written as in JSON: series, objects with fields.
        simpler = as_plain(value)
        if type(simpler) is type(value):
            return False
    values.fill(target, simpler, _other)
    return True


def _simpler(value: Any) -> Any:
    """Return what stands for a value of pandas or numpy in Python; itself where nothing does."""
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        if not value.nanosecond:
            return value.to_pydatetime()
        return value.to_datetime64() if value.tzinfo is None else value.isoformat()
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return value.tolist()
    if isinstance(value, orjson.Fragment):  # a decimal within what JSON has
        return Decimal(str(value.contents))
    return value


def _fill_decimal(target: Any, value: Decimal) -> bool:
    """Write a decimal as the number with its digits, as its digits where a double has others."""
    if value.is_nan():
        target.form = _NULL
    elif not value.is_finite() or Decimal(repr(float(value))) == value:
        target.number = float(value)
    else:
        target.text = str(value)
    return True
