"""The scikit-learn flavor (SKL rules)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import mlmodel
from mlmodel import document
from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel, UntrustedModel

FORMATS = ["pickle", "cloudpickle", "skops"]


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def classifier(iris):
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*iris)


@pytest.fixture
def another_user(tmp_path, monkeypatch):
    """Whoever loads from now on did not save the model."""

    def switch():
        monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another-user"))

    return switch


@pytest.mark.parametrize("form", FORMATS)
def test_saved_and_loaded_natively(classifier, iris, tmp_path, form, another_user):
    mlmodel.sklearn.save_model(classifier, tmp_path / "m", serialization_format=form)
    another_user()
    loaded = mlmodel.sklearn.load_model(tmp_path / "m")
    assert type(loaded) is type(classifier)
    assert np.array_equal(loaded.predict_proba(iris[0]), classifier.predict_proba(iris[0]))


@pytest.mark.parametrize("form", FORMATS)
def test_attributes_say_what_was_written(classifier, tmp_path, form):
    mlmodel.sklearn.save_model(classifier, tmp_path / "m", serialization_format=form)
    flavors = document.read(tmp_path / "m" / "MLmodel").data["flavors"]
    assert flavors["sklearn"]["serialization_format"] == form
    assert flavors["sklearn"]["sklearn_version"] == sklearn.__version__
    assert (tmp_path / "m" / flavors["sklearn"]["pickled_model"]).is_file()
    assert flavors["python_function"]["model_path"] == flavors["sklearn"]["pickled_model"]
    assert mlmodel.validate(tmp_path / "m").violations == ()


def test_python_function_enforces_and_native_does_not(classifier, iris, tmp_path):
    mlmodel.sklearn.save_model(classifier, tmp_path / "m", input_example=iris[0].head(2))
    wrong = iris[0].rename(columns={"sepal length (cm)": "other"})
    with pytest.raises(InvalidInput, match="sepal length"):
        mlmodel.load(tmp_path / "m").predict(wrong)
    native = mlmodel.sklearn.load_model(tmp_path / "m")
    assert native.predict(iris[0].to_numpy()).shape == (150,)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict_log_proba"])
def test_predict_fn_names_the_method(classifier, iris, tmp_path, method):
    mlmodel.sklearn.save_model(classifier, tmp_path / "m", pyfunc_predict_fn=method)
    answer = mlmodel.load(tmp_path / "m").predict(iris[0])
    assert np.array_equal(answer, getattr(classifier, method)(iris[0]))


def test_an_unknown_predict_fn_is_refused(classifier, tmp_path):
    with pytest.raises(InvalidArgument, match="SKL-004"):
        mlmodel.sklearn.save_model(classifier, tmp_path / "m", pyfunc_predict_fn="__reduce__")
    assert not (tmp_path / "m").exists()


def test_a_file_that_names_a_strange_predict_fn_is_refused(classifier, tmp_path):
    mlmodel.sklearn.save_model(classifier, tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("predict_fn: predict", "predict_fn: set_params"))
    with pytest.raises(UnsupportedModel, match="set_params"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_params_reach_the_method(iris, tmp_path):
    from sklearn.gaussian_process import GaussianProcessRegressor

    model = GaussianProcessRegressor().fit(iris[0].head(20), iris[1].head(20))
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    _, deviation = mlmodel.load(tmp_path / "m").predict(iris[0].head(3), {"return_std": True})
    assert deviation.shape == (3,)


def test_a_model_without_predict_is_saved_natively_only(tmp_path):
    encoder = OneHotEncoder().fit([["a"], ["b"]])
    mlmodel.sklearn.save_model(encoder, tmp_path / "m")
    assert mlmodel.sklearn.load_model(tmp_path / "m").categories_[0].tolist() == ["a", "b"]
    with pytest.raises(UnsupportedModel, match="no python_function flavor"):
        mlmodel.load(tmp_path / "m")


def test_mixed_columns_through_a_pipeline(tmp_path, another_user):
    frame = pd.DataFrame({"kind": ["x", "y", "x"], "size": [1.0, 2.0, 3.0]})
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough"),
        RandomForestClassifier(n_estimators=5, random_state=0),
    ).fit(frame, [0, 1, 0])
    mlmodel.save(model, tmp_path / "m", example=frame)
    another_user()
    loaded = mlmodel.load(tmp_path / "m")
    assert loaded.predict(frame).tolist() == model.predict(frame).tolist()
    assert [str(t) for t in loaded.signature.inputs.input_types()] == ["string", "double"]


def test_an_embedded_function_needs_trust(tmp_path, another_user):
    model = make_pipeline(FunctionTransformer(lambda x: np.asarray(x) * 2), LinearRegression())
    model.fit(np.array([[1.0], [2.0]]), [2.0, 4.0])
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    assert mlmodel.load(tmp_path / "m").predict(np.array([[3.0]]))[0] == pytest.approx(6.0)
    another_user()
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")
    assert mlmodel.load(tmp_path / "m", trust=True).predict(np.array([[3.0]]))[0] == pytest.approx(
        6.0
    )


def test_pickle_cannot_hold_a_lambda_and_says_so(tmp_path):
    model = FunctionTransformer(lambda x: x)
    with pytest.raises(InvalidArgument, match="cloudpickle"):
        mlmodel.sklearn.save_model(model, tmp_path / "m", serialization_format="pickle")


def test_what_is_no_estimator_is_refused(tmp_path):
    with pytest.raises(InvalidArgument, match="builtins.dict"):
        mlmodel.sklearn.save_model({}, tmp_path / "m")
    with pytest.raises(InvalidArgument, match="No flavor is known"):
        mlmodel.save({}, tmp_path / "m")


def test_an_unknown_format_is_refused(classifier, tmp_path):
    with pytest.raises(InvalidArgument, match="SKL-002"):
        mlmodel.sklearn.save_model(classifier, tmp_path / "m", serialization_format="joblib")


def test_the_minimal_file_of_the_editions_loads(classifier, iris, tmp_path):
    import pickle

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(classifier))
    (tmp_path / "MLmodel").write_text(
        "time_created: 2018-05-25T17:28:53.35\n\nflavors:\n  sklearn:\n"
        "    sklearn_version: 0.19.1\n    pickled_model: model.pkl\n"
        "  python_function:\n    loader_module: mlflow.sklearn\n"
    )
    assert mlmodel.validate(tmp_path).valid
    assert np.array_equal(mlmodel.load(tmp_path).predict(iris[0]), classifier.predict(iris[0]))
