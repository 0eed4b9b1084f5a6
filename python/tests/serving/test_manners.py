"""What a request meets before the model: root path, slashes, other origins, tokens (RST-160 on)."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_client import PATIENCE, SERVICE, infer_request, message

from mlmodel.errors import InvalidArgument, Unauthenticated
from mlmodel.scoring import v2
from mlmodel.scoring.engine import Engine
from mlmodel.serving import entrance, origins, tokens
from mlmodel.serving import grpc as over_grpc
from mlmodel.serving.app import Application
from mlmodel.serving.http.host import Limits
from mlmodel.serving.http.loop import Loop
from mlmodel.serving.http.messages import Request
from mlmodel.serving.models import Hosted
from mlmodel.serving.observing.access import Log
from mlmodel.serving.observing.observer import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BODY = b'{"instances": [[1.5]]}'
V2_BODY = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.5]}]}'
PAGE = "https://app.example.org"
#: Method, path, body, and the status without manners; each path is one of another kind.
PATHS = [
    ("GET", "/ping", b"", 200),
    ("GET", "/version", b"", 200),
    ("POST", "/invocations", BODY, 200),
    ("GET", "/invocations", b"", 405),
    ("POST", "/models/iris/invocations", BODY, 200),
    ("POST", "/models/ir%69s/invocations", BODY, 200),
    ("POST", "/models/other/invocations", BODY, 404),
    ("GET", "/v2", b"", 200),
    ("GET", "/v2/health/ready", b"", 200),
    ("GET", "/v2/models/iris", b"", 200),
    ("GET", "/v2/models/iris/infer", b"", 405),
    ("POST", "/v2/models/iris/infer", V2_BODY, 200),
    ("POST", "/v2/models/iris/versions/1/infer", V2_BODY, 200),
    ("POST", "/v2/repository/index", b"", 200),
    ("POST", "/v2/repository/models/iris/load", b"", 200),
    ("GET", "/nothing", b"", 404),
    ("GET", "/prod", b"", 404),
]  # fmt: skip


def application(root: str = "", watch: Watch | None = None) -> Application:
    hosted = Hosted()
    engine = Engine(lambda data, _: data)
    hosted.add("iris", lambda: engine, "1", engine=engine)
    return Application(hosted, repository=True, root=root, watch=watch)


class Answer:
    """An answer as it came."""

    def __init__(self, text: bytes) -> None:
        head, _, self.body = text.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines]

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Served:
    """A loop with manners."""

    def __init__(
        self,
        root: str = "",
        taken: tuple[str, ...] = (),
        pages: tuple[str, ...] = (),
        watch: Watch | None = None,
    ) -> None:
        answers: Any = application(root, watch)
        if pages:
            shared = origins.Shared(answers, pages)
            answers.preflight = shared.preflight
            answers = shared
        digests = [hashlib.sha256(token.encode()).digest() for token in taken]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        limits = Limits(max_body=10**6, most_bytes=4 * 10**6, threads=2, waiting=3)
        self.loop = Loop([self.listener], answers, limits)
        given = tokens.Tokens(digests) if taken else None
        self.loop.heads.enter = entrance.Entrance(root, given, preflights=bool(pages)).enter
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def send(self, *texts: bytes) -> bytes:
        """Return all that is answered until the server closes."""
        with socket.create_connection(self.address, timeout=PATIENCE) as connection:
            for text in texts:
                connection.sendall(text)
            answer = b""
            while part := connection.recv(2**20):
                answer += part
            return answer

    def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> Answer:
        return Answer(self.send(request(method, path, body, "Connection: close", *headers)))


def request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    running: list[Served] = []

    def start(*args: Any, **kwargs: Any) -> Served:
        running.append(Served(*args, **kwargs))
        return running[-1]

    yield start
    for served in running:
        served.loop.stop()
        served.thread.join(PATIENCE)
        assert not served.thread.is_alive()


# -- root path and slashes ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("root", ["", "/prod", "/a/b-c", "/a/~x", "/models/wine"])
def test_every_path_below_a_root_path_and_with_a_slash(
    root: str, serve: Callable[..., Served]
) -> None:
    """RST-160, RST-161: by a proxy that takes it off, and by one that leaves it."""
    served = serve(root)
    for method, path, body, status in PATHS:
        if path == root:
            continue
        plain = served.ask(method, path, body, "X-Request-ID: a")
        assert plain.status == status, path
        quoted = root.replace("a", "%61").replace("o", "%6F")
        for front in dict.fromkeys(("", root, quoted)):
            for end in ("", "/", "?a=/b", "/?a=b"):
                found = served.ask(method, f"{front}{path}{end}", body, "X-Request-ID: a")
                assert found.status == status, (front, path, end)
                assert found.header("Allow") == plain.header("Allow")
                assert not found.header("Location")
                if status < 400 or path == "/invocations":
                    assert found.body == plain.body


def test_a_root_path_is_taken_off_once_and_as_whole_parts(serve: Callable[..., Served]) -> None:
    """RST-160."""
    served = serve("/prod")
    for path in ("/prod/prod/ping", "/production/ping", "/prodping", "/pro/ping", "/prod%2Fping"):
        assert served.ask("GET", path).status == 404, path
    assert served.ask("GET", "/prod/ping", b"", "Upgrade: h2c").status == 200
    # One that is read anew, without the offer of another protocol, has its root path taken off once.
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x")
    one = b"POST /prod/prod/invocations HTTP/1.0\r\n" + "\r\n".join(upgrade).encode()
    assert Answer(served.send(one + b"\r\n\r\n")).status == 404
    one = b"GET /prod/ping HTTP/1.0\r\n" + "\r\n".join(upgrade).encode()
    assert Answer(served.send(one + b"\r\n\r\n")).status == 200


@pytest.mark.thorough
def test_heads_that_were_read_before_are_below_the_root_path(serve: Callable[..., Served]) -> None:
    served = serve("/prod")
    one = request("POST", "/prod/invocations", BODY)
    last = request("POST", "/prod/invocations", BODY, "Connection: close")
    for _ in range(3):
        assert served.send(one + last).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "root",
    ["prod", "/a//b", "/../x", "/a/.", "/a?b", "/a#b", "/a b", "//", "/%41", "/v2", "/v2/x/",
     "/models", "/models/iris", "/ping", "/invocations", "/metrics/", "/é", "http://x/a"],
)  # fmt: skip
def test_a_root_path_that_is_refused(root: str) -> None:
    """RST-160."""
    with pytest.raises(InvalidArgument, match="RST-160"):
        entrance.checked_root(root, ["iris"])


def test_a_root_path_as_it_is_kept() -> None:
    kept = {
        "": "",
        "/": "",
        "/prod/": "/prod",
        "/models/wine": "/models/wine",
        "/ping/a": "/ping/a",
    }
    for given, root in kept.items():
        assert entrance.checked_root(given, ["iris"]) == root


def test_slashes_for_servers_of_wsgi() -> None:
    """RST-161."""
    for method, path, body, status in PATHS:
        for end in ("", "/"):
            given = Request(method, f"{path}{end}".encode(), {b"content-type": b"application/json"})
            given.body = body
            assert application().answer(given).status == status, (path, end)


# -- other origins -----------------------------------------------------------------------------


def test_no_page_reads_an_answer_unless_its_origin_is_named(serve: Callable[..., Served]) -> None:
    """RST-162."""
    served = serve()
    for method, path, body, _ in PATHS:
        found = served.ask(method, path, body, f"Origin: {PAGE}")
        assert not [key for key, _ in found.headers if key.startswith("Access-Control")]


@pytest.mark.thorough
@pytest.mark.parametrize("pages", [(PAGE, "http://localhost:3000"), ("*",)])
def test_pages_of_named_origins_read_answers_and_errors(
    pages: tuple[str, ...], serve: Callable[..., Served]
) -> None:
    """RST-162, RST-164: and nobody else does; an origin is compared as a whole."""
    served = serve(pages=pages)
    vary = [] if pages == ("*",) else ["Origin"]
    others = ["null", "https://app.example.org.evil", "https://app.example.or", "http://localhost",
              PAGE.upper(), f"{PAGE}, {PAGE}", "*", f"{PAGE}/", "http://localhost:3000@evil"]  # fmt: skip
    for method, path, body, status in [*PATHS, ("POST", "/invocations", b"{", 400)]:
        found = served.ask(method, path, body, f"Origin: {PAGE}")
        assert found.status == status
        assert found.header("Access-Control-Allow-Origin") == [PAGE if vary else "*"]
        assert "MLmodel-Warning" in found.header("Access-Control-Expose-Headers")[0]
        assert found.header("Vary") == vary
    for other in others:
        found = served.ask("POST", "/invocations", BODY, f"Origin: {other}")
        assert found.header("Access-Control-Allow-Origin") == ([] if vary else ["*"]), other
        assert found.header("Vary") == vary
    assert served.ask("GET", "/ping").header("Vary") == vary


def test_what_is_refused_unread_can_be_read_by_a_page(serve: Callable[..., Served]) -> None:
    """RST-164: bodies that are too large, ambiguous requests, tokens that are missing."""
    served = serve(pages=(PAGE,), taken=("a",))
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nOrigin: {PAGE}\r\n"
    token = "Authorization: Bearer a\r\n"
    for more, status in (
        (f"{token}Content-Length: 9000000\r\n", 413),
        ("Content-Length: 9000000\r\n", 401),
        (f"{token}Transfer-Encoding: gzip\r\n", 400),
    ):
        found = Answer(served.send(f"{head}{more}\r\n".encode()))
        assert (found.status, found.header("Access-Control-Allow-Origin")) == (status, [PAGE])


@pytest.mark.thorough
def test_preflights(serve: Callable[..., Served]) -> None:
    """RST-163: answered without a token, for any path; a page that is not named is told nothing."""
    ask = "Access-Control-Request-Method: POST"
    for pages in ((PAGE,), ("*",)):
        served = serve(pages=pages, taken=("a",), root="/prod")
        for path in ("/invocations", "/prod/v2/models/iris/infer", "/nothing", "*"):
            found = served.ask("OPTIONS", path, b"", f"Origin: {PAGE}", ask)
            assert (found.status, found.body) == (200, b"")
            assert found.header("Access-Control-Allow-Origin") == [pages[0]]
            assert found.header("Access-Control-Allow-Methods") == ["GET, HEAD, POST"]
            allowed = found.header("Access-Control-Allow-Headers")[0].lower().split(", ")
            assert {"authorization", "content-type", "content-encoding"} <= set(allowed)
            assert int(found.header("Access-Control-Max-Age")[0]) > 0
            assert found.header("Access-Control-Expose-Headers") == []
    served = serve(pages=(PAGE,), taken=("a",))
    other = served.ask("OPTIONS", "/invocations", b"", "Origin: https://evil.example", ask)
    assert other.status == 200
    assert [key for key, _ in other.headers if key.startswith("Access")] == []
    # What is not one has its token looked at, as has one that sends a body.
    assert served.ask("OPTIONS", "/invocations", b"", f"Origin: {PAGE}").status == 401
    assert served.ask("OPTIONS", "/invocations", b"", ask).status == 401
    assert served.ask("OPTIONS", "/invocations", BODY, f"Origin: {PAGE}", ask).status == 401
    assert serve(taken=("a",)).ask("OPTIONS", "/", b"", f"Origin: {PAGE}", ask).status == 401


@pytest.mark.thorough
def test_no_answer_lets_cookies_along(serve: Callable[..., Served]) -> None:
    """RST-164."""
    for pages in ((PAGE,), ("*",)):
        served = serve(pages=pages)
        ask = "Access-Control-Request-Method: POST"
        for method in ("GET", "OPTIONS"):
            found = served.ask(method, "/ping", b"", f"Origin: {PAGE}", "Cookie: a=b", ask)
            assert found.header("Access-Control-Allow-Origin")
            assert found.header("Access-Control-Allow-Credentials") == []


def test_origins_as_they_are_kept() -> None:
    """RST-162."""
    given = ["https://App.Example.org", "http://localhost:80", "http://[::1]:8080", "tauri://x",
             "https://a:443", "https://a", "https://a:80"]  # fmt: skip
    assert origins.checked_origins(given) == (
        *("https://app.example.org", "http://localhost", "http://[::1]:8080", "tauri://x"),
        *("https://a", "https://a:80"),
    )
    assert origins.checked_origins(["*", "*"]) == ("*",)


@pytest.mark.parametrize(
    "given",
    ["null", "", "example.org", "https://a/", "https://a/b", "https://*.a.org", "https://a b",
     "https://ü.org", "https://u@a", "https://a,https://b", "https://a:x", "//a", "https://a\n"],
)  # fmt: skip
def test_what_is_not_an_origin(given: str) -> None:
    """RST-162."""
    with pytest.raises(InvalidArgument, match="RST-162"):
        origins.checked_origins([PAGE, given])


def test_any_origin_stands_alone() -> None:
    """RST-162."""
    with pytest.raises(InvalidArgument, match="RST-162"):
        origins.checked_origins([PAGE, "*"])


# -- tokens ------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("root", ["", "/prod"])
def test_without_a_token_health_alone_is_open(root: str, serve: Callable[..., Served]) -> None:
    """RST-165."""
    served = serve(root, taken=("one", "two"))
    for method, path, body, status in PATHS:
        is_open = path in {"/ping", "/v2/health/ready"}
        for end in ("", "/", "?a=b"):
            found = served.ask(method, f"{root}{path}{end}", body)
            assert found.status == (200 if is_open else 401), (path, end)
            if not is_open:
                assert found.header("WWW-Authenticate") == ['Bearer realm="mlmodel"']
                assert json.loads(found.body)["error_code"] == "UNAUTHENTICATED"
                assert ("error" in json.loads(found.body)) is path.startswith("/v2")
        for token in ("one", "two"):
            given = f"Authorization: Bearer {token}"
            assert served.ask(method, f"{root}{path}", body, given).status == status
    assert served.ask("HEAD", "/health").status == 200


@pytest.mark.thorough
@pytest.mark.parametrize("root", ["", "/prod"])
def test_who_has_no_token_is_not_told_which_models_there_are(
    root: str, serve: Callable[..., Served]
) -> None:
    """RST-165, RST-153: an answer has the same headers for each name; none counts for a model."""
    lines: list[str] = []
    watch = Watch(timing=True, metrics=True, access=Log("json", lines.append))
    served = serve(root, taken=("one",), watch=watch)
    for path in ("/models/{}/invocations", "/v2/models/{}/infer", "/v2/models/{}/versions/1/infer"):
        names = [
            [name for name, _ in served.ask("POST", root + path.format(model), BODY).headers]
            for model in ("iris", "other")
        ]
        assert names[0] == names[1], path
        assert "Server-Timing" not in names[0]
    assert served.ask("POST", f"{root}/invocations", BODY).status == 401
    ours = served.ask("GET", f"{root}/metrics", b"", "Authorization: Bearer one").body.decode()
    refused = [line for line in ours.splitlines() if "401" in line or "UNAUTHENTICATED" in line]
    assert sum(float(line.rpartition(" ")[2]) for line in refused) == 14  # each, and its error
    assert all('model=""' in line for line in refused)
    assert 'mlmodel_request_seconds_count{model="iris"} 0.0' in ours
    told = [json.loads(line) for line in lines]
    assert all((one["model"], one["error"]) == ("", "UNAUTHENTICATED") for one in told[:7])
    assert told[0]["path"] == "/models/iris/invocations"  # RST-155: without the root path


def test_a_refusal_before_the_body_is_not_under_way(serve: Callable[..., Served]) -> None:
    """RST-153: it counts for the model that it calls, but was never begun."""
    served = serve(watch=Watch(metrics=True))
    assert served.ask("POST", "/invocations", b"", "Content-Length: 9000000").status == 413
    told = served.ask("GET", "/metrics").body.decode()
    assert 'mlmodel_requests_total{model="iris",protocol="rest",status="413"} 1.0' in told
    assert 'mlmodel_requests_under_way{model="iris"} 0.0' in told


def test_preflights_are_logged_and_call_no_model(serve: Callable[..., Served]) -> None:
    """RST-155, RST-163: with the client's own id, below a root path, too."""
    lines: list[str] = []
    watch = Watch(timing=True, metrics=True, access=Log("json", lines.append))
    served = serve("/prod", taken=("one",), pages=(PAGE,), watch=watch)
    asks = (f"Origin: {PAGE}", "Access-Control-Request-Method: POST", "X-Request-ID: pre")
    found = served.ask("OPTIONS", "/prod/v2/models/iris/infer", b"", *asks)
    assert (found.status, found.header("X-Request-ID")) == (200, ["pre"])
    assert not found.header("Server-Timing")
    (told,) = map(json.loads, lines)
    kept = ("request_id", "method", "path", "status", "protocol", "model")
    assert [told[key] for key in kept] == [
        *("pre", "OPTIONS", "/v2/models/iris/infer", 200, "v2", ""),
    ]


