"""Real clients of the Open Inference Protocol against our server: tritonclient's and MLServer's."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest
from peer_environment import peer_python

import mlmodel.pyfunc
from mlmodel import __version__
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TRITON_ASKS = """
import json, sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(f"127.0.0.1:{sys.argv[1]}", network_timeout=100)
data = {
    "a": (np.array([1, 2**53 + 1], np.int64), "INT64"),
    "c": (np.array([0.1, np.nan]), "FP64"),
    "s": (np.array(["\\u00e9", ""], object), "BYTES"),
}

def inputs(binary):
    found = []
    for name, (array, datatype) in data.items():
        one = triton.InferInput(name, list(array.shape), datatype)
        # Its own JSON writes NaN as a number, which is none.
        one.set_data_from_numpy(np.nan_to_num(array) if name == "c" and not binary else array,
                                binary_data=binary)
        found.append(one)
    return found

def refused(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]

def values(answer):
    found = {}
    for name in data:
        array = answer.as_numpy(name)
        found[name] = [str(array.dtype), [x.decode() if isinstance(x, bytes) else x for x in array.tolist()]]
    return found

def ask(binary, out):
    wanted = [triton.InferRequestedOutput(name, binary_data=out) for name in data]
    return values(client.infer("echo", inputs(binary), outputs=wanted, request_id="7"))

said = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model": client.is_model_ready("echo"),
    "none": client.is_model_ready("none"),
    "server": client.get_server_metadata(),
    "metadata": client.get_model_metadata("echo"),
    "answers": {f"{binary}-{out}": ask(binary, out) for binary in (True, False) for out in (True, False)},
    "default": values(client.infer("echo", inputs(True))),
    "async": values(client.async_infer("echo", inputs(True)).get_result()),
    "id": client.infer("echo", inputs(True), request_id="7").get_response()["id"],
    "wrong": refused(lambda: client.infer("echo", inputs(True)[:2])),
    "gzip": refused(lambda: client.infer("echo", inputs(True), request_compression_algorithm="gzip")),
    "nobody": refused(lambda: client.infer("none", inputs(True))),
    "config": refused(lambda: client.get_model_config("echo")),
    "index": client.get_model_repository_index(),
}
client.unload_model("echo")
said["unloaded"] = [client.is_model_ready("echo"), client.is_server_ready()]
said["away"] = refused(lambda: client.infer("echo", inputs(True)))
client.load_model("echo")
said["loaded"] = [client.is_model_ready("echo"), str(ask(True, True)) == str(said["answers"]["True-True"])]
print(json.dumps(said))
"""

TRITON_ASKS_BY_GRPC = """
import json, sys
import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(f"127.0.0.1:{sys.argv[1]}")
data = {
    "a": (np.array([1, 2**53 + 1], np.int64), "INT64"),
    "c": (np.array([0.1, np.nan]), "FP64"),
    "s": (np.array(["\\u00e9", ""], object), "BYTES"),
}

def inputs():
    found = []
    for name, (array, datatype) in data.items():
        one = triton.InferInput(name, list(array.shape), datatype)
        one.set_data_from_numpy(array)
        found.append(one)
    return found

def values(answer):
    return {name: [str(answer.as_numpy(name).dtype),
                   [x.decode() if isinstance(x, bytes) else x for x in answer.as_numpy(name).tolist()]]
            for name in data}

def refused(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [str(error.status()), error.message()]

said = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model": client.is_model_ready("echo"),
    "server": client.get_server_metadata(as_json=True)["name"],
    "metadata": [one["datatype"] for one in client.get_model_metadata("echo", as_json=True)["inputs"]],
    "answer": values(client.infer("echo", inputs(), request_id="7")),
    "id": client.infer("echo", inputs(), request_id="7").get_response().id,
    "wrong": refused(lambda: client.infer("echo", inputs()[:2])),
    "nobody": refused(lambda: client.infer("none", inputs())),
}
told = []
client.start_stream(lambda result, error: told.append(str(error) if error else values(result)))
client.async_stream_infer("echo", inputs())
client.async_stream_infer("echo", inputs()[:2])
client.async_stream_infer("echo", inputs())
client.stop_stream()
said["stream"] = told
print(json.dumps(said))
"""

MLSERVER_ASKS = """
import json, subprocess, sys, urllib.request
from datetime import datetime
from pathlib import Path
import numpy as np
import pandas as pd
from mlserver.codecs import NumpyRequestCodec, PandasCodec
from mlserver.codecs.json import encode_to_json_bytes
from mlserver.types import InferenceResponse, MetadataModelResponse, MetadataServerResponse

port, folder = sys.argv[1], Path(sys.argv[2])
url = f"http://127.0.0.1:{port}/v2"

