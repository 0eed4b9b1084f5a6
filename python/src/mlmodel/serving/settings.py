"""What a server is asked to do, and what it does unless it is asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.sandbox.wall import Wall

__all__ = ["MAX_BODY", "SPARE", "THREADS", "WAITING", "Settings"]

#: How many requests are worked on at a time in each process.
THREADS = 8
#: How large a request's body may be (RST-073), in bytes.
MAX_BODY = 64 * 2**20
#: How many requests may be in a process besides those that it works on (RST-074): their bodies
#: arrive, or have arrived and wait for a turn. A thread that waits costs some 50 KiB.
WAITING = 248
#: Threads that no request for a prediction takes, so that /ping is answered at all times.
SPARE = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is asked to do; picklable, since a worker may be a fresh process."""

    model: str
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    threads: int = THREADS
    max_body: int = MAX_BODY
    terse: bool = False
    trust: bool = False
    allow: tuple[str, ...] = ()
    sandbox: str = "auto"
    #: The wall that each worker raises, and the digest by which the folder is trusted behind it.
    wall: Wall | None = None
    digest: str = ""
