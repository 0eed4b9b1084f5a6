"""Models of LightGBM as text, read before LightGBM reads them (LGB-004 to LGB-006).

Its compiled reader follows the numbers of the text without looking where they lead: a child, a
feature or a category that is not there is read from elsewhere in memory, and a line that it does
not expect ends the process. The text runs no code and needs no trust, so that what it holds is
checked here, whoever saved it (TRU-017). Each line is read as that reader reads it.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.errors import InvalidModel, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check", "header_of"]

#: LightGBM keeps some bytes per feature and thread, however few are given.
_MOST_FEATURES = 2**26
_DEEPEST_TREE = 4096
#: Of one tree its reader takes no more lines than this, and goes on with the rest as another one.
_MOST_LINES = 22
_CATEGORICAL, _MISSING = 1, 12  # bits of decision_type: by categories; the kind of missing value
_KEYS = frozenset(
    {
        "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective",
        "feature_names", "feature_infos", "monotone_constraints", "tree_sizes", "average_output",
    }
)  # fmt: skip
_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]{1,5})?|inf|nan)"
_NUMBERS = re.compile(rf" *(?:{_NUMBER}(?: +|$))*+")
_INTEGERS = re.compile(r" *(?:-?[0-9]{1,18}(?: +|$))*+")
_PARAMETER = re.compile(r"\[\w+: [^\n]*\]", re.ASCII)
_TREE = "Tree="
_CATEGORIES = "pandas_categorical:"


class _Broken(ValueError):
    """What of a text LightGBM would follow out of its arrays, or end at, as a sentence."""


def check(data: bytes, file: str) -> str:
    """Return the text of a model, held to the rules that LightGBM's reader takes for granted.

    Args:
        data: the bytes of the text.
        file: the file that they are in, for errors.

    Raises:
        InvalidModel: it is damaged (LGB-004), or its numbers lead out of their arrays (LGB-006).

    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidModel.of_file(file, "LGB-004", f"is no text: {error}") from None
    if not text.startswith("tree\n"):
        what = "is not a model of LightGBM: such a text begins with the line 'tree'"
        raise InvalidModel.of_file(file, "LGB-004", what)
    try:
        _check_text(text)
    except _Broken as error:
        raise InvalidModel.of_file(
            file, "LGB-006", f"would lead LightGBM astray: {error}"
        ) from None
    return text


def header_of(text: str) -> dict[str, str]:
    """Return what stands before the first tree, by its keys."""
    lines = text.partition(f"\n{_TREE}")[0].split("\n")
    return dict(line.partition("=")[::2] for line in lines if line)


def _check_text(text: str) -> None:
    if "\0" in text or "\r" in text:
        raise _Broken("it has characters in it that no model has (NUL, carriage return)")
    begin = text.find(f"\n{_TREE}") + 1
    end = text.find("\nend of trees\n", max(begin - 1, 0)) + 1
    if not end:
        raise _Broken("it is cut off: the end of the trees is missing")
    header = _check_header(text[: begin or end])
    features = int(header["max_feature_idx"]) + 1
    trees = _split(text[begin:end]) if begin else []
    if trees and int(header["num_class"]) > len(trees):
        raise _Broken("it has more classes than trees")
    _check_sizes(header.get("tree_sizes"), trees)
    for number, tree in enumerate(trees):
        try:
            _check_tree(tree, features)
        except _Broken as error:
            raise _Broken(f"tree {number}: {error}") from None
    _check_rest(text[end:].split("\n"), alone=not trees)
    _check_categories(text)


def _check_header(text: str) -> dict[str, str]:
    """Check what stands before the trees; return it by its keys."""
    found: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        key, _, value = line.partition("=")
        if key in found:
            raise _Broken(f"{shown(key)} stands there twice")
        found[key] = value
    most = len(text)
    classes = _count(found, "num_class", 1, most)
    if _count(found, "num_tree_per_iteration", 1, most, classes) != classes:
        raise _Broken("it has another number of trees in an iteration than classes")
    _count(found, "label_index", 0, _MOST_FEATURES)
    features = _count(found, "max_feature_idx", 0, _MOST_FEATURES - 1) + 1
    for key in ("feature_names", "feature_infos"):
        if key not in found or len(found[key].split(" ")) != features:
            raise _Broken(f"{key} does not name {features} features")
    if "monotone_constraints" in found:
        _integers(found, "monotone_constraints", features, -1, 2)
    if "objective" in found:
        _check_objective(found["objective"], classes)
    return found