def test_what_is_open_by_its_name_alone_is_not(serve: Callable[..., Served]) -> None:
    """RST-165: other methods, bodies, and paths that are written otherwise."""
    served = serve(taken=("one",))
    for method, path, *headers in (
        ("POST", "/ping"),
        ("PUT", "/ping"),
        ("OPTIONS", "/ping"),
        ("GET", "/ping/../version"),
        ("GET", "/%70ing"),
        ("GET", "/pin%67/"),
        ("GET", "//ping"),
        ("GET", "/ping//"),
        ("GET", "/ping;/version"),
        ("GET", "http://x/ping"),
        ("GET", "/v2/health/live/x"),
        ("GET", "/ping", "Content-Length: 5"),
        ("GET", "/ping", "Content-Length: 05"),
        ("GET", "/ping", "Transfer-Encoding: chunked"),
        ("GET", "/v2/models/iris/ready"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
        ("GET", "/", "Accept: application/json"),
        ("GET", "/", "Accept: text/html;q=0, */*"),
        ("POST", "/"),
        ("GET", "//"),
        ("GET", "/docs/x"),
        ("GET", "/models/iris", "Accept: text/html"),
        ("BREW", "/ping"),
    ):
        found = served.ask(method, path, b"", *headers)
        assert found.status in ({400, 401} if method == "BREW" else {401}), (method, path, headers)


def test_the_page_itself_is_open(serve: Callable[..., Served]) -> None:
    """RST-165: it holds nothing of a model. Here there is none, which may be told."""
    served = serve("/prod", taken=("one",))
    for path, *headers in (
        ("/prod/",),
        ("/prod",),
        ("/prod/", "Accept: text/html"),
        ("/prod/docs",),
    ):
        assert served.ask("GET", path, b"", *headers).status == 404, path


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer S3CRET", "Bearer s3cret2", "Bearer s3cre", "Basic b25lOg==", "s3cret",
     "Bearer s3cret, Bearer s3cret", "Bearer s3cret two", "Bearers3cret", "Bearer \xe9", "Token s3cret"],
)  # fmt: skip
def test_tokens_that_are_not_taken(header: str) -> None:
    """RST-165."""
    held = tokens.Tokens([hashlib.sha256(b"s3cret").digest()])
    with pytest.raises(Unauthenticated, match="RST-165") as caught:
        held.check(header)
    assert "s3cret" not in caught.value.message
    for right in ("Bearer s3cret", "bearer s3cret", "BEARER   s3cret "):
        held.check(right)


