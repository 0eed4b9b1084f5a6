"""Connections of a running loop, by plain sockets."""

from __future__ import annotations

import math
import random
import selectors
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mlmodel.serving.http.crew import Pace
from mlmodel.serving.http.host import Limits
from mlmodel.serving.http.loop import Loop
from mlmodel.serving.http.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.errors import MlmodelError

pytestmark = pytest.mark.slow

LIMITS = Limits(max_body=10**6, most_bytes=4 * 10**6, threads=2, waiting=3, grace_seconds=60)
PATIENCE = 20


class Answers:
    """Answers a body with itself, ``/long`` with much, ``/held`` when it is let go."""

    def __init__(self) -> None:
        self.models = {
            b"/nap": Pace(),
            b"/exit": Pace(),
            b"/echo": Pace(),
            b"/held": Pace(),
            b"/long": Pace(),
        }
        self.let_go = threading.Event()
        self.begun = 0

    def pace(self, request: Request) -> Pace | None:
        return self.models.get(request.path)

    def answer(self, request: Request) -> Response:
        self.begun += 1
        if request.path == b"/held":
            self.let_go.wait(PATIENCE)
        if request.path == b"/nap":
            time.sleep(0.003)
        if request.path == b"/exit":
            raise SystemExit(3)
        if request.path == b"/long":
            return Response(200, (), b"0123456789" * 10**6)
        return Response(200, (("Content-Type", "text/plain"),), request.body or b"nothing")

    def refuse(self, error: MlmodelError, request: Request | None) -> Response:
        of = "" if request is None else f" of {request.target.decode()}"
        return Response(error.http_status, (), f"{error.message}{of}".encode())


class Served:
    """A loop that runs."""

    def __init__(self, limits: Limits) -> None:
        self.answers = Answers()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.loop = Loop([self.listener], self.answers, limits)
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE)

    def ask(self, text: bytes) -> bytes:
        """Return all that is answered until the server closes."""
        with self.connect() as connection:
            connection.sendall(text)
            return everything(connection)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    running: list[Served] = []

    def start(**limits: Any) -> Served:
        running.append(Served(replace(LIMITS, **limits)))
        return running[-1]

    yield start
    for served in running:
        served.answers.let_go.set()
        served.loop.stop()
        served.thread.join(PATIENCE)
        assert not served.thread.is_alive()


def everything(connection: socket.socket) -> bytes:
    answer = b""
    while part := connection.recv(2**20):
        answer += part
    return answer


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


END = "Connection: close"


def test_an_answer(serve: Callable[..., Served]) -> None:
    head, _, body = serve().ask(post("/echo", b"abc", END)).partition(b"\r\n\r\n")
    assert body == b"abc"
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {"Content-Type: text/plain", "Content-Length: 3", END} < set(lines)
    assert any(line.startswith("Date: ") and line.endswith(" GMT") for line in lines)


def test_many_requests_of_one_connection(serve: Callable[..., Served]) -> None:
    """In order, also where all are sent before the first is answered."""
    sent = [b"%d" % number * (number % 50 + 1) for number in range(200)]
    paths = ["/echo", "/quick"]
    text = b"".join(post(paths[n % 2], body) for n, body in enumerate(sent))
    answer = serve().ask(text + post("/echo", b"last", END))
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [*sent, b"last"]


