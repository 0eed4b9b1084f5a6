"""A server that knows the answers, and is wrong on purpose where it is told to be.

``python oracle_server.py VECTORS MODEL PORT [MODE]``: it answers the requests of cases of ``score``
with what is expected; a request whose body has ``"odd"`` in it gets what ``MODE`` names.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONTENT_TYPES = {"charset": "Application/JSON; charset=utf-8"}


def main(vectors, model, port, mode="right"):
    if mode == "no-start":
        sys.exit("no licence")
    assert "conformance:" in (Path(model) / "MLmodel").read_text()
    cases = [
        case
        for path in Path(vectors).rglob("*.json")
        for case in json.loads(path.read_text())["cases"]
        if "request" in case["input"]
    ]
    started = Path(vectors).parent / "started"
    with started.open("a") as file:
        file.write(f"{Path(model).name}\n")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if mode == "not-ready-slowly":
                self.trickle()
            self.answer(200 if mode != "not-ready" else 503, {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if "odd" in body:
                if mode == "hang":
                    time.sleep(3600)
                if mode == "break-off":
                    self.connection.close()
                    return
                if mode in WITHOUT_END:
                    WITHOUT_END[mode](self)
                    return
                if mode == "short":
                    self.answer(200, None, b"{}", length=10)
                    return
                if mode == "garbage":
                    self.answer(200, None, b"<html>")
                    return
            (case,) = (one for one in cases if one["input"]["request"].get("body") == body)
            expected = case["expected"]
            error = {key: expected[key] for key in ("error_code", "details") if key in expected}
            self.answer(expected["status"], error or expected["body"])

        def trickle(self):
            """Send a byte now and then, always before anybody stops waiting for it."""
            self.write_on(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[", b"1", 0.2)

        def trickle_head(self):
            self.write_on(b"HTTP/1.1 200 OK\r\nA: ", b"a", 0.2)

        def flood(self):
            self.write_on(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 2**20, 0)

        def write_on(self, first, more, pause):
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(first)
                while True:
                    self.wfile.write(more)
                    time.sleep(pause)

        def answer(self, status, value, body=None, length=None):
            body = json.dumps(value).encode() if body is None else body
            self.send_response(status)
            self.send_header("Content-Type", CONTENT_TYPES.get(mode, "application/json"))
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    WITHOUT_END = {
        "trickle": Handler.trickle,
        "trickle-head": Handler.trickle_head,
        "flood": Handler.flood,
    }
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
