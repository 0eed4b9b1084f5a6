"""What LightGBM models get of data: names, categories, gaps, values that they cannot take (LGB rules)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

import mlmodel
from asking import as_objects, posted_forms
from mlmodel.errors import InvalidInput

lgb = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.libraries("lightgbm")

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
FEW = {
    "num_leaves": 7, "min_data_in_leaf": 5, "num_threads": 1, "verbose": -1,
    "min_data_per_group": 1, "cat_smooth": 1, "max_cat_to_onehot": 1,
}  # fmt: skip
PLACES = np.arange(120) % 4
LETTERS = np.array(list("wxyz"))


def trained(rows=ROWS, label=TARGET, **more):
    return lgb.train(FEW, lgb.Dataset(rows, label, **more), 5)


def with_kind(column, **more):
    """Return rows with one categorical column, and a model that was trained on them."""
    rows = pd.DataFrame({"kind": column, **more, "a": ROWS["a"]})
    return rows, trained(rows, TARGET + rows["kind"].cat.codes % 3 * 3)


CATEGORICAL = {
    "texts": pd.Categorical(LETTERS[PLACES]),
    "texts with gaps": pd.Categorical(np.where(PLACES == 3, None, LETTERS[PLACES])),
    "integers": pd.Categorical(PLACES * 10),
    "integers in another order": pd.Categorical(PLACES, [2, 1, 3, 0]),
    "halves": pd.Categorical(PLACES / 2),
    "truth values": pd.Categorical(PLACES > 1),
    "texts of digits": pd.Categorical(np.array(["1", "01", "1.0", "x"])[PLACES]),
    "many": pd.Categorical([f"c{place}" for place in np.arange(120) % 37]),
}


@pytest.mark.parametrize("kind", ["booster", "estimator"])
@pytest.mark.parametrize("column", CATEGORICAL)
def test_categories_mean_in_every_form_what_they_meant_in_training(column, kind, tmp_path):
    """LGB-010: what is asked has a part of the categories, or lacks the value."""
    rows, model = with_kind(CATEGORICAL[column])
    if kind == "estimator":
        model = lgb.LGBMRegressor(n_estimators=5, **FEW).fit(rows, TARGET + rows["kind"].cat.codes)
    mlmodel.save(model, tmp_path / "m", example=rows.head(4))
    loaded = mlmodel.load(tmp_path / "m")
    for part in (rows.iloc[[6, 2, 10]], rows.iloc[[5]]):
        expected = model.predict(part)
        given = part.assign(kind=part["kind"].cat.remove_unused_categories())
        answers = {"frame": loaded.predict(given), "objects": loaded.predict(as_objects(given))}
        answers["arrow"] = loaded.predict(pa.Table.from_pandas(given, preserve_index=False))
        for form, answer in (answers | posted_forms(loaded, given)).items():
            assert np.array_equal(np.asarray(answer), expected), form


@pytest.mark.parametrize(
    "given",
    [
        pd.Series([10.0, np.nan]), pd.Series([10, None], dtype="Int64"), pd.Series([10, 77]),
        pd.Series([10, None], dtype=object), pd.Series(pd.Categorical([10, None], [30, 20, 10])),
        pd.Series(pd.Categorical([10, 77])), pd.Series([10, 10.5]),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_is_none_of_the_categories_is_missing(given, tmp_path):
    """LGB-010, LGB-011: as LightGBM has it."""
    rows, model = with_kind(pd.Categorical(PLACES * 10))
    mlmodel.save(model, tmp_path / "m")
    native = pd.DataFrame({"kind": pd.Categorical([10, None], rows["kind"].cat.categories)})
    expected = model.predict(native.assign(a=0.5))
    got = mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"kind": given, "a": 0.5}))
    assert np.array_equal(got, expected)


@pytest.mark.parametrize(
    ("column", "given", "shown"),
    [
        ("texts", [1, 2], "1, 2 are not among"), ("texts", [["w"], "x"], r"\['w'\] is not among"),
        ("texts", [np.datetime64("2020-01-01"), None], "2020.* is not among"),
        ("integers", [True, False], "True, False are not among"),
        ("integers", ["10", "20"], "'10', '20' are not among"),
        ("truth values", [1, 0], "1, 0 are not among"), ("truth values", ["True", None], "'True' is not"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(column, given, shown, tmp_path):
    """LGB-012."""
    _, model = with_kind(CATEGORICAL[column])
    mlmodel.save(model, tmp_path / "m")
    with pytest.raises(InvalidInput, match=f"Feature 'kind': .*{shown}") as caught:
        mlmodel.load(tmp_path / "m").predict(pd.DataFrame({"kind": given, "a": 0.5}))
    assert [(one.rule, one.column) for one in caught.value.details] == [("LGB-012", "kind")]


UNTOLD = {
    "an ordered column": lambda: with_kind(pd.Categorical(LETTERS[PLACES], list("zywx"), ordered=True)),
    "a column of one value": lambda: with_kind(
        pd.Categorical(LETTERS[PLACES]), one=pd.Categorical(["q"] * 120, ["q", "r"])
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNTOLD)
def test_categories_of_columns_that_are_not_told(what, tmp_path):
    """LGB-013: a frame with categorical columns reaches LightGBM as it is."""
    rows, model = UNTOLD[what]()
    mlmodel.save(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    part = rows.iloc[[5, 2]]
    part = part.assign(kind=part["kind"].cat.remove_unused_categories())
    assert np.array_equal(loaded.predict(part), model.predict(part))
    with pytest.raises(InvalidInput, match="does not keep the texts .*LGB-012"):
        loaded.predict(rows.astype({"kind": str}))


def test_integers_that_were_declared_categories(tmp_path):
    """LGB-013."""
    rows = pd.DataFrame({"kind": PLACES, "a": ROWS["a"]})
    model = trained(rows, TARGET + PLACES % 3 * 3, categorical_feature=["kind"])
    mlmodel.save(model, tmp_path / "m", example=rows.head(3))
    loaded = mlmodel.load(tmp_path / "m")
    for form, answer in posted_forms(loaded, rows.head(5)).items():
        assert np.array_equal(np.asarray(answer), model.predict(rows.head(5))), form


def test_columns_are_matched_by_name(tmp_path):
    """LGB-007: LightGBM itself goes by their order."""
    rows = ROWS.rename(columns={"a": "a name", "b": "größe"})
    model = trained(rows)
    assert model.feature_name() == ["a_name", "größe", "c"]
    mlmodel.save(model, tmp_path / "m", example=rows.head(2))
    loaded, expected = mlmodel.load(tmp_path / "m"), model.predict(rows)
    for given in (
        rows,
        rows[["c", "a name", "größe"]],
        rows.assign(more="x"),
        rows.rename(columns={"a name": "a_name"}),
    ):
        plain = mlmodel.lightgbm.load_model(tmp_path / "m")
        assert np.array_equal(plain.predict(rows), expected)
        if "a name" in given:
            assert np.array_equal(loaded.predict(given), expected)
    mlmodel.save(model, tmp_path / "n")
    loaded = mlmodel.load(tmp_path / "n")
    for given in (rows[["c", "a name", "größe"]], rows.rename(columns={"a name": "a_name"}), rows.to_numpy(),
                  rows.to_numpy().tolist(), rows.to_dict("records"), csr_matrix(rows.to_numpy())):  # fmt: skip
        assert np.array_equal(loaded.predict(given), expected)
    with pytest.raises(InvalidInput, match="missing from the data: a_name.*LGB-007"):
        loaded.predict(rows[["c", "größe"]])
    with pytest.raises(InvalidInput, match=r"Expected 3 features, got 2.*LGB-007"):
        loaded.predict(rows.to_numpy()[:, :2])


def test_a_model_without_names_goes_by_position(tmp_path):
    """LGB-007, LGB-008."""
    model = trained(ROWS.to_numpy())
    mlmodel.save(model, tmp_path / "m")
    loaded, expected = mlmodel.load(tmp_path / "m"), model.predict(ROWS.to_numpy())
    for given in (ROWS, ROWS.to_numpy(), ROWS.to_numpy().tolist()):
        assert np.array_equal(loaded.predict(given), expected)
    for given in (ROWS.to_dict("records"), np.zeros(3), [[1.0], [1.0, 2.0]], "text", 3):
        with pytest.raises(InvalidInput, match="LGB-008"):
            loaded.predict(given)


@pytest.mark.parametrize(
    "given",
    [
        pd.array([1, None], "Int64"), pd.array([0.5, None], "Float64"), [None, 1.0], [None, None],
        pd.array([True, None], "boolean"), np.array([None, True], object),
    ],
    ids=str,
)  # fmt: skip
def test_gaps_are_missing_values(given, tmp_path):
    """LGB-012."""
    model = trained(ROWS.where(ROWS > -1))
    mlmodel.save(model, tmp_path / "m")
    rows = ROWS.head(2).assign(a=pd.Series(given))
    native = rows.assign(a=[np.nan if pd.isna(one) else float(one) for one in given])
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), model.predict(native))


@pytest.mark.parametrize(
    "given", [["1.5", "2"], [pd.Timestamp("2020")] * 2, pd.Categorical(["x", "y"])], ids=str
)
def test_what_is_no_number_is_refused(given, tmp_path):
    """LGB-012."""
    mlmodel.save(trained(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="takes numbers and truth values.*LGB-012"):
        mlmodel.load(tmp_path / "m").predict(ROWS.head(2).assign(a=pd.Series(given)))


def test_integers_beyond_single_precision_are_kept(tmp_path):
    """Frames of several widths reach LightGBM with the widest, as natively."""
    rows = pd.DataFrame({"a": np.arange(120) + 2**30, "b": ROWS["b"].astype("float32")})
    model = trained(rows)
    mlmodel.save(model, tmp_path / "m", example=rows.head(2))
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), model.predict(rows))


def test_what_lightgbm_refuses_is_told_in_a_line(tmp_path):
    """LGB-015."""
    mlmodel.save(trained(), tmp_path / "m")
    with pytest.raises(InvalidInput, match="cannot predict on these data.*LGB-015") as caught:
        mlmodel.load(tmp_path / "m").predict(ROWS.head(0))
    assert not re.search(r"\n", caught.value.message)
