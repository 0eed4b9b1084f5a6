"""The examples of functions of Spark of both editions (L1852-1947, E606-653)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

import mlmodel

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.slow]

LATE, EARLY = "1.28", "early"
ROWS = pd.DataFrame({"name": ["Ann", "Bob", "Cid"], "age": [31.5, 42.25, 53.5]})

#: What the blocks take for granted: a session on this machine alone, the model and the data.
_BEFORE = """
import os, sys, warnings
os.environ["PYSPARK_PYTHON"] = sys.executable
import mlmodel
import pandas
from pyspark.sql import SparkSession
spark = (
    SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1").getOrCreate()
)
spark_df = spark.createDataFrame(pandas.read_json("rows.json"))
"""
_AFTER = """
import json
sys.stdout.write("\\n" + json.dumps([row.prediction for row in df.collect()]) + "\\n")
"""


@pytest.fixture
def blocks(shared):
    """Return the blocks of an edition below a title, up to the next section, as they are printed."""

    def find(edition):
        file = shared / "reference" / {
            LATE: "mlflow-models-1.28-edition.rst", EARLY: "mlflow-models-early-edition.rst",
        }[edition]  # fmt: skip
        _, _, below = file.read_text("utf-8").partition(
            "\nExport a ``python_function`` model as an Apache Spark UDF\n"
        )
        section = re.split(r"\n\.\. _deployment_plugin:", below)[0]
        found = re.findall(
            r"\.\. code(?:-block)?:: py(?:thon)?\n\n((?:    .*\n|[ \t]*\n)+)", section
        )
        return [re.sub(r"\bmlflow(?=\.)", "mlmodel", textwrap.dedent(one)) for one in found]

    return find


@pytest.fixture
def answers(tmp_path):
    """Run a block, and return the predictions that it made."""

    def run(block, repairs):
        for printed, meant in repairs.items():
            assert printed in block, printed
            block = block.replace(printed, meant)
        mlmodel.pyfunc.save_model(
            tmp_path / "path" / "to" / "model",
            python_model=lambda model_input: np.stack(
                [model_input["age"].to_numpy() * 2, model_input["age"].to_numpy()], axis=1
            ),
            input_example=ROWS,
        )
        ROWS.to_json(tmp_path / "rows.json")
        script = tmp_path / "example.py"
        script.write_text(f"{_BEFORE}{block}{_AFTER}")
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


#: What stands for a placeholder, which is not Python.
_PATH = {"<path-to-model>": '"path/to/model"'}
_EARLY = {**_PATH, "<features>": '"name", "age"'}
#: The environment's manager is not here: the packages are those of the executors.
_LOCAL = {'"conda"': '"local"'}


@pytest.mark.parametrize(
    ("edition", "place", "repairs", "arrays"),
    [
        (LATE, 0, {**_PATH, "<feature-names>": '"name", "age"'}, False),
        (LATE, 1, {"<path-to-model-with-signature>": '"path/to/model"'}, False),
        (LATE, 2, {}, True), (LATE, 3, _LOCAL, True),
        (EARLY, 0, _EARLY, False), (EARLY, 1, _EARLY, True),
    ],
)  # fmt: skip
def test_the_blocks(blocks, answers, edition, place, repairs, arrays):
    """Rows 63 to 65: as printed, but for placeholders; the first numeric column is a double."""
    told = answers(blocks(edition)[place], repairs)
    doubled, own = (ROWS["age"] * 2).tolist(), ROWS["age"].tolist()
    assert told == ([list(pair) for pair in zip(doubled, own, strict=True)] if arrays else doubled)
