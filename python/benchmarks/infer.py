"""Measures the Open Inference Protocol under load, over HTTP and gRPC, all sides in turns.

In MLflow's place stands MLServer, for MLflow does not speak it.
"""

from __future__ import annotations

import http.client
import json
import subprocess
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import wrk
from bench import HERE
from environments import environment_of, ghz
from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Sample, Samples, interleave, say
from servers import HOST, answers, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench import Bench
    from rows import Row

#: One tensor for each column, with one row of one element.
_TENSORS = {f"c{place}": 0.25 * place for place in range(4)}
_PATH = "/v2/models/few/infer"
_CALL = "inference.GRPCInferenceService/ModelInfer"
_PROTOCOL = HERE.parents[1] / "proto" / "inference" / "grpc_service.proto"


class Ports(NamedTuple):
    """Where a side listens."""

    http: int
    grpc: int


def measure(bench: Bench, rows: Sequence[Row]) -> Iterator[tuple[Row, Samples]]:
    """Measure the rows, on servers that they share."""
    with ExitStack() as stack:
        ports: dict[str, Ports] = {}
        failures: dict[str, str] = {}
        say("starting the servers of the Open Inference Protocol")
        for side in (OURS, MLFLOW, FLOOR):
            ports[side] = Ports(free_port(), free_port())
            try:
                command = _command_line(bench, side, ports[side])
                ready = partial(_ready, side, ports[side])
                # MLServer's environment is not MLflow's: all run with the variables of ours.
                stack.enter_context(running(bench, OURS, f"infer-{side}", command, ready))
            except CannotMeasure as error:
                failures[side] = str(error)
        for row in rows:
            say(f"measuring {row.id}")
            yield row, _measure_row(bench, row, ports, failures)


def _command_line(bench: Bench, side: str, ports: Ports) -> list[str]:
    if side == FLOOR:
        return [bench.python(side), str(HERE / "floor_grpc.py"), str(ports.grpc)]
    if side == MLFLOW and bench.before is None:
        return _mlserver(bench, ports)
    one = bench if side == OURS or bench.before is None else bench.before
    listening = ["-p", str(ports.http), "--grpc-port", str(ports.grpc)]
    return [*one.command(OURS), "serve", "-m", str(one.models(OURS) / "few"), *listening]


def _mlserver(bench: Bench, ports: Ports) -> list[str]:
    python, folder = environment_of("v2-clients"), bench.work / "models-mlserver"
    bench.run(OURS, [str(python), str(HERE / "models_mlserver.py"), str(folder)])
    settings = folder / "settings.json"
    own = {"host": HOST, "http_port": ports.http, "grpc_port": ports.grpc}
    settings.write_text(json.dumps({**json.loads(settings.read_text()), **own}))
    return [str(python.parent / "mlserver"), "start", str(folder)]


def _ready(side: str, ports: Ports) -> bool:
    over_http = side == FLOOR or answers(ports.http, "/v2/health/ready")
    return over_http and listens(ports.grpc)


def _measure_row(
    bench: Bench, row: Row, ports: dict[str, Ports], failures: dict[str, str]
) -> Samples:
    _, protocol, connections = row.id.split("-")
    make = {"http": _over_http, "grpc": _over_grpc}[protocol]
    sides = (OURS, MLFLOW, FLOOR) if protocol == "grpc" else (OURS, MLFLOW)
    failed = {side: failures[side] for side in sides if side in failures}
    given: dict[str, Any] = {}
    samplers: dict[str, Callable[[], Sample]] = {}
    for side in sides:
        if side in failed:
            continue
        try:
            fire, given[side] = make(bench, row, ports[side], int(connections[1:]))
            fire(1)  # warms up
        except CannotMeasure as error:
            failed[side] = str(error)
        else:
            samplers[side] = partial(fire, bench.burst)
    if OURS in samplers and given[OURS] != [_TENSORS["c0"]]:
        # A fast wrong answer is not a figure.
        del samplers[OURS]
        failed[OURS] = f"answers {str(given[OURS])[:80]}"
    samples = interleave(samplers, row.quick_rounds if bench.quick else row.rounds)
    samples.failures.update(failed)
    return samples


def _over_http(
    bench: Bench, row: Row, ports: Ports, connections: int
) -> tuple[Callable[[float], Sample], Any]:
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [1, 1], "data": [value]}
        for name, value in _TENSORS.items()
    ]
    body = json.dumps({"inputs": inputs}).encode()
    url = f"http://{HOST}:{ports.http}{_PATH}"
    fire = partial(wrk.burst, wrk.find(), url, wrk.script(bench.work, row.id, body), connections)
    connection = http.client.HTTPConnection(HOST, ports.http, timeout=60)
    try:
        connection.request("POST", _PATH, body, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    except (OSError, ValueError) as error:
        raise CannotMeasure(f"the server did not answer: {error}") from error
    finally:
        connection.close()
    return fire, answer.get("outputs", [answer])[0].get("data")


def _over_grpc(
    bench: Bench, row: Row, ports: Ports, connections: int
) -> tuple[Callable[[float], Sample], Any]:
    import grpc
    import numpy as np

    from mlmodel._proto import message

    request = message("ModelInferRequest", "inference")(model_name="few")
    for name, value in _TENSORS.items():
        request.inputs.add(name=name, datatype="FP64", shape=[1, 1])
        request.raw_input_contents.append(np.float64(value).tobytes())
    body = bench.work / f"{row.id}.bin"
    body.write_bytes(request.SerializeToString())
    read = message("ModelInferResponse", "inference").FromString
    with grpc.insecure_channel(f"{HOST}:{ports.grpc}") as channel:
        try:
            answer = channel.unary_unary(f"/{_CALL}", response_deserializer=read)(
                body.read_bytes(), timeout=60
            )
        except grpc.RpcError as error:
            raise CannotMeasure(f"the server did not answer: {error.details()}") from error
    fire = partial(calls, ports.grpc, body, connections)
    raw = b"".join(answer.raw_output_contents)
    told = np.frombuffer(raw).tolist() or list(answer.outputs[0].contents.fp64_contents)
    return fire, told


def calls(port: int, body: Any, connections: int, seconds: float) -> Sample:
    """Call a server for so long; return calls per second and the median latency in ms.

    Raises:
        CannotMeasure: a call failed.

    """
    command = [
        str(ghz()), "--insecure", "--proto", str(_PROTOCOL), "--call", _CALL,
        "--binary-file", str(body), "--concurrency", str(connections), "--connections",
        str(connections), "--duration", f"{seconds:g}s", "--duration-stop", "wait", "--cpus", "1",
        "--format", "json", f"{HOST}:{port}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    if done.returncode:
        raise CannotMeasure(f"ghz ended with exit code {done.returncode}: {done.stderr[:200]}")
    told = json.loads(done.stdout)
    failed = {code: n for code, n in told["statusCodeDistribution"].items() if code != "OK"}
    if failed:
        raise CannotMeasure(f"calls failed: {failed}")
    (median,) = (one for one in told["latencyDistribution"] if one["percentage"] == 50)
    return {"value": told["rps"], "p50": median["latency"] / 1e6, "count": told["count"]}
