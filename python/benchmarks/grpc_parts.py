"""What one call over gRPC costs the server, part by part: parts are added one at a time.

``python grpc_parts.py [--rounds N] [--seconds S] [--connections N] [STEP …]`` asks one row of four
doubles of each step's server in turns, and prints the processor time of its process for one call,
and what this is beside the bare servicer; then the parts between the message's bytes and those of
the answer, in this process, where nothing else has the processor's caches. ``python grpc_parts.py
--serve STEP PORT`` is one of the servers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_COLUMNS = {f"c{place}": 0.25 * place for place in range(4)}
_SERVICE, _METHOD = "inference.GRPCInferenceService", "ModelInfer"
_THREADS = 8


def request() -> bytes:
    """Return one row of four doubles as raw contents, encoded."""
    import numpy as np

    from mlmodel._proto import message

    made = message("ModelInferRequest", "inference")(model_name="few")
    for name, value in _COLUMNS.items():
        made.inputs.add(name=name, datatype="FP64", shape=[1, 1])
        made.raw_input_contents.append(np.float64(value).tobytes())
    encoded: bytes = made.SerializeToString()
    return encoded


# -- the servers -------------------------------------------------------------------------------


def _bare(behavior: Callable[..., Any], port: int, *, stream: bool = False) -> None:
    """Serve bytes on grpcio's threads, with nothing of ours around them."""
    import grpc

    kind = grpc.stream_unary_rpc_method_handler if stream else grpc.unary_unary_rpc_method_handler
    server = grpc.server(ThreadPoolExecutor(_THREADS))
    handlers = grpc.method_handlers_generic_handler(_SERVICE, {_METHOD: kind(behavior)})
    server.add_generic_rpc_handlers((handlers,))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    threading.Event().wait()


def _constant(_request: object, _context: object) -> bytes:
    return _ANSWER


def _constant_of_stream(requests: Any, _context: object) -> bytes:
    next(requests)
    return _ANSWER


def _aio_constant(port: int) -> None:
    import floor_grpc

    async def answer(_request: bytes, _context: object) -> bytes:
        return _ANSWER

    asyncio.run(floor_grpc.serve(port, answer))


def _floor(port: int) -> None:
    import floor_grpc

    asyncio.run(floor_grpc.serve(port))


def models() -> Any:
    """Return a registry with the model that is asked: a no-op on a frame."""
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.v2 import Models
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import ColSpec, Schema

    signature = ModelSignature(Schema([ColSpec("double", name) for name in _COLUMNS]))
    made = Models()
    made.add("few", lambda: Engine(lambda data, _params: data.to_numpy()[:, 0], signature))
    made.load("few")
    return made


def _ours(port: int, handle: Callable[..., bytes] | None = None, **noted: Any) -> None:
    """Serve as we do, with another answer to the bytes of a message where one is given."""
    from mlmodel.scoring.v2 import rpc
    from mlmodel.serving.grpc import serve
    from mlmodel.serving.observing.access import Log
    from mlmodel.serving.observing.observer import Observer, Watch

    if handle is not None:
        rpc.handle = handle  # type: ignore[assignment]
    if noted.pop("access", False):
        noted["access"] = Log("text", len)
    address, observer = f"127.0.0.1:{port}", Observer(["few"], Watch(**noted))
    running = serve(models(), address, observer=observer)
    threading.Event().wait()
    running.stop()


def _answered(_method: str, _body: bytes, _served: object, **_told: object) -> bytes:
    return _ANSWER


def _parsed(_method: str, body: bytes, _served: object, **_told: object) -> bytes:
    from mlmodel.scoring.v2.protobuf import parsed

    parsed("ModelInferRequest", body)
    return _ANSWER


def _columns(_method: str, body: bytes, served: Any, **_told: object) -> bytes:
    from mlmodel.scoring.v2.protobuf import parsed
    from mlmodel.scoring.v2.quick import plain_columns

    given = parsed("ModelInferRequest", body)
    plain_columns(given, served.find(given.model_name).ready().matching)
    return _ANSWER


def _asked(_method: str, body: bytes, served: Any, **_told: object) -> bytes:
    from mlmodel.scoring.v2.inference import infer_columns
    from mlmodel.scoring.v2.protobuf import parsed
    from mlmodel.scoring.v2.quick import plain_columns

    given = parsed("ModelInferRequest", body)
    model = served.find(given.model_name)
    columns = plain_columns(given, model.ready().matching)
    assert columns is not None
    infer_columns(model, columns, None)
    return _ANSWER


_ANSWER = b"\n\x03few"
#: What each step's server is, in the order in which parts are added.
STEPS: dict[str, tuple[str, Callable[[int], None]]] = {
    "aio": ("`grpc.aio`, a constant as the answer", _aio_constant),
    "floor": ("`grpc.aio`, a bare servicer: the floor", _floor),
    "threads": ("grpcio's threads, a constant as the answer", partial(_bare, _constant)),
    "stream": (
        "… its message taken as a stream's",
        partial(_bare, _constant_of_stream, stream=True),
    ),
    "server": (
        "our server (admission, deadlines, request ids), a constant",
        partial(_ours, handle=_answered),
    ),
    "parsed": ("… and the message parsed", partial(_ours, handle=_parsed)),
    "columns": ("… and its tensors read as columns", partial(_ours, handle=_columns)),
    "asked": ("… enforced, the model asked, its answer as tensors", partial(_ours, handle=_asked)),
    "whole": ("… and the answer's message written: all of it", _ours),
    "metrics": ("… with metrics", partial(_ours, metrics=True)),
    "access": ("… with the access log alone", partial(_ours, access=True)),
}


