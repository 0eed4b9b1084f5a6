"""Real clients against our server: curl as the 1.28 edition writes it, and MLflow's own client."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

import mlmodel.pyfunc
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SPLIT = '{\n    "columns": ["a", "b", "c"],\n    "data": [[1, 2, 3], [4, 5, 6]]\n}'
RECORDS = '[\n    {"a": 1,"b": 2,"c": 3},\n    {"a": 4,"b": 5,"c": 6}\n]'
INSTANCES = """{
    "instances": [
        {"a": "s1", "b": 1, "c": [1, 2, 3]},
        {"a": "s2", "b": 2, "c": [4, 5, 6]},
        {"a": "s3", "b": 3, "c": [7, 8, 9]}
    ]
}"""
INPUTS = (
    '{"inputs": {"a": ["s1", "s2", "s3"], "b": [1, 2, 3], "c": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}}'
)
ROWS = [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]
ARRAYS = {"a": ["s1", "s2", "s3"], "b": [1, 2, 3], "c": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}
FORMAT = "application/json; format=pandas-"

MLFLOW_ASKS = """
import json, sys, pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
client = ScoringServerClient("127.0.0.1", int(sys.argv[1]))
client.wait_server_ready(timeout=100)
frame = pd.DataFrame({"x": [1.5, float("nan"), float("-inf")], "s": ["u", None, "w"]})
asked = (frame, [{"x": 2.5, "s": "v"}])
print(json.dumps([json.loads(client.invoke(data).to_json())["predictions"] for data in asked]))
"""


class Echo(mlmodel.pyfunc.PythonModel):
    """Answers with what it is given."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input


def saved(path: Path, signature: ModelSignature | None) -> Path:
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        mlmodel.pyfunc.save_model(path, python_model=Echo(), signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


@contextmanager
def serving(model: Path) -> Iterator[int]:
    """Serve a model at a free port of loopback; the port is given, and the server ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(100)


def curl(port: int, content_type: str, body: str) -> Any:
    done = subprocess.run(
        ["curl", "-sS", f"http://127.0.0.1:{port}/invocations", "--noproxy", "*",
         "-H", f"Content-Type: {content_type}", "-d", body],
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_editions_requests_by_curl(tmp_path: Path) -> None:
    """RST-080, RST-081, RST-085: the commands of the edition, as they are printed there."""
    with serving(saved(tmp_path / "free", None)) as port:
        assert curl(port, "application/json", SPLIT) == ROWS
        assert curl(port, FORMAT + "records", RECORDS) == ROWS
        assert curl(port, "application/json", INSTANCES) == {"predictions": ARRAYS}
        assert curl(port, "application/json", INPUTS) == {"predictions": ARRAYS}
        assert curl(port, "text/csv", "a,b,c\n1,2,3\n4,5,6\n") == {"predictions": ROWS}
        refused = curl(port, FORMAT + "table", SPLIT)
        assert refused["error_code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_complex_data_by_curl(tmp_path: Path) -> None:
    """ENF-052, ENF-054: the two requests of the edition with base64 and datetimes."""
    signature = ModelSignature(
        Schema([ColSpec("binary", "b", required=False), ColSpec("datetime", "t", required=False)])
    )
    with serving(saved(tmp_path / "typed", signature)) as port:
        texts = ["dGVzdCBiaW5hcnkgZGF0YSAw", "dGVzdCBiaW5hcnkgZGF0YSAx"]
        body = json.dumps([{"a": n, "b": text} for n, text in enumerate(texts)])
        assert curl(port, FORMAT + "records", body) == [
            {"b": text, "t": None}
            for text in texts  # what is left out is missing (ENF-100)
        ]
        times = ["2020-01-01T00:00:00Z", "2020-02-01T12:34:56Z"]
        body = json.dumps([{"a": n, "t": time} for n, time in enumerate(times)])
        answer = [{"b": None, "t": time.removesuffix("Z")} for time in times]
        assert curl(port, FORMAT + "records", body) == answer


def test_mlflows_own_client(run_mlflow: Any, tmp_path: Path) -> None:
    """ENF-065, RST-083: what its json.dumps writes is read, and it reads what is answered."""
    signature = ModelSignature(Schema([ColSpec("double", "x"), ColSpec("string", "s")]))
    with serving(saved(tmp_path / "typed", signature)) as port:
        frame, records = run_mlflow(MLFLOW_ASKS, port)
    assert frame == [
        {"x": 1.5, "s": "u"},
        {"x": None, "s": None},
        {"x": "-Infinity", "s": "w"},
    ]
    assert records == [{"x": 2.5, "s": "v"}]
