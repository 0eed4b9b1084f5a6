"""The XGBoost flavor (XGB rules)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    ModelExists,
    UnreadableModel,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.scoring.invocations.protocol import handle
from mlmodel.trust.describe import look_into

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
CLASSES = np.arange(120) % 3
SMALL = {"n_estimators": 4, "max_depth": 3}


@pytest.fixture(scope="module")
def booster():
    return xgb.train({"max_depth": 3}, xgb.DMatrix(ROWS, label=TARGET), num_boost_round=4)


@pytest.fixture(scope="module")
def classifier():
    return xgb.XGBClassifier(**SMALL).fit(ROWS, CLASSES)


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    """Whoever loads did not save the model: no file of this flavor needs trust."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


def untrusting(monkeypatch, path):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(path.parent / "nobody"))


ESTIMATORS = {
    "XGBRegressor": lambda: xgb.XGBRegressor(**SMALL).fit(ROWS, TARGET),
    "XGBClassifier": lambda: xgb.XGBClassifier(**SMALL).fit(ROWS, CLASSES),
    "XGBRFClassifier": lambda: xgb.XGBRFClassifier(**SMALL).fit(ROWS, CLASSES),
    "XGBRFRegressor": lambda: xgb.XGBRFRegressor(**SMALL).fit(ROWS, TARGET),
    "XGBRanker": lambda: xgb.XGBRanker(**SMALL).fit(ROWS, CLASSES, group=[60, 60]),
    "XGBModel": lambda: xgb.XGBModel(objective="reg:squarederror", **SMALL).fit(ROWS, TARGET),
}


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["ubj", "json", "xgb"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_saved_and_loaded(name, form, tmp_path, monkeypatch):
    """XGB-001 to XGB-004: the class comes back, and with it every prediction."""
    model = ESTIMATORS[name]()
    if name == "XGBModel" and not hasattr(BaseEstimator, "__sklearn_tags__"):
        # XGBoost writes its base class with scikit-learn 1.6 and later alone.
        with pytest.raises(InvalidArgument, match="cannot be saved: .*_estimator_type"):
            mlmodel.xgboost.save_model(model, tmp_path / "m", model_format=form)
        return
    mlmodel.xgboost.save_model(model, tmp_path / "m", model_format=form)
    untrusting(monkeypatch, tmp_path)
    native = mlmodel.xgboost.load_model(tmp_path / "m")
    assert type(native) is type(model)
    expected = model.predict(ROWS)
    assert np.array_equal(native.predict(ROWS), expected)
    answer = mlmodel.load(tmp_path / "m").predict(ROWS)
    assert np.array_equal(answer, expected)
    assert answer.dtype == expected.dtype
    if hasattr(model, "predict_proba"):
        assert np.array_equal(native.predict_proba(ROWS), model.predict_proba(ROWS))
        assert native.n_classes_ == 3
        assert native.classes_.tolist() == [0, 1, 2]
    assert native.n_features_in_ == 3
    assert list(native.feature_names_in_) == ["a", "b", "c"]


@pytest.mark.parametrize("form", ["ubj", "json", "xgb"])
def test_a_booster_is_saved_and_loaded(booster, form, tmp_path, monkeypatch):
    mlmodel.xgboost.save_model(booster, tmp_path / "m", model_format=form)
    untrusting(monkeypatch, tmp_path)
    native = mlmodel.xgboost.load_model(tmp_path / "m")
    assert type(native) is xgb.Booster
    expected = booster.predict(xgb.DMatrix(ROWS))
    assert expected.dtype == np.float32
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), expected)
    assert native.save_raw() == booster.save_raw()


def test_attributes_are_those_of_mlflow(classifier, tmp_path):
    """XGB-001, XGB-003."""
    mlmodel.xgboost.save_model(classifier, tmp_path / "m")
    flavors = flavors_of(tmp_path / "m")
    assert flavors["xgboost"] == {
        "code": None,
        "data": "model.ubj",
        "model_class": "xgboost.sklearn.XGBClassifier",
        "model_format": "ubj",
        "xgb_version": xgb.__version__,
    }
    assert flavors["python_function"]["loader_module"] == "mlflow.xgboost"
    assert flavors["python_function"]["data"] == "model.ubj"
    report = mlmodel.validate(tmp_path / "m")
    assert report.violations == ()
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert f"xgboost=={xgb.__version__}" in lines
    assert any(line.startswith("scikit-learn==") for line in lines)


def test_a_booster_does_not_need_scikit_learn(booster, tmp_path):
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    assert "scikit-learn" not in (tmp_path / "m" / "requirements.txt").read_text()


