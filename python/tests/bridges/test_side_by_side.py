"""A model written by R and one written by Spark, behind one server of Python's (RST-087)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pandas as pd
import pytest

import mlmodel
import mlmodel.client
from java_tools import jars
from mlmodel.models import Model
from mlmodel.scoring.fidelity.answers import difference
from r_functions import require_packages, require_r, run_program, run_r
from specimens import spark, specimen

pytestmark = [pytest.mark.libraries("pyspark", "py4j"), pytest.mark.slow]

PACKAGE = Path(__file__).resolve().parents[3] / "r-bridge"
#: Cars with a part that R keeps as a factor, and one whose weight is missing.
CARS = pd.DataFrame(
    {
        "wt": [2.62, 2.875, None, 3.215],
        "hp": [110.0, 110.0, 93.0, 110.0],
        "am": ["1", "1", "1", "0"],
    }
)
_TRAINED = """
    cars <- transform(mtcars, am = as.character(am))
    model <- lm(mpg ~ wt + hp + am, cars)
    mlmodel_save_crate(function(x) stats::predict(model, x), "{path}", model = model, signature =
        list(inputs = c(wt = "double", hp = "double", am = "string"), outputs = "double"))
    asked <- data.frame(wt = c(2.62, 2.875, NA, 3.215), hp = c(110, 110, 93, 110), am = c("1", "1", "1", "0"))
    cat(sprintf("%a", predict(model, asked)))
"""


@pytest.fixture(scope="module")
def of_r(tmp_path_factory):
    """A model that R's own package saved, and what R itself answers."""
    program, folder = require_r(), tmp_path_factory.mktemp("r")
    require_packages("yaml", "jsonlite")
    shutil.copytree(PACKAGE, folder / "source")
    (folder / "library").mkdir()
    install = ("CMD", "INSTALL", "--no-docs", "--no-test-load", "-l", "library", "source")
    run_program(program, *install, cwd=folder)
    script = f"library(mlmodel); {_TRAINED.format(path=folder / 'cars')}"
    variables = {**os.environ, "R_LIBS": str(folder / "library"), "LC_ALL": "C.UTF-8"}
    told = run_r(script, env=variables)
    return folder / "cars", [None if one == "NA" else float.fromhex(one) for one in told.split()]


@pytest.fixture(scope="module")
def of_spark(tmp_path_factory):
    """A bundle made of a pipeline of Spark, its rows, and what Spark itself answers."""
    jars()
    folder, own = tmp_path_factory.mktemp("spark") / "towns", specimen("spark")
    rows, pipeline = own.rows(), own.make()
    rows.loc[3, "c"] = "Ærø"  # a town that it never saw
    rows.loc[4, "c"] = None
    mlmodel.mleap.save_model(pipeline, spark.table(rows), folder, input_example=rows[:2])
    return folder, rows, own.native(pipeline, rows)


@pytest.fixture(scope="module")
def served(of_r, of_spark):
    """The addresses of one server of both models: of HTTP, and of gRPC."""
    models = ("-m", f"cars={of_r[0]}", "-m", f"towns={of_spark[0]}")
    with subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", *models, "-p", "0", "--grpc-port", "0", "--trust"],
        stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            said = server.stdout.readline()
            address = re.search(r"http://[\w.]+:\d+", said)[0]
            yield address, f"grpc://{said.split()[-1]}"
        finally:
            server.terminate()
            server.wait(timeout=200)


@pytest.fixture(scope="module", params=["cars", "towns"])
def asked(request, of_r, of_spark):
    """A model's name, its rows, and what R or Spark answers to them."""
    if request.param == "cars":
        return "cars", CARS, of_r[1]
    return "towns", of_spark[1], of_spark[2]


def predictions(answer):
    return list(answer["prediction"]) if hasattr(answer, "columns") else list(answer)


def test_neither_is_a_python_function_of_mlflows(of_r, of_spark):
    assert list(Model.load(of_r[0]).flavors) == ["crate"]
    assert list(Model.load(of_spark[0]).flavors) == ["mleap"]


def test_invocations(served, asked):
    name, rows, own = asked
    split = json.loads(rows.to_json(orient="split", index=False))
    request = urllib.request.Request(
        f"{served[0]}/models/{name}/invocations",
        json.dumps({"dataframe_split": split}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=200) as answer:
        told = json.loads(answer.read())["predictions"]
    told = [one["prediction"] if isinstance(one, dict) else one for one in told]
    assert difference(own, told) is None


@pytest.mark.parametrize("protocol", ["invocations", "v2", "grpc", "grpc-frames"])
def test_by_each_protocol(served, asked, protocol):
    name, rows, own = asked
    address = served[1] if "grpc" in protocol else served[0]
    with mlmodel.client.Client(address, model=name, protocol=protocol, timeout=200) as client:
        assert difference(own, predictions(client.predict(rows))) is None


def test_at_once(served, of_r, of_spark):
    """Each is asked while the other answers."""
    from concurrent.futures import ThreadPoolExecutor

    (_, of_cars), (_, towns, of_towns) = of_r, of_spark
    with mlmodel.client.Client(served[1], protocol="grpc-frames", timeout=200) as client:

        def ask(turn):
            rows = (CARS, towns)[turn % 2]
            return predictions(client.predict(rows, model=("cars", "towns")[turn % 2]))

        with ThreadPoolExecutor(4) as threads:
            for turn, told in enumerate(threads.map(ask, range(40))):
                assert difference((of_cars, of_towns)[turn % 2], told) is None


def test_both_are_told_of(served):
    with urllib.request.urlopen(f"{served[0]}/v2/models/cars", timeout=200) as answer:
        assert [one["name"] for one in json.loads(answer.read())["inputs"]] == ["wt", "hp", "am"]
    with urllib.request.urlopen(f"{served[0]}/v2/models/towns", timeout=200) as answer:
        assert [one["name"] for one in json.loads(answer.read())["inputs"]] == ["c", "n"]
