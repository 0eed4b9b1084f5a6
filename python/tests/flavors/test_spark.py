"""The flavor of Spark: what is saved and read, its errors, and what of a folder could run."""

import json
import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from specimens import model as specimen_model
from specimens import specimen
from specimens.spark import session, table

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.filterwarnings("ignore")]

ROWS = specimen("spark").rows()


@pytest.fixture(scope="module")
def pipeline():
    return specimen_model("spark")


@pytest.fixture(scope="module")
def saved(pipeline, tmp_path_factory):
    path = tmp_path_factory.mktemp("spark") / "m"
    mlmodel.spark.save_model(pipeline, path, input_example=ROWS[:2])
    return path


@pytest.fixture
def copied(saved, tmp_path, monkeypatch):
    """A copy of the model that nobody trusts."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    shutil.copytree(saved, tmp_path / "m")
    return tmp_path / "m"


def predictions(model, rows=ROWS):
    return [row.prediction for row in model.transform(table(rows)).collect()]


def metadata_of(folder, stage=""):
    """Return the file that says what a stage is."""
    [found] = (folder / "sparkml").glob(f"{f'stages/*{stage}*/' if stage else ''}metadata/part-*")
    return found


def changed(file, **values):
    """Change keys of a stage's metadata, without the sums that Spark keeps of its files."""
    read = json.loads(file.read_text())
    for key, value in values.items():
        read[key] = {**read[key], **value} if isinstance(value, dict) else value
    file.write_text(json.dumps(read) + "\n")
    for one in file.parent.glob(".*.crc"):
        one.unlink()


# Saving


def test_the_keys(saved):
    attributes = mlmodel.models.Model.load(saved).flavors
    assert attributes["spark"] == {
        "code": None,
        "model_class": "pyspark.ml.pipeline.PipelineModel",
        "model_data": "sparkml",
        "pyspark_version": __import__("pyspark").__version__,
    }
    assert attributes["python_function"]["data"] == "sparkml"
    assert attributes["python_function"]["loader_module"] == "mlflow.spark"