def test_nothing_of_it_could_run(booster, tmp_path):
    """TRU-006: the files are looked into, and hold no code."""
    mlmodel.xgboost.save_model(booster, tmp_path / "u", input_example=ROWS.head(2))
    mlmodel.xgboost.save_model(booster, tmp_path / "j", model_format="json")
    assert look_into(tmp_path / "u") == look_into(tmp_path / "j") == []


def test_the_flavor_is_detected(booster, classifier, tmp_path):
    mlmodel.save(booster, tmp_path / "b", example=ROWS.head(2))
    mlmodel.save(classifier, tmp_path / "c")
    assert set(flavors_of(tmp_path / "b")) == {"xgboost", "python_function"}
    assert set(flavors_of(tmp_path / "c")) == {"xgboost", "python_function"}
    loaded = mlmodel.load(tmp_path / "b")
    assert [str(one) for one in loaded.signature.inputs.input_types()] == ["double"] * 3
    assert loaded.signature.outputs.inputs[0].type == np.float32
    assert mlmodel.flavors.xgboost is mlmodel.xgboost


class Derived(xgb.XGBClassifier):
    """A user's own class, which only a pickle can hold."""


def test_a_class_of_the_users_own_is_for_the_sklearn_flavor(tmp_path):
    """XGB-002."""
    model = Derived(**SMALL).fit(ROWS, CLASSES)
    with pytest.raises(InvalidArgument, match=r"Derived \(XGB-002\)"):
        mlmodel.xgboost.save_model(model, tmp_path / "m")
    mlmodel.save(model, tmp_path / "m")
    assert "sklearn" in flavors_of(tmp_path / "m")


def naming(path, model, named, code=None):
    """Save a model whose file then names another class, with the code that has it."""
    mlmodel.xgboost.save_model(model, path)
    file = path / "MLmodel"
    mine = f"{type(model).__module__}.{type(model).__qualname__}"
    text = file.read_text().replace(mine, named)
    if code is not None:
        (path / "code").mkdir()
        (path / "code" / "mine.py").write_text(code)
        text = text.replace("code: null", "code: code")
    file.write_text(text)


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ("os.system", UnsupportedModel),
        ("collections.OrderedDict", UnsupportedModel),
        ("xgboost.sklearn.XGBNonsense", MissingDependency),
        ("nowhere_to_be_found.X", MissingDependency),
        ("Nonsense", MissingDependency),
    ],
)
def test_another_class_is_imported_from_a_trusted_folder_alone(
    booster, tmp_path, monkeypatch, named, error
):
    """XGB-002: and has to be one of XGBoost's."""
    naming(tmp_path / "m", booster, named)
    for load in (mlmodel.xgboost.load_model, mlmodel.load):
        with pytest.raises(error, match="XGB-002"):
            load(tmp_path / "m", trust=True)
    untrusting(monkeypatch, tmp_path)
    for load in (mlmodel.xgboost.load_model, mlmodel.load):
        with pytest.raises(UntrustedModel, match="XGB-002"):
            load(tmp_path / "m")


def test_a_class_of_the_users_own_comes_from_the_models_code(classifier, tmp_path, monkeypatch):
    """XGB-002: as MLflow writes it."""
    marker = tmp_path / "ran"
    code = (
        f"open({str(marker)!r}, 'a').close()\nimport xgboost\nclass Mine(xgboost.XGBClassifier):\n"
        "    def predict(self, X, **options):\n        return super().predict(X, **options) * 10\n"
    )
    naming(tmp_path / "m", classifier, "mine.Mine", code)
    native = mlmodel.xgboost.load_model(tmp_path / "m", trust=True)
    assert type(native).__name__ == "Mine"
    expected = classifier.predict(ROWS) * 10
    assert np.array_equal(mlmodel.load(tmp_path / "m", trust=True).predict(ROWS), expected)
    assert mlmodel.validate(tmp_path / "m").valid
    marker.unlink()
    untrusting(monkeypatch, tmp_path)
    with pytest.raises(UntrustedModel):
        mlmodel.load(tmp_path / "m")
    assert not marker.exists()


def test_probabilities_where_they_are_asked_for(classifier, booster, tmp_path):
    """XGB-020."""
    mlmodel.xgboost.save_model(
        classifier, tmp_path / "m", pyfunc_predict_fn="predict_proba", input_example=ROWS.head(3)
    )
    expected = classifier.predict_proba(ROWS)
    model = mlmodel.load(tmp_path / "m")
    assert np.array_equal(model.predict(ROWS), expected)
    assert model.signature.outputs.to_dict()[0]["tensor-spec"]["shape"] == [-1, 3]
    regressor = ESTIMATORS["XGBRegressor"]()
    for other, name in (
        (booster, "predict_proba"),
        (regressor, "predict_proba"),
        (classifier, "fit"),
    ):
        with pytest.raises(InvalidArgument, match="XGB-020"):
            mlmodel.xgboost.save_model(other, tmp_path / "n", pyfunc_predict_fn=name)
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("predict_fn: predict_proba", "predict_fn: fit"))
    with pytest.raises(UnsupportedModel, match="XGB-020"):
        mlmodel.load(tmp_path / "m")


