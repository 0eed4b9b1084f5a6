"""What is a table without a signature: the same in every flavor whose models take tables (SKL-010)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xgboost as xgb
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeRegressor

import mlmodel
from asking import posted_forms
from mlmodel.errors import InvalidInput
from mlmodel.flavors._tables import plain_columns

# Doubles that a float32 holds: every model gets what is given.
ROWS = pd.DataFrame(
    np.random.default_rng(0).normal(size=(30, 3)).astype("float32").astype("float64"),
    columns=["a", "b", "c"],
)
TARGET = ROWS["a"] - 2 * ROWS["b"] + ROWS["c"]


def difference():
    """Return a graph that takes three columns by name: a - b + c."""
    kinds = {name: (TensorProto.FLOAT, ["N", 1]) for name in "abcY"}
    infos = {name: helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()}
    nodes = [helper.make_node("Sub", ["a", "b"], ["d"]), helper.make_node("Add", ["d", "c"], ["Y"])]
    graph = helper.make_graph(nodes, "g", [infos[name] for name in "abc"], [infos["Y"]])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


MODELS = {
    "sklearn": lambda rows: DecisionTreeRegressor(max_depth=3).fit(rows, TARGET),
    "xgboost": lambda rows: xgb.XGBRegressor(n_estimators=3).fit(rows, TARGET),
    "booster": lambda rows: xgb.train({}, xgb.DMatrix(rows, label=TARGET), num_boost_round=2),
    "onnx": lambda _: difference(),
}
#: The rules of the pages: on features, and on other kinds of data.
RULES = {
    "sklearn": ("SKL-006", "SKL-007"), "xgboost": ("XGB-007", "XGB-008"),
    "booster": ("XGB-007", "XGB-008"), "onnx": ("ONX-007", "ONX-008"),
}  # fmt: skip
TABLES = {
    "frame": lambda rows: rows,
    "Arrow": lambda rows: pa.Table.from_pandas(rows, preserve_index=False),
    "batch of Arrow": lambda rows: pa.RecordBatch.from_pandas(rows, preserve_index=False),
    "Polars": pl.from_pandas,
    "records": lambda rows: rows.to_dict("records"),
    "lists": lambda rows: rows.to_dict("list"),
    "tuples": lambda rows: {name: tuple(rows[name]) for name in rows},
    "arrays": lambda rows: {name: rows[name].to_numpy() for name in rows},
    "series": lambda rows: {name: rows[name] for name in rows},
}


def loaded(kind, folder, rows=ROWS):
    mlmodel.save(MODELS[kind](rows), folder)
    return mlmodel.load(folder)


def values(answer):
    return np.ravel(np.asarray(answer["Y"] if hasattr(answer, "keys") else answer)).tolist()


@pytest.mark.thorough
@pytest.mark.filterwarnings("error:X (has|does not have):UserWarning", "ignore:Input .* rounded")
@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("kind", MODELS)
def test_a_table_is_one_in_every_form(kind, form, tmp_path):
    """SKL-010: whatever its order and whatever else it has; columns are matched by name."""
    model, table = loaded(kind, tmp_path / "m"), TABLES[form]
    due = values(model.predict(ROWS))
    other = ROWS[["c", "a", "b"]].assign(d="x")
    for rows in (ROWS, other, ROWS.head(1), ROWS.set_axis(range(7, 37), axis=0)):
        answer = model.predict(table(rows))
        assert values(answer) == due[: len(rows)]
        is_frame = form in {"frame", "Arrow", "batch of Arrow", "Polars"}
        assert isinstance(answer, pd.DataFrame) is (kind == "onnx" and is_frame)
    with pytest.raises(InvalidInput, match=f"are missing.*a, c .*{RULES[kind][0]}") as caught:
        model.predict(table(ROWS[["b"]]))
    assert [one.column for one in caught.value.details] == ["a", "c"]


@pytest.mark.parametrize("kind", MODELS)
def test_one_row_and_rows_without_names(kind, tmp_path):
    """SKL-010, ONX-007: a mapping of scalars; a frame without names goes by position."""
    model = loaded(kind, tmp_path / "m")
    due = values(model.predict(ROWS))
    assert values(model.predict({name: float(ROWS[name][4]) for name in "cab"})) == due[4:5]
    assert values(model.predict({name: np.array(ROWS[name][4]) for name in "cab"})) == due[4:5]
    assert values(model.predict(ROWS.set_axis(range(3), axis=1))) == due
    for form, answer in posted_forms(model, ROWS).items():
        records = kind == "onnx" and isinstance(answer, list)
        got = values(pd.DataFrame(answer) if records else answer)
        assert np.allclose(got, due, rtol=1e-6), form


@pytest.mark.parametrize("kind", MODELS)
def test_a_feature_given_twice_is_refused(kind, tmp_path):
    """SKL-006, XGB-007, ONX-007: nobody can tell which one is meant; others may be repeated."""
    model = loaded(kind, tmp_path / "m")
    due = values(model.predict(ROWS))
    twice = pd.concat([ROWS, ROWS[["a"]] + 1], axis=1)
    arrow = pa.table([pa.array(twice.iloc[:, n]) for n in range(4)], names=list(twice.columns))
    for given in (twice, arrow, pd.concat([twice, twice], axis=1)[["b", "a", "c"]]):
        with pytest.raises(InvalidInput, match=f"more than once.*{RULES[kind][0]}") as caught:
            model.predict(given)
        assert "a" in [one.column for one in caught.value.details]
    others = ROWS.assign(d=1)
    assert values(model.predict(pd.concat([others, others[["d"]]], axis=1))) == due


@pytest.mark.parametrize("kind", ["sklearn", "xgboost", "booster"])
def test_what_is_no_table_is_refused(kind, tmp_path):
    """SKL-007, XGB-008."""
    model = loaded(kind, tmp_path / "m")
    for given in (
        {"a": [1.0], "b": [1.0, 2.0], "c": [1.0]}, {"a": [1.0], "b": 1.0, "c": 1.0},
        {name: np.zeros((2, 2)) for name in "abc"},
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=RULES[kind][1]):
            model.predict(given)


@pytest.mark.thorough
@pytest.mark.parametrize("form", TABLES)
@pytest.mark.parametrize("kind", ["sklearn", "xgboost", "booster"])
def test_a_model_without_names(kind, form, tmp_path):
    """SKL-007, XGB-008: frames by position; records and mappings are in no order."""
    model = loaded(kind, tmp_path / "m", ROWS.to_numpy())
    due = values(model.predict(ROWS.to_numpy()))
    given = TABLES[form](ROWS.set_axis(["x", "y", "z"], axis=1))
    if form in {"frame", "Arrow", "batch of Arrow", "Polars"}:
        assert values(model.predict(given)) == due
    else:
        with pytest.raises(InvalidInput, match=f"names of features.*{RULES[kind][1]}"):
            model.predict(given)


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["series", "Polars", "Arrow", "list"])
@pytest.mark.parametrize("kind", ["sklearn", "xgboost", "booster"])
def test_a_series_is_one_column(kind, form, tmp_path):
    """SKL-010."""
    model = loaded(kind, tmp_path / "m", ROWS[["a"]])
    column = ROWS["a"]
    given = {
        "series": column, "Polars": pl.Series("a", column.to_numpy()), "Arrow": pa.array(column),
        "list": column.rename(None),
    }[form]  # fmt: skip
    assert values(model.predict(given)) == values(model.predict(ROWS[["a"]]))
    with pytest.raises(InvalidInput, match=rf"missing.*: a .*{RULES[kind][0]}"):
        model.predict(column.rename("z"))


ARROW = {
    "texts": (pa.array(["x", "y", None] * 4), [["x"], ["y"], [None]]),
    "a dictionary": (pa.array(["x", "y", None] * 4).dictionary_encode(), [["x"], ["y"], [None]]),
    "booleans": (pa.array([True, False, None] * 4), [[True], [False], [None]]),
    "large integers": (pa.array([2**53, 2**53 + 1] * 6), [[2**53], [2**53 + 1]]),
}


@pytest.mark.parametrize("kind", ARROW)
def test_columns_of_arrow_are_those_of_the_library(kind, tmp_path):
    """SKL-010: an encoder finds its categories, gaps among them, and no digit is lost."""
    column, cells = ARROW[kind]
    rows = pd.DataFrame({"a": pd.Series([one[0] for one in cells] * 6)})
    model = OrdinalEncoder().fit(rows)
    mlmodel.sklearn.save_model(model, tmp_path / "m", pyfunc_predict_fn="transform")
    due = model.transform(rows)[: len(column)]
    for given in (pa.table({"a": column}), pa.table({"z": column, "a": column})):
        got = mlmodel.load(tmp_path / "m").predict(given)
        assert np.array_equal(got, due[: len(got)], equal_nan=True)


def kinds_of(frame):
    return np.array([[str(frame.dtypes["a"]), str(frame["a"][0]), str(frame["a"][1])]])


@pytest.mark.parametrize(
    ("column", "due"),
    [
        (pa.array([2**53 + 1, None]), ["Int64", "9007199254740993", "<NA>"]),
        (pa.array([200, None], pa.uint8()), ["UInt8", "200", "<NA>"]),
        (pa.array([1, 2], pa.int16()), ["int16", "1", "2"]),
        (pa.array([1.5, None]), ["float64", "1.5", "nan"]),
        (pa.array([True, None]), ["object", "True", "None"]),
    ],
    ids=str,
)
def test_dtypes_of_arrow_columns(column, due, tmp_path):
    """SKL-010."""
    steps = ColumnTransformer([("kinds", FunctionTransformer(kinds_of), ["a"])])
    model = steps.fit(pd.DataFrame({"a": [1.0, 2.0], "b": 1}))
    mlmodel.sklearn.save_model(model, tmp_path / "m", pyfunc_predict_fn="transform")
    given = pa.table({"b": [1, 2], "a": column})
    assert mlmodel.load(tmp_path / "m", trust=True).predict(given)[0].tolist() == due


def lengths(frame):
    return frame.select(pl.col("t").str.len_chars()).to_numpy()


def test_a_frame_of_polars_that_is_in_order_stays_one(tmp_path):
    """SKL-006: a transformer may go on with Polars' own methods."""
    rows = pl.DataFrame({"t": ["a", "bb", "ccc"] * 5})
    model = make_pipeline(FunctionTransformer(lengths, validate=False), LogisticRegression())
    model.steps[0][1].feature_names_in_, model.steps[0][1].n_features_in_ = np.array(["t"]), 1
    model.fit(rows, [0, 1, 1] * 5)
    mlmodel.save(model, tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m", trust=True).predict(rows)
    assert answer.tolist() == model.predict(rows).tolist()


def topic(record):
    return record["t"]


TEXTS = {
    "Arrow": lambda texts: pa.table({"t": texts}),
    "Polars": lambda texts: pl.DataFrame({"t": texts}),
    "array": lambda texts: np.array(texts)[:, None],
    "records": lambda texts: [{"t": text} for text in texts],
    "mapping": lambda texts: {"t": texts},
    "series": pd.Series,
}


@pytest.mark.parametrize("form", TEXTS)
def test_texts_come_as_the_column_of_a_table(form, tmp_path):
    """SKL-009."""
    texts = ["good film", "bad film", "good"]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1])
    mlmodel.save(model, tmp_path / "m")
    due = model.predict(texts).tolist()
    assert mlmodel.load(tmp_path / "m").predict(TEXTS[form](texts)).tolist() == due
    with pytest.raises(InvalidInput, match="2 columns are given.*SKL-009"):
        mlmodel.load(tmp_path / "m").predict(pa.table({"t": texts, "u": texts}))


