"""Objects of listed classes have the attributes that their class has, and no others (TRU-051, TRU-052)."""

from __future__ import annotations

import copy
import io
import pickle
import struct
import subprocess
import sys
import warnings
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from pathlib import Path

import attacks
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
import zoo
from attacks import build, call, mapping, name, new, pickle4, text
from scipy import stats
from sklearn import (
    base,
    calibration,
    compose,
    config_context,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    metrics,
    model_selection,
    multioutput,
    neighbors,
    pipeline,
    preprocessing,
    tree,
    utils,
)
from test_skops import mapping as tree_of
from test_skops import node, value

from mlmodel.errors import UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.pickles.shapes import is_a, shape_of
from mlmodel.trust.skops_file import check

X, Y = zoo.X, zoo.CLASSES
#: scikit-learn, numpy, scipy and pandas with which the table was generated.
LOCKED = ("1.9.1", "2.4.6", "1.17.1", "2.3.3")
TOOLS = Path(zoo.__file__).parents[2] / "tools"


def with_(model, **attributes):
    vars(model).update(attributes)
    return model


def ridge():
    return linear_model.Ridge().fit(X, zoo.NUMBERS)


def stacking(member, method):
    model = ensemble.StackingRegressor([("a", linear_model.Ridge())])
    return with_(model, estimators_=[member], stack_method_=[method], final_estimator_=ridge())


def table(**attributes):
    frame = pd.DataFrame({"a": [1]})
    for key, one in attributes.items():
        object.__setattr__(frame, key, one)
    return frame


def voting(member):
    return with_(ensemble.VotingRegressor([("a", linear_model.Ridge())]), estimators_=[member])


def objects(*members):
    found = np.empty(len(members), dtype=object)
    found[:] = members
    return found


#: What each of them does when it is used: (model, how it is used with the marker's path).
RUNNING = {
    "an array that writes itself": (stacking(np.arange(1), "tofile"), "predict"),
    "an array that is pickled": (stacking(np.arange(1), "dump"), "transform"),
    "a number that writes itself": (stacking(np.float64(1), "tofile"), "predict"),
    "a folder for what is computed": (pipeline.Pipeline([("a", preprocessing.StandardScaler()), ("b", linear_model.Ridge())]), "memory"),
}  # fmt: skip


def use(model, how, marker):
    if how == "memory":
        model.memory = str(marker)
        model = pickle.loads(pickle.dumps(model))
        model.fit(X, zoo.NUMBERS)
    else:
        getattr(model, how)(str(marker))


@pytest.mark.parametrize("key", RUNNING)
def test_what_runs_without_the_check_is_refused_with_it(key, root):
    model, how = RUNNING[key]
    marker = root / "marker"
    plain = pickle.loads(pickle.dumps(model))
    with suppress(Exception):
        use(plain, how, marker)
    assert marker.exists()
    if how == "memory":
        model = with_(copy.deepcopy(model), memory=str(marker))
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    with pytest.raises(UntrustedModel, match=r"TRU-052"):
        Gate.for_folder(root).load_pickle(path)
    with suppress(skops.io.exceptions.UnsupportedTypeException):
        (root / "model.skops").write_bytes(skops.io.dumps(model))
        with pytest.raises(UntrustedModel):
            Gate.for_folder(root).load_skops(root / "model.skops")


SCORER = metrics.make_scorer(metrics.f1_score)
CHOICE = compose.ColumnTransformer([("a", preprocessing.StandardScaler(), [0])])

#: Attributes that the class never has, or that would take a method's place.
ATTRIBUTES = {
    "predict": with_(ridge(), predict=np.exp),
    "get_params": with_(ridge(), get_params=np.exp),
    "__sklearn_tags__": with_(ridge(), __sklearn_tags__=np.exp),
    "_validate_params": with_(ridge(), _validate_params=np.exp),
    "_decision_function": with_(ridge(), _decision_function=np.exp),
    "_parameter_constraints": with_(ridge(), _parameter_constraints={}),
    "__class__": with_(ridge(), __class__=1),
    "__dict__": with_(ridge(), __dict__={}),
    "note": with_(ridge(), note="made by hand"),
    "tofile": pipeline.make_pipeline(with_(linear_model.Ridge(), tofile=np.exp)),
    "transform": with_(linear_model.LogisticRegression(), transform=np.exp),
    "loss_functions": with_(linear_model.SGDClassifier(), loss_functions={"hinge": (np.exp,)}),
    "split": with_(model_selection.KFold(), split=np.exp),
    "_score": with_(copy.deepcopy(SCORER), _score=np.exp),
    "decision_path": [with_(tree.DecisionTreeClassifier(), decision_path=np.exp)],
    "build_analyzer": with_(feature_extraction.text.CountVectorizer(), build_analyzer=np.exp),
    "rvs_name": with_(stats.binom.__class__(name="binom"), rvs_name="tofile"),
}