# -- without a server --------------------------------------------------------------------------


def inside(rounds: int = 9, times: int = 2000) -> dict[str, float]:
    """Return the least µs of processor time of each part between bytes and bytes."""
    parts = _inside()
    least = dict.fromkeys(parts, float("inf"))
    for _ in range(rounds):
        for name, do in parts.items():
            began = time.process_time()
            for _ in range(times):
                do()
            least[name] = min(least[name], (time.process_time() - began) / times * 1e6)
    return least


def _inside() -> dict[str, Callable[[], object]]:
    import floor_grpc

    from mlmodel.scoring.asking import ask
    from mlmodel.scoring.v2 import rpc
    from mlmodel.scoring.v2.inference import infer_columns
    from mlmodel.scoring.v2.outputs import output_tensors
    from mlmodel.scoring.v2.protobuf import parsed, write_response
    from mlmodel.scoring.v2.quick import plain_columns

    body, served = request(), models()
    model = served.find("few")
    engine = model.ready()
    given = parsed("ModelInferRequest", body)

    def columns() -> Any:
        return plain_columns(given, engine.matching)

    data, params = engine.checked(columns(), None)
    predictions, response = ask(engine, data, params), infer_columns(model, columns(), None)
    made = write_response(response, given)
    return {
        "the message parsed": lambda: parsed("ModelInferRequest", body),
        "its tensors as columns": columns,
        "the same, and held against the signature, as a frame": (
            lambda: engine.checked(columns(), None)
        ),
        "the model asked": lambda: ask(engine, data, params),
        "its answer as tensors": lambda: output_tensors(predictions, None),
        "their message": lambda: write_response(response, given),
        "its bytes": made.SerializeToString,
        "all of it": lambda: rpc.handle("ModelInfer", body, served),
        "all of the bare servicer's": lambda: floor_grpc.answer(body),
    }


# -- the measuring -----------------------------------------------------------------------------


def _processor_seconds(process: int) -> float:
    """Return what all threads of a process have used, of the system's time too (Linux alone)."""
    return time.clock_gettime((~process << 3) | 2)  # what clock_getcpuclockid gives


def _burst(port: int, process: int, load: tuple[Path, int, float]) -> dict[str, float]:
    """Return the µs of processor time of one call, and the calls per second."""
    import infer

    body, connections, seconds = load
    before = _processor_seconds(process)
    fired = infer.calls(port, body, connections, seconds)
    used = _processor_seconds(process) - before
    return {"value": used / fired["count"] * 1e6, "rps": fired["value"]}


def measure(steps: list[str], rounds: int, connections: int, seconds: float) -> None:
    """Print a table of the steps, asked in turns."""
    from pairing import CannotMeasure, interleave, say
    from servers import end, free_port, listens

    running: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
    with tempfile.TemporaryDirectory(prefix="mlmodel-grpc-parts-") as work:
        body = Path(work) / "request.bin"
        body.write_bytes(request())
        try:
            for step in steps:
                port = free_port()
                command = [sys.executable, __file__, "--serve", step, str(port)]
                environ = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
                running[step] = subprocess.Popen(command, env=environ, start_new_session=True), port
                while not listens(port):
                    if running[step][0].poll() is not None:
                        raise CannotMeasure(f"the server of {step} ended")
                    time.sleep(0.05)
            load = (body, connections, seconds)
            asked = {
                step: partial(_burst, port, process.pid, load)
                for step, (process, port) in running.items()
            }
            say("warming up")
            interleave(asked, 1)
            say(f"{rounds} rounds")
            samples = interleave(asked, rounds)
        finally:
            for process, _ in running.values():
                end(process)
    for step, reason in samples.failures.items():
        say(f"{step}: {reason}")
    print(_table(steps, samples))


def _table(steps: list[str], samples: Any) -> str:
    """Return what was measured; the least of the rounds is what others disturbed least."""
    from pairing import Samples

    rates = Samples(
        {step: [{"value": one["rps"]} for one in taken] for step, taken in samples.sides.items()}
    )
    lines = ["| server | µs, least | µs, median | beside the floor | calls beside the floor |"]
    lines.append("|---|---|---|---|---|")
    for step in steps:
        taken = samples.sides[step]
        if not taken:
            continue
        least = min(one["value"] for one in taken)
        beside = [
            "" if ratio is None else f"{ratio:.2f}"
            for ratio in (samples.ratio(step, "floor"), rates.ratio(step, "floor"))
        ]
        lines.append(
            f"| {STEPS[step][0]} | {least:.0f} | {samples.median(step):.0f} "
            f"| {beside[0]} | {beside[1]} |"
        )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure, or be one of the servers."""
    parser = argparse.ArgumentParser(prog="grpc_parts.py", description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("STEP", "PORT"), help="be a server")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each burst")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(STEPS))
    options = parser.parse_args(arguments)
    if options.serve:
        step, port = options.serve
        STEPS[step][1](int(port))
        return
    measure(options.steps or list(STEPS), options.rounds, options.connections, options.seconds)
    print("\n| in process | µs |\n|---|---|")
    for name, spent in inside().items():
        print(f"| {name} | {spent:.1f} |")


if __name__ == "__main__":
    main()
