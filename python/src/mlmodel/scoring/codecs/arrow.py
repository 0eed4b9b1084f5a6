"""``application/vnd.apache.arrow.stream`` and ``….file``: tables of Arrow (RST-117 ff)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.codecs import arrow_tables
from mlmodel.scoring.codecs.arrow_messages import (
    check_messages,
    messages_of_file,
    messages_of_stream,
)
from mlmodel.scoring.codecs.arrow_tables import library, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from mlmodel.scoring.codecs.arrow_messages import Message
    from mlmodel.scoring.codecs.arrow_tables import Buffer
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode_file", "decode_stream", "file_in_batches", "stream_in_batches"]

_MAGIC = b"ARROW1"
_FEATHER = b"FEA1"
#: What stands behind the footer: its length, and the magic.
_TAIL = 4 + len(_MAGIC)


def decode_stream(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a stream; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a stream of Arrow"):
        reader = _checked_stream(payload.value, apart=False)
        return _decoded(payload, matching, reader.schema, reader)


def decode_file(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a file; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a file of Arrow"):
        reader = _checked_file(payload.value, apart=False)
        batches = map(reader.get_batch, range(reader.num_record_batches))
        return _decoded(payload, matching, reader.schema, batches)


def stream_in_batches(body: Buffer) -> tuple[Any, Iterator[tuple[Any, float]]]:
    """Return a stream's schema and its batches, validated and counted one after another.

    Each comes with the share of the whole that ends with it, as far as that is known.

    Raises:
        MalformedRequest: it is not a whole stream (RST-118).
        PayloadTooLarge: a batch would become too large (RST-119).

    """
    reader = _checked_stream(body, apart=True)
    return reader.schema, _by_size(body, _one_by_one(body, reader))


def file_in_batches(body: Buffer) -> tuple[Any, Iterator[tuple[Any, float]]]:
    """Return a file's schema and its batches, as :func:`stream_in_batches` does."""
    reader = _checked_file(body, apart=True)
    count = reader.num_record_batches
    batches = _one_by_one(body, map(reader.get_batch, range(count)))
    return reader.schema, ((batch, number / count) for number, batch in enumerate(batches, 1))


def _by_size(body: Buffer, batches: Iterable[Any]) -> Iterator[tuple[Any, float]]:
    read = 0
    for batch in batches:
        read += batch.nbytes
        yield batch, min(1.0, read / len(body))


def _one_by_one(body: Buffer, batches: Iterable[Any]) -> Iterator[Any]:
    pa = library()
    for batch in batches:
        (valid,) = _validated(body, [batch])
        arrow_tables.check_cost(body, pa.Table.from_batches([valid]))
        yield valid


def _checked_stream(body: Buffer, *, apart: bool) -> Any:
    """Return the library's reader of a stream, whose messages have been looked into."""
    if body[: len(_MAGIC)] == _MAGIC:
        raise MalformedRequest(
            "The body is a file of Arrow, not a stream: send it as "
            "application/vnd.apache.arrow.file (RST-118)."
        )
    pa = library()
    stream = pa.py_buffer(body)
    _check(body, messages_of_stream(stream), apart=apart)
    return pa.ipc.open_stream(stream, options=pa.ipc.IpcReadOptions(use_threads=False))


def _checked_file(body: Buffer, *, apart: bool) -> Any:
    """Return the library's reader of a file, whose messages have been looked into."""
    pa = library()
    if body[: len(_FEATHER)] == _FEATHER:
        raise MalformedRequest(
            "The body is a file of Feather's first version, which is not read: write it with "
            "version=2 (RST-118)."
        )
    if not body[: len(_MAGIC)] == body[-len(_MAGIC) :] == _MAGIC:
        raise MalformedRequest(
            "The body is not a whole file of Arrow; a stream is sent as "
            "application/vnd.apache.arrow.stream (RST-118)."
        )
    whole = pa.py_buffer(body)
    reader = pa.ipc.open_file(whole, options=pa.ipc.IpcReadOptions(use_threads=False))
    (length,) = struct.unpack_from("<i", body, len(body) - _TAIL)
    tail = len(body) - _TAIL
    _check(body, messages_of_file(whole, tail - length, tail), apart=apart)
    return reader


def _check(body: Buffer, messages: Iterable[Message], *, apart: bool) -> None:
    try:
        check_messages(body, messages, apart=apart)
    except struct.error:
        raise ValueError from None


def _validated(body: Buffer, batches: Iterable[Any]) -> Iterator[Any]:
    """Give the batches of a stream or file, wholly validated, if views do not show too much."""
    shown = 0
    for batch in batches:
        batch.validate()
        shown += sum(map(arrow_tables.viewed, batch.columns))
        if shown > arrow_tables.bound(body):
            raise arrow_tables.too_large(body)
        batch.validate(full=True)
        yield batch


def _decoded(
    payload: Payload[bytes], matching: Matching, schema: Any, batches: Iterable[Any]
) -> pd.DataFrame:
    held = list(_validated(payload.value, batches))
    table = library().Table.from_batches(held, schema)
    return arrow_tables.data_of(payload, matching, table)
