"""Pickles, arrays of numpy, and what is compressed: the streams that a loader unpickles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import Kind, Rank, Said
from mlmodel.trust.kinds._scans import may_be_a_stream, said_of_pickle, verdict
from mlmodel.trust.pickles.containers import (
    COMPRESSED,
    RefusedContainer,
    detect,
    expand,
    foreign,
    read_npy_header,
)
from mlmodel.trust.pickles.findings import Malformed
from mlmodel.trust.pickles.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]

#: How zlib's streams begin, where a text is none.
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")


def _look(file: File) -> Iterator[Said]:
    if file.container == "npy":
        yield from _of_npy(file)
    elif file.container in COMPRESSED:
        yield from _of_compressed(file)
    elif file.container == "pickle":
        yield from said_of_pickle(file.data, file.role, file.allow)
    else:
        yield verdict("a file that cannot be inspected", scan(file.data, allow=file.allow))


def _of_npy(file: File) -> Iterator[Said]:
    found = scan(file.data, allow=file.allow)
    try:
        has_objects = read_npy_header(file.data).has_objects
    except Malformed:
        has_objects = True
    if has_objects:
        yield verdict("an array of pickled objects", found)


def _of_compressed(file: File) -> Iterator[Said]:
    kind = file.container
    try:
        inner = expand(file.data, kind, file.largest)
    except (Malformed, RefusedContainer) as error:
        if kind != "zlib" or _ZLIB.match(file.start):
            yield Said(f"compressed by {kind}, and cannot be inspected ({error})")
        return
    what = foreign(inner)
    if what:
        yield Said(f"{what}, compressed by {kind}")
    elif detect(inner) == "pickle":
        for what, needs in said_of_pickle(inner, "model", file.allow):
            yield Said(f"compressed by {kind}: {what}", needs)


KIND = Kind(may_be_a_stream, _look, Rank.STREAM)
