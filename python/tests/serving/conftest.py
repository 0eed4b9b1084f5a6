"""What the tests of servers share."""

from __future__ import annotations

import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: So many threads more may be left by the tests of a file, and how long others may take to end.
_MOST_LEFT, _PATIENCE = 8, 60.0


@pytest.fixture(scope="module", autouse=True)
def _threads_end() -> Iterator[None]:
    """The tests of a file leave no threads behind, which would slow down all that follow."""
    before = threading.active_count()
    yield
    until = time.monotonic() + _PATIENCE
    while threading.active_count() > before + _MOST_LEFT and time.monotonic() < until:
        gc.collect()
        time.sleep(0.1)
    left = [one.name for one in threading.enumerate()]
    assert len(left) <= before + _MOST_LEFT, left


@pytest.fixture
def running() -> Iterator[Callable[..., Any]]:
    """Start gRPC servers with these limits, and stop them."""
    from grpc_running import Running

    from mlmodel.serving.grpc import Limits

    made: list[Running] = []

    def run(*, terse: bool = False, **limits: Any) -> Running:
        made.append(Running(Limits(**limits), terse=terse))
        return made[-1]

    yield run
    for one in made:
        one.end()
