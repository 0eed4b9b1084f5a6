"""Files that a reader of zip archives takes pieces of, and never more at once than is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["LARGEST_PIECE", "Bounded"]

#: The directory of an archive is read at once.
LARGEST_PIECE = 2**26


class Bounded:
    """A file of which no more is read at once than the directory of an archive may have."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes; fewer than were asked for, where these are too many."""
        return self._stream.read(LARGEST_PIECE if size < 0 else min(size, LARGEST_PIECE))

    def seekable(self) -> bool:
        """Return that a place in it can be gone to, as in any file."""
        return True