def test_the_minimal_file_of_early_versions_loads(booster, tmp_path):
    """Without model_class it is a Booster; the name of the file says nothing (XGB-004)."""
    booster.save_model(tmp_path / "model.ubj")
    (tmp_path / "model.ubj").rename(tmp_path / "model.xgb")
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  python_function: {data: model.xgb, loader_module: mlflow.xgboost}\n"
        "  xgboost: {data: model.xgb, xgb_version: 0.90}\n"
    )
    assert mlmodel.validate(tmp_path).valid
    expected = booster.predict(xgb.DMatrix(ROWS))
    assert np.array_equal(mlmodel.load(tmp_path).predict(ROWS), expected)
    assert type(mlmodel.xgboost.load_model(tmp_path)) is xgb.Booster


def test_a_model_of_a_real_user_loads_and_predicts(corpus):
    """Saved by MLflow 2.20.3 and XGBoost 2.1.4: a model.xgb that holds UBJSON."""
    folder = corpus / "xgboost-2.20.3"
    model = mlmodel.load(folder)
    columns = {
        spec.name: np.arange(3).astype({"long": "int64", "integer": "int32"}.get(str(spec.type), "float64"))
        for spec in model.signature.inputs
    }  # fmt: skip
    frame = pd.DataFrame(columns)
    native = mlmodel.xgboost.load_model(folder)
    assert type(native) is xgb.XGBRegressor
    assert np.array_equal(model.predict(frame), native.predict(frame))
    assert model.predict(frame).dtype == np.float32


def test_columns_are_matched_by_name(booster, classifier, tmp_path):
    """XGB-007: order and extra columns are no matter, a missing one is named."""
    for name, model in {"b": booster, "c": classifier}.items():
        mlmodel.xgboost.save_model(model, tmp_path / name)
        loaded = mlmodel.load(tmp_path / name)
        expected = loaded.predict(ROWS)
        assert np.array_equal(loaded.predict(ROWS[["c", "a", "b"]].assign(d="x")), expected)
        assert np.array_equal(loaded.predict(ROWS.to_numpy()), expected)
        assert np.array_equal(loaded.predict(pd.DataFrame(ROWS.to_numpy())), expected)
        assert np.array_equal(loaded.predict(ROWS.to_numpy().tolist()), expected)
        assert np.array_equal(loaded.predict(csr_matrix(ROWS.to_numpy())), expected)
        with pytest.raises(InvalidInput, match="XGB-007") as caught:
            loaded.predict(ROWS[["b"]])
        assert [one.column for one in caught.value.details] == ["a", "c"]
        with pytest.raises(InvalidInput, match="Expected 3 features, got 2.*XGB-007"):
            loaded.predict(ROWS.to_numpy()[:, :2])
        with pytest.raises(InvalidInput, match="XGB-007"):
            loaded.predict(pd.DataFrame(ROWS.to_numpy()[:, :2]))


def test_a_signature_in_another_order_than_the_features(booster, tmp_path):
    mlmodel.xgboost.save_model(booster, tmp_path / "m", input_example=ROWS[["c", "b", "a"]].head(2))
    expected = booster.predict(xgb.DMatrix(ROWS))
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), expected)