@pytest.mark.parametrize("key", ATTRIBUTES)
def test_attributes_that_a_class_never_has(key):  # TRU-051
    model = ATTRIBUTES[key]
    for protocol in (2, 4, 5):
        found = scan(pickle.dumps(model, protocol))
        assert not found.allowed
        assert any(repr(key) in reason and "TRU-051" in reason for reason in found.reasons)
    if key == "rvs_name":  # skops does not end with a distribution
        return
    found = check(skops.io.dumps(model))
    assert any(repr(key) in reason and "TRU-051" in reason for reason in found.reasons)


BUNCH = utils.Bunch(predict=np.exp, transform=np.exp)

#: What an attribute of the class may not hold: (model, the attribute).
HELD = {
    "scorer by eval": (with_(copy.deepcopy(SCORER), _response_method="eval"), "_response_method"),
    "scorer by a list": (with_(copy.deepcopy(SCORER), _response_method=["predict", "query"]), "_response_method[1]"),
    "scorer of a class": (with_(copy.deepcopy(SCORER), _score_func=pd.DataFrame), "_score_func"),
    "scorer of a kernel": (with_(copy.deepcopy(SCORER), _score_func=gaussian_process.kernels.RBF()), "_score_func"),
    "scorer in a search": (with_(model_selection.GridSearchCV(ridge(), {}), scorer_=BUNCH), "scorer_"),
    "stacking by eval": (stacking(ridge(), "eval"), "stack_method_[0]"),
    "stacking, not fitted": (ensemble.StackingRegressor([], ridge()).set_params() and with_(ensemble.StackingClassifier([]), stack_method="to_csv"), "stack_method"),
    "method as bytes of an array": (with_(ensemble.StackingClassifier([]), stack_method_=np.array(["eval"])), "stack_method_"),
    "method as a numpy text": (with_(ensemble.StackingClassifier([]), stack_method_=[np.str_("eval")]), "stack_method_"),
    "method as a long text": (with_(ensemble.StackingClassifier([]), stack_method_="e" * 20_000), "stack_method_"),
    "chain": (with_(multioutput.ClassifierChain(ridge()), chain_method="tofile"), "chain_method"),
    "chain, fitted": (with_(multioutput.ClassifierChain(ridge()), chain_method_="tofile"), "chain_method_"),
    "threshold": (with_(model_selection.FixedThresholdClassifier(ridge()), response_method="tofile"), "response_method"),
    "step": (with_(pipeline.Pipeline([]), steps=[("a", table())]), "steps[0][1]"),
    "step of a bunch": (with_(pipeline.Pipeline([]), steps=[("a", BUNCH)]), "steps[0][1]"),
    "step of a series": (with_(pipeline.Pipeline([]), steps=[("a", pd.Series({"transform": np.exp}))]), "steps[0][1]"),
    "step of records": (with_(pipeline.Pipeline([]), steps=[("a", np.rec.array([(1, 2)], names="transform,b"))]), "steps[0][1]"),
    "step of a function": (with_(pipeline.Pipeline([]), steps=[("a", np.exp)]), "steps[0][1]"),
    "columns": (with_(copy.deepcopy(CHOICE), transformers_=[("a", table(), [0])]), "transformers_[0][1]"),
    "columns by a class": (with_(copy.deepcopy(CHOICE), transformers=[("a", "drop", pd.DataFrame)]), "transformers[0][2]"),
    "names that are formatted": (with_(copy.deepcopy(CHOICE), verbose_feature_names_out="{feature_name.__class__}"), "verbose_feature_names_out"),
    "names that fill the memory": (with_(copy.deepcopy(CHOICE), verbose_feature_names_out="{feature_name:>999999999}"), "verbose_feature_names_out"),
    "voting": (voting(table()), "estimators_[0]"),
    "voting of an array": (voting(ridge()) and with_(voting(ridge()), estimators_=objects(table())), "estimators_"),
    "voting of a dict": (with_(voting(ridge()), estimators_={"a": table()}), "estimators_['a']"),
    "voting of a dict of numbers": (with_(voting(ridge()), estimators_={1.5: table()}), "estimators_"),
    "voting of a set": (with_(voting(ridge()), estimators_=OrderedDict(a=table())), "estimators_"),
    "boosting": (with_(ensemble.GradientBoostingRegressor(), estimators_=objects(BUNCH)), "estimators_"),
    "forest": (with_(ensemble.RandomForestRegressor(), estimators_=[BUNCH]), "estimators_[0]"),
    "calibrated": (with_(calibration.CalibratedClassifierCV(), calibrated_classifiers_=[BUNCH]), "calibrated_classifiers_[0]"),
    "imputer": (with_(impute.SimpleImputer(), indicator_=BUNCH), "indicator_"),
    "best of a search": (with_(model_selection.GridSearchCV(ridge(), {}), best_estimator_=table()), "best_estimator_"),
    "getter": (with_(feature_selection.RFE(ridge()), importance_getter="__class__.__init__"), "importance_getter"),
    "getter of a class": (with_(feature_selection.SelectFromModel(ridge()), importance_getter=pd.DataFrame), "importance_getter"),
    "tokenizer": (with_(feature_extraction.text.TfidfVectorizer(), tokenizer=pd.DataFrame), "tokenizer"),
    "function": (preprocessing.FunctionTransformer(pd.DataFrame), "func"),
    "function's arguments": (preprocessing.FunctionTransformer(np.exp, kw_args={"a": np.ndarray}), "kw_args['a']"),
    "kernel": (with_(gaussian_process.GaussianProcessRegressor(), kernel_=SCORER), "kernel_"),
    "neighbours": (with_(neighbors.KNeighborsRegressor(), _tree=table()), "_tree"),
    "neighbours by weights": (with_(neighbors.KNeighborsRegressor(), weights=pd.DataFrame), "weights"),
    "target": (with_(compose.TransformedTargetRegressor(), regressor_=BUNCH), "regressor_"),
    "partial": (partial(metrics.pairwise.pairwise_distances, metric=pd.DataFrame), "keywords['metric']"),
}  # fmt: skip


