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
    from collections.abc import Iterable

    import pandas as pd

    from mlmodel.scoring.codecs.arrow_messages import Message
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode_file", "decode_stream"]

_MAGIC = b"ARROW1"
_FEATHER = b"FEA1"
#: What stands behind the footer: its length, and the magic.
_TAIL = 4 + len(_MAGIC)


def decode_stream(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a stream; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a stream of Arrow"):
        body = payload.value
        if body.startswith(_MAGIC):
            raise MalformedRequest(
                "The body is a file of Arrow, not a stream: send it as "
                "application/vnd.apache.arrow.file (RST-118)."
            )
        pa = library()
        stream = pa.py_buffer(body)
        _check(body, messages_of_stream(stream))
        options = pa.ipc.IpcReadOptions(use_threads=False)
        reader = pa.ipc.open_stream(stream, options=options)
        return _decoded(payload, matching, reader.schema, reader)


def decode_file(payload: Payload[bytes], matching: Matching) -> pd.DataFrame:
    """Read a file; see :data:`mlmodel.scoring.codecs.Decoder`."""
    with readable("a file of Arrow"):
        body, pa = payload.value, library()
        if body.startswith(_FEATHER):
            raise MalformedRequest(
                "The body is a file of Feather's first version, which is not read: write it with "
                "version=2 (RST-118)."
            )
        if not (body.startswith(_MAGIC) and body.endswith(_MAGIC)):
            raise MalformedRequest(
                "The body is not a whole file of Arrow; a stream is sent as "
                "application/vnd.apache.arrow.stream (RST-118)."
            )
        whole = pa.py_buffer(body)
        reader = pa.ipc.open_file(whole, options=pa.ipc.IpcReadOptions(use_threads=False))
        (length,) = struct.unpack_from("<i", body, len(body) - _TAIL)
        tail = len(body) - _TAIL
        _check(body, messages_of_file(whole, tail - length, tail))
        batches = map(reader.get_batch, range(reader.num_record_batches))
        return _decoded(payload, matching, reader.schema, batches)


def _check(body: bytes, messages: Iterable[Message]) -> None:
    try:
        check_messages(body, messages)
    except struct.error:
        raise ValueError from None


def _decoded(
    payload: Payload[bytes], matching: Matching, schema: Any, batches: Iterable[Any]
) -> pd.DataFrame:
    held, shown = [], 0
    for batch in batches:
        batch.validate()
        shown += sum(map(arrow_tables.viewed, batch.columns))
        if shown > arrow_tables.bound(payload.value):
            raise arrow_tables.too_large(payload.value)
        batch.validate(full=True)
        held.append(batch)
    table = library().Table.from_batches(held, schema)
    return arrow_tables.data_of(payload, matching, table)