@pytest.mark.parametrize("path", ["/echo", "/quick"])
def test_versions_and_methods(path: str, serve: Callable[..., Served]) -> None:
    served = serve()
    old = f"GET {path} HTTP/1.0\r\n\r\n".encode()
    assert served.ask(old).endswith(b"Connection: close\r\nContent-Length: 7\r\n\r\nnothing")
    kept = f"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode()
    answer = served.ask(kept + old)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"Connection: keep-alive\r\n" in answer
    head = served.ask(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n{END}\r\n\r\n".encode())
    assert head.endswith(b"Content-Length: 7\r\n\r\n")


def test_a_client_that_sends_no_more_is_answered(serve: Callable[..., Served]) -> None:
    served = serve()
    served.answers.let_go.set()
    for path in ("/echo", "/held", "/quick"):
        with served.connect() as connection:
            connection.sendall(post(path, b"abc"))
            connection.shutdown(socket.SHUT_WR)
            assert everything(connection).endswith(b"abc")


def test_a_body_that_is_cut_short(serve: Callable[..., Served]) -> None:
    """RST-107: refused, and no model is asked."""
    served = serve()
    for text in (
        post("/echo", b"abcdef")[:-3],
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ):
        with served.connect() as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"RST-107" in answer
    assert served.answers.begun == 0


def test_a_client_that_waits_for_leave_to_send(serve: Callable[..., Served]) -> None:
    served = serve()
    with served.connect() as connection:
        whole = post("/echo", b"abc", "Expect: 100-continue", END)
        connection.sendall(whole[:-3])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(whole[-3:])
        assert everything(connection).endswith(b"abc")
    too_much = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n"
    answer = served.ask(too_much + b"Expect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_refusal_reaches_who_still_sends(serve: Callable[..., Served]) -> None:
    """RST-073: a connection closed with data unread is reset, and its last answer lost."""
    served = serve()
    text = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000
    assert served.ask(text).startswith(b"HTTP/1.1 413 ")


def test_a_long_answer_is_taken_slowly(
    serve: Callable[..., Served], wait_for: Callable[..., None]
) -> None:
    """It holds up nobody, and comes whole."""
    served = serve()
    with served.connect() as slow:
        slow.sendall(post("/long", b"", END))
        wait_for(lambda: served.answers.begun == 1)
        for _ in range(5):
            assert served.ask(post("/echo", b"abc", END)).endswith(b"abc")
        assert everything(slow).partition(b"\r\n\r\n")[2] == b"0123456789" * 10**6


def test_after_a_long_answer(
    serve: Callable[..., Served], wait_for: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request is answered, and meanwhile nothing turns in circles."""
    served = serve()
    looks: list[float | None] = []
    look = selectors.DefaultSelector.select

    def counted(self: Any, timeout: float | None = None) -> Any:
        looks.append(timeout)
        return look(self, timeout)

    with served.connect() as slow:
        slow.sendall(post("/long", b"") * 2)
        wait_for(lambda: served.answers.begun == 1)
        answer = b""
        while answer.count(b"HTTP/1.1") < 2 or len(answer.rpartition(b"\r\n\r\n")[2]) < 10**7:
            answer += slow.recv(2**22)
        monkeypatch.setattr(selectors.DefaultSelector, "select", counted)
        time.sleep(1)
        assert len(looks) < 20
        slow.sendall(post("/echo", b"abc", END))
        assert everything(slow).endswith(b"abc")


def test_an_answer_that_nobody_takes(serve: Callable[..., Served]) -> None:
    """The connection ends."""
    served = serve(write_seconds=0.5)
    with served.connect() as connection:
        connection.sendall(post("/long", b""))
        served_ones = served.ask(post("/echo", b"abc", END))
        assert served_ones.endswith(b"abc")
        time.sleep(2)
        assert len(everything(connection)) < 10**7


def test_clients_that_vanish(serve: Callable[..., Served], wait_for: Callable[..., None]) -> None:
    served = serve()
    for text in (post("/long", b""), post("/held", b""), b"GET / HT", post("/echo", b"abc")[:-1]):
        with served.connect() as connection:
            connection.sendall(text)
    served.answers.let_go.set()
    assert served.ask(post("/echo", b"abc", END)).endswith(b"abc")


def test_calls_hold_up_nobody(serve: Callable[..., Served], wait_for: Callable[..., None]) -> None:
    """RST-074: two go on, three wait, others are refused; what calls no model is answered."""
    served = serve()
    waiting = [served.connect() for _ in range(5)]
    for number, connection in enumerate(waiting):
        connection.sendall(post("/held", b"%d" % number, END))
    wait_for(lambda: served.answers.begun == 2)
    wait_for(lambda: served.ask(post("/held", b"", END)).startswith(b"HTTP/1.1 503 "))
    assert served.ask(post("/quick", b"abc", END)).endswith(b"abc")
    served.answers.let_go.set()
    for number, connection in enumerate(waiting):
        assert everything(connection).endswith(b"%d" % number)


def test_deadlines(serve: Callable[..., Served]) -> None:
    """RST-113, RST-114; a head and an idle connection end without an answer."""
    served = serve(
        body_seconds=0.5,
        predict_seconds=0.5,
        head_seconds=0.5,
        idle_seconds=0.5,
        linger_seconds=0.5,
    )
    late = served.ask(post("/held", b""))
    assert late.startswith(b"HTTP/1.1 504 ")
    assert b"0.5 seconds (RST-113)" in late
    body = served.ask(post("/echo", b"abc")[:-1])
    assert body.startswith(b"HTTP/1.1 408 ")
    assert b"0.5 seconds (RST-114)" in body
    assert served.ask(b"") == served.ask(b"GET / HTTP/1.1\r\nX: ") == b""
    assert served.ask(post("/quick", b"abc")).count(b"HTTP/1.1") == 1
    # The call that came too late answers nobody, and its thread is free again.
    served.answers.let_go.set()
    assert served.ask(post("/held", b"abc", END)).endswith(b"abc")


def test_a_body_that_drips(serve: Callable[..., Served]) -> None:
    """RST-114: each byte does not put its end off."""
    served = serve(body_seconds=1)
    with served.connect() as connection:
        connection.sendall(post("/echo", b"x" * 1000)[:-1000])
        connection.settimeout(0.05)
        answer = b""
        for _ in range(999):
            try:
                connection.sendall(b"x")
                answer = connection.recv(1000)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_memory_for_bodies(serve: Callable[..., Served], wait_for: Callable[..., None]) -> None:
    """RST-074: it is given back, however a request ends."""
    served = serve(most_bytes=1000)
    half = post("/echo", b"x" * 900)[:-1]
    for _ in range(3):
        with served.connect() as connection:
            connection.sendall(half)
            wait_for(lambda: served.ask(half + b"x").startswith(b"HTTP/1.1 503 "))
        wait_for(lambda: served.ask(post("/echo", b"x" * 900, END)).endswith(b"x"))


class AlwaysQuick(Pace):
    """Of calls that the leader makes, however long the machine lets them wait."""

    def __init__(self) -> None:
        super().__init__()
        self.quick, self.debt = True, 0

    def note(self, seconds: float) -> None:
        pass


def test_what_comes_at_once_is_answered(
    serve: Callable[..., Served], wait_for: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-074: bodies of quick calls need memory one after another, also where all have come."""
    monkeypatch.setattr("mlmodel.serving.http.crew._PATIENCE", math.inf)  # nobody else leads
    served = serve(most_bytes=1000, max_body=1000)
    served.answers.models |= {b"/echo": AlwaysQuick(), b"/held": AlwaysQuick()}
    held, everyone = served.connect(), [served.connect() for _ in range(20)]
    for connection in everyone:  # and so they are all accepted
        connection.sendall(post("/echo", b"x"))
        assert connection.recv(2000).endswith(b"x")
    held.sendall(post("/held", b"x"))
    wait_for(lambda: served.answers.begun > len(everyone))
    for connection in everyone:  # while the leader is in a call
        connection.sendall(post("/echo", b"x" * 900))
    served.answers.let_go.set()
    for connection in everyone:
        assert connection.recv(2000).startswith(b"HTTP/1.1 200 ")


def test_a_refusal_knows_its_request(
    serve: Callable[..., Served], wait_for: Callable[..., None]
) -> None:
    """OIP-061: as soon as its head was read; whoever sends anything else gets a plain one."""
    served = serve(max_body=950, most_bytes=1000, predict_seconds=1, body_seconds=1)
    whole = post("/echo", b"x" * 900)

    def refused(text: bytes, status: bytes) -> bool:
        answer = served.ask(text)
        return answer.startswith(b"HTTP/1.1 " + status) and answer.endswith(b" of /echo")

    with served.connect() as connection:  # the head is known from now on
        connection.sendall(whole)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert refused(post("/echo", b"x" * 960), b"413")
    # Who was answered may see it before the memory of the body is given back.
    wait_for(lambda: refused(whole[:-1], b"408"))
    assert served.ask(post("/held", b"", END)).endswith(b" of /held")
    served.answers.let_go.set()
    assert b" of " not in served.ask(b"POST\r\n\r\n")
    with served.connect() as connection:
        connection.sendall(whole[:-1])
        wait_for(lambda: refused(whole, b"503"))
    wait_for(lambda: served.ask(post("/echo", b"x" * 900, END)).endswith(b"x"))
    busy = serve()
    for _ in range(5):
        busy.connect().sendall(post("/held", b""))
    wait_for(lambda: busy.ask(post("/held", b"", END)).endswith(b" of /held"))
    busy.answers.let_go.set()


def test_connections_are_counted(
    serve: Callable[..., Served], wait_for: Callable[..., None]
) -> None:
    """RST-074."""
    served = serve(connections=3)
    held = [served.connect() for _ in range(3)]
    for connection in held:
        connection.sendall(post("/quick", b"abc"))
        assert connection.recv(1000)
    assert served.ask(b"").startswith(b"HTTP/1.1 503 ")
    held.pop().close()
    wait_for(lambda: served.ask(post("/quick", b"abc", END)).endswith(b"abc"))


def test_a_stop(serve: Callable[..., Served], wait_for: Callable[..., None]) -> None:
    """RST-076: what is begun is finished, a connection without a request ends, no other begins."""
    served = serve()
    idle, kept, held, half, new = (served.connect() for _ in range(5))
    for connection in (idle, kept):
        connection.sendall(post("/quick", b"abc"))
        assert END.encode() not in connection.recv(1000)
    held.sendall(post("/held", b"abc"))
    half.sendall(post("/echo", b"abc")[:-1])
    wait_for(lambda: served.answers.begun == 3)
    served.loop.stop()
    # Nobody has told these two that no request is taken any more.
    for connection in (new, kept):
        answer = b""
        while END.encode() not in answer:
            connection.sendall(post("/quick", b"new"))
            answer = connection.recv(1000)
            assert answer.endswith(b"new")
        assert everything(connection) == b""
    assert everything(idle) == b""
    half.sendall(b"c")
    served.answers.let_go.set()
    assert everything(half).endswith(b"abc")
    assert everything(held).endswith(b"abc")
    served.thread.join(PATIENCE)
    assert not served.thread.is_alive()
    with pytest.raises(OSError, match=r"refused|reset"):
        served.connect()


def test_a_stop_does_not_wait_for_ever(
    serve: Callable[..., Served], wait_for: Callable[..., None]
) -> None:
    """RST-076."""
    served = serve(grace_seconds=0.5)
    with served.connect() as held:
        held.sendall(post("/held", b"abc"))
        wait_for(lambda: served.answers.begun == 1)
        served.loop.stop()
        served.thread.join(PATIENCE)
        assert not served.thread.is_alive()


def test_a_bug_costs_its_connection(serve: Callable[..., Served]) -> None:
    served = serve()

    def broken(_: Request) -> None:
        raise ZeroDivisionError

    kept = served.answers.pace
    served.answers.pace = broken  # type: ignore[assignment,method-assign]
    assert served.ask(post("/quick", b"abc")) == b""
    served.answers.pace = kept  # type: ignore[method-assign]
    assert served.ask(post("/quick", b"abc", END)).endswith(b"abc")


def test_a_bug_at_a_deadline_costs_its_connection(serve: Callable[..., Served]) -> None:
    served = serve(body_seconds=0.3)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    served.answers.refuse = broken  # type: ignore[assignment,method-assign]
    assert served.ask(post("/echo", b"abc")[:-1]) == b""
    assert served.ask(post("/quick", b"abc", END)).endswith(b"abc")


def test_a_call_that_would_end_the_thread(serve: Callable[..., Served]) -> None:
    served = serve()
    for _ in range(5):  # more than there are threads
        assert served.ask(post("/exit", b"", END)).startswith(b"HTTP/1.1 500 ")
    assert served.ask(post("/echo", b"abc", END)).endswith(b"abc")


def test_answers_that_wait_take_memory(
    serve: Callable[..., Served], wait_for: Callable[..., None]
) -> None:
    """RST-074: it is given back when they are taken, or when nobody will take them."""
    served = serve(most_answers=10**6)
    for taken in (True, False):
        with served.connect() as slow:
            slow.sendall(post("/long", b"", END))
            wait_for(lambda: served.ask(post("/echo", b"abc", END)).startswith(b"HTTP/1.1 503 "))
            if taken:
                assert len(everything(slow)) > 10**7
        wait_for(lambda: served.ask(post("/echo", b"abc", END)).endswith(b"abc"))


def test_leave_to_send_behind_another_request(serve: Callable[..., Served]) -> None:
    served = serve()
    with served.connect() as connection:
        whole = post("/echo", b"abc", "Expect: 100-continue", END)
        connection.sendall(post("/quick", b"first") + whole[:-3])
        answer = b""
        while not answer.endswith(b"100 Continue\r\n\r\n"):
            part = connection.recv(1000)
            assert part
            answer += part
        connection.sendall(whole[-3:])
        assert everything(connection).endswith(b"abc")


def test_many_clients_of_all_kinds(serve: Callable[..., Served]) -> None:
    """Each answer is that of its request, whatever the others do: slow, cut off, many at once."""
    served = serve(waiting=1000, most_bytes=10**9, max_body=10**7)
    failures: list[object] = []

    def client(number: int) -> None:
        chance = random.Random(number)
        for _ in range(25):
            sent = [
                (
                    chance.choice(["/echo", "/quick", "/nap"]),
                    b"%d;" % chance.randrange(10**6) * size,
                )
                for size in chance.choices([1, 10, 1000, 100_000], k=chance.randrange(1, 6))
            ]
            text = b"".join(post(path, body) for path, body in sent) + post("/echo", b"z", END)
            if chance.random() < 0.2:
                with served.connect() as connection:
                    connection.sendall(text[: chance.randrange(len(text))])
                continue
            answers = served.ask(text).split(b"HTTP/1.1 200 OK")[1:]
            got = [answer.partition(b"\r\n\r\n")[2] for answer in answers]
            if got != [*(body for _, body in sent), b"z"]:
                failures.append((number, [(path, len(body)) for path, body in sent], len(got)))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_limits_that_are_not_set() -> None:
    assert LIMITS.predict_seconds == math.inf
    assert LIMITS.seconds("idle") == LIMITS.idle_seconds
