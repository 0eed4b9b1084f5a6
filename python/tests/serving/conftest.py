"""What the tests of servers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
