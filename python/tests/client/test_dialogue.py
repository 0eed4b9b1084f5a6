"""Retries, errors and addresses: a client against a server that answers what it is told to."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlmodel.client import Answered, AsyncClient, Client
from mlmodel.client.dialogue import Dialogue
from mlmodel.client.options import address_of, options_of
from mlmodel.client.retries import pause
from mlmodel.client.wire import Call, Reply, Wait
from mlmodel.errors import (
    DeadlineExceeded,
    InternalError,
    InvalidArgument,
    InvalidInput,
    MlmodelError,
    NotFound,
    PayloadTooLarge,
    Unauthenticated,
    Unavailable,
)
from stub_server import JSON, Asked, predictions, stub

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"a": [1.0, 2.0]})
ASKS: Any = {"protocol": "invocations", "model": "m"}
Told = tuple[int, dict[str, str], bytes]


def scored(asked: Asked, told: Told | None) -> Told | None:
    """Answer a request for predictions so, and one for anything else as a server that lacks it."""
    return told if asked.path.endswith("/invocations") else (404, {}, b"")


@pytest.mark.parametrize("times", [0, 1, 2])
def test_only_503_is_asked_again(times: int) -> None:
    """RST-189."""

    def answer(one: Asked) -> Told | None:
        count = sum(asked.path.endswith("invocations") for asked in made.asked)
        return scored(
            one, (503, {"Retry-After": "0"}, b"") if count <= times else predictions([1.0, 2.0])
        )

    with stub(answer) as made, Client(made.url, **ASKS, retries=2) as client:
        assert client.predict(FRAME).tolist() == [1.0, 2.0]
        bodies = [asked.body for asked in made.asked if asked.path.endswith("invocations")]
        assert len(bodies) == times + 1
        assert len(set(bodies)) == 1


@pytest.mark.parametrize("status", [400, 404, 408, 413, 429, 500, 502, 504])
def test_no_other_status_is_asked_again(status: int) -> None:
    """RST-189: a prediction that failed may have been made."""
    with (
        stub(lambda one: scored(one, (status, {}, b""))) as made,
        Client(made.url, **ASKS) as client,
    ):
        with pytest.raises(MlmodelError):
            client.predict(FRAME)
        assert sum(asked.path.endswith("invocations") for asked in made.asked) == 1


def test_the_last_answer_is_the_error_where_a_server_stays_away() -> None:
    """RST-189, RST-190."""
    told = {"error_code": "UNAVAILABLE", "message": "Too many (RST-074).", "details": []}
    answer = 503, {**JSON, "Retry-After": "0", "X-Request-ID": "r-7"}, json.dumps(told).encode()
    with (
        stub(lambda one: scored(one, answer)) as made,
        Client(made.url, **ASKS, retries=1) as client,
    ):
        with pytest.raises(Unavailable, match="Too many") as caught:
            client.predict(FRAME)
        assert caught.value.answered == Answered(503, "/models/m/invocations", "r-7")


def test_pauses_grow_are_spread_and_never_below_what_is_asked() -> None:
    """RST-189."""
    found = [[pause(attempt, None) or 0 for _ in range(50)] for attempt in range(9)]
    assert all(len(set(one)) > 10 for one in found)
    assert [max(one) < 0.2 * 2**at + 1e-9 for at, one in enumerate(found)] == [True] * 9
    assert all(0 < seconds <= 10 for one in found for seconds in one)
    assert all(7 < (pause(0, "7") or 0) < 7.3 for _ in range(50))
    assert pause(0, "61") is None
    assert pause(0, "99999999999999999999") is None
    assert pause(0, "Fri, 31 Dec 2100 23:59:59 GMT") is None
    assert 0 < (pause(0, "Fri, 31 Dec 1999 23:59:59 GMT") or 0) <= 0.2
    for nonsense in ("", "soon", "-3", "1.5", "\u0661", "Fri, 99 Dec 1999"):
        assert 0 < (pause(0, nonsense) or 0) <= 0.2


def test_between_two_calls_it_waits() -> None:
    """RST-189: what waits is told to, by one text for threads and for asyncio."""
    dialogue = Dialogue(options_of("h", {**ASKS, "retries": 2}))
    asking = dialogue.score("text/csv", b"a\n1\n", None, None)
    call = next(asking)
    for seconds in (3, 4):
        wait = asking.send(Reply(503, {"retry-after": str(seconds)}))
        assert isinstance(wait, Wait)
        assert seconds < wait.seconds < seconds + 1
        assert asking.send(None) == call
    with pytest.raises(Unavailable):
        asking.send(Reply(503, {"retry-after": "0"}))


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, {"error_code": "INVALID_INPUT", "message": "Bad.", "details": [{"rule": "ENF-042", "row": 3, "column": "a", "expected": "long", "got": "1.5"}]}, InvalidInput, "row 3"),
        (400, {"error_code": "OF_A_LATER_VERSION", "message": "What."}, MlmodelError, "What."),
        (413, None, PayloadTooLarge, "413"),
        (401, None, Unauthenticated, "token"),
        (403, {"detail": "no"}, InvalidArgument, "no"),
        (302, None, NotFound, "redirections"),
        (502, b"<html>\x1b[2J", Unavailable, "502"),
        (503, b"[1]", Unavailable, "503"),
        (500, {"error": "boom"}, InternalError, "boom"),
        (418, None, InvalidArgument, "418"),
        (400, b"[" * 100_000, MlmodelError, "400"),
        (400, {"error_code": "INVALID_INPUT", "message": 7, "details": [7, {"rule": 8}, {}]}, InvalidInput, "7"),
    ],
)  # fmt: skip
def test_an_answer_is_the_error_that_it_says(
    status: int, body: Any, kind: type[MlmodelError], says: str
) -> None:
    """RST-190, and RST-187: nothing follows where a server leads to."""
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    headers = {"Location": "http://127.0.0.1:9/"} if status == 302 else {}
    with (
        stub(lambda one: scored(one, (status, headers, content))) as made,
        Client(made.url, **ASKS, token="secret", retries=0) as client,
        pytest.raises(kind) as caught,
    ):
        client.predict(FRAME)
    assert says in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.answered == Answered(status, "/models/m/invocations", None)
    assert made.asked[-1].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b'{"outputs": []}', b'{"outputs": 7}', b"\xff", b'{"outputs":[{"name":"y","datatype":"FP64","shape":[9],"data":[1]}]}', b'{"outputs":[{"name":"y","datatype":"BYTES","shape":[1],"data":["x"],"parameters":{"content_type":"datetime"}}]}'])  # fmt: skip
def test_an_answer_that_is_none_is_a_fault_of_the_server(body: bytes) -> None:
    """RST-190."""

    def answer(one: Asked) -> Told | None:
        ours = b'{"name": "other", "version": "1", "extensions": []}'
        return (200, JSON, ours if one.path == "/v2" else body)

    with (
        stub(answer) as made,
        Client(made.url, model="m") as client,
        pytest.raises(InternalError, match="cannot be read"),
    ):
        client.predict(FRAME)


def test_what_is_not_reached_breaks_or_is_late() -> None:
    """RST-190."""
    with (
        stub(lambda one: scored(one, None)) as made,
        Client(made.url, **ASKS) as client,
        pytest.raises(Unavailable, match="broke"),
    ):
        client.predict(FRAME)
    with Client(made.url, **ASKS) as client:
        with pytest.raises(Unavailable, match="reached"):
            client.predict(FRAME)
        assert not client.live()
        assert not client.ready()
    hold = threading.Event()
    with stub(lambda one: scored(one, (hold.wait(100), predictions(1))[1])) as made:
        with (
            Client(made.url, **ASKS, timeout=0.3) as client,
            pytest.raises(DeadlineExceeded, match="fewer rows"),
        ):
            client.predict(FRAME)
        hold.set()


async def by_asyncio(url: str, data: Any = None, **settings: Any) -> Any:
    async with AsyncClient(url, **ASKS, **settings) as client:
        return await client.predict(FRAME if data is None else data)


def by_threads(url: str, data: Any = None, **settings: Any) -> Any:
    with Client(url, **ASKS, **settings) as client:
        return client.predict(FRAME if data is None else data)


ASKERS = [by_threads, lambda url, **settings: asyncio.run(by_asyncio(url, **settings))]


@pytest.mark.parametrize("ask", ASKERS, ids=["threads", "asyncio"])
def test_an_answer_is_read_to_the_client_s_bound(ask: Any) -> None:
    """RST-190: what is larger is not held, whatever the server sends."""
    body = predictions([1.0, 2.0])[2]
    with stub(lambda one: scored(one, (200, JSON, body))) as made:
        assert ask(made.url, max_answer=len(body)).tolist() == [1.0, 2.0]
        with pytest.raises(PayloadTooLarge, match="max_answer"):
            ask(made.url, max_answer=len(body) - 1)


@contextmanager
def dripping(first: bytes, then: bytes) -> Iterator[str]:
    """Run a server that answers with a few bytes now and then, for as long as one listens."""

    def serve() -> None:
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            with taken, suppress(OSError):
                taken.recv(65536)
                taken.sendall(first)
                while not done.wait(0.05):
                    taken.sendall(then)

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 O", b"K"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["body", "chunks", "header", "status", "headers", "hints"],
)
@pytest.mark.parametrize("ask", ASKERS, ids=["threads", "asyncio"])
def test_an_answer_that_only_drips_is_late(ask: Any, first: bytes, then: bytes) -> None:
    """RST-190: the time is that of the whole answer with its head, not of its next byte."""
    with dripping(first, then) as url, pytest.raises(DeadlineExceeded, match="fewer rows"):
        ask(url, timeout=0.4)


@pytest.mark.parametrize("ask", ASKERS, ids=["threads", "asyncio"])
def test_a_server_that_takes_a_body_in_drips_is_late(ask: Any) -> None:
    """RST-190: what is not sent in time is not answered in time, and the rest is not sent."""
    size, came = 2**26, 0

    def serve() -> None:
        nonlocal came
        taken, _ = listener.accept()
        with taken, suppress(OSError):
            taken.recv(65536)  # what the client asks first: about the model
            taken.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
            while got := len(taken.recv(2**20)):
                came += got
                time.sleep(0.03)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        large = pd.DataFrame({"a": ["x" * size]})
        with pytest.raises(DeadlineExceeded, match="fewer rows"):
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.8, data=large)
        thread.join()
    assert 0 < came < size


def test_connections_are_kept_and_shared_by_threads() -> None:
    with stub(lambda one: scored(one, predictions([1.0, 2.0]))) as made:
        with Client(made.url, **ASKS, connections=3) as client:
            for _ in range(5):
                client.predict(FRAME)
            assert len({one.peer for one in made.asked}) == 1
            with ThreadPoolExecutor(12) as pool:
                answers = list(pool.map(lambda _: client.predict(FRAME).tolist(), range(600)))
        assert answers == [[1.0, 2.0]] * 600
        assert len({one.peer for one in made.asked}) <= 3


def test_asyncio() -> None:
    async def ask(url: str) -> Any:
        async with AsyncClient(url, **ASKS) as client:
            found = await asyncio.gather(*(client.predict(FRAME) for _ in range(20)))
            each = [one.tolist() async for one in client.predict_each([FRAME, FRAME])]
            return (
                [one.tolist() for one in found]
                + each
                + [await client.live(), await client.ready(), await client.server()]
            )

    with stub(
        lambda one: (200, {}, b"") if one.path == "/ping" else scored(one, predictions([1.0, 2.0]))
    ) as made:
        told = asyncio.run(ask(made.url))
    assert told == [[1.0, 2.0]] * 22 + [True, True, {}]


def test_each_is_asked_when_it_is_wanted() -> None:
    """RST-191: what is not asked for takes no memory."""
    with (
        stub(lambda one: scored(one, predictions([1.0, 2.0]))) as made,
        Client(made.url, **ASKS) as client,
    ):
        given = client.predict_each(iter([FRAME, FRAME]))
        assert made.asked == []
        next(given)
        assert sum(one.method == "POST" for one in made.asked) == 1


def test_any_server_of_invocations_is_asked() -> None:
    """One that lacks the other protocol, such as MLflow's."""
    body = b'{"predictions": [{"y": 1, "s": "a"}, {"y": NaN, "s": "b"}]}'
    with stub(lambda one: scored(one, (200, JSON, body))) as made, Client(made.url) as client:
        frame = client.predict(FRAME)
        assert frame.to_dict("list")["s"] == ["a", "b"]
        assert str(frame["y"].dtype) == "float64"
        assert [one.path for one in made.asked] == ["/v2", "/invocations"]
        client.predict(FRAME)
        assert len(made.asked) == 3  # what a server lacks is asked once


