"""A real server under many requests and many connections, as hostile clients make them."""

from __future__ import annotations

import resource
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pandas as pd
import pytest
from test_server import HALF, serving

import mlmodel.pyfunc
from mlmodel.models import infer_signature

if TYPE_CHECKING:
    import socket

pytestmark = pytest.mark.slow

BODY = b'{"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 2.0]]}}'
WHOLE = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
ANSWER = b'{"predictions":['
#: How much a server may grow, in bytes, while it answers: what the allocator keeps, not more.
_GROWTH = 6 * 2**20


class First(mlmodel.pyfunc.PythonModel):
    """Answers the first column."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return model_input["a"].to_numpy()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "first"
    signature = infer_signature(pd.DataFrame({"a": [0.0], "b": [1.0]}))
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=First(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


def answered(connections: list[socket.socket], requests: int) -> int:
    """Send requests over connections, a hundred at a time on each; return how many answers."""
    count = 0
    for _ in range(requests // (100 * len(connections))):
        for connection in connections:
            connection.sendall(WHOLE * 100)
        for connection in connections:
            got = b""
            while got.count(ANSWER) < 100 or not got.endswith(b"]}"):
                part = connection.recv(2**20)
                assert part, got[-300:]
                got += part
            assert got.count(b"HTTP/1.1 200 ") == 100
            count += 100
    return count


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_memory_stays_over_200_000_requests(first: Path) -> None:
    with serving(first) as server, ExitStack() as opened:
        connections = [opened.enter_context(server.connect()) for _ in range(16)]
        (worker,) = server.workers()
        answered(connections, 32_000)
        before = resident(worker)
        assert answered(connections, 200_000) == 200_000
        assert resident(worker) - before < _GROWTH


def test_a_thousand_connections_that_say_little(first: Path) -> None:
    """RST-074: half of a head, half of a body, or nothing; others are answered meanwhile."""
    with serving(first) as server, ExitStack() as opened:
        beginnings = [b"", WHOLE[:20], HALF, WHOLE[:-1]]
        silent = [opened.enter_context(server.connect()) for _ in range(1000)]
        for place, connection in enumerate(silent):
            connection.sendall(beginnings[place % len(beginnings)])
        assert server.ping() == 200
        assert answered([opened.enter_context(server.connect()) for _ in range(10)], 1000) == 1000
        for connection in silent[3::4]:
            connection.sendall(WHOLE[-1:])
            assert ANSWER in connection.recv(2**16)