def ask(model, request):
    body = encode_to_json_bytes(request.model_dump(exclude_none=True))
    asked = urllib.request.Request(f"{url}/models/{model}/infer", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return InferenceResponse.model_validate_json(answer.read())

def get(path):
    with urllib.request.urlopen(f"{url}{path}") as answer:
        return answer.read()

frame = pd.DataFrame({"a": [1, 2**53 + 1], "c": [0.1, np.nan], "s": ["\\u00e9", ""]})
frame["s"] = frame["s"].astype(object)  # it knows no others
MetadataServerResponse.model_validate_json(get(""))
said = {"platform": MetadataModelResponse.model_validate_json(get("/models/echo")).platform}
answers = [PandasCodec.decode_response(ask("echo", PandasCodec.encode_request(frame, use_bytes=use)))
           for use in (True, False)]
said["frames"] = [answer.astype(object).where(answer.notna(), None).to_dict("list") for answer in answers]
array = np.array([[1.5, 2.5], [3.5, 4.5]])
said["array"] = NumpyRequestCodec.decode_response(ask("free", NumpyRequestCodec.encode_request(array))).tolist()

# Its command, which asks by a client of its own.
(folder / "asked.jsonl").write_text(
    json.dumps(PandasCodec.encode_request(frame.head(1), use_bytes=False).model_dump(exclude_none=True)) + "\\n")
subprocess.run([sys.executable, "-m", "mlserver.cli.main", "infer", "-u", f"127.0.0.1:{port}", "-m", "echo",
                "-i", str(folder / "asked.jsonl"), "-o", str(folder / "answered.jsonl")], check=True)
line = json.loads((folder / "answered.jsonl").read_text())
said["command"] = {one["name"]: one["data"] for one in line["outputs"]}
print(json.dumps(said))
"""


class Echo(mlmodel.pyfunc.PythonModel):
    """Answers with what it is given."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[int]:
    """Serve a model with a signature and one without; the port that is named last is given."""
    columns = Schema([ColSpec("long", "a"), ColSpec("double", "c"), ColSpec("string", "s")])
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        signature = ModelSignature(columns, columns)
        mlmodel.pyfunc.save_model(folder / "echo", python_model=Echo(), signature=signature)
        mlmodel.pyfunc.save_model(folder / "free", python_model=Echo())
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    models = (
        "-m",
        str(folder / "echo"),
        "-m",
        str(folder / "free"),
        "--allow-repository",
        *options,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-p", "0", *models],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(100)


def run(script: str, *args: object) -> Any:
    done = subprocess.run(
        [peer_python("v2-clients"), "-c", script, *map(str, args)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_tritons_client(tmp_path: Path) -> None:
    """RST-135, OIP-010 to OIP-012, OIP-060 to OIP-063."""
    with serving(tmp_path) as port:
        said = run(TRITON_ASKS, port)
    assert [said[key] for key in ("live", "ready", "model", "none")] == [True, True, True, False]
    assert said["server"] == {
        "name": "mlmodel",
        "version": __version__,
        "extensions": ["binary_tensor_data", "model_repository"],
    }
    assert [one["datatype"] for one in said["metadata"]["inputs"]] == ["INT64", "FP64", "BYTES"]
    exact, texts = ["int64", [1, 2**53 + 1]], ["object", ["é", ""]]
    for key, answer in {**said["answers"], "default": said["default"]}.items():
        assert (answer["a"], answer["s"]) == (exact, texts), key
    assert str(said["answers"]["True-True"]["c"][1]) == "[0.1, nan]"
    assert said["answers"]["False-False"]["c"] == ["float64", [0.1, 0.0]]
    assert said["async"]["a"] == exact
    assert said["id"] == "7"
    assert said["gzip"] is None  # it is not refused (RST-122)
    for key, status, rule in (
        *(("wrong", "400", ""), ("nobody", "404", "OIP-051")),
        *(("config", "404", "OIP-050"), ("away", "503", "OIP-051")),
    ):
        assert said[key][0] == status, said[key]
        assert rule in said[key][1]
    assert [one["state"] for one in said["index"]] == ["READY", "READY"]
    assert (said["unloaded"], said["loaded"]) == ([False, False], [True, True])


def test_tritons_client_of_grpc(tmp_path: Path) -> None:
    """GRP-002 to GRP-007, GRP-011."""
    with serving(tmp_path, "--grpc-port", "0") as port:
        said = run(TRITON_ASKS_BY_GRPC, port)
    assert [said[key] for key in ("live", "ready", "model")] == [True, True, True]
    assert (said["server"], said["id"]) == ("mlmodel", "7")
    assert said["metadata"] == ["INT64", "FP64", "BYTES"]
    answer = said["answer"]
    assert (answer["a"], answer["s"]) == (["int64", [1, 2**53 + 1]], ["object", ["é", ""]])
    assert str(answer["c"][1]) == "[0.1, nan]"
    assert "INVALID_ARGUMENT" in said["wrong"][0]
    assert "NOT_FOUND" in said["nobody"][0]
    first, second, third = said["stream"]
    assert str(first) == str(third) == str(answer)
    assert "INVALID_INPUT" in second


def test_mlservers_codecs_and_command(tmp_path: Path) -> None:
    """RST-135, OIP-035, OIP-044: what it writes is read, and it reads what is answered."""
    with serving(tmp_path) as port:
        said = run(MLSERVER_ASKS, port, tmp_path)
    assert said["platform"] == "mlmodel"
    frame = {"a": [1, 2**53 + 1], "c": [0.1, None], "s": ["é", ""]}
    assert said["frames"] == [frame, frame]
    assert said["array"] == [[1.5, 2.5], [3.5, 4.5]]
    assert said["command"] == {"a": [1], "c": [0.1], "s": ["é"]}
