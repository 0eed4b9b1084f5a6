"""Large plain tables of CSV: the quick way, by Arrow's reader where it is installed.

It reads what stands without quotes under the declared names, at the declared types. Whatever it
refuses, and all that it may take for something else than RST-015, RST-016 and ENF-060 ff say, is
left to the way by texts, which reads the same or says what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.scoring.codecs.csv_cells import MISSING
from mlmodel.scoring.codecs.tables import layout_of
from mlmodel.signature.data.arrays import EXACT
from mlmodel.signature.data.columns import Block, Columns
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    import numpy.typing as npt

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.codecs.tables import Group, Layout
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["LONG", "UNNAMED", "read"]

#: The signs from which on a text is worth the look.
LONG = 16_384
#: How pandas calls a column without a name.
UNNAMED = "Unnamed: "
#: Each column has a price of its own.
_MOST_COLUMNS = 1000
#: What Arrow calls the types that it reads as we do.
_TYPES = {
    DataType.double: "float64",
    DataType.long: "int64",
    DataType.integer: "int32",
    DataType.boolean: "bool_",
    DataType.string: "string",
}
_INTEGERS = frozenset({DataType.long, DataType.integer})
_TRUE, _FALSE = ["true", "True", "TRUE"], ["false", "False", "FALSE"]
_QUOTE = ord('"')
#: What may stand before a cell, and behind one.
_BEFORE, _BEHIND = (np.isin(np.arange(256), list(signs)) for signs in (b",\n", b",\r\n"))


class _Unproved(Exception):
    """A cell may be another than Arrow says."""


def read(payload: Payload[str], matching: Matching, text: str) -> Columns | None:
    """Return a table as the declared types have it; None where the texts are to be asked.

    Args:
        payload: whose rows are counted.
        matching: what is declared.
        text: the CSV, without a byte order mark; no line ends with CR alone.

    """
    if len(text) < LONG:
        return None
    text = text.rstrip("\r\n")
    header, _, body = text.partition("\n")
    names = header.removesuffix("\r").split(",")
    layout = _layout_of(matching, names)
    if layout is None or not _is_plain(body):
        return None
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return None
    try:
        table = _table(pa, body.encode(), layout, len(names))
        blocks = [_block(table, layout, group) for group in layout.groups]
    except (pa.ArrowException, _Unproved):
        return None
    payload.rows = table.num_rows
    return Columns(layout.names, blocks, table.num_rows, matching.schema)


def _table(pa: Any, body: bytes, layout: Layout, width: int) -> Any:
    """Return the declared columns; of a first one without a name there are none (RST-017)."""
    from pyarrow import csv

    has_quotes = _check_quotes(body)
    places = [str(place) for place in range(width)]
    specs = dict(zip(layout.given, layout.specs, strict=True))
    read = places[width - layout.width :]
    types = {name: getattr(pa, _TYPES[specs[n].type])() for n, name in enumerate(read)}  # type: ignore[index]
    return csv.read_csv(
        pa.py_buffer(body),
        csv.ReadOptions(use_threads=False, column_names=places),
        csv.ParseOptions(
            quote_char='"' if has_quotes else False,
            newlines_in_values=has_quotes,
            ignore_empty_lines=False,
        ),
        # A text is never missing to Arrow: words that mean it elsewhere are texts here.
        csv.ConvertOptions(
            check_utf8=False, include_columns=read, column_types=types, null_values=sorted(MISSING),
            strings_can_be_null=False, true_values=_TRUE, false_values=_FALSE,
        ),
    )  # fmt: skip


def _layout_of(matching: Matching, given: list[str]) -> Layout | None:
    """Return where the columns stand, if they are those that are declared, of types read here."""
    schema = matching.schema
    if schema is None or matching.has_tensors or not matching.has_names:
        return None
    has_index = len(given) > 1 and not given[0]
    names = tuple(given[has_index:])
    if len(names) != len(schema.inputs) or len(names) > _MOST_COLUMNS or "" in names:
        return None
    if has_index and any(name.startswith(UNNAMED) for name in matching.names):
        return None
    layout = layout_of(matching, schema, names, len(names))
    is_read = all(
        spec.type in _TYPES and (spec.required or spec.type not in _INTEGERS)
        for spec in layout.specs
    )
    return layout if is_read and not layout.violations else None


def _is_plain(body: str) -> bool:
    """Return whether Arrow reads no number in its own way: with tabs around it, or ``0x10``."""
    # One sign is found much faster than two.
    if any(sign in body for sign in "\t\0"):
        return False
    return not any(x in body and f"0{x}" in body for x in "xX")


def _check_quotes(body: bytes) -> bool:
    """Return whether there are quotes, each of which begins or ends a cell or is doubled.

    Raises:
        _Unproved: one does not, or a cell in quotes is empty, which is no missing one.

    """
    if b'"' not in body:
        return False
    # With a line's end on both sides, each sign has one before it and one behind.
    signs = np.frombuffer(b"\n" + body + b"\n", np.uint8)
    places = np.flatnonzero(signs == _QUOTE)
    opening, closing = places[::2], places[1::2]
    if len(opening) != len(closing):
        raise _Unproved
    doubled = closing[:-1] + 1 == opening[1:]
    begins, ends = _BEFORE[signs[opening - 1]], _BEHIND[signs[closing + 1]]
    if (begins & ends & (closing == opening + 1)).any():
        raise _Unproved
    begins[1:] |= doubled
    ends[:-1] |= doubled
    if not (begins.all() and ends.all()):
        raise _Unproved
    return True


def _block(table: Any, layout: Layout, group: Group) -> Block:
    held: npt.NDArray[Any] | None = None
    for place, given in enumerate(group.given):
        spec = layout.specs[group.declared[place]]
        values = _values(table.column(given), spec.type)
        if held is None:
            # A block's columns lie side by side in memory, as a frame keeps them.
            held = np.empty((len(group.given), table.num_rows), values.dtype)
        held[place] = values
    assert held is not None  # noqa: S101 - a group has a column
    return Block(held.T, group.declared)


def _values(column: Any, kind: Any) -> npt.NDArray[Any]:
    """Return the values of a column, with NaN for what is missing.

    Raises:
        _Unproved: one may be another than its text says, or may not be missing.

    """
    if kind is DataType.double:
        return _doubles(column)
    if column.null_count:
        raise _Unproved
    values: npt.NDArray[Any]
    if kind is not DataType.string:
        values = column.to_numpy()
        return values
    # Words that come again are one object.
    encoded = column.dictionary_encode().combine_chunks()
    words = encoded.dictionary.to_numpy(zero_copy_only=False)
    words[words == ""] = np.nan
    values = words[encoded.indices.to_numpy()]
    return values


def _doubles(column: Any) -> npt.NDArray[Any]:
    """Return doubles, of which none may be a word, an integer that was rounded, or ``-0``."""
    values: npt.NDArray[Any] = column.to_numpy()
    sizes = np.abs(values)
    if (
        np.count_nonzero(np.isnan(values)) != column.null_count
        or (sizes >= EXACT).any()
        or (np.signbit(values) & (sizes == 0)).any()
    ):
        raise _Unproved
    return values
