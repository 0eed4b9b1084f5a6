"""Real servers that predict requests together, by every protocol (RST-170 to RST-174)."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import grpc
import pytest
from grpc_client import PATIENCE, SERVICE, infer_request, message

import mlmodel.pyfunc
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

pytestmark = pytest.mark.slow

READY = re.compile(r"mlmodel: ready at http://127\.0\.0\.1:(\d+)(?:, for gRPC at (\S+))?")


class Company(mlmodel.pyfunc.PythonModel):
    """Says of each row what it is, and with how many others it was asked; fails where told to."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        import os
        import time

        rows = model_input["a"].tolist()
        if -1 in rows:
            os.abort()
        if -2 in rows:
            raise ValueError
        time.sleep(0.03)
        return model_input.assign(n=float(len(rows)))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    declared: dict[str, Any] = {"plain": None, "declared": {"mlmodel": {"row_wise": True}}}
    for name, metadata in declared.items():
        mlmodel.pyfunc.save_model(
            folder / name, python_model=Company(), signature=signature, metadata=metadata
        )
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return {name: folder / name for name in declared}


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], found: re.Match[str]) -> None:
        self.process = process
        self.port, self.grpc = int(found[1]), found[2]
        self.channel = grpc.insecure_channel(self.grpc) if self.grpc else None

    def _post(self, path: str, body: Any) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def rest(self, row: float, path: str = "/invocations") -> Any:
        status, told = self._post(path, {"inputs": {"a": [row]}})
        return tuple(told["predictions"][0].values()) if status == 200 else status

    def metrics(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    def v2(self, row: float) -> Any:
        tensor = {"name": "a", "datatype": "FP64", "shape": [1], "data": [row]}
        status, told = self._post("/v2/models/m/infer", {"inputs": [tensor]})
        return tuple(one["data"][0] for one in told["outputs"]) if status == 200 else status

    def rpc(self, row: float) -> Any:
        assert self.channel is not None
        call = self.channel.unary_unary(f"/{SERVICE}/ModelInfer")
        try:
            answer = call(infer_request("m", a=[row]).SerializeToString(), timeout=PATIENCE)
        except grpc.RpcError as error:
            return error.code().name
        told = message("inference.ModelInferResponse").FromString(answer)
        return tuple(one.contents.fp64_contents[0] for one in told.outputs)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "mlmodel", "serve", "-p", "0", "--trust", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = READY.match(line := process.stdout.readline())
        assert found, (line, process.communicate())
        yield Server(process, found)
    finally:
        process.terminate()
        process.communicate()


def at_once(asks: list[Any], rows: int = 48) -> list[tuple[float, Any]]:
    """Return answers to the rows 0, 1, … each asked by one of some ways, sixteen at a time."""
    gate = threading.Barrier(16)

    def ask(row: int) -> tuple[float, Any]:
        if row < 16:
            gate.wait(PATIENCE)
        return float(row), asks[row % len(asks)](float(row))

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(ask, range(rows)))


@pytest.mark.parametrize("more", [(), ("--threads", "1"), ("--isolate", "--threads", "2")])
def test_requests_of_every_protocol_are_predicted_together(
    models: dict[str, Path], more: tuple[str, ...]
) -> None:
    """RST-174: each gets its own rows, and most were asked with others."""
    options = ("-m", f"m={models['plain']}", "--row-wise", "m", "--batch-max-rows", "32")
    with serving(*options, "--grpc-port", "0", *more) as server:
        told = at_once([server.rest, server.v2, server.rpc])
        assert [answer[0] for _, answer in told] == [row for row, _ in told]
        assert max(answer[1] for _, answer in told) > 3
        assert max(answer[1] for _, answer in told) <= 32
        # Alone, it is asked alone.
        assert [ask(5.0) for ask in (server.rest, server.v2, server.rpc)] == [(5.0, 1.0)] * 3


@pytest.mark.parametrize("more", [(), ("--isolate",)])
def test_batches_are_seen_by_every_protocol(models: dict[str, Path], more: tuple[str, ...]) -> None:
    """RST-183: by two workers together, with the stage of each request and the sizes of all."""
    options = ("-m", f"m={models['plain']}", "--row-wise", "m", "--batch-max-rows", "32")
    seen = ("--metrics", "--access-log", "--log-format", "json", "--workers", "2")
    with serving(*options, *seen, "--grpc-port", "0", *more) as server:
        assert len(at_once([server.rest, server.v2, server.rpc])) == 48
        text, end = "", time.monotonic() + PATIENCE
        while 'mlmodel_batch_rows_sum{model="m"} 48.0' not in text and time.monotonic() < end:
            time.sleep(0.1)  # each worker adds its counts from time to time
            text = server.metrics()
        server.process.terminate()
        _, log = server.process.communicate()
    for name in ("batch_rows_sum", "batch_requests_sum", 'stage_seconds_count{stage="gather"}'):
        key, _, label = name.partition("{")
        labels = f'model="m",{label}' if label else 'model="m"}'
        assert f"mlmodel_{key}{{{labels} 48.0" in text, name
    count = re.search(r'mlmodel_batch_requests_count\{model="m"\} (\d+)', text)
    assert count is not None
    assert int(count[1]) < 40
    lines = [json.loads(line) for line in log.splitlines() if '"mlmodel.access"' in line]
    told = [(one["protocol"], one["batch"]) for one in lines if one["model"] == "m"]
    assert {protocol for protocol, _ in told} == {"rest", "v2", "grpc"}
    assert max(batch["requests"] for _, batch in told) > 1


