"""A piece of a file: the body of one request."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MOST_BYTES", "Piece"]

#: A piece that becomes larger has no end where one is expected; it is not read on.
MOST_BYTES = 512 * 2**20


class Piece(NamedTuple):
    """Some rows of a file.

    ``start`` is the number of its first row in the file, from 0, and ``rows`` how many it has;
    ``read`` is how many bytes of the file were read when it was whole (an estimate, for a line that
    says how far the work is).
    """

    content_type: str
    body: bytes
    start: int
    rows: int
    read: int