def _joblib(model):
    out = io.BytesIO()
    joblib.dump(model, out)
    return out.getvalue()


@pytest.mark.parametrize("key", HELD)
def test_what_an_attribute_may_not_hold(key):  # TRU-052
    model, attribute = HELD[key]
    for stored in (*(pickle.dumps(model, one) for one in (0, 2, 4, 5)), _joblib(model)):
        found = scan(stored)
        assert not found.allowed
        assert any("TRU-052" in reason and attribute in reason for reason in found.reasons), (
            found.reasons
        )
    try:
        stored = skops.io.dumps(model)
    except Exception:  # noqa: BLE001 - skops cannot save everything
        return
    assert not check(stored).allowed


def test_a_message_says_where(root):
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), stacking(table(), "to_csv"))
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    with pytest.raises(UntrustedModel) as refusal:
        Gate.for_folder(root).load_pickle(path)
    message = str(refusal.value)
    assert (
        "sklearn.ensemble._stacking.StackingRegressor: its attribute 'stack_method_[0]'" in message
    )
    assert "the text 'to_csv'" in message
    assert "(at .steps[1][1])" in message
    assert "allow=" in message


def test_classes_that_the_user_names_are_free(root):  # TRU-005
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(ATTRIBUTES["note"]))
    with pytest.raises(UntrustedModel, match=r"deleted before the model is saved.*TRU-051"):
        Gate.for_folder(root).load_pickle(path)
    allowed = Gate.for_folder(root, allow=["sklearn.linear_model._ridge.Ridge"])
    assert allowed.load_pickle(path).note == "made by hand"
    (root / "model.skops").write_bytes(skops.io.dumps(ATTRIBUTES["note"]))
    assert allowed.load_skops(root / "model.skops").note == "made by hand"


# States that are given in pieces --------------------------------------------------------------------

