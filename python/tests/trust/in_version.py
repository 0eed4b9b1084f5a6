"""Fits, pickles, loads and asks every estimator of the zoo in the environment that runs this.

``python in_version.py load`` prints what was refused or answered otherwise, as JSON; ``hostile``
prints which hostile numbers were let through, and which honest ones were not; ``write FILE`` writes
the pickles and the answers of some; ``read FILE`` loads them, maybe in another version.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import tempfile
import warnings
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import zoo
from scipy import sparse, special
from scipy.spatial import distance
from sklearn.utils import Bunch

from mlmodel.errors import InvalidModel, MlmodelError
from mlmodel.trust.gate import Gate

warnings.simplefilter("ignore")
FOLDER = Path(tempfile.mkdtemp())
os.environ["MLMODEL_TRUST_STORE"] = str(FOLDER / "store")


def dense(value):
    return value.toarray() if sparse.issparse(value) else np.asarray(value)


def load(data):
    (FOLDER / "model.pkl").write_bytes(data)
    return Gate.for_folder(FOLDER).load_pickle(FOLDER / "model.pkl")


def dump_joblib(value):
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


WAYS = {
    "protocol 2": lambda value: pickle.dumps(value, 2),
    "protocol 5": lambda value: pickle.dumps(value, 5),
    "joblib": dump_joblib,
}


def why(error):
    details = "; ".join(one.message for one in error.details)
    return f"{type(error).__name__}: {details or error}"[:400]


def models():
    """Return the zoo, and estimators of XGBoost where it is installed."""
    return {**zoo.fitted(), **(boosted() if find_spec("xgboost") else {})}


def boosted():
    import xgboost
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    few = {"n_estimators": 3, "max_depth": 2, "n_jobs": 1}
    pipeline = make_pipeline(StandardScaler(), xgboost.XGBClassifier(**few))
    grid = GridSearchCV(pipeline, {"xgbclassifier__max_depth": [1, 2]}, cv=2)
    words = pd.DataFrame({"a": zoo.X[:, 0], "w": pd.Categorical(zoo.WORDS[:, 0])})
    early = xgboost.XGBClassifier(**few, early_stopping_rounds=1)
    return {
        "boosted grid": (grid.fit(zoo.X, zoo.CLASSES), zoo.X),
        "boosted three": (xgboost.XGBClassifier(**few).fit(zoo.X, np.arange(zoo.N) % 3), zoo.X),
        "boosted words": (xgboost.XGBRegressor(**few, enable_categorical=True).fit(words, zoo.NUMBERS), words),
        "boosted early": (early.fit(zoo.X, zoo.CLASSES, eval_set=[(zoo.X, zoo.CLASSES)], verbose=False), zoo.X),
        "boosted forest": (xgboost.XGBRFRegressor(**few).fit(zoo.X, zoo.NUMBERS), zoo.X),
        "boosted ranks": (xgboost.XGBRanker(**few).fit(zoo.X, zoo.CLASSES, qid=np.arange(zoo.N) // 10), zoo.X),
        "boosted lines": (xgboost.XGBRegressor(n_estimators=3, booster="gblinear").fit(zoo.X, zoo.NUMBERS), zoo.X),
        "boosted darts": (xgboost.XGBRegressor(**few, booster="dart").fit(zoo.X, zoo.NUMBERS), zoo.X),
    }  # fmt: skip


def load_all():
    bad, tried = {}, 0
    for name, (estimator, data) in models().items():
        wanted = dense(zoo.answer(estimator, data))
        for way, dump in WAYS.items():
            tried += 1
            try:
                got = dense(zoo.answer(load(dump(estimator)), data))
            except MlmodelError as error:
                bad[f"{name}, {way}"] = why(error)
                continue
            if wanted.dtype.kind == "f":
                same = np.allclose(got, wanted, rtol=1e-9, equal_nan=True)
            else:
                same = (got == wanted).all()
            if not same:
                bad[f"{name}, {way}"] = "another answer"
    for name, value in values().items():
        for way, dump in WAYS.items():
            try:
                if repr(load(dump(value))) != repr(value) and "generators" not in name:
                    bad[f"{name}, {way}"] = "another value"
            except MlmodelError as error:
                bad[f"{name}, {way}"] = why(error)
    return {"tried": tried, "bad": bad}


#: Texts are kept by Arrow where it is installed.
ARROW = "string[pyarrow]" if find_spec("pyarrow") else "string[python]"


def values():
    """Return what models keep beside numbers: where these stand has changed most often."""
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", None]})
    return {
        "array": np.arange(6.0).reshape(2, 3), "objects": np.array(["a", None], dtype=object),
        "types": [np.float64, np.bool_, np.str_, np.dtype("f8"), np.number, np.intc],
        "scalars": [np.float64(1.5), np.bool_(1), np.datetime64("2020-01-01")],
        "generators": [np.random.default_rng(0), np.random.RandomState(0)],
        "functions": [np.log1p, np.clip, special.expit, np.mean],
        "methods": [str.lower, str.strip, np.ndarray.sum, itemgetter("a"), itemgetter(1, 2)],
        "distances": [distance.cosine, distance.euclidean],
        "frames' functions": [pd.to_numeric, pd.isna],
        "memory": joblib.Memory(None, verbose=0),
        # Since pandas 3 what ``array`` gives is marked as read only.
        "texts of pandas in an array": pd.Index(["a", "b"]).array, "kinds of pandas in an array": pd.Index(["a", "b"], dtype="category").array,
        "arrow texts": pd.Series(["a", None, "ä"], dtype=ARROW), "texts": pd.Series(["a", "b"]),
        "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
        "records": np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "sparse": sparse.csr_matrix(np.eye(3)), "bunch": Bunch(a=1),
        "frame": frame, "columns": frame.columns, "series": frame["b"],
        "nullable": pd.Series([1, None], dtype="Int64"),
        "category": pd.Series(["a", "b", "a"], dtype="category"),
        "times": pd.date_range("2020-01-01", periods=2, freq="D", tz="Europe/Berlin"),
        "multi index": pd.MultiIndex.from_product([["a", "b"], [1, 2]]),
    }  # fmt: skip


def let_through():
    """Return the models of hostile numbers that are let through in these versions."""
    import hostile_answers  # its models, and those of hostile_counts, are among those of the other
    import hostile_counts
    import hostile_numbers

    assert hostile_answers.HOSTILE is hostile_counts.HOSTILE is hostile_numbers.HOSTILE
    found, tried = {}, 0
    for name, (make, _) in hostile_numbers.HOSTILE.items():
        try:
            data = pickle.dumps(make())
        except Exception:  # noqa: BLE001 - what a version cannot make
            continue
        tried += 1
        try:
            load(data)
            found[name] = "it was loaded"
        except InvalidModel:
            pass
        except MlmodelError as error:
            found[name] = why(error)
    return {"tried": tried, "found": found, "honest": _refused(hostile_answers.honest())}


def _refused(values):
    """Return why honest models were refused."""
    reasons = []
    for value in values:
        try:
            load(pickle.dumps(value))
        except MlmodelError as error:
            reasons.append(why(error))
    return reasons


def write(file):
    found = {**values(), **{name: estimator for name, (estimator, _) in models().items()}}
    dumps = {
        f"{name}, {way}": dump(value) for name, value in found.items() for way, dump in WAYS.items()
    }
    Path(file).write_bytes(pickle.dumps(dumps))


def read(file):
    """Return what could not be loaded, by the kind of the error."""
    bad = {}
    for name, data in pickle.loads(Path(file).read_bytes()).items():
        try:
            load(data)
        except MlmodelError as error:
            bad[name] = why(error)
    return bad


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2])
    else:
        done = {"load": load_all, "hostile": let_through, "read": lambda: read(sys.argv[2])}
        json.dump(done[sys.argv[1]](), sys.stdout)
