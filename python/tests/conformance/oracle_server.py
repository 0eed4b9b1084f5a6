"""A server that knows the answers, and is wrong on purpose where it is told to be.

``python oracle_server.py VECTORS MODEL PORT [MODE]``: it answers the requests of cases of ``score``
with what is expected; a request whose body has ``"odd"`` in it gets what ``MODE`` names.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


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
            self.answer(200 if mode != "not-ready" else 503, {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if "odd" in body:
                if mode == "hang":
                    time.sleep(3600)
                if mode == "break-off":
                    self.connection.close()
                    return
                if mode == "garbage":
                    self.answer(200, None, b"<html>")
                    return
            (case,) = (one for one in cases if one["input"]["request"].get("body") == body)
            expected = case["expected"]
            error = {key: expected[key] for key in ("error_code", "details") if key in expected}
            self.answer(expected["status"], error or expected["body"])

        def answer(self, status, value, body=None):
            body = json.dumps(value).encode() if body is None else body
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
