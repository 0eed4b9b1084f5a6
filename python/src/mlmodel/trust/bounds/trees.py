"""Trees: children, features, depths and outputs, and who may hold a tree (TRU-017, TRU-058)."""

from __future__ import annotations

from typing import Any

from mlmodel.trust.bounds.keepers import is_for_each
from mlmodel.trust.bounds.values import (
    Broken,
    attributes,
    is_array,
    is_count,
    is_within,
    places_of,
    width_of,
)

__all__ = ["HELD_BY", "TABLE"]

_NOT_A_TREE = "has children that are not nodes behind their parent"


def _tree(tree: Any) -> str:
    count = tree.node_count
    if not 0 < count <= tree.capacity:
        return "a decision tree has no nodes, or counts more than it has"
    left, right = tree.children_left, tree.children_right
    leaf = left == -1
    if (leaf != (right == -1)).any() or not _is_tree(left[~leaf], right[~leaf], leaf):
        return f"a decision tree {_NOT_A_TREE}"
    if not is_within(tree.feature[~leaf], tree.n_features):
        return "a decision tree splits by a feature that it does not have"
    # Rooms for a path are set aside by this number, and filled by the path itself.
    if not _depth(left[~leaf], right[~leaf], leaf) <= tree.max_depth <= count:
        return "a decision tree is deeper than it says"
    if not is_within(tree.n_classes, tree.max_n_classes + 1):
        return "a decision tree has classes that it does not have values for"
    return ""


def _is_tree(left: Any, right: Any, leaf: Any) -> bool:
    """Whether each node but the first is the child of one node before it, so that each way ends."""
    import numpy as np

    inner = (~leaf).nonzero()[0]
    if not (left > inner).all() or not (right > inner).all():
        return False
    children = np.concatenate([left, right]).astype(np.int64)
    if not is_within(children, len(leaf), 1):
        return False
    return bool((np.bincount(children, minlength=len(leaf))[1:] == 1).all())


def _depth(left: Any, right: Any, leaf: Any) -> int:
    """Return the longest way from the first node, in as many steps as its length has bits."""
    import numpy as np

    inner = (~leaf).nonzero()[0]
    above = np.zeros(len(leaf), dtype=np.int64)
    above[left], above[right] = inner, inner
    steps = np.ones(len(leaf), dtype=np.int64)
    steps[0] = 0
    while above.any():
        steps += steps[above]
        above = above[above]
    return int(steps.max())


def _decision_tree(estimator: Any) -> str:
    state = attributes(estimator)
    if "tree_" not in state:
        return ""
    if not _is_kind(state["tree_"], "sklearn.tree._tree", "Tree"):
        return "a decision tree holds something else in the place of its nodes"
    return _same_width(estimator, [state["tree_"].n_features])


def _same_width(estimator: Any, widths: list[int]) -> str:
    width = width_of(estimator)
    if any(one != width for one in widths):
        return "a decision tree has another number of features than its estimator"
    return ""


def _is_kind(value: Any, module: str, name: str) -> bool:
    """Whether a value is of exactly this class."""
    return type(value).__module__ == module and type(value).__qualname__ == name


def _is_decision_tree(value: Any) -> bool:
    return "sklearn.tree._classes.BaseDecisionTree" in places_of(type(value))


def _forest(forest: Any) -> str:
    members = attributes(forest).get("estimators_", ())
    if not isinstance(members, list | tuple):
        return "a forest holds something else than a list of trees"
    if not all(_is_decision_tree(one) and "tree_" in attributes(one) for one in members):
        return "a forest holds something else than trees"
    return _same_width(forest, [attributes(one)["tree_"].n_features for one in members])


def _boosting(estimator: Any) -> str:
    """Compiled code reads the trees' nodes, and writes one column for each of a stage."""
    state = attributes(estimator)
    stages = state.get("estimators_")
    if stages is None:
        return ""
    if not is_array(stages, None, None, kinds="O") or not stages.size:
        return "a boosted estimator holds something else than stages of trees"
    members = stages.ravel().tolist()
    if not all(_is_decision_tree(one) and "tree_" in attributes(one) for one in members):
        return "a boosted estimator holds something else than trees"
    trees = [attributes(one)["tree_"] for one in members]
    if any(tree.n_outputs != 1 or tree.max_n_classes != 1 for tree in trees):
        return "a boosted estimator has trees of several outputs"
    if not _has_columns(estimator, stages.shape[1]):
        return "a boosted estimator has more trees in a stage than it predicts columns"
    return _same_width(estimator, [tree.n_features for tree in trees])


def _has_columns(estimator: Any, count: int) -> bool:
    """Whether the first predictions have a column for each tree of a stage."""
    state = attributes(estimator)
    first = state.get("init_")
    if isinstance(first, str) or count == 1:
        # Until scikit-learn 1.4 it was the loss that said how many columns there are (TRU-101).
        per_stage = state.get("n_trees_per_iteration_", count)
        of_loss = attributes(state.get("_loss")).get("K", count)
        return is_count(per_stage, count, count) and is_count(of_loss, count, count)
    prior = attributes(first)
    return (
        _is_kind(first, "sklearn.dummy", "DummyClassifier")
        and prior.get("strategy") == "prior"
        and prior.get("n_outputs_") == 1
        and is_array(prior.get("class_prior_"), count)
        and _is_multiclass(state.get("_loss"))
    )


