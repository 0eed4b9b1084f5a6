"""Files of XGBoost, read before XGBoost reads them (XGB-004 to XGB-006, XGB-014, XGB-016).

Its compiled reader follows the numbers of a file without looking where they lead: a child, a
feature or a category that is not there ends the process, as does an empty file or a count in the
billions. Such a file runs no code and needs no trust, so that what it holds is checked here,
whoever saved it (TRU-017).
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import numpy as np

from mlmodel.errors import InvalidModel, UnsupportedModel, shown
from mlmodel.trust import ubjson
from mlmodel.trust.pickles.budget import Budget, Spent

__all__ = ["check"]

#: XGBoost keeps some bytes per feature and thread, however few are given.
_MOST_FEATURES = 2**26
#: XGBoost's own bound for the number of a category.
_MOST_CATEGORIES = 2**24
_DEEPEST_TREE = 4096
_TYPES = ("int", "float", "i", "q", "c")
#: List of numbers -> how XGBoost writes it in UBJSON. Its reader takes the type of one list from
#: that of another, and ends the process where it meets a type that it does not expect.
_WRITTEN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("left_children", "right_children", "parents"), (">i4",)),
    **dict.fromkeys(("categories", "categories_nodes"), (">i4",)),
    **dict.fromkeys(("categories_segments", "categories_sizes"), (">i8",)),
    **dict.fromkeys(("default_left", "split_type"), ("|u1",)),
    **dict.fromkeys(("base_weights", "leaf_weights", "loss_changes", "split_conditions"), (">f4",)),
    **dict.fromkeys(("sum_hessian", "weights"), (">f4",)),
    **dict.fromkeys(("feature_segments", "sorted_idx", "offsets"), (">i4",)),
    "split_indices": (">i4", ">i8"),
    "values": ("|i1", "|u1", ">i2", ">i4", ">i8", ">f4"),
}


class _Broken(ValueError):
    """What of a file XGBoost would follow out of its arrays, as a sentence."""


class _Outdated(ValueError):
    """What of an honest file present versions of XGBoost cannot follow."""


def check(data: bytes, file: str, budget: Budget | None = None) -> None:
    """Read the file and hold it to the rules that XGBoost's reader takes for granted.

    ``budget`` is that of the model whose file holds ``data``; without one it is a file by itself.

    Raises:
        UnsupportedModel: it is in a form of old versions that later ones do not read (XGB-005).
        InvalidModel: it is damaged (XGB-004), has more values than its size warrants (TRU-098), or
            its numbers lead out of their arrays (XGB-006).

    """
    if data[:1] not in (b"{", b""):
        known = data[:4] in (b"binf", b"bs64")
        raise UnsupportedModel(
            f"{file} {'is' if known else 'is neither JSON nor UBJSON; it may be'} in the binary "
            "format of XGBoost before 2.1, which no XGBoost from 3.1 on reads; load it with "
            "xgboost 2 or 3.0 and save it again as model.ubj (XGB-005)"
        )
    if budget is None:
        budget = Budget(stored=len(data))
    try:
        # XGBoost's reader tells the two apart in this way, too.
        is_packed = data[1:2].isalpha()
        model = ubjson.loads(data, budget) if is_packed else _json(data)
    except (ValueError, RecursionError, Spent) as error:
        raise InvalidModel.of_file(file, "XGB-004", f"is not a whole model: {error}") from None
    if is_packed:
        wrong = _unlike_written(model)
        if wrong:
            what = f"has numbers of a type under {shown(wrong)} that XGBoost does not write there"
            raise InvalidModel.of_file(file, "XGB-014", what)
    try:
        _check_learner(model, len(data))
    except _Broken as error:
        raise InvalidModel.of_file(file, "XGB-006", f"would lead XGBoost astray: {error}") from None
    except _Outdated as error:
        raise UnsupportedModel(
            f"{file} holds {error}, which no XGBoost from 3.2 on reads; train it again (XGB-005)"
        ) from None


def _json(data: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key appears twice in one object")
        return found

    return json.loads(data, object_pairs_hook=unique)


def _unlike_written(value: Any, key: str = "") -> str:
    """Return the key of a list in UBJSON that is not of the type that is due; or nothing."""
    if isinstance(value, np.ndarray):
        return "" if value.dtype.str in _WRITTEN.get(key, ()) else key or "no key"
    if key in _WRITTEN and isinstance(value, list):
        return key
    if isinstance(value, dict):
        return next(filter(None, (_unlike_written(one, name) for name, one in value.items())), "")
    if isinstance(value, list):
        return next(filter(None, map(_unlike_written, value)), "")
    return ""


def _part(of: Any, key: str, kind: type) -> Any:
    """Return what stands under a key, of the kind that is due there."""
    found = of.get(key) if isinstance(of, dict) else None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise _Broken(f"{key} is missing, or not of its type")
    return found


def _length(of: Any, key: str) -> int:
    """Return the length of a list or array, 0 where there is none."""
    found = of.get(key, ()) if isinstance(of, dict) else None
    if not isinstance(found, list | tuple | np.ndarray):
        raise _Broken(f"{key} is not a list")
    return len(found)


def _number(of: Any, key: str, most: int, default: str | None = None) -> int:
    """Return a count, which XGBoost writes as text."""
    text = of.get(key, default) if isinstance(of, dict) else None
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > most:
        raise _Broken(f"{key} is {shown(text)}, and at most {most} are possible")
    return int(text)


def _integers(of: dict[str, Any], key: str, size: int | None, low: int, high: int) -> Any:
    """Return a list as int64 array of shape [size], all of it within ``low <= x < high``."""
    found = of.get(key)
    if isinstance(found, list) and all(type(one) is int for one in found):
        try:
            found = np.array(found, np.int64)
        except OverflowError:
            found = None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "iu":
        raise _Broken(f"{key} is not a list of integers")
    if size is not None and len(found) != size:
        raise _Broken(f"{key} has {len(found)} entries, but {size} are expected")
    if len(found) and not (low <= found.min() and found.max() < high):
        raise _Broken(f"{key} has entries outside of {low} to {high - 1}")
    return found.astype(np.int64)


def _check_features(learner: dict[str, Any], features: int) -> list[Any]:
    """Check the names and types of the features; return the types."""
    for key in ("feature_names", "feature_types"):
        if _length(learner, key) not in (0, features):
            raise _Broken(f"{key} does not name {features} features")
    types: list[Any] = learner.get("feature_types", [])
    if not all(one in _TYPES for one in types):
        raise _Broken(
            f"feature_types has {shown(types)}, and known are {', '.join(_TYPES)} (XGB-016)"
        )
    return types


def _check_learner(model: Any, size: int) -> None:
    learner = _part(model, "learner", dict)
    counts = _part(learner, "learner_model_param", dict)
    features = _number(counts, "num_feature", _MOST_FEATURES)
    # No honest file has more classes or targets than bytes: each has a tree or a weight.
    classes = _number(counts, "num_class", size, "0")
    groups = max(classes, _number(counts, "num_target", size, "1"), 1)
    types = _check_features(learner, features)
    objective = _part(learner, "objective", dict)
    if "softmax_multiclass_param" in objective and classes != _number(
        objective["softmax_multiclass_param"], "num_class", size
    ):
        raise _Broken("the objective has another number of classes than the model")
    booster = _part(learner, "gradient_booster", dict)
    kind = booster.get("name")
    if kind == "gblinear":
        if "c" in types:
            raise _Broken("a linear booster has a feature with categories (XGB-016)")
        if _length(_part(booster, "model", dict), "weights") != (features + 1) * groups:
            raise _Broken("the weights are not one per feature and class")
    elif kind == "dart":
        inner = _part(_part(booster, "gbtree", dict), "model", dict)
        trees = _check_forest(inner, features, groups)
        if _length(booster, "weight_drop") != trees:
            raise _Broken("weight_drop is not one per tree")
    elif kind == "gbtree":
        _check_forest(_part(booster, "model", dict), features, groups)
    else:
        raise _Broken(f"the booster {shown(kind)} is not known")


def _check_forest(model: dict[str, Any], features: int, groups: int) -> int:
    """Check all trees, and return how many there are."""
    trees = _part(model, "trees", list)
    count = len(trees)
    _integers(model, "tree_info", count, 0, groups)
    if "iteration_indptr" in model:
        ends = _integers(model, "iteration_indptr", None, 0, count + 1)
        if (np.diff(ends) < 0).any():
            raise _Broken("iteration_indptr goes backwards")
    if sorted(_part(tree, "id", int) for tree in trees) != list(range(count)):
        raise _Broken("the trees are not numbered from 0")
    if "cats" in model:
        _check_categories(_part(model, "cats", dict), features)
    if trees:
        _check_trees(trees, features, groups)
    return count


def _check_trees(trees: list[dict[str, Any]], features: int, groups: int) -> None:
    """Check the nodes of all trees at once."""
    columns: dict[str, list[Any]] = {"left_children": [], "right_children": [], "parents": [],
                                     "split_indices": []}  # fmt: skip
    widths = set()
    for tree in trees:
        nodes = _number(_part(tree, "tree_param", dict), "num_nodes", 2**31 - 1)
        for key, found in columns.items():
            found.append(_integers(tree, key, nodes, -1, 2**32))
        widths.add(max(_number(tree["tree_param"], "size_leaf_vector", 2**31 - 1, "0"), 1))
        _check_splits(tree, nodes)
    sizes = np.array([len(one) for one in columns["parents"]])
    if not sizes.all() or len(widths) != 1:
        raise _Broken("a tree has no node, or leaves of another width than the others")
    left, right, parent, feature = map(np.concatenate, columns.values())
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)  # of the tree that a node is in
    inner = np.flatnonzero(left != -1)
    children = np.concatenate([left[inner], right[inner]])
    twice = np.concatenate([inner, inner])
    if (children < 1).any() or (children >= np.repeat(sizes, sizes)[twice]).any():
        raise _Broken("a node has children that are not nodes of its tree")
    below = children + first[twice]
    if len(below) and np.bincount(below).max() > 1:
        raise _Broken("a node has two parents")
    if (parent[below] + first[twice] != twice).any():
        raise _Broken("a node names a parent that does not have it as a child")
    if (feature[inner] >= features).any() or (feature[inner] < 0).any():
        raise _Broken("a tree splits by a feature that the model does not have")
    _check_depth(left, right, first, np.cumsum(sizes) - sizes)
    _check_leaves(trees, widths.pop(), groups)


def _check_depth(left: Any, right: Any, first: Any, roots: Any) -> None:
    """Compiled code goes down the trees by recursion, which ends with its stack."""
    level = roots
    for _ in range(_DEEPEST_TREE):
        level = level[left[level] != -1]
        if not len(level):
            return
        level = np.concatenate([left[level] + first[level], right[level] + first[level]])
    raise _Broken(f"a tree is deeper than {_DEEPEST_TREE}")


def _check_leaves(trees: list[dict[str, Any]], width: int, groups: int) -> None:
    """Check that the leaves of every tree have the values that are looked up."""
    if width == 1:
        return
    if width != groups:
        raise _Broken(f"leaves have {width} values, but {groups} are expected")
    for tree in trees:
        left, right = np.asarray(tree["left_children"]), np.asarray(tree["right_children"])
        if "leaf_weights" not in tree:
            raise _Outdated("leaves with several values in the form of XGBoost before 3.2")
        numbers = right[left == -1]  # a leaf's right child is its number
        for key, due in (
            ("leaf_weights", len(numbers) * width),
            ("loss_changes", len(left)),
            ("sum_hessian", len(left)),
        ):
            if _length(tree, key) != due:
                raise _Broken(f"{key} does not have {due} entries")
        if (numbers < 0).any() or (numbers >= len(numbers)).any():
            raise _Broken("a leaf has a number that no leaf can have")


def _check_splits(tree: dict[str, Any], nodes: int) -> None:
    """Check the categories by which a tree splits; older files have none."""
    for key in ("split_conditions", "default_left", "base_weights"):
        if _length(tree, key) < nodes:
            raise _Broken(f"{key} is not one per node")
    if "categories" not in tree:
        _check_kinds(tree, nodes, np.empty(0, np.int64))
        return
    categories = _integers(tree, "categories", None, 0, _MOST_CATEGORIES)
    split = _integers(tree, "categories_nodes", None, 0, nodes)
    starts = _integers(tree, "categories_segments", len(split), 0, len(categories) + 1)
    sizes = _integers(tree, "categories_sizes", len(split), 0, len(categories) + 1)
    if (starts + sizes > len(categories)).any() or (np.diff(split) <= 0).any():
        raise _Broken("the categories of a split are not in the list of categories")
    _check_kinds(tree, nodes, split[sizes > 0])


def _check_kinds(tree: dict[str, Any], nodes: int, split: Any) -> None:
    """Check that every node that is said to split by categories has some."""
    if "split_type" not in tree:
        return
    kinds = _integers(tree, "split_type", nodes, 0, 2)
    inner = np.asarray(tree["left_children"]) != -1
    if not np.isin(np.flatnonzero((kinds == 1) & inner), split).all():
        raise _Broken("a node splits by categories and has none")


def _check_categories(kept: dict[str, Any], features: int) -> None:
    """Check the names of categories that a model keeps since 3.1."""
    counts = []
    for one in _part(kept, "enc", list):
        if isinstance(one, dict) and "offsets" in one:
            text = _integers(one, "values", None, -128, 256)
            ends = _integers(one, "offsets", None, 0, len(text) + 1)
            if (np.diff(ends) < 0).any() or (len(ends) and (ends[0], ends[-1]) != (0, len(text))):
                raise _Broken("the names of categories do not follow each other")
            counts.append(max(len(ends) - 1, 0))
        else:
            counts.append(_length(one, "values"))
    ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    segments = _integers(kept, "feature_segments", None, 0, int(ends[-1]) + 1)
    order = _integers(kept, "sorted_idx", int(ends[-1]), 0, int(ends[-1]))
    for start, end in pairwise(ends.tolist()):
        if not np.array_equal(np.sort(order[start:end]), np.arange(end - start)):
            raise _Broken(
                "the order of a feature's categories does not have each of them once (XGB-016)"
            )
    if counts and len(counts) != features:
        raise _Broken("the categories are not listed per feature")
    if len(segments) and not np.array_equal(segments, ends):
        raise _Broken("the categories of a feature are not where the file says")
