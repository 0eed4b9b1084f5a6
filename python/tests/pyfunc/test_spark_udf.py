"""Models as functions of Spark, in a session of this machine (spec/spark-udf.md)."""

import pickle
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel, UntrustedModel
from mlmodel.models import ModelSignature
from mlmodel.types import ColSpec, Object, ParamSchema, ParamSpec, Property, Schema, TensorSpec

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.filterwarnings("ignore")]

ROWS = pd.DataFrame({"a": np.arange(6) / 4, "b": np.arange(6)[::-1] / 8})


@pytest.fixture(scope="module")
def spark():
    from specimens.spark import session

    return session()


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    from sklearn.tree import DecisionTreeRegressor

    model, path = (
        DecisionTreeRegressor().fit(ROWS, ROWS["a"] * 2 + 1),
        tmp_path_factory.mktemp("l") / "m",
    )
    mlmodel.save(model, path, example=ROWS[:2])
    return path


@pytest.fixture
def predictions(linear):
    return mlmodel.load(linear).predict(ROWS).tolist()


@pytest.fixture(scope="module")
def told(tmp_path_factory, spark):
    """Save a function as a model, and return what scores rows with it."""
    place = tmp_path_factory.mktemp("told")

    def make(function, table, result_type="string", signature=None, columns=(), **options):
        path = place / str(len(list(place.iterdir())))
        mlmodel.pyfunc.save_model(path, python_model=function, signature=signature)
        predict = mlmodel.pyfunc.spark_udf(spark, path, result_type, **options)
        return [row.p for row in table.select(predict(*columns).alias("p")).collect()]

    return make


def scored(table, column):
    return [row.p for row in table.withColumn("p", column).collect()]


def test_the_columns_of_the_signature(spark, linear, predictions):
    """UDF-004, UDF-019: whatever stands beside them, and in whatever order."""
    predict = mlmodel.pyfunc.spark_udf(spark, linear)
    table = spark.createDataFrame(ROWS.assign(c="x")[["c", "b", "a"]])
    assert scored(table, predict()) == predictions
    assert table.withColumn("p", predict()).schema["p"].dataType.simpleString() == "double"


@pytest.mark.parametrize("count", [1, 2, 50, 51, 200])
def test_as_many_columns_as_the_signature_names(spark, told, count):
    """UDF-004: each by its name, in whatever order the table has them."""
    names = [f"c{place}" for place in range(count)]
    signature = ModelSignature(Schema([ColSpec("long", name) for name in names]))
    table = spark.createDataFrame([tuple(range(count))[::-1]], names[::-1])
    answers = told(
        lambda model_input: ["".join(f"{name} {model_input[name][0]} " for name in model_input)],
        table,
        signature=signature,
    )
    assert answers == ["".join(f"c{place} {place} " for place in range(count))]


def test_one_column_that_is_a_struct(spark, told):
    """UDF-004: an object, and not the table itself."""
    signature = ModelSignature(Schema([ColSpec(Object([Property("x", "long")]), "a")]))
    table = spark.createDataFrame([(({"x": 3}),)], "a struct<x: long>")
    assert told(lambda model_input: [model_input["a"][0]["x"]], table, "long", signature) == [3]


def test_columns_by_name_and_by_position(spark, linear, predictions):
    """UDF-005, UDF-006."""
    from pyspark.sql.functions import col, struct

    predict, table = mlmodel.pyfunc.spark_udf(spark, linear), spark.createDataFrame(ROWS)
    assert scored(table, predict(struct("b", "a"))) == predictions
    assert scored(table, predict("a", "b")) == predictions
    assert scored(table, predict(col("a"), table.b, col("a"))) == predictions
    assert scored(table, predict("b", "a")) != predictions


def test_by_sql(spark, linear, predictions):
    spark.udf.register("score", mlmodel.pyfunc.spark_udf(spark, linear))
    spark.createDataFrame(ROWS).createOrReplaceTempView("rows_of_udf")
    assert [
        row.p for row in spark.sql("SELECT score(a, b) AS p FROM rows_of_udf").collect()
    ] == predictions


def test_functions_of_one_query_are_asked_in_one_go(spark, linear, capsys):
    """What several models, or types, cost: the rows go to Python once."""
    kinds = ("double", "string", "array<double>")
    asked = [mlmodel.pyfunc.spark_udf(spark, linear, kind)().alias(kind[:2]) for kind in kinds]
    spark.createDataFrame(ROWS).select(*asked).explain()
    assert capsys.readouterr().out.count("ArrowEvalPython") == 1


