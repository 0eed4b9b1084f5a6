"""Loaded objects whose numbers are used as addresses, looked at before anything uses them.

Compiled code of scikit-learn and scipy follows the child, feature and row numbers of a model
without checking them: wrong ones read memory that is not the model's, or never end. A file
that runs no code can still hold such numbers, so what was loaded without trust is walked once
(TRU-017).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["check"]

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, type})


def check(loaded: Any, file: str) -> None:
    """Check every tree, neighbour index and sparse matrix that the object holds.

    Raises:
        InvalidModel: a number leads out of its array.

    """
    checks = _checks()
    if not checks:
        return
    broken = [
        Violation("TRU-017", reason, file=file)
        for found in _objects(loaded)
        for cls in type(found).__mro__
        if (one := checks.get(f"{cls.__module__}.{cls.__qualname__}")) and (reason := one(found))
    ]
    if broken:
        raise InvalidModel(f"{file} holds numbers that lead out of their arrays.", broken[:20])


def _objects(loaded: Any) -> Iterator[Any]:
    """Yield every object that is reachable, each once, without recursion."""
    numpy = sys.modules.get("numpy")
    array: Any = numpy.ndarray if numpy is not None else ()
    pending: list[Any] = [loaded]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        kind = type(one)
        if kind in _ATOMS or id(one) in seen:
            continue
        seen.add(id(one))
        if kind is dict:
            pending.extend(one.values())
        elif kind in {list, tuple, set, frozenset}:
            pending.extend(one)
        elif isinstance(one, array):
            if one.dtype == object:
                pending.extend(one.ravel().tolist())
        else:
            yield one
            pending.extend(vars(one).values() if hasattr(one, "__dict__") else ())
            if isinstance(one, dict):
                pending.extend(one.values())


def _tree(tree: Any) -> str:
    if tree.node_count > tree.capacity or tree.node_count < 0:
        return "a decision tree counts more nodes than it has"
    left, right = tree.children_left, tree.children_right
    leaf = left == -1
    if (leaf != (right == -1)).any() or not _descend(left[~leaf], right[~leaf], leaf):
        return "a decision tree has children that are not nodes behind their parent"
    feature = tree.feature[~leaf]
    if len(feature) and (feature.min() < 0 or feature.max() >= tree.n_features):
        return "a decision tree splits by a feature that it does not have"
    return ""


def _descend(left: Any, right: Any, leaf: Any) -> bool:
    """Whether both children of every inner node stand behind it, so that each way ends."""
    inner = (~leaf).nonzero()[0]
    inside = (left < len(leaf)) & (right < len(leaf))
    return bool((inside & (left > inner) & (right > inner)).all())


def _estimator_of_trees(estimator: Any) -> str:
    """Check that the trees count the features that the estimator checks its input for."""
    width = vars(estimator).get("n_features_in_")
    state = vars(estimator)
    trees = [
        state.get("tree_"),
        *(vars(one).get("tree_") for one in _members(state, "estimators_")),
    ]
    if any(tree is not None and tree.n_features != width for tree in trees):
        return "a decision tree has another number of features than its estimator"
    return ""


def _members(state: dict[str, Any], key: str) -> list[Any]:
    members = state.get(key, ())
    members = members.ravel().tolist() if hasattr(members, "ravel") else members
    return [one for one in members if hasattr(one, "__dict__")]


def _histogram_estimator(estimator: Any) -> str:
    state = vars(estimator)
    width = state.get("_n_features", state.get("n_features_in_", 0))
    for stage in state.get("_predictors", ()):
        for predictor in stage:
            nodes = predictor.nodes
            if len(nodes) and (
                nodes["feature_idx"].min() < 0 or nodes["feature_idx"].max() >= width
            ):
                return "a tree of histograms splits by a feature that it does not have"
    return ""


def _predictor(predictor: Any) -> str:
    nodes = vars(predictor).get("nodes")
    if nodes is None or not len(nodes):
        return "a tree of histograms has no nodes"
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (nodes[side][~leaf].astype("int64") for side in ("left", "right"))
    if not _descend(left, right, leaf):
        return "a tree of histograms has children that are not nodes behind their parent"
    sets = nodes["bitset_idx"][(nodes["is_categorical"] != 0) & ~leaf]
    if len(sets) and sets.max() >= len(predictor.raw_left_cat_bitsets):
        return "a tree of histograms has a set of categories that is not there"
    return ""


def _neighbors(index: Any) -> str:
    data, rows, nodes, bounds, _, levels, count, *_ = index.__getstate__()
    size = len(data)
    whole = count == len(nodes) == bounds.shape[1] == 2**levels - 1
    if not whole or bounds.shape[2] != data.shape[1] or len(rows) != size:
        return "an index of neighbours has arrays that do not fit"
    if size and (rows.min() < 0 or rows.max() >= size):
        return "an index of neighbours refers to rows that it does not have"
    first, last = nodes["idx_start"], nodes["idx_end"]
    if (first < 0).any() or (last > size).any() or (first > last).any():
        return "an index of neighbours refers to rows that it does not have"
    if (nodes["is_leaf"][count // 2 :] == 0).any():
        return "an index of neighbours goes on behind its last level"
    return ""


def _sparse(matrix: Any) -> str:
    try:
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
        elif matrix.format == "coo":
            matrix._check()  # noqa: SLF001 - scipy has no public name for it
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        return f"a sparse matrix is not what it says ({error})"
    return ""


def _checks() -> dict[str, Callable[[Any], str]]:
    """Return what is to be checked, by the class's place; nothing is imported for it."""
    tables: dict[str, tuple[tuple[str, Callable[[Any], str]], ...]] = {
        "sklearn.tree._tree": (("Tree", _tree),),
        "sklearn.tree._classes": (("BaseDecisionTree", _estimator_of_trees),),
        "sklearn.ensemble._gb": (("BaseGradientBoosting", _estimator_of_trees),),
        "sklearn.ensemble._forest": (("BaseForest", _estimator_of_trees),),
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": (
            ("BaseHistGradientBoosting", _histogram_estimator),
        ),
        "sklearn.ensemble._hist_gradient_boosting.predictor": (("TreePredictor", _predictor),),
        # Without a number until scikit-learn 1.3.
        "sklearn.neighbors._kd_tree": tuple(
            (f"BinaryTree{bits}", _neighbors) for bits in ("64", "32", "")
        ),
        "sklearn.neighbors._ball_tree": tuple(
            (f"BinaryTree{bits}", _neighbors) for bits in ("64", "32", "")
        ),
        "scipy.sparse._base": (("_spbase", _sparse),),
    }  # fmt: skip
    return {
        f"{module}.{name}": run
        for module, rows in tables.items()
        if module in sys.modules
        for name, run in rows
    }
