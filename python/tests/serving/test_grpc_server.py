"""``mlmodel serve --grpc-port``: real servers of several workers, and a wall (GRP-019, GRP-020)."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import grpc
import pytest
from grpc_client import PATIENCE, SERVICE, Client, files, infer_request, message

import mlmodel.pyfunc
from certificates import certificate, needs_openssl
from mlmodel.sandbox.wall import lacking
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

pytestmark = pytest.mark.slow

READY = re.compile(r"mlmodel: ready at (https?://\S+), for gRPC at (127\.0\.0\.1:\d+)")


class Overlapping(mlmodel.pyfunc.PythonModel):
    """Says in which process it is, and whether two of its calls ever overlapped there."""

    calls, most = 0, 0

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        import os
        import time

        type(self).calls += 1
        type(self).most = max(self.most, self.calls)
        time.sleep(0.01)
        type(self).calls -= 1
        return [float(os.getpid()), float(self.most)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "process"
    signature = ModelSignature(Schema([ColSpec("double", "a")]))
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    mlmodel.pyfunc.save_model(path, python_model=Overlapping(), signature=signature)
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


def command(model: Path, *options: str) -> list[str]:
    base = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0"]
    return [*base, "--grpc-port", "0", *options]


@contextmanager
def serving(model: Path, *options: str) -> Iterator[tuple[Any, str, str]]:
    process = subprocess.Popen(
        command(model, "--trust", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = READY.match(line := process.stdout.readline())
        assert found, (line, process.communicate())
        yield process, found[1], found[2]
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def answered(client: Client) -> list[float]:
    answer = client.call("ModelInfer", infer_request("process", a=[1.0]))
    return list(answer.outputs[0].contents.fp64_contents)


def scored(url: str) -> str:
    request = urllib.request.Request(
        f"{url}/invocations", b'{"inputs": {"a": [1.0]}}', {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read())


def test_every_worker_answers_and_the_server_stops(model: Path) -> None:
    """GRP-019: several workers share the port, and are replaced."""
    with serving(model, "-w", "2") as (process, url, address):
        assert scored(url)
        seen = {answered(Client(address))[0] for _ in range(60)}
        assert len(seen) == 2
        process.send_signal(signal.SIGHUP)
        for _ in range(2000):
            now = answered(Client(address))[0]
            if now not in seen:
                break
        assert now not in seen
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_threads_count_for_both_protocols(model: Path) -> None:
    """GRP-016: a model that bears one call at a time gets one."""
    from concurrent.futures import ThreadPoolExecutor

    with serving(model, "--threads", "1") as (_, url, address), ThreadPoolExecutor(8) as pool:
        client = Client(address)
        both = [pool.submit(scored, url) for _ in range(20)]
        both += [pool.submit(answered, client) for _ in range(20)]
        assert all(one.result() for one in both)
        assert answered(client)[1] == 1


def test_a_port_that_is_taken_is_refused(model: Path) -> None:
    """GRP-019: by another server of this user too, that would share it."""
    with serving(model) as (_, _, address):
        port = address.rpartition(":")[2]
        told = subprocess.run(
            command(model, "--trust", "--grpc-port", port),
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 2
        assert "is in use by another program; choose one with --grpc-port" in told.stderr


@pytest.mark.skipif(bool(lacking()), reason="this system has no whole wall")
@pytest.mark.parametrize("options", [("--sandbox", "on", "--trust"), ("--sandbox", "auto")])
def test_a_walled_model_is_refused(
    model: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GRP-020."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "empty"))
    told = subprocess.run(command(model, *options), capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "GRP-020" in told.stderr
    assert "--sandbox off" in told.stderr
    assert told.stdout == ""


@pytest.mark.skipif(bool(lacking()), reason="this system has no whole wall")
def test_a_walled_model_in_a_process_of_its_own_is_served(model: Path) -> None:
    """GRP-020: there the wall is around the model alone."""
    with serving(model, "--sandbox", "on", "--isolate") as (process, url, address):
        assert scored(url)
        client = Client(address)
        assert answered(client)[0] != process.pid
        request = message("mlmodel.v1.ScoreRequest")()
        request.table.columns.add(name="a").doubles.values.append(1.0)
        (column,) = client.call("mlmodel.v1.ScoringService/Score", request).table.columns
        assert column.doubles.values[0] != process.pid


@needs_openssl
def test_calls_are_encrypted_where_requests_are(model: Path, tmp_path: Path) -> None:
    """GRP-019 (RST-140): never in the clear beside HTTPS."""
    both = certificate(tmp_path)
    with serving(model, "--tls-cert", str(both)) as (_, url, address):
        assert url.startswith("https:")
        credentials = grpc.ssl_channel_credentials((tmp_path / "cert.pem").read_bytes())
        channel = grpc.secure_channel(address, credentials)
        body = infer_request("process", a=[1.0]).SerializeToString()
        assert channel.unary_unary(f"/{SERVICE}/ModelInfer")(body, timeout=PATIENCE)
        plain = grpc.insecure_channel(address).unary_unary(f"/{SERVICE}/ServerLive")
        with pytest.raises(grpc.RpcError):
            plain(b"", timeout=5)


BESIDE = """
import sys
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

