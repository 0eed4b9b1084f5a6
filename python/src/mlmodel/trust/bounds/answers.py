"""Members whose answers become places: exactly one number for each row of the data (TRU-099).

A one-vs-rest estimator of several labels makes a sparse matrix of the places at which its members
say yes, and gradient boosting adds to what its first estimator answers, in compiled code that does
not look. Any array of a member may make more or fewer rows: by its own rows, by broadcasting
against a single row of data, by a function that repeats rows. So such a member must be of a closed
list of classes, each with a check of all that its answer's shape comes from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.keepers import PASSED, keeps_rows
from mlmodel.trust.bounds.values import attributes, is_array, is_count, is_vector, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["TABLE"]


def _rest(estimator: Any) -> str:
    """Check the members of a one-vs-rest estimator, where their answers become rows."""
    state = attributes(estimator)
    members = state.get("estimators_")
    if members is None:
        return ""
    binarizer = state.get("label_binarizer_")
    known = place_of(binarizer) == "sklearn.preprocessing._label.LabelBinarizer"
    if known and attributes(binarizer).get("y_type_") == "multiclass":
        return ""  # numpy compares the answers, and refuses other numbers of them
    right = known and isinstance(members, list | tuple) and _all(members, _Seen())
    return "" if right else _REASON.format("a one-vs-rest estimator")


def _boosting(estimator: Any) -> str:
    """Check the first estimator of gradient boosting, whose answer compiled code adds to."""
    if "estimators_" not in attributes(estimator) or _begins_well(estimator, _Seen()):
        return ""
    return _REASON.format("a boosted estimator")


_REASON = (
    "{} has a member that may answer more or fewer than one number for each row, "
    "or one of a class whose answers are not known"
)


class _Seen(set[int]):
    """The estimators that are being looked at: none is a member of itself."""


def _one(estimator: Any, seen: _Seen) -> bool:
    """Return whether an estimator answers exactly one number, or chances, for each row."""
    place = place_of(estimator)
    if not place.startswith(_LISTED):
        return True  # a class that the user allowed
    if place not in _PREDICTORS or id(estimator) in seen:
        return False
    inner = _Seen(seen | {id(estimator)})
    state = attributes(estimator)
    classes = state.get("classes_")
    flat = classes is None or is_vector(classes)
    return flat and _PREDICTORS[place](estimator, state, inner)


def _all(members: Iterable[Any], seen: _Seen) -> bool:
    return all(_one(member, seen) for member in members)


def _begins_well(estimator: Any, seen: _Seen) -> bool:
    first = attributes(estimator).get("init_")
    return isinstance(first, str) or _one(first, seen)


def _linear(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    """Check that there is one row of coefficients, and one number that is added."""
    coefficients = state.get("coef_")
    plain = is_vector(coefficients) or is_array(coefficients, 1, None)
    sparse = type(coefficients).__module__.startswith("scipy.sparse.")
    one = plain or (sparse and coefficients.shape[:-1] == (1,))
    return one and _is_number(state.get("intercept_"))


def _is_number(value: Any) -> bool:
    import numpy as np

    return (type(value) is not bool and isinstance(value, int | float | np.number)) or (
        is_array(value) or is_array(value, 1)
    )


def _tree(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    return is_count(state.get("n_outputs_"), 1, 1) and state["tree_"].n_outputs == 1


def _of_one_output(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    """Check a class that sets its rows aside by the data, as soon as it has one output."""
    return is_count(state.get("n_outputs_"), 1, 1)


def _grown(estimator: Any, state: Any, seen: _Seen) -> bool:
    return state["estimators_"].shape[1] == 1 and _begins_well(estimator, seen)


def _histograms(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    preprocessor = state.get("_preprocessor")
    return is_count(state.get("n_trees_per_iteration_"), 1, 1) and (
        preprocessor is None or keeps_rows(preprocessor)
    )


def _machine(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    return is_array(state.get("_n_support"), 2, kinds="i")


def _normal(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    return (
        is_vector(state.get("class_prior_"))
        and is_array(state.get("theta_"), None, None, kinds="f")
        and is_array(state.get("var_"), None, None, kinds="f")
    )


def _discrete(estimator: Any, state: Any, _seen: _Seen) -> bool:
    chances = state.get("feature_log_prob_")
    several = isinstance(chances, list) and type(estimator).__name__ == "CategoricalNB"
    right = several or is_array(chances, None, None, kinds="f")
    return right and is_vector(state.get("class_log_prior_"))


def _neighbors(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    labels = state.get("_y")
    return is_vector(labels) or is_array(labels, None, 1)


def _layers(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    layers = state.get("coefs_")
    right = isinstance(layers, list) and layers and all(is_array(one, None, None) for one in layers)
    return bool(right) and is_count(state.get("n_outputs_"), 1, 1) and layers[-1].shape[1] == 1


def _constant(_estimator: Any, state: Any, _seen: _Seen) -> bool:
    return is_array(state.get("y_"), 1)


def _dummy(estimator: Any, state: Any, seen: _Seen) -> bool:
    prior = state.get("class_prior_")
    return _of_one_output(estimator, state, seen) and (prior is None or is_vector(prior))


def _boosters(estimator: Any, _state: Any, _seen: _Seen) -> bool:
    """Check that a booster answers one number for each row: it says so in its configuration."""
    config = json.loads(estimator.get_booster().save_config())
    param = config["learner"]["learner_model_param"]
    return param["num_class"] in {"0", "1"} and param.get("num_target", "1") == "1"


def _weighted(_estimator: Any, state: Any, seen: _Seen) -> bool:
    members = state.get("estimators_")
    trees = isinstance(members, list) and all(
        place_of(one).startswith("sklearn.tree._classes.") and _one(one, seen) for one in members
    )
    several = state.get("n_classes_", 2)
    return trees and is_vector(state.get("estimator_weights_")) and is_count(several, 2, 2)


def _bagging(_estimator: Any, state: Any, seen: _Seen) -> bool:
    return is_count(state.get("n_estimators"), 1) and _all(state.get("estimators_", [None]), seen)


def _by(*names: str) -> Callable[[Any, Any, _Seen], bool]:
    """Return the check of an estimator that answers what its members do."""

    def run(_estimator: Any, state: Any, seen: _Seen) -> bool:
        held = [state[name] for name in names if name in state]
        every = [x for one in held for x in (one if isinstance(one, list | tuple) else [one])]
        return bool(every) and _all((one for one in every if one not in PASSED), seen)

    return run


def _chosen(_estimator: Any, state: Any, seen: _Seen) -> bool:
    steps = state.get("steps")
    if not isinstance(steps, list) or not steps:
        return False
    return all(keeps_rows(one) for _, one in steps[:-1]) and _one(steps[-1][1], seen)


def _single(_estimator: Any, state: Any, seen: _Seen) -> bool:
    members = state.get("estimators_")
    return isinstance(members, list) and len(members) == 1 and _all(members, seen)


def _any(*_: Any) -> bool:
    """Accept a class that fills in an array as long as its data, whatever else it keeps."""
    return True


_LISTED = (
    "builtins.", "collections.", "datetime.", "decimal.", "functools.", "joblib.", "numpy.",
    "operator.", "pandas.", "pyarrow.", "scipy.", "sklearn.", "xgboost.",
)  # fmt: skip
_NAMES: dict[str, tuple[Callable[[Any, Any, _Seen], bool], tuple[str, ...]]] = {
    "sklearn.calibration": (_any, ("CalibratedClassifierCV",)),
    "sklearn.discriminant_analysis": (_linear, ("LinearDiscriminantAnalysis",)),
    "sklearn.dummy": (_dummy, ("DummyClassifier", "DummyRegressor")),
    "sklearn.ensemble._bagging": (_bagging, ("BaggingClassifier", "BaggingRegressor")),
    "sklearn.ensemble._forest": (
        _of_one_output,
        (
            "ExtraTreesClassifier", "ExtraTreesRegressor",
            "RandomForestClassifier", "RandomForestRegressor",
        ),
    ),
    "sklearn.ensemble._gb": (_grown, ("GradientBoostingClassifier", "GradientBoostingRegressor")),
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": (
        _histograms, ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
    ),
    "sklearn.ensemble._stacking": (
        _by("estimators_", "final_estimator_"), ("StackingClassifier", "StackingRegressor"),
    ),
    "sklearn.ensemble._voting": (_by("estimators_"), ("VotingClassifier", "VotingRegressor")),
    "sklearn.ensemble._weight_boosting": (_weighted, ("AdaBoostClassifier", "AdaBoostRegressor")),
    "sklearn.feature_selection._rfe": (_by("estimator_"), ("RFE", "RFECV")),
    "sklearn.frozen._frozen": (_by("estimator"), ("FrozenEstimator",)),
    "sklearn.linear_model._base": (_linear, ("LinearRegression",)),
    "sklearn.linear_model._bayes": (_linear, ("ARDRegression", "BayesianRidge")),
    "sklearn.linear_model._coordinate_descent": (
        _linear, ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV"),
    ),
    "sklearn.linear_model._glm.glm": (
        _linear, ("GammaRegressor", "PoissonRegressor", "TweedieRegressor"),
    ),
    "sklearn.linear_model._huber": (_linear, ("HuberRegressor",)),
    "sklearn.linear_model._least_angle": (
        _linear, ("Lars", "LarsCV", "LassoLars", "LassoLarsCV", "LassoLarsIC"),
    ),
    "sklearn.linear_model._logistic": (_linear, ("LogisticRegression", "LogisticRegressionCV")),
    "sklearn.linear_model._omp": (
        _linear, ("OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV"),
    ),
    "sklearn.linear_model._passive_aggressive": (
        _linear, ("PassiveAggressiveClassifier", "PassiveAggressiveRegressor"),
    ),
    "sklearn.linear_model._perceptron": (_linear, ("Perceptron",)),
    "sklearn.linear_model._quantile": (_linear, ("QuantileRegressor",)),
    "sklearn.linear_model._ransac": (_by("estimator_"), ("RANSACRegressor",)),
    "sklearn.linear_model._ridge": (
        _linear, ("Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"),
    ),
    "sklearn.linear_model._stochastic_gradient": (_linear, ("SGDClassifier", "SGDRegressor")),
    "sklearn.linear_model._theil_sen": (_linear, ("TheilSenRegressor",)),
    "sklearn.model_selection._classification_threshold": (
        _by("estimator_"), ("FixedThresholdClassifier", "TunedThresholdClassifierCV"),
    ),
    "sklearn.model_selection._search": (
        _by("best_estimator_"), ("GridSearchCV", "RandomizedSearchCV"),
    ),
    "sklearn.model_selection._search_successive_halving": (
        _by("best_estimator_"), ("HalvingGridSearchCV", "HalvingRandomSearchCV"),
    ),
    "sklearn.multiclass": (_single, ("OneVsRestClassifier",)),
    "sklearn.naive_bayes": (
        _discrete, ("BernoulliNB", "CategoricalNB", "ComplementNB", "MultinomialNB"),
    ),
    "sklearn.neighbors._classification": (_any, ("KNeighborsClassifier",)),
    "sklearn.neighbors._regression": (_neighbors, ("KNeighborsRegressor",)),
    "sklearn.neural_network._multilayer_perceptron": (_layers, ("MLPClassifier", "MLPRegressor")),
    "sklearn.pipeline": (_chosen, ("Pipeline",)),
    "sklearn.semi_supervised._self_training": (
        _by("estimator_", "base_estimator_"), ("SelfTrainingClassifier",),
    ),
    "sklearn.svm._classes": (_machine, ("NuSVC", "NuSVR", "SVC", "SVR")),
    "sklearn.tree._classes": (
        _tree,
        (
            "DecisionTreeClassifier", "DecisionTreeRegressor",
            "ExtraTreeClassifier", "ExtraTreeRegressor",
        ),
    ),
    "xgboost.sklearn": (
        _boosters, ("XGBClassifier", "XGBRFClassifier", "XGBRFRegressor", "XGBRegressor"),
    ),
}  # fmt: skip
_PREDICTORS = {
    "sklearn.multiclass._ConstantPredictor": _constant,
    "sklearn.naive_bayes.GaussianNB": _normal,
    **dict.fromkeys(("sklearn.svm._classes.LinearSVC", "sklearn.svm._classes.LinearSVR"), _linear),
    **{f"{module}.{name}": run for module, (run, names) in _NAMES.items() for name in names},
}

TABLE: dict[str, Callable[[Any], str]] = {
    "sklearn.ensemble._gb.BaseGradientBoosting": _boosting,
    "sklearn.multiclass.OneVsRestClassifier": _rest,
}