def test_a_vectorizer_that_reads_records_gets_them(tmp_path):
    """SKL-009: as the model itself, which has a way of its own to read an item."""
    records = [{"t": "good film"}, {"t": "bad film"}, {"t": "good"}]
    model = make_pipeline(CountVectorizer(preprocessor=topic), LogisticRegression())
    mlmodel.save(model.fit(records, [1, 0, 1]), tmp_path / "m")
    answer = mlmodel.load(tmp_path / "m", trust=True).predict(records)
    assert answer.tolist() == model.predict(records).tolist()


def test_one_hot_of_arrow_texts(tmp_path):
    """SKL-010: a missing text is none of Arrow's own."""
    rows = pd.DataFrame({"a": ["x", "y", None] * 4})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, [0, 1, 1] * 4)
    mlmodel.save(model, tmp_path / "m")
    given = pa.Table.from_pandas(rows.assign(z=1)[["z", "a"]], preserve_index=False)
    assert mlmodel.load(tmp_path / "m").predict(given).tolist() == model.predict(rows).tolist()


NULLABLE = {
    "integers": (pd.array([1, 2], "Int64"), np.array([1, 2])),
    "small ones": (pd.array([1, 2], "UInt8"), np.array([1, 2], "uint8")),
    "with gaps": (pd.array([1, None], "Int64"), np.array([1.0, np.nan])),
    "floats": (pd.array([1.5, None], "Float64"), np.array([1.5, np.nan])),
    "truth values": (pd.array([True, None], "boolean"), np.array([True, None])),
    "texts": (pd.array(["x", None], "string"), np.array(["x", None])),
    "Arrow": (pd.array([1, None], "int64[pyarrow]"), np.array([1.0, np.nan])),
    "texts of Arrow": (pd.array(["x", None], "string[pyarrow]"), np.array(["x", None])),
    "numpy's": (np.array([1.5, np.nan], "float32"), np.array([1.5, np.nan], "float32")),
}


