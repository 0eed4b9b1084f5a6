"""What a server is asked to do, and what it does unless it is asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.sandbox.wall import Wall

__all__ = ["BODY_SECONDS", "GRACE", "MAX_BODY", "THREADS", "WAITING", "Settings"]

#: How many requests are worked on at a time in each process.
THREADS = 8
#: How large a request's body may be (RST-073), in bytes.
MAX_BODY = 64 * 2**20
#: How many whole requests may wait for a turn in a process besides those that it works on
#: (RST-074).
WAITING = 248
#: How long the body of a request may take (RST-114), in seconds.
BODY_SECONDS = 60.0
#: How long a stopping worker may finish what it has begun, in seconds (RST-076).
GRACE = 20.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is asked to do; picklable, since a worker may be a fresh process.

    Attributes:
        socket: the path of a socket of the file system, in the place of host and port.
        certificate: a file of certificates; connections are encrypted then, by this ``key``,
            which may stand in the same file.
        body_seconds: how long a body may take to arrive (RST-114).
        predict_seconds: how long a prediction may take, with its wait for a turn; None for any
            time (RST-113).
        wall: the wall that each worker raises.
        digest: that by which the folder is trusted behind the wall.
        isolate: the model runs in processes of its own, one for each thread (RST-142); the wall is
            around these then.
        variables: names of those that are handed on behind the wall.

    """

    model: str
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    threads: int = THREADS
    max_body: int = MAX_BODY
    body_seconds: float = BODY_SECONDS
    predict_seconds: float | None = None
    terse: bool = False
    trust: bool = False
    allow: tuple[str, ...] = ()
    sandbox: str = "auto"
    wall: Wall | None = None
    digest: str = ""
    socket: str | None = None
    certificate: str | None = None
    key: str | None = None
    isolate: bool = False
    variables: tuple[str, ...] = ()
