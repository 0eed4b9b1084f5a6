"""Models whose numbers lead out of their arrays, one for each row of the tables of bounds.

``python hostile_numbers.py NAME`` asks one for its answer without any check: it crashes, writes over
memory, never ends, or answers from memory that is not the model's.
"""

from __future__ import annotations

import copy
import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import interpolate, sparse
from sklearn import (
    cluster,
    ensemble,
    feature_extraction,
    metrics,
    neighbors,
    preprocessing,
    svm,
    tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0] * X[:, 1]
CLASSES = (Y > 0).astype(int)
THREE = np.arange(60) % 3
FAR = 2**40
HOSTILE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {}


def hostile(ask: Callable[[Any], Any] = lambda model: model.predict(X)) -> Callable[..., Any]:
    """Note a model and how it is asked."""

    def note(make: Callable[[], Any]) -> Callable[[], Any]:
        HOSTILE[make.__name__] = (make, ask)
        return make

    return note


def nodes(estimator: Any, **columns: Any) -> Any:
    state = estimator.tree_.__getstate__()
    for name, value in columns.items():
        if name in state:
            state[name] = value
        else:
            state["nodes"][name][0] = value
    estimator.tree_.__setstate__(state)
    return estimator


def index(found: Any, at: int, value: Any) -> Any:
    state = list(found.__getstate__())
    state[at] = value
    found.__setstate__(tuple(state))
    return found


def grown() -> Any:
    return tree.DecisionTreeRegressor(max_depth=3).fit(X, Y)


@hostile()
def tree_without_nodes() -> Any:
    model = grown()
    kind = type(model.tree_)
    model.tree_ = kind(3, np.array([1]), 1)
    return model


@hostile(lambda model: model.decision_path(X))
def tree_deeper_than_it_says() -> Any:
    return nodes(grown(), max_depth=-1)


@hostile()
def tree_with_a_shared_child() -> Any:
    return nodes(grown(), left_child=2, right_child=2)


@hostile()
def tree_of_another_width() -> Any:
    model = grown()
    model.n_features_in_ = 1
    return model


@hostile(lambda model: model.predict(X[:, :1]))
def tree_of_no_width() -> Any:
    model = grown()
    del model.n_features_in_
    return nodes(model, feature=2)


@hostile(lambda model: model.predict(X[:, :1].astype(np.float32)))
def tree_alone() -> Any:
    return grown().tree_


@hostile()
def boosting_without_a_tree() -> Any:
    model = ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    model.estimators_[1, 0].tree_ = None
    return model


@hostile()
def boosting_of_more_columns() -> Any:
    model = ensemble.GradientBoostingClassifier(n_estimators=2).fit(X, THREE)
    two = ensemble.GradientBoostingClassifier(n_estimators=2).fit(X, CLASSES)
    model.init_ = two.init_
    return model


@hostile()
def boosting_of_several_outputs() -> Any:
    model = ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    model.estimators_[0, 0].tree_ = (
        tree.DecisionTreeRegressor(max_depth=2).fit(X, np.column_stack([Y, Y])).tree_
    )
    return model


def histograms() -> Any:
    return ensemble.HistGradientBoostingRegressor(max_iter=2, min_samples_leaf=5).fit(X, Y)


@hostile()
def histograms_that_believe_another_width() -> Any:
    model = histograms()
    model._n_features = 99
    model._predictors[0][0].nodes["feature_idx"][0] = 90
    return model


@hostile(lambda model: model.predict(X[:, :1]))
def histograms_of_no_width() -> Any:
    model = histograms()
    del model.n_features_in_
    return model


@hostile()
def histograms_without_categories() -> Any:
    model = histograms()
    model._predictors[0][0].nodes["is_categorical"][0] = 1
    return model


@hostile()
def histograms_of_cut_sets() -> Any:
    model = histograms()
    model._predictors[0][0].raw_left_cat_bitsets = np.zeros((5, 0), dtype=np.uint32)
    return model


@hostile()
def histograms_being_fitted() -> Any:
    model = histograms()
    model._in_fit = True
    return model


@hostile(lambda found: found.query(X))
def neighbours_of_many_levels() -> Any:
    return index(neighbors.KDTree(X), 5, 10**9)


@hostile(lambda found: found.query(X))
def neighbours_without_bounds() -> Any:
    return index(neighbors.KDTree(X), 3, np.zeros((0, 1, 3)))


