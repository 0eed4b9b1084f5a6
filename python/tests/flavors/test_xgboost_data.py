"""What XGBoost models get of data: categories, gaps, and values that they cannot take (XGB rules)."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost as xgb

import mlmodel
from asking import as_objects, posted_forms
from mlmodel.errors import InvalidInput

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
SMALL = {"n_estimators": 4, "max_depth": 3}


@pytest.fixture(scope="module")
def booster():
    return xgb.train({"max_depth": 3}, xgb.DMatrix(ROWS, label=TARGET), num_boost_round=4)


def trained_on(column, **more):
    """Return the rows of a model with one categorical column, and the model."""
    rows = pd.DataFrame({"kind": column, **more, "a": ROWS["a"]})
    target = TARGET + rows["kind"].cat.codes % 3 * 3
    return rows, xgb.XGBRegressor(enable_categorical=True, **SMALL).fit(rows, target)


PLACES = np.arange(120) % 4
LETTERS = np.array(list("wxyz"))
CATEGORICAL = {
    "texts": pd.Categorical(LETTERS[PLACES]),
    "texts with gaps": pd.Categorical(np.where(PLACES == 3, None, LETTERS[PLACES])),
    "ordered": pd.Categorical(LETTERS[PLACES], list("zywx"), ordered=True),
    "integers": pd.Categorical(PLACES * 10),
    "integers with gaps": pd.Categorical(np.where(PLACES == 3, np.nan, PLACES), [2, 1, 0]),
    "int8": pd.Categorical(PLACES.astype("int8")),
    "int16": pd.Categorical(PLACES.astype("int16") * 1000),
    "texts of digits": pd.Categorical(np.array(["1", "01", "1.0", "x"])[PLACES]),
    "many": pd.Categorical([f"c{place}" for place in np.arange(120) % 37]),
}


def answers_of(model, rows):
    """Return what a loaded model answers to rows in every form, by the form's name."""
    answers = {"frame": model.predict(rows), "objects": model.predict(as_objects(rows))}
    answers["arrow"] = model.predict(pa.Table.from_pandas(rows, preserve_index=False))
    return answers | posted_forms(model, rows)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["booster", "estimator"])
@pytest.mark.parametrize("column", CATEGORICAL)
def test_categories_mean_in_every_form_what_they_meant_in_training(column, kind, tmp_path):
    """XGB-010: what is asked is a part of the categories, or one row, which lacks the value."""
    rows, model = trained_on(CATEGORICAL[column])
    native = model.predict
    if kind == "booster":
        model = model.get_booster()
        native = lambda data: model.predict(xgb.DMatrix(data, enable_categorical=True))  # noqa: E731
    mlmodel.save(model, tmp_path / "m", example=rows.head(4))
    loaded = mlmodel.load(tmp_path / "m")
    asked = {"some": rows.iloc[[6, 2, 10]], "one": rows.iloc[[5]]}
    if rows["kind"].dtype.categories.dtype == object or rows["kind"].isna().any():
        lacking = rows.iloc[[5]].copy()
        lacking["kind"] = pd.Categorical([None], dtype=rows["kind"].dtype)
        asked["lacking"] = lacking
    for name, part in asked.items():
        expected = native(part)
        given = part
        if name != "lacking":  # a category without categories has no type in Arrow
            given = part.assign(kind=part["kind"].cat.remove_unused_categories())
        for form, answer in answers_of(loaded, given).items():
            assert np.array_equal(np.asarray(answer, np.float32), expected), (name, form)