def test_a_stage_is_saved_as_the_only_one(pipeline, tmp_path):
    """SPK-017."""
    mlmodel.spark.save_model(pipeline.stages[0], tmp_path / "m")
    loaded = mlmodel.spark.load_model(tmp_path / "m")
    assert type(loaded).__name__ == "PipelineModel"
    assert [type(stage).__name__ for stage in loaded.stages] == ["StringIndexerModel"]
    answer = mlmodel.load(tmp_path / "m").predict(ROWS[:3])
    assert answer == [row.number for row in pipeline.stages[0].transform(table(ROWS[:3])).collect()]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ml: ml.Pipeline(stages=[]), "fit an estimator first"),
        (lambda ml: ml.regression.LinearRegression(), "fit an estimator first"),
        (lambda _: object(), "not builtins.object"),
        (lambda ml: ml.PipelineModel, "PipelineModel"),
    ],
)
def test_what_is_not_saved(tmp_path, make, said):
    """SPK-017."""
    session()
    ml = __import__("pyspark.ml.regression", fromlist=["ml"])
    with pytest.raises(InvalidArgument, match=said):
        mlmodel.spark.save_model(make(sys.modules[ml.__package__]), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_what_spark_cannot_write(pipeline, tmp_path):
    """SPK-017: a stage of Python that says nothing of how it is written."""
    from pyspark.ml import PipelineModel, Transformer

    class Own(Transformer):
        def _transform(self, dataset):
            return dataset

    with pytest.raises(InvalidArgument, match="cannot be saved by Spark"):
        mlmodel.spark.save_model(PipelineModel(stages=[Own()]), tmp_path / "m")


def test_requirements_name_spark_alone(saved):
    assert mlmodel.spark.get_default_pip_requirements() == [
        f"pyspark=={__import__('pyspark').__version__}"
    ]
    assert "mlflow" not in (saved / "requirements.txt").read_text()


# Loading


def test_what_is_loaded_answers_as_before(pipeline, saved):
    assert predictions(mlmodel.spark.load_model(saved)) == predictions(pipeline)


def test_numbers_that_are_read_later_are_still_there(tmp_path):
    """The factors of ALS are read when they are asked; their files stay with the model."""
    from pyspark.ml.recommendation import ALS

    session()
    rows = pd.DataFrame(
        {"u": [0, 1, 2, 0, 1] * 4, "i": [0, 1, 2, 2, 0] * 4, "r": [1.0, 2, 3, 4, 5] * 4}
    )
    als = ALS(userCol="u", itemCol="i", ratingCol="r", seed=1, maxIter=2, coldStartStrategy="drop")
    mlmodel.spark.save_model(als.fit(table(rows)), tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    asked = pd.DataFrame({"u": [2, 77, 0, 1], "i": [2, 0, 0, 1]})
    # SPK-014: in the order of the rows, and nothing for whom it does not know.
    answer = loaded.predict(asked)
    assert answer[1] is None
    alone = [loaded.predict(asked[at : at + 1])[0] for at in (0, 2, 3)]
    assert [answer[0], *answer[2:]] == alone


@pytest.mark.parametrize("name", ["pyspark.ml.connect.feature.StandardScalerModel", "os.system"])
def test_other_classes_are_never_loaded(copied, name):
    """SPK-002."""
    file = copied / "MLmodel"
    file.write_text(file.read_text().replace("pyspark.ml.pipeline.PipelineModel", name))
    with pytest.raises(UnsupportedModel, match="SPK-002"):
        mlmodel.load(copied, trust=True)


def test_without_java_what_spark_needs_is_named(saved, tmp_path):
    """SPK-010."""
    code = (
        "import sys, mlmodel\n"
        "try: mlmodel.load(sys.argv[1], trust=True)\n"
        "except mlmodel.errors.MissingDependency as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], env={**os.environ, "JAVA_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.search(
        r"could not be started: .*It needs Java 17 \(JAVA_HOME\).*SPK-010", done.stdout
    ), done.stderr


def test_a_folder_of_early_users_loads(corpus):
    """Of Spark 2.4, with nine stages."""
    loaded = mlmodel.load(corpus / "spark-early")
    row = {
        "OP_CARRIER": "WN", "ORIGIN": "DEN", "DEST": "LAX", "DAY_OF_MONTH": 1, "DAY_OF_WEEK": 2,
        "DEP_DELAY": 3.0,
    }  # fmt: skip
    assert loaded.predict(pd.DataFrame([row])) in ([0.0], [1.0])


_MADE_ON_DEMAND = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlmodel, pandas as pd
model = mlmodel.load(sys.argv[1])
answer = model.predict(pd.DataFrame({"c": ["Oslo", "Rome"], "n": [1.0, 2.0]}))
from pyspark.sql import SparkSession
spark = SparkSession.getActiveSession()
print(json.dumps([answer, spark.sparkContext.master, spark.conf.get("spark.sql.session.timeZone")]))
text = mlmodel.load(sys.argv[2])
print(json.dumps(text.predict(pd.DataFrame({"c": ["1", "x"]}))))
"""


@pytest.mark.slow
def test_a_session_is_made_on_demand(pipeline, saved, tmp_path):
    """SPK-010: in a process without one, for a model of Spark 4 and one of Spark 3."""
    from pyspark.ml.feature import SQLTransformer

    cast = SQLTransformer(statement="SELECT cast(c AS int) AS prediction FROM __THIS__")
    mlmodel.spark.save_model(cast, tmp_path / "old")
    file = tmp_path / "old" / "MLmodel"
    file.write_text(
        "\n".join(
            "    pyspark_version: 3.5.1" if "pyspark_version" in line else line
            for line in file.read_text().splitlines()
        )
    )
    environment = {name: text for name, text in os.environ.items() if name != "PYSPARK_PYTHON"}
    done = subprocess.run(
        [sys.executable, "-c", _MADE_ON_DEMAND, str(saved), str(tmp_path / "old")],
        capture_output=True, text=True, check=False, env=environment, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (answer, master, zone), cast_answer = map(json.loads, done.stdout.splitlines()[-2:])
    assert answer == predictions(pipeline, pd.DataFrame({"c": ["Oslo", "Rome"], "n": [1.0, 2.0]}))
    assert (master, zone) == ("local[1]", "UTC")
    # What cannot be converted was null then, and is an error now.
    assert cast_answer == [1, None]


# Damage


def test_a_folder_that_is_not_there(copied):
    shutil.rmtree(copied / "sparkml")
    with pytest.raises(InvalidModel, match="DIR-003"):
        mlmodel.load(copied)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: shutil.rmtree(root / "sparkml/metadata"), "has no file metadata"),
        (lambda root: metadata_of(root).write_text("{"), "not the JSON"),
        (lambda root: metadata_of(root).write_text("{}\n{}\n"), "more than one line"),
        (lambda root: metadata_of(root).write_text('{"uid": "a"}'), "names no class"),
        (lambda root: metadata_of(root).write_text('{"class": "a", "class": "b"}'), "twice"),
        (lambda root: (root / "sparkml/notes.txt").write_text("x"), "neither a stage's metadata"),
        (lambda root: (root / "sparkml/metadata/part-*").write_text("{}"), "SPK-008"),
        (lambda root: changed(metadata_of(root), paramMap={"stageUids": ["../../x"]}), "SPK-008"),
        (lambda root: changed(metadata_of(root), uid="a/b"), "SPK-008"),
    ],
)
def test_damaged_metadata_are_told(copied, damage, said):
    """SPK-004, SPK-008; in a trusted folder, too."""
    damage(copied)
    for trust in (False, True):
        with pytest.raises(InvalidModel, match=said):
            mlmodel.load(copied, trust=trust)


def test_a_table_that_is_cut_off(copied):
    """SPK-004."""
    [file] = (copied / "sparkml/stages").glob("0_*/data/part-*")
    whole = file.read_bytes()
    for end in (3, 10, len(whole) - 3, len(whole) - 40):
        file.write_bytes(whole[:end])
        with pytest.raises(InvalidModel, match="SPK-004"):
            mlmodel.load(copied)


def test_a_stage_that_is_missing(copied):
    """SPK-004: in Spark's own words, without the places of this machine."""
    [stage] = (copied / "sparkml/stages").glob("2_*")
    shutil.rmtree(stage)
    with pytest.raises(InvalidModel, match="SPK-004") as raised:
        mlmodel.load(copied)
    assert "mlmodel-spark-" not in str(raised.value)


def test_a_later_version_is_named(copied):
    """Both versions stand in the error, where the model does not load."""
    file = copied / "MLmodel"
    version = __import__("pyspark").__version__
    file.write_text(
        file.read_text().replace(f"pyspark_version: {version}", "pyspark_version: 9.0.0")
    )
    changed(metadata_of(copied, "LinearRegression"), paramMap={"noSuchParameter": 1})
    with pytest.raises(MissingDependency, match=r"9\.0\.0") as raised:
        mlmodel.load(copied)
    assert version in str(raised.value)


# Trust


CLASSES = [
    "com.acme.spark.Scorer", "org.apache.spark.ml.feature.NoSuchStage", "acme.stages.Scorer",
    "pyspark.ml.feature.StringIndexer", "org.apache.spark.sql.SparkSession",
]  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_classes_that_are_not_sparks_ask_for_trust(copied, name):
    """SPK-005."""
    changed(metadata_of(copied, "LinearRegression"), **{"class": name})
    with pytest.raises(UntrustedModel, match=f"names the class '{name}'"):
        mlmodel.load(copied)
    told = subprocess.run(
        [sys.executable, "-m", "mlmodel", "inspect", "--require-trust", "list", str(copied)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    assert name in subprocess.run(
        [sys.executable, "-m", "mlmodel", "inspect", str(copied)],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip


def test_a_class_that_spark_does_not_find_is_named(copied):
    """SPK-009, in a folder that is trusted."""
    changed(metadata_of(copied, "LinearRegression"), **{"class": "com.acme.spark.Scorer"})
    with pytest.raises(MissingDependency, match=r"com\.acme\.spark\.Scorer.*spark\.jars"):
        mlmodel.load(copied, trust=True)


INSPECT = [sys.executable, "-m", "mlmodel", "inspect", "--require-trust", "list"]
PLAIN = [
    "SELECT *, a + b AS c FROM __THIS__", "select a from __THIS__ where a > 1 and b in ('x', 'y')",
    "SELECT `java_method` , cast(a AS decimal(10, 2)) FROM __THIS__",
    "SELECT CASE WHEN a IS NULL THEN -1 ELSE log10(a) END AS x FROM __THIS__",
    "SELECT *, (v1 + v2) AS v3, (v1 * v2) AS v4 FROM __THIS__",
]  # fmt: skip
NOT_PLAIN = [
    "SELECT java_method('java.lang.Runtime', 'getRuntime') FROM __THIS__",
    "SELECT reflect('a', 'b') FROM __THIS__", "SELECT `reflect`('a', 'b') FROM __THIS__",
    "SELECT system.builtin.reflect('a', 'b') FROM __THIS__", "DROP TABLE a", "ADD JAR 'x.jar'",
    "SELECT (SELECT 1) FROM __THIS__", "SELECT * FROM csv.`/etc/passwd`", "SELECT 1",
    "SELECT * FROM __THIS__, other", "SELECT * FROM __THIS__ JOIN other",
    "SELECT a FROM __THIS__ WHERE a > 1 UNION TABLE other", "SELECT * FROM __THIS__; DROP TABLE a",
    "SELECT TRANSFORM(a) USING 'sh' FROM __THIS__", "SELECT a /* b */ FROM __THIS__",
    "SELECT a -- b\n FROM __THIS__", "SELECT own(a) FROM __THIS__", "SELECT 'a\\'b' FROM __THIS__",
    "SELECT read_files('/etc/passwd') FROM __THIS__", "SELECT * FROM __THIS__ LATERAL VIEW x",
    "MAP a USING 'sh' FROM __THIS__", "", "SELECT ${x} FROM __THIS__", 7, None,
]  # fmt: skip


@pytest.fixture
def with_sql(copied):
    """Change a stage into a statement of SQL."""

    def change(statement):
        changed(
            metadata_of(copied, "LinearRegression"),
            **{"class": _SQL},
            paramMap={"statement": statement},
        )
        return copied

    return change


_SQL = "org.apache.spark.ml.feature.SQLTransformer"


@pytest.mark.parametrize("statement", NOT_PLAIN)
def test_sql_that_may_run_something_asks_for_trust(with_sql, statement):
    """SPK-006."""
    with pytest.raises(UntrustedModel, match="holds SQL that"):
        mlmodel.load(with_sql(statement))


@pytest.mark.parametrize("statement", PLAIN)
def test_plain_sql_needs_no_trust(with_sql, statement):
    """SPK-006: and Spark reads it as what it is."""
    looked = subprocess.run(
        [*INSPECT, str(with_sql(statement))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert looked.returncode == 0, looked.stdout


def test_a_column_of_a_users_type_asks_for_trust(copied):
    """SPK-007: Spark would make an object of the class, and Python unpickle it."""
    import pyarrow as pa
    from pyarrow import parquet

    [file] = (copied / "sparkml/stages").glob("0_*/data/part-*")
    key = b"org.apache.spark.sql.parquet.row.metadata"
    read = parquet.read_table(file)
    own = {
        "type": "udt", "class": "com.acme.Type", "pyClass": None,
        "sqlType": {"type": "array", "elementType": "string", "containsNull": True},
    }  # fmt: skip
    vector = {
        "type": "udt", "class": "org.apache.spark.ml.linalg.VectorUDT",
        "pyClass": "os.Type", "sqlType": own["sqlType"],
    }  # fmt: skip
    pickled = {"type": "udt", "pyClass": "a.B", "serializedClass": "gASV", "sqlType": "string"}
    for kind, said in ((own, "com.acme.Type"), (vector, "os.Type"), (pickled, "which is a class")):
        schema = {
            "type": "struct",
            "fields": [{"name": "x", "type": kind, "nullable": True, "metadata": {}}],
        }
        parquet.write_table(read.replace_schema_metadata({key: json.dumps(schema)}), file)
        with pytest.raises(UntrustedModel, match=said):
            mlmodel.load(copied)
    parquet.write_table(read.replace_schema_metadata({key: "StructType(a)"}), file)
    with pytest.raises(InvalidModel, match="SPK-007"):
        mlmodel.load(copied)
    assert isinstance(read, pa.Table)


def test_parameters_of_tuning_name_no_other_folder(copied):
    """SPK-008: the estimators of a grid stand in folders that their parameters name."""
    value = {"parent": "a", "name": "b", "value": "../../elsewhere", "isJson": "false"}
    changed(
        metadata_of(copied, "LinearRegression"),
        **{"class": "org.apache.spark.ml.tuning.CrossValidatorModel"},
        paramMap={"estimatorParamMaps": [[value]]},
    )
    with pytest.raises(InvalidModel, match="SPK-008"):
        mlmodel.load(copied, trust=True)


def test_what_spark_does_not_read_is_not_looked_at(copied):
    """SPK-004: hidden files and folders."""
    (copied / "sparkml/_notes").mkdir()
    (copied / "sparkml/_notes/metadata").mkdir()
    (copied / "sparkml/_notes/metadata/part-00000").write_text("{}")
    (copied / "sparkml/.DS_Store").write_bytes(b"x")
    assert mlmodel.load(copied).predict(ROWS[:1])


@pytest.mark.parametrize("name", ["_common_metadata", "_metadata", "_k=1/part-0.parquet"])
def test_what_stands_hidden_does_not_reach_spark(copied, name):
    """SPK-004, SPK-007: it would take the schema from such files, and rows from such folders."""
    [file] = (copied / "sparkml/stages").glob("0_*/data/part-*")
    (file.parent / name).parent.mkdir(exist_ok=True)
    (file.parent / name).write_bytes(b"PAR1 nobody has looked at this PAR1")
    assert mlmodel.load(copied).predict(ROWS[:1])


def test_honest_stages_need_no_trust(tmp_path, monkeypatch):
    """Every kind of stage that Spark writes in folders of its own."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import (
        LogisticRegression,
        OneVsRest,
        RandomForestClassifier,
    )
    from pyspark.ml.evaluation import MulticlassClassificationEvaluator
    from pyspark.ml.feature import PCA, RFormula, StringIndexer
    from pyspark.ml.tuning import ParamGridBuilder, TrainValidationSplit

    session()
    rows = pd.DataFrame({"c": ["x", "y", "z"] * 12, "n": range(36), "m": [1.5, 2.5] * 18})
    forest = RandomForestClassifier(labelCol="label", featuresCol="features", numTrees=2, seed=1)
    grid = ParamGridBuilder().addGrid(forest.maxDepth, [1, 2]).build()
    tuned = TrainValidationSplit(
        estimator=forest,
        estimatorParamMaps=grid,
        evaluator=MulticlassClassificationEvaluator(),
        seed=1,
    )
    every = OneVsRest(classifier=LogisticRegression(maxIter=2))
    fitted = Pipeline(
        stages=[
            RFormula(formula="label ~ n + m + c"), PCA(k=2, inputCol="features", outputCol="two"),
            StringIndexer(inputCol="c", outputCol="place"), tuned,
        ]
    ).fit(table(rows.assign(label=rows["n"] % 3)))  # fmt: skip
    mlmodel.spark.save_model(fitted, tmp_path / "m", output_columns=["prediction", "two"])
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    answer = mlmodel.load(tmp_path / "m").predict(rows)
    own = fitted.transform(table(rows)).select("prediction", "two").collect()
    assert answer["prediction"].tolist() == [row.prediction for row in own]
    # SPK-015: vectors are lists.
    assert answer["two"].tolist() == [row.two.toArray().tolist() for row in own]
    formula = fitted.stages[0].transform(table(rows.assign(label=rows["n"] % 3)))
    mlmodel.spark.save_model(every.fit(formula), tmp_path / "every")
    [loaded] = mlmodel.spark.load_model(tmp_path / "every").stages
    assert len(loaded.models) == 3


def test_the_copy_goes_with_the_model(saved, tmp_path, monkeypatch):
    """SPK-008."""
    import gc
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    loaded = mlmodel.spark.load_model(saved)
    assert list(tmp_path.glob("mlmodel-spark-*"))
    del loaded
    gc.collect()
    assert not list(tmp_path.glob("mlmodel-spark-*"))