@pytest.mark.parametrize(("url", "shown"), [
    ("127.0.0.1:5000", "http://127.0.0.1:5000"), ("https://h", "https://h:443"),
    ("http://h:1/a/b/", "http://h:1/a/b"), ("http://h:1/x/invocations", "http://h:1/x"),
    ("grpc://h", "grpc://h:8001"), ("grpcs://[::1]:2", "grpcs://[::1]:2"),
    ("unix:///run/m.sock", "unix:///run/m.sock"),
])  # fmt: skip
def test_addresses(url: str, shown: str) -> None:
    assert str(address_of(url)) == shown


@pytest.mark.parametrize("url", ["", "ftp://h", "http://", "http://h:x", "http://h:99999", "http://u:p@h", "http://h?q", "http://h#f", "unix://h/p", "http://h\r\nX: y", "http://h h", "file:///etc/passwd"])  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InvalidArgument):
        address_of(url)


@pytest.mark.parametrize("given", [
    {"protocol": "soap"}, {"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}, {"connections": 0}, {"max_answer": 0},
    {"token": "a\r\nX: y"}, {"token": "\u00e9"}, {"headers": {"a\n": "b"}},
])  # fmt: skip
def test_wrong_settings(given: Any) -> None:
    with pytest.raises(InvalidArgument):
        options_of("h", given)


def test_other_wrong_settings() -> None:
    with pytest.raises(TypeError, match="tokne"):
        Client("h", tokne="x")  # type: ignore[call-arg]
    with pytest.raises(InvalidArgument, match="certificate"):
        options_of("grpcs://h", {"verify": False})
    with pytest.raises(InvalidArgument, match="cannot be used"):
        options_of("https://h", {"ca": "/none.pem"}).tls()
    with pytest.raises(InvalidArgument, match="no paths"):
        options_of("http://h/a", {"protocol": "grpc"})
    assert options_of("http://h:3", {"protocol": "grpc"}).address.is_grpc
    assert options_of("http://h:3", {"protocol": "grpc-frames"}).address.is_grpc
    assert options_of("grpc://h", {}).protocol == "grpc"
    assert options_of("grpc://h", {"protocol": "grpc-frames"}).protocol == "grpc-frames"
    with pytest.raises(InvalidArgument, match="address of gRPC"):
        options_of("grpc://h", {"protocol": "v2"})


def test_a_call_is_asked_at_the_path_of_the_address() -> None:
    with (
        stub(lambda one: scored(one, predictions([1.0, 2.0]))) as made,
        Client(f"{made.url}/base", **ASKS) as client,
    ):
        client.predict(FRAME, model="x/../y z")
        assert made.asked[-1].path == "/base/models/x%2F..%2Fy%20z/invocations"


def test_to_import_it_is_light() -> None:
    """Neither numpy nor pandas nor the library for HTTP, until one is made or asked."""
    code = (
        "import sys, mlmodel.client\n"
        "heavy = {'numpy', 'pandas', 'httpcore', 'grpc', 'pyarrow', 'orjson'}\n"
        "assert not heavy & set(sys.modules)\n"
        "client = mlmodel.client.Client('http://127.0.0.1:1')\n"
        "assert not (heavy - {'httpcore'}) & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_calls_are_values() -> None:
    assert Call("GET", "/v2") == Call("GET", "/v2")
