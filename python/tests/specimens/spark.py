"""Spark ML: pipelines of stages, in one local session for all tests of a process."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def session() -> Any:
    """Return a session of this machine, which ends with the process."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master("local[1]").appName("tests")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
    }.items():
        builder = builder.config(key, value)
    # Spark's processes import what the tests' models are made of.
    before, tests = os.environ.get("PYTHONPATH"), Path(__file__).resolve().parents[1]
    mine = [str(tests), str(tests / "fidelity"), *filter(None, [before])]
    os.environ["PYTHONPATH"] = os.pathsep.join(mine)
    try:
        return builder.getOrCreate()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def table(rows: Any) -> Any:
    """Return rows as a table of Spark, as a user of pandas makes one."""
    frame = rows.to_frame() if isinstance(rows, pd.Series) else rows
    # Spark knows no categories, and names columns by texts.
    categories = frame.select_dtypes("category").columns
    frame = frame.astype(dict.fromkeys(categories, object)).set_axis(
        map(str, frame.columns), axis=1
    )
    # What is missing in every row is of no type that Spark could tell.
    unknown = [name for name in frame if frame[name].dtype == object and frame[name].isna().all()]
    return session().createDataFrame(frame.astype(dict.fromkeys(unknown, "string")))


def lists(rows: Any) -> Any:
    """Return an array of several axes as a table of one column of lists, in the order of C (UDF-007)."""
    kind = "float" if rows.dtype == np.float32 else "double"
    flat = rows.reshape(len(rows), -1).tolist()
    return session().createDataFrame([(row,) for row in flat], f"x array<{kind}>")


def native(model: Any, rows: Any) -> Any:
    """Return what Spark itself answers."""
    return [row.prediction for row in model.transform(table(rows)).select("prediction").collect()]


def _fitted(rows: Any, stages: Callable[[Any], list[Any]]) -> Any:
    """Return the pipeline of the stages that are made of Spark's modules, fitted."""
    import pyspark.ml.feature
    import pyspark.ml.regression

    ml = pyspark.ml

    trained_on = table(rows)  # which starts Spark, without which there are no stages
    return ml.Pipeline(stages=stages(ml)).fit(trained_on)


def _sql(select: str) -> Any:
    """Return what trains a pipeline of one statement, which Spark answers as it stands."""

    statement = f"SELECT {select} AS prediction FROM __THIS__"
    return lambda rows: _fitted(rows, lambda ml: [ml.feature.SQLTransformer(statement=statement)])


def _regression(ml: Any) -> list[Any]:
    return [
        ml.feature.VectorAssembler(inputCols=["number", "n"], outputCol="features"),
        ml.regression.LinearRegression(labelCol="y", regParam=0.5),
    ]


def _labelled(rows: Any) -> Any:
    return rows.assign(y=rows["n"] * 2 + 1 + rows["c"].isna() * 7)


def _of_numbers(rows: Any) -> Any:
    return _fitted(
        _labelled(rows),
        lambda ml: [ml.feature.Imputer(inputCols=["c"], outputCols=["number"]), *_regression(ml)],
    )


def of_columns(rows: Any) -> Any:
    """Return a regression on both columns as they are."""
    return _fitted(
        _labelled(rows),
        lambda ml: [
            ml.feature.VectorAssembler(inputCols=["c", "n"], outputCol="features"),
            ml.regression.LinearRegression(labelCol="y", regParam=0.5),
        ],
    )


def of_texts(rows: Any, unseen: str = "keep") -> Any:
    """Return a regression on the numbers of texts, and a number."""
    return _fitted(
        _labelled(rows),
        lambda ml: [
            ml.feature.StringIndexer(inputCol="c", outputCol="number", handleInvalid=unseen),
            *_regression(ml),
        ],
    )