def test_what_the_function_lacks(spark, linear, tmp_path):
    """UDF-004, UDF-006."""
    from pyspark.errors import AnalysisException

    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=lambda model_input: model_input)
    with pytest.raises(InvalidArgument, match="no signature.*UDF-004"):
        mlmodel.pyfunc.spark_udf(spark, tmp_path / "m", trust=True)()
    three = ModelSignature(Schema([ColSpec("double", name) for name in "abc"]))
    mlmodel.pyfunc.save_model(
        tmp_path / "three", python_model=lambda model_input: model_input, signature=three
    )
    with pytest.raises(InvalidArgument, match=r"more inputs: c is missing \(UDF-006\)"):
        mlmodel.pyfunc.spark_udf(spark, tmp_path / "three")("a", "b")
    with pytest.raises(AnalysisException, match="`b`"):
        spark.createDataFrame(ROWS[["a"]]).select(mlmodel.pyfunc.spark_udf(spark, linear)())


def test_data_that_do_not_fit_are_told_by_rule(spark, linear):
    from pyspark.errors import PythonException

    table = spark.createDataFrame(ROWS.assign(b="x"))
    with pytest.raises(PythonException, match="ENF-049"):
        scored(table, mlmodel.pyfunc.spark_udf(spark, linear)())


@pytest.mark.parametrize(
    ("given", "said"),
    [((None, "m"), "UDF-001"), (("m", "m"), "UDF-001"), ((7,), "UDF-001")],
)
def test_no_session(given, said):
    """UDF-001."""
    with pytest.raises(InvalidArgument, match=said):
        mlmodel.pyfunc.spark_udf(*given)


def test_a_session_without_a_model(spark):
    """UDF-001."""
    with pytest.raises(InvalidArgument, match="the model, too"):
        mlmodel.pyfunc.spark_udf(spark)


def test_the_early_editions_function(spark, linear, predictions):
    """UDF-001: the path alone, with a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        predict = mlmodel.pyfunc.spark_udf(str(linear))
    assert any("spark_udf(spark, path)" in str(one.message) for one in caught)
    table = spark.createDataFrame(ROWS)
    assert scored(table, predict("a", "b")) == predictions


@pytest.mark.parametrize("manager", ["conda", "virtualenv", "uv"])
def test_environments_that_are_not_made(spark, linear, manager):
    """UDF-009."""
    with pytest.raises(UnsupportedModel, match=r"get_model_dependencies.*UDF-009"):
        mlmodel.pyfunc.spark_udf(spark, linear, env_manager=manager)


def test_an_environment_that_is_none(spark, linear):
    """UDF-009."""
    with pytest.raises(InvalidArgument, match="UDF-009"):
        mlmodel.pyfunc.spark_udf(spark, linear, env_manager="docker")


def test_result_types_as_ddl_and_as_types(spark, linear, predictions):
    """UDF-010."""
    from pyspark.sql import types

    table = spark.createDataFrame(ROWS)
    singles = np.array(predictions).astype("float32").tolist()
    for kind, expected in (
        ("float", singles), (types.FloatType(), singles), ("string", list(map(str, predictions))),
        ("array<double>", [[one] for one in predictions]), (None, predictions),
        (types.ArrayType(types.FloatType()), [[one] for one in singles]),
    ):  # fmt: skip
        assert scored(table, mlmodel.pyfunc.spark_udf(spark, linear, kind)()) == expected
    for kind in ("date", "no type", "array<date>", 7, types.DateType()):
        with pytest.raises(InvalidArgument, match="UDF-010"):
            mlmodel.pyfunc.spark_udf(spark, linear, kind)


def test_a_struct_of_what_is_answered(told, spark):
    """UDF-017, UDF-019."""

    def answer(model_input):
        return pd.DataFrame(
            {"y": model_input["a"] * 2, "s": "x", "l": [[1.0, 2.0]] * len(model_input)}
        )

    outputs = Schema([ColSpec("double", "y"), ColSpec("string", "s")])
    signature = ModelSignature(Schema([ColSpec("double", "a")]), outputs)
    table = spark.createDataFrame(ROWS)
    rows = (
        told(answer, table, "s string, y float, l array<float>", None, ("a", "b"))
        if False
        else None
    )
    assert rows is None
    by_fields = told(answer, table, "s string, y float", signature)
    assert [row.asDict() for row in by_fields] == [{"s": "x", "y": a * 2} for a in ROWS["a"]]
    inferred = told(answer, table, None, signature)
    assert [row.asDict() for row in inferred] == [{"y": a * 2, "s": "x"} for a in ROWS["a"]]
    flags = told(
        lambda model_input: model_input["a"] > 0.5,
        table,
        "boolean",
        ModelSignature(signature.inputs),
    )
    assert flags == (ROWS["a"] > 0.5).tolist()


def test_a_type_that_the_signature_rules_out(spark, linear):
    """UDF-018: before anything is shipped."""
    with pytest.raises(InvalidArgument, match="UDF-017"):
        mlmodel.pyfunc.spark_udf(
            spark, _with_outputs(linear, Schema([ColSpec("double", "y")])), "z double"
        )
    with pytest.raises(InvalidArgument, match=r"y \(double\).*UDF-012"):
        mlmodel.pyfunc.spark_udf(spark, linear, "int")


def _with_outputs(path, outputs):
    signature = mlmodel.models.get_model_info(path).signature
    mlmodel.models.set_signature(str(path), ModelSignature(signature.inputs, outputs))
    return path


def test_integers_with_gaps_stay_integers(told, spark):
    """UDF-008."""
    inputs = Schema([ColSpec("long", "a", required=False), ColSpec("boolean", "b", required=False)])

    def kinds_of(model_input):
        return [" ".join(map(str, row)) for row in model_input.itertuples(index=False)]

    table = spark.createDataFrame([(2**60 + 1, True), (None, None)], "a long, b boolean")
    first, second = told(kinds_of, table.coalesce(1), "string", ModelSignature(inputs))
    assert "1152921504606846977" in first
    assert "True" in first
    assert "<NA>" in second or "None" in second


def test_moments_are_instants(told, spark):
    """UDF-008, ENF-027: in UTC, whatever the session's zone."""
    inputs = Schema([ColSpec("datetime", "t")])
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try:
        table = spark.sql("SELECT timestamp'2024-01-02 03:04:05' AS t")
        [answer] = told(
            lambda model_input: model_input["t"].astype(str),
            table,
            "string",
            ModelSignature(inputs),
        )
    finally:
        spark.conf.set("spark.sql.session.timeZone", before)
    assert answer.startswith("2024-01-01 18:04:05")


