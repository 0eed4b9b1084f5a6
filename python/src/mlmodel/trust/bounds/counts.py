"""Counts that an estimator's answer goes over, or sets memory aside by (TRU-096).

No memory of another is read with them, but one number of a small file would keep a machine busy
for ever. So each is held against what the fitted arrays show, or against a limit that no honest
model comes near.
"""

from __future__ import annotations

import re
import sys
from math import prod
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.values import (
    INTEGERS,
    attributes,
    is_array,
    is_count,
    is_within,
    width_of,
)
from mlmodel.trust.bounds.walk import objects

if TYPE_CHECKING:
    import functools
    from collections.abc import Callable, Iterator

__all__ = ["MOST_REPEATS", "TABLE", "repeats"]

#: Threads or processes are started by this number.
_MOST_JOBS = 1024
#: Columns, classes, members: what a name is made for, or a row set aside.
_MOST_PARTS = 2**24
#: Products of features, each of which is made by itself.
_MOST_PRODUCTS = 2**22
#: Rounds until something does not change any more.
_MOST_ROUNDS = 10**6
_HIGHEST_DEGREE = 1024
#: Parts of a sketch, for each of which a wave is made of every row.
_MOST_SKETCHED = 2**18
#: What a function repeats, all its arguments taken together; functions of the list that do so.
MOST_REPEATS = 10**6
_REPEATING = frozenset(
    {"diff", "fft", "histogram", "repeat", "split", "tile", "quantile_transform"}
)
#: The codes of whole numbers in the types of a ufunc.
_INTEGERS = frozenset("bhilqpBHILQP")
_JOBS = frozenset({"n_jobs", "n_threads", "_n_threads"})
#: Counts of an estimator by their names, but those of rows that it saw and of rounds of fitting.
_COUNT = re.compile(r"_?n_(?!samples|iter|init|epochs|jobs|threads)\w*\Z")


def _estimator(estimator: Any) -> str:
    """Check every count that an estimator has under the names that they have in the library."""
    if not type(estimator).__module__.startswith("sklearn."):
        return ""  # a class that the user allowed has names of its own
    for key, value in attributes(estimator).items():
        if key in _JOBS and value is not None and not is_count(value, -(2**31), _MOST_JOBS):
            return f"an estimator asks for an invalid number of jobs ({key})"
        if type(key) is str and _COUNT.match(key) and _is_far(value):
            most = 2**31 - 1 if key == "n_features" else max(_MOST_PARTS, _shown(estimator))
            if not is_count(value, -most, most):
                return f"an estimator counts more parts than it can have ({key})"
    return ""


def _is_far(value: Any) -> bool:
    """Whether a value is a number beyond what any count may be; lists and texts are none."""
    import numpy as np

    number = isinstance(value, int | float | np.integer | np.floating)
    return number and not -_MOST_PARTS <= value <= _MOST_PARTS


def _shown(estimator: Any) -> int:
    """Return the length of the longest side of the arrays that an estimator has."""
    shapes = (getattr(one, "shape", ()) for one in attributes(estimator).values())
    sides = (max(one, default=0) for one in shapes if type(one) is tuple)
    return max(sides, default=0)


def _rounds(*names: str, parts: str = "") -> Callable[[Any], str]:
    """Return the check of so many rounds; ``parts`` has a row for each of the components."""

    def run(estimator: Any) -> str:
        state = attributes(estimator)
        for name in names:
            value = state.get(name)
            if value is not None and not is_count(value, 0, _MOST_ROUNDS):
                return f"an estimator would go on for too many rounds ({name})"
        kept = state.get("_n_components")
        if parts and kept is not None and parts in state:
            rows = len(state[parts])
            return "" if is_count(kept, rows, rows) else "an estimator has other parts than it says"
        return ""

    return run


def _powers(estimator: Any) -> str:
    """Check the degrees: how many products there are follows from them and the data's width."""
    state = attributes(estimator)
    if "_max_degree" not in state:
        return ""
    least, most, width = state.get("_min_degree"), state["_max_degree"], width_of(estimator)
    right = is_count(most, 0, _HIGHEST_DEGREE) and is_count(least, 0, most)
    right = right and width >= 0 and _products(state, width, most) <= _MOST_PRODUCTS
    right = right and all(
        is_count(state.get(key), 0, _MOST_PRODUCTS) for key in ("_n_out_full", "n_output_features_")
    )
    return "" if right else "powers of features are of a degree that gives too many"