RIDGE = new("sklearn.linear_model._ridge", "Ridge")
STACK = new("sklearn.ensemble._stacking", "StackingRegressor")
FRAME = new("pandas.core.frame", "DataFrame")
EXP = name("numpy", "exp")
BAD = mapping(predict=EXP)
OBJECT_DTYPE = call(name("numpy", "dtype"), text("O8"), b"\x89\x88") + b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"  # fmt: skip
SCALAR = call(name("numpy._core.multiarray", "scalar"), OBJECT_DTYPE, FRAME)
NUMPY_TEXT = call(name("numpy._core.multiarray", "scalar"), call(name("numpy", "dtype"), text("U7"), b"\x89\x88"), b"C\x1c" + "predict".encode("utf-32-le"))  # fmt: skip
EXTENSION = name("pandas.core.arrays.categorical", "Categorical")
RESTORE = name("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
TRIPLET = name("sklearn.impute._iterative", "_ImputerTriplet")
IMPUTER = new("sklearn.impute._iterative", "IterativeImputer")

PIECES = {
    "two states": RIDGE + build(mapping(alpha=b"K\x01")) + build(BAD),
    "the dict is filled afterwards": RIDGE + b"}q\x01b0h\x01" + text("predict") + EXP + b"s",
    "the dict is filled from within": RIDGE + b"q\x02}q\x01" + text("coef_") + b"h\x01s" + b"b0h\x01" + text("predict") + EXP + b"s0h\x02",
    "the list is filled afterwards": STACK + mapping(stack_method_=b"]q\x01") + b"b0h\x01" + text("tofile") + b"a",
    "the list within is filled afterwards": STACK + mapping(estimators_=b"](]q\x01e") + b"b0h\x01" + FRAME + b"a",
    "a key that is a numpy text": RIDGE + b"}" + NUMPY_TEXT + EXP + b"sb",
    "a key that is a long text": RIDGE + b"}" + text("x" * 20_000) + EXP + b"sb",
    "a key that is a number": RIDGE + b"}K\x01" + EXP + b"sb",
    "slots": RIDGE + b"N" + BAD + b"\x86b",
    "pairs": RIDGE + b"(" + text("predict") + EXP + b"\x86" + text("a") + b"K\x01\x86" + text("b") + b"K\x01\x86tb",
    "a list of pairs": RIDGE + b"](" + text("predict") + EXP + b"\x86eb",
    "a dict of another class": RIDGE + call(name("collections", "OrderedDict"), b"](" + text("predict") + EXP + b"\x86e") + b"b",
    "reconstructed": call(name("copyreg", "_reconstructor"), name("sklearn.linear_model._ridge", "Ridge"), name("builtins", "object"), b"N") + build(BAD),
    "attributes of a compiled base": call(RESTORE, EXTENSION, b"K\x01", b"N") + b"(NN" + mapping(tofile=EXP) + b"tb",
    "a state by the constructor": call(RESTORE, EXTENSION, b"K\x01", b"(NN" + mapping(tofile=EXP) + b"t"),
    "an ordered dict": call(name("collections", "OrderedDict")) + build(mapping(predict=EXP)),
    "a partial": call(name("functools", "partial"), EXP) + b"(" + EXP + b")N" + BAD + b"tb",
    "a partial, filled afterwards": call(name("functools", "partial"), EXP) + b"(" + EXP + b")N}q\x01tb0h\x01" + text("predict") + EXP + b"s",
    "a table": FRAME + build(mapping(tofile=EXP)),
    "a table's list of names": FRAME + build(mapping(_metadata=b"](" + text("to_csv") + b"e")),
    "a table's own names": FRAME + build(mapping(_internal_names=b"]")),
    "an object in a scalar": STACK + build(mapping(estimators_=b"](" + SCALAR + b"e")),
    "a named tuple": IMPUTER + build(mapping(imputation_sequence_=b"](" + TRIPLET + b"NN" + FRAME + b"\x87\x81e")),
    "a named tuple with a state": IMPUTER + build(mapping(imputation_sequence_=b"](" + TRIPLET + b"NN" + FRAME + b"\x87\x81}be")),
    "a named tuple of protocol 0": IMPUTER + build(mapping(imputation_sequence_=b"](" + call(name("copyreg", "_reconstructor"), TRIPLET, name("builtins", "tuple"), b"NN" + FRAME + b"\x87") + b"e")),
    "a set": STACK + build(mapping(estimators_=b"\x8f(" + FRAME + b"\x90")),
    "a set by a call": STACK + build(mapping(estimators_=call(name("builtins", "set"), b"](" + FRAME + b"e"))),
    "an index": STACK + build(mapping(estimators_=call(name("pandas.core.indexes.base", "_new_Index"), name("pandas.core.indexes.base", "Index"), mapping(data=b"](" + FRAME + b"e")))),
    "an array of pandas": STACK + build(mapping(estimators_=new("pandas.core.arrays.numpy_", "NumpyExtensionArray") + build(mapping(_ndarray=b"](" + FRAME + b"e")))),
    "a wrapper of an array": new("joblib.numpy_pickle", "NumpyArrayWrapper") + build(mapping(shape=b"K\x00\x85", dtype=OBJECT_DTYPE, read=EXP)) + b"N.",
}  # fmt: skip


@pytest.mark.parametrize("key", PIECES)
def test_states_in_pieces(key):  # TRU-051, TRU-052
    found = scan(pickle4(PIECES[key]), "pickle")
    assert found.findings


def test_pieces_of_an_honest_state():
    whole = RIDGE + build(mapping(alpha=b"K\x01")) + build(mapping(coef_=b"]"))
    assert scan(pickle4(whole)).allowed
    loop = RIDGE + b"q\x02" + mapping(coef_=b"h\x02") + b"b"
    assert scan(pickle4(loop)).allowed


def test_an_array_of_objects_within_a_joblib_file():
    model = with_(ensemble.GradientBoostingRegressor(), estimators_=objects(BUNCH, *["x"] * 9))
    assert any("estimators_[0]" in one for one in scan(_joblib(model)).reasons)


# skops ------------------------------------------------------------------------------------------------

RIDGE_CLASS = "sklearn.linear_model._ridge.Ridge"
STACK_CLASS = "sklearn.ensemble._stacking.StackingRegressor"
CLASS = node("TypeNode", "pandas.core.frame.DataFrame")
TABLE_NODE = node("ObjectNode", "pandas.core.frame.DataFrame", content=tree_of())
NODES = {
    "shadow": node("ObjectNode", RIDGE_CLASS, content=tree_of(predict=value(1))),
    "method": node("ObjectNode", STACK_CLASS, content=tree_of(stack_method_=value("tofile"))),
    "member": node("ObjectNode", STACK_CLASS, content=tree_of(estimators_=node("ListNode", "builtins.list", content=[TABLE_NODE]))),
    "member of an array": node("ObjectNode", STACK_CLASS, content=tree_of(estimators_=node("NdArrayNode", "numpy.ndarray", type="json", shape=tree_of(), content=[TABLE_NODE]))),
    "member of a dict": node("ObjectNode", STACK_CLASS, content=tree_of(estimators_=tree_of(a=TABLE_NODE))),
    "member of a tuple": node("ObjectNode", STACK_CLASS, content=tree_of(estimators_=node("TupleNode", "builtins.tuple", content=[TABLE_NODE]))),
    "a class that is called": node("ObjectNode", "sklearn.preprocessing._function_transformer.FunctionTransformer", content=tree_of(func=CLASS)),
    "pairs": node("ObjectNode", RIDGE_CLASS, content=node("TupleNode", "builtins.tuple", content=[node("TupleNode", "builtins.tuple", content=[value("predict"), value(1)])])),
    "a list of pairs": node("ObjectNode", RIDGE_CLASS, content=node("ListNode", "builtins.list", content=[])),
    "keys of numpy": node("ObjectNode", RIDGE_CLASS, content=tree_of(key="numpy.str_", predict=value(1))),
    "cached": node("ObjectNode", STACK_CLASS, content=tree_of(coef=value(1), estimators_=node("CachedNode", "builtins.str", __id__=9), final_estimator=node("ObjectNode", RIDGE_CLASS, content=tree_of(), __id__=9))),
    "unknown number": node("ObjectNode", STACK_CLASS, content=tree_of(estimators_=node("CachedNode", "builtins.str", __id__=77))),
    "json list": node("ObjectNode", STACK_CLASS, content=tree_of(stack_method_=value(["tofile"]))),
}  # fmt: skip


@pytest.mark.parametrize("key", NODES)
def test_skops_states(key):  # TRU-051, TRU-052, TRU-053
    assert check(attacks.skops_file(NODES[key])).findings


# Honest models -----------------------------------------------------------------------------------------


def _honest():
    frame = pd.DataFrame(X, columns=list("abcd"))
    selector = compose.make_column_selector(pattern="a|b")
    logistic = linear_model.LogisticRegression()
    columns = compose.ColumnTransformer(
        [("a", preprocessing.StandardScaler(), selector), ("b", "drop", ["c"])],
        remainder="passthrough", verbose_feature_names_out="{transformer_name}-{feature_name}",
    )  # fmt: skip
    search = model_selection.GridSearchCV(
        logistic, {"C": [1.0]}, cv=2, refit="a", scoring={"a": "accuracy", "b": SCORER}
    )
    yield pipeline.make_pipeline(columns, logistic).set_output(transform="pandas").fit(frame, Y)
    yield search.fit(X, Y)
    yield ensemble.StackingClassifier(
        [("a", logistic), ("b", "drop")], cv=2, stack_method="predict_proba"
    ).fit(X, Y)
    yield ensemble.VotingClassifier(
        [("a", logistic), ("b", tree.DecisionTreeClassifier())], voting="soft"
    ).fit(frame, Y)
    yield multioutput.ClassifierChain(logistic, chain_method="predict_proba").fit(
        X, np.column_stack([Y, Y])
    )
    yield feature_selection.RFE(
        pipeline.make_pipeline(ridge()), importance_getter="named_steps.ridge.coef_"
    ).fit(X, Y)
    yield feature_selection.SelectFromModel(logistic, threshold="1.25*mean", max_features=2).fit(
        X, Y
    )
    yield model_selection.TunedThresholdClassifierCV(logistic, cv=2, scoring="f1").fit(X, Y)
    yield preprocessing.FunctionTransformer(
        partial(np.clip, a_min=0), kw_args={"a_max": np.ones(4)}, feature_names_out="one-to-one"
    ).fit(X)
    yield calibration.CalibratedClassifierCV(logistic, cv=2, method="isotonic").fit(X, Y)
    yield neighbors.KNeighborsClassifier(metric=metrics.pairwise.nan_euclidean_distances)
    yield neighbors.KNeighborsRegressor(
        weights="distance", metric="minkowski", metric_params={"w": np.ones(4)}
    ).fit(X, Y)
    yield stats.loguniform(0.1, 10)
    yield table()
    yield ensemble.BaggingClassifier(logistic, 2, max_features=0.5).fit(X, Y)
    with config_context(enable_metadata_routing=True):
        yield base.clone(logistic).set_fit_request(sample_weight=True)


def _loads(model):
    return [scan(pickle.dumps(model, one)) for one in (2, 3, 4, 5)] + [scan(_joblib(model))]


@pytest.mark.thorough
def test_honest_models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in _honest():
            assert not [one.reasons for one in _loads(model) if not one.allowed], model
            try:
                stored = skops.io.dumps(model)
            except (RecursionError, AttributeError, TypeError):
                continue  # skops cannot save every model
            assert isinstance(model, pd.DataFrame) or check(stored).allowed, (
                model,
                check(stored).reasons,
            )


def test_models_of_older_versions():
    old = new("sklearn.ensemble.forest", "RandomForestClassifier")
    state = mapping(min_impurity_split=b"N", n_features_=b"K\x02", base_estimator=b"N")
    assert scan(pickle4(old + build(state))).allowed


# The table ----------------------------------------------------------------------------------------------


def test_shapes_follow_the_bases():
    assert is_a("sklearn.pipeline.Pipeline", "sklearn.base.BaseEstimator")
    assert not is_a("pandas.core.frame.DataFrame", "sklearn.base.BaseEstimator")
    shape = shape_of("sklearn.ensemble._forest.RandomForestClassifier")
    assert {"n_estimators", "estimators_", "n_features_in_", "classes_"} <= shape.attributes
    assert "predict" not in shape.attributes
    assert shape_of("posix.system") is None


@pytest.mark.slow
def test_the_table_is_what_the_libraries_give():  # TRU-053
    import scipy
    import sklearn

    installed = (sklearn.__version__, np.__version__, scipy.__version__, pd.__version__)
    if installed != LOCKED:
        pytest.skip(f"the table was generated with {LOCKED}")
    done = subprocess.run(
        [sys.executable, TOOLS / "trust_shapes.py", "--check"],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("given", [101, 102])
@pytest.mark.parametrize("wrong", [101, 102, None])
def test_a_value_counts_under_whichever_key_it_is(given, wrong):  # TRU-095, TRU-052
    """Two keys of a dict that are one, as ``1`` and ``1.0`` are: neither value hides the other."""
    member = linear_model.Ridge()
    model = voting(member)
    model.estimators_ = {key: BUNCH if key == wrong else member for key in (101, 102)}
    key = b"K" + bytes([203 - given])
    data = pickle.dumps(model, 2)
    assert data.count(key) == 1
    found = scan(data.replace(key, b"G" + struct.pack(">d", given)))
    assert found.allowed == (wrong is None)
