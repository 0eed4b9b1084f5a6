"""A pipeline of Spark in a bundle of MLeap: categories indexed, a logistic regression; and Spark's own answers."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

from fidelity_kinds import OF_BRIDGES

from specimens import Made, Specimen, mlmodel_file, spark

BUNDLES = (
    Path(__file__).resolve().parents[3] / "java-bridge" / "src" / "test" / "resources" / "bundles"
)
NAMES = ["x1", "x2", "k", "cat"]


def rows():
    """The rows that Spark answered when it wrote the bundles."""
    import pandas as pd

    return pd.read_csv(BUNDLES / "data.csv")[NAMES]


def spark_said(name):
    """What Spark answered to them."""
    return json.loads((BUNDLES / f"{name}.json").read_text())


def bundle(name):
    import mlmodel.mleap
    from java_tools import jars

    jars()
    return mlmodel.mleap.load_bundle(BUNDLES / f"{name}.zip")


def _layout(keys, packed):
    def write(model, root):
        if packed:
            (root / "model.zip").write_bytes(model.file.read_bytes())
        else:
            with zipfile.ZipFile(model.file) as archive:
                archive.extractall(root / "mleap" / "model")
        mlmodel_file(root, keys)

    return write


_EARLY = """
    flavors:
      mleap: {input_schema: schema.json, mleap_version: 0.8.1, model_data: mleap/model}
    utc_time_created: '2018-10-01 10:00:00.000000'
"""
_OF_R = """
    flavors:
      mleap: {mleap_version: 0.12.0, model_data: model.zip}
    time_created: 19-09-25T13:56:34.34.95
    run_id: 7c8c2a3d0bff4ce7ad5f1f1a5a1b9e70
"""
_LATER = """
    artifact_path: model
    flavors:
      mleap: {code: null, mleap_version: 0.20.0, model_data: mleap/model}
    mlflow_version: 2.4.1
    model_uuid: 2d4d46be4a474a5fb0ed5cf4d3b0a0ea
    utc_time_created: '2023-06-01 10:00:00.000000'
"""


def _save_by_mlflow(mlflow, model, path, **_more):
    mlflow.mleap.save_model(spark_model=model, sample_input=None, path=str(path))


def _bundle_of(of_spark, **more):
    """Return a model of Spark as a bundle, which is held against Spark."""

    def train(rows):
        from java_tools import jars
        from mlmodel.flavors.mleap import FLAVOR

        jars()
        pipeline = of_spark.train(rows)
        whole = rows.dropna() if more else rows  # what is refused is none to be trained on
        made = FLAVOR.bundle_of(pipeline, spark.table(whole))
        made.pipeline, made.said = pipeline, {}
        return made

    def native(model, rows):
        import pandas as pd

        asked = pickle.dumps(rows)
        if asked not in model.said:  # every way asks the same
            model.said[asked] = of_spark.native(model.pipeline, rows)
        return pd.DataFrame({"prediction": model.said[asked]})

    return Made(train, native, **more)


def _of_known_texts(rows):
    return spark.of_texts(rows, unseen="error")


_NUMBERS, _TEXTS = (Made(train, spark.native) for train in (spark.of_columns, spark.of_texts))
_NO_TIME = "MLeap has no times"
_NO_TRUTHS = "no stage of MLeap takes truth values: a bundle of one that does in Spark is not saved"
#: Of numbers without NaN it is the type that says that none is missing.
_NO_GAPS = "MLP-008|ENF-022"

SPECIMEN = Specimen(
    libraries=("pyspark", "py4j"),
    make=lambda: bundle("lr"),
    rows=rows,
    layouts={
        "0.x": _layout(_EARLY, packed=False),
        "1.x": _layout(_OF_R, packed=True),
        "2.x": _layout(_LATER, packed=False),
    },
    missing={
        "arrays": "its columns have names and kinds",
    },
    mlflow_save=_save_by_mlflow,
    not_exchanged={
        "3.x writes": "No module named 'mlflow.mleap'",
        **dict.fromkeys(("2.x writes", "1.x writes"), "No module named 'mleap'"),
        **dict.fromkeys(
            ("3.x reads", "2.x reads"), 'Model does not have the "python_function" flavor'
        ),
    },
    fidelity={
        "numbers with gaps": _bundle_of(spark.FIDELITY["numbers with gaps"]),
        "text with gaps": _bundle_of(_TEXTS),
        "categories of texts": _bundle_of(_TEXTS),
        "categories of integers": "MLeap indexes texts alone",
        "booleans with gaps": _NO_TRUTHS,
        "zoned times": _NO_TIME,
        "naive times": _NO_TIME,
        "decimals": "MLeap has no decimals",
        "integer names": "the columns of Spark are named by texts",
        "one text column": _bundle_of(spark.FIDELITY["one text column"]),
        "nested cells": "the stages of MLeap take no mappings, and no lists of several sizes",
        "sparse": "Spark takes tables, whose columns have names",
        "booleans": _NO_TRUTHS,
        "integers of 64 bits": _bundle_of(_NUMBERS),
        "integers of 64 bits with gaps": _bundle_of(
            Made(lambda rows: spark.of_columns(rows.dropna()), spark.native), refused=_NO_GAPS
        ),
        "integers beyond 2^53": "its stages take doubles, which hold none of them: refused where Spark rounds (MLP-007)",
        "texts beyond ASCII": _bundle_of(_TEXTS),
        "texts with NUL": _bundle_of(_TEXTS),
        "unseen categories": _bundle_of(Made(_of_known_texts, spark.native), refused="MLP-009"),
        "dates": _NO_TIME,
    },
    kinds=OF_BRIDGES,
)
