"""What a pipeline of Spark is given, and what it answers (SPK-011 to SPK-016)."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import InvalidInput, UnsupportedModel
from specimens import model as specimen_model
from specimens import specimen
from specimens.spark import session, table

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.filterwarnings("ignore")]

ROWS = specimen("spark").rows()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("spark") / "m"
    mlmodel.spark.save_model(specimen_model("spark"), path)
    return mlmodel.load(path)


@pytest.fixture
def sql(tmp_path):
    """Return a model of one statement."""

    def make(select, **options):
        from pyspark.ml.feature import SQLTransformer

        session()
        stage = SQLTransformer(statement=f"SELECT {select} FROM __THIS__")
        mlmodel.spark.save_model(stage, tmp_path / "m", overwrite=True, **options)
        return mlmodel.load(tmp_path / "m")

    return make


@pytest.mark.parametrize(
    "given",
    [
        ROWS.to_dict("records"), ROWS.to_dict("list"), ROWS[["n", "c"]], ROWS.assign(more=1),
        ROWS.set_index(pd.Index(range(5, 29))), ROWS.astype({"c": "category"}),
        ROWS.astype({"c": "string", "n": "Float64"}), ROWS.convert_dtypes(dtype_backend="pyarrow"),
    ],
    ids=["records", "columns", "order", "more", "index", "category", "nullable", "arrow"],
)  # fmt: skip
def test_tables_of_every_sort(loaded, given):
    """SPK-011, SPK-012."""
    own = [row.prediction for row in specimen_model("spark").transform(table(ROWS)).collect()]
    assert loaded.predict(given) == own


@pytest.mark.parametrize("given", [ROWS.to_numpy(), [[1, 2]], 3, "a", None])
def test_what_is_not_a_table(loaded, given):
    """SPK-011."""
    with pytest.raises(InvalidInput, match="SPK-011"):
        loaded.predict(given)


def test_a_name_given_twice(loaded):
    """SPK-011."""
    with pytest.raises(InvalidInput, match="more than once") as raised:
        loaded.predict(pd.concat([ROWS, ROWS[["n"]]], axis=1))
    assert [one.column for one in raised.value.details] == ["n"]


def test_no_rows(loaded):
    assert loaded.predict(ROWS[:0]) == []


MOMENT = pd.Timestamp("2024-01-02 03:04:05")
VALUES = [
    (np.array([1, 2], "int8"), "tinyint"), (np.array([1, 2], "uint8"), "smallint"),
    (np.array([1, 2], "int32"), "int"), (np.array([1, 2], "uint32"), "bigint"),
    (np.array([2**62, 2], "uint64"), "bigint"), (np.array([1.5, 2], "float32"), "float"),
    (np.array([1.5, 2], "float16"), "float"), (np.array([True, False]), "boolean"),
    (pd.array([2**60 + 1, None], "Int64"), "bigint"), (pd.array([True, None], "boolean"), "boolean"),
    (["a", None], "string"), ([b"a", None], "binary"), ([True, None], "boolean"),
    ([1, None], "double"), (pd.Series([2**60 + 1, None], dtype=object), "bigint"),
    ([decimal.Decimal("1.5"), None], "decimal(38,18)"), ([dt.date(2024, 1, 2), None], "date"),
    (pd.to_datetime(["2024-01-02 03:04:05", None]), "timestamp"),
    (pd.to_datetime(["2024-01-02 03:04:05", None], utc=True), "timestamp"),
    ([[1.5], []], "array<double>"), ([["a", None], None], "array<string>"), ([[], []], "array<double>"),
    ([{"a": 1, "b": "x"}, {"a": 2}], "struct<a:bigint,b:string>"), ([None, None], "string"),
    (pd.Categorical(["a", None]), "string"), (pd.Categorical([3, 4]), "bigint"),
    ([np.array([1.5, 2.5]), None], "array<double>"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "kind"), VALUES)
def test_columns_have_the_type_of_their_own(sql, values, kind):
    """SPK-012."""
    answer = sql("typeof(c) AS prediction").predict(pd.DataFrame({"c": values}))
    assert answer == [kind, kind]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.array([2**60 + 1, None], "Int64"), [2**60 + 1, None]),
        (pd.Series([2**60 + 1, None], dtype=object), [2**60 + 1, None]),
        (np.array([2**62, 2], "uint64"), [2**62, 2]),
        (["a", np.nan], ["a", None]),
        (pd.array([True, None], "boolean"), [True, None]),
        ([[1.5], []], [[1.5], []]),
        ([{"a": 1, "b": "x"}, {"a": 2}], [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pd.to_datetime(["2024-01-02 03:04:05"] * 2), [MOMENT.to_pydatetime()] * 2),
    ],
)
def test_values_come_through(sql, values, expected):
    """SPK-012."""
    assert sql("c AS prediction").predict(pd.DataFrame({"c": values})) == expected


@pytest.mark.parametrize(
    "values",
    [
        [1, "a"],
        [object(), None],
        np.array([2**63, 1], "uint64"),
        [1j, 2],
        pd.Series([2**53 + 1, 0.5], dtype=object),
    ],
)
def test_columns_without_a_type(sql, values):
    """SPK-012."""
    with pytest.raises(InvalidInput, match="SPK-012") as raised:
        sql("n AS prediction").predict(pd.DataFrame({"c": values, "n": [1, 2]}))
    assert [one.column for one in raised.value.details] == ["c"]


@pytest.fixture
def regression(tmp_path):
    from pyspark.ml.linalg import Vectors
    from pyspark.ml.regression import LinearRegression

    rows = [(Vectors.dense(n, n % 3), 2.0 * n) for n in range(9)]
    fitted = LinearRegression().fit(session().createDataFrame(rows, ["features", "label"]))
    mlmodel.spark.save_model(fitted, tmp_path / "m")
    return fitted, mlmodel.load(tmp_path / "m")


def test_lists_are_vectors_to_stages_that_take_them(regression):
    """SPK-013."""
    from pyspark.ml.linalg import Vectors

    fitted, model = regression
    own = [fitted.predict(Vectors.dense(n, 1.0)) for n in (1.0, 2.0)]
    for cells in (
        [[1, 1.0], [2.0, 1.0]], [np.array([1.0, 1.0]), np.array([2.0, 1.0])],
        [Vectors.dense(1.0, 1.0), Vectors.sparse(2, {0: 2.0, 1: 1.0})],
    ):  # fmt: skip
        assert model.predict(pd.DataFrame({"features": cells})) == own


def test_lists_are_lists_to_the_others(tmp_path):
    """SPK-013."""
    from pyspark.ml.feature import NGram

    session()
    mlmodel.spark.save_model(NGram(inputCol="words", outputCol="pairs"), tmp_path / "m")
    given = pd.DataFrame({"words": [["a", "b", "c"], ["d"]]})
    # SPK-015: without predictions, what the last stage adds.
    assert mlmodel.load(tmp_path / "m").predict(given) == [["a b", "b c"], []]


def test_rows_that_a_stage_leaves_out_are_null(tmp_path):
    """SPK-014."""
    from pyspark.ml.feature import StringIndexer

    indexer = StringIndexer(inputCol="c", outputCol="number", handleInvalid="skip")
    mlmodel.spark.save_model(indexer.fit(table(ROWS)), tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"c": ["Oslo", "Bonn", "Rome"]}))
    assert answer[1] is None
    assert None not in (answer[0], answer[2])


def test_a_statement_that_drops_the_number_of_the_row(sql):
    """SPK-014: answers stand as Spark gives them."""
    assert sql("n * 2 AS prediction").predict(ROWS) == (ROWS["n"] * 2).tolist()
    assert sql("*, n * 2 AS prediction").predict(ROWS) == (ROWS["n"] * 2).tolist()


def test_columns_that_are_asked_for(sql):
    """SPK-015."""
    model = sql("*, n * 2 AS two, 'x' AS x", output_columns=["x", "two"])
    pd.testing.assert_frame_equal(
        model.predict(ROWS), pd.DataFrame({"x": ["x"] * 24, "two": ROWS["n"] * 2})
    )
    pd.testing.assert_frame_equal(
        sql("*, n * 2 AS two, 'x' AS x").predict(ROWS),
        pd.DataFrame({"two": ROWS["n"] * 2, "x": ["x"] * 24}),
    )
    with pytest.raises(UnsupportedModel, match=r"no column three.*two"):
        sql("*, n * 2 AS two", output_columns=["three"]).predict(ROWS)


def test_another_name_of_the_prediction(tmp_path):
    """SPK-015."""
    from pyspark.ml import Pipeline
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.feature import VectorAssembler

    stages = [
        VectorAssembler(inputCols=["n"], outputCol="v"),
        KMeans(k=2, seed=1, featuresCol="v", predictionCol="group"),
    ]
    fitted = Pipeline(stages=stages).fit(table(ROWS))
    mlmodel.spark.save_model(fitted, tmp_path / "m")
    own = [row.group for row in fitted.transform(table(ROWS)).collect()]
    assert mlmodel.load(tmp_path / "m").predict(ROWS) == own


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ROWS[["c"]], "`n`|n does not exist"),
        (ROWS.assign(n="x"), "SPK-016"),
        (ROWS.assign(n=None), "SPK-016"),
    ],
)
def test_what_spark_fails_on(loaded, given, said):
    """SPK-016: one line, in its own words, without our column and its codes."""
    with pytest.raises(InvalidInput, match=said) as raised:
        loaded.predict(given)
    text = str(raised.value)
    assert "__mlmodel_row" not in text
    assert "SQLSTATE" not in text
    assert "\n" not in text


def test_parameters_have_no_effect(loaded):
    with pytest.warns(UserWarning, match="no parameters"):
        mlmodel.pyfunc.PyFuncModel.predict(loaded, ROWS[:1], {"a": 1})
