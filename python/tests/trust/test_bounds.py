"""Numbers that lead out of their arrays are refused (TRU-017, TRU-058)."""

from __future__ import annotations

import copy
import importlib
import os
import pickle
import subprocess
import sys
from importlib import resources

import hostile_answers  # its models, and those of hostile_counts, are among those of hostile_numbers
import hostile_counts
import hostile_numbers
import numbers_fuzz
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import interpolate, sparse
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    BallTree,
    KDTree,
    KNeighborsTransformer,
    RadiusNeighborsTransformer,
)
from sklearn.preprocessing import Binarizer, OneHotEncoder
from sklearn.tree import DecisionTreeRegressor

from mlmodel.errors import InvalidModel
from mlmodel.trust.bounds import TABLE, check
from mlmodel.trust.bounds.values import places_of
from mlmodel.trust.gate import Gate

#: The flag of classes that are made while Python runs; the others are compiled.
HEAP_TYPE = 1 << 9
#: Compiled classes that hold numbers which nothing takes for a place, and Python's own.
PLAIN = (
    "datetime.", "decimal.", "collections.", "functools.partial", "numpy.dtype", "numpy.poly1d",
    "pandas._libs.tslibs.", "pandas._libs.interval.Interval", "sklearn._loss._loss.Cy",
    "sklearn.linear_model._sgd_fast.",
)  # fmt: skip

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] * X[:, 1]


def load(root, value):
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(value))
    return Gate.for_folder(root).load_pickle(path)


def changed(tree, **columns):
    """Return a copy of a fitted tree estimator with nodes changed in the first row."""
    copied = copy.deepcopy(tree)
    state = copied.tree_.__getstate__()
    for name, value in columns.items():
        state["nodes"][name][0] = value
    copied.tree_.__setstate__(state)
    return copied


@pytest.mark.parametrize(
    "columns",
    [
        {"left_child": 10**9},
        {"right_child": 0},
        {"feature": 3},
        {"feature": -7},
        {"left_child": -1},
    ],
)
def test_tree(root, columns):
    tree = DecisionTreeRegressor(max_depth=3).fit(X, Y)
    load(root, tree)
    with pytest.raises(InvalidModel, match="TRU-017"):
        load(root, changed(tree, **columns))


def test_tree_of_a_wider_model(root):
    wide = DecisionTreeRegressor(max_depth=3).fit(np.hstack([X, X]), Y)
    wide.n_features_in_ = 3
    with pytest.raises(InvalidModel, match="number of features"):
        load(root, wide)
    for forest in (
        GradientBoostingRegressor(n_estimators=2).fit(X, Y),
        RandomForestRegressor(2).fit(X, Y),
    ):
        load(root, forest)
        forest.n_features_in_ = 2
        with pytest.raises(InvalidModel, match="number of features"):
            load(root, forest)


@pytest.mark.parametrize(("column", "value"), [("feature_idx", 99), ("left", 10**6), ("right", 0)])
def test_histogram_tree(root, column, value):
    model = HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=5).fit(X, Y)
    load(root, model)
    model._predictors[0][0].nodes[column][0] = value
    with pytest.raises(InvalidModel, match="tree of histograms"):
        load(root, model)


@pytest.mark.parametrize("cls", [KDTree, BallTree])
@pytest.mark.parametrize("what", ["rows", "ends", "levels"])
def test_neighbours(root, cls, what):
    index = cls(X, leaf_size=5)
    load(root, index)
    state = list(index.__getstate__())
    if what == "rows":
        state[1] = np.full_like(state[1], 10**6)
    elif what == "ends":
        state[2] = state[2].copy()
        state[2]["idx_end"] = 10**6
    else:
        state[5] += 3
    index.__setstate__(tuple(state))
    with pytest.raises(InvalidModel, match="index of neighbours"):
        load(root, index)


