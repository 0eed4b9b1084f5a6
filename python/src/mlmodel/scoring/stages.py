"""What is known of one request on its way to a model and back: its id, and when its stages ended.

A server sets :data:`CURRENT` in the thread that works on a request; what lies on the way notes
there when it is done (RST-150), the log and the bodies of errors take the id from there (RST-152).
Where nobody has set it, nothing is noted.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from mlmodel.errors import MlmodelError

__all__ = [
    "CURRENT",
    "GATHER",
    "NAMES",
    "Batch",
    "Noted",
    "Stages",
    "begin_work",
    "in_the_log",
    "names_of",
]

#: The stages in their order (RST-150). The first two are over before work begins.
NAMES = ("receive", "wait", "decode", "enforce", "predict", "encode")
#: What a request of a model with batches passes as well, before it is predicted (RST-183).
GATHER = "gather"
_GATHERED = (*NAMES[:4], GATHER, *NAMES[4:])


def names_of(times: tuple[float, ...]) -> tuple[str, ...]:
    """Return the names of the stages that took so long, of all of those that a request reached."""
    return _GATHERED if len(times) == len(_GATHERED) else NAMES[: len(times)]


class Batch(NamedTuple):
    """The prediction that answered a request of a model with batches (RST-183).

    ``requests`` and ``rows`` are what the model was asked for, ``asked`` is when, by
    :func:`time.perf_counter`. One of its requests ``counts`` it.
    """

    model: str
    requests: int
    rows: int
    asked: float
    counts: bool


class Noted(Protocol):
    """What a thread works on, as the way to a model and back sees it.

    Attributes:
        request_id: by which the request is found in the log (RST-151); empty where it has none.
        timed: it is noted when stages end: as attributes of their names.
        refusal: the class of the error that it was refused with, and the rules that this names.

    """

    timed: bool
    refusal: tuple[type[MlmodelError], list[str]] | None
    decoded: float
    enforced: float
    predicted: float

    @property
    def request_id(self) -> str:
        """See above."""


class Stages:
    """One request, and when its stages ended, by :func:`time.perf_counter`.

    Attributes:
        request_id: by which the request is found in the log (RST-151).
        received: how long it took to arrive, in seconds.
        came: when it was whole; 0 where nobody has noted that.
        began: when work on it began.
        decoded: when its data were read; 0 where that was not reached, as for those that follow.
        enforced: when they were held against the signature.
        predicted: when the model had answered, or failed.
        refusal: the class of the error that it was refused with, and the rules that this names. The
            error itself is not kept: its traceback holds this object, and the request's data.

        span: what its span is, where there are spans.
        batch: the prediction that answered it, where requests are put together for its model.

    """

    __slots__ = (
        *("request_id", "received", "came", "began", "decoded", "enforced", "predicted"),
        *("refusal", "span", "batch"),
    )

    timed = True

    def __init__(self, request_id: str, received: float = 0.0, came: float = 0.0) -> None:
        self.request_id, self.received, self.came = request_id, received, came
        self.began = perf_counter()
        self.decoded = self.enforced = self.predicted = 0.0
        self.refusal: tuple[type[MlmodelError], list[str]] | None = None
        self.span: Any = None
        self.batch: Batch | None = None

    def durations(self, end: float) -> tuple[float, ...]:
        """Return how long the stages took that were reached, in their order (:func:`names_of`).

        The one in which the request failed goes until its end.
        """
        began, decoded, predicted = self.began, self.decoded, self.predicted
        wait = began - self.came if self.came else 0.0
        if predicted:
            enforced = self.enforced
            before = self.received, wait, decoded - began, enforced - decoded
            if self.batch is None:
                return *before, predicted - enforced, end - predicted
            asked = self.batch.asked
            return *before, asked - enforced, predicted - asked, end - predicted
        if decoded:
            return self.received, wait, decoded - began, end - decoded
        return self.received, wait, end - began


#: The request that this thread works on.
CURRENT: ContextVar[Noted | None] = ContextVar("mlmodel_request", default=None)


def begin_work() -> None:
    """Note that the request has waited for its turn until now."""
    if isinstance(stages := CURRENT.get(), Stages):
        stages.began = perf_counter()


def in_the_log() -> str:
    """Return where the log tells more of the request that this thread works on (RST-152)."""
    stages = CURRENT.get()
    if stages is None or not stages.request_id:
        return "the server's log says why"
    return f"the server's log says why, with the request id {stages.request_id}"
