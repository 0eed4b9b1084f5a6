"""What the editions show of asking a model: what predict takes, and requests by curl."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.models import ModelSignature
from mlmodel.types import ColSpec, Schema

FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
GIVEN = {
    "pandas.DataFrame": FRAME,
    "numpy.ndarray": FRAME.to_numpy(),
    "Dict[str, np.ndarray]": {name: FRAME[name].to_numpy() for name in FRAME},
}
ANSWERS = {
    "numpy.ndarray": np.ndarray,
    "pandas.Series": pd.Series,
    "pandas.DataFrame": pd.DataFrame,
}


class Echo(mlmodel.pyfunc.PythonModel):
    """Answers with what it is given, or with one of the kinds of answers."""

    def __init__(self, kind: type | None = None) -> None:
        self.kind = kind

    def predict(self, context, model_input, params=None):
        if self.kind is pd.Series:
            return model_input["a"]
        return model_input.to_numpy() if self.kind is np.ndarray else model_input


def saved(model, path, signature=None):
    # The server's process cannot import this module, so its class goes along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        mlmodel.pyfunc.save_model(path, python_model=model, signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return path


@pytest.mark.parametrize("place", ["L511", "E132"])
def test_what_predict_takes_and_gives(printed, place, tmp_path):
    """Rows 27 and 28: each kind of data reaches a model without signature, each answer the caller."""
    taken, given = re.fullmatch(
        r"predict\(model_input: (.+)\) -> \[(.+)\]\n", printed(place)
    ).groups()
    model = mlmodel.load(saved(Echo(), tmp_path / "m"), trust=True)
    kinds = re.findall(
        r"[a-zA-Z.]+\[.*?\]|[a-zA-Z.]+", taken.strip("[]") + "]" * taken.endswith("]]")
    )
    assert kinds
    for kind in kinds:
        data = GIVEN[kind]
        assert model.predict(model_input=data) is data
    answers = given.replace("pandas.(Series | DataFrame)", "pandas.Series | pandas.DataFrame")
    for name in answers.split(" | "):
        kind = ANSWERS[name]
        asked = mlmodel.load(saved(Echo(kind), tmp_path / kind.__name__), trust=True)
        assert type(asked.predict(FRAME)) is kind


@contextmanager
def serving(model):
    """Serve a model at a free port of loopback; its address is given, and the server ended."""
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0", "--trust"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline().rpartition(":")[2])
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def asked(block, address):
    """Run the commands of a block against a server; return what each answers."""
    told = block.replace("http://127.0.0.1:5000", address)
    assert told.count(address) == block.count("\ncurl ")
    commands = told.replace("\ncurl ", "\necho; curl --silent --show-error --noproxy '*' ")
    done = subprocess.run(
        ["bash", "-e", "-c", commands], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_requests(printed, tmp_path):
    """RST-080, RST-081, RST-085 (rows 43 and 47): tables are answered bare, tensors with a key."""
    arrays = {"a": ["s1", "s2", "s3"], "b": [1, 2, 3], "c": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}
    rows = [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]
    with serving(saved(Echo(), tmp_path / "m")) as address:
        answers = asked(printed("L1476"), address)
    assert answers == [rows, rows, {"predictions": arrays}, {"predictions": arrays}]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_requests_of_complex_data(printed, tmp_path):
    """ENF-052, ENF-054 (row 49): a signature says what a text is."""
    binary = [f"dGVzdCBiaW5hcnkgZGF0YSA{end}" for end in ("w", "x", "y")]
    moments = ["2020-01-01T00:00:00", "2020-02-01T12:34:56", "2021-03-01T00:00:00"]
    for place, (kind, texts) in enumerate((("binary", binary), ("datetime", moments))):
        signature = ModelSignature(Schema([ColSpec("long", "a"), ColSpec(kind, "b")]))
        with serving(saved(Echo(), tmp_path / kind, signature)) as address:
            answers = asked(printed("L1578"), address)
        own = answers[place]
        assert own == [{"a": at, "b": text} for at, text in enumerate(texts)]
        if kind == "datetime":  # the other request's texts are no moments
            assert answers[0]["error_code"] == "INVALID_INPUT"