def _is_multiclass(loss: Any) -> bool:
    """Whether a loss takes a column for each class; scikit-learn 1.3 had another name for it."""
    names = ("is_multiclass", "is_multi_class")
    return any(bool(getattr(loss, name, False)) for name in names)


def _isolation(forest: Any) -> str:
    state = attributes(forest)
    if "estimators_" in state and width_of(forest) < 0:
        return "a forest does not say how many features it has"
    return ""


def _histograms(estimator: Any) -> str:
    state = attributes(estimator)
    stages = state.get("_predictors", ())
    if not stages:
        return ""
    if state.get("_in_fit", False):
        return "a model of histograms says that it is being fitted, when it checks no data"
    width = width_of(estimator)
    mapper = attributes(state.get("_bin_mapper"))
    categorical = mapper.get("is_categorical_")
    if width < 0 or state.get("_n_features") != width or not is_array(categorical, width):
        return "a model of histograms has another number of features than its data"
    if not _keeps_width(state.get("_preprocessor"), width):
        return Broken("TRU-100", "a model of histograms changes its data's number of features")
    return _stages(stages, width, categorical)


def _stages(stages: Any, width: int, categorical: Any) -> str:
    """Check the trees of histograms against the features, and those that are categorical."""
    if not isinstance(stages, list) or not all(isinstance(one, list) for one in stages):
        return "a model of histograms holds something else than stages of trees"
    for predictor in (one for stage in stages for one in stage):
        if not _is_kind(predictor, _PREDICTOR[0], _PREDICTOR[1]):
            return "a model of histograms holds something else than trees"
        nodes = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        features = nodes["feature_idx"]
        if not is_within(features, width):
            return "a tree of histograms splits by a feature that it does not have"
        by_set = features[nodes["is_categorical"] != 0]
        if not categorical[by_set].astype(bool).all():
            return "a tree of histograms splits by the categories of a feature without any"
    return ""


_PREDICTOR = ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor")


def _keeps_width(preprocessor: Any, width: int) -> bool:
    """Whether what orders the columns gives as many as the trees were made for.

    It is the estimator's own: categories by an OrdinalEncoder, then the numbers as they are.
    """
    if preprocessor is None:
        return True
    parts = attributes(preprocessor).get("transformers_")
    if not _is_kind(preprocessor, "sklearn.compose._column_transformer", "ColumnTransformer"):
        return False
    if not isinstance(parts, list) or width_of(preprocessor) != width:
        return False
    count = 0
    for _name, part, columns in parts:
        if part == "drop":
            continue
        encoder = _is_kind(part, "sklearn.preprocessing._encoders", "OrdinalEncoder")
        same = _is_kind(part, "sklearn.preprocessing._function_transformer", "FunctionTransformer")
        # A function could take columns away, or make other rows of them.
        same = same and is_for_each(attributes(part))
        if not (encoder or same) or not is_array(columns, width, kinds="b"):
            return False
        count += int(columns.sum())
    return count == width


def _predictor(predictor: Any) -> str:
    state = attributes(predictor)
    nodes = state.get("nodes")
    if not is_array(nodes, None, kinds="V") or not len(nodes):
        return "a tree of histograms has no nodes"
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (nodes[side][~leaf].astype("int64") for side in ("left", "right"))
    if not _is_tree(left, right, leaf):
        return f"a tree of histograms {_NOT_A_TREE}"
    sets = nodes["bitset_idx"][(nodes["is_categorical"] != 0) & ~leaf]
    for key in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        if not is_array(state.get(key), None, 8, kinds="u") or not is_within(sets, len(state[key])):
            return "a tree of histograms has a set of categories that is not there"
    return ""


TABLE = {
    "sklearn.tree._tree.Tree": _tree,
    "sklearn.tree._classes.BaseDecisionTree": _decision_tree,
    "sklearn.ensemble._gb.BaseGradientBoosting": _boosting,
    "sklearn.ensemble._forest.BaseForest": _forest,
    "sklearn.ensemble._iforest.IsolationForest": _isolation,
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting": (
        _histograms
    ),
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": _predictor,
}


def _trees_of(estimator: Any) -> list[Any]:
    return [attributes(estimator).get("tree_")]


def _predictors_of(estimator: Any) -> list[Any]:
    stages = attributes(estimator).get("_predictors", ())
    return [one for stage in stages if isinstance(stage, list) for one in stage]


#: What alone checks the data for a part, and which parts it has: nobody else may hold one.
HELD_BY = {
    "sklearn.tree._tree.Tree": ("sklearn.tree._classes.BaseDecisionTree", _trees_of),
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.BaseHistGradientBoosting",
        _predictors_of,
    ),
}