def test_a_model_without_names_is_matched_by_position(tmp_path):
    """XGB-007."""
    array = ROWS.to_numpy()
    model = xgb.train({}, xgb.DMatrix(array, label=TARGET), num_boost_round=2)
    mlmodel.xgboost.save_model(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    expected = model.predict(xgb.DMatrix(array))
    assert np.array_equal(loaded.predict(array), expected)
    assert np.array_equal(loaded.predict(pd.DataFrame(array)), expected)
    with pytest.raises(InvalidInput, match="XGB-007"):
        loaded.predict(array[:, :2])


@pytest.mark.parametrize(
    "given",
    [
        *(np.zeros(3), 3.0, "text", {"a": [1.0], "b": [1.0, 2.0], "c": 1.0}, np.zeros((1, 1, 3))),
        *([1.0], [[1.0, 2.0, 3.0], [1.0]], {"a": [1.0], "b": [1.0, 2.0], "c": [1.0]}),
    ],
)
def test_another_kind_of_data_is_refused(booster, given, tmp_path):
    """XGB-008."""
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    with pytest.raises(InvalidInput, match="XGB-008"):
        mlmodel.load(tmp_path / "m").predict(given)


@pytest.mark.parametrize(
    "params", [{"output_margin": True}, {"iteration_range": [0, 2]}, {"validate_features": False}]
)
def test_parameters_are_arguments_of_predict(booster, classifier, params, tmp_path):
    """XGB-009: also as JSON has them."""
    native = {k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}
    mlmodel.xgboost.save_model(booster, tmp_path / "b")
    mlmodel.xgboost.save_model(classifier, tmp_path / "c")
    assert np.array_equal(
        mlmodel.load(tmp_path / "b").predict(ROWS, params),
        booster.predict(xgb.DMatrix(ROWS), **native),
    )
    assert np.array_equal(
        mlmodel.load(tmp_path / "c").predict(ROWS, params), classifier.predict(ROWS, **native)
    )


def test_an_unknown_parameter_is_refused(booster, tmp_path):
    """XGB-009."""
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    with pytest.raises(InvalidInput, match="XGB-009") as caught:
        mlmodel.load(tmp_path / "m").predict(ROWS, {"data": 1, "depth": 2, "pred_leaf": True})
    assert [one.column for one in caught.value.details] == ["data", "depth"]


@pytest.mark.parametrize("given", [5, "01", [0], [0, 1, 2], [0, 1.5], [0, None], [0, float("inf")]])
def test_a_range_that_is_none_is_refused_as_a_parameter(booster, classifier, given, tmp_path):
    """XGB-009: the data are not the reason."""
    for name, model in (("b", booster), ("c", classifier)):
        mlmodel.xgboost.save_model(model, tmp_path / name)
        with pytest.raises(
            InvalidInput, match="XGB-009: Parameter .iteration_range. is two whole numbers"
        ) as caught:
            mlmodel.load(tmp_path / name).predict(ROWS, {"iteration_range": given, "depth": 2})
        assert [one.column for one in caught.value.details] == ["depth", "iteration_range"]


def test_missing_values_and_nullable_columns(booster, tmp_path):
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    gaps = ROWS.copy()
    gaps.loc[3, "a"] = np.nan
    nullable = gaps.astype("Float64")
    expected = booster.predict(xgb.DMatrix(gaps))
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(gaps), expected)
    assert np.array_equal(loaded.predict(nullable), expected)


def test_another_missing_value_survives(tmp_path):
    """XGB-011: XGBoost's own file forgets it."""
    rows = ROWS.where(ROWS > -1, -999.0)
    model = xgb.XGBRegressor(missing=-999.0, **SMALL).fit(rows, TARGET)
    mlmodel.xgboost.save_model(model, tmp_path / "m")
    assert flavors_of(tmp_path / "m")["xgboost"]["missing"] == -999.0
    expected = model.predict(rows)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), expected)
    assert mlmodel.xgboost.load_model(tmp_path / "m").missing == -999.0
    plain = xgb.XGBRegressor()
    plain.load_model(tmp_path / "m" / "model.ubj")
    assert not np.array_equal(plain.predict(rows), expected)


def categories():
    kinds = pd.Categorical(np.array(list("xyz"))[np.arange(120) % 3])
    return pd.DataFrame({"kind": kinds, "a": ROWS["a"]})


@pytest.mark.parametrize("through", ["category", "text", "rest"])
def test_categories_are_those_of_the_model(through, tmp_path):
    """XGB-010: by name, whatever the order or number of those given."""
    rows = categories()
    target = TARGET + rows["kind"].cat.codes * 3
    model = xgb.XGBRegressor(enable_categorical=True, **SMALL).fit(rows, target)
    mlmodel.xgboost.save_model(model, tmp_path / "m", input_example=rows.head(3))
    loaded = mlmodel.load(tmp_path / "m")
    some = rows.iloc[[2, 5, 1]]
    expected = model.predict(some)
    if through == "rest":
        body = some.assign(kind=some["kind"].astype(str)).to_json(orient="split", index=False)
        answer = handle(
            "application/json", b'{"dataframe_split": %s}' % body.encode(), loaded.engine
        )
        assert answer.status == 200, answer.body
        got = np.array(json.loads(answer.body)["predictions"], np.float32)
    elif through == "text":
        got = loaded.predict(some.assign(kind=some["kind"].astype(str)))
    else:
        got = loaded.predict(some.assign(kind=pd.Categorical(some["kind"].astype(str))))
    assert np.array_equal(got, expected)


def test_early_stopping_survives(tmp_path):
    model = xgb.XGBRegressor(n_estimators=80, early_stopping_rounds=2, learning_rate=1.0)
    model.fit(ROWS[:60], TARGET[:60], eval_set=[(ROWS[60:], TARGET[60:])], verbose=False)
    mlmodel.xgboost.save_model(model, tmp_path / "m")
    native = mlmodel.xgboost.load_model(tmp_path / "m")
    assert native.best_iteration == model.best_iteration < 79
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), model.predict(ROWS))


