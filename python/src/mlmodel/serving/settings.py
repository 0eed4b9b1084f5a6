"""What a server is asked to do, and what it does unless it is asked otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlmodel.sandbox.wall import Wall
    from mlmodel.serving.observing.table import Part

__all__ = [
    "BATCH_SECONDS",
    "BODY_SECONDS",
    "GRACE",
    "MAX_BODY",
    "THREADS",
    "WAITING",
    "Place",
    "Settings",
]

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
#: How long a request waits for the end of a prediction that it might join (RST-173), in seconds.
BATCH_SECONDS = 0.005
#: How many threads there are at most for requests that are predicted together.
_MOST_SEATS = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A model that is to be served.

    Attributes:
        name: what it is called (RST-130).
        uri: its folder, or a URI of one.
        digest: that by which the folder is trusted behind the wall.
        wall: the wall that it is loaded behind; one for all of them, unless each has processes of
            its own.
        variables: names of those that are handed on behind the wall.

    """

    name: str
    uri: str
    digest: str = ""
    wall: Wall | None = None
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is asked to do; picklable, since a worker may be a fresh process.

    Attributes:
        models: at least one, each of a name of its own.
        socket: the path of a socket of the file system, in the place of host and port.
        certificate: a file of certificates; connections are encrypted then, by this ``key``,
            which may stand in the same file.
        body_seconds: how long a body may take to arrive (RST-114).
        predict_seconds: how long a prediction may take, with its wait for a turn; None for any
            time (RST-113).
        grpc_port: where gRPC is spoken besides (GRP-019); None for nowhere.
        grpc_address: the same with its host, once it is known.
        repository: models can be unloaded and loaded again by requests (OIP-062).
        isolate: each model runs in processes of its own, one for each thread (RST-142); the walls
            are around these then.
        server_timing: answers of models say how long each stage took (RST-150).
        metrics: requests are counted, and ``/metrics`` is there (RST-153).
        part: where this process counts, beside the others; one of a table of the parent's.
        access_log: each request is written to the log (RST-155).
        log_format: ``text`` or ``json``.
        log_level: what of mlmodel's own records is written: ``debug``, ``info`` and so on.
        otel: spans are sent (RST-157).
        page: the page and the description for tools are there (RST-181).
        again: the models were loaded before, by workers that are replaced.
        root: the path below which a proxy offers the server (RST-160).
        origins: those whose pages may read the answers (RST-162).
        token_file: where the tokens are read that requests must have; ``tokens`` are the digests of
            its tokens and of those in ``fixed_tokens``, which are from elsewhere (RST-166).
        reload: the models are loaded again when their folders change (RST-168).
        batch_rows: how many rows of several requests one prediction may have; None for those of one
            request alone (RST-170).
        batch_seconds: how long a request waits for the end of another prediction (RST-173).
        row_wise: names of models that the operator declares row-wise (RST-170).

    """

    models: tuple[Place, ...]
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    threads: int = THREADS
    max_body: int = MAX_BODY
    body_seconds: float = BODY_SECONDS
    predict_seconds: float | None = None
    grpc_port: int | None = None
    grpc_address: str = ""
    terse: bool = False
    trust: bool = False
    allow: tuple[str, ...] = ()
    sandbox: str = "auto"
    repository: bool = False
    socket: str | None = None
    certificate: str | None = None
    key: str | None = None
    isolate: bool = False
    server_timing: bool = False
    metrics: bool = False
    part: Part | None = None
    access_log: bool = False
    log_format: str = "text"
    log_level: str = "info"
    otel: bool = False
    page: bool = True
    again: bool = False
    root: str = ""
    origins: tuple[str, ...] = ()
    token_file: str | None = None
    fixed_tokens: tuple[bytes, ...] = ()
    tokens: tuple[bytes, ...] = ()
    reload: bool = False
    batch_rows: int | None = None
    batch_seconds: float = BATCH_SECONDS
    row_wise: tuple[str, ...] = ()

    @property
    def wall(self) -> Wall | None:
        """The wall that each worker raises; processes of the models' own have their own."""
        return None if self.isolate or not self.models else self.models[0].wall

    @property
    def seats(self) -> int:
        """How many requests are in work at a time: more than predictions where these have many."""
        return max(self.threads, min(self.batch_rows or 0, _MOST_SEATS))