def _of_words(rows: Any) -> Any:
    labelled = rows.to_frame().assign(y=np.arange(len(rows)) % 17 / 2)
    return _fitted(
        labelled,
        lambda ml: [
            ml.feature.Tokenizer(inputCol="text", outputCol="words"),
            ml.feature.HashingTF(inputCol="words", outputCol="features", numFeatures=64),
            ml.regression.LinearRegression(labelCol="y", regParam=0.5),
        ],
    )


_HOUR = _sql("coalesce(hour(c), -1) + n")

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_of_numbers, native),
    "text with gaps": Made(of_texts, native),
    "categories of texts": Made(of_texts, native),
    "booleans with gaps": Made(_sql("coalesce(cast(c AS int), -1) + n"), native),
    "zoned times": Made(_HOUR, native),
    "naive times": Made(_HOUR, native),
    "one text column": Made(_of_words, native),
    "nested cells": Made(_sql("size(l) + d.a + length(d.b)"), native),
    "sparse": "Spark takes tables, whose columns have names",
}


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"c": rng.choice(["Oslo", "Rome", "Lima"], 24), "n": rng.integers(0, 100, 24) / 4}
    )


def _layout(model: Any, root: Path, text: str) -> None:
    model.write().save(f"file://{root / 'sparkml'}")
    mlmodel_file(root, text)


def _of_0(model: Any, root: Path) -> None:
    _layout(
        model,
        root,
        """
        artifact_path: model
        flavors:
          python_function:
            data: sparkml
            env: conda.yaml
            loader_module: mlflow.spark
            python_version: 3.6.8
          spark:
            model_data: sparkml
            pyspark_version: 2.4.3
        run_id: 8ddc6ec1f3d2435c97a2a8e5a2f8f3a0
        utc_time_created: '2019-07-02 16:01:14.110000'
        """,
    )
    (root / "conda.yaml").write_text("dependencies:\n- python=3.6.8\n- pyspark=2.4.3\n")


def _of_1(model: Any, root: Path) -> None:
    _layout(
        model,
        root,
        """
        flavors:
          python_function:
            data: sparkml
            env: conda.yaml
            loader_module: mlflow.spark
            python_version: 3.9.12
          spark:
            code: null
            model_data: sparkml
            pyspark_version: 3.3.0
        mlflow_version: 1.28.0
        model_uuid: 5c5d7ea9a0a14d7a8e0ad1f3dff7c0d1
        utc_time_created: '2022-08-12 09:11:27.345000'
        """,
    )
    (root / "conda.yaml").write_text("dependencies:\n- python=3.9.12\n- pip:\n  - pyspark==3.3.0\n")


def _of_2(model: Any, root: Path) -> None:
    _layout(
        model,
        root,
        """
        flavors:
          python_function:
            data: sparkml
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.spark
            python_version: 3.10.12
          spark:
            code: null
            model_class: pyspark.ml.pipeline.PipelineModel
            model_data: sparkml
            pyspark_version: 3.5.1
        mlflow_version: 2.12.1
        model_size_bytes: 8213
        model_uuid: 5c5d7ea9a0a14d7a8e0ad1f3dff7c0d2
        utc_time_created: '2024-05-03 07:31:45.120000'
        """,
    )
    (root / "conda.yaml").write_text(
        "dependencies:\n- python=3.10.12\n- pip:\n  - pyspark==3.5.1\n"
    )
    (root / "python_env.yaml").write_text("python: 3.10.12\ndependencies:\n- -r requirements.txt\n")
    (root / "requirements.txt").write_text("pyspark==3.5.1\n")


SPECIMEN = Specimen(
    libraries=("pyspark",),
    make=lambda: of_texts(_rows()),
    rows=_rows,
    native=native,
    layouts={"0.x": _of_0, "1.x": _of_1, "2.x": _of_2},
    fidelity=FIDELITY,
    not_asked={
        "Spark UDF": "it is a session that answers, which Spark's workers do not have (UDF-022)"
    },
    missing={"arrays": "its columns have names and kinds"},
    other_kinds="its columns are those of the other kinds to Spark, which has no categories",
)
