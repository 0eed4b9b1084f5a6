"""A server that knows the answers, and is wrong on purpose where it is told to be.

``python oracle_server.py VECTORS MODEL PORT [MODE]``: it answers the requests of cases of ``score``
with what is expected; a request whose body has ``"odd"`` in it gets what ``MODE`` names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOREVER = 3600
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def hang(_):
    time.sleep(FOREVER)


def break_off(handler):
    handler.connection.close()


def garbage(handler):
    handler.answer(200, None, b"<html>")


def short(handler):
    handler.answer(200, None, b"{}", length=10)


def trickle(handler):
    """Send a byte now and then, always before anybody stops waiting for it."""
    write_on(handler, HEAD + b"\r\n[", b"1", 0.2)


def trickle_head(handler):
    write_on(handler, HEAD + b"A: ", b"a", 0.2)


def flood(handler):
    write_on(handler, HEAD + b"\r\n", b"x" * 2**20, 0)


def write_on(handler, first, more, pause):
    with suppress(OSError):  # whoever asked has gone
        handler.wfile.write(first)
        while True:
            handler.wfile.write(more)
            time.sleep(pause)


ODD = {
    "hang": hang,
    "break-off": break_off,
    "garbage": garbage,
    "short": short,
    "trickle": trickle,
    "trickle-head": trickle_head,
    "flood": flood,
}
CONTENT_TYPES = {"charset": "Application/JSON; charset=utf-8"}


class Handler(BaseHTTPRequestHandler):
    mode = "right"
    cases = ()
    notes: Path

    def do_GET(self):
        if self.mode == "not-ready-slowly":
            trickle(self)
        self.answer(200 if self.mode != "not-ready" else 503, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        note("asked", self.path)
        if "odd" in body and self.mode in ODD:
            ODD[self.mode](self)
            return
        (case,) = (one for one in self.cases if one["input"]["request"].get("body") == body)
        expected = case["expected"]
        error = {key: expected[key] for key in ("error_code", "details") if key in expected}
        self.answer(expected["status"], error or expected["body"])

    def answer(self, status, value, body=None, length=None):
        body = json.dumps(value).encode() if body is None else body
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPES.get(self.mode, "application/json"))
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def note(name, what):
    """Write a line for the test, into a file beside the vectors."""
    with (Handler.notes / name).open("a") as file:
        file.write(f"{what}\n")


def main(vectors, model, port, mode="right"):
    if mode == "no-start":
        sys.exit("no licence")
    assert "conformance:" in (Path(model) / "MLmodel").read_text()
    Handler.mode, Handler.notes = mode, Path(vectors).parent
    Handler.cases = [
        case
        for path in Path(vectors).rglob("*.json")
        for case in json.loads(path.read_text())["cases"]
        if "request" in case["input"]
    ]
    note("started", Path(model).name)
    note("processes", os.getpid())
    if mode == "with-child":
        note("processes", subprocess.Popen(["sleep", str(FOREVER)]).pid)
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
