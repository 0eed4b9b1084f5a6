"""curl and grpcurl as they are, and the bodies that Azure's clients send."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest
from peer_environment import EnvironmentFailed, go_tool

import mlmodel.pyfunc
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SERVICE = "inference.GRPCInferenceService"
COLUMNS = Schema([ColSpec("long", "age"), ColSpec("string", "city")])
ROWS = [{"age": 31, "city": "Bern"}, {"age": 2**53 + 1, "city": ""}]


class Echo(mlmodel.pyfunc.PythonModel):
    """Answers with what it is given."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Give the URL of a server and its address for gRPC."""
    folder: Path = tmp_path_factory.mktemp("models") / "echo"
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        signature = ModelSignature(COLUMNS, COLUMNS)
        mlmodel.pyfunc.save_model(folder, python_model=Echo(), signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(folder), "-p", "0"]
    process = subprocess.Popen([*command, "--grpc-port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        yield words[3].rstrip(","), words[-1]
    finally:
        process.terminate()
        process.wait(100)


def said(command: list[str], code: int = 0, **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, timeout=200, check=False, **more)
    assert done.returncode == code, done.stderr[-2000:]
    return (done.stdout + (done.stderr if code else b"")).decode()


# -- curl --------------------------------------------------------------------------------------


def curl(*arguments: str, **more: Any) -> Any:
    found = shutil.which("curl")
    if found is None:
        pytest.skip("curl is not installed")
    return json.loads(said([found, "-sS", "--max-time", "100", *arguments], **more))


def test_curl(server: tuple[str, str], tmp_path: Path) -> None:
    """As the documentation shows it; -d makes it a form of HTML unless the type is said."""
    body = json.dumps({"dataframe_records": ROWS})
    typed = ("-H", "Content-Type: application/json")
    assert curl(f"{server[0]}/invocations", *typed, "-d", body) == {"predictions": ROWS}
    told = curl(f"{server[0]}/invocations", "-d", body)
    assert told["error_code"] == "UNSUPPORTED_MEDIA_TYPE"
    path = tmp_path / "rows.csv"
    path.write_text('age,city\n31,Bern\n9007199254740993,""\n')
    sent = ("-H", "Content-Type: text/csv", "--data-binary", f"@{path}")
    assert curl(f"{server[0]}/invocations", *sent) == {"predictions": ROWS}
    # A large body is announced first (Expect: 100-continue), and one of unknown length is in chunks.
    path.write_text("age,city\n" + "1,x\n" * 400_000)
    assert len(curl(f"{server[0]}/invocations", *sent)["predictions"]) == 400_000
    chunked = ("-X", "POST", *typed, "-H", "Transfer-Encoding: chunked", "-T", "-")
    assert curl(f"{server[0]}/invocations", *chunked, input=body.encode()) == {"predictions": ROWS}


def test_curl_by_the_other_protocol(server: tuple[str, str]) -> None:
    """OIP-053: a content type that is not said would be a form's."""
    assert curl(f"{server[0]}/v2")["model"] == "echo"
    tensors = [
        {"name": "age", "datatype": "INT64", "shape": [1], "data": [31]},
        {"name": "city", "datatype": "BYTES", "shape": [1], "data": ["Bern"]},
    ]
    typed = ("-H", "Content-Type: application/json")
    told = curl(f"{server[0]}/v2/models/echo/infer", *typed, "-d", json.dumps({"inputs": tensors}))
    assert {one["name"]: one["data"] for one in told["outputs"]} == {"age": [31], "city": ["Bern"]}


# -- Azure -------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [
    # What `az ml online-endpoint invoke` and its Python client send for a model of MLflow's.
    {"input_data": {"columns": ["age", "city"], "index": [0, 1], "data": [[31, "Bern"], [2**53 + 1, ""]]}},
    {"input_data": {"columns": ["age", "city"], "data": [[31, "Bern"], [2**53 + 1, ""]]}, "params": {}},
    {"input_data": {"age": [31, 2**53 + 1], "city": ["Bern", ""]}},
    {"input_data": ROWS},
])  # fmt: skip
def test_the_bodies_of_azures_clients(server: tuple[str, str], body: Any) -> None:
    """RST-094: the answer is bare."""
    typed = ("-H", "Content-Type: application/json", "-H", "Authorization: Bearer key")
    more = ("-H", "azureml-model-deployment: blue", "-H", "x-ms-client-request-id: 7")
    assert curl(f"{server[0]}/invocations", *typed, *more, "-d", json.dumps(body)) == ROWS


# -- grpcurl -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grpcurl() -> str:
    if shutil.which("go") is None:
        pytest.skip("Go, which builds grpcurl, is not installed")
    try:
        return str(go_tool("github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.3"))
    except EnvironmentFailed as error:
        pytest.skip(f"grpcurl cannot be built: {error}")


def test_grpcurl(server: tuple[str, str], grpcurl: str) -> None:
    """GRP-015: it knows nothing of the services but what reflection tells."""
    base = [grpcurl, "-plaintext", "-max-time", "100"]
    services = said([*base, server[1], "list"]).split()
    assert {SERVICE, "grpc.health.v1.Health"} <= set(services)
    assert f"{SERVICE}.ModelInfer" in said([*base, server[1], "list", SERVICE])
    told = said([*base, server[1], "describe", f"{SERVICE}.ModelInfer"])
    assert "rpc ModelInfer ( .inference.ModelInferRequest ) returns" in told
    told = said([*base, server[1], "describe", ".inference.ModelInferRequest"])
    assert "repeated bytes raw_input_contents = 7;" in told
    for service in services:
        assert service in said([*base, server[1], "describe", service])


def test_grpcurl_calls(server: tuple[str, str], grpcurl: str) -> None:
    """GRP-001 to GRP-003, GRP-011, GRP-012."""
    base = [grpcurl, "-plaintext", "-max-time", "100"]

    def call(method: str, message: Any = None, code: int = 0) -> Any:
        given = [] if message is None else ["-d", json.dumps(message)]
        told = said([*base, *given, server[1], method], code)
        return told if code else json.loads(told)

    assert call(f"{SERVICE}/ServerLive") == {"live": True}
    assert call("grpc.health.v1.Health/Check") == {"status": "SERVING"}
    assert call(f"{SERVICE}/ModelMetadata", {"name": "echo"})["platform"] == "mlmodel"
    city = {"bytesContents": [base64.b64encode(b"Bern").decode()]}
    request = {
        "modelName": "echo",
        "inputs": [
            {"name": "age", "datatype": "INT64", "shape": ["1"], "contents": {"int64Contents": ["31"]}},
            {"name": "city", "datatype": "BYTES", "shape": ["1"], "contents": city},
        ],
    }  # fmt: skip
    outputs = call(f"{SERVICE}/ModelInfer", request)["outputs"]
    assert [one["contents"] for one in outputs] == [{"int64Contents": ["31"]}, city]
    streamed = call(f"{SERVICE}/ModelStreamInfer", request)
    assert streamed["inferResponse"]["outputs"] == outputs
    refused = call(f"{SERVICE}/ModelInfer", {**request, "inputs": request["inputs"][:1]}, 67)
    assert "Code: InvalidArgument" in refused
    assert "ENF-004" in refused or "is missing" in refused
