"""Conversion of LightGBM's and CatBoost's models: forms that depend on the model, and graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import InvalidArgument, UntrustedModel
from mlmodel.flavors._convert import convert
from mlmodel.models import Model

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
CLASSES = np.arange(60) % 3


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Save a model with its example, as somebody else."""

    def save(model, **options):
        mlmodel.save(model, tmp_path / "m", example=ROWS.head(8), **options)
        return tmp_path / "m"

    return save


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# -- LightGBM --------------------------------------------------------------------------------------


def estimator(kind="LGBMRegressor", label=TARGET):
    import lightgbm

    few = {"n_estimators": 3, "num_leaves": 5, "verbose": -1, "n_jobs": 1}
    return getattr(lightgbm, kind)(**few).fit(ROWS, label)


@pytest.mark.libraries("lightgbm")
def test_a_booster_is_its_text_already(save):
    """CNV-002: it is said, and nothing is written again."""
    folder = save(estimator().booster_)
    before = contents(folder)
    with pytest.raises(InvalidArgument, match="in the form text already.*CNV-002"):
        convert(folder, "text")
    for other in ("skops", "onnx"):
        with pytest.raises(
            InvalidArgument, match=r"\(Booster\) is not .*it can be to text \(CNV-002"
        ):
            convert(folder, other)
    assert contents(folder) == before


@pytest.mark.libraries("lightgbm")
def test_an_estimator_becomes_its_booster(save, tmp_path, monkeypatch):
    """CNV-002, LGB-002: a text in the place of the pickle, which needs no trust."""
    folder = save(estimator())
    expected = mlmodel.load(folder).predict(ROWS)
    done = convert(folder, "text")
    assert (done.to, done.rows, done.largest_difference) == ("text", 8, 0)
    assert not (folder / "model.pkl").exists()
    flavors = Model.load(folder).flavors
    assert flavors["lightgbm"]["data"] == flavors["python_function"]["data"] == "model.lgb"
    assert flavors["lightgbm"]["model_class"] == "lightgbm.basic.Booster"
    assert "serialization_format" not in flavors["lightgbm"]
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    assert np.array_equal(mlmodel.load(folder).predict(ROWS), expected)
    assert mlmodel.validate(folder).violations == ()


@pytest.mark.libraries("lightgbm", "skops")
def test_an_estimator_of_skops_and_then_a_text(save):
    """CNV-002: the keys of a form go with it."""
    folder = save(estimator())
    expected = mlmodel.load(folder).predict(ROWS)
    convert(folder, "skops")
    own = Model.load(folder).flavors["lightgbm"]
    assert (own["data"], own["serialization_format"]) == ("model.skops", "skops")
    assert own["skops_trusted_types"]
    assert np.array_equal(mlmodel.load(folder).predict(ROWS), expected)
    with pytest.raises(InvalidArgument, match="in the form skops already"):
        convert(folder, "skops")
    convert(folder, "text")
    assert set(Model.load(folder).flavors["lightgbm"]) == {
        "code", "data", "lgb_version", "model_class"
    }  # fmt: skip
    assert np.array_equal(mlmodel.load(folder).predict(ROWS), expected)


@pytest.mark.libraries("lightgbm")
def test_a_classifier_is_no_booster(save):
    """CNV-002: its Booster answers numbers in the place of classes."""
    folder = save(estimator("LGBMClassifier", CLASSES))
    with pytest.raises(InvalidArgument, match=r"\(LGBMClassifier\) .*it can be to skops \(CNV-002"):
        convert(folder, "text")
    with pytest.raises(InvalidArgument, match="since LightGBM makes no graphs"):
        convert(folder, "onnx")


def test_what_goes_with_a_form_does_not_say_it():
    """CNV-002: the types of a skops file are a list of names."""
    own = {"model_class": "lightgbm.sklearn.LGBMRegressor", "skops_trusted_types": ["a.B"]}
    form_of = mlmodel.lightgbm.FLAVOR.form_of
    assert form_of(own | {"data": "model.pkl"}) == "pkl"
    assert form_of(own | {"data": "model.pkl", "serialization_format": "skops"}) == "skops"


def test_a_models_kind_is_named_by_its_flavor():
    """CNV-002: as the error for it does; by its own key, if it has one."""
    kind = {"model_class": "a.b.Kind"}
    named = [
        getattr(mlmodel, name).FLAVOR.kind_of(kind) for name in ("lightgbm", "xgboost", "spark")
    ]
    assert named == ["Kind"] * 3
    assert mlmodel.lightgbm.FLAVOR.kind_of({}) == ""
    assert mlmodel.sklearn.FLAVOR.kind_of(kind) == ""


