"""The application, in process."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mlmodel import __version__
from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel
from mlmodel.scoring.engine import Engine
from mlmodel.serving import worker, wsgi
from mlmodel.serving.app import Application
from mlmodel.serving.settings import WAITING, Place, Settings
from mlmodel.types import ParamSpec

BODY = b'{"instances": [[1.5, 2.5]]}'
_NEW = {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "x"}


class Stream(io.BytesIO):
    """A body that counts what was read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        part = super().read(size)
        self.count += len(part)
        return part


def call(
    stream: io.BytesIO, method: str = "POST", path: str = "/invocations", **environ: Any
) -> tuple[int, dict[str, str], Any]:
    return ask(
        Application(Engine(lambda data, _: data), max_body=100_000), stream, method, path, **environ
    )


def ask(
    application: Application,
    stream: io.BytesIO,
    method: str = "POST",
    path: str = "/invocations",
    **environ: Any,
) -> tuple[int, dict[str, str], Any]:
    got: dict[str, Any] = {}

    def start_response(status: str, headers: Any, _: Any = None) -> Any:
        got.update(status=int(status.split(maxsplit=1)[0]), headers=dict(headers))

    given = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "wsgi.input": stream,
        "SERVER_NAME": "x",
        "SERVER_PORT": "1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "CONTENT_TYPE": "application/json",
        **environ,
    }
    body = b"".join(application(given, start_response))
    is_json = got["headers"]["Content-Type"] == "application/json"
    return got["status"], got["headers"], json.loads(body) if is_json else body.decode()


def test_a_header_says_which_parameters_are_left_out() -> None:
    """RST-089: in ASCII, of a bounded length, and with terse errors by the rule alone."""
    engine = Engine(lambda _, params: params, ModelSignature(params=[ParamSpec("k", "long", 1)]))
    given = {"k": 2, "a\r\nX-Evil: 1": 1, "\u00e9\u2028": [], **{f"p{n}": n for n in range(99)}}
    body = json.dumps({"inputs": [1], "params": given}).encode()
    told = {}
    for terse in (False, True):
        stream, length = Stream(body), str(len(body))
        answer = ask(Application(engine, terse=terse), stream, CONTENT_LENGTH=length)
        assert answer[::2] == (200, {"predictions": {"k": 2}})
        assert sorted(answer[1]) == ["Content-Type", "MLmodel-Warning", "X-Request-ID"]
        told[terse] = answer[1]["MLmodel-Warning"]
    assert told[True] == "ENF-080"
    assert told[False].isascii()
    assert told[False].isprintable()
    assert "'a\\r\\nX-Evil: 1', '\\xe9\\u2028', 'p0'" in told[False]
    assert "and 91 more" in told[False]
    for params in ({"k": 2}, {"k": "x", "z": 1}):
        body = json.dumps({"inputs": [1], "params": params}).encode()
        answer = ask(Application(engine), Stream(body), CONTENT_LENGTH=str(len(body)))
        assert list(answer[1]) == ["Content-Type", "X-Request-ID"]


def test_scoring() -> None:
    assert call(Stream(BODY), CONTENT_LENGTH=str(len(BODY)))[::2] == (
        200,
        {"predictions": [[1.5, 2.5]]},
    )


def test_the_application_of_a_loaded_model() -> None:
    """ERR-008: where errors are terse, the message is gone, and the code is there."""
    model = PyFuncModel(Model(), lambda data, _: data)
    scored = ask(wsgi(model), Stream(BODY), CONTENT_LENGTH=str(len(BODY)))
    assert scored[::2] == (200, {"predictions": [[1.5, 2.5]]})
    said, left_out = (
        ask(wsgi(model, terse=terse), Stream(b"{"), CONTENT_LENGTH="1")[2]
        for terse in (False, True)
    )
    assert said["error_code"] == left_out["error_code"] == "MALFORMED_REQUEST"
    assert said["message"] != left_out["message"]


def test_no_more_than_the_announced_length_is_read() -> None:
    status, _, _ = call(Stream(BODY + b"garbage"), CONTENT_LENGTH=str(len(BODY)))
    assert status == 200


def test_a_body_of_unknown_length_is_read_whole() -> None:
    body = b'{"instances": [' + b"1," * 40_000 + b"1]}"
    status, _, answer = call(Stream(body))
    assert (status, len(answer["predictions"])) == (200, 40_001)


