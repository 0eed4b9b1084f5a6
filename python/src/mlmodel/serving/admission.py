"""How many requests are in the server at once, and how many bytes of bodies (RST-074)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.errors import Unavailable
from mlmodel.serving.settings import WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Admission", "Ticket", "too_many_requests", "too_much_memory"]


class Admission:
    """Tickets for requests, turns at the model, and memory for bodies, each with an end.

    A body that does not arrive holds a ticket and takes no turn. Where there is no ticket left, or
    no memory, a request is refused at once and nothing of it is read.

    Args:
        turns: how many requests are worked on at a time.
        most_bytes: how much the bodies of all requests may hold together.

    """

    def __init__(self, turns: int, most_bytes: int) -> None:
        self.turn = threading.BoundedSemaphore(turns)
        self._lock = threading.Lock()
        self._tickets = turns + WAITING
        self._bytes = most_bytes

    @contextmanager
    def admit(self) -> Iterator[Ticket]:
        """Give a ticket to one request, until it is answered.

        Raises:
            Unavailable: there is none.

        """
        with self._lock:
            if not self._tickets:
                raise too_many_requests()
            self._tickets -= 1
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            with self._lock:
                self._tickets += 1
                self._bytes += ticket.held

    def reserve(self, size: int) -> bool:
        """Set bytes aside; return whether there were so many."""
        with self._lock:
            if size > self._bytes:
                return False
            self._bytes -= size
            return True


class Ticket:
    """Lets one request be in the server; ``held`` counts the bytes set aside for its body."""

    __slots__ = ("_admission", "held")

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.held = 0

    def hold(self, size: int) -> None:
        """Set more bytes aside, until the request is answered.

        Raises:
            Unavailable: the bodies of other requests take too much memory.

        """
        if not self._admission.reserve(size):
            raise too_much_memory()
        self.held += size


def too_many_requests() -> Unavailable:
    """Return the refusal of a request for which there is no turn and no place to wait."""
    return Unavailable("The server is handling as many requests as it can; try again (RST-074).")


def too_much_memory() -> Unavailable:
    """Return the refusal of a body for which there is no memory."""
    return Unavailable(
        "The bodies of other requests, or answers that nobody takes, use all the memory reserved "
        "for them; try again (RST-074)."
    )
