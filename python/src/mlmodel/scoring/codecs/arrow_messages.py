"""The messages of an Arrow stream, looked into before they are read (RST-118, RST-119).

A compressed buffer says itself how long it will be, and the library takes that much memory before
it unpacks; a dictionary may be added to, each time with a copy of all of it. Both are counted
here, of the messages' metadata (flatbuffers, which the library has verified).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs.arrow_tables import bound, library, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlmodel.scoring.codecs.arrow_tables import Buffer

__all__ = ["check_messages", "messages_of_file", "messages_of_stream"]

#: A message of any kind: which, its metadata, and its buffers.
Message = tuple[str, bytes, Any]

#: Messages that add to a dictionary; each costs a copy of what there is.
_MOST_DELTAS = 100
#: Every batch has its dictionaries looked through anew: so many times the bound, all in all.
_VISITS = 8
#: Messages that a file may name; each is read by itself.
_MOST_BLOCKS = 100_000
#: What a footer has of a message: where it stands, and the lengths of its two parts.
_BLOCK = np.dtype([("at", "<i8"), ("metadata", "<i4"), ("", "<i4"), ("body", "<i8")])
#: The fields of a message, of a dictionary's, of a batch's, by their places in its table.
_HEADER = 2
_ID, _DATA, _IS_DELTA = 0, 1, 2
_BUFFERS, _COMPRESSION = 2, 3
#: Those of a file's footer.
_DICTIONARIES, _BATCHES = 2, 3
#: Where a buffer that is not compressed after all says so.
_AS_IT_IS = -1
_BUFFER = 16


def check_messages(body: Buffer, messages: Iterable[Message], *, apart: bool) -> None:
    """Refuse messages that would be too large.

    Args:
        body: the whole body, which says how much it may become.
        messages: what :func:`messages_of_stream` or :func:`messages_of_file` found in it.
        apart: whether batches are read one after another, and each may become so much.

    Raises:
        PayloadTooLarge: buffers would be too large, or dictionaries are added to all the time.
        struct.error: what a message says of itself cannot be.

    """
    most = bound(body)
    total = deltas = visited = in_use = 0
    dictionaries: dict[int, int] = {}
    for kind, metadata, held in messages:
        header = _field(metadata, _root(metadata), _HEADER)
        if header is None or kind not in {"record batch", "dictionary"}:
            continue
        batch = _field(metadata, header, _DATA) if kind == "dictionary" else header
        size = 0 if batch is None else _unpacked_size(metadata, batch, held, most)
        if kind == "dictionary":
            number = _int64(metadata, header, _ID)
            added = _field(metadata, header, _IS_DELTA, refers=False)
            is_delta = added is not None and metadata[added] != 0
            deltas += is_delta
            before = dictionaries.get(number, 0)
            dictionaries[number] = size + (before if is_delta else 0)
            in_use += dictionaries[number] - before
        else:
            visited += in_use
        total += size
        if total > most or deltas > _MOST_DELTAS or visited > _VISITS * most:
            raise too_large(body)
        if apart and kind == "record batch":
            total = visited = 0


def messages_of_stream(stream: Any) -> Iterator[Message]:
    """Give the messages of a stream, which is a buffer of the library.

    Raises:
        MalformedRequest: it has no end, or something behind it (RST-118).
        ArrowException: it is not a stream of messages.

    """
    pa = library()
    source = pa.BufferReader(stream)
    reader = pa.ipc.MessageReader.open_stream(source)
    while True:
        start = source.tell()
        try:
            message = reader.read_next_message()
        except StopIteration:
            break
        yield message.type, message.metadata.to_pybytes(), message.body
    if source.tell() == start:
        raise MalformedRequest(
            "The Arrow stream has no end: rows may be missing. Close its writer before it is sent "
            "(RST-118)."
        )
    if source.tell() != stream.size:
        raise MalformedRequest("Something stands behind the end of the Arrow stream (RST-118).")


def messages_of_file(file: Any, footer: int, tail: int) -> Iterator[Message]:
    """Give the messages that a file's footer names, which has been verified.

    Args:
        file: the file, as a buffer of the library.
        footer: where the footer begins, which names them.
        tail: where it ends.

    Raises:
        MalformedRequest: they overlap: one would stand for many (RST-118).
        PayloadTooLarge: there are too many.
        struct.error: the footer is not one.

    """
    pa = library()
    data = file.slice(footer, tail - footer).to_pybytes()
    found = [_blocks(data, number) for number in (_DICTIONARIES, _BATCHES)]
    blocks = np.sort(np.concatenate(found), order="at")
    if len(blocks) > _MOST_BLOCKS:
        raise too_large(data)
    ends = blocks["at"] + blocks["metadata"] + blocks["body"]
    if len(blocks) and (
        (blocks["metadata"] <= 0).any()
        or (blocks["body"] < 0).any()
        or blocks["at"][0] < 0
        or (ends[:-1] > blocks["at"][1:]).any()
        or ends[-1] > footer
    ):
        raise MalformedRequest(
            "The body is not a whole file of Arrow: parts of it overlap or are missing (RST-118)."
        )
    for start, end in zip(blocks["at"].tolist(), ends.tolist(), strict=True):
        message = pa.ipc.read_message(file.slice(start, end - start))
        yield message.type, message.metadata.to_pybytes(), message.body


def _blocks(data: bytes, number: int) -> Any:
    at = _field(data, _root(data), number)
    if at is None:
        return np.zeros(0, _BLOCK)
    (count,) = struct.unpack_from("<I", data, at)
    if at + 4 + count * _BLOCK.itemsize > len(data):
        raise struct.error
    return np.frombuffer(data, _BLOCK, count, at + 4)


def _unpacked_size(metadata: bytes, batch: int, held: Any, most: int) -> int:
    """Return how large the buffers of a batch become; they count as often as they are named."""
    at = _field(metadata, batch, _BUFFERS)
    if at is None:
        return 0
    (count,) = struct.unpack_from("<I", metadata, at)
    if at + 4 + count * _BUFFER > len(metadata):
        raise struct.error
    places, lengths = np.frombuffer(metadata, "<i8", 2 * count, at + 4).reshape(count, 2).T
    if _field(metadata, batch, _COMPRESSION) is None:
        return _sum(lengths, most)
    size = 0 if held is None else held.size
    named = lengths > 0
    places, lengths = places[named], lengths[named]
    if not len(places):
        return 0
    if places.min() < 0 or places.max() > size - 8:
        raise struct.error
    whole = np.frombuffer(held, np.uint8)
    sizes = whole[places[:, None] + np.arange(8)].view("<i8").ravel()
    return _sum(np.where(sizes == _AS_IT_IS, lengths, sizes), most)


def _sum(sizes: Any, most: int) -> int:
    """Return the sum of sizes; more than ``most`` where one is too large, or less than nothing."""
    if len(sizes) and (sizes.min() < 0 or sizes.max() > most):
        return most + 1
    return int(sizes.sum(dtype=object)) if len(sizes) else 0


# -- flatbuffers -----------------------------------------------------------------------------------


def _root(data: bytes) -> int:
    place: int = struct.unpack_from("<I", data, 0)[0]
    return place


def _int64(data: bytes, table: int, number: int) -> int:
    at = _field(data, table, number, refers=False)
    value: int = 0 if at is None else struct.unpack_from("<q", data, at)[0]
    return value


def _field(data: bytes, table: int, number: int, *, refers: bool = True) -> int | None:
    """Return where a field's value stands: what it refers to, or (``refers=False``) itself."""
    (back,) = struct.unpack_from("<i", data, table)
    vtable = table - back
    if vtable < 0:
        raise struct.error
    (size,) = struct.unpack_from("<H", data, vtable)
    if size < 4 + 2 * number + 2:
        return None
    (offset,) = struct.unpack_from("<H", data, vtable + 4 + 2 * number)
    if not offset:
        return None
    at = table + offset
    place: int = at + struct.unpack_from("<I", data, at)[0] if refers else at
    return place