def _products(state: dict[str, Any], width: int, degree: int) -> int:
    """Return how many products there are, or any number beyond the limit."""
    if not state.get("interaction_only"):
        return _choices(width + degree, degree)
    return sum(_choices(width, one) for one in range(min(width, degree) + 1))


def _choices(every: int, chosen: int) -> int:
    """Return in how many ways so many are chosen, or any number beyond the limit."""
    count = 1
    for one in range(min(chosen, every - chosen)):
        count = count * (every - one) // (one + 1)
        if count > _MOST_PRODUCTS:
            break
    return count


def _splines(estimator: Any) -> str:
    state = attributes(estimator)
    splines = state.get("bsplines_")
    if splines is None:
        return ""
    columns = sum(one.c.shape[1] for one in splines)
    right = all(state.get("degree") == one.k for one in splines)
    right = right and is_count(state.get("n_features_out_"), 0, columns)
    return "" if right else "splines are of another degree, or make other columns, than they say"


def _steps(estimator: Any) -> str:
    """Check the steps of a sampler, each of which adds two columns for every feature."""
    steps = attributes(estimator).get("sample_steps")
    width = max(width_of(estimator), 1)
    right = is_count(steps, 0, 10**4) and (2 * int(steps) + 1) * width <= _MOST_PARTS
    return "" if right else "a sampler takes more steps than there can be"


