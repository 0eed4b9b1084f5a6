"""Real clients of gRPC against our server: tritonclient's, and MLServer's generated code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest
from peer_environment import peer_python

import mlmodel.pyfunc
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SOURCE = Path(mlmodel.__file__).resolve().parents[1]

#: A server of ours in the process of theirs, whose messages have the same names.
OURS = """
def ours():
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.v2 import Models
    from mlmodel.serving.grpc import serve
    models = Models()
    models.add("echo", lambda: Engine(lambda data, params: data))
    models.load("echo")
    return serve(models)
"""
TRITON_ASKS = """
import json, queue, sys
import numpy as np

def theirs():
    global triton
    import tritonclient.grpc as triton

if sys.argv[1] == "first":
    server, _ = ours(), theirs()
    address = f"127.0.0.1:{server.port}"
elif sys.argv[1] == "last":
    theirs()
    server = ours()
    address = f"127.0.0.1:{server.port}"
else:
    theirs()
    address = sys.argv[1]
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(address)
data = {
    "a": (np.array([1, 2**53 + 1], np.int64), "INT64"),
    "c": (np.array([0.1, np.nan]), "FP64"),
    "s": (np.array(["\\u00e9", ""], object), "BYTES"),
}

def inputs(names=tuple(data)):
    found = []
    for name in names:
        array, datatype = data[name]
        one = triton.InferInput(name, list(array.shape), datatype)
        one.set_data_from_numpy(array)
        found.append(one)
    return found

def values(answer):
    return {
        name: [x.decode() if isinstance(x, bytes) else x for x in answer.as_numpy(name).tolist()]
        for name in data
    }

def refused(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]

answers = queue.Queue()
client.start_stream(lambda result, error: answers.put((result, error)))
for names in (tuple(data), ("a",), tuple(data)):
    client.async_stream_infer("echo" if names != ("a",) else "none", inputs(names))
streamed = [answers.get(timeout=100) for _ in range(3)]
client.stop_stream()
one = queue.Queue()
client.async_infer("echo", inputs(), lambda result, error: one.put((result, error)))
said = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model": client.is_model_ready("echo"),
    "server": client.get_server_metadata().name,
    "metadata": [x.datatype for x in client.get_model_metadata("echo").inputs],
    "answer": values(client.infer("echo", inputs(), request_id="7")),
    "id": client.infer("echo", inputs(), request_id="7").get_response().id,
    "wanted": client.infer("echo", inputs(), outputs=[triton.InferRequestedOutput("a")]).as_numpy("a").tolist(),
    "async": values(one.get(timeout=100)[0]),
    "streamed": [None if error is not None else values(result) for result, error in streamed],
    "nobody": refused(lambda: client.infer("none", inputs())),
    "wrong": refused(lambda: client.infer("echo", inputs(("a",)))),
    "config": refused(lambda: client.get_model_config("echo")),
}
print(json.dumps(said))
"""
MLSERVER_ASKS = """
import json, sys, grpc

def theirs():
    global pb2, stubs
    import mlserver.grpc.dataplane_pb2 as pb2
    import mlserver.grpc.dataplane_pb2_grpc as stubs

if sys.argv[1] == "first":
    server, _ = ours(), theirs()
else:
    theirs()
    server = ours()
stub = stubs.GRPCInferenceServiceStub(grpc.insecure_channel(f"127.0.0.1:{server.port}"))
request = pb2.ModelInferRequest(model_name="echo")
request.inputs.add(name="x", datatype="INT64", shape=[1]).contents.int64_contents.append(7)
answer = stub.ModelInfer(request, timeout=100)
print(json.dumps(list(answer.outputs[0].contents.int64_contents)))
"""


class Echo(mlmodel.pyfunc.PythonModel):
    """Answers with what it is given."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a model; the address for gRPC is given."""
    columns = Schema([ColSpec("long", "a"), ColSpec("double", "c"), ColSpec("string", "s")])
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        signature = ModelSignature(columns, columns)
        mlmodel.pyfunc.save_model(folder / "echo", python_model=Echo(), signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    model = ("-m", str(folder / "echo"), "--grpc-port", "0")
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-p", "0", *model],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(100)


def run(script: str, argument: str) -> Any:
    done = subprocess.run(
        [peer_python("v2-clients"), "-c", OURS + script, argument],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_tritons_client(tmp_path: Path) -> None:
    """GRP-001 to GRP-007, GRP-011: as it is, alone with our server."""
    with serving(tmp_path) as address:
        said = run(TRITON_ASKS, address)
    assert [said[key] for key in ("live", "ready", "model")] == [True, True, True]
    assert said["server"] == "mlmodel"
    assert said["metadata"] == ["INT64", "FP64", "BYTES"]
    for answer in (said["answer"], said["async"], said["streamed"][0], said["streamed"][2]):
        assert (answer["a"], answer["s"]) == ([1, 2**53 + 1], ["é", ""])
        assert str(answer["c"]) == "[0.1, nan]"
    assert said["streamed"][1] is None
    assert (said["id"], said["wanted"]) == ("7", [1, 2**53 + 1])
    for key, status, words in (
        ("nobody", "StatusCode.NOT_FOUND", "OIP-051"),
        ("wrong", "StatusCode.INVALID_ARGUMENT", "is missing"),
        ("config", "StatusCode.UNIMPLEMENTED", ""),
    ):
        assert said[key][0] == status
        assert words in said[key][1]


@pytest.mark.parametrize("order", ["first", "last"])
def test_tritons_client_in_the_process_of_the_server(order: str) -> None:
    """GRP-002: its messages and ours have the same names; either may be imported first."""
    said = run(TRITON_ASKS, order)
    assert (said["answer"]["a"], said["answer"]["s"]) == ([1, 2**53 + 1], ["é", ""])


@pytest.mark.parametrize("order", ["first", "last"])
def test_mlservers_code_in_the_process_of_the_server(order: str) -> None:
    """GRP-002: likewise. (Triton's and MLServer's cannot both be in one process.)"""
    assert run(MLSERVER_ASKS, order) == [7]
