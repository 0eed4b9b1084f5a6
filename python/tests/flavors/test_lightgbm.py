"""The LightGBM flavor: its files, errors, layouts and trust (LGB rules)."""

from __future__ import annotations

import io
import json
import pickle
import re
import shutil
import zipfile

import mutants
import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import document
from mlmodel.errors import InvalidArgument, InvalidModel, UnsupportedModel, UntrustedModel
from mlmodel.trust.describe import look_into

lgb = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.libraries("lightgbm")

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 3)), columns=["a", "b", "c"])
TARGET = ROWS["a"] * 2 - ROWS["b"]
CLASSES = np.arange(120) % 3
FEW = {"n_estimators": 4, "num_leaves": 5, "n_jobs": 1, "verbose": -1}
TRAINING = {"num_leaves": 5, "min_data_in_leaf": 5, "num_threads": 1, "verbose": -1}


def trained(params=None, rows=ROWS, label=TARGET, **more):
    return lgb.train({**TRAINING, **(params or {})}, lgb.Dataset(rows, label), 3, **more)


@pytest.fixture(scope="module")
def booster():
    return trained()


@pytest.fixture(scope="module")
def classifier():
    return lgb.LGBMClassifier(**FEW).fit(ROWS, CLASSES)


def test_probabilities_where_they_are_asked_for(classifier, booster, tmp_path):
    """LGB-018."""
    mlmodel.lightgbm.save_model(
        classifier, tmp_path / "m", pyfunc_predict_fn="predict_proba", input_example=ROWS.head(3)
    )
    assert flavors_of(tmp_path / "m")["python_function"]["predict_fn"] == "predict_proba"
    model = mlmodel.load(tmp_path / "m", trust=True)
    assert np.array_equal(model.predict(ROWS), classifier.predict_proba(ROWS))
    regressor = lgb.LGBMRegressor(**FEW).fit(ROWS, TARGET)
    refused = ((booster, "predict_proba"), (regressor, "predict_proba"), (classifier, "fit"))
    for other, name in refused:
        with pytest.raises(InvalidArgument, match="LGB-018"):
            mlmodel.lightgbm.save_model(other, tmp_path / "n", pyfunc_predict_fn=name)
        assert not (tmp_path / "n").exists()
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("predict_fn: predict_proba", "predict_fn: fit"))
    with pytest.raises(UnsupportedModel, match="LGB-018"):
        mlmodel.load(tmp_path / "m", trust=True)


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    """Whoever loads did not save the model: no file of this flavor needs trust."""
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def untrusting(monkeypatch, path):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(path.parent / "nobody"))


def flavors_of(path):
    return document.read(path / "MLmodel").data["flavors"]


def folder_of(root, text, name="model.lgb"):
    """Write a folder with a booster's text as early versions did."""
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (root / "MLmodel").write_text(
        f"flavors:\n  python_function: {{data: {name}, loader_module: mlflow.lightgbm}}\n"
        f"  lightgbm: {{data: {name}}}\n"
    )
    return root


