"""Load on a server with wrk: one request repeated for some seconds over some connections."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from pairing import CannotMeasure, Sample, say

if TYPE_CHECKING:
    from pathlib import Path

_SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = {body}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\n{{"requests": %d, "microseconds": %d, "p50": %f, "failed": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def find() -> str:
    """Return wrk's path; install it where it is missing and we may.

    Raises:
        CannotMeasure: it is not there and could not be installed.

    """
    found = shutil.which("wrk")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing wrk")
        for command in (["update"], ["install", "-y", "--no-install-recommends", "wrk"]):
            subprocess.run(
                ["apt-get", "-qq", *command],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                check=False,
            )
        found = shutil.which("wrk")
    if found is None:
        raise CannotMeasure("wrk is not installed (Debian: apt-get install wrk)")
    return found


def script(folder: Path, name: str, body: bytes) -> Path:
    """Write the Lua script that posts ``body`` and prints the result as JSON."""
    path = folder / f"{name}.lua"
    path.write_text(_SCRIPT.format(body=lua_string(body.decode())))
    return path


def lua_string(text: str) -> str:
    """Return a Lua literal of any text: long brackets that do not occur in it."""
    level = 0
    while f"]{'=' * level}]" in text + "]":
        level += 1
    equals = "=" * level
    # Lua drops a line break right after the opening bracket.
    return f"[{equals}[\n{text}]{equals}]"


def burst(wrk: str, url: str, lua: Path, connections: int, seconds: float) -> Sample:
    """Load the server once; return requests per second and the median latency in ms.

    Raises:
        CannotMeasure: a request failed or was not answered with success.

    """
    done = subprocess.run(
        [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(lua), url],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    if done.returncode:
        raise CannotMeasure(f"wrk ended with exit code {done.returncode}: {done.stderr[:200]}")
    return read_result(done.stdout)


def read_result(output: str) -> Sample:
    """Read what the script wrote at the end of wrk's output."""
    result = json.loads(output.strip().splitlines()[-1])
    if result["failed"] or not result["requests"]:
        raise CannotMeasure(f"{result['failed']} of {result['requests']} requests failed")
    return {
        "value": result["requests"] / result["microseconds"] * 1e6,
        "p50": result["p50"] / 1e3,
    }
