"""A job on a cluster of Spark, run by the Python of one of its versions; prints what came of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import mlmodel


class Counting(mlmodel.pyfunc.PythonModel):
    """Answers with columns of many types, and notes each load: the process, and the model's folder."""

    def load_context(self, context):
        import os

        notes = Path(context.model_config["notes"])
        place = os.path.realpath(context.artifacts["weights"])
        with (notes / str(os.getpid())).open("a") as file:
            file.write(f"{place}\n")

    def predict(self, context, model_input, params=None):
        import pandas as pd

        quarters = (model_input["a"] * 4).astype("int64")
        return pd.DataFrame(
            {
                "text": "<" + quarters.astype(str) + ">",
                "wide": quarters,
                "narrow": -quarters.astype("int32"),
                "number": model_input["a"] * 2,
                "truth": quarters % 3 == 0,
            }
        )


def answers(quarters):
    """Return what one row is answered with as each result type, in words of the specification."""
    text, wide, narrow = f"<{quarters}>", quarters, -quarters
    number, truth = quarters / 2, quarters % 3 == 0
    return {
        "int": narrow,  # the leftmost of integers that is no wider
        "long": wide,
        "float": float(wide),  # the leftmost of numbers, cast
        "double": float(wide),
        "string": text,
        "boolean": truth,
        "array<int>": [narrow],
        "array<long>": [wide, narrow],
        "array<float>": [float(wide), float(narrow), number],
        "array<double>": [float(wide), float(narrow), number],
        "array<string>": [text, str(wide), str(narrow), str(number), str(truth)],
        "array<boolean>": [truth],
        "number float, wide int, text string": {"number": number, "wide": wide, "text": text},
    }


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
        .config("spark.sql.shuffle.partitions", "2")
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
    wanted = [answers(quarters) for quarters in range(len(rows))]
    asked = [
        mlmodel.pyfunc.spark_udf(spark, work / "counting", kind)().alias(str(place))
        for place, kind in enumerate(wanted[0])
    ]
    on_driver = {one.name for one in (work / "notes").iterdir()}
    for one in (work / "notes").iterdir():
        one.unlink()
    for _ in range(2):  # of which the second finds what the first one loaded
        typed = table.select("a", *asked).orderBy("a").collect()
    shipped = predict.shipped

    def whole(frames):
        for frame in frames:
            yield frame.assign(p=shipped.load().predict(frame))

    frames = table.mapInPandas(whole, "a double, b double, p double").orderBy("a").collect()
    found = {
        "version": spark.version,
        "linear": [row.p for row in scored] == model.predict(rows).tolist(),
        "frames": [row.p for row in frames] == model.predict(rows).tolist(),
        "types": otherwise([list(row)[1:] for row in typed], wanted),
        "loaded on the driver": len(on_driver),
        "loads": {one.name: one.read_text().split() for one in (work / "notes").iterdir()},
        "pipeline": pipeline(spark, rows, work),
    }
    spark.stop()
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def otherwise(told, wanted) -> dict[str, object]:
    """Return for each result type the first row that is answered otherwise, None where none is."""
    found = {}
    for place, kind in enumerate(wanted[0]):
        given = [
            row[place].asDict() if hasattr(row[place], "asDict") else row[place] for row in told
        ]
        pairs = zip(given, (one[kind] for one in wanted), strict=True)
        found[kind] = next(([repr(a), repr(b)] for a, b in pairs if repr(a) != repr(b)), None)
    return found


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
