"""One place per name, whichever version of its library wrote it or is installed (TRU-019, TRU-072).

Python 2's and the libraries' former places, and those under which a newer version shows a class
(``pandas.DataFrame``), are taken for one place before a name is looked up in the list. What an
older installed version has elsewhere is found by ``places``. The places that can be read off the
installed libraries are in ``places.tsv``, made together with the list.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mlmodel._base.packaged import read_packaged

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["current_name", "places", "written_name"]

_SKLEARN = {
    "cluster": {
        "affinity_propagation_": "_affinity_propagation",
        "bicluster": "_bicluster",
        "birch": "_birch",
        "dbscan_": "_dbscan",
        "hierarchical": "_agglomerative",
        "k_means_": "_kmeans",
        "mean_shift_": "_mean_shift",
        "optics_": "_optics",
        "spectral": "_spectral",
    },
    "covariance": {
        "elliptic_envelope": "_elliptic_envelope",
        "empirical_covariance_": "_empirical_covariance",
        "graph_lasso_": "_graph_lasso",
        "robust_covariance": "_robust_covariance",
        "shrunk_covariance_": "_shrunk_covariance",
    },
    "cross_decomposition": {"cca_": "_pls", "pls_": "_pls"},
    "decomposition": {
        "dict_learning": "_dict_learning",
        "factor_analysis": "_factor_analysis",
        "fastica_": "_fastica",
        "incremental_pca": "_incremental_pca",
        "kernel_pca": "_kernel_pca",
        "nmf": "_nmf",
        "online_lda": "_lda",
        "pca": "_pca",
        "sparse_pca": "_sparse_pca",
        "truncated_svd": "_truncated_svd",
    },
    "ensemble": {
        "bagging": "_bagging",
        "base": "_base",
        "forest": "_forest",
        "gradient_boosting": "_gb",
        "iforest": "_iforest",
        "stacking": "_stacking",
        "voting": "_voting",
        "voting_classifier": "_voting",
        "weight_boosting": "_weight_boosting",
    },
    "feature_extraction": {"dict_vectorizer": "_dict_vectorizer", "hashing": "_hash"},
    "feature_selection": {
        "from_model": "_from_model",
        "mutual_info_": "_mutual_info",
        "rfe": "_rfe",
        "univariate_selection": "_univariate_selection",
        "variance_threshold": "_variance_threshold",
    },
    "gaussian_process": {"gpc": "_gpc", "gpr": "_gpr"},
    "linear_model": {
        "base": "_base",
        "bayes": "_bayes",
        "coordinate_descent": "_coordinate_descent",
        "huber": "_huber",
        "least_angle": "_least_angle",
        "logistic": "_logistic",
        "omp": "_omp",
        "passive_aggressive": "_passive_aggressive",
        "perceptron": "_perceptron",
        "ransac": "_ransac",
        "ridge": "_ridge",
        "sgd_fast": "_sgd_fast",
        "stochastic_gradient": "_stochastic_gradient",
        "theil_sen": "_theil_sen",
    },
    "manifold": {
        "isomap": "_isomap",
        "locally_linear": "_locally_linear",
        "mds": "_mds",
        "spectral_embedding_": "_spectral_embedding",
        "t_sne": "_t_sne",
    },
    "metrics": {"scorer": "_scorer"},
    "mixture": {
        "base": "_base",
        "bayesian_mixture": "_bayesian_mixture",
        "gaussian_mixture": "_gaussian_mixture",
    },
    "neighbors": {
        "ball_tree": "_ball_tree",
        "base": "_base",
        "classification": "_classification",
        "kd_tree": "_kd_tree",
        "kde": "_kde",
        "lof": "_lof",
        "nca": "_nca",
        "nearest_centroid": "_nearest_centroid",
        "regression": "_regression",
        "unsupervised": "_unsupervised",
    },
    "neural_network": {"multilayer_perceptron": "_multilayer_perceptron", "rbm": "_rbm"},
    "preprocessing": {
        "data": "_data",
        "label": "_label",
    },
    "semi_supervised": {"label_propagation": "_label_propagation"},
    "svm": {"base": "_base", "classes": "_classes"},
    "tree": {"tree": "_classes"},
}

_MODULES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    # Compiled by scikit-learn 1.5 to 1.7 under its bare name; Python knows it by both.
    "_loss": "sklearn._loss._loss",
    "numpy.core": "numpy._core",
    "numpy._core._multiarray_umath": "numpy",
    "numpy.core._multiarray_umath": "numpy",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
    "pandas.indexes.base": "pandas.core.indexes.base",
    "pandas.indexes.range": "pandas.core.indexes.range",
    "pandas.core.internals": "pandas.core.internals.managers",
    "scipy.special._special_ufuncs": "scipy.special",
    "scipy.special._ufuncs": "scipy.special",
    "scipy.sparse.bsr": "scipy.sparse._bsr",
    "scipy.sparse.coo": "scipy.sparse._coo",
    "scipy.sparse.csc": "scipy.sparse._csc",
    "scipy.sparse.csr": "scipy.sparse._csr",
    "scipy.sparse.dia": "scipy.sparse._dia",
    "scipy.sparse.dok": "scipy.sparse._dok",
    "scipy.sparse.lil": "scipy.sparse._lil",
    "scipy.interpolate.interpolate": "scipy.interpolate._interpolate",
    "sklearn.externals.joblib.numpy_pickle": "joblib.numpy_pickle",
    "sklearn.neighbors._dist_metrics": "sklearn.metrics._dist_metrics",
    "sklearn.neighbors.dist_metrics": "sklearn.metrics._dist_metrics",
    **{
        f"sklearn.{package}.{old}": f"sklearn.{package}.{new}"
        for package, modules in _SKLEARN.items()
        for old, new in modules.items()
    },
}

_DISTANCES = (
    "BrayCurtis",
    "Canberra",
    "Chebyshev",
    "Dice",
    "Euclidean",
    "Hamming",
    "Haversine",
    "Jaccard",
    "Kulsinski",
    "Mahalanobis",
    "Manhattan",
    "Matching",
    "Minkowski",
    "PyFunc",
    "RogersTanimoto",
    "RussellRao",
    "SEuclidean",
    "SokalMichener",
    "SokalSneath",
    "WMinkowski",
)

_CURVE_SCORER = ("sklearn.metrics._scorer", "_CurveScorer")

_NAMES = {
    ("__builtin__", "long"): ("builtins", "int"),
    ("__builtin__", "unicode"): ("builtins", "str"),
    ("__builtin__", "xrange"): ("builtins", "range"),
    ("numpy", "bool_"): ("numpy", "bool"),
    # Windows writes C's int under its own name.
    ("numpy", "intc"): ("numpy", "int32"),
    ("numpy", "uintc"): ("numpy", "uint32"),
    ("numpy", "recarray"): ("numpy.rec", "recarray"),
    ("numpy.core.records", "recarray"): ("numpy.rec", "recarray"),
    ("numpy.ma.core", "MaskedArray"): ("numpy.ma", "MaskedArray"),
    ("pandas", "NA"): ("pandas._libs.missing", "NA"),
    ("sklearn.utils", "Bunch"): ("sklearn.utils._bunch", "Bunch"),
    ("sklearn.datasets.base", "Bunch"): ("sklearn.utils._bunch", "Bunch"),
    ("sklearn.model_selection._classification_threshold", "_CurveScorer"): _CURVE_SCORER,
    **{
        ("sklearn.metrics._dist_metrics", f"{kind}Distance"): (
            "sklearn.metrics._dist_metrics",
            f"{kind}Distance64",
        )
        for kind in _DISTANCES
    },
}

#: Where older versions that are still supported have what is listed at its newer place.
_OLDER = {
    ("numpy", "bool"): ("numpy", "bool_"),
    ("numpy.rec", "recarray"): ("numpy", "recarray"),
    _CURVE_SCORER: ("sklearn.model_selection._classification_threshold", "_CurveScorer"),
    **{new: old for old, new in _NAMES.items() if new[0] == "sklearn.metrics._dist_metrics"},
}


@cache
def _read_off() -> dict[tuple[str, str], tuple[str, str]]:
    """Return the places that were read off the installed versions: (module, name) -> today's."""
    text = read_packaged("trust/places.tsv").decode()
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return {(module, name): (place, name) for module, name, place in rows}


def written_name(module: str, name: str) -> tuple[str, str]:
    """Return the place that this file alone gives for ``module.name`` (itself: it never moved)."""
    if (module, name) in _NAMES:
        return _NAMES[module, name]
    moved = _MODULES.get(module, module)
    return _NAMES.get((moved, name), (moved, name))


def current_name(module: str, name: str) -> tuple[str, str]:
    """Return the one place of ``module.name`` of a pickle (itself when it never moved)."""
    place = written_name(module, name)
    return _read_off().get(place, place)


def places(module: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield where the name of a place may be found in the installed version, newest first."""
    yield module, name
    if (module, name) in _OLDER:
        yield _OLDER[module, name]
    if module.startswith("numpy._core"):
        yield module.replace("numpy._core", "numpy.core", 1), name
