"""What estimators of scikit-learn get of data, and answer (SKL-004 to SKL-008)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mlmodel
from asking import posted_forms
from mlmodel import document
from mlmodel.errors import InvalidInput

NAMED = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
SIGNS = (NAMED["a"] - NAMED["b"] > 0).astype(int)


_PROBABILITIES = ("predict", "predict_proba", "predict_log_proba", "decision_function")
ESTIMATORS = {
    "classifier": (LogisticRegression(), SIGNS, _PROBABILITIES),
    "labels of text": (LogisticRegression(), SIGNS.map({0: "no", 1: "yes"}), ("predict",)),
    "labels of booleans": (LogisticRegression(), SIGNS.astype(bool), ("predict",)),
    "bayes": (GaussianNB(), SIGNS, ("predict", "predict_joint_log_proba")),
    "several outputs": (LinearRegression(), NAMED[["a", "b"]] * 2, ("predict",)),
    "outliers": (
        IsolationForest(n_estimators=5), None, ("predict", "score_samples", "decision_function")
    ),
    "clusters": (KMeans(3, n_init=1), None, ("predict", "transform")),
    "mixture": (GaussianMixture(2), None, ("predict", "predict_proba", "score_samples")),
    "transformer": (StandardScaler(), None, ("transform",)),
    "frame of a transformer": (StandardScaler().set_output(transform="pandas"), None, ("transform",)),
    "pipeline of transformers": (make_pipeline(StandardScaler(), PCA(2)), None, ("transform",)),
    "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()), SIGNS, _PROBABILITIES),
    "search": (GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2), SIGNS, ("predict_proba",)),
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.filterwarnings("error:X (has|does not have):UserWarning")
@pytest.mark.parametrize("trained_on", ["frame", "array"])
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_form_is_answered_as_by_the_model(kind, trained_on, tmp_path):
    """SKL-004, SKL-006, SKL-008: with every method of prediction that an estimator has."""
    estimator, target, methods = ESTIMATORS[kind]
    rows = NAMED if trained_on == "frame" else NAMED.to_numpy()
    model = clone(estimator).fit(rows, target)
    for method in methods:
        folder = tmp_path / method
        mlmodel.sklearn.save_model(
            model, folder, input_example=NAMED.head(3), pyfunc_predict_fn=method
        )
        loaded = mlmodel.load(folder)
        expected = np.asarray(getattr(model, method)(rows[10:15]))
        asked = {"frame": loaded.predict(NAMED[10:15]), **posted_forms(loaded, NAMED[10:15])}
        for form, answer in asked.items():
            records = isinstance(answer, list) and isinstance(answer[0], dict)
            got = np.asarray(pd.DataFrame(answer) if records else answer)
            assert got.shape == expected.shape, (method, form)
            same = (
                np.allclose(got, expected, rtol=1e-12)
                if got.dtype == float
                else (got == expected).all()
            )
            assert same, (method, form)


@pytest.mark.filterwarnings("error:X (has|does not have):UserWarning")
def test_a_table_without_signature_is_matched_by_name(tmp_path):
    """SKL-006: order and other columns are no matter; rows have the names of the training."""
    model = LogisticRegression().fit(NAMED, SIGNS)
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    loaded, expected = mlmodel.load(tmp_path / "m"), model.predict(NAMED)
    given = [
        NAMED[["c", "a", "b"]].assign(d="x"), NAMED.to_numpy(), NAMED.to_numpy().tolist(),
        NAMED.to_dict("records"), NAMED.to_dict("list"),
    ]  # fmt: skip
    for data in given:
        assert np.array_equal(loaded.predict(data), expected)
    with pytest.raises(InvalidInput, match="missing from the data: a, c .*SKL-006") as caught:
        loaded.predict(NAMED[["b"]])
    assert [one.column for one in caught.value.details] == ["a", "c"]


@pytest.mark.filterwarnings("error:X (has|does not have):UserWarning")
def test_a_model_of_an_array_gets_an_array(tmp_path):
    """SKL-006, SKL-007: whatever the table's names and types."""
    rows = (NAMED * 10).round()
    model = LogisticRegression().fit(rows.to_numpy(), SIGNS)
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    loaded, expected = mlmodel.load(tmp_path / "m"), model.predict(rows.to_numpy())
    given = [
        rows, rows.astype({"a": "int64"}), rows.convert_dtypes(), rows.astype(object),
        rows.set_axis([7, 8, 9], axis=1), rows.to_numpy(), rows.to_numpy().tolist(),
        csr_matrix(rows.to_numpy()),
    ]  # fmt: skip
    for data in given:
        assert np.array_equal(loaded.predict(data), expected)
    for data in (rows.to_dict("records"), rows.to_dict("list")):
        with pytest.raises(InvalidInput, match="trained on an array.*SKL-007"):
            loaded.predict(data)