def test_lists_and_objects(told, spark):
    """UDF-006: structs among others are objects."""
    from mlmodel.types import Array, Object, Property

    inputs = Schema([ColSpec(Array("double"), "l"), ColSpec(Object([Property("x", "long")]), "d")])
    table = spark.sql("SELECT array(1.5D, 2.5D) AS l, named_struct('x', 3L) AS d")

    def answer(model_input):
        return [
            sum(cells) + one["x"]
            for cells, one in zip(model_input["l"], model_input["d"], strict=True)
        ]

    assert told(answer, table, "double", ModelSignature(inputs), ("l", "d")) == [7.0]
    assert told(answer, table, "double", ModelSignature(inputs)) == [7.0]


def test_without_a_signature_columns_are_numbered(told, spark):
    """UDF-006."""
    table = spark.sql("SELECT 1.5D AS x, 'q' AS y")
    assert told(
        lambda model_input: [str(list(model_input))], table, "string", None, ("x", "y"), trust=True
    ) == ["['0', '1']"]


@pytest.mark.parametrize(
    ("inputs", "select", "shape"),
    [
        ([TensorSpec(np.dtype("float64"), (-1, 4))], "array(1D, 2D, 3D, 4D) AS x", (2, 4)),
        ([TensorSpec(np.dtype("float64"), (-1, 2, 2))], "array(1D, 2D, 3D, 4D) AS x", (2, 2, 2)),
        ([TensorSpec(np.dtype("float64"), (-1, 3))], "1D AS x, 2D AS y, 3D AS z", (2, 3)),
        ([TensorSpec(np.dtype("int64"), (-1,))], "7L AS x", (2,)),
        ([TensorSpec(np.dtype("float32"), (-1, 2), "x")], "array(1F, 2F) AS x", (2, 2)),
    ],
)  # fmt: skip
def test_tensors(told, spark, inputs, select, shape):
    """UDF-007."""

    def answer(model_input):
        array = next(iter(model_input.values())) if isinstance(model_input, dict) else model_input
        return [f"{array.shape} {array[0].sum()}"] * len(array)

    table = spark.sql(f"SELECT {select} FROM range(2)").coalesce(1)
    [first, _] = told(answer, table, "string", ModelSignature(Schema(inputs)), tuple(table.columns))
    assert first.startswith(str(shape))