# -- CatBoost --------------------------------------------------------------------------------------


def trained(kind="CatBoostRegressor", label=TARGET, rows=ROWS, **params):
    import catboost

    few = {"iterations": 5, "depth": 3, "thread_count": 1, "verbose": 0}
    given = {**few, "allow_writing_files": False, **params}
    model = catboost.CatBoost(given) if kind == "CatBoost" else getattr(catboost, kind)(**given)
    return model.fit(rows, label)


@pytest.mark.libraries("catboost")
def test_the_forms_of_catboost(save, tmp_path, monkeypatch):
    """CNV-002, CAT-005: what needs trust as JSON needs none in the binary form."""
    model = trained()
    folder = save(model)
    with pytest.raises(InvalidArgument, match="in the form cbm already"):
        convert(folder, "cbm")
    convert(folder, "json")
    assert (folder / "model.cb").read_bytes().startswith(b"{")
    assert Model.load(folder).flavors["catboost"]["save_format"] == "json"
    # CatBoost writes a digit or two less than a double has.
    np.testing.assert_allclose(mlmodel.load(folder).predict(ROWS), model.predict(ROWS), rtol=1e-9)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    with pytest.raises(UntrustedModel):
        convert(folder, "cbm")
    convert(folder, "cbm", trust=True)
    np.testing.assert_allclose(mlmodel.load(folder).predict(ROWS), model.predict(ROWS), rtol=1e-9)


GRAPHS = {
    "regressor": trained,
    "base": lambda: trained("CatBoost"),
    "numbers": lambda: trained("CatBoostClassifier", CLASSES),
    "texts": lambda: trained("CatBoostClassifier", np.array(list("xyz"))[CLASSES]),
    "two texts": lambda: trained("CatBoostClassifier", np.where(CLASSES > 1, "p", "q")),
}


@pytest.mark.libraries("catboost", "onnx", "onnxruntime")
@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_of_catboost(name, save, tmp_path):
    """CNV-002, CNV-004, CNV-006: made by CatBoost itself, and put right."""
    import catboost

    model = GRAPHS[name]()
    folder = save(model)
    done = convert(folder, "onnx", output=tmp_path / "n", python_function=True)
    assert (done.source, done.by) == ("catboost", f"catboost {catboost.__version__}")
    assert done.largest_difference < 1e-5
    assert set(Model.load(tmp_path / "n").flavors) == {"onnx", *Model.load(folder).flavors}
    answer = mlmodel.load(tmp_path / "n").predict(ROWS)
    expected = np.ravel(model.predict(ROWS))
    if isinstance(model, catboost.CatBoostClassifier):
        assert answer["label"].tolist() == expected.tolist()
        probabilities = np.array(answer["probabilities"].tolist())
        np.testing.assert_allclose(probabilities, model.predict_proba(ROWS), atol=1e-6)
    else:
        np.testing.assert_allclose(np.ravel(answer["predictions"].tolist()), expected, rtol=1e-5)
    assert mlmodel.validate(tmp_path / "n").violations == ()


@pytest.mark.libraries("catboost", "onnx", "onnxruntime")
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: trained(grow_policy="Lossguide"), "CatBoost makes no graph.*symmetric"),
        (lambda: trained(label=TARGET.abs(), loss_function="Poisson"), "answers the example otherwise"),
        (
            lambda: trained(label=ROWS[["a", "b"]], loss_function="MultiRMSE"),
            "is not the model: .*",
        ),
    ],
    ids=["nodes", "exponents", "several values"],
)  # fmt: skip
def test_what_catboost_makes_no_graph_of(model, said, save):
    """CNV-001, CNV-002, CNV-004: a graph that answers otherwise is not kept."""
    folder = save(model())
    before = contents(folder)
    with pytest.raises(InvalidArgument, match=said):
        convert(folder, "onnx")
    assert contents(folder) == before


# -- Keras -----------------------------------------------------------------------------------------


@pytest.mark.libraries("keras", "tensorflow", "h5py")
def test_keras_says_why_it_makes_no_graph(tmp_path):
    """CNV-002."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    mlmodel.save(model, tmp_path / "m", example=ROWS.to_numpy()[:2])
    with pytest.raises(
        InvalidArgument, match="since Keras makes graphs by tf2onnx.*can be to nothing"
    ):
        convert(tmp_path / "m", "onnx")