def register():
    found = descriptor_pb2.FileDescriptorSet.FromString(open(sys.argv[1], "rb").read())
    pool = descriptor_pool.Default()
    for file in found.file:
        # As tritonclient and MLServer call their files, with a message of their own besides.
        file.name = file.name.replace("inference/", "")
        if file.package == "inference":
            file.message_type.add(name="SystemSharedMemoryStatusRequest")
        pool.AddSerializedFile(file.SerializeToString())
    kind = pool.FindMessageTypeByName("inference.ModelInferRequest")
    return message_factory.GetMessageClass(kind)

def ask():
    import grpc
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.v2 import Models
    from mlmodel.serving.grpc import serve
    models = Models()
    models.add("m", lambda: Engine(lambda data, params: data))
    models.load("m")
    return serve(models)

if sys.argv[2] == "first":
    Request, server = register(), ask()
else:
    server = ask()
    Request = register()
import grpc
from mlmodel.scoring.v2.protobuf import message
assert Request is not message("ModelInferRequest")
request = Request(model_name="m")
request.inputs.add(name="x", datatype="INT64", shape=[1]).contents.int64_contents.append(7)
channel = grpc.insecure_channel(f"127.0.0.1:{server.port}")
answer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(
    request.SerializeToString(), timeout=100
)
print(message("ModelInferResponse").FromString(answer).outputs[0].contents.int64_contents)
server.stop()
"""


@pytest.mark.parametrize("order", ["first", "last"])
def test_other_copies_of_the_messages_stand_beside(order: str, tmp_path: Path) -> None:
    """GRP-002: tritonclient's and MLServer's generated code is in protobuf's one default pool."""
    wanted = [one for one in files().file if one.package in ("inference", "grpc.health.v1")]
    found = type(files())(file=wanted)
    (tmp_path / "set").write_bytes(found.SerializeToString())
    told = subprocess.run(
        [sys.executable, "-c", BESIDE, str(tmp_path / "set"), order],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, "[7]\n"), told.stderr


def test_the_fields_are_the_protocols() -> None:
    """GRP-002: held against the numbers that the protocol's own clients send."""
    numbers = {
        "ModelInferRequest": {
            "model_name": 1, "model_version": 2, "id": 3, "parameters": 4, "inputs": 5,
            "outputs": 6, "raw_input_contents": 7,
        },
        "ModelInferRequest.InferInputTensor": {
            "name": 1, "datatype": 2, "shape": 3, "parameters": 4, "contents": 5
        },
        "ModelInferResponse": {
            "model_name": 1, "model_version": 2, "id": 3, "parameters": 4, "outputs": 5,
            "raw_output_contents": 6,
        },
        "ModelMetadataResponse": {
            "name": 1, "versions": 2, "platform": 3, "inputs": 4, "outputs": 5, "properties": 6
        },
        "InferParameter": {
            "bool_param": 1, "int64_param": 2, "string_param": 3, "double_param": 4,
            "uint64_param": 5,
        },
        "InferTensorContents": {
            "bool_contents": 1, "int_contents": 2, "int64_contents": 3, "uint_contents": 4,
            "uint64_contents": 5, "fp32_contents": 6, "fp64_contents": 7, "bytes_contents": 8,
        },
    }  # fmt: skip
    for name, due in numbers.items():
        fields = message(f"inference.{name}").DESCRIPTOR.fields
        assert {field.name: field.number for field in fields} == due
    assert SERVICE == "inference.GRPCInferenceService"


def test_an_address_that_is_taken_by_a_plain_listener(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        told = subprocess.run(
            command(model, "--trust", "--grpc-port", port),
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 2
    assert "choose one with --grpc-port" in told.stderr
