"""Servers as what is asked: one that runs, or one that is started for each model.

A case of scoring wants a signature and a model. Its folder is written (:mod:`.served`), and either
a command serves it, or a server that runs has it already, by the folder's name. HTTP and gRPC are
how it is asked.
"""

from __future__ import annotations

import http.client
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlsplit

from .grpc_call import Channel
from .http_answers import body_of, media_type, score_result, v2_result
from .pipe import LONGEST_LINE
from .served import NAME, Served, served_by
from .subject import About, Answer, Broken, Failure, Skip, require_posix

if TYPE_CHECKING:
    from .cases import Case

__all__ = ["RunningServer", "StartedServer", "UnsentError", "exchange", "free_port"]


class _Way(NamedTuple):
    """How a server is asked, and which cases it is asked so."""

    says: str
    operations: tuple[str, ...]
    profiles: tuple[str, ...]


_HTTP = _Way("HTTP", ("score", "score-v2"), ("scoring", "v2"))
_GRPC = _Way("gRPC", ("score-grpc",), ("grpc",))
_MODEL, _GRPC_PORT = "{model}", "{grpc_port}"
#: The path of a model of the Open Inference Protocol; what is found is the name in it.
_MODEL_PATH = re.compile(rf"(?<=^/v2/models/){NAME}(?=[/?]|$)")
#: Answers that the runner cannot read without a library.
_COLUMNAR = ("application/vnd.apache.", "application/x-parquet")
_PAUSE = 0.1
_FAREWELL = 10.0


class _Server:
    """What is asked, and does not say itself what it is."""

    _name: str
    _ways: tuple[_Way, ...] = (_HTTP,)

    def start(self) -> About:
        """Say what is asked."""
        implementation, _, version = self._name.partition(" ")
        over = f"over {' and '.join(way.says for way in self._ways)}"
        operations = [one for way in self._ways for one in way.operations]
        profiles = [one for way in self._ways for one in way.profiles]
        return About(implementation, version or "unknown", over, tuple(operations), tuple(profiles))

    def ask(self, case: Case) -> Answer | Skip | Failure:
        """Send the request of a case to a server that has its model."""
        served = served_by(case)
        return Skip(served) if isinstance(served, str) else self._ask(case, served)

    def _ask(self, case: Case, served: Served) -> Answer | Skip | Failure:
        raise NotImplementedError


class RunningServer(_Server):
    """A server that runs, and that has the models.

    Args:
        url: its address, of HTTP or gRPC; ``{model}`` stands for the name of a model's folder.
        name: what it is called in a report; behind a space, its version.
        timeout: how long it may take for one case, in seconds.
        called: the name by which the Open Inference Protocol and gRPC call the model on this
            server; ``{model}`` stands for the name of its folder.

    """

    def __init__(self, url: str, *, name: str, timeout: float, called: str = NAME) -> None:
        self._url, self._called = url, called
        self._name = name
        self._timeout = timeout
        self._only: Served | None = None
        self._channel: Channel | None = None
        if not _is_address(url):
            raise Broken(
                f"{url} is not an address of a server (http://host:port or grpc://host:port)."
            )
        if urlsplit(url).scheme == "grpc":
            self._channel = Channel(urlsplit(url).netloc, timeout)
            self._ways = (_GRPC,)

    def _ask(self, case: Case, served: Served) -> Answer | Skip | Failure:
        by_name = case.operation != "score" and _MODEL in self._called
        if not by_name and _MODEL not in self._url:
            self._only = self._only or served
            if served != self._only:
                return Skip(f"the server has one model ({self._only.name}); name it by --model")
        called = self._called.replace(_MODEL, served.name)
        if self._channel is not None:
            return self._channel.ask(case, called)
        return _asked(self._url.replace(_MODEL, served.name), case, self._timeout, called)

    def stop(self) -> None:
        """Close the connection; the server was there before."""
        if self._channel is not None:
            self._channel.close()