@hostile(lambda found: found.query(X))
def neighbours_of_a_ball_with_no_bounds() -> Any:
    found = neighbors.BallTree(X)
    return index(found, 3, np.zeros((0, len(found.__getstate__()[2]), 3)))


@hostile(lambda found: found.kernel_density(X, 1.0))
def neighbours_of_cut_weights() -> Any:
    return index(neighbors.KDTree(X, sample_weight=np.ones(60)), 12, np.ones(1))


@hostile(lambda found: found.query(X))
def neighbours_without_a_distance() -> Any:
    return index(neighbors.KDTree(X, metric="manhattan"), 11, None)


@hostile(lambda found: found.query(X))
def neighbours_of_cut_distances() -> Any:
    found = neighbors.BallTree(X, metric="mahalanobis", VI=np.eye(3))
    metric = found.__getstate__()[11]
    metric.__setstate__((2.0, np.zeros(1), np.eye(1)))
    return found


@hostile(lambda found: found.pairwise(X))
def distance_of_no_square() -> Any:
    found = metrics.DistanceMetric.get_metric("mahalanobis", VI=np.eye(3))
    found.__setstate__((2.0, np.zeros(1), np.ones((3, 1))))
    return found


@hostile()
def neighbours_of_other_labels() -> Any:
    model = neighbors.KNeighborsClassifier(algorithm="brute").fit(X, CLASSES)
    model._y[:] = 10**9
    return model


@hostile()
def neighbours_fitted_to_more() -> Any:
    model = neighbors.KNeighborsClassifier(algorithm="brute", n_neighbors=2000).fit(
        np.tile(X, (50, 1)), np.tile(CLASSES, 50)
    )
    model._fit_X = model._fit_X[:2].copy()
    return model


@hostile()
def neighbours_with_lengths_of_their_own() -> Any:
    model = neighbors.KNeighborsClassifier(algorithm="brute").fit(X, CLASSES)
    model.effective_metric_params_ = {"Y_norm_squared": np.zeros(1)}
    return model


def vectors(**changes: Any) -> Any:
    model = svm.SVC(probability=True).fit(X, THREE)
    for name, value in changes.items():
        setattr(model, name, value(getattr(model, name)))
    return model


@hostile()
def vectors_cut_short() -> Any:
    return vectors(support_vectors_=lambda old: old[:0].copy())


@hostile()
def vectors_counted_twice() -> Any:
    return vectors(_n_support=lambda old: old + np.array([2**20, -(2**20), 0], dtype=np.int32))


@hostile()
def vectors_of_more_classes() -> Any:
    return vectors(_n_support=lambda old: np.concatenate([old, np.zeros(4000, dtype=np.int32)]))


@hostile()
def vectors_of_cut_coefficients() -> Any:
    return vectors(_dual_coef_=lambda old: old[:0].copy())


@hostile(lambda model: model.predict_proba(X))
def vectors_of_cut_chances() -> Any:
    return vectors(_probB=lambda old: old[:0].copy())


@hostile()
def vectors_of_cut_intercepts() -> Any:
    return vectors(_intercept_=lambda old: old[:1].copy())


@hostile(lambda model: model.predict(X @ X.T))
def vectors_of_other_rows() -> Any:
    model = svm.SVC(kernel="precomputed").fit(X @ X.T, CLASSES)
    model.support_[:] = 10**9
    return model


@hostile(lambda model: model.predict(sparse.csr_matrix(X)))
def vectors_of_cut_sparse_coefficients() -> Any:
    model = svm.SVC().fit(sparse.csr_matrix(X), THREE)
    model._dual_coef_ = sparse.csr_matrix((1, 1))
    return model


@hostile(lambda model: model.predict(sparse.csr_matrix(X @ X.T)))
def vectors_of_sparse_rows() -> Any:
    model = svm.SVC(kernel="linear").fit(sparse.csr_matrix(X @ X.T), CLASSES)
    model.kernel = "precomputed"
    model.support_vectors_.data[:] = 10.0**9
    return model


@hostile(lambda matrix: matrix @ np.ones(4))
def diagonals_cut_short() -> Any:
    matrix = sparse.dia_matrix(np.eye(4))
    matrix.data = matrix.data[:0]
    matrix.offsets = np.arange(4, dtype=np.int32)
    return matrix


@hostile(lambda matrix: matrix.tocsr() @ np.ones(4))
def lists_of_far_columns() -> Any:
    matrix = sparse.lil_matrix(np.eye(4))
    matrix.rows[0] = [2**30]
    return matrix