def test_sparse(root):
    matrix = sparse.csr_matrix(np.eye(4))
    load(root, [matrix])
    matrix.indices = np.array([0, 1, 2, 10**6], dtype=np.int32)
    with pytest.raises(InvalidModel, match="sparse"):
        load(root, {"a": (matrix,)})
    coo = sparse.coo_array(np.eye(4))
    load(root, coo)
    coo.coords = (np.array([0, 1, 2, 9]), np.array([0, 1, 2, 3]))
    with pytest.raises(InvalidModel, match="sparse"):
        load(root, np.array([coo, None], dtype=object))


@pytest.mark.thorough
@pytest.mark.parametrize("name", hostile_numbers.HOSTILE)
def test_hostile_numbers(root, name):  # TRU-058, TRU-099, TRU-100
    make, _ = hostile_numbers.HOSTILE[name]
    with pytest.raises(
        InvalidModel, match="TRU-017|TRU-096|TRU-099|TRU-10[01]|could not be rebuilt"
    ):
        load(root, make())


TEXTS = np.array([["a"], ["a"], ["b"], ["c"]])


def of_an_encoder(**changes):
    encoder = OneHotEncoder(min_frequency=2, drop="first", handle_unknown="infrequent_if_exist")
    vars(encoder.fit(TEXTS)).update(changes)
    return encoder


def out_of_order():
    encoder = OneHotEncoder().fit(np.array([[1.0], [2.0]]))
    encoder.categories_[0] = encoder.categories_[0][::-1].copy()
    return encoder


def spline_with_two_knots():
    spline = interpolate.make_interp_spline(np.arange(10.0), np.arange(10.0))
    here = "_t" if "_t" in vars(spline) else "t"
    vars(spline)["t" if here == "_t" else "_t"] = vars(spline)[here]
    return spline


def histograms_of_other_columns():
    frame = pd.DataFrame({"n": X[:, 0], "w": pd.Categorical(list("ab") * 30)})
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=["w"]).fit(frame, Y)
    parts = model._preprocessor.transformers_
    parts[0] = (parts[0][0], parts[0][1], np.array([True, True]))
    return model


@pytest.mark.parametrize(
    ("rule", "make", "said"),
    [
        ("TRU-100", out_of_order, "not in order"),
        ("TRU-100", lambda: of_an_encoder(_n_features_outs=[7]), "another number of columns"),
        ("TRU-100", lambda: of_an_encoder(_n_features_outs=np.array([1])), "another number of col"),
        ("TRU-100", lambda: of_an_encoder(_drop_idx_after_grouping=np.array([9])), "drops a"),
        ("TRU-100", lambda: of_an_encoder(_infrequent_indices=[np.array([9])]), "groups"),
        ("TRU-100", lambda: KNeighborsTransformer(metric="precomputed"), "graph of a graph"),
        ("TRU-100", lambda: RadiusNeighborsTransformer(metric="precomputed"), "graph of a graph"),
        ("TRU-100", histograms_of_other_columns, "changes its data's number"),
        ("TRU-101", spline_with_two_knots, "twice"),
    ],
)
def test_what_is_refused_names_its_own_rule(root, rule, make, said):
    """TRU-100, TRU-101: and not TRU-017, whose table the check is in."""
    with pytest.raises(InvalidModel, match=rf"error {rule}: .*{said}") as caught:
        load(root, make())
    assert {one.rule for one in caught.value.details} == {rule}
    assert "TRU-017" not in str(caught.value)


@pytest.mark.parametrize("number", range(len(hostile_numbers.honest())))
def test_honest_numbers(root, number):
    value = hostile_numbers.honest()[number]
    assert type(load(root, value)) is type(value)


@pytest.mark.parametrize("number", range(len(hostile_counts.honest())))
def test_honest_counts(root, number):  # TRU-096
    value = hostile_counts.honest()[number]
    assert type(load(root, value)) is type(value)


@pytest.mark.thorough
def test_what_answers_one_number_for_each_row_loads(root):  # TRU-099
    for value in hostile_answers.honest():
        assert type(load(root, value)) is type(value)


