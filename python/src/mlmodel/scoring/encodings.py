"""Bodies that were compressed on their way: unpacked, never beyond a bound (RST-122 f)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MalformedRequest, PayloadTooLarge, UnsupportedMediaType, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["known_encoding", "known_encodings", "unpack"]

IDENTITY = "identity"
#: How much is unpacked at a time.
_CHUNK = 1024 * 1024
#: How much of a member is read at first: most of what is behind a short one is not looked at.
_FIRST = 1024
#: How many members one body may have; each costs something, even if it is empty.
_MOST_MEMBERS = 100_000
#: zlib's word for the format of gzip, with its largest window.
_GZIP = 31


def known_encodings() -> list[str]:
    """Return the names of the encodings that are unpacked here."""
    return ["gzip", *(["zstd"] if _zstd() is not None else []), IDENTITY]


def known_encoding(header: str | None) -> str:
    """Return the encoding that a header ``Content-Encoding`` names, ``identity`` without one.

    Raises:
        UnsupportedMediaType: it is not known here, or there are several (RST-122).

    """
    if header is None or header == IDENTITY:
        return IDENTITY
    names = [name.strip().lower() for name in header.split(",")]
    named = [name for name in names if name not in {"", IDENTITY}] or [IDENTITY]
    encoding = named[0].removeprefix("x-") if named[0] == "x-gzip" else named[0]
    known = known_encodings()
    if len(named) > 1 or encoding not in known:
        raise UnsupportedMediaType(
            f"The content encoding {shown(header)} is not known here; send the body with one of "
            f"{', '.join(known)} (RST-122)."
        )
    return encoding


def unpack(encoding: str | None, body: bytes, most_bytes: int) -> bytes:
    """Return a body as it was before it was compressed.

    Args:
        encoding: the header ``Content-Encoding`` as it came, or None.
        body: the whole body.
        most_bytes: how large it may become.

    Raises:
        UnsupportedMediaType: the encoding is not known here (RST-122).
        MalformedRequest: the body is not of it, ends too early or goes on behind its end (RST-123).
        PayloadTooLarge: it would become larger (RST-123).

    """
    name = known_encoding(encoding)
    if name == IDENTITY:
        return body
    parts: list[bytes] = []
    size = 0

    def take(part: bytes) -> None:
        nonlocal size
        size += len(part)
        if size > most_bytes:
            raise PayloadTooLarge(
                f"The body is larger than {most_bytes} bytes when it is unpacked (RST-123)."
            )
        parts.append(part)

    try:
        (_gunzip if name == "gzip" else _unzstd)(body, take)
    except EOFError:
        raise MalformedRequest(
            f"The body ends before its encoding {name} does: a part of it is missing (RST-123)."
        ) from None
    except ValueError:
        raise MalformedRequest(
            f"The body is not of the encoding {name} that is named for it, or something stands "
            "behind its end (RST-123)."
        ) from None
    return b"".join(parts)


def _gunzip(body: bytes, take: Callable[[bytes], None]) -> None:
    place = 0
    for _ in range(_MOST_MEMBERS):
        member, step = zlib.decompressobj(_GZIP), _FIRST
        while not member.eof:
            piece = body[place : place + step]
            try:
                part = member.decompress(piece, _CHUNK)
            except zlib.error:
                raise ValueError from None
            if not (piece or part or member.eof):
                raise EOFError
            # A part of the piece alone, however many members there are.
            rest = member.unused_data if member.eof else member.unconsumed_tail
            place += len(piece) - len(rest)
            step = min(2 * step, _CHUNK)
            take(part)
        if place == len(body):
            return
    raise ValueError


def _zstd() -> Any:
    """Return what unpacks zstd, None where it is not installed."""
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        return None
    return pa


def _unzstd(body: bytes, take: Callable[[bytes], None]) -> None:
    pa = _zstd()
    if not body:
        raise EOFError
    try:
        with pa.input_stream(pa.py_buffer(body), compression="zstd") as stream:
            while part := stream.read(_CHUNK):
                take(part)
    except OSError as error:
        raise (EOFError if "runcated" in str(error) else ValueError) from None
