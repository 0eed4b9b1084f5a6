"""What a gRPC server takes, and how long it waits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlmodel.serving.settings import BODY_SECONDS, MAX_BODY, THREADS, WAITING

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes and how long it waits, in bytes and seconds.

    Attributes:
        threads: how many predictions are made at a time.
        waiting: how many more calls wait for a thread; others are refused (GRP-018).
        max_body: the largest message (GRP-010).
        body_seconds: how long a message may take to arrive (GRP-018).
        predict_seconds: how long a prediction may take, its wait for a turn included (GRP-013).
        most_answers: how many bytes of answers may wait for their clients before no further model
            is asked (GRP-031).

    """

    threads: int = THREADS
    waiting: int = WAITING
    max_body: int = MAX_BODY
    body_seconds: float = BODY_SECONDS
    predict_seconds: float = math.inf
    most_answers: int = 512 * 2**20