@pytest.mark.parametrize("kind", NULLABLE)
def test_columns_for_libraries_that_know_numpy_alone(kind):
    """SKL-010: each by itself, under its name, with the index."""
    given, due = NULLABLE[kind]
    frame = pd.DataFrame({"z": [True, False], "a": given}, index=[7, 3])
    frame = pd.concat([frame, frame[["z"]]], axis=1)  # names that are there twice, too
    plain = plain_columns(frame)
    assert list(plain.columns) == ["z", "a", "z"]
    assert plain.index.tolist() == [7, 3]
    assert plain["a"].dtype == due.dtype
    assert plain["a"].tolist() == pytest.approx(due.tolist(), nan_ok=True)
    assert plain.iloc[:, [0, 2]].equals(frame.iloc[:, [0, 2]])


def one_input():
    """Return a graph that takes rows of three numbers: their sum."""
    infos = [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["N", 3]),
             helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["N", 1])]  # fmt: skip
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    nodes = [helper.make_node("ReduceSum", ["X", "axes"], ["Y"])]
    graph = helper.make_graph(nodes, "g", infos[:1], infos[1:], [axes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


NO_ROWS = {
    "xgboost": MODELS["xgboost"],
    "without names": lambda rows: xgb.train(
        {}, xgb.DMatrix(rows.to_numpy(), label=TARGET), num_boost_round=2
    ),
    "onnx": lambda _: one_input(),
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_no_rows_are_no_rows_in_every_form(name, tmp_path):
    """RST-095: models that answer no rows do so whatever the form, without a signature too."""
    mlmodel.save(NO_ROWS[name](ROWS), tmp_path / "m")
    model = mlmodel.load(tmp_path / "m")
    for given in ([], np.empty(0), pd.DataFrame(), ROWS.head(0)):
        answer = model.predict(given)
        answer = answer["Y"] if isinstance(answer, dict | pd.DataFrame) else answer
        assert len(answer) == 0, given
