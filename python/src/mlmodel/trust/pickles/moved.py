"""Where names of old pickles live today.

Python 2's and the libraries' former places; applied before a name is looked up, so the list
itself holds one place per class.
"""

from __future__ import annotations

__all__ = ["current_name"]

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
    "numpy.core": "numpy._core",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
    "pandas.indexes.base": "pandas.core.indexes.base",
    "pandas.indexes.range": "pandas.core.indexes.range",
    "pandas.core.internals": "pandas.core.internals.managers",
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

_NAMES = {
    ("__builtin__", "long"): ("builtins", "int"),
    ("__builtin__", "unicode"): ("builtins", "str"),
    ("__builtin__", "xrange"): ("builtins", "range"),
    ("numpy.ma.core", "MaskedArray"): ("numpy.ma", "MaskedArray"),
    ("numpy.core.records", "recarray"): ("numpy.rec", "recarray"),
    ("sklearn.utils", "Bunch"): ("sklearn.utils._bunch", "Bunch"),
    ("sklearn.datasets.base", "Bunch"): ("sklearn.utils._bunch", "Bunch"),
    ("sklearn.metrics._dist_metrics", "EuclideanDistance"): (
        "sklearn.metrics._dist_metrics",
        "EuclideanDistance64",
    ),
}


def current_name(module: str, name: str) -> tuple[str, str]:
    """Return where ``module.name`` of a pickle is defined today (itself when it never moved)."""
    if (module, name) in _NAMES:
        return _NAMES[module, name]
    moved = _MODULES.get(module, module)
    return _NAMES.get((moved, name), (moved, name))
