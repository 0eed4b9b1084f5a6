"""Models of Spark saved as bundles of MLeap, alone and beside Spark's own folder (MLP-013, SPK-018)."""

from __future__ import annotations

import pytest

import mlmodel
from java_tools import jars
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.models import Model
from mlmodel.scoring.fidelity.answers import difference
from specimens import specimen
from specimens.spark import session, table

# Spark and Java take seconds to start.
pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.slow]

BUNDLE = {"code": None, "mleap_version": "0.20.0", "model_data": "mleap/model"}


@pytest.fixture(scope="module", autouse=True)
def _ready():
    jars()
    session()


@pytest.fixture(scope="module")
def rows():
    return specimen("spark").rows()


@pytest.fixture(scope="module")
def pipeline():
    return specimen("spark").make()


@pytest.fixture(scope="module")
def own(pipeline, rows):
    return specimen("spark").native(pipeline, rows)


def test_a_sample_writes_a_bundle_beside(pipeline, rows, own, tmp_path):
    """SPK-018: each answers by itself."""
    mlmodel.spark.save_model(
        pipeline, tmp_path / "m", sample_input=table(rows), input_example=rows[:3]
    )
    described = Model.load(tmp_path / "m")
    assert set(described.flavors) == {"spark", "mleap", "python_function"}
    assert described.flavors["mleap"] == BUNDLE
    assert described.flavors["python_function"]["loader_module"] == "mlflow.spark"
    assert mlmodel.validate(tmp_path / "m").violations == ()
    told = mlmodel.mleap.load_model(tmp_path / "m").predict(rows)
    assert difference(own, told["prediction"].tolist()) is None
    assert difference(own, mlmodel.load(tmp_path / "m").predict(rows)) is None


@pytest.mark.parametrize("order", ["MLflow's", "named", "ours"])
def test_a_bundle_alone(pipeline, rows, own, tmp_path, order):
    """MLP-013: MLflow's order of the arguments is taken as well as ours."""
    path, sample = tmp_path / "m", table(rows)
    if order == "MLflow's":
        mlmodel.mleap.save_model(pipeline, sample, path)
    elif order == "named":
        mlmodel.mleap.save_model(spark_model=pipeline, path=path, sample_input=sample)
    else:
        mlmodel.mleap.save_model(pipeline, path, sample_input=sample, input_example=rows[:3])
    described = Model.load(path)
    assert described.flavors == {"mleap": BUNDLE}
    assert (described.signature is not None) is (order == "ours")
    assert mlmodel.validate(path).violations == ()
    assert difference(own, mlmodel.load(path).predict(rows)["prediction"].tolist()) is None
    assert (path / "mleap" / "model" / "bundle.json").is_file()


def test_a_single_stage(pipeline, rows, tmp_path):
    """MLP-013: a stage needs no pipeline around it."""
    mlmodel.mleap.save_model(pipeline.stages[0], table(rows), tmp_path / "m")
    told = mlmodel.mleap.load_model(tmp_path / "m").predict(rows)
    own = [row["number"] for row in pipeline.stages[0].transform(table(rows)).collect()]
    assert told["number"].tolist() == own


@pytest.mark.parametrize("save", ["spark", "mleap"])
def test_what_cannot_be_a_bundle_is_not_saved(rows, tmp_path, save):
    """SPK-018, MLP-014: nothing is written."""
    import pyspark.ml.feature

    stage = pyspark.ml.feature.SQLTransformer(statement="SELECT n AS prediction FROM __THIS__")
    with pytest.raises(UnsupportedModel, match=r"SQLTransformer.*MLP-014"):
        getattr(mlmodel, save).save_model(stage, tmp_path / "m", sample_input=table(rows))
    assert list(tmp_path.iterdir()) == []


def test_no_sample(pipeline, tmp_path):
    """MLP-014 (EDITIONS row 62)."""
    with pytest.raises(InvalidArgument, match=r"sample_input is missing.*MLP-014"):
        mlmodel.mleap.save_model(pipeline, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_fitted(rows, tmp_path):
    """MLP-013."""
    import pyspark.ml.feature

    with pytest.raises(InvalidArgument, match=r"saves fitted models of pyspark\.ml.*MLP-013"):
        mlmodel.mleap.save_model(pyspark.ml.feature.StringIndexer(), table(rows), tmp_path / "m")
