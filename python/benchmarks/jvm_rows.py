"""Asks a pipeline of Spark, by Spark or as a bundle of MLeap: ``python jvm_rows.py ROW SIDE``.

Prints one line of JSON: the milliseconds of the row. SIDE is ``mlmodel``, a bundle in the JVM
beside this process, or ``floor``, Spark's own transform of the same stages in a local session.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

BUNDLES = Path(__file__).resolve().parents[2].joinpath(
    "java-bridge", "src", "test", "resources", "bundles"
)  # fmt: skip
NAMES = ["x1", "x2", "k", "cat"]
#: Rows asked at once, and how often: what is in use is warm. Java has compiled what a call runs
#: after some thousand of them.
MANY, WARM, ASKED = 100_000, 5_000, 2_000


def rows() -> pd.DataFrame:
    """Return the rows by which the bundle was trained."""
    return pd.read_csv(BUNDLES / "data.csv").astype({"k": float})


def started() -> Callable[[pd.DataFrame], Any]:
    """Return what answers by the bundle: indexed texts, and a logistic regression."""
    import mlmodel.mleap

    return mlmodel.mleap.load_bundle(BUNDLES / "lr.zip").predict


def of_spark() -> Callable[[pd.DataFrame], Any]:
    """Return what answers by the same stages in Spark."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import StringIndexer, VectorAssembler
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{len(os.sched_getaffinity(0))}]")
    for key, value in {
        "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "1",
    }.items():  # fmt: skip
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    stages = [
        StringIndexer(inputCol="cat", outputCol="cat_i"),
        VectorAssembler(inputCols=["x1", "x2", "k", "cat_i"], outputCol="features"),
        LogisticRegression(),
    ]
    model = Pipeline(stages=stages).fit(spark.createDataFrame(rows()))

    def ask(frame: pd.DataFrame) -> Any:
        told = model.transform(spark.createDataFrame(frame))
        return told.select("prediction", "probability", "rawPrediction").collect()

    return ask


def up_and_first(begin: Callable[[], Callable[[pd.DataFrame], Any]]) -> float:
    """Return the seconds until a first row is answered, in a process that has started nothing."""
    frame = rows()[NAMES][:1]
    start = time.perf_counter()
    begin()(frame)
    return time.perf_counter() - start


def one_row(begin: Callable[[], Callable[[pd.DataFrame], Any]]) -> float:
    """Return the median of the seconds that one row takes."""
    ask, frame = begin(), rows()[NAMES][:1]
    of_spark = begin is not started
    for _ in range(5 if of_spark else WARM):
        ask(frame)
    times = []
    for _ in range(20 if of_spark else ASKED):
        start = time.perf_counter()
        ask(frame)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def many_rows(begin: Callable[[], Callable[[pd.DataFrame], Any]]) -> float:
    """Return the least of the seconds that many rows take at once."""
    ask, few = begin(), rows()[NAMES]
    frame = pd.concat([few] * (MANY // len(few)), ignore_index=True)
    ask(frame)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        ask(frame)
        times.append(time.perf_counter() - start)
    return min(times)


TASKS = {"jvm-start": up_and_first, "jvm-1": one_row, "jvm-100k": many_rows}


def main() -> None:
    """Measure one side once."""
    row, side = sys.argv[1:]
    if side == "mlmodel":
        from mlmodel.bridges.jvm import jars

        jars.setup()  # by Maven, where they are not here
    seconds = TASKS[row](started if side == "mlmodel" else of_spark)
    sys.stdout.write(f"\n{json.dumps({'value': seconds * 1e3})}\n")


if __name__ == "__main__":
    main()
