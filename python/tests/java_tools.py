"""Java for tests: the jars of the bridge, built once for all processes of a run."""

from __future__ import annotations

import fcntl
import http.client
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlmodel.bridges.jvm import jars as bridge

JAVA = Path(__file__).resolve().parents[2] / "java-bridge"


@cache
def jars() -> Path:
    """Return the folder of the jars; where no Java or Maven is, the test is skipped."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on PATH")
    folder = bridge.place()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".java-lock").open("w") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # two processes of Maven at once would be in each other's way
        return bridge.setup()


def started(*arguments: object) -> subprocess.Popen[str]:
    """Return the server in Java, which says in its first line that it is ready, and where."""
    line = [bridge.java(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(jars() / "mlmodel-bridge.jar")]  # fmt: skip
    return subprocess.Popen(
        [*line, "serve", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ask(
    port: int,
    path: str,
    body: str | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[http.client.HTTPResponse, Any]:
    """Return what a server answers, and what its body says: JSON, unless headers say otherwise."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    sent = {"Content-Type": "application/json"} if headers is None else headers
    connection.request("GET" if body is None else "POST", path, body, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    is_json = answer.getheader("Content-Type") == "application/json"
    return answer, json.loads(text) if is_json else text