@hostile(lambda model: model.transform(["one two"]).toarray())
def words_of_far_columns() -> Any:
    model = feature_extraction.text.CountVectorizer().fit(["one two"])
    model.vocabulary_ = {"one": 2**30, "two": 2**30}
    return model


@hostile(lambda model: model.transform([{"a": 1.0}]))
def keys_of_far_columns() -> Any:
    model = feature_extraction.DictVectorizer(sparse=False).fit([{"a": 1.0}])
    model.vocabulary_ = {"a": 2**30}
    return model


@hostile(lambda model: model.transform([["a"]]))
def features_of_no_columns() -> Any:
    model = feature_extraction.FeatureHasher(8, input_type="string")
    model.n_features = 0
    return model


@hostile(lambda model: model.transform([["a"]]))
def labels_of_far_columns() -> Any:
    model = preprocessing.MultiLabelBinarizer().fit([["a"]])
    model._cached_dict = {"a": 2**30}
    return model


@hostile(lambda model: model.transform(np.array([["b"]])))
def categories_of_fewer_columns() -> Any:
    model = preprocessing.OneHotEncoder(sparse_output=False).fit(np.array([["a"], ["b"]]))
    model._n_features_outs = [0]
    return model


@hostile()
def centres_of_another_width() -> Any:
    model = cluster.KMeans(2, n_init=1).fit(X)
    model.cluster_centers_ = model.cluster_centers_[:, :0].copy()
    return model


@hostile()
def clusters_of_many_threads() -> Any:
    model = cluster.KMeans(2, n_init=1).fit(np.tile(X, (50, 1)))
    model._n_threads = -5
    return model


@hostile()
def centres_of_other_lengths() -> Any:
    model = cluster.Birch(n_clusters=2).fit(X)
    model._subcluster_norms = np.zeros(1)
    return model


@hostile(lambda model: model.dbscan_clustering(10.0**9, 2))
def merges_of_what_is_not_there() -> Any:
    model = cluster.HDBSCAN(copy=True).fit(X)
    model._single_linkage_tree_["left_node"] = 2**40
    return model


@hostile(lambda found: found(np.linspace(0.0, 9.0)))
def spline_of_cut_numbers() -> Any:
    found = interpolate.make_interp_spline(np.arange(10.0), np.arange(10.0))
    found._c = found._c[:1]
    return found


@hostile(lambda found: found(np.linspace(0.0, 9.0)))
def spline_of_a_high_degree() -> Any:
    found = interpolate.make_interp_spline(np.arange(10.0), np.arange(10.0))
    found.k = 10**6
    return found


@hostile(lambda found: found.random(10))
def generator_behind_its_numbers() -> Any:
    found = np.random.RandomState(0)
    state = found.get_state(legacy=False)
    state["state"]["pos"] = 2**30
    found.set_state(state)
    return found


@hostile(lambda found: found.random(10))
def generator_before_its_numbers() -> Any:
    found = np.random.Generator(np.random.Philox(0))
    state = found.bit_generator.state
    state["buffer_pos"] = -(2**30)
    found.bit_generator.state = state
    return found


@hostile(np.asarray)
def codes_of_no_category() -> Any:
    array = pd.Categorical(["a", "b"])
    array.codes.base[:] = 120
    return array


@hostile(lambda frame: frame["a"].to_numpy())
def codes_in_a_frame() -> Any:
    frame = pd.DataFrame({"a": pd.Categorical(["a", "b"])})
    frame["a"].array.codes.base[:] = 120
    return frame


@hostile(lambda index: index.values)
def codes_of_no_level() -> Any:
    found = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])
    codes = np.array([100, 100], dtype=np.int8)
    return pd.MultiIndex(found.levels, [codes, codes], verify_integrity=False)


@hostile(lambda array: array.sum())
def mask_cut_short() -> Any:
    array = pd.array([1, 2, 3], dtype="Int64")
    vars(array).update(_mask=np.zeros(0, dtype=bool))
    return array


@hostile(lambda frame: frame.to_numpy())
def frame_of_other_rows() -> Any:
    frame = pd.DataFrame({"a": [1, 2], "b": [1.0, 2.0]})
    frame._mgr.axes[1] = pd.RangeIndex(2**20)
    return frame


@hostile(lambda held: next(iter(held)).predict(X))
def key_of_a_dictionary() -> Any:
    return {tree_deeper_than_it_says(): 1}


@hostile(lambda held: held["a"][0].predict(X))
def item_of_a_structured_array() -> Any:
    held = np.zeros(1, dtype=[("b", "i8"), ("a", "O")])
    held["a"][0] = tree_deeper_than_it_says()
    return held