def test_what_fails_costs_itself_alone(models: dict[str, Path]) -> None:
    """RST-172, RST-174: a crash in a process of its own, an exception, a wrong type."""
    options = ("-m", f"m={models['declared']}", "--batch-max-rows", "32")
    with serving(*options, "--grpc-port", "0", "--isolate", "--threads", "2") as server:

        def bad(row: float) -> Any:
            return server.rest([-1.0, -2.0, "x"][int(row) // 8 % 3])  # type: ignore[arg-type]

        def bad_rpc(row: float) -> Any:
            return server.rpc([-1.0, -2.0][int(row) // 8 % 2])

        asks = [*[server.rest, server.v2, server.rpc] * 2, bad, bad_rpc]
        told = at_once(asks, 64)
        right = [(row, answer) for row, answer in told if isinstance(answer, tuple)]
        assert len(right) == 48
        assert all(answer[0] == row for row, answer in right)
        assert {answer for _, answer in told if not isinstance(answer, tuple)} == {
            *(400, 500, "INTERNAL")
        }


def test_a_model_says_so_or_the_operator(models: dict[str, Path]) -> None:
    """RST-170: of two models one is declared; the other is asked by each request alone."""
    both = ("-m", f"m={models['declared']}", "-m", f"n={models['plain']}")
    with serving(*both, "--batch-max-rows", "32") as server:

        def first(row: float) -> Any:
            return server.rest(row, "/models/m/invocations")

        def second(row: float) -> Any:
            return server.rest(row, "/models/n/invocations")

        told = at_once([first, second])
        assert max(answer[1] for row, answer in told if row % 2 == 0) > 1
        assert {answer for row, answer in told if row % 2} == {
            (row, 1.0) for row, _ in told if row % 2
        }
    with serving("-m", f"m={models['declared']}") as server:
        assert {answer[1] for _, answer in at_once([server.rest])} == {1.0}
    with serving("-m", f"m={models['plain']}", "--batch-max-rows", "32") as server:
        assert {answer[1] for _, answer in at_once([server.rest])} == {1.0}
        server.process.terminate()
        assert "RST-170" in server.process.communicate()[1]


#: A flavor that says of itself what Prophet's does; a server loads it by its entry point.
SORTED = """
from mlmodel.flavors import Flavor

class Sorted(Flavor):
    name, loader_module, not_row_wise = "sorted", "own.sorted", "it sorts them"

    def detects(self, model): return False
    def save(self, model, root, options): raise NotImplementedError
    def load(self, folder, attributes): return None

    def predictor(self, model, attributes):
        return lambda data, params: data.sort_values("a").assign(n=float(len(data)))

FLAVOR = Sorted()
"""


def test_a_flavor_that_is_never_row_wise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: dict[str, Path]
) -> None:
    """RST-170: it would answer with another's rows, whoever declares it row-wise."""
    about = tmp_path / "site" / "of_sorted-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: of-sorted\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[mlmodel.flavors]\nsorted = of_sorted:FLAVOR\n")
    (tmp_path / "site" / "of_sorted.py").write_text(SORTED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)
    folder = tmp_path / "m"
    folder.mkdir()
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    mlmodel.models.Model(
        flavors={"python_function": {"loader_module": "own.sorted"}}, signature=signature
    ).save(folder / "MLmodel")
    with serving("-m", f"m={folder}", "--batch-max-rows", "32", "--row-wise", "m") as server:
        assert {answer[1] for _, answer in at_once([server.rest])} == {1.0}
        server.process.terminate()
        said = server.process.communicate()[1]
    assert "'m' is said to be row-wise and is not: it sorts them." in said
    assert "No model is declared" not in said


def test_a_name_that_no_model_has(models: dict[str, Path]) -> None:
    """RST-170."""
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(models["plain"]), "-p", "0"]
    for options, code in (
        (["--batch-max-rows", "9", "--row-wise", "other"], "RST-170"),
        (["--row-wise", "plain"], "--batch-max-rows"),
    ):
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert (done.returncode, code in done.stderr) == (2, True)
