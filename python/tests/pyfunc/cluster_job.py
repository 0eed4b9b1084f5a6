"""A job on a cluster of Spark, run by the Python of one of its versions; prints what came of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import mlmodel


class Counting(mlmodel.pyfunc.PythonModel):
    """Answers with twice a column, and notes each load: the process, and the folder of the model."""

    def load_context(self, context):
        import os

        notes = Path(context.model_config["notes"])
        place = os.path.realpath(context.artifacts["weights"])
        (notes / str(os.getpid())).write_text(place)

    def predict(self, context, model_input, params=None):
        return model_input["a"] * 2


def main(master: str, work: Path) -> None:
    """Score rows on the cluster, and print the answers and what was noted."""
    from pyspark.sql import SparkSession
    from sklearn.tree import DecisionTreeRegressor

    spark = (
        SparkSession.builder.master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.executor.memory", "512m")
        .config("spark.executor.cores", "1")
        .config("spark.executor.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
        .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
        .config("spark.cores.max", "2")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    rows = pd.DataFrame({"a": np.arange(40) / 4, "b": np.arange(40)[::-1] / 8})
    table = spark.createDataFrame(rows).repartition(8).cache()
    model = DecisionTreeRegressor().fit(rows, rows["a"] * 3 - rows["b"])
    mlmodel.save(model, work / "linear", example=rows[:2])
    predict = mlmodel.pyfunc.spark_udf(spark, work / "linear")
    scored = table.withColumn("p", predict()).orderBy("a").collect()

    (work / "notes").mkdir()
    (work / "weights").write_text("weights")
    mlmodel.pyfunc.save_model(
        work / "counting",
        python_model=Counting(),
        artifacts={"weights": str(work / "weights")},
        model_config={"notes": str(work / "notes")},
        input_example=rows[:2],
    )
    for one in (work / "notes").iterdir():  # those of saving
        one.unlink()
    twice = mlmodel.pyfunc.spark_udf(spark, work / "counting", "double")
    on_driver = [one.name for one in (work / "notes").iterdir()]
    for one in (work / "notes").iterdir():
        one.unlink()
    for _ in range(2):
        doubled = [row.p for row in table.withColumn("p", twice()).orderBy("a").collect()]
    shipped = predict.shipped

    def whole(frames):
        for frame in frames:
            yield frame.assign(p=shipped.load().predict(frame))

    frames = table.mapInPandas(whole, "a double, b double, p double").orderBy("a").collect()
    found = {
        "version": spark.version,
        "linear": [row.p for row in scored] == model.predict(rows).tolist(),
        "frames": [row.p for row in frames] == model.predict(rows).tolist(),
        "doubled": doubled == (rows["a"] * 2).tolist(),
        "loaded on the driver": len(on_driver),
        "loads": {one.name: one.read_text() for one in (work / "notes").iterdir()},
        "pipeline": pipeline(spark, rows, work),
    }
    spark.stop()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def pipeline(spark, rows, work) -> bool:
    """Return whether a pipeline is saved and loaded on the cluster, and answers as before."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression

    table = spark.createDataFrame(rows.assign(y=rows["a"] * 2))
    stages = [VectorAssembler(inputCols=["a", "b"], outputCol="v")]
    stages.append(LinearRegression(featuresCol="v", labelCol="y", regParam=0.1))
    fitted = Pipeline(stages=stages).fit(table)
    mlmodel.spark.save_model(fitted, work / "pipeline", dfs_tmpdir=str(work / "shared"))
    own = [row.prediction for row in fitted.transform(table).orderBy("a").collect()]
    return mlmodel.load(work / "pipeline").predict(rows) == own


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
