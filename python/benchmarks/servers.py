"""Starts the servers of all sides; measures how soon they answer and what they hold.

Servers listen on free ports of loopback, lead a process group of their own, and are ended by
its id.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench import HERE, last_words
from commands import unpickle
from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Sample, Samples, interleave, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row

_LIMIT = 120.0
#: Behind the name of a model: how it is served beside a floor that is our own server, too. Behind
#: the second wall; its requests put together; by two workers.
WALLED, BATCHED, DOUBLED = "+walled", "+batched", "+doubled"
_WAYS = {
    WALLED: {OURS: ["--sandbox", "on"], FLOOR: ["--sandbox", "off"]},
    BATCHED: {OURS: ["--batch-max-rows", "64", "--row-wise", "forest"], FLOOR: []},
    DOUBLED: {OURS: ["--workers", "2"], FLOOR: ["--workers", "1"]},
}
HOST = "127.0.0.1"
#: The one request of the memory row.
_IRIS = {
    "columns": [
        f"{part} {size} (cm)" for part in ("sepal", "petal") for size in ("length", "width")
    ],
    "data": [[5.1, 3.5, 1.4, 0.2]],
}
IRIS_BODY = json.dumps({"dataframe_split": _IRIS}).encode()


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds: float) -> None:
        self.process, self.port, self.ready_after = process, port, seconds
        self.url = f"http://{HOST}:{port}/invocations"

    def post(self, body: bytes) -> object:
        """Return the answer to one request.

        Raises:
            CannotMeasure: the server refused it.

        """
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_LIMIT)
        try:
            connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read().decode()
        except OSError as error:
            raise CannotMeasure(f"the server did not answer: {error}") from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise CannotMeasure(f"status {response.status}: {answer[:200]}")
        return json.loads(answer)["predictions"]


def command_line(bench: Bench, side: str, model: str, port: int) -> list[str]:
    """Return what starts a side's server for one of its models."""
    if side == MLFLOW and bench.before is not None:
        return command_line(bench.before, OURS, model, port)
    name, plus, way = model.partition("+")
    if plus:
        return [*command_line(bench, OURS, name, port), *_WAYS[plus + way][side]]
    path = bench.models(side) / model
    if side == FLOOR:
        pickled = [str(path / "model.pkl")] if model == "iris" else []
        return [bench.python(side), str(HERE / "floor_server.py"), str(port), *pickled]
    options = ["serve", "-m", str(path), "-p", str(port)]
    if side == MLFLOW:
        return [*bench.command(side), "models", *options, "--env-manager", "local"]
    return [*bench.command(side), *options]


@contextmanager
def serving(bench: Bench, side: str, model: str) -> Iterator[Server]:
    """Start a server, wait for the first success of /ping, and end it afterwards.

    Raises:
        CannotMeasure: it ended, or was not ready in time.

    """
    port = free_port()
    command = command_line(bench, side, model, port)
    with running(bench, side, model, command, partial(_pings, port)) as (process, seconds):
        yield Server(process, port, seconds)


@contextmanager
def running(
    bench: Bench, side: str, name: str, command: list[str], ready: Callable[[], bool]
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Start a server, wait until it is ready, and end it afterwards.

    Yields:
        Its process, and how many seconds it took until it was ready.

    Raises:
        CannotMeasure: it ended, or was not ready in time.

    """
    log = bench.work / f"server-{side}-{name}.log"
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=bench.environ(side),
            cwd=bench.work,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(process, ready, log)
            yield process, time.perf_counter() - start
        finally:
            end(process)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    """Ask every few milliseconds until a server is ready."""
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = last_words(log.read_text(errors="replace"))
            raise CannotMeasure(f"the server ended with exit code {process.returncode}: {last}")
        if ready():
            return
        time.sleep(0.005)
    raise CannotMeasure(f"the server was not ready within {_LIMIT:g} s")


def _pings(port: int) -> bool:
    return answers(port, "/ping")


def answers(port: int, path: str) -> bool:
    """Return whether a server answers a path with success."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(port: int) -> bool:
    """Return whether a server takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process group that we started: first politely, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=5)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def memory(root: int) -> tuple[float, int]:
    """Return the memory of a process and its descendants in MiB, and how many there are.

    Shared pages count once: the sum of proportional set sizes, as Linux tells them.
    """
    tree, total = descendants(root), 0
    for process in tree:
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:  # ended meanwhile
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return total / 1024, len(tree)


def descendants(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command in brackets may hold anything; what counts stands after it.
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
    tree = [root]
    for process in tree:  # grows while it is walked
        tree.extend(child for child, parent in parents.items() if parent == process)
    return tree


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Start each side's server some times: when it is ready, and what it holds after a request."""
    say(f"measuring {', '.join(row.id for row in rows)}")
    walled_rows = [row for row in rows if row.id.startswith("walled")]
    plain_rows = [row for row in rows if row not in walled_rows]
    rounds = max(row.quick_rounds if bench.quick else row.rounds for row in rows)
    plain = {
        OURS: partial(_start, bench, OURS),
        MLFLOW: partial(_start, bench, MLFLOW),
        FLOOR: partial(_unpickle, bench),
    }
    walled = {side: partial(_start, bench, side, "iris" + WALLED) for side in (OURS, FLOOR)}
    for group, sides in ((plain_rows, plain), (walled_rows, walled)):
        samples = interleave(sides, rounds) if group else Samples()
        for row in group:
            yield row, _only(samples, row)


def _only(both: Samples, row: Row) -> Samples:
    """Split what one start gave into the row's figures."""
    key = "memory" if row.id == "idle-memory" else "ready"
    return Samples(
        {
            side: [{**sample, "value": sample[key]} for sample in samples if key in sample]
            for side, samples in both.sides.items()
        },
        both.failures,
    )


def _start(bench: Bench, side: str, model: str = "iris") -> Sample:
    with serving(bench, side, model) as server:
        server.post(IRIS_BODY)
        time.sleep(1)
        size, processes = memory(server.process.pid)
        return {"ready": server.ready_after * 1e3, "memory": size, "processes": processes}


def _unpickle(bench: Bench) -> Sample:
    start = time.perf_counter()
    bench.run(FLOOR, unpickle(bench))
    return {"ready": (time.perf_counter() - start) * 1e3}