ESTIMATORS = {
    "LGBMRegressor": lambda: lgb.LGBMRegressor(**FEW).fit(ROWS, TARGET),
    "LGBMClassifier": lambda: lgb.LGBMClassifier(**FEW).fit(ROWS, CLASSES),
    "of texts": lambda: lgb.LGBMClassifier(**FEW).fit(ROWS, np.array(["u", "v", "w"])[CLASSES]),
    "of two": lambda: lgb.LGBMClassifier(**FEW, class_weight="balanced").fit(ROWS, CLASSES > 1),
    "weighted": lambda: lgb.LGBMClassifier(**FEW, class_weight={0: 2.0, 1: 1.0, 2: 1.0}).fit(
        ROWS, CLASSES
    ),
    "early": lambda: lgb.LGBMRegressor(**FEW, early_stopping_round=1).fit(
        ROWS, TARGET, eval_set=[(ROWS[:20], TARGET[:20])]
    ),
    "LGBMRanker": lambda: lgb.LGBMRanker(**FEW).fit(ROWS, CLASSES, group=[60, 60]),
    "LGBMModel": lambda: lgb.LGBMModel(objective="regression", **FEW).fit(ROWS, TARGET),
    "of arrays": lambda: lgb.LGBMRegressor(**FEW, random_state=np.random.RandomState(1).randint(9)).fit(
        ROWS.to_numpy(), TARGET
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", ["cloudpickle", "pickle", "skops"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_saved_and_loaded_without_trust(name, form, tmp_path, monkeypatch):
    """LGB-002, LGB-014, LGB-016: the class comes back, and with it every prediction."""
    model = ESTIMATORS[name]()
    mlmodel.lightgbm.save_model(model, tmp_path / "m", serialization_format=form)
    untrusting(monkeypatch, tmp_path)
    native = mlmodel.lightgbm.load_model(tmp_path / "m")
    assert type(native) is type(model)
    assert type(native.booster_) is lgb.Booster
    rows = ROWS.to_numpy() if name == "of arrays" else ROWS
    expected = model.predict(rows)
    assert np.array_equal(native.predict(rows), expected)
    answer = mlmodel.load(tmp_path / "m").predict(rows)
    assert np.array_equal(answer, expected)
    assert answer.dtype == expected.dtype
    if hasattr(model, "predict_proba"):
        assert np.array_equal(native.predict_proba(ROWS), model.predict_proba(ROWS))
        assert native.classes_.tolist() == model.classes_.tolist()
    assert native.get_params() == model.get_params()
    assert native.best_iteration_ == model.best_iteration_
    looks = look_into(tmp_path / "m")
    assert [one.needs_trust for one in looks] == [False]


def test_attributes_are_those_of_mlflow(booster, classifier, tmp_path):
    """LGB-001, LGB-003."""
    mlmodel.lightgbm.save_model(booster, tmp_path / "b")
    mlmodel.lightgbm.save_model(classifier, tmp_path / "c")
    flavors = flavors_of(tmp_path / "b")
    assert flavors["lightgbm"] == {
        "code": None, "data": "model.lgb", "lgb_version": lgb.__version__,
        "model_class": "lightgbm.basic.Booster",
    }  # fmt: skip
    assert flavors["python_function"]["loader_module"] == "mlflow.lightgbm"
    assert flavors["python_function"]["data"] == "model.lgb"
    own = flavors_of(tmp_path / "c")["lightgbm"]
    assert (own["data"], own["serialization_format"]) == ("model.pkl", "cloudpickle")
    assert own["model_class"] == "lightgbm.sklearn.LGBMClassifier"
    assert mlmodel.validate(tmp_path / "c").violations == ()
    lines = (tmp_path / "c" / "requirements.txt").read_text().splitlines()
    assert f"lightgbm=={lgb.__version__}" in lines
    assert any(line.startswith("cloudpickle==") for line in lines)
    assert "cloudpickle" not in (tmp_path / "b" / "requirements.txt").read_text()
    assert look_into(tmp_path / "b") == []


def test_the_flavor_is_detected(booster, classifier, tmp_path):
    mlmodel.save(booster, tmp_path / "b", example=ROWS.head(2))
    mlmodel.save(classifier, tmp_path / "c")
    assert set(flavors_of(tmp_path / "b")) == {"lightgbm", "python_function"}
    assert set(flavors_of(tmp_path / "c")) == {"lightgbm", "python_function"}
    assert mlmodel.flavors.lightgbm is mlmodel.lightgbm


class Derived(lgb.LGBMClassifier):
    """A user's own class, which only a pickle can hold."""


def test_a_class_of_the_users_own_is_for_the_sklearn_flavor(tmp_path):
    """LGB-002."""
    model = Derived(**FEW).fit(ROWS, CLASSES)
    with pytest.raises(InvalidArgument, match=r"Derived \(LGB-002\); the sklearn flavor saves"):
        mlmodel.lightgbm.save_model(model, tmp_path / "m")
    mlmodel.save(model, tmp_path / "m")
    assert "sklearn" in flavors_of(tmp_path / "m")


@pytest.mark.parametrize("given", [3, ROWS, [lgb]], ids=str)
def test_another_object_is_refused(given, tmp_path):
    with pytest.raises(
        InvalidArgument, match="the lightgbm flavor saves|The lightgbm flavor saves"
    ):
        mlmodel.lightgbm.save_model(given, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_form_that_is_not_known_is_refused(classifier, tmp_path):
    """LGB-014."""
    with pytest.raises(InvalidArgument, match="pickle, cloudpickle, skops, not 'joblib'.*LGB-014"):
        mlmodel.lightgbm.save_model(classifier, tmp_path / "m", serialization_format="joblib")


@pytest.mark.parametrize("named", ["os.system", "lightgbm.dask.DaskLGBMClassifier"])
def test_another_class_is_refused_and_not_imported(booster, tmp_path, named):
    """LGB-002."""
    mlmodel.lightgbm.save_model(booster, tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("lightgbm.basic.Booster", named))
    with pytest.raises(UnsupportedModel, match="LGB-002"):
        mlmodel.load(tmp_path / "m", trust=True)


def test_a_file_with_another_class_than_it_says(classifier, tmp_path):
    """LGB-002."""
    mlmodel.lightgbm.save_model(classifier, tmp_path / "m")
    file = tmp_path / "m" / "MLmodel"
    file.write_text(file.read_text().replace("LGBMClassifier", "LGBMRegressor"))
    with pytest.raises(UnsupportedModel, match=r"model.pkl holds a .*LGBMClassifier.*LGB-002"):
        mlmodel.lightgbm.load_model(tmp_path / "m")


def test_a_pipeline_of_mlflow_is_read(corpus):
    """LGB-002, LGB-016: a real one, without trust."""
    folder = corpus / "lightgbm-2.9.2"
    with pytest.warns(UserWarning, match="scikit-learn|lightgbm"):
        loaded = mlmodel.load(folder)
    names = loaded.signature.inputs.input_names()
    rows = pd.DataFrame(0.0, index=range(2), columns=names)
    kinds = {str(t): t for t in set(map(str, loaded.signature.inputs.input_types()))}
    for name, kind in zip(names, map(str, loaded.signature.inputs.input_types()), strict=True):
        rows[name] = rows[name].astype({"long": "int64", "boolean": bool}.get(kind, "float64"))
    assert kinds
    assert loaded.predict(rows).shape == (2,)


def test_the_iterations_up_to_the_best_are_saved(tmp_path, monkeypatch):
    """LGB-005."""
    model = trained({"learning_rate": 0.9, "num_leaves": 31}, callbacks=[lgb.early_stopping(1, verbose=False)],
                    valid_sets=[lgb.Dataset(ROWS[:20], -TARGET[:20])])  # fmt: skip
    assert 0 < model.best_iteration < model.num_trees() or model.best_iteration == 1
    mlmodel.lightgbm.save_model(model, tmp_path / "m")
    native = mlmodel.lightgbm.load_model(tmp_path / "m")
    assert native.num_trees() == model.best_iteration
    assert np.array_equal(native.predict(ROWS), model.predict(ROWS))


def test_parameters_reach_predict(booster, classifier, tmp_path):
    """LGB-009."""
    mlmodel.lightgbm.save_model(booster, tmp_path / "b")
    mlmodel.lightgbm.save_model(classifier, tmp_path / "c")
    loaded = mlmodel.load(tmp_path / "b")
    for params in ({"num_iteration": 1}, {"pred_leaf": True}, {"pred_contrib": True}):
        assert np.array_equal(loaded.predict(ROWS, params), booster.predict(ROWS, **params))
    raw = mlmodel.load(tmp_path / "c").predict(ROWS, {"raw_score": True})
    assert np.array_equal(raw, classifier.predict(ROWS, raw_score=True))
    for params in ({"machines": "x"}, {"data": 3}, {"predict_disable_shape_check": True}):
        with pytest.raises(mlmodel.errors.InvalidInput, match="not one of LightGBM's predict.*"):
            loaded.predict(ROWS, params)
    with pytest.raises(mlmodel.errors.InvalidInput, match="LGB-015"):
        loaded.predict(ROWS, {"num_iteration": 1.5})


def test_another_version_is_named_where_it_does_not_load(booster, tmp_path):
    """ENV-021."""
    mlmodel.lightgbm.save_model(booster, tmp_path / "m")
    for file in ("MLmodel", "requirements.txt"):
        path = tmp_path / "m" / file
        path.write_text(path.read_text().replace(lgb.__version__, "99.0"))
    text = (tmp_path / "m" / "model.lgb").read_text()
    changed = text.replace("objective=regression", "objective=of_tomorrow")
    (tmp_path / "m" / "model.lgb").write_text(changed)
    with pytest.raises(mlmodel.errors.MissingDependency, match=rf"99\.0.*{lgb.__version__}"):
        mlmodel.load(tmp_path / "m")


# Texts ------------------------------------------------------------------------------------------

TEXTS = pd.Categorical(np.array(list("wxyz"))[np.arange(120) % 4])
SETS = {"min_data_per_group": 1, "cat_smooth": 1, "max_cat_to_onehot": 1}
KINDS = {
    "dart": lambda: trained({"boosting": "dart"}),
    "rf": lambda: trained({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}),
    "linear": lambda: trained({"linear_tree": True}),
    "multiclass": lambda: trained({"objective": "multiclass", "num_class": 3}, label=CLASSES),
    "one against all": lambda: trained({"objective": "multiclassova", "num_class": 3}, label=CLASSES),
    "lambda": lambda: trained({"objective": "cross_entropy_lambda"}, label=CLASSES / 2),
    "monotone": lambda: trained({"monotone_constraints": [1, 0, -1]}),
    "constant": lambda: trained(label=np.ones(120)),
    "custom": lambda: trained({"objective": lambda p, data: (p - data.get_label(), np.ones_like(p))}),
    "quantile": lambda: trained({"objective": "quantile", "alpha": 0.9}),
    "zeros": lambda: trained({"zero_as_missing": True}),
    "categories": lambda: trained(SETS, ROWS.assign(c=TEXTS), TARGET + TEXTS.codes * 3),
    "large": lambda: trained({"num_leaves": 60, "min_data_in_leaf": 1, "lambda_l2": 1e-300}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_booster_passes_the_check(kind, tmp_path, monkeypatch):
    """LGB-006 refuses nothing that LightGBM wrote."""
    model = KINDS[kind]()
    mlmodel.lightgbm.save_model(model, tmp_path / "m")
    untrusting(monkeypatch, tmp_path)
    rows = ROWS.assign(c=TEXTS) if kind == "categories" else ROWS
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), model.predict(rows))


def test_early_texts_are_read(booster, tmp_path):
    """LGB-006: without sizes, parameters and categories, as version 2 wrote them."""
    text = booster.model_to_string()
    early = re.sub(r"tree_sizes=.*\n", "", text.partition("\nparameters:")[0])
    early = re.sub(
        r"(is_linear|leaf_weight|internal_weight|num_tree_per_iteration)=.*\n", "", early
    )
    loaded = mlmodel.load(folder_of(tmp_path / "m", early.replace("version=v4", "version=v2")))
    assert np.array_equal(loaded.predict(ROWS), booster.predict(ROWS))


DAMAGED = {
    "empty": b"", "garbage": b"garbage", "no text": b"tree\n\xff\xfe", "a pickle": pickle.dumps({}),
    "cut off": None, "cut in the parameters": None,
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(booster, what, tmp_path):
    """LGB-004, LGB-006."""
    text = booster.model_to_string().encode()
    parts = {
        "cut off": text[: len(text) // 4],
        "cut in the parameters": text[: text.rindex(b"end of p")],
    }
    folder_of(tmp_path / "m", parts.get(what, DAMAGED[what]))
    for load in (mlmodel.load, mlmodel.lightgbm.load_model):
        with pytest.raises(InvalidModel, match=r"model.lgb.*LGB-00[46]"):
            load(tmp_path / "m", trust=True)


def test_a_file_that_is_not_there(booster, tmp_path):
    mlmodel.lightgbm.save_model(booster, tmp_path / "m")
    (tmp_path / "m" / "model.lgb").unlink()
    with pytest.raises(InvalidModel, match="DIR-00"):
        mlmodel.load(tmp_path / "m")


#: (kind, a line's beginning, what stands there instead): LightGBM 4.7 ends the process at each, or
#: reads elsewhere in memory.
HOSTILE = [
    ("plain", "left_child=", "1000000 -2 -3 -4"), ("plain", "left_child=", "0 -2 -3 -4"),
    ("plain", "left_child=", "-1 -2"), ("plain", "left_child=", "x"), ("plain", "right_child=", "-1 -1 -1 -1"),
    ("plain", "split_feature=", "0 0 0 99999999"), ("plain", "split_feature=", "-1 0 0 0"),
    ("plain", "num_leaves=", "400000000"), ("plain", "num_leaves=", "0"), ("plain", "num_leaves=", "4"),
    ("plain", "threshold=", "1 2"), ("plain", "threshold=", "1 2 x 4"), ("plain", "decision_type=", "1 1 1 1"),
    ("plain", "leaf_value=", "1 2 3 4 5 6"), ("plain", "shrinkage=", "x"), ("plain", "split_gain=", "x y z w"),
    ("plain", "num_cat=", "3"), ("plain", "is_linear=", "7"),
    ("plain", "max_feature_idx=", "200000000"), ("plain", "max_feature_idx=", "1"),
    ("plain", "num_tree_per_iteration=", "100000"), ("plain", "num_class=", "1000000000"),
    ("plain", "objective=", ""), ("plain", "objective=", "multiclass num_class:3"),
    ("plain", "tree_sizes=", "44800000 484 492"), ("plain", "tree_sizes=", ""), ("plain", "feature_names=", "a"),
    ("plain", "[boosting: ", "no parameter"), ("plain", "pandas_categorical:", "[[{}]]"),
    ("plain", "pandas_categorical:", '["a"]'), ("plain", "pandas_categorical:", f"[[{2**64}]]"),
    ("plain", "pandas_categorical:", "[" * 9999),
    ("linear", "leaf_const=", "1e-320 0 0 0 0"), ("linear", "num_features=", "1 0 0 0 0"),
    ("linear", "num_features=", "-1 0 0 0 0"), ("linear", "leaf_const=", "1"),
    ("categories", "cat_boundaries=", "0 1000000"), ("categories", "cat_boundaries=", "1 0"),
    ("categories", "cat_threshold=", "-1"), ("categories", "num_cat=", "0"),
]  # fmt: skip


def with_line(text, start, value):
    """Return the text with the first such line changed, and with the sizes of its trees right."""
    lines = text.split("\n")
    at = next(place for place, line in enumerate(lines) if line.startswith(start))
    lines[at] = start + value if start[0] != "[" else value
    changed = "\n".join(lines)
    if start == "tree_sizes=":
        return changed
    begin, end = changed.index("\nTree=") + 1, changed.index("\nend of trees")
    sizes = " ".join(str(len(one) + 1) for one in re.split(r"\n(?=Tree=)", changed[begin:end]))
    return re.sub(r"tree_sizes=.*", f"tree_sizes={sizes}", changed, count=1)


@pytest.mark.parametrize(
    ("kind", "start", "value"), HOSTILE, ids=[str(one[1:])[:60] for one in HOSTILE]
)
def test_lines_that_lead_astray_are_refused(kind, start, value, tmp_path):
    """LGB-006, TRU-017: in a trusted folder too, since trust is about code."""
    text = (KINDS[kind] if kind != "plain" else trained)().model_to_string()
    assert mlmodel.load(folder_of(tmp_path / "m", text)) is not None
    folder_of(tmp_path / "m", with_line(text, start, value))
    with pytest.raises(InvalidModel, match="model.lgb would lead LightGBM astray.*LGB-006"):
        mlmodel.load(tmp_path / "m", trust=True)


STRANGE = {
    "a line twice": lambda text: text.replace("num_leaves=5", "num_leaves=5\nnum_leaves=5", 1),
    "a header's line twice": lambda text: text.replace("num_class=1", "num_class=1\nnum_class=1", 1),
    "no key": lambda text: text.replace("num_cat=0", "num_cat", 1),
    "many lines": lambda text: text.replace("num_cat=0", "\n".join(f"k{n}=1" for n in range(9)), 1),
    "NUL": lambda text: text.replace("num_cat=0", "num_cat=0\0", 1),
    "ends of lines of Windows": lambda text: text.replace("\n", "\r\n").replace("\r", "", 1),
    "a tree behind a gap": lambda text: text.replace("num_cat=0", "\nnum_cat=0", 1),
    "a header's line at the end": lambda text: re.sub(
        r"\nTree=.*end of trees", "\nend of trees\nnum_class=9", text, flags=re.DOTALL
    ).replace("tree_sizes", "sizes"),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGE)
def test_lines_that_no_model_has_are_refused(booster, what, tmp_path):
    """LGB-006: with the sizes of the trees as they are then."""
    text = STRANGE[what](booster.model_to_string())
    if "\nTree=" in text and "\r" not in text:
        text = with_line(text, "label_index=", "0")
    folder_of(tmp_path / "m", text)
    with pytest.raises(InvalidModel, match="LGB-006"):
        mlmodel.load(tmp_path / "m")


def chain(length):
    """Return the text of a tree of which every node has one child that is a leaf."""
    inner = np.arange(length)
    left = " ".join(str(-one - 1) for one in inner)
    right = " ".join([*map(str, inner[1:]), str(-length - 1)])
    zeros, ones = " ".join(["0"] * length), " ".join(["1"] * (length + 1))
    return (
        f"Tree=0\nnum_leaves={length + 1}\nnum_cat=0\nsplit_feature={zeros}\nthreshold={zeros}\n"
        f"decision_type={zeros}\nleft_child={left}\nright_child={right}\nleaf_value={ones}\n"
        f"leaf_count={ones}\ninternal_count={ones[2:]}\nshrinkage=1\n\n\n"
    )


@pytest.mark.parametrize(("length", "fits"), [(1000, True), (5000, False)])
def test_a_tree_is_not_deeper_than_the_stack(booster, length, fits, tmp_path):
    """LGB-006: contributions of features are computed by recursion."""
    head, _, rest = booster.model_to_string().partition("\nTree=0")
    rest = rest[rest.index("\nend of trees") + 1 :]
    tree = chain(length)
    head = re.sub(r"tree_sizes=.*", f"tree_sizes={len(tree)}", head)
    folder_of(tmp_path / "m", f"{head}\n{tree}{rest}")
    if fits:
        answer = mlmodel.load(tmp_path / "m").predict(ROWS[:2], {"pred_contrib": True})
        assert answer.shape == (2, 4)
    else:
        with pytest.raises(InvalidModel, match="deeper than 4096.*LGB-006"):
            mlmodel.load(tmp_path / "m")


def test_what_lightgbm_itself_refuses_is_told_in_a_line(booster, tmp_path):
    """LGB-004."""
    text = booster.model_to_string().replace("objective=regression", "objective=nothing")
    with pytest.raises(InvalidModel, match="Unknown objective.*LGB-004") as caught:
        mlmodel.load(folder_of(tmp_path / "m", text))
    assert "\n" not in caught.value.message


@pytest.mark.slow
def test_altered_texts_are_refused_or_answer():
    """LGB-006, TRU-001: none ends the process."""
    outcomes, finds = mutants.tried("lightgbm", 80, seed=11)
    assert finds == []
    assert outcomes["answered"]


# Objects ----------------------------------------------------------------------------------------


class Forged:
    """Pickled as an object of a class with the state that it is told."""

    def __init__(self, cls, state):
        self.cls, self.state = cls, state

    @property
    def __class__(self):
        return self.cls

    def __reduce_ex__(self, protocol):
        import copyreg

        return copyreg.__newobj__, (self.cls,), self.state


def object_folder(root, data, cls="LGBMRegressor", name="model.pkl"):
    root.mkdir(exist_ok=True)
    (root / name).write_bytes(data)
    (root / "MLmodel").write_text(
        f"flavors:\n  lightgbm: {{data: {name}, model_class: lightgbm.sklearn.{cls}}}\n"
        f"  python_function: {{data: {name}, loader_module: mlflow.lightgbm}}\n"
    )
    return root


def forged(**changes):
    model = lgb.LGBMRegressor(**FEW).fit(ROWS, TARGET)
    state = {**vars(model), **changes}
    return pickle.dumps(Forged(lgb.LGBMRegressor, state))


def text_with(start, value):
    return with_line(
        lgb.LGBMRegressor(**FEW).fit(ROWS, TARGET).booster_.model_to_string(), start, value
    )


REFUSED = {
    "a text that leads astray": lambda: {"_Booster": Forged(lgb.Booster, {"_handle": text_with("left_child=", "9 9 9 9")})},
    "a text under its early name": lambda: {"_Booster": Forged(lgb.Booster, {"handle": text_with("num_leaves=", "0")})},
    "no text": lambda: {"_Booster": Forged(lgb.Booster, {"_handle": b"tree\n"})},
    "a path": lambda: {"_Booster": Forged(lgb.Booster, {"model_file": "/etc/passwd"})},
    "a function": lambda: {"_objective": np.mean},
    "an estimator": lambda: {"_le": lgb.LGBMRegressor()},
    "threads": lambda: {"n_jobs": 10**6},
    "threads beside": lambda: {"_other_params": {"num_threads": 2**31}},
    "a method's name": lambda: {"predict": 3},
    "another booster": lambda: {"_Booster": lgb.LGBMRegressor()},
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_an_object_may_not_hold_is_refused(what, tmp_path):
    """LGB-016, LGB-017."""
    object_folder(tmp_path / "m", forged(**REFUSED[what]()))
    with pytest.raises((InvalidModel, UntrustedModel), match=r"model.pkl"):
        mlmodel.load(tmp_path / "m")


def test_a_booster_is_given_one_text(tmp_path):
    """LGB-016: the second one would not be looked at."""
    model = lgb.LGBMRegressor(**FEW).fit(ROWS, TARGET)
    once = pickle.dumps(model.booster_, protocol=2)
    twice = once[:-1] + b"}X\x07\x00\x00\x00_handleX\x05\x00\x00\x00tree\nsb."
    object_folder(tmp_path / "m", twice)
    with pytest.raises(UntrustedModel, match="given a model twice"):
        mlmodel.load(tmp_path / "m")


def test_a_function_of_ones_own_needs_trust(tmp_path, monkeypatch):
    """LGB-017."""
    model = lgb.LGBMRegressor(**FEW, objective=lambda y, p: (p - y, np.ones_like(p)))
    model.fit(ROWS, TARGET)
    mlmodel.lightgbm.save_model(model, tmp_path / "m")
    expected = model.predict(ROWS)
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(ROWS), expected)
    untrusting(monkeypatch, tmp_path)
    with pytest.raises(UntrustedModel, match="cloudpickle"):
        mlmodel.load(tmp_path / "m")
    assert [one.needs_trust for one in look_into(tmp_path / "m")] == [True]


def test_texts_in_skops_files_are_checked(classifier, tmp_path, monkeypatch):
    """LGB-016."""
    mlmodel.lightgbm.save_model(classifier, tmp_path / "m", serialization_format="skops")
    untrusting(monkeypatch, tmp_path)
    file, written = tmp_path / "m" / "model.skops", io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(written, "w") as new:
        for entry in old.infolist():
            held = old.read(entry)
            if entry.filename == "schema.json":
                schema = json.loads(held)
                node = schema["content"]["content"]["_Booster"]["content"]["content"]["_handle"]
                node["content"] = json.dumps(
                    with_line(json.loads(node["content"]), "left_child=", "7 7 7 7")
                )
                held = json.dumps(schema).encode()
            new.writestr(entry.filename, held)
    file.write_bytes(written.getvalue())
    with pytest.raises(InvalidModel, match="model.skops would lead LightGBM astray.*LGB-006"):
        mlmodel.load(tmp_path / "m")


def test_a_pipeline_of_the_sklearn_flavor_needs_no_trust(tmp_path, monkeypatch):
    """LGB-016: in pickles of any flavor."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), lgb.LGBMClassifier(**FEW)).fit(ROWS.to_numpy(), CLASSES)
    mlmodel.sklearn.save_model(model, tmp_path / "m")
    untrusting(monkeypatch, tmp_path)
    rows = ROWS.to_numpy()
    assert np.array_equal(mlmodel.load(tmp_path / "m").predict(rows), model.predict(rows))


def test_names_that_are_allowed_are_free(tmp_path):
    """TRU-005."""
    shutil.rmtree(tmp_path / "m", ignore_errors=True)
    object_folder(tmp_path / "m", forged(n_jobs=2000))
    allowed = ["lightgbm.sklearn.LGBMRegressor", "lightgbm.basic.Booster"]
    assert mlmodel.lightgbm.load_model(tmp_path / "m", allow=allowed).n_jobs == 2000
