"""What a person reads on the command line when something is not as wished."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel


def run(*args: object, **options):
    return subprocess.run(
        [sys.executable, "-m", "mlmodel", *map(str, args)],
        capture_output=True, text=True, check=False, timeout=120, **options,
    )  # fmt: skip


@pytest.fixture
def model(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0]})
    mlmodel.save(LinearRegression().fit(frame, [1.0, 2.0]), tmp_path / "m", example=frame)
    return tmp_path / "m"


def test_what_the_model_raised_is_said_in_a_line(model):
    done = run("predict", "-m", model, input='{"inputs": {"a": [null]}}')
    assert done.returncode == 1
    assert done.stderr.startswith("mlmodel: MODEL_FAILURE: The model failed on this input: Value")
    assert "NaN" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_cannot_load_says_why_line_by_line(model):
    file = model / "MLmodel"
    file.write_text(file.read_text().replace("loader_module", "loader_modul"))
    done = run("serve", "-m", model, "-p", "0")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith("mlmodel: INVALID_MODEL: ")
    assert "error PYF-001" in lines[1]


def test_trusting_what_is_no_model_is_refused(tmp_path):
    done = run("trust", "add", tmp_path)
    assert done.returncode == 2
    assert "There is no model at" in done.stderr


def test_warnings_are_the_commands_own(model, tmp_path):
    store = tmp_path / "open-store"
    store.mkdir()
    store.chmod(0o777)
    done = run("trust", "list", env={**os.environ, "MLMODEL_TRUST_STORE": str(store)})
    assert done.stderr.startswith("mlmodel: warning: ")
    assert ".py" not in done.stderr
