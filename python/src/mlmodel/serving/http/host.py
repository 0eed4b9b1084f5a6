"""What a connection lives in: the limits, what answers requests, and the loop as it sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlmodel.errors import MlmodelError
    from mlmodel.serving.http.crew import Crew, Pace
    from mlmodel.serving.http.messages import Request, Response
    from mlmodel.serving.http.reader import Heads

__all__ = ["Answerable", "Answers", "Host", "Limits", "Member", "Sock"]


class Answers(Protocol):
    """What answers requests."""

    def pace(self, request: Request) -> Pace | None:
        """Return the pace of the model that a request calls; None where it calls none."""

    def answer(self, request: Request) -> Response:
        """Answer a request; never raises."""

    def refuse(self, error: MlmodelError, request: Request | None) -> Response:
        """Return the answer for an error, in the form of the request if its head was read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes and how long it waits, in bytes and seconds.

    Attributes:
        max_body: the largest body (RST-073).
        most_bytes: how much the bodies of all requests may hold together (RST-074).
        most_answers: how much the answers may hold that clients are slow to take (RST-074).
        threads: how many calls are made at a time.
        waiting: how many more whole requests wait for a turn.
        connections: how many connections there may be.
        accepts: how many are accepted in a row; one where other processes wait for them, too.
        head_seconds: how long the head of a request may take.
        body_seconds: how long its body may take (RST-114).
        predict_seconds: how long its answer may take, turn and call (RST-113).
        idle_seconds: how long a connection may be kept without a request.
        write_seconds: how long a client may take nothing of its answer.
        linger_seconds: how long what arrives behind a refusal is dropped.
        grace_seconds: how long a stopping server finishes what it has begun (RST-076).

    """

    max_body: int
    most_bytes: int
    threads: int
    waiting: int
    most_answers: int = 512 * 2**20
    connections: int = 4096
    accepts: int = 64
    head_seconds: float = 10
    body_seconds: float = 60
    predict_seconds: float = math.inf
    idle_seconds: float = 75
    write_seconds: float = 60
    linger_seconds: float = 5
    grace_seconds: float = 20

    def seconds(self, state: str) -> float:
        """Return how long a reader may be in a state."""
        return {"head": self.head_seconds, "body": self.body_seconds}.get(state, self.idle_seconds)


class Host(Protocol):
    """What a connection asks of its loop.

    Attributes:
        now: the loop's clock: when events were last looked for.
        date: the header line of answers.
        buffer: what connections read into; one for all, since the leader alone reads.
        heads: the heads that connections have read before.

    """

    READ: int
    WRITE: int
    now: float
    date: bytes
    buffer: memoryview
    heads: Heads
    limits: Limits
    application: Answers
    crew: Crew

    def look_for(self, connection: Member, events: int) -> None:
        """Let the selector look for other events at a connection."""

    def has_read(self, connection: Member) -> None:
        """Let a connection answer what came when all others have read what came for them."""

    def forget(self, connection: Member) -> None:
        """Leave a connection that is closed."""

    def reserve(self, size: int) -> None:
        """Set bytes aside for a body.

        Raises:
            Unavailable: the bodies of other requests take too much memory (RST-074).

        """

    def release(self, size: int) -> None:
        """Give them back."""

    def hold_answer(self, size: int) -> None:
        """Count bytes that wait for a client to take them; fewer with a negative size."""

    def first_to_answer(self, exchange: Answerable) -> bool:
        """Return whether nobody has answered yet; whoever asks first does."""

    def give_back(self, connection: Member) -> None:
        """Hand a connection from the thread of a call back to the leader."""


class Answerable(Protocol):
    """A request's call, that one thread answers."""

    answered: bool


class Sock(Protocol):
    """A socket without blocking, plain or encrypted: what is used of it."""

    def fileno(self) -> int:
        """Return the descriptor."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Read; 0 at the end."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Write; return how much."""

    def shutdown(self, how: int, /) -> None:
        """End a direction of the connection."""

    def close(self) -> None:
        """End the connection."""


class Member(Protocol):
    """A connection as its loop sees it."""

    sock: Sock
    events: int
    deadline: float

    def answer(self) -> None:
        """Answer what was read."""

    def go_on(self) -> None:
        """Take the connection back from the thread that made its call."""

    def expire(self) -> None:
        """Answer that what was waited for is late, or close."""

    def stop(self) -> None:
        """Take no further request; close if there is none."""

    def close(self) -> None:
        """Close the connection; a call that goes on has nobody to answer."""