def test_it_is_served(classifier, tmp_path):
    mlmodel.save(classifier, tmp_path / "m", example=ROWS.head(2))
    engine = mlmodel.load(tmp_path / "m").engine
    body = json.dumps({"dataframe_split": {"columns": ["b", "a", "c"], "data": [[0.5, 1, None]]}})
    answer = handle("application/json", body.encode(), engine)
    expected = classifier.predict(pd.DataFrame({"a": [1.0], "b": [0.5], "c": [np.nan]}))
    assert json.loads(answer.body) == {"predictions": expected.tolist()}
    refused = handle("application/json", b'{"dataframe_records": [{"a": 1}]}', engine)
    assert refused.status == 400
    csv = handle("text/csv", b"a,b,c\n1,0.5,\n", engine)
    assert json.loads(csv.body) == {"predictions": expected.tolist()}


def test_a_refusal_of_the_flavor_is_the_callers_fault(booster, tmp_path):
    """XGB-007 without a signature, over REST."""
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    engine = mlmodel.load(tmp_path / "m").engine
    answer = handle("application/json", b'{"dataframe_records": [{"a": 1}]}', engine)
    assert answer.status == 400
    assert [one["rule"] for one in json.loads(answer.body)["details"]] == ["XGB-007", "XGB-007"]


def test_overwriting(booster, classifier, tmp_path):
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    with pytest.raises(ModelExists):
        mlmodel.xgboost.save_model(classifier, tmp_path / "m")
    mlmodel.xgboost.save_model(classifier, tmp_path / "m", model_format="json", overwrite=True)
    assert type(mlmodel.xgboost.load_model(tmp_path / "m")) is xgb.XGBClassifier
    assert not (tmp_path / "m" / "model.ubj").exists()


@pytest.mark.parametrize(
    ("model", "message"),
    [({}, "builtins.dict"), (xgb.XGBClassifier(), "fit"), (xgb.Booster(), "0 feature")],
)
def test_what_cannot_be_saved_is_refused(model, message, tmp_path):
    with pytest.raises(InvalidArgument, match=message):
        mlmodel.xgboost.save_model(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_an_unknown_format_is_refused(booster, tmp_path):
    with pytest.raises(InvalidArgument, match="ubj, json, xgb"):
        mlmodel.xgboost.save_model(booster, tmp_path / "m", model_format="pickle")


# Files that are damaged, or hostile.


def write(folder, raw, name="model.ubj"):
    (folder / name).write_bytes(raw)
    (folder / "MLmodel").write_text(
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.xgboost}}\n"
        f"  xgboost: {{data: {name}}}\n"
    )
    return folder


