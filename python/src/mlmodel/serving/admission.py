"""How many requests are in the server at once, and how many bytes of bodies (RST-074)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SPARE", "WAITING", "Room"]

#: How many requests may be in a process besides those that it works on: their bodies arrive, or
#: have arrived and wait for a turn. A thread that waits costs some 50 KiB.
WAITING = 248
#: Threads that no request for a prediction takes, so that /ping is answered at all times.
SPARE = 4


class Room:
    """Places for requests, turns at the model, and memory for bodies, each with an end.

    A body that does not arrive takes a place and no turn. Where there is no place left, or no
    memory, a request is refused at once and nothing of it is read.

    Args:
        turns: how many requests are worked on at a time.
        most_bytes: how much the bodies of all requests may hold together.

    """

    def __init__(self, turns: int, most_bytes: int) -> None:
        self.turn = threading.BoundedSemaphore(turns)
        self._lock = threading.Lock()
        self._places = turns + WAITING
        self._bytes = most_bytes

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place for one request.

        Raises:
            Unavailable: there is none.

        """
        with self._lock:
            if not self._places:
                raise Unavailable(
                    "The server has as many requests as it takes at a time; try again (RST-074)."
                )
            self._places -= 1
        place = Place(self)
        try:
            yield place
        finally:
            with self._lock:
                self._places += 1
                self._bytes += place.held

    def reserve(self, size: int) -> bool:
        """Set bytes aside; return whether there were so many."""
        with self._lock:
            if size > self._bytes:
                return False
            self._bytes -= size
            return True


class Place:
    """The place of one request; ``held`` counts the bytes set aside for its body."""

    __slots__ = ("_room", "held")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held = 0

    def hold(self, size: int) -> None:
        """Set more bytes aside, until the place is left.

        Raises:
            Unavailable: the bodies of other requests take too much memory.

        """
        if not self._room.reserve(size):
            raise Unavailable(
                "The bodies of other requests take all memory there is for bodies; "
                "try again (RST-074)."
            )
        self.held += size