@pytest.mark.parametrize(
    "given",
    [
        pd.Series([10.0, np.nan]),
        pd.Series([10, None], dtype="Int64"),
        pd.Series([10, None], dtype=object),
        pd.Series(pd.Categorical([10, None], [30, 20, 10])),
        pd.Series(pd.Categorical([10.0, None])),
    ],
    ids=str,
)
def test_integers_are_categories_by_their_value(given, tmp_path):
    """XGB-010: without a signature, too."""
    rows, model = trained_on(pd.Categorical(PLACES * 10))
    mlmodel.save(model, tmp_path / "m")
    native = pd.DataFrame({"kind": pd.Categorical([10, None], rows["kind"].cat.categories)})
    expected = model.predict(native.assign(a=0.5))
    got = mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"kind": given, "a": 0.5}))
    assert np.array_equal(got, expected)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("column", "given", "shown"),
    [
        ("texts", ["w", "q"], "'q' is not among .*'w', 'x', 'y', 'z'"),
        ("texts", [1, 2], "1, 2 are not among"),
        ("texts", [["w"], "x"], r"\['w'\] is not among"),
        ("texts", [np.datetime64("2020-01-01"), None], "2020.* is not among"),
        ("integers", [10, 11], "11 is not among .*0, 10, 20, 30"),
        ("integers", [10.5, 10], "10.5 is not among"),
        ("integers", [True, False], "True, False are not among"),
        ("integers", ["10", "20"], "'10', '20' are not among"),
        ("many", list("abcdefg")[:2], r"'c0', 'c1', 'c10', 'c11', 'c12', … \(37 in all\)"),
    ],
)
def test_a_value_that_is_not_a_category_is_refused(column, given, shown, tmp_path):
    """XGB-012: as XGBoost refuses it, which takes some of them for others."""
    _, model = trained_on(CATEGORICAL[column])
    mlmodel.save(model, tmp_path / "m")
    with pytest.raises(InvalidInput, match=f"Feature 'kind': .*{shown}") as caught:
        mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"kind": given, "a": 0.5}))
    assert [(one.rule, one.column) for one in caught.value.details] == [("XGB-012", "kind")]


def without_kept_categories(model):
    """Return the model as XGBoost before 3.1 wrote it."""
    data = json.loads(model.get_booster().save_raw("json"))
    data["learner"]["gradient_booster"]["model"].pop("cats")
    old = xgb.XGBRegressor()
    old.load_model(bytearray(json.dumps(data | {"version": [3, 0, 0]}).encode()))
    return old