def test_a_body_is_not_read_before_the_token(serve: Callable[..., Served]) -> None:
    """RST-165: nor is its sender told to go on; nothing is set aside for it."""
    served = serve(taken=("one",))
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
    for more in (b"Content-Length: 1000\r\n", b"Content-Length: 99999999\r\n",
                 b"Transfer-Encoding: chunked\r\n"):  # fmt: skip
        answer = served.send(head + more + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"100 Continue" not in answer
    token = b"Authorization: Bearer one\r\n"
    with socket.create_connection(served.address, timeout=PATIENCE) as connection:
        connection.sendall(head + token + b"Content-Length: 22\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")


@pytest.mark.thorough
def test_a_head_that_was_read_before_opens_nothing_else(serve: Callable[..., Served]) -> None:
    """RST-165: on one connection and on others, with the right token before the wrong one."""
    served = serve(taken=("one",))
    right = request("POST", "/invocations", BODY, "Authorization: Bearer one")
    wrong = request("POST", "/invocations", BODY, "Authorization: Bearer 0ne")
    none = request("POST", "/invocations", BODY)
    for bad in (wrong, none):
        for _ in range(2):
            answer = served.send(right, right, bad)
            assert answer.count(b"HTTP/1.1 200 ") == 2
            assert answer.count(b"HTTP/1.1 401 ") == 1


def test_files_of_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-166, RST-167: what is kept are digests; the variable is not handed on."""
    path = tmp_path / "tokens"
    path.write_bytes(b"\xef\xbb\xbf# those of May\r\nabc.DEF-1_~+/==\r\n\n  second  \n#third\n")
    expected = tuple(hashlib.sha256(one).digest() for one in (b"abc.DEF-1_~+/==", b"second"))
    assert tokens.read(str(path)) == expected
    monkeypatch.setenv(tokens.VARIABLE, " abc.DEF-1_~+/==\n second")
    assert tokens.from_variable() == expected
    assert tokens.VARIABLE not in os.environ
    assert tokens.from_variable() == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"\n# none\n", b"two words", b"good\nb\xc3\xa4d", b"\xff\xfe", b"a=b", b"a,b", b"=",
     b"x" * 4097, b"a\n" * 1001, b"a" * (2**20 + 1)],
)  # fmt: skip
def test_files_that_hold_something_else(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-166, RST-167: nothing of the content is told."""
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(InvalidArgument, match="RST-166") as caught:
        tokens.read(str(path))
    words = content.decode("latin-1").split()
    assert not [word for word in words if len(word) > 2 and word in caught.value.message]
    if content in {b"", b"a=b"}:
        monkeypatch.setenv(tokens.VARIABLE, content.decode())
        with pytest.raises(InvalidArgument, match="RST-166"):
            tokens.from_variable()
    with pytest.raises(InvalidArgument, match="RST-166"):
        tokens.read(str(tmp_path))
    with pytest.raises(InvalidArgument, match="RST-166"):
        tokens.read(str(tmp_path / "none"))


def test_calls_of_grpc_have_a_token() -> None:
    """RST-165: all but health are closed, and it is not told which methods are there."""
    models = v2.Models()
    models.add("m", lambda: Engine(lambda data, _: data))
    models.load("m")
    taken = tokens.Tokens([hashlib.sha256(b"one").digest()])
    server = over_grpc.serve(models, tokens=taken)
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
    health, reflection = "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"

    def code(method: str, body: bytes = b"", *metadata: tuple[str, str]) -> str:
        stream = method.endswith(("StreamInfer", "ServerReflectionInfo"))
        call: Any = (channel.stream_stream if stream else channel.unary_unary)(f"/{method}")
        try:
            if stream:
                next(call(iter([body]), metadata=metadata, timeout=PATIENCE))
            else:
                call(body, metadata=metadata, timeout=PATIENCE)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    try:
        body = infer_request(x=[1.0]).SerializeToString()
        for method in (f"{health}/Check", f"{SERVICE}/ServerLive", f"{SERVICE}/ServerReady"):
            assert code(method) == "OK"
        closed = {
            f"{SERVICE}/ModelInfer": body,
            f"{SERVICE}/ModelStreamInfer": body,
            f"{SERVICE}/ServerMetadata": b"",
            f"{SERVICE}/ModelMetadata": message("inference.ModelMetadataRequest")(
                name="m"
            ).SerializeToString(),
            f"{reflection}/ServerReflectionInfo": b"",
            f"{SERVICE}/None": b"",
        }
        for method, sent in closed.items():
            for wrong in (
                (),
                (("authorization", "Bearer two"),),
                (("authorization", "Bearer one"),) * 2,
                (("authorization-bin", b"Bearer one"),),
            ):
                assert code(method, sent, *wrong) == "UNAUTHENTICATED", method  # type: ignore[arg-type]
            right = "UNIMPLEMENTED" if method.endswith("None") else "OK"
            assert code(method, sent, ("authorization", "Bearer one")) == right, method
    finally:
        channel.close()
        server.stop(0)