def test_a_part_of_the_features_is_enough_for_some(tmp_path):
    """SKL-006: a column that is dropped need not be given."""
    steps = ColumnTransformer([("scale", StandardScaler(), ["b", "a"])])
    model = make_pipeline(steps, LogisticRegression()).fit(NAMED, SIGNS)
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    for data in (NAMED, NAMED[["a", "b"]], NAMED.to_numpy()):
        assert np.array_equal(loaded.predict(data), model.predict(NAMED))
    with pytest.raises(InvalidInput, match="missing from the data: a, c .*SKL-006"):
        loaded.predict(NAMED[["b"]])


def test_what_is_not_a_table_reaches_the_model(tmp_path):
    """SKL-007."""
    records = [{"a": 1.0}, {"b": 2.0}, {"a": 3.0, "b": 1.0}]
    model = make_pipeline(DictVectorizer(), LinearRegression()).fit(records, [1, 2, 3])
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(records), model.predict(records))


def test_answers_of_several_parts(tmp_path):
    """SKL-008: arrays of several outputs, a deviation, a sparse matrix."""
    two = RandomForestClassifier(3, random_state=0).fit(NAMED, np.column_stack([SIGNS, 1 - SIGNS]))
    gauss = GaussianProcessRegressor().fit(NAMED, SIGNS)
    sparse = OneHotEncoder().fit(NAMED.round())
    for name, model, method in (
        ("two", two, "predict_proba"), ("gauss", gauss, "predict"), ("sparse", sparse, "transform")
    ):  # fmt: skip
        mlmodel.sklearn.save_model(model, tmp_path / name, pyfunc_predict_fn=method)
    answer = mlmodel.load(tmp_path / "two").predict(NAMED)
    assert isinstance(answer, list)
    assert np.array_equal(answer, two.predict_proba(NAMED))
    answer = mlmodel.load(tmp_path / "gauss").predict(NAMED, {"return_std": True})
    assert isinstance(answer, tuple)
    assert np.array_equal(answer[1], gauss.predict(NAMED, return_std=True)[1])
    answer = mlmodel.load(tmp_path / "sparse").predict(NAMED.round())
    assert (answer != sparse.transform(NAMED.round())).nnz == 0


@pytest.mark.parametrize(
    ("model", "method", "others"),
    [
        (StandardScaler(), "predict", "may name transform"),
        (LogisticRegression(), "transform", "may name predict, predict_proba"),
        (DBSCAN(), "predict", "it has no other"),
    ],
)
def test_a_method_that_the_model_lacks_is_told(model, method, others, tmp_path):
    """SKL-005."""
    model.fit(NAMED, SIGNS)
    with pytest.warns(UserWarning, match=f"has no method '{method}'.*{others}.*SKL-005") as caught:
        mlmodel.sklearn.save_model(model, tmp_path / "m", pyfunc_predict_fn=method)
    assert [one.filename for one in caught] == [__file__]
    assert list(document.read(tmp_path / "m" / "MLmodel").data["flavors"]) == ["sklearn"]