def _sketch(estimator: Any) -> str:
    state = attributes(estimator)
    hashes, degree, parts = state.get("indexHash_"), state.get("degree"), state.get("n_components")
    if hashes is None:
        return ""
    right = (
        is_array(hashes, None, None, kinds=INTEGERS)
        and is_count(degree, len(hashes), len(hashes))
        and is_count(parts, 1, _MOST_SKETCHED // max(len(hashes), 1))
        and is_within(hashes, int(parts))
    )
    return "" if right else "a sketch of powers has other numbers than its degree and parts"


def _embedding(estimator: Any) -> str:
    state = attributes(estimator)
    kept = state.get("embedding_")
    if kept is None:
        return ""
    right = is_array(kept, None, None)
    right = right and is_count(state.get("n_components"), kept.shape[1], kept.shape[1])
    return "" if right else "an embedding has other columns than it says"


def _merged(estimator: Any) -> str:
    """Check the clusters of features: there is a column up to the highest of them."""
    labels = attributes(estimator).get("labels_")
    right = labels is None or (
        is_array(labels, None, kinds=INTEGERS) and is_within(labels, len(labels))
    )
    return "" if right else "features are merged to columns that there cannot be"


def _same_outputs(estimator: Any) -> str:
    state = attributes(estimator)
    constant = state.get("constant_")
    if constant is None:
        return ""
    outputs = constant.shape[-1] if getattr(constant, "ndim", 0) else 1
    right = is_count(state.get("n_outputs_"), outputs, outputs)
    return "" if right else "a constant has other columns than it says"


def _stages(estimator: Any) -> str:
    state = attributes(estimator)
    stages = state.get("_predictors")
    if not stages:
        return ""
    trees = len(stages[0])
    right = all(len(one) == trees for one in stages)
    right = right and is_count(state.get("n_trees_per_iteration_"), trees, trees)
    return "" if right else "a model of histograms has other trees in a stage than it says"


def _ngrams(estimator: Any) -> str:
    """Check the lengths of groups of words: below one there are ever more of them."""
    lengths = attributes(estimator).get("ngram_range", (1, 1))
    right = len(lengths) == 2 and is_count(lengths[0], 1) and is_count(lengths[1], 1)  # noqa: PLR2004
    return "" if right else "words are put together in groups of an invalid length"


def _votes(estimator: Any) -> str:
    """Check the labels of members: votes are counted up to the highest of them."""
    state = attributes(estimator)
    if state.get("voting", "hard") == "soft" or "estimators_" not in state:
        return ""
    members = objects([state["estimators_"], state.get("named_estimators_")])
    given = [attributes(one).get(name) for one in members for name in _LABELS]
    right = all(abs(one) <= _MOST_PARTS for one in _numbers(given) if isinstance(one, int))
    return "" if right else "votes are counted for a label that is too large"


#: What members answer.
_LABELS = ("classes", "classes_", "constant", "constant_", "y_", "_y", "outlier_label_")


def _partial(one: functools.partial[Any]) -> str:
    return _called(one.func, [*one.args, one.keywords])


def _function(estimator: Any) -> str:
    state = attributes(estimator)
    pairs = (("func", "kw_args"), ("inverse_func", "inv_kw_args"))
    reasons = (_called(state.get(func), [state.get(given)]) for func, given in pairs)
    return next(filter(None, reasons), "")


def _called(function: Any, given: list[Any]) -> str:
    """Check the numbers that a function is called with, where it repeats something by them."""
    named = [one for one in given if isinstance(one, dict)]
    if any(not is_count(one.get("n_jobs") or 1, -(2**31), _MOST_JOBS) for one in named):
        return "a function asks for an invalid number of jobs"
    right = repeats(function, given) <= MOST_REPEATS
    return "" if right else "a function is to repeat something more often than it may"


def repeats(function: Any, given: list[Any]) -> int:
    """Return how often a function repeats something by its arguments, or more than the limit."""
    special = _takes_a_count(function)
    if not special and not _is_repeating(function):
        return 1
    # Compiled functions of scipy make whole numbers of any; those of numpy refuse them.
    numbers = [one for one in _numbers(given) if special or isinstance(one, int)]
    # What is not a number is not within the limit.
    right = all(abs(one) <= MOST_REPEATS for one in numbers)
    return prod(max(1, int(abs(one))) for one in numbers) if right else MOST_REPEATS + 1


def _is_repeating(function: Any) -> bool:
    """Whether a function of numpy or scikit-learn goes on for as long as an argument says."""
    module = getattr(function, "__module__", None) or ""
    named = getattr(function, "__name__", "") in _REPEATING
    return named and module.startswith(("numpy", "sklearn."))


def _takes_a_count(function: Any) -> bool:
    """Whether it is a function of scipy with a whole number among its arguments."""
    import numpy as np

    special = sys.modules.get("scipy.special")
    if special is None or not isinstance(function, np.ufunc):
        return False
    own = getattr(special, function.__name__, None) is function
    return own and any(not _INTEGERS.isdisjoint(one.split("->")[0]) for one in function.types)


def _numbers(given: Any) -> Iterator[int | float]:
    """Yield the numbers in arguments, of each array the least and the largest one."""
    import numpy as np

    pending, seen = [given], set()
    while pending:
        one = pending.pop()
        if isinstance(one, dict | list | tuple):
            if id(one) not in seen:
                seen.add(id(one))
                pending.extend(one.values() if isinstance(one, dict) else one)
        elif isinstance(one, np.ndarray):
            if one.size and one.dtype.kind in "iuf":
                pending += [one.min().item(), one.max().item()]
            elif one.dtype.hasobject:
                pending.extend(one.ravel().tolist())
        elif isinstance(one, np.number):
            pending.append(one.item())
        elif isinstance(one, int | float):
            yield one


TABLE = {
    "functools.partial": _partial,
    "sklearn.base.BaseEstimator": _estimator,
    "sklearn.cluster._feature_agglomeration.AgglomerationTransform": _merged,
    "sklearn.decomposition._dict_learning._BaseSparseCoding": _rounds(
        "transform_max_iter", "transform_n_nonzero_coefs"
    ),
    "sklearn.decomposition._lda.LatentDirichletAllocation": _rounds("max_doc_update_iter"),
    "sklearn.decomposition._nmf._BaseNMF": _rounds("max_iter", parts="components_"),
    "sklearn.decomposition._nmf.MiniBatchNMF": _rounds(
        "_transform_max_iter", "transform_max_iter", "fresh_restarts_max_iter"
    ),
    "sklearn.dummy.DummyRegressor": _same_outputs,
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": _stages,
    "sklearn.ensemble._voting.VotingClassifier": _votes,
    "sklearn.feature_extraction.text._VectorizerMixin": _ngrams,
    "sklearn.kernel_approximation.AdditiveChi2Sampler": _steps,
    "sklearn.kernel_approximation.PolynomialCountSketch": _sketch,
    "sklearn.manifold._locally_linear.LocallyLinearEmbedding": _embedding,
    "sklearn.preprocessing._function_transformer.FunctionTransformer": _function,
    "sklearn.preprocessing._polynomial.PolynomialFeatures": _powers,
    "sklearn.preprocessing._polynomial.SplineTransformer": _splines,
}