@hostile(lambda held: held.loc[0, "a"].predict(X))
def cell_of_a_frame() -> Any:
    return pd.DataFrame({"a": [tree_deeper_than_it_says()]})


@hostile(lambda held: held.name.predict(X))
def label_of_an_index() -> Any:
    return pd.Index([tree_deeper_than_it_says()], dtype=object)


@functools.cache
def honest() -> list[Any]:
    """Return what is made of the same parts and must load."""
    mixed = pd.DataFrame({"n": X[:, 0], "w": pd.Categorical(list("ab") * 30)})
    return [
        grown(), ensemble.HistGradientBoostingRegressor(max_iter=2).fit(mixed, Y),
        ensemble.GradientBoostingClassifier(n_estimators=2, init="zero").fit(X, THREE),
        ensemble.IsolationForest(n_estimators=3, max_features=2, random_state=0).fit(X),
        *(neighbors.BallTree(X, metric=m) for m in ("manhattan", "chebyshev", "hamming")),
        neighbors.KDTree(X, metric="minkowski", p=3), neighbors.KDTree(X, sample_weight=np.ones(60)),
        neighbors.BallTree(X, metric="minkowski", p=3, w=np.ones(3)),
        neighbors.BallTree(X, metric="seuclidean", V=np.ones(3)),
        neighbors.BallTree(X, metric="mahalanobis", VI=np.eye(3)),
        neighbors.KNeighborsClassifier().fit(X, np.column_stack([CLASSES, THREE])),
        neighbors.RadiusNeighborsClassifier(radius=9.0).fit(X, THREE),
        neighbors.KNeighborsClassifier().fit(sparse.csr_matrix(X), THREE),
        *(kind().fit(X, THREE) for kind in (svm.SVC, svm.NuSVC, svm.LinearSVC)),
        *(kind().fit(X, Y) for kind in (svm.SVR, svm.NuSVR, svm.OneClassSVM)),
        svm.SVC(kernel=metrics.pairwise.rbf_kernel).fit(X, CLASSES),
        svm.SVC(kernel="precomputed").fit(X @ X.T, CLASSES), svm.SVC().fit(sparse.csr_matrix(X), THREE),
        svm.SVR(kernel="poly").fit(sparse.csr_matrix(X), Y),
        *(form(np.eye(4)) for form in (sparse.dia_matrix, sparse.lil_matrix, sparse.dok_matrix, sparse.bsr_matrix, sparse.coo_array, sparse.csc_array, sparse.dok_array)),
        preprocessing.OneHotEncoder(drop="first").fit(np.array([["a"], ["b"], ["c"]])),
        preprocessing.OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist").fit(np.array([["a"], ["a"], ["b"], ["c"]])),
        preprocessing.OneHotEncoder(drop="first", min_frequency=2).fit(np.array([["a"], ["a"], ["b"], ["c"]])),
        preprocessing.MultiLabelBinarizer().fit([["a"], ["b"]]), preprocessing.SplineTransformer().fit(X),
        cluster.BisectingKMeans(3).fit(X), cluster.MiniBatchKMeans(2, n_init=1).fit(X), cluster.Birch().fit(X),
        cluster.HDBSCAN(copy=True).fit(X), cluster.FeatureAgglomeration(2).fit(X),
        *(np.random.Generator(kind(0)) for kind in (np.random.MT19937, np.random.PCG64, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM)),
        interpolate.make_interp_spline(np.arange(10.0), np.ones((10, 2)) * 1j),
        pd.MultiIndex.from_tuples([("a", 1), ("b", None)]), pd.period_range("2020", periods=3, freq="D"),
        pd.DataFrame(), pd.DataFrame({"a": []}), pd.Series([1, 2]), pd.array([1, None], dtype="Int64"), mixed,
        pd.DataFrame({"a": pd.date_range("2020", periods=2, tz="UTC"), "b": ["x", "y"]}),
        np.zeros(2, dtype=[("a", "O"), ("b", "i8", (2,))]), np.zeros(2, dtype=[(("title", "a"), "O")]),
        np.array(["2020"], dtype="M8[25s]"), np.float64(1.0), np.zeros(1, dtype=[("a", "O")])[0],
    ]  # fmt: skip


if __name__ == "__main__":
    made, asked = HOSTILE[sys.argv[1]]
    sys.stdout.write(f"{asked(copy.copy(made()))!r:.60}\n")