def _check_objective(objective: str, classes: int) -> None:
    name, *settings = objective.split(" ")
    told = dict(one.partition(":")[::2] for one in settings)
    if not re.fullmatch(r"[a-z]\w*", name, re.ASCII):
        raise _Broken(f"the objective {shown(objective)} has no name")
    if name.startswith("multi") and told.get("num_class") != str(classes):
        raise _Broken("the objective has another number of classes than the model")


def _split(text: str) -> list[str]:
    """Return the trees, each from its ``Tree=`` to before the next one."""
    starts = [0, *(one.start() + 1 for one in re.finditer(f"\n{_TREE}", text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]


def _check_sizes(sizes: str | None, trees: list[str]) -> None:
    """Check the sizes by which LightGBM finds the trees; early files have none."""
    if sizes is None:
        return
    due = [len(one.encode()) for one in trees]
    if not _INTEGERS.fullmatch(sizes) or [int(one) for one in sizes.split()] != due:
        raise _Broken("tree_sizes are not the sizes of its trees")


def _check_tree(text: str, features: int) -> None:
    _, _, rest = text.partition("\n")
    body, _, behind = rest.partition("\n\n")
    lines = body.rstrip("\n").split("\n")
    if behind.strip("\n") or len(lines) > _MOST_LINES:
        raise _Broken("it has lines that no tree has")
    found: dict[str, str] = {}
    for line in lines:
        key, sign, value = line.partition("=")
        if not sign or key in found:
            raise _Broken(f"the line {shown(line[:40])} is not a key and its value")
        found[key] = value
    leaves = _count(found, "num_leaves", 1, len(text))
    linear = _count(found, "is_linear", 0, 1, 0)
    _check_values(found, leaves)
    if linear and leaves == 1:  # which LightGBM writes, and ends the process at
        raise _Broken("it is linear, and has one leaf")
    _count(found, "num_cat", 0, len(text))
    if leaves > 1:
        _check_nodes(found, leaves, features)
        _check_bitsets(found)
    if linear:
        _check_linear(found, leaves, features)


def _check_values(found: dict[str, str], leaves: int) -> None:
    """Check the values of leaves and inner nodes, and what is only written into them."""
    _numbers(found, "leaf_value", leaves)
    if "shrinkage" in found:
        _numbers(found, "shrinkage", 1)
    inner = leaves - 1
    sizes = {
        **dict.fromkeys(("split_gain", "internal_value", "internal_weight"), inner),
        **dict.fromkeys(("internal_count", "leaf_weight", "leaf_count"), 0),
        "internal_count": inner, "leaf_count": leaves, "leaf_weight": leaves if inner else 0,
    }  # fmt: skip
    for key, size in sizes.items():
        if found.get(key):
            _numbers(found, key, size)


def _check_nodes(found: dict[str, str], leaves: int, features: int) -> None:
    """Check that the nodes are one tree, and split by what is there."""
    inner = leaves - 1
    left = _integers(found, "left_child", inner, -leaves, inner)
    right = _integers(found, "right_child", inner, -leaves, inner)
    children = np.concatenate([left, right])
    due = np.concatenate([np.arange(-leaves, 0), np.arange(1, inner)])
    if not np.array_equal(np.sort(children), due):
        raise _Broken("its nodes do not each have one parent")
    parents = np.tile(np.arange(inner), 2)
    if (children[children > 0] <= parents[children > 0]).any():
        raise _Broken("a node stands before its parent")
    _check_depth(left, right)
    _integers(found, "split_feature", inner, 0, features)
    thresholds = _numbers(found, "threshold", inner)
    kinds = np.zeros(inner, np.int64)
    if "decision_type" in found:
        kinds = _integers(found, "decision_type", inner, 0, _MISSING)
    by_category = thresholds[kinds & _CATEGORICAL > 0]
    most = int(found["num_cat"])
    if not all(one.is_integer() and 0 <= one < most for one in by_category.tolist()):
        raise _Broken("a node splits by categories that are not there")


def _check_depth(left: Any, right: Any) -> None:
    """Compiled code goes down the trees by recursion, which ends with its stack."""
    level = np.zeros(1, np.int64)
    for _ in range(_DEEPEST_TREE):
        level = np.concatenate([left[level], right[level]])
        level = level[level > 0]
        if not len(level):
            return
    raise _Broken(f"it is deeper than {_DEEPEST_TREE}")


def _check_bitsets(found: dict[str, str]) -> None:
    """Check the sets of categories by which a tree splits."""
    count = int(found["num_cat"])
    if not count:
        return
    bits = len(found.get("cat_threshold", "").split())
    ends = _integers(found, "cat_boundaries", count + 1, 0, bits + 1)
    if ends[0] or ends[-1] != bits or (np.diff(ends) < 0).any():
        raise _Broken("cat_boundaries do not divide cat_threshold")
    _integers(found, "cat_threshold", bits, 0, 2**32)


def _check_linear(found: dict[str, str], leaves: int, features: int) -> None:
    """Check the linear models that stand in the leaves."""
    if "leaf_const" in found:
        _normal_numbers(found, "leaf_const", leaves)
    if "num_features" not in found:
        return
    total = int(_integers(found, "num_features", leaves, 0, features + 1).sum())
    if total or "leaf_features" in found or "leaf_coeff" in found:
        _integers(found, "leaf_features", total, 0, features)
        _normal_numbers(found, "leaf_coeff", total)


def _check_rest(lines: Sequence[str], *, alone: bool) -> None:
    """Check the parameters of training behind the trees, which LightGBM hands out.

    Without trees it looks for the keys of the header in these lines, too.
    """
    if alone and any(line.partition("=")[0] in _KEYS for line in lines):
        raise _Broken("a line behind the header would take the place of one in it")
    if "parameters:" not in lines:
        return
    begin = lines.index("parameters:") + 1
    if "end of parameters" not in lines[begin:]:
        raise _Broken("it is cut off: the end of the parameters is missing")
    for line in lines[begin : lines.index("end of parameters", begin)]:
        if line and not _PARAMETER.fullmatch(line):
            raise _Broken(f"the line {shown(line[:40])} is not a parameter")


def _check_categories(text: str) -> None:
    """Check the categories of columns, by which values are looked up while predicting (TRU-097)."""
    last = text[text.rfind("\n", 0, -len(_CATEGORIES)) :].strip()
    if not last.startswith(_CATEGORIES):
        return
    try:
        found = json.loads(last[len(_CATEGORIES) :])
    except (ValueError, RecursionError) as error:
        raise _Broken(f"pandas_categorical is no JSON: {error}") from None
    if found is None:
        return
    if not isinstance(found, list) or not all(isinstance(one, list) for one in found):
        raise _Broken("pandas_categorical is not a list of the categories of each column")
    for value in (value for one in found for value in one):
        fits = isinstance(value, str | float | bool) or (
            isinstance(value, int) and -(2**63) <= value < 2**64
        )
        if not fits:
            raise _Broken(f"{shown(value)} is no category")


def _count(found: dict[str, str], key: str, low: int, high: int, default: int | None = None) -> int:
    text = found.get(key, "" if default is None else str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise _Broken(f"{key} is {shown(text)}, and {low} to {high} are possible")
    return int(text)


def _numbers(found: dict[str, str], key: str, size: int) -> Any:
    """Return a list of numbers as float64 array of shape [size]."""
    return _list(found, key, size, _NUMBERS, np.float64)


def _normal_numbers(found: dict[str, str], key: str, size: int) -> None:
    """Check numbers of which LightGBM's reader ends the process at the smallest and the largest."""
    values = np.abs(_numbers(found, key, size))
    limits = np.finfo(np.float64)
    for place in np.flatnonzero((values < limits.tiny) | (values > limits.max)):
        token = found[key].split()[place]
        if not re.fullmatch(r"-?(0[.0]*(e.*)?|inf)", token):
            raise _Broken(f"{key} has {token}, which is too small or too large")


def _integers(found: dict[str, str], key: str, size: int, low: int, high: int) -> Any:
    """Return a list as int64 array of shape [size], all of it within ``low <= x < high``."""
    values = _list(found, key, size, _INTEGERS, np.int64)
    if len(values) and not (low <= values.min() and values.max() < high):
        raise _Broken(f"{key} has entries outside of {low} to {high - 1}")
    return values


def _list(
    found: dict[str, str], key: str, size: int, form: re.Pattern[str], dtype: type[np.number[Any]]
) -> Any:
    text = found.get(key)
    if text is None or not form.fullmatch(text):
        raise _Broken(f"{key} is not a list of numbers")
    values = np.array(text.split(), dtype=dtype)
    if len(values) != size:
        raise _Broken(f"{key} has {len(values)} entries, but {size} are expected")
    return values