def _is_address(url: str) -> bool:
    """Return whether an address can be asked; gRPC's has nothing but host and port."""
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:  # the port is no number, or none that there is
        return False
    is_grpc = place.scheme == "grpc" and port and not place.path.strip("/")
    return bool(place.hostname and (place.scheme == "http" or is_grpc))


class StartedServer(_Server):
    """A server that is started for each model.

    Args:
        command: the command line; ``{model}`` is the folder, ``{port}`` the port to listen at on
            this machine, ``{grpc_port}`` the one for gRPC (with which it is asked so, too),
            ``{name}`` the name that requests of the Open Inference Protocol use.
        name: what it is called in a report; behind a space, its version.
        timeout: how long it may take for one case, in seconds.
        ready: the path that answers 200 when it is ready.
        start_timeout: how long it may take to be ready.

    """

    def __init__(
        self, command: str, *, name: str, timeout: float, ready: str, start_timeout: float = 120.0
    ) -> None:
        require_posix("a server that it starts")
        missing = [one for one in (_MODEL, "{port}") if one not in command]
        if missing:
            raise Broken(f"The command names no {' and no '.join(missing)}.")
        self._command = shlex.split(command)
        self._name = name
        self._timeout = timeout
        self._ready = ready
        self._start_timeout = start_timeout
        self._work = tempfile.TemporaryDirectory(prefix="conformance-")
        self._serves: Served | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._failed = ""  # why what it should serve is not served
        self._port = self._grpc_port = 0
        self._channel: Channel | None = None
        if _GRPC_PORT in command:
            self._ways = (_HTTP, _GRPC)

    def _ask(self, case: Case, served: Served) -> Answer | Skip | Failure:
        if served != self._serves or (self._process and self._process.poll() is not None):
            self._end()
            self._serves, self._failed = served, self._begin(served)
        if self._failed:
            return Failure(self._failed)
        said = self._said(case)
        if isinstance(said, Failure):  # a server that hangs is not asked again
            self._end()
        return said

    def _said(self, case: Case) -> Answer | Skip | Failure:
        if case.operation not in _GRPC.operations:
            return _asked(f"http://127.0.0.1:{self._port}", case, self._timeout)
        if self._channel is None:
            self._channel = Channel(f"127.0.0.1:{self._grpc_port}", self._timeout)
        return self._channel.ask(case)

    def stop(self) -> None:
        """End the server and remove the models."""
        self._end()
        self._work.cleanup()

    def _begin(self, served: Served) -> str:
        """Start the server of a model; return what went wrong, or an empty text."""
        self._port, self._grpc_port = free_port(), free_port()
        stands_for = {
            _MODEL: str(served.write(Path(self._work.name))),
            "{port}": str(self._port),
            _GRPC_PORT: str(self._grpc_port),
            "{name}": NAME,
        }
        log = Path(self._work.name) / "log"
        try:
            with log.open("wb") as said:
                self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                    [_filled(part, stands_for) for part in self._command],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            return f"The server cannot be started: {error.strerror}."
        if self._is_ready():
            return ""
        words = log.read_bytes()[-1000:].decode("utf-8", "backslashreplace").strip()
        self._end()
        return f"The server did not get ready ({self._ready}). Its last words: {words}"

    def _is_ready(self) -> bool:
        deadline = time.monotonic() + self._start_timeout
        while self._process and self._process.poll() is None:
            left = min(self._timeout, deadline - time.monotonic())
            if left <= 0 or self._answers_ready(left):
                return left > 0
            time.sleep(_PAUSE)
        return False

    def _answers_ready(self, timeout: float) -> bool:
        address = ("127.0.0.1", self._port)
        try:
            status, _, _ = exchange(*address, "GET", self._ready, {}, b"", timeout)
        except UnsentError as error:
            raise Broken(f"{self._ready} cannot be asked: {error}.") from None
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return status == http.HTTPStatus.OK

    def _end(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process, self._serves = None, None


def _filled(part: str, stands_for: dict[str, str]) -> str:
    for name, value in stands_for.items():
        part = part.replace(name, value)
    return part


def free_port() -> int:
    """Return a port of 127.0.0.1 at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _asked(url: str, case: Case, timeout: float, called: str = NAME) -> Answer | Skip | Failure:
    """Send the request of a case and read the answer; ``called`` is the model's name there."""
    request, place = case.input["request"], urlsplit(url)
    path = place.path.rstrip("/") + _MODEL_PATH.sub(quote(called), request["path"])
    address = (place.hostname or "", place.port or 80)
    method, headers = request["method"], request["headers"]
    try:
        answer = exchange(*address, method, path, headers, body_of(request), timeout)
        return _read_as(_form(case), *answer, called)
    except UnsentError as error:
        return Skip(str(error))
    except TimeoutError:
        return Failure(f"The server did not answer within {timeout:g} s.")
    except (OSError, http.client.HTTPException) as error:
        return Failure(f"The server broke off: {error!r}")
    except ValueError as error:
        return Failure(f"The server's answer cannot be read: {error}")


def _form(case: Case) -> str:
    """Return the operation as whose answer one is read: outside of V2 errors have another form."""
    path = case.input["request"]["path"]
    return case.operation if path.startswith("/v2/") or path == "/v2" else "score"


def _read_as(
    operation: str, status: int, headers: list[tuple[str, str]], body: bytes, called: str
) -> Answer | Skip:
    if operation == "score-v2":
        return Answer(_called_as_asked(v2_result(status, headers, body), called))
    types = [value for name, value in headers if name.lower() == "content-type"]
    if types and media_type(types[0]).startswith(_COLUMNAR):
        return Skip("the runner does not read Arrow and Parquet")
    return Answer(score_result(status, headers, body, {}))


def _called_as_asked(result: dict[str, Any], called: str) -> dict[str, Any]:
    """Return an answer in which the model has the name that the cases have for it."""
    held = result.get("body")
    if isinstance(held, dict):
        held |= {key: NAME for key in ("name", "model_name") if held.get(key) == called}
    return result


def exchange(
    host: str,
    port: int,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    timeout: float,
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Send one request with these headers, and no other than what HTTP needs.

    Raises:
        UnsentError: HTTP cannot carry it; nothing was sent.
        OSError, http.client.HTTPException: there is no answer, or not within the time.
        ValueError: the answer is a flood.

    """
    deadline = time.monotonic() + timeout
    connection: Any = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        _put(connection, method, path, headers)
        connection.putheader("Content-Length", str(len(body)))
        connection.connect()
        connection.sock = _Timed(connection.sock, deadline)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), _read(answer)
    finally:
        connection.close()


class UnsentError(Exception):
    """A request that HTTP cannot carry."""


def _put(connection: Any, method: str, path: str, headers: dict[str, str]) -> None:
    """Write down the head of a request; nothing is sent yet."""
    try:
        connection.putrequest(method, path.replace(" ", "%20"), skip_accept_encoding=True)
    except (ValueError, http.client.InvalidURL):
        raise UnsentError("HTTP cannot carry this method and path") from None
    for name, value in headers.items():
        if name.lower() == "content-length":
            continue
        unsent = UnsentError(f"HTTP cannot carry this header: {name}")
        if value != value.strip(" \t"):  # who reads it takes spaces off
            raise unsent
        try:
            connection.putheader(name, value)
        except ValueError:  # it is not Latin-1, or would be two lines
            raise unsent from None


class _Timed(socket.socket):
    """A socket that is read until a moment, in however many pieces its data come."""

    def __init__(self, given: socket.socket, deadline: float) -> None:
        super().__init__(fileno=given.detach())
        self._deadline = deadline
        self._wait_no_longer()  # for sending, which has one limit by itself

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        """Receive what is there, or wait for the rest of the time."""
        self._wait_no_longer()
        return super().recv_into(*arguments, **options)

    def _wait_no_longer(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return the body of an answer, which may be as long as a line of a harness."""
    body = answer.read(LONGEST_LINE + 1)
    if len(body) > LONGEST_LINE:
        raise ValueError(f"it has more than {LONGEST_LINE} bytes")
    if answer.length:  # asked for a number of bytes, read() does not tell that some are missing
        raise http.client.IncompleteRead(body, answer.length)
    return body
