"""Scores rows on this machine, by Spark or without it: ``python spark_rows.py SIDE FOLDER ROWS``.

Prints one line of JSON: the milliseconds that scoring took, without those of starting Spark and of
loading the model. SIDE is ``mlmodel``, ``mlflow`` or ``floor``, which is the model by itself.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

NAMES = ["a", "b", "c", "d"]
#: What Spark gives a function of Arrow batches at once.
_BATCH = 10_000


def train(path: Path) -> None:
    """Save a small model of scikit-learn, which costs as little as one may."""
    from sklearn.linear_model import LinearRegression

    rows = pd.DataFrame(np.random.default_rng(0).random((100, 4)), columns=NAMES)
    path.write_bytes(pickle.dumps(LinearRegression().fit(rows, rows["a"])))


def without_spark(model, count: int) -> float:
    """Return the seconds that the model itself needs, in batches as Spark's."""
    rows = pd.DataFrame(np.random.default_rng(1).random((count, 4)), columns=NAMES)
    start = time.perf_counter()
    for place in range(0, count, _BATCH):
        model.predict(rows[place : place + _BATCH])
    return time.perf_counter() - start


def by_spark(side: str, model, folder: Path, count: int) -> float:
    """Return the seconds of a query that scores all rows and adds the answers up."""
    from pyspark.sql import SparkSession, functions

    cores = len(os.sched_getaffinity(0))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    spark = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    example = pd.DataFrame(np.ones((2, 4)), columns=NAMES)
    path = folder / side
    if side == "mlmodel":
        import mlmodel

        mlmodel.save(model, path, example=example)
        predict = mlmodel.pyfunc.spark_udf(spark, path)
    else:
        import mlflow
        from mlflow.models import infer_signature

        signature = infer_signature(example, model.predict(example))
        mlflow.sklearn.save_model(
            model, str(path), signature=signature, pip_requirements=["pandas"]
        )
        predict = mlflow.pyfunc.spark_udf(spark, str(path), "double")

    def scored(rows: int) -> None:
        columns = [functions.rand(seed).alias(name) for seed, name in enumerate(NAMES)]
        table = spark.range(rows, numPartitions=cores * 2).select(*columns)
        table.select(functions.sum(predict().alias("p"))).collect()

    scored(cores * 2 * _BATCH)  # each of Spark's processes loads the model
    start = time.perf_counter()
    scored(count)
    seconds = time.perf_counter() - start
    spark.stop()
    return seconds


def main() -> None:
    """Measure one side once."""
    side, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    file = folder / "model.pkl"
    if not file.exists():
        train(file)
    model = pickle.loads(file.read_bytes())
    work = folder / str(os.getpid())
    work.mkdir()
    seconds = without_spark(model, count) if side == "floor" else by_spark(side, model, work, count)
    sys.stdout.write(f"\n{json.dumps({'value': seconds * 1e3})}\n")


if __name__ == "__main__":
    main()