def test_categories_that_the_model_does_not_keep(tmp_path):
    """XGB-013: the frame's own are believed, and texts cannot be."""
    rows, model = trained_on(CATEGORICAL["texts"])
    mlmodel.save(without_kept_categories(model), tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    with pytest.raises(InvalidInput, match="does not keep the texts .*XGB-012"):
        loaded.predict(rows.astype({"kind": str}))


CUT = ["ä", "bü", "东京", "d"]


def test_categories_that_xgboost_cuts(tmp_path):
    """XGB-013: only those of training, in their order, have the numbers of training."""
    rows, model = trained_on(pd.Categorical(np.array(CUT)[PLACES], CUT))
    mlmodel.save(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(rows), model.predict(rows))
    assert np.array_equal(loaded.predict(rows.iloc[[5]]), model.predict(rows.iloc[[5]]))
    kind = rows["kind"].cat
    for other in (
        rows["kind"].astype(str), kind.set_categories(CUT[::-1]), kind.set_categories(CUT[1:]),
        kind.rename_categories({"ä": "ö"}), kind.add_categories("e"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match="categories that are not ASCII.*XGB-012"):
            loaded.predict(rows.assign(kind=other))


def test_numbers_of_categories(tmp_path):
    """XGB-013: a model that was trained on arrays has numbers of categories."""
    array = np.column_stack([PLACES, ROWS["a"]])
    model = xgb.XGBRegressor(feature_types=["c", "q"], enable_categorical=True, **SMALL)
    mlmodel.save(model.fit(array, TARGET + PLACES % 3 * 3), tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    expected = model.predict(array)
    frame = pd.DataFrame({"kind": PLACES, "a": ROWS["a"]})
    for given in (array, array.tolist(), frame, frame.convert_dtypes()):
        assert np.array_equal(loaded.predict(given), expected)


GAPS = pd.DataFrame({"i": [1, None, 3] * 40, "b": [True, None, False] * 40, "f": ROWS["a"]})
KINDS_OF_GAPS = {
    "nullable": {"i": "Int64", "b": "boolean", "f": "Float64"},
    "arrow": {"i": "int64[pyarrow]", "b": "bool[pyarrow]", "f": "double[pyarrow]"},
    "floats": {"i": "float64", "b": "float32", "f": "float32"},
}


@pytest.mark.thorough
@pytest.mark.parametrize("model", ["regressor", "booster", "linear"])
@pytest.mark.parametrize("kind", KINDS_OF_GAPS)
def test_gaps_are_missing_values_in_every_form(kind, model, tmp_path):
    """XGB-012: rows with some, with none, and one row that lacks everything."""
    rows = GAPS.astype(KINDS_OF_GAPS[kind])
    trained = xgb.XGBRegressor(booster="gblinear" if model == "linear" else "gbtree", **SMALL)
    native = trained.fit(rows, TARGET).predict
    if model == "booster":
        trained = trained.get_booster()
        native = lambda data: trained.predict(xgb.DMatrix(data))  # noqa: E731
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="The model could not score")
        mlmodel.save(trained, tmp_path / "m", example=rows.head(6))
    loaded = mlmodel.load(tmp_path / "m")
    nothing = rows.iloc[[1]].assign(f=pd.array([np.nan], rows["f"].dtype))
    for asked in (rows.iloc[6:12], rows.iloc[[0]], rows.iloc[[1]], nothing):
        expected = native(asked)
        for form, answer in answers_of(loaded, asked).items():
            assert np.array_equal(np.asarray(answer, np.float32), expected), form


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"a": [None], "b": [None], "c": [None]}),
        pd.DataFrame({"a": [pd.NA], "b": [np.nan], "c": [None]}, dtype=object),
        pd.DataFrame({"a": [None], "b": [None], "c": [None]}, dtype="string"),
        pd.DataFrame({"a": [None], "b": [None], "c": [None]}, dtype="Int64"),
        pd.DataFrame({"a": [None], "b": [None], "c": [None]}, dtype="boolean"),
        [[None, None, None]],
        np.array([[None, np.nan, pd.NA]], dtype=object),
    ],
    ids=str,
)
def test_nothing_at_all_is_missing(booster, given, tmp_path):
    """XGB-012: without a signature, from which nobody could know the type."""
    mlmodel.save(booster, tmp_path / "m")
    expected = booster.predict(
        xgb.DMatrix(pd.DataFrame(np.full((1, 3), np.nan), columns=["a", "b", "c"]))
    )
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(given), expected)


def test_objects_that_are_numbers(booster, tmp_path):
    """XGB-012."""
    mlmodel.save(booster, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    rows = pd.DataFrame(
        {"a": [1, 2, None], "b": [True, None, False], "c": [0.5, 1, None]}, dtype=object
    )
    expected = booster.predict(xgb.DMatrix(rows.astype("float64")))
    assert np.array_equal(loaded.predict(rows), expected)
    assert np.array_equal(loaded.predict(rows.to_numpy().tolist()), expected)
    assert np.array_equal(
        loaded.predict(pa.Table.from_pylist(rows[["c", "b", "a"]].to_dict("records"))), expected
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("1.5", "not texts"),
        (pd.Timestamp("2020-01-01"), "not datetime64 values"),
        (1j, "not complex values"),
        (pd.Categorical([1]), "not categories"),
        (b"1", "not bytes values"),
    ],
)
def test_a_value_that_is_not_a_number_is_refused(booster, given, shown, tmp_path):
    """XGB-012: all features that cannot take theirs are listed."""
    mlmodel.save(booster, tmp_path / "m")
    rows = ROWS.head(1).assign(a=given, c=given)
    with pytest.raises(
        InvalidInput, match=f"Feature 'a': XGBoost takes numbers .*{shown}"
    ) as caught:
        mlmodel.load(tmp_path / "m").predict(rows)
    assert [one.column for one in caught.value.details] == ["a", "c"]


def test_arguments_that_are_arrays(tmp_path):
    """XGB-009: JSON has lists alone."""
    model = xgb.XGBRegressor(**SMALL).fit(ROWS, TARGET)
    mlmodel.save(model, tmp_path / "m")
    margin = list(range(120))
    got = mlmodel.load(tmp_path / "m").predict(ROWS, {"base_margin": margin})
    assert np.array_equal(got, model.predict(ROWS, base_margin=np.array(margin)))