def test_parameters(told, spark):
    """UDF-020."""

    class Scaled(mlmodel.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return model_input["a"] * params["by"]

    signature = ModelSignature(
        Schema([ColSpec("double", "a")]), params=ParamSchema([ParamSpec("by", "double", 2.0)])
    )
    table = spark.createDataFrame(ROWS)
    for given, by in ((None, 2.0), ({"by": 3.0}, 3.0)):
        assert told(Scaled(), table, "double", signature, params=given) == (ROWS["a"] * by).tolist()
    with pytest.raises(InvalidInput, match="by"):
        told(Scaled(), table, "double", signature, params={"by": "x"})


def test_the_models_configuration(spark, tmp_path):
    class Configured(mlmodel.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [f"{context.model_config['word']}{context.model_config['list']}"] * len(
                model_input
            )

    mlmodel.pyfunc.save_model(
        tmp_path / "m", python_model=Configured(), model_config={"word": "a", "list": [1]}
    )
    table = spark.createDataFrame(ROWS)
    for config, said in (({"word": "b"}, "b[1]"), ({"list": [2, {"x": 3}]}, "a[2, {'x': 3}]")):
        predict = mlmodel.pyfunc.spark_udf(spark, tmp_path / "m", "string", model_config=config)
        assert set(scored(table, predict("a"))) == {said}


def test_nothing_is_shipped_that_is_not_trusted(spark, tmp_path, monkeypatch):
    """UDF-003: on the driver; and what was trusted there is trusted by its digest elsewhere."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=lambda model_input: model_input["0"])
    shutil.rmtree(tmp_path / "nobody")
    with pytest.raises(UntrustedModel):
        mlmodel.pyfunc.spark_udf(spark, tmp_path / "m")
    predict = mlmodel.pyfunc.spark_udf(spark, tmp_path / "m", trust=True)
    assert scored(spark.createDataFrame(ROWS), predict("a")) == ROWS["a"].tolist()


def test_what_was_changed_on_the_way_is_refused(spark, tmp_path, monkeypatch):
    """UDF-003."""
    from pyspark import SparkFiles
    from pyspark.errors import PythonException

    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=lambda model_input: model_input["0"] * 3)
    predict = mlmodel.pyfunc.spark_udf(spark, tmp_path / "m", trust=True)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "others"))
    spark.range(1).collect()  # which has the executor unpack it
    # The workers' processes have the store of their start; the folder is what they go by.
    (Path(SparkFiles.get(predict.shipped.archive)) / "more.py").write_text("1")
    with pytest.raises(PythonException, match="not trusted"):
        scored(spark.createDataFrame(ROWS), predict("a"))


def test_what_spark_answers_itself_is_refused_at_once(spark, tmp_path):
    """UDF-022: not by each executor, which would look for Java."""
    from specimens import model

    mlmodel.spark.save_model(model("spark"), tmp_path / "m")
    with pytest.raises(UnsupportedModel, match=r"transform\(table\) \(UDF-022\)"):
        mlmodel.pyfunc.spark_udf(spark, tmp_path / "m", trust=True)


def test_a_flavor_that_is_never_row_wise(spark, tmp_path):
    """UDF-023: Prophet sorts rows, and each would have another's answer; whole frames are its own."""
    pytest.importorskip("prophet")
    from specimens import model, specimen

    mlmodel.prophet.save_model(model("prophet"), tmp_path / "m")
    rows = specimen("prophet").rows()[:4]
    predict = mlmodel.pyfunc.spark_udf(spark, tmp_path / "m")
    table = spark.createDataFrame(rows[::-1])
    with pytest.raises(UnsupportedModel, match=r"order of their times\. .*mapInPandas .*UDF-023"):
        predict("ds", "wind")
    spark.udf.register("never_row_wise", predict)
    with pytest.raises(Exception, match="UDF-023"):
        table.selectExpr("never_row_wise(struct(ds, wind))").collect()
    shipped = predict.shipped
    told = (
        table.coalesce(1)
        .mapInPandas(
            lambda frames: (shipped.load().predict(frame)[["ds", "yhat"]] for frame in frames),
            "ds timestamp, yhat double",
        )
        .collect()
    )
    assert [row.yhat for row in told] == model("prophet").predict(rows)["yhat"].tolist()


def test_the_same_folder_is_shipped_once(spark, linear, tmp_path):
    """UDF-002."""
    copy = tmp_path / "copy"
    shutil.copytree(linear, copy)
    archives = {
        mlmodel.pyfunc.spark_udf(spark, path).shipped.archive for path in (linear, linear, copy)
    }
    assert len(archives) == 1
    listed = list(spark.sparkContext.listArchives)
    [archive] = archives
    assert sum(archive in one for one in listed) == 1


def test_whole_frames(spark, linear, predictions):
    """UDF-021."""
    shipped = mlmodel.pyfunc.spark_udf(spark, linear).shipped

    def score(frames):
        for frame in frames:
            yield frame.assign(p=shipped.load().predict(frame))

    rows = spark.createDataFrame(ROWS).mapInPandas(score, "a double, b double, p double").collect()
    assert [row.p for row in rows] == predictions
    assert pickle.loads(pickle.dumps(shipped)) == shipped
    assert shipped.load() is shipped.load()
