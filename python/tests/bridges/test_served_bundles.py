"""A bundle of MLeap and a model of Python, side by side behind a real server (RST-087)."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from sklearn.tree import DecisionTreeRegressor

import mlmodel
from specimens.mleap import bundle, rows, spark_said

pytestmark = [pytest.mark.libraries("py4j"), pytest.mark.slow]

ROWS = rows()


def asked(address, name):
    body = json.dumps({"dataframe_split": ROWS[:4].to_dict("split")}).encode()
    request = urllib.request.Request(
        f"{address}/models/{name}/invocations", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=200) as answer:
        return json.loads(answer.read())["predictions"]


def children_of(pid):
    """The processes below one, by their command lines."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [(int(child), Path(f"/proc/{child}/cmdline").read_bytes())]
            found += children_of(child)
    return found


def test_both_answer_and_no_jvm_is_left(tmp_path, wait_for):
    """MLP-011: the server is ended as by Ctrl-C, and its JVM with it."""
    mlmodel.mleap.save_model(bundle("lr"), tmp_path / "spark", input_example=ROWS[:2])
    numbers = ROWS[["x1", "x2"]]
    tree = DecisionTreeRegressor().fit(numbers, spark_said("lr")["prediction"])
    mlmodel.save(tree, tmp_path / "python", example=numbers[:2])
    models = [part for name in ("spark", "python") for part in ("-m", f"{name}={tmp_path / name}")]
    with subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", *models, "-p", "0", "--trust"],
        stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            address = server.stdout.readline().split()[-1].rstrip("/")
            told = asked(address, "spark")
            assert [row["prediction"] for row in told] == spark_said("lr")["prediction"][:4]
            assert asked(address, "python") == tree.predict(numbers[:4]).tolist()
            jvms = [pid for pid, command in children_of(server.pid) if b"mlmodel-bridge" in command]
            assert len(jvms) == 1
        finally:
            server.terminate()
            server.wait(timeout=200)
        wait_for(lambda: not Path(f"/proc/{jvms[0]}").exists())