def test_an_announced_body_that_is_too_large_is_not_read() -> None:
    """RST-073."""
    stream = Stream(b"x" * 200_000)
    status, _, answer = call(stream, CONTENT_LENGTH="200000")
    assert (status, answer["error_code"], stream.count) == (413, "PAYLOAD_TOO_LARGE", 0)


def test_a_body_of_unknown_length_is_read_to_the_limit_only() -> None:
    """RST-073."""
    stream = Stream(b"x" * 10_000_000)
    status, _, answer = call(stream)
    assert (status, answer["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert stream.count < 200_000


def test_a_length_that_is_no_number_is_refused() -> None:
    assert call(Stream(BODY), CONTENT_LENGTH="-1")[0] == 400


def test_a_sender_that_hangs_up_raises_nothing() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("gone /srv")

    status, _, answer = call(Broken(), CONTENT_LENGTH="10")
    assert status == 500
    assert "gone" not in str(answer)


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_health(path: str) -> None:
    """RST-070."""
    assert call(Stream(), "GET", path)[0] == 200


def test_version() -> None:
    """RST-071."""
    status, headers, text = call(Stream(), "GET", "/version")
    assert (status, text) == (200, __version__)
    assert headers["Content-Type"].startswith("text/plain")


def test_other_methods_and_paths() -> None:
    status, headers, answer = call(Stream(), "GET")
    assert (status, answer["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in headers["Allow"]
    status, _, answer = call(Stream(), "POST", "/ping")
    assert (status, answer["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    status, _, answer = call(Stream(), "GET", "/invocations//")
    assert (status, answer["error_code"]) == (404, "NOT_FOUND")


class Idle(Stream):
    """A body that arrives once it is let go."""

    def __init__(self) -> None:
        super().__init__(BODY)
        self.asked, self.go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.set()
        assert self.go.wait(100)
        return super().read(size)


def test_requests_beyond_the_places_are_refused_unread() -> None:
    """RST-074: slow bodies take places, not turns; what finds no place is answered at once."""
    application = Application(Engine(lambda data, _: data), max_body=100_000, threads=4)
    length = str(len(BODY))
    idle = [Idle() for _ in range(4 + WAITING)]
    with ThreadPoolExecutor(len(idle)) as pool:
        answers = [pool.submit(ask, application, one, CONTENT_LENGTH=length) for one in idle[:-1]]
        assert all(one.asked.wait(100) for one in idle[:-1])
        assert ask(application, Stream(BODY), CONTENT_LENGTH=length)[0] == 200
        answers.append(pool.submit(ask, application, idle[-1], CONTENT_LENGTH=length))
        assert idle[-1].asked.wait(100)
        late = Stream(BODY)
        status, _, answer = ask(application, late, CONTENT_LENGTH=length)
        assert (status, answer["error_code"], late.count) == (503, "UNAVAILABLE", 0)
        assert ask(application, Stream(), "GET", "/ping")[0] == 200
        for one in idle:
            one.go.set()
        assert {answer.result()[0] for answer in answers} == {200}
    assert ask(application, Stream(BODY), CONTENT_LENGTH=length)[0] == 200


@pytest.mark.parametrize("announced", [True, False])
def test_bodies_together_have_an_end(*, announced: bool) -> None:
    """RST-074: as many bodies of the largest size as there are threads."""
    application = Application(Engine(lambda data, _: data), max_body=len(BODY), threads=4)
    length = {"CONTENT_LENGTH": str(len(BODY))}
    idle = [Idle() for _ in range(4)]
    with ThreadPoolExecutor(len(idle)) as pool:
        answers = [pool.submit(ask, application, one, **length) for one in idle]
        assert all(one.asked.wait(100) for one in idle)
        status, _, answer = ask(application, Stream(BODY), **(length if announced else {}))
        assert (status, answer["error_code"]) == (503, "UNAVAILABLE")
        for one in idle:
            one.go.set()
        assert {answer.result()[0] for answer in answers} == {200}
    assert ask(application, Stream(BODY), **length)[0] == 200


def test_no_more_requests_are_worked_on_than_there_are_threads() -> None:
    """RST-074."""
    at_once, most = 0, 0
    lock, four = threading.Lock(), threading.Barrier(4)

    def predict(data: Any, _: Any) -> Any:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        four.wait(100)
        time.sleep(0.02)
        with lock:
            at_once -= 1
        return data

    application = Application(Engine(predict), max_body=1000, threads=4)
    with ThreadPoolExecutor(16) as pool:
        asked = [
            pool.submit(ask, application, Stream(BODY), CONTENT_LENGTH=str(len(BODY)))
            for _ in range(32)
        ]
        assert {one.result()[0] for one in asked} == {200}
    assert most == 4


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("RST-104", {"CONTENT_LENGTH": "27", "HTTP_TRANSFER_ENCODING": "chunked"}),
        ("RST-104", {"HTTP_TRANSFER_ENCODING": "gzip, chunked"}),
        ("RST-104", {"HTTP_TRANSFER_ENCODING": "chunked, chunked"}),
        ("RST-104", {"HTTP_TRANSFER_ENCODING": "identity"}),
        ("RST-104", {"HTTP_TRANSFER_ENCODING": ""}),
        ("RST-104", {"CONTENT_LENGTH": "27", "HTTP_CONTENT_LENGTH": "3"}),
        ("RST-104", {"CONTENT_LENGTH": "27", "HTTP_CONTENT_TYPE": "text/csv"}),
        *(
            ("RST-104", {"CONTENT_LENGTH": length})
            for length in ("+27", "-1", "0x1b", "2_7", "27,27", "27 ", "\u0662\u0667", "1e1")
        ),
        *(
            ("RST-105", {"HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"})
            for host in ("", "a,b", "a b", "a/b", "u@h", "a\\b", "[::1", "a:b", "a:1:2", "\xe4")
        ),
        ("RST-105", {"SERVER_PROTOCOL": "HTTP/1.1"}),
    ],
)
@pytest.mark.parametrize("path", ["/invocations", "/ping", "/nothing"])
def test_a_request_that_two_readers_read_in_two_ways(
    rule: str, given: dict[str, str], path: str
) -> None:
    """RST-104, RST-105: refused, nothing of it read, and the connection ends."""
    stream = Stream(BODY)
    status, headers, body = call(stream, path=path, **given)
    assert (status, body["error_code"], body["details"]) == (
        400,
        "MALFORMED_REQUEST",
        [{"rule": rule}],
    )
    assert headers["Connection"] == "close"
    assert stream.count == 0


@pytest.mark.parametrize("host", ["x", "localhost:5000", "127.0.0.1", "[::1]:80", "a.b-c_d:", "h"])
def test_hosts_of_requests(host: str) -> None:
    """RST-105."""
    given = {"CONTENT_LENGTH": str(len(BODY)), "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": host}
    assert call(Stream(BODY), **given)[0] == 200
    assert call(Stream(BODY), CONTENT_LENGTH=str(len(BODY)), SERVER_PROTOCOL="HTTP/1.0")[0] == 200
    assert call(Stream(BODY), HTTP_TRANSFER_ENCODING="Chunked", **_NEW)[0] == 200


def test_a_body_of_which_a_part_may_be_missing() -> None:
    """RST-107: shorter than announced; CSV in chunks, which is right without its last rows."""
    csv = {"CONTENT_TYPE": "Text/CSV; charset=utf-8"}
    for body, given in (
        (b"a,b\n1,2\n", {"CONTENT_LENGTH": "12", **csv}),
        (b"a,b\n1,2\n", {"HTTP_TRANSFER_ENCODING": "chunked", **csv, **_NEW}),
        (BODY, {"CONTENT_LENGTH": str(len(BODY) + 1)}),
    ):
        status, _, answer = call(Stream(body), **given)
        assert (status, answer["details"]) == (400, [{"rule": "RST-107"}])
    assert call(Stream(b"a,b\n1,2\n"), CONTENT_LENGTH="8", **csv)[0] == 200


def _raise(text: str) -> None:
    raise ValueError(text)


def test_nothing_forges_a_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """RST-106."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(worker.threading.Thread, "start", lambda _: None)
    _parent, report = multiprocessing.Pipe()
    with pytest.raises(SystemExit):
        worker.work(Settings((Place("x", "/not/there"),)), None, report)
    try:
        _raise("x\n2026-01-01 00:00:00 INFO forged\r2026 forged\x1b[2J\u2028forged")
    except ValueError:
        root.exception("The model\nraised \x1b]0;title\x07")
    first, *more = capsys.readouterr().err.split("\n")[:-1]
    assert first.endswith("ERROR The model")
    assert len(more) > 3
    assert all(line.startswith("  ") and line.isprintable() for line in more)
    assert "  raised \\x1b]0;title\\x07" in more