DAMAGED = {
    "cut off": lambda ubj, text: ubj[:-40],
    "cut off JSON": lambda ubj, text: text[:-40],
    "garbage behind a brace": lambda ubj, text: b"{garbage",
    "a brace": lambda ubj, text: b"{",
    "more than a model": lambda ubj, text: ubj + b"x",
    "more than a model, JSON": lambda ubj, text: text + b"x",
    "not a model": lambda ubj, text: b'{"learner": 3}',
    "deep JSON": lambda ubj, text: b'{"learner":' + b"[" * 200_000,
    "deep UBJSON": lambda ubj, text: b"{L" + (1).to_bytes(8, "big") + b"a" + b"[" * 200_000,
    "a key twice": lambda ubj, text: text.replace(b'"version"', b'"learner":3,"version"'),
    "a count of the moon": lambda ubj, text: ubj.replace(
        b"[$d#L" + bytes(7), b"[$d#L" + b"\x3f" * 7, 1
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(booster, what, tmp_path):
    """XGB-004: and XGBoost, which ends the process on some of these, never sees it."""
    ubj, text = bytes(booster.save_raw("ubj")), bytes(booster.save_raw("json"))
    write(tmp_path, DAMAGED[what](ubj, text))
    for load in (mlmodel.load, mlmodel.xgboost.load_model):
        with pytest.raises(InvalidModel, match=r"model.ubj.*XGB-00[46]") as caught:
            load(tmp_path, trust=True)
        assert str(tmp_path) not in caught.value.details[0].message


@pytest.mark.parametrize("start", [b"binf\0\0\0?\x03", b"bs64", b"\0\0\0?\x03\0\0\0", b"#!/bin/sh"])
def test_the_binary_format_of_old_versions_is_refused(start, tmp_path):
    """XGB-005."""
    write(tmp_path, start + bytes(100), "model.xgb")
    with pytest.raises(UnsupportedModel, match="model.xgb.*save it again as model.ubj.*XGB-005"):
        mlmodel.load(tmp_path)


def test_a_pipe_is_not_waited_for(booster, tmp_path):
    """TRU-007."""
    import os

    write(tmp_path, b"{")
    (tmp_path / "model.ubj").unlink()
    os.mkfifo(tmp_path / "model.ubj")
    with pytest.raises(UnreadableModel, match="model.ubj"):
        mlmodel.load(tmp_path)


def test_a_path_out_of_the_folder_is_refused(booster, tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    write(folder, b"{", "model.ubj")
    booster.save_model(tmp_path / "outside.ubj")
    file = folder / "MLmodel"
    file.write_text(file.read_text().replace("model.ubj", "../outside.ubj"))
    with pytest.raises(InvalidModel) as caught:
        mlmodel.load(folder, trust=True)
    assert {one.rule for one in caught.value.details} == {"DIR-002"}


def forest(model):
    booster = model["learner"]["gradient_booster"]
    return booster.get("gbtree", booster)["model"]


def tree(model):
    return forest(model)["trees"][0]


def change(path, value):
    """Return what sets the value at a path of keys, from the model or from its first tree."""

    keys = path.split("/")

    def changed(model):
        at = {"tree": tree, "forest": forest}.get(keys[0], lambda whole: whole["learner"])(model)
        for key in keys[1:-1]:
            at = at[int(key) if isinstance(at, list) else key]
        at[int(keys[-1]) if isinstance(at, list) else keys[-1]] = value

    return changed


#: Each of these ends the process, or never ends, when XGBoost 3.2 reads and uses it.
HOSTILE = [
    ("tree/left_children/0", 10**6), ("tree/left_children/0", 2**31 - 1),
    ("tree/left_children/0", -5), ("tree/left_children/0", 0), ("tree/right_children/0", 1),
    ("tree/split_indices/0", 10**6), ("tree/split_indices/0", -1), ("tree/parents/1", 2),
    ("tree/split_indices/0", 2**70), ("tree/left_children", "text"), ("tree/left_children/0", 1.0),
    ("tree/left_children/0", True), ("tree/tree_param/num_nodes", "1000000"),
    ("tree/tree_param/num_nodes", "-1"), ("tree/tree_param/size_leaf_vector", "1000"),
    ("tree/id", 1), ("tree/split_conditions", []), ("tree/split_type/0", 1),
    ("tree/categories_nodes", [10**6]), ("tree/tree_param", None),
    ("forest/tree_info/0", 10**6), ("forest/tree_info/0", -1), ("forest/tree_info", [0]),
    ("forest/iteration_indptr/1", 10**6), ("forest/iteration_indptr/1", 4), ("forest/trees", {}),
    ("learner/learner_model_param/num_feature", "4000000000"),
    ("learner/learner_model_param/num_feature", "2"),
    ("learner/learner_model_param/num_class", "1000000000"),
    ("learner/learner_model_param/num_target", "1000000000"),
    ("learner/learner_model_param/num_feature", " 3"), ("learner/feature_names", ["a"]),
    ("learner/gradient_booster/name", "gbforest"), ("learner/objective", []),
    ("forest/cats/feature_segments", [0, 10**6]), ("forest/cats/sorted_idx", [5]),
    ("forest/cats/enc", [{"offsets": [0, 10**6], "values": [120]}]), ("forest/cats/enc", [3]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "value"), HOSTILE, ids=[f"{w}={str(v)[:30]}" for w, v in HOSTILE]
)
def test_numbers_that_lead_astray_are_refused(booster, where, value, tmp_path):
    """XGB-006, TRU-017: in a trusted folder too, since trust is about code."""
    model = json.loads(booster.save_raw("json"))
    change(where, value)(model)
    write(tmp_path, json.dumps(model).encode())
    with pytest.raises(InvalidModel, match="model.ubj would lead XGBoost astray.*XGB-006"):
        mlmodel.load(tmp_path, trust=True)


TYPED = {
    "float64 for float32": (b"loss_changes[$d#L", b"loss_changes[$D#L", 4),
    "bytes for int32": (b"parents[$l#L", b"parents[$i#L", -3),
    "no type": (b"default_left[$U#L", b"default_left[#L", None),
}


@pytest.mark.parametrize("what", TYPED)
def test_lists_of_numbers_are_of_the_type_of_their_key(booster, what, tmp_path):
    """XGB-014: XGBoost 3.2 ends the process on float64 where it writes float32."""
    start, new, wider = TYPED[what]
    raw = bytes(booster.save_raw("ubj"))
    at = raw.index(start)
    behind = at + len(start) + 8
    count = int.from_bytes(raw[behind - 8 : behind], "big")
    width = 1 if start.startswith(b"default") else 4
    each = b"U\0" if wider is None else bytes(width + wider)
    numbers, rest = each * count, raw[behind + count * width :]
    write(tmp_path, raw[:at] + new + raw[behind - 8 : behind] + numbers + rest)
    with pytest.raises(InvalidModel, match="model.ubj has numbers of a type.*XGB-014"):
        mlmodel.load(tmp_path)


FEATURES = [
    ("categories", "forest/cats/sorted_idx/0", 1, "XGB-016"),
    ("categories", "learner/feature_types", ["c", "x"], "XGB-016"),
    ("linear", "learner/feature_types", ["float", "float", "c"], "XGB-016"),
]


@pytest.mark.parametrize(("kind", "where", "value", "rule"), FEATURES)
def test_types_and_categories_of_features_are_checked(kind, where, value, rule, tmp_path):
    """XGB-016: else XGBoost raises what is not of the table, on loading or predicting."""
    model = json.loads(KINDS[kind]().save_raw("json"))
    change(where, value)(model)
    write(tmp_path, json.dumps(model).encode())
    with pytest.raises(InvalidModel, match=f"model.ubj.*{rule}"):
        mlmodel.load(tmp_path)


def test_what_xgboost_refuses_when_it_predicts_is_told_in_a_line(booster, tmp_path):
    """XGB-015."""
    mlmodel.xgboost.save_model(booster, tmp_path / "m")
    with pytest.raises(
        InvalidInput, match="XGBoost cannot predict on these data.*XGB-015"
    ) as caught:
        mlmodel.load(tmp_path / "m").predict(ROWS, {"iteration_range": (0, 1000)})
    assert not re.search(r"\n|\.cc|Stack", caught.value.message)


def chain(length):
    """Return a tree of which every node but the leaves has one child that is a leaf."""
    nodes = 2 * length + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    left = np.where(inner, np.arange(nodes) + 1, -1)
    right = np.where(inner, np.arange(nodes) + 2, -1)
    parents = np.full(nodes, 2**31 - 1)
    parents[left[inner]] = parents[right[inner]] = np.flatnonzero(inner)
    return {
        "left_children": left.tolist(), "right_children": right.tolist(),
        "parents": parents.tolist(), "split_indices": [0] * nodes, "default_left": [0] * nodes,
        "split_conditions": [0.0] * nodes, "base_weights": [0.0] * nodes,
        "loss_changes": [0.0] * nodes, "sum_hessian": [0.0] * nodes, "split_type": [0] * nodes,
    }  # fmt: skip


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (5000, False)])
def test_a_tree_is_not_deeper_than_the_stack(booster, length, fits, tmp_path):
    """XGB-006: contributions of features are computed by recursion."""
    model = json.loads(booster.save_raw("json"))
    tree(model).update(chain(length))
    tree(model)["tree_param"]["num_nodes"] = str(2 * length + 1)
    write(tmp_path, json.dumps(model).encode())
    if fits:
        assert mlmodel.load(tmp_path).predict(ROWS[:2], {"pred_contribs": True}).shape == (2, 4)
    else:
        with pytest.raises(InvalidModel, match="deeper than 4096.*XGB-006"):
            mlmodel.load(tmp_path)


KINDS = {
    "dart": lambda: xgb.train({"booster": "dart", "rate_drop": 0.5}, xgb.DMatrix(ROWS, label=TARGET), 3),
    "linear": lambda: xgb.train({"booster": "gblinear"}, xgb.DMatrix(ROWS, label=TARGET), 3),
    "vector": lambda: xgb.train(
        {"multi_strategy": "multi_output_tree", "max_depth": 2},
        xgb.DMatrix(ROWS, label=np.c_[TARGET, -TARGET]), 3,
    ),
    "targets": lambda: xgb.train({}, xgb.DMatrix(ROWS, label=np.c_[TARGET, -TARGET]), 3),
    "softmax": lambda: xgb.train(
        {"objective": "multi:softmax", "num_class": 3}, xgb.DMatrix(ROWS, label=CLASSES), 3
    ),
    "quantiles": lambda: xgb.train(
        {"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.9]},
        xgb.DMatrix(ROWS, label=TARGET), 3,
    ),
    "pruned": lambda: xgb.train(
        {"tree_method": "exact", "gamma": 5, "max_depth": 6}, xgb.DMatrix(ROWS, label=TARGET), 5
    ),
    "lossguide": lambda: xgb.train(
        {"grow_policy": "lossguide", "max_leaves": 9, "gamma": 1}, xgb.DMatrix(ROWS, label=TARGET), 3
    ),
    "categories": lambda: xgb.train(
        {"max_cat_to_onehot": 1}, xgb.DMatrix(categories(), label=TARGET, enable_categorical=True), 3
    ),
    "no trees": lambda: xgb.train({}, xgb.DMatrix(ROWS, label=TARGET), 0),
    "a slice": lambda: xgb.train({}, xgb.DMatrix(ROWS, label=TARGET), 5)[1:3],
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["ubj", "json"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_booster_passes_the_check(kind, form, tmp_path):
    """XGB-006 refuses nothing that XGBoost wrote."""
    model = KINDS[kind]()
    mlmodel.xgboost.save_model(model, tmp_path / "m", model_format=form)
    rows = categories() if kind == "categories" else ROWS
    expected = model.predict(xgb.DMatrix(rows, enable_categorical=True))
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), expected)


SPECIAL = [
    ("dart", "learner/gradient_booster/weight_drop", [1.0]),
    ("linear", "learner/gradient_booster/model/weights", [1.0]),
    ("vector", "tree/leaf_weights", [1.0]),
    ("vector", "tree/sum_hessian", []),
    ("vector", "tree/right_children/6", 10**6),
    ("vector", "tree/tree_param/size_leaf_vector", "3"),
    ("softmax", "learner/objective/softmax_multiclass_param/num_class", "0"),
    ("categories", "tree/categories_segments/0", 10**6),
    ("categories", "tree/categories_sizes/0", -1),
    ("categories", "tree/categories/0", 2**24),
]


@pytest.mark.parametrize(("kind", "where", "value"), SPECIAL)
def test_numbers_of_other_boosters_are_checked(kind, where, value, tmp_path):
    """XGB-006."""
    model = json.loads(KINDS[kind]().save_raw("json"))
    change(where, value)(model)
    write(tmp_path, json.dumps(model).encode())
    with pytest.raises(InvalidModel, match="XGB-006"):
        mlmodel.load(tmp_path)


def test_leaves_with_several_values_of_old_versions(tmp_path):
    """XGB-005: XGBoost 3.2 crashes on what 2.1 to 3.1 wrote."""
    model = json.loads(KINDS["vector"]().save_raw("json"))
    for one in forest(model)["trees"]:
        del one["leaf_weights"], one["loss_changes"], one["sum_hessian"]
    write(tmp_path, json.dumps(model).encode())
    with pytest.raises(UnsupportedModel, match="train it again.*XGB-005"):
        mlmodel.load(tmp_path)


def test_what_xgboost_itself_refuses_is_told_in_a_line(booster, tmp_path):
    """XGB-004: without the trace and the paths of compiled code."""
    model = json.loads(booster.save_raw("json"))
    model["learner"]["objective"] = {"name": "reg:nonsense"}
    write(tmp_path, json.dumps(model).encode())
    with pytest.raises(InvalidModel, match="Unknown objective function.*XGB-004") as caught:
        mlmodel.load(tmp_path)
    assert "\n" not in caught.value.message
    assert ".cc" not in str(caught.value)


def test_a_classifiers_file_for_a_regressor(classifier, tmp_path):
    mlmodel.xgboost.save_model(classifier, tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("XGBClassifier", "XGBRegressor"))
    with pytest.raises(InvalidModel, match="XGB-004"):
        mlmodel.load(tmp_path / "m")


@pytest.mark.thorough
@pytest.mark.parametrize("absent", ["xgboost", "sklearn"])
def test_the_extra_is_named(classifier, absent, load_without, tmp_path):
    mlmodel.xgboost.save_model(classifier, tmp_path / "m")
    assert re.search(r"pip install .*\[xgboost\]", load_without(tmp_path / "m", absent))


def test_looking_at_a_model_imports_no_library(classifier, tmp_path):
    mlmodel.xgboost.save_model(classifier, tmp_path / "m")
    script = (
        "import sys, mlmodel, mlmodel.xgboost\n"
        "assert mlmodel.validate(sys.argv[1]).valid\n"
        "print([n for n in ('xgboost', 'numpy', 'sklearn') if n in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "xgboost" not in done.stdout


def test_native_loads_enforce_nothing(classifier, tmp_path):
    """Row 15 of the editions."""
    mlmodel.save(classifier, tmp_path / "m", example=ROWS.head(2))
    native = mlmodel.xgboost.load_model(tmp_path / "m")
    assert native.predict(ROWS.to_numpy()).shape == (120,)
    with pytest.raises(InvalidInput):
        mlmodel.load(tmp_path / "m").predict(ROWS.rename(columns={"a": "z"}))


def test_a_tensor_signature_is_warned_of(booster, tmp_path):
    """Row 14 of the editions: only flavors of deep learning take tensors."""
    save = partial(mlmodel.xgboost.save_model, booster, tmp_path / "m")
    with pytest.warns(UserWarning, match="PYF-018"):
        save(signature=mlmodel.infer_signature(ROWS.to_numpy()))
    loaded = mlmodel.load(tmp_path / "m")
    assert np.array_equal(loaded.predict(ROWS.to_numpy()), booster.predict(xgb.DMatrix(ROWS)))
