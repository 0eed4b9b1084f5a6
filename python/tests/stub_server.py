"""A server for the tests of clients: a list of answers, and what it was asked."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = {"Content-Type": "application/json"}


@dataclass
class Asked:
    """One request, as it came; ``peer`` is the connection's other end."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: Any


@dataclass
class Stub:
    """A server that runs; ``answer`` gives status, headers and body, and may be changed."""

    url: str
    answer: Callable[[Asked], tuple[int, dict[str, str], bytes] | None]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def stub(answer: Callable[[Asked], tuple[int, dict[str, str], bytes] | None]) -> Iterator[Stub]:
    """Run a server; None as an answer closes the connection without one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Asked(self.command, self.path, headers, body, self.client_address)
            made.asked.append(one)
            told = made.answer(one)
            if told is None:
                self.close_connection = True
                return
            status, headers, content = told
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - as the base class asks for them

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Stub(f"http://127.0.0.1:{server.server_address[1]}", answer)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def predictions(values: Any) -> tuple[int, dict[str, str], bytes]:
    """Return the answer with these predictions."""
    return 200, JSON, json.dumps({"predictions": values}).encode()
