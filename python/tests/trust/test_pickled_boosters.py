"""Estimators of XGBoost in pickles and skops files (XGB-017, XGB-018)."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import xgboost as xgb
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlmodel
from mlmodel.errors import InvalidModel, UnsupportedModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(60, 4))
CLASSES = (X[:, 0] + X[:, 1] > 0).astype(int)
NUMBERS = X[:, 0] * 2 + 0.1
FRAME = pd.DataFrame(
    {"a": X[:, 0], "word": pd.Categorical(np.array(list("xyz"))[np.arange(60) % 3])}
)
FEW = {"n_estimators": 4, "max_depth": 2, "n_jobs": 1}
EVALUATED = {"eval_set": [(X[:20], CLASSES[:20])], "verbose": False}


def few(**more):
    return xgb.XGBClassifier(**FEW, **more)


HONEST = {
    "classifier": lambda: (few().fit(X, CLASSES), X),
    "of three classes": lambda: (few().fit(X, np.arange(60) % 3), X),
    "regressor": lambda: (xgb.XGBRegressor(**FEW, random_state=np.random.RandomState(0)).fit(X, NUMBERS), X),
    "ranker": lambda: (xgb.XGBRanker(**FEW).fit(X, CLASSES, qid=np.repeat(np.arange(6), 10)), X),
    "random forests": lambda: (VotingClassifier([("a", xgb.XGBRFClassifier(**FEW))]).fit(X, CLASSES), X),
    "random forest of numbers": lambda: (xgb.XGBRFRegressor(**FEW).fit(X, NUMBERS), X),
    "early stopping": lambda: (few(early_stopping_rounds=1, eval_metric="logloss").fit(X, CLASSES, **EVALUATED), X),
    "callback": lambda: (
        few(callbacks=[xgb.callback.EarlyStopping(2, save_best=True)], eval_metric=["auc", "logloss"]).fit(X, CLASSES, **EVALUATED), X,
    ),
    "dart": lambda: (xgb.XGBRegressor(**FEW, booster="dart", rate_drop=0.5).fit(X, NUMBERS), X),
    "linear": lambda: (xgb.XGBRegressor(n_estimators=4, booster="gblinear").fit(X, NUMBERS), X),
    "categories": lambda: (few(enable_categorical=True, max_cat_to_onehot=1).fit(FRAME, CLASSES), FRAME),
    "several targets": lambda: (xgb.XGBRegressor(**FEW).fit(X, np.column_stack([NUMBERS, CLASSES])), X),
    "names and missing": lambda: (
        xgb.XGBRegressor(**FEW, missing=-1.0).fit(FRAME[["a"]], NUMBERS), FRAME[["a"]],
    ),
    "grid search": lambda: (
        GridSearchCV(make_pipeline(StandardScaler(), few()), {"xgbclassifier__max_depth": [1, 2]}, cv=2).fit(X, CLASSES), X,
    ),
    "voting": lambda: (VotingClassifier([("x", few()), ("l", LogisticRegression())], voting="soft").fit(X, CLASSES), X),
    "calibrated": lambda: (CalibratedClassifierCV(few(), cv=2).fit(X, CLASSES), X),
    "booster": lambda: (xgb.train({"objective": "reg:squarederror"}, xgb.DMatrix(X, NUMBERS), 3), xgb.DMatrix(X)),
}  # fmt: skip


def dump_joblib(model):
    out = io.BytesIO()
    joblib.dump(model, out)
    return out.getvalue()


WAYS = {
    "protocol 0": lambda model: pickle.dumps(model, 0),
    "protocol 2": lambda model: pickle.dumps(model, 2),
    "protocol 5": lambda model: pickle.dumps(model, 5),
    "cloudpickle": cloudpickle.dumps,
    "joblib": dump_joblib,
    "skops": skops.io.dumps,
}


def load(root, data):
    path = root / "model.pkl"
    path.write_bytes(data)
    gate = Gate.for_folder(root)
    return gate.load_skops(path) if data[:2] == b"PK" else gate.load_pickle(path)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", HONEST)
def test_honest_models_load_without_trust_and_answer_the_same(kind, root):  # XGB-017
    model, rows = HONEST[kind]()
    method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
    for dump in WAYS.values():
        loaded = load(root, dump(model))
        wanted, got = (getattr(one, method)(rows) for one in (model, loaded))
        np.testing.assert_array_equal(got, wanted, strict=True)
        booster = loaded if kind == "booster" else vars(loaded).get("_Booster")
        assert booster is None or type(booster) is xgb.Booster


def test_what_a_loaded_model_can_do(root):
    model = few(early_stopping_rounds=1, eval_metric="logloss").fit(X, CLASSES, **EVALUATED)
    loaded = load(root, pickle.dumps(model))
    assert loaded.best_iteration == model.best_iteration
    assert loaded.get_params() == pytest.approx(model.get_params(), nan_ok=True)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(loaded)).predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.fit(X, CLASSES, **EVALUATED).predict(X), model.predict(X))


@pytest.mark.parametrize("form", ["cloudpickle", "pickle", "skops"])
def test_a_pipeline_that_was_saved_elsewhere(form, tmp_path, monkeypatch):
    model = make_pipeline(StandardScaler(), few()).fit(X, CLASSES)
    mlmodel.sklearn.save_model(model, tmp_path / "m", serialization_format=form)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "another user"))
    loaded = mlmodel.pyfunc.load_model(str(tmp_path / "m"))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_a_model_of_a_real_user_loads_and_predicts(root):
    """One that XGBoost 2.0 pickled."""
    path = CORPUS / "xgboost-2.20.3/xgboost_model.pkl"
    if not path.is_file():
        pytest.skip("the corpus of real models is not here")
    data = path.read_bytes()
    loaded, wanted = (
        load(root, data),
        Gate.for_folder(root, trust=True).load_pickle(root / "model.pkl"),
    )
    rows = _RNG.normal(size=(50, wanted.n_features_in_)) * 100
    np.testing.assert_array_equal(
        *(
            one.get_booster().inplace_predict(rows, validate_features=False)
            for one in (loaded, wanted)
        )
    )


# Attacks on the bytes ---------------------------------------------------------------------------


def key(name):
    return b"L" + len(name).to_bytes(8, "big") + name.encode()


def text(value):
    return b"SL" + len(value).to_bytes(8, "big") + value.encode()


def written(name, raw):
    """Return the bytes of a list of one number type in UBJSON."""
    return key(name) + b"[$l#L" + (len(raw) // 4).to_bytes(8, "big") + raw


class Handle:
    """The bytes of a booster, changed in the model or in the configuration."""

    def __init__(self):
        booster = few().fit(X, CLASSES).get_booster()
        self.data = bytes(booster.__getstate__()["handle"])
        self.model = self.data.index(key("Model")) + len(key("Model"))

    def after(self, name, new, *, skip=0, start=None):
        """Put bytes over those that follow a key in the model, or the first from ``start``."""
        at = self.data.index(key(name), self.model if start is None else start)
        at += len(key(name)) + skip
        return self.data[:at] + new + self.data[at + len(new) :]

    def text(self, name, new, start=None):
        """Put another text under a key, of the model unless ``start`` says otherwise."""
        at = self.data.index(key(name), self.model if start is None else start) + len(key(name))
        size = int.from_bytes(self.data[at + 2 : at + 10], "big")
        return self.data[:at] + text(new) + self.data[at + 10 + size :]


@pytest.fixture(scope="module")
def handle():
    return Handle()


_FIRST = len(b"[$l#L") + 8
BROKEN = {
    "a child far away": lambda h: h.after("left_children", (10**9).to_bytes(4, "big"), skip=_FIRST),
    "a child before it": lambda h: h.after("left_children", b"\x80\0\0\0", skip=_FIRST),
    "a child that is its parent": lambda h: h.after("left_children", b"\0\0\0\0", skip=_FIRST),
    "a feature that is not there": lambda h: h.after("split_indices", b"\x7f\xff\xff\xff", skip=_FIRST),
    "features": lambda h: h.text("num_feature", "4294967295", h.data.index(key("learner_model_param"), h.model)),
    "classes": lambda h: h.text("num_class", "2000000000"),
    "an objective from elsewhere": lambda h: h.data[: h.model] + h.data[h.model :].replace(b"binary:logistic", b"binary:logistik"),
    "another objective": lambda h: h.data[: h.model] + h.data[h.model :].replace(b"binary:logistic", b"multi:softprob" + b"\0"),
    "another booster": lambda h: h.data[: h.model] + h.data[h.model :].replace(b"gbtree", b"dartzz"),
    "numbers of another type": lambda h: h.after("left_children", b"[$L#", skip=0),
    "cut in the model": lambda h: h.data[: (h.model + len(h.data)) // 2],
    "cut in the configuration": lambda h: h.data[:300],
    "no bytes": lambda h: b"",
    "an empty object": lambda h: b"{}",
    "bytes behind its end": lambda h: h.data + b"Z",
    "the model alone": lambda h: h.data[h.model : -1],
    "no model": lambda h: h.data[: h.data.index(key("Model"))] + key("Model") + b"Z}",
    "two models": lambda h: h.data[:-1] + key("Model") + h.data[h.model : -1] + b"}",
    "two configurations": lambda h: h.data[:-1] + key("Config") + b"Z}",
    "something else beside them": lambda h: h.data[:-1] + key("Other") + b"Z}",
    "a length below zero": lambda h: h.data[:1] + b"L\xff\xff\xff\xff\xff\xff\xff\xff" + h.data[10:],
    "nested": lambda h: b"{" + key("Config") + b"[" * 10**5,
}  # fmt: skip


def holding(handle):
    """Return an estimator whose booster pickles these bytes."""
    model = few()
    model.__dict__.update(n_classes_=2, _Booster=Forged(handle))
    return model


class Forged:
    """Pickled as a booster with the state that it is told."""

    def __init__(self, handle, **more):
        self.state = {"handle": bytearray(handle), **more}

    @property
    def __class__(self):  # what picklers ask
        return xgb.Booster

    def __reduce_ex__(self, protocol):
        return copyreg.__newobj__, (xgb.Booster,), self.state


@pytest.mark.parametrize("what", BROKEN)
def test_changed_bytes_are_refused_before_xgboost_reads_them(what, handle, root):  # XGB-018
    data = BROKEN[what](handle)
    assert data != handle.data
    with pytest.raises(InvalidModel, match=r"model\.pkl (holds a booster|would lead|has numbers)"):
        load(root, pickle.dumps(holding(data)))


def test_the_forgery_is_one_by_its_bytes_alone(handle, root):
    loaded = load(root, pickle.dumps(holding(handle.data)))
    assert set(loaded.predict(X)) == {0, 1}


#: What of the configuration a reader would follow: none of it reaches XGBoost.
CONFIGURED = {
    "threads": lambda h: h.text("nthread", "20000", 0),
    "no number": lambda h: h.text("seed", "x", 0),
    "updater": lambda h: h.text("updater", "shotgun", 0),
    "histogram": lambda h: h.text("max_bin", "0", 0),
    "device": lambda h: h.text("device", "cuda:7", 0),
    "metric": lambda h: h.data[: h.model].replace(b"logloss", b"ndcg@-9") + h.data[h.model :],
    "nothing": lambda h: b"{" + key("Config") + b"Z" + key("Model") + h.data[h.model :],
    "another version": lambda h: h.after("version", b"i\x7fi\x7fi\x7f", skip=len(b"[#L") + 8, start=0),
}  # fmt: skip


@pytest.mark.parametrize("what", CONFIGURED)
def test_the_configuration_of_training_is_not_read(what, handle, root):  # XGB-018
    data = CONFIGURED[what](handle)
    assert data != handle.data
    loaded, honest = (load(root, pickle.dumps(holding(one))) for one in (data, handle.data))
    np.testing.assert_array_equal(loaded.predict_proba(X), honest.predict_proba(X))
    config = loaded.get_booster().save_config()
    for one in ('"20000"', "shotgun", "cuda", "ndcg"):
        assert one not in config


MANY = 3_000_000
#: Small values without end; compressed, the file has a few KB.
FLOODED = {
    "configuration": lambda h: b"{" + key("Config") + b"[" + b"{}" * MANY + b"]" + key("Model") + h.data[h.model :],
    "counted": lambda h: b"{" + key("Config") + b"[#L" + MANY.to_bytes(8) + b"Z" * MANY + key("Model") + h.data[h.model :],
    "within the configuration": lambda h: b"{" + key("Config") + b"{" + key("learner") + b"[" + b"[]" * MANY + b"]}" + key("Model") + h.data[h.model :],
    "number of threads": lambda h: b"{" + key("Config") + b"{" + key("learner") + b"{" + key("generic_param") + b"{" + key("nthread") + b"[" + b"Z" * MANY + b"]}}}" + key("Model") + h.data[h.model :],
    "model": lambda h: h.data[:-2] + key("more") + b"[" + b"{}" * MANY + b"]}}",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("what", FLOODED)
def test_values_are_counted(what, handle, root):  # TRU-098
    data = zlib.compress(pickle.dumps(holding(FLOODED[what](handle)), protocol=5))
    with pytest.raises(InvalidModel, match="TRU-098"):
        load(root, data)


@pytest.mark.slow
@pytest.mark.parametrize("what", FLOODED)
def test_values_in_skops_files_are_counted(what, handle, root):  # TRU-098
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(skops.io.dumps(few().fit(X, CLASSES)))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.infolist():
            held = old.read(one)
            new.writestr(
                one.filename, FLOODED[what](handle) if one.filename.endswith(".bin") else held
            )
    (root / "model.skops").write_bytes(out.getvalue())
    with pytest.raises(InvalidModel, match="TRU-098"):
        Gate.for_folder(root).load_skops(root / "model.skops")


def test_bytes_that_boosters_share_are_counted(handle, root):  # TRU-098
    zeros = b"{" + key("Config") + b"[$D#L" + (2**20).to_bytes(8) + bytes(8 * 2**20)
    shared = bytearray(zeros + key("Model") + handle.data[handle.model :])
    forged = [Forged(b"") for _ in range(8)]
    for one in forged:
        one.state["handle"] = shared
    data = zlib.compress(pickle.dumps(forged, protocol=5))
    with pytest.raises(InvalidModel, match="TRU-059"):
        load(root, data)
    load(root, zlib.compress(pickle.dumps(forged[:2], protocol=5)))


@pytest.mark.slow
def test_xgboost_itself_would_follow_them(handle, tmp_path):
    """Without the check the process ends, or goes on with memory that is not the model's."""
    (tmp_path / "m").write_bytes(pickle.dumps(holding(BROKEN["a child far away"](handle))))
    code = (
        "import pickle, sys, numpy as np; sys.path.insert(0, sys.argv[2])\n"
        "print(pickle.load(open(sys.argv[1], 'rb')).predict(np.zeros((9, 4))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "m", os.path.dirname(__file__)],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode < 0, done.stderr[-500:]


def test_pickles_of_old_versions_are_told_from_broken_ones(root):  # XGB-018
    with pytest.raises(UnsupportedModel, match=r"before 2\.0"):
        load(root, pickle.dumps(holding(b'{"Config":{},"Model":{}}')))


# Attacks on the object ----------------------------------------------------------------------------


class Own(xgb.Booster):
    """A class of the script's own."""


def with_attribute(**more):
    model = few()
    model.__dict__.update(more)
    return model


def own():
    booster = Own()
    booster.load_model(few().fit(X, CLASSES).get_booster().save_raw())
    return booster


def forged(h, **more):
    made = Forged(h.data)
    made.state.update(more)
    return made


OBJECTS = {
    "another attribute": (lambda h: forged(h, predict=1), "its attribute 'predict'"),
    "an attribute of one's own": (lambda h: forged(h, note=1), "its attribute 'note'"),
    "a number for its model": (lambda h: forged(h, handle=2**40), "something else than bytes"),
    "a text for its model": (lambda h: forged(h, handle="x"), "something else than bytes"),
    "an array for its model": (lambda h: forged(h, handle=np.zeros(3)), "something else than bytes"),
    "a list for its model": (lambda h: forged(h, handle=[1, 2]), "something else than bytes"),
    "nothing for its model": (lambda h: forged(h, handle=None), "something else than bytes"),
    "a class derived from it": (lambda h: own(), "Own"),
    "an estimator for its booster": (lambda h: with_attribute(_Booster=LogisticRegression()), "'_Booster'"),
    "bytes for its booster": (lambda h: with_attribute(_Booster=h.data), "'_Booster'"),
    "a method's name": (lambda h: with_attribute(predict=1), "'predict'"),
    "a metric that is a program": (lambda h: with_attribute(eval_metric=os.system), "posix.system"),
    "an objective that is a program": (lambda h: with_attribute(objective=os.system), "posix.system"),
    "a callback that writes files": (lambda h: with_attribute(callbacks=[xgb.callback.TrainingCheckPoint("x")]), "TrainingCheckPoint"),
    "a callback that calls": (lambda h: with_attribute(callbacks=[xgb.callback.LearningRateScheduler(os.getenv)]), "LearningRateScheduler"),
    "data": (lambda h: with_attribute(feature_types=FRAME), "'feature_types'"),
}  # fmt: skip


@pytest.mark.parametrize("what", OBJECTS)
def test_other_objects_are_refused(what, handle, root):  # XGB-017
    make, said = OBJECTS[what]
    with pytest.raises(UntrustedModel, match=re.escape(said)):
        load(root, pickle.dumps(make(handle)))


def raw(handle, *parts):
    """Return a pickle of a booster made by hand: ``parts`` follow its first opcodes."""
    return b"\x80\x04cxgboost.core\nBooster\n)\x81" + b"".join(parts) + b"."


def given(handle, data):
    return b"}\x8c\x06handle" + b"\x96" + len(data).to_bytes(8, "little") + data + b"s"


def test_a_booster_is_given_one_model(handle, root):
    """A second state would go to the library's own reader."""
    once = given(handle, handle.data) + b"b"
    assert isinstance(load(root, raw(handle, once)), xgb.Booster)
    twice = raw(handle, once, given(handle, b"{}") + b"b")
    with pytest.raises(UntrustedModel, match="a model twice"):
        load(root, twice)


def test_a_state_is_not_changed_afterwards(handle, root):
    kept = given(handle, handle.data).replace(b"}", b"}\x94", 1)
    changed = raw(handle, kept, b"b", b"h\x00\x8c\x07predictK\x01s0")
    assert not scan(changed).allowed
    assert scan(raw(handle, kept, b"b", b"h\x000")).allowed


def test_a_booster_is_not_called(root):
    """Its constructor opens the file that it is told."""
    called = b"\x80\x04cxgboost.core\nBooster\n}N\x8c\x0b/etc/passwd\x87R."
    with pytest.raises(UntrustedModel, match=r"xgboost\.core\.Booster"):
        load(root, called)


def test_what_the_user_allows_is_the_librarys_own(handle, root):  # TRU-005
    path = root / "model.pkl"
    path.write_bytes(raw(handle, given(handle, handle.data) + b"b"))
    booster = Gate.for_folder(root, allow=["xgboost.core.Booster"]).load_pickle(path)
    assert type(booster) is xgb.Booster


# skops --------------------------------------------------------------------------------------------


def archived(handle):
    """Return a skops file of an estimator with these bytes."""
    honest = skops.io.dumps(few().fit(X, CLASSES))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, handle if name.endswith(".bin") else old.read(name))
    return out.getvalue()


