"""Fitted estimators of every kind that scikit-learn has, small and quick to fit."""

from __future__ import annotations

import copy
import operator
import warnings
from typing import Any

import numpy as np

N, D = 40, 4
_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(N, D))
POSITIVE = np.abs(X)
CLASSES = (X[:, 0] + X[:, 1] > 0).astype(int)
NUMBERS = X @ np.array([1.0, -2.0, 0.5, 0.0]) + 0.1
TEXTS = np.array(["one fish two", "red fish", "blue fish two", "one two three"] * (N // 4))
WORDS = np.array([["a", "x"], ["b", "y"], ["a", "y"], ["c", "x"]] * (N // 4), dtype=object)

#: Estimators that do not stand for themselves: they want another estimator, or other data.
_ARGUMENTS: dict[str, Any] = {
    "AdaBoostClassifier": {"n_estimators": 3}, "AdaBoostRegressor": {"n_estimators": 3},
    "BaggingClassifier": {"n_estimators": 3}, "BaggingRegressor": {"n_estimators": 3},
    "DictionaryLearning": {"max_iter": 2, "n_components": 2}, "ExtraTreesClassifier": {"n_estimators": 3},
    "ExtraTreesRegressor": {"n_estimators": 3}, "GradientBoostingClassifier": {"n_estimators": 3},
    "GradientBoostingRegressor": {"n_estimators": 3}, "HistGradientBoostingClassifier": {"max_iter": 3},
    "HistGradientBoostingRegressor": {"max_iter": 3}, "IsolationForest": {"n_estimators": 3},
    "LatentDirichletAllocation": {"n_components": 2, "max_iter": 2}, "MLPClassifier": {"max_iter": 5},
    "MLPRegressor": {"max_iter": 5}, "MiniBatchDictionaryLearning": {"max_iter": 2, "n_components": 2},
    "MiniBatchSparsePCA": {"max_iter": 2, "n_components": 2}, "RANSACRegressor": {"min_samples": 10},
    "RandomForestClassifier": {"n_estimators": 3}, "RandomForestRegressor": {"n_estimators": 3},
    "RandomTreesEmbedding": {"n_estimators": 3}, "SparsePCA": {"max_iter": 2, "n_components": 2},
    "QuantileRegressor": {"solver": "highs"}, "GaussianRandomProjection": {"n_components": 2}, "SparseRandomProjection": {"n_components": 2},
    "TheilSenRegressor": {"max_subpopulation": 50},
    "SpectralBiclustering": {"n_clusters": 2}, "SpectralCoclustering": {"n_clusters": 2},
    "SelectKBest": {"k": 2}, "NMF": {"n_components": 2, "max_iter": 5},
    "MiniBatchNMF": {"n_components": 2, "max_iter": 5}, "Isomap": {"n_neighbors": 5},
}  # fmt: skip

_POSITIVE = {"MultinomialNB", "ComplementNB", "CategoricalNB", "NMF", "MiniBatchNMF", "AdditiveChi2Sampler",
             "LatentDirichletAllocation", "PoissonRegressor", "GammaRegressor", "TweedieRegressor", "SkewedChi2Sampler"}  # fmt: skip
_TEXTS = {"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"}
_WORDS = {"OneHotEncoder", "OrdinalEncoder"}
_LABELS = {"LabelEncoder", "LabelBinarizer"}
_SKIPPED = {"DictVectorizer", "FeatureHasher", "PatchExtractor", "MultiLabelBinarizer", "SparseCoder",
            "ClassifierChain", "RegressorChain", "MultiOutputClassifier", "MultiTaskElasticNet",
            "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV", "IsotonicRegression", "CCA",
            "PLSCanonical", "PLSSVD", "FrozenEstimator", "ColumnTransformer", "Pipeline", "FeatureUnion",
            "StackingClassifier", "StackingRegressor", "VotingClassifier", "VotingRegressor", "FixedThresholdClassifier",
            "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "TSNE",
            "MultiOutputRegressor", "OutputCodeClassifier", "TunedThresholdClassifierCV", "ClassicalMDS"}  # fmt: skip


def fitted() -> dict[str, tuple[Any, Any]]:
    """Return name -> (fitted estimator, data for it)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**_generic(), **_composed()}


def _generic() -> dict[str, tuple[Any, Any]]:
    from sklearn.base import is_regressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.utils import all_estimators

    found = {}
    for name, cls in all_estimators():
        if name in _SKIPPED or not cls.__module__.startswith("sklearn."):
            continue
        arguments = dict(_ARGUMENTS.get(name, {}))
        wanted = cls._get_param_names()
        if (
            "estimator" in wanted
            and "estimator" not in arguments
            and not name.startswith(("Bag", "Ada"))
        ):
            arguments["estimator"] = Ridge() if "Regressor" in name else LogisticRegression()
        if name == "SelfTrainingClassifier" and "estimator" not in wanted:  # until scikit-learn 1.5
            arguments["base_estimator"] = LogisticRegression()
        if "random_state" in wanted:
            arguments["random_state"] = 0
        estimator = cls(**arguments)
        data = POSITIVE if name in _POSITIVE else TEXTS if name in _TEXTS else X
        data = WORDS if name in _WORDS else CLASSES if name in _LABELS else data
        if name == "KernelCenterer":
            data = X @ X.T
        if name in _LABELS:
            found[name] = (estimator.fit(data), data)
        else:
            target = np.abs(NUMBERS) + 0.1 if is_regressor(estimator) else CLASSES
            found[name] = (estimator.fit(data, target), data)
    return found


def _composed() -> dict[str, tuple[Any, Any]]:
    import pandas as pd
    from scipy import stats
    from scipy.spatial import distance
    from sklearn import (
        calibration,
        compose,
        decomposition,
        ensemble,
        feature_extraction,
        feature_selection,
        gaussian_process,
        impute,
        isotonic,
        linear_model,
        metrics,
        model_selection,
        multioutput,
        neighbors,
        pipeline,
        preprocessing,
        svm,
        tree,
    )  # fmt: skip
    from sklearn.gaussian_process import kernels

    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["word"] = WORDS[:, 0]
    classifier = linear_model.LogisticRegression()
    columns = compose.ColumnTransformer(
        [
            (
                "numbers",
                preprocessing.StandardScaler(),
                compose.make_column_selector(dtype_include="number"),
            ),
            ("words", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["word"]),
        ]
    )
    kernel = kernels.ConstantKernel() * kernels.Matern() + kernels.WhiteKernel() * kernels.RBF()
    partial_func = preprocessing.FunctionTransformer(np.log1p, inverse_func=np.expm1)
    two = np.column_stack([NUMBERS, X[:, 0]])
    made = {
        "pipeline of columns": (pipeline.make_pipeline(columns, classifier), frame, CLASSES),
        "log1p": (pipeline.make_pipeline(partial_func, classifier), POSITIVE, CLASSES),
        "numpy clip": (preprocessing.FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1}), X, None),
        "grid search": (model_selection.GridSearchCV(svm.SVC(), {"C": [1.0, 2.0]}, cv=2), X, CLASSES),
        "random search": (
            model_selection.RandomizedSearchCV(classifier, {"C": stats.loguniform(0.1, 10)}, n_iter=2, cv=2, random_state=0),
            X, CLASSES,
        ),
        "scorer": (
            model_selection.GridSearchCV(classifier, {"C": [1.0]}, cv=model_selection.StratifiedKFold(2),
                                         scoring=metrics.make_scorer(metrics.f1_score, average="macro")),
            X, CLASSES,
        ),
        "stacking": (ensemble.StackingRegressor([("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=2))]), X, NUMBERS),
        "voting": (ensemble.VotingClassifier([("a", classifier), ("b", tree.DecisionTreeClassifier(max_depth=2))]), X, CLASSES),
        "calibrated": (calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2), X, CLASSES),
        "calibrated isotonic": (calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2, method="isotonic"), X, CLASSES),
        "gaussian process": (gaussian_process.GaussianProcessRegressor(kernel, random_state=0), X, NUMBERS),
        "iterative imputer": (pipeline.make_pipeline(_iterative(impute), linear_model.Ridge()), X, NUMBERS),
        "select mutual information": (feature_selection.SelectKBest(feature_selection.mutual_info_classif, k=2), X, CLASSES),
        "select chi2": (feature_selection.SelectKBest(feature_selection.chi2, k=2), POSITIVE, CLASSES),
        "text": (pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), classifier), TEXTS, CLASSES),
        "text counted": (pipeline.make_pipeline(feature_extraction.text.CountVectorizer(stop_words="english"), feature_extraction.text.TfidfTransformer(), classifier), TEXTS, CLASSES),
        "multi output": (multioutput.MultiOutputRegressor(linear_model.Ridge()), X, two),
        "chain": (multioutput.RegressorChain(linear_model.Ridge()), X, two),
        "forest of two": (ensemble.RandomForestRegressor(3, random_state=0), X, two),
        "isotonic": (isotonic.IsotonicRegression(), X[:, 0], NUMBERS),
        "haversine": (neighbors.KNeighborsRegressor(metric="haversine", algorithm="ball_tree"), X[:, :2], NUMBERS),
        "kd tree": (neighbors.KNeighborsClassifier(algorithm="kd_tree"), X, CLASSES),
        "target transformed": (compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1), X, np.abs(NUMBERS)),
        "union": (pipeline.FeatureUnion([("a", decomposition.PCA(2)), ("b", preprocessing.MinMaxScaler())]), X, None),
        "hist three": (ensemble.HistGradientBoostingClassifier(max_iter=3), X, np.arange(N) % 3),
        "boosting three": (ensemble.GradientBoostingClassifier(n_estimators=3), X, np.arange(N) % 3),
        "boosting huber": (ensemble.GradientBoostingRegressor(n_estimators=3, loss="huber"), X, NUMBERS),
        "sgd squared hinge": (linear_model.SGDClassifier(loss="squared_hinge", random_state=0), X, CLASSES),
        "words": (classifier_of_words(preprocessing, tree), WORDS, np.array(["yes", "no"] * (N // 2), dtype=object)),
        "random state": (ensemble.RandomForestClassifier(3, random_state=np.random.RandomState(0)), X, CLASSES),
        "frame": (tree.DecisionTreeRegressor(max_depth=2), frame[["a", "b"]], frame["c"]),
        "dict": (feature_extraction.DictVectorizer(), [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}], None),
        "lower": (pipeline.make_pipeline(feature_extraction.text.CountVectorizer(preprocessor=str.lower, tokenizer=str.split, token_pattern=None), classifier), TEXTS, CLASSES),
        "to numeric": (preprocessing.FunctionTransformer(pd.to_numeric), frame["a"], None),
        "item": (preprocessing.FunctionTransformer(operator.itemgetter("a")), frame, None),
        "distance": (neighbors.KNeighborsClassifier(metric=distance.euclidean), X, CLASSES),
        "columns by pattern": (compose.make_column_transformer((preprocessing.StandardScaler(), compose.make_column_selector(pattern="^[a-c]$", dtype_include=["number", np.number]))), frame, None),
        "keeps columns": (compose.ColumnTransformer([("numbers", preprocessing.StandardScaler(), frame.columns[:3])]), frame, None),
        "keeps a series": (preprocessing.FunctionTransformer(np.isin, kw_args={"test_elements": frame["word"]}), WORDS, None),
        "keeps a frame": (preprocessing.FunctionTransformer(np.isin, kw_args={"test_elements": frame[["a"]]}), X, None),
    }  # fmt: skip
    if hasattr(model_selection, "TunedThresholdClassifierCV"):  # since scikit-learn 1.5
        tuned = model_selection.TunedThresholdClassifierCV(classifier, cv=2)
        made["threshold"] = (tuned, X, CLASSES)
        made["fixed threshold"] = (model_selection.FixedThresholdClassifier(classifier), X, CLASSES)
    return {
        name: (copy.deepcopy(estimator).fit(data, target), data)
        for name, (estimator, data, target) in made.items()
    }


def _iterative(impute: Any) -> Any:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - lets it be imported

    return impute.IterativeImputer(max_iter=2, random_state=0)


def classifier_of_words(preprocessing: Any, tree: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    return make_pipeline(preprocessing.OrdinalEncoder(), tree.DecisionTreeClassifier(max_depth=2))


def answer(estimator: Any, data: Any) -> Any:
    """Return what the estimator says about the data: a prediction, else what it makes of them."""
    for method in ("predict", "transform", "kneighbors", "score_samples"):
        if hasattr(estimator, method):
            return getattr(estimator, method)(data)
    return vars(estimator).get("labels_", vars(estimator).get("embedding_"))