def test_a_member_of_the_user_answers_as_it_likes(root):  # TRU-099, TRU-005
    class Own(GaussianNB):
        pass

    model = hostile_answers.rest(Own().fit(X, Y > 0))
    check(model, "model.pkl")
    model.estimators_[0] = QuadraticDiscriminantAnalysis().fit(X, Y > 0)
    with pytest.raises(InvalidModel, match="TRU-099"):
        check(model, "model.pkl")


@pytest.mark.parametrize("name", ["rest_of_more_scores", "boosting_that_begins_with_no_columns"])
def test_other_numbers_of_answers_in_skops(root, name):  # TRU-099
    (root / "model.skops").write_bytes(skops.io.dumps(hostile_numbers.HOSTILE[name][0]()))
    with pytest.raises(InvalidModel, match="TRU-099"):
        Gate.for_folder(root).load_skops(root / "model.skops")


@pytest.mark.parametrize(
    "name", ["powers_of_a_far_degree", "factors_of_many_rounds", "jobs_of_a_forest"]
)
def test_hostile_counts_in_skops(root, name):  # TRU-096
    (root / "model.skops").write_bytes(skops.io.dumps(hostile_numbers.HOSTILE[name][0]()))
    with pytest.raises(InvalidModel, match="TRU-096"):
        Gate.for_folder(root).load_skops(root / "model.skops")


def test_a_class_of_the_user_counts_as_it_likes():  # TRU-096, TRU-005
    class Own(Binarizer):
        pass

    own = Own()
    own.n_jobs, own.n_pixels = "auto", 2**40
    check(own, "model.pkl")
    library = Binarizer()
    library.n_jobs = "auto"
    with pytest.raises(InvalidModel, match="TRU-096"):
        check(library, "model.pkl")


def test_compiled_classes_have_a_table():  # TRU-058
    """A class without one is not on the list, or is known to hold no place in memory."""
    lines = resources.files("mlmodel.trust").joinpath("allowed.tsv").read_text().splitlines()
    without = []
    for line in lines[1:]:
        module, name, uses, _ = line.split("\t")
        try:
            found = getattr(importlib.import_module(module), name.partition(".")[0], None)
        except ImportError:  # of another version
            continue
        made = {"new", "call", "build"} & set(uses.split(","))
        if not made or not isinstance(found, type) or found.__module__ == "builtins":
            continue
        places = [f"{base.__module__}.{base.__qualname__}" for base in found.__mro__]
        compiled = not found.__flags__ & HEAP_TYPE and not set(places) & TABLE.keys()
        if compiled and not any(place.startswith(PLAIN) for place in places):
            without.append(f"{module}.{name}")
    assert without == []


def test_lines_hold_for_the_classes_at_their_places():  # TRU-101
    """A class that a version shows under another module is still the one of the table."""
    found = 0
    for place in TABLE:
        module, _, name = place.rpartition(".")
        cls = getattr(importlib.import_module(module), name, None)
        if cls is not None:  # of another version
            assert place in places_of(cls)
            found += 1
    assert found > 30


@pytest.mark.slow
def test_a_changed_number_neither_crashes_nor_hangs():  # `make fuzz` tries more
    # In a process of its own: a child of one that has OpenMP's threads waits for them for ever.
    done = subprocess.run(
        [sys.executable, numbers_fuzz.__file__, "300", "20261128"],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 died" in done.stdout
    assert " 0 let through" not in done.stdout


def test_a_class_whose_module_is_no_text_is_at_no_place():
    """TRU-017: a proxy's class may have a property in the place of it."""
    from mlmodel.trust.bounds.values import places_of

    class Proxies(type):
        @property
        def __module__(cls):
            return property()

    class Proxy(metaclass=Proxies):
        pass

    assert type(Proxy.__module__) is property
    assert places_of(Proxy) == ("builtins.object",)