@pytest.mark.parametrize("what", BROKEN)
def test_changed_bytes_in_skops_files_are_refused(what, handle, root):  # XGB-018
    with pytest.raises(InvalidModel, match=r"model\.pkl (holds a booster|would lead|has numbers)"):
        load(root, archived(BROKEN[what](handle)))


@pytest.mark.parametrize("what", ["threads", "no number", "metric", "nothing"])
def test_the_configuration_in_skops_files_is_not_read(what, handle, root):
    loaded = load(root, archived(CONFIGURED[what](handle)))
    assert set(loaded.predict(X)) == {0, 1}
    assert '"20000"' not in loaded.get_booster().save_config()


def test_bytes_of_another_node_with_the_same_number(handle, root):
    """skops takes the first node with a number for all of them, whatever their files."""
    honest = skops.io.dumps(few().fit(X, CLASSES))
    broken = BROKEN["a child far away"](handle)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as old, zipfile.ZipFile(out, "w") as new:
        schema = old.read("schema.json").decode()
        node = re.search(r'\{[^{}]*"BytearrayNode"[^{}]*\}', schema).group()
        other = re.sub(r'"file": "[^"]*"', '"file": "other"', node)
        attribute = re.search(r'"n_estimators": \{[^{}]*\}', schema).group()
        changed = schema.replace(attribute, f'"n_estimators": {other}')
        for name in old.namelist():
            new.writestr(name, changed if name == "schema.json" else old.read(name))
        new.writestr("other", broken)
    with pytest.raises(UntrustedModel, match="TRU-043"):
        load(root, out.getvalue())
