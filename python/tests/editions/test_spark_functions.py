"""The examples of functions of Spark of both editions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import mlmodel

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.slow]

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
spark.stop()
"""


#: What stands for a placeholder, which is not Python.
_PATH = {"<path-to-model>": '"path/to/model"'}
_EARLY = {**_PATH, "<features>": '"name", "age"'}
#: The environment's manager is not here: the packages are those of the executors.
_LOCAL = {'"conda"': '"local"'}


@pytest.fixture(scope="module")
def _one_java():
    """One process of Java, in which each block's own process has a session: Spark starts once."""
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_GATEWAY_PORT", str(gateway.gateway_parameters.port))
        patch.setenv("PYSPARK_GATEWAY_SECRET", gateway.gateway_parameters.auth_token)
        yield
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(60)


@pytest.mark.usefixtures("_one_java")
@pytest.mark.parametrize(
    ("place", "repairs", "arrays"),
    [
        ("L1860", {**_PATH, "<feature-names>": '"name", "age"'}, False),
        ("L1875", {"<path-to-model-with-signature>": '"path/to/model"'}, False),
        ("L1912", {}, True), ("L1934", _LOCAL, True),
        ("E614", _EARLY, False), ("E648", _EARLY, True),
    ],
)  # fmt: skip
def test_the_blocks(run_printed, tmp_path, place, repairs, arrays):
    """Rows 63 to 65: as printed, but for placeholders; the first numeric column is a double."""
    mlmodel.pyfunc.save_model(
        tmp_path / "path" / "to" / "model",
        python_model=lambda model_input: np.stack(
            [model_input["age"].to_numpy() * 2, model_input["age"].to_numpy()], axis=1
        ),
        input_example=ROWS,
    )
    ROWS.to_json(tmp_path / "rows.json")
    done = run_printed(place, repairs=repairs, before=_BEFORE, then=_AFTER)
    told = json.loads(done.stdout.splitlines()[-1])
    doubled, own = (ROWS["age"] * 2).tolist(), ROWS["age"].tolist()
    assert told == ([list(pair) for pair in zip(doubled, own, strict=True)] if arrays else doubled)
