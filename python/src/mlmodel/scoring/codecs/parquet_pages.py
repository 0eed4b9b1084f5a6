"""The pages of a Parquet file, looked into before they are read (RST-118, RST-119).

A few bytes of a page may stand for 2^31 values (runs, dictionaries, deltas of nothing), and the
library takes memory for as many as a page, a chunk or a row group says it has. Here the metadata
and the headers of all pages are read for what they say, without the pages. Nothing of a row group
is asked of the library's own metadata, some of whose faults end the process.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs.arrow_tables import bound, too_large
from mlmodel.scoring.codecs.thrift import I32, I64, LIST, STRUCT, Thrift, WrongThrift, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.scoring.codecs.arrow_tables import Buffer
    from mlmodel.scoring.codecs.thrift import Fields

__all__ = ["Footer", "check_pages", "read_footer"]

_MAGIC = b"PAR1"
#: Behind the metadata stand their length and the magic.
_TAIL = 8
#: How large the metadata may be (or a sixteenth of the file), and how many values they have.
_FOOTER = 4 * 2**20
_VALUES = 1_000_000
#: How many chunks and pages there may be.
_MOST = 100_000
#: What a value costs, by its physical type; of others, it is an object of Python.
_WIDTHS = {"BOOLEAN": 8, "INT32": 8, "INT64": 8, "INT96": 16, "FLOAT": 8, "DOUBLE": 8}
_OBJECT = 64
#: Levels of nested values, and what is made of these.
_NESTED = 64
#: Each text is the beginning of the one before and an end: a long one repeated costs two bytes.
_DELTA_BYTE_ARRAY = 7
#: The numbers of fields: of the file, of a row group, of a chunk and its own metadata.
_FILE_ROWS, _FILE_GROUPS = 3, 4
_GROUP_CHUNKS, _GROUP_ROWS = 1, 3
_CHUNK_METADATA = 3
_CHUNK_VALUES, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_DICTIONARY = 5, 7, 9, 11
#: Those of a page's header, and of the headers within it, of which it has one.
_UNPACKED, _PACKED = 2, 3
_DATA, _INDEX, _DICTIONARY, _DATA_2 = 5, 6, 7, 8
_PAGE_VALUES = 1
_PAGE_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_2: 4}


class _Chunk(NamedTuple):
    start: int
    end: int
    values: int


class Footer(NamedTuple):
    """What a file says of its row groups: of each its rows, and its chunks by column."""

    rows: int
    groups: list[tuple[int, list[_Chunk]]]


class _Page(NamedTuple):
    unpacked: int
    packed: int
    values: int
    encoding: int | None
    kind: int | None


def read_footer(body: Buffer) -> Footer:
    """Return what a file says of itself.

    Raises:
        MalformedRequest: it does not begin and end as such a file does, or says what cannot be
            (RST-118).
        PayloadTooLarge: it says too much (RST-119).

    """
    if not (
        len(body) > len(_MAGIC) + _TAIL and body[: len(_MAGIC)] == body[-len(_MAGIC) :] == _MAGIC
    ):
        raise _broken()
    (size,) = struct.unpack_from("<I", body, len(body) - _TAIL)
    if size > max(_FOOTER, len(body) // 16):
        raise too_large(body)
    try:
        fields, _ = Thrift(body, _VALUES).struct(len(body) - _TAIL - size)
        rows = given(fields, _FILE_ROWS, I64)
        groups = [_group(group, len(body)) for group in _structs(fields, _FILE_GROUPS)]
    except (WrongThrift, IndexError):
        raise _broken() from None
    except MemoryError:
        raise too_large(body) from None
    if rows != sum(rows for rows, _ in groups):
        raise _broken()
    return Footer(rows, groups)


def _structs(fields: Fields, number: int) -> list[Fields]:
    found = given(fields, number, LIST)
    if found is None:
        raise WrongThrift
    kind, items = found
    if items and kind != STRUCT:
        raise WrongThrift
    structs: list[Fields] = items
    return structs


def _group(group: Fields, size: int) -> tuple[int, list[_Chunk]]:
    rows = given(group, _GROUP_ROWS, I64)
    if rows is None or rows < 0:
        raise WrongThrift
    return rows, [_chunk(chunk, size) for chunk in _structs(group, _GROUP_CHUNKS)]


def _chunk(chunk: Fields, size: int) -> _Chunk:
    own = given(chunk, _CHUNK_METADATA, STRUCT)
    if own is None:
        raise WrongThrift
    values, length, start = (
        given(own, number, I64) for number in (_CHUNK_VALUES, _CHUNK_SIZE, _CHUNK_DATA)
    )
    if None in {values, length, start}:
        raise WrongThrift
    first = given(own, _CHUNK_DICTIONARY, I64)
    # So the library does it.
    start = first if first is not None and 0 < first < start else start
    if values < 0 or length < 0 or start < 0 or start + length > size:
        raise WrongThrift
    return _Chunk(start, start + length, values)


def _broken() -> MalformedRequest:
    return MalformedRequest("The body is not a whole file of Parquet (RST-118).")


def check_pages(body: Buffer, footer: Footer, schema: Any, *, apart: bool) -> set[str]:
    """Refuse a file that would be too large, and return the columns to be read as categories.

    Args:
        body: the whole file.
        footer: what it says of its row groups.
        schema: its schema, as the library has it.
        apart: whether row groups are read one after another, and each may become so much.

    Returns:
        The paths of columns of texts or bytes that have a dictionary: put in the place of their
        codes they might be of any size, which :func:`~.arrow_tables.check_cost` then looks at.

    Raises:
        MalformedRequest: a page has an encoding that is not read, or is not a page (RST-118).
        PayloadTooLarge: it would (RST-119).

    """
    columns = [schema.column(place) for place in range(len(schema))]
    most, total, pages = bound(body), 0 if apart else footer.rows * 8, 0
    if total > most or len(footer.groups) * max(1, len(columns)) > _MOST:
        raise too_large(body)
    encoded: set[str] = set()
    for rows, chunks in footer.groups:
        if len(chunks) != len(columns):
            raise _broken()
        if apart:
            total, pages = rows * 8, 0
        for column, chunk in zip(columns, chunks, strict=True):
            found = list(_pages(body, chunk, column, _MOST - pages))
            pages += len(found)
            values = sum(page.values for page in found if page.kind != _DICTIONARY)
            # Else the library would go on behind the chunk, or find less than it was told.
            if values != chunk.values or (not column.max_repetition_level and values != rows):
                raise _broken()
            total += sum(page.unpacked for page in found) + max(values, rows) * _width(column)
            if total > most:
                raise too_large(body)
            if column.physical_type == "BYTE_ARRAY" and _DICTIONARY in {p.kind for p in found}:
                encoded.add(column.path)
    return encoded


def _width(column: Any) -> int:
    kind = column.physical_type
    width = column.length if kind == "FIXED_LEN_BYTE_ARRAY" else 0
    width += _WIDTHS.get(kind, _OBJECT)
    return int(width + (_NESTED if column.max_repetition_level else 0))


def _pages(body: Buffer, chunk: _Chunk, column: Any, most: int) -> Iterator[_Page]:
    """Give the pages of a chunk, as far as its bytes go."""
    # Of a chunk without values no page is read; it may say any place.
    place = chunk.start if chunk.values else chunk.end
    reader = Thrift(body, _VALUES)
    while place < chunk.end:
        try:
            header, place = reader.struct(place)
            page = _page(header)
        except (WrongThrift, IndexError):
            raise _broken() from None
        except MemoryError:
            raise too_large(body) from None
        most -= 1
        if most < 0:
            raise too_large(body)
        if page.encoding == _DELTA_BYTE_ARRAY:
            raise MalformedRequest(
                f"The column {column.path!r:.80} has the encoding DELTA_BYTE_ARRAY, which is not "
                "read; write it with another (RST-118)."
            )
        yield page
        place += page.packed


def _page(header: Fields) -> _Page:
    kinds = [kind for kind in (_DATA, _INDEX, _DICTIONARY, _DATA_2) if kind in header]
    if len(kinds) != 1:
        raise WrongThrift
    (kind,) = kinds
    inner = given(header, kind, STRUCT)
    unpacked, packed = given(header, _UNPACKED, I32), given(header, _PACKED, I32)
    values, encoding = 0, None
    if kind != _INDEX:
        values = given(inner, _PAGE_VALUES, I32)
        encoding = given(inner, _PAGE_ENCODING[kind], I32)
    if None in {unpacked, packed, values} or min(unpacked, packed, values) < 0:
        raise WrongThrift
    return _Page(unpacked, packed, values, encoding, kind)
