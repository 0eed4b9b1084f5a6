"""A refusal says what kind of thing was met, where it stands in the object, and what to do (TRU-075)."""

from __future__ import annotations

import functools
import io
import os
import pickle

import joblib
import numpy as np
import pytest
from attacks import build, call, mapping, name, new, pickle4, text
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mlmodel.errors import MissingDependency, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan

COMMAND = os.system
PLACES = {
    ".steps[1][1].func": make_pipeline(StandardScaler(), FunctionTransformer(COMMAND)),
    ".func.func": FunctionTransformer(functools.partial(COMMAND, 1)),
    ".func.args[0]": FunctionTransformer(functools.partial(np.clip, COMMAND)),
    ".kw_args['a b'][0]": FunctionTransformer(np.clip, kw_args={"a b": [COMMAND]}),
    "[1][0]": [1, {0: COMMAND}],
    "[0][1]": [np.array([None, COMMAND], dtype=object)],
    "the object itself": COMMAND,
}


def refusal(root, data):
    path = root / "model.pkl"
    path.write_bytes(data)
    with pytest.raises(UntrustedModel) as caught:
        Gate.for_folder(root).load_pickle(path)
    return str(caught.value)


@pytest.mark.parametrize("place", PLACES)
def test_the_place_inside_the_object_is_told(place, root):
    said = refusal(root, pickle.dumps(PLACES[place]))
    assert "model.pkl: error TRU-010: posix.system" in said
    assert f"(at {place})" in said


def test_the_place_within_a_class_that_is_refused_itself(root):
    said = refusal(root, pickle4(new("a.b", "Own") + build(mapping(func=name("posix", "system")))))
    assert "posix.system" in said
    assert "(at .func)" in said


def test_functions_are_told_from_classes(root):
    said = refusal(root, pickle.dumps(FunctionTransformer(COMMAND)))
    assert "it is a function, and functions cannot be allowed by name" in said
    assert "allow=" not in said
    said = refusal(root, pickle.dumps(io.StringIO("a")))
    assert "_io.StringIO" in said
    assert "functions cannot" not in said
    assert "allow=" in said


def test_what_is_not_installed_is_told_from_what_is_refused(root):
    said = refusal(root, pickle4(new("no_such_package.models", "Model")))
    assert "'no_such_package' is not installed" in said
    assert "not installed" not in refusal(root, pickle4(new("xml.dom.minidom", "Document")))
    # A listed name that the installed version has not is missing, not refused.
    path = root / "model.pkl"
    path.write_bytes(pickle4(name("sklearn.ensemble._gb_losses", "LeastSquaresError")))
    with pytest.raises(MissingDependency, match=r"sklearn \d.* has no such name"):
        Gate.for_folder(root).load_pickle(path)


TODO = {
    "set memory=None": pickle.dumps(make_pipeline(StandardScaler(), memory=joblib.Memory("x", verbose=0))),
    "mlmodel.xgboost": pickle4(new("xgboost.dask", "DaskXGBClassifier") + build(mapping(n=b"N"))),
    "callbacks=None": pickle4(new("xgboost.callback", "TrainingCheckPoint") + build(mapping(n=b"N"))),
    "mlmodel.lightgbm": pickle4(new("lightgbm.dask", "DaskLGBMClassifier") + build(mapping(n=b"N"))),
    "code_paths": pickle4(name("__main__", "clean")),
    "allow=": pickle4(new("some.package", "Sampler") + build(mapping(k=b"N"))),
    "pass this name": pickle4(new("imblearn.over_sampling._smote.base", "SMOTE") + build(mapping(k=b"N"))),
    "was not reviewed": pickle4(new("category_encoders.ordinal", "OrdinalEncoder") + build(mapping(k=b"N"))),
}  # fmt: skip


@pytest.mark.parametrize("todo", TODO)
def test_what_to_do_is_said(todo, root):
    assert todo in refusal(root, TODO[todo])


def test_the_search_is_bounded():
    """Tuples of two that hold the same tuple twice: 2**60 ways, each value looked at once."""
    body = name("posix", "system") + b"\x94"
    body += b"".join(b"h" + bytes([at]) + b"h" + bytes([at]) + b"\x86\x94" for at in range(60))
    found = scan(pickle4(b"(" + body + b"l"))
    assert found.refused == ("posix.system",)
    deep = call(name("posix", "system"), text("x")) + b"\x85" * 100_000
    assert scan(pickle4(deep)).refused == ("posix.system",)
