"""The pages of a Parquet file, looked into before they are read (RST-118, RST-119).

A few bytes of a page may stand for 2^31 values (runs, dictionaries, deltas of nothing), and the
library takes memory for as many as a page, a chunk or a row group says it has. Here the headers
of all pages (structs in Thrift's compact protocol) are read for what they say, without the pages.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs.arrow_tables import bound, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_footer", "check_pages"]

_MAGIC = b"PAR1"
#: Behind the metadata stand their length and the magic.
_TAIL = 8
#: How large the metadata may be (or a sixteenth of the file), how many chunks and pages there are.
_FOOTER = 4 * 2**20
_MOST = 100_000
#: What a value costs, by its physical type; of others, it is an object of Python.
_WIDTHS = {"BOOLEAN": 8, "INT32": 8, "INT64": 8, "INT96": 16, "FLOAT": 8, "DOUBLE": 8}
_OBJECT = 64
#: Levels of nested values, and what is made of these.
_NESTED = 64
#: Each text is the beginning of the one before and an end: a long one repeated costs two bytes.
_DELTA_BYTE_ARRAY = 7
#: Fields of a page's header, and of the four kinds of header within it.
_UNCOMPRESSED, _COMPRESSED = 2, 3
_DICTIONARY = 7
_KINDS = (5, _DICTIONARY, 8)
_VALUES = 1
_ENCODINGS = {5: 2, 7: 2, 8: 4}
#: Structs within structs; a page's header has three.
_DEEPEST = 16


class _Wrong(Exception):
    """The bytes are not a struct of Thrift."""


class _Page(NamedTuple):
    unpacked: int
    packed: int
    values: int
    encoding: int | None
    is_data: bool


def check_footer(body: bytes) -> None:
    """Refuse a file that is not whole, or whose metadata are too large to be taken apart.

    Raises:
        MalformedRequest: it does not begin and end as such a file does (RST-118).
        PayloadTooLarge: its metadata are too large (RST-119).

    """
    if not (len(body) > len(_MAGIC) + _TAIL and body.startswith(_MAGIC) and body.endswith(_MAGIC)):
        raise MalformedRequest("The body is not a whole file of Parquet (RST-118).")
    (size,) = struct.unpack_from("<I", body, len(body) - _TAIL)
    if size > max(_FOOTER, len(body) // 16):
        raise too_large(body)


def check_pages(body: bytes, metadata: Any) -> set[str]:
    """Refuse a file that would be too large, and return the columns to be read as categories.

    Args:
        body: the whole file.
        metadata: its metadata, as the library has them.

    Returns:
        The paths of columns of texts or bytes that have a dictionary: put in the place of their
        codes they might be of any size, which :func:`~.arrow_tables.check_cost` then looks at.

    Raises:
        MalformedRequest: a page has an encoding that is not read, or is not a page (RST-118).
        PayloadTooLarge: it would (RST-119).

    """
    most, total, pages = bound(body), metadata.num_rows * 8, 0
    if total > most or metadata.num_row_groups * max(1, metadata.num_columns) > _MOST:
        raise too_large(body)
    rows = 0
    encoded: set[str] = set()
    schema = metadata.schema
    columns = [schema.column(place) for place in range(metadata.num_columns)]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        rows += group.num_rows
        for place, column in enumerate(columns):
            chunk = group.column(place)
            found = values = 0
            for page in _pages(body, chunk):
                pages += 1
                found += page.unpacked
                values += page.values if page.is_data else 0
                if page.encoding == _DELTA_BYTE_ARRAY:
                    raise MalformedRequest(
                        f"The column {column.path!r:.80} has the encoding DELTA_BYTE_ARRAY, which "
                        "is not read; write it with another (RST-118)."
                    )
                if pages > _MOST or found > most:
                    raise too_large(body)
            flat = not column.max_repetition_level
            if values != chunk.num_values or (flat and values != group.num_rows):
                raise _not_pages()
            total += found + max(values, group.num_rows) * _width(column)
            if total > most:
                raise too_large(body)
            if chunk.has_dictionary_page and column.physical_type == "BYTE_ARRAY":
                encoded.add(column.path)
    if rows != metadata.num_rows:
        raise _not_pages()
    return encoded


def _width(column: Any) -> int:
    kind = column.physical_type
    width = column.length if kind == "FIXED_LEN_BYTE_ARRAY" else 0
    width += _WIDTHS.get(kind, _OBJECT)
    return int(width + (_NESTED if column.max_repetition_level else 0))


def _pages(body: bytes, chunk: Any) -> Iterator[_Page]:
    """Give the pages of a chunk, as far as its bytes go."""
    place = chunk.data_page_offset
    first = chunk.dictionary_page_offset
    if first is not None and 0 < first < place:
        place = first
    end = min(place + max(chunk.total_compressed_size, 0), len(body))
    if place < 0:
        raise _not_pages()
    while place < end:
        try:
            header, place = _struct(body, place, 0)
            page = _page(header)
        except (_Wrong, IndexError, struct.error):
            raise _not_pages() from None
        yield page
        place += page.packed


def _not_pages() -> MalformedRequest:
    return MalformedRequest("The body is not a whole file of Parquet (RST-118).")


def _page(header: dict[int, Any]) -> _Page:
    kind = next((kind for kind in _KINDS if isinstance(header.get(kind), dict)), None)
    inner = {} if kind is None else header[kind]
    unpacked, packed = header.get(_UNCOMPRESSED), header.get(_COMPRESSED)
    values, encoding = inner.get(_VALUES, 0), inner.get(_ENCODINGS.get(kind or 0))
    numbers = (unpacked, packed, values)
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise _Wrong
    return _Page(unpacked, packed, values, encoding, kind != _DICTIONARY)  # type: ignore[arg-type]


# -- Thrift's compact protocol ---------------------------------------------------------------------


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:  # noqa: PLR2004 - ten bytes hold 64 bits
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte
            return value, place
        shift += 7
    raise _Wrong


def _number(data: bytes, place: int) -> tuple[int, int]:
    value, place = _varint(data, place)
    return (value >> 1) ^ -(value & 1), place


def _struct(data: bytes, place: int, depth: int) -> tuple[dict[int, Any], int]:
    """Return the numbers and structs of a struct, by their fields, and where it ends."""
    if depth > _DEEPEST:
        raise _Wrong
    fields: dict[int, Any] = {}
    number = 0
    while head := data[place]:
        place += 1
        kind, step = head & 15, head >> 4
        if step:
            number += step
        else:
            number, place = _number(data, place)
        fields[number], place = _value(data, place, kind, depth)
    return fields, place + 1


def _value(data: bytes, place: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in {1, 2}:
        return kind == 1, place
    if kind == 3:  # noqa: PLR2004 - Thrift's numbers of its types, here and below
        return data[place], place + 1
    if kind in {4, 5, 6}:
        return _number(data, place)
    if kind == 7:  # noqa: PLR2004
        return None, place + 8
    if kind == 8:  # noqa: PLR2004
        size, place = _varint(data, place)
        if place + size > len(data):
            raise _Wrong
        return None, place + size
    if kind == 12:  # noqa: PLR2004
        return _struct(data, place, depth + 1)
    # A page's header has no lists, sets and maps.
    raise _Wrong
