"""Models of CatBoost in its binary form, read before CatBoost reads them (CAT-006, CAT-007).

CatBoost verifies that the file is one of FlatBuffers, and then follows its numbers: a split or a
leaf that is not there is read from elsewhere in memory. The trees, and the features that are
numbers or compared with a few categories, are held to bounds here. Statistics of categories, and
what is made of texts and embeddings, stand behind them in forms of their own, which are not.
"""

from __future__ import annotations

import json
import re
import struct
from itertools import accumulate
from typing import Any

from mlmodel.errors import InvalidModel, shown

__all__ = ["BEGIN", "check", "unchecked"]

BEGIN = b"CBM1"
#: CatBoost keeps some bytes per feature, however few are given.
_MOST_FEATURES = 2**24
_DEEPEST_TREE = 30
_DEEPEST_JSON = 64
_LARGE = 0xFFFFFFFF  # in the place of a size: a longer one follows
_NODE, _TREES, _SIZES, _OFFSETS = "HH", 1, 2, 3
#: What is JSON beside the trees, and read by compiled code.
_DESCRIPTIONS = frozenset({"params", "class_params", "training", "output_options"})
#: The parts of a model by the names of what is in them.
_OTHERS = {7: "statistics of categories", 12: "texts", 13: "estimated features", 18: "embeddings"}


class _Broken(ValueError):
    """What of a file CatBoost would follow out of its arrays, as a sentence."""


class _Table:
    """A table of FlatBuffers; every look is held to the buffer."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._read("i", at)
        self._size = self._read("H", self._fields)

    def _read(self, form: str, at: int) -> int:
        if at < 0:
            raise _Broken("it leads out of itself")
        value: int = struct.unpack_from(f"<{form}", self._data, at)[0]
        return value

    def _place(self, field: int) -> int:
        """Return where a field's value stands, 0 where it has none."""
        entry = 4 + 2 * field
        offset = self._read("H", self._fields + entry) if entry < self._size else 0
        return offset and self._at + offset

    def number(self, field: int, default: int, form: str = "i") -> int:
        place = self._place(field)
        return self._read(form, place) if place else default

    def table(self, field: int) -> _Table | None:
        place = self._place(field)
        return _Table(self._data, place + self._read("I", place)) if place else None

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        begin = place + self._read("I", place)
        return begin + 4, self._read("I", begin)

    def values(self, field: int, form: str) -> list[Any]:
        """Return a vector of numbers, or of structs of two numbers as they follow each other."""
        begin, count = self._vector(field)
        form = f"<{count * len(form)}{form[0]}"
        end = begin + struct.calcsize(form)
        if end > len(self._data):
            raise _Broken("a list is longer than the file")
        return list(struct.unpack_from(form, self._data, begin))

    def tables(self, field: int) -> list[_Table]:
        offsets, (begin, _) = self.values(field, "I"), self._vector(field)
        return [_Table(self._data, begin + 4 * at + one) for at, one in enumerate(offsets)]

    def text(self, field: int) -> str:
        begin, count = self._vector(field)
        return bytes(self._data[begin : begin + count]).decode()


def check(data: bytes, file: str) -> str:
    """Hold a model to bounds; return what of it was not looked at, or an empty text.

    Raises:
        InvalidModel: it is no such file or damaged (CAT-004), or its numbers lead out of their
            arrays (CAT-006).

    """
    if data[:4] != BEGIN:
        what = "is not a model of CatBoost in its binary form (cbm), which begins with 'CBM1'"
        raise InvalidModel.of_file(file, "CAT-004", what)
    try:
        return _check_file(data)
    except (_Broken, struct.error, UnicodeDecodeError, RecursionError) as error:
        why = error if isinstance(error, _Broken) else "it is cut off or damaged"
        raise InvalidModel.of_file(file, "CAT-006", f"would lead CatBoost astray: {why}") from None


def unchecked(data: bytes) -> str:
    """Return what of a file is not held to bounds, or why it is refused; empty where all is."""
    try:
        return check(data, "")
    except InvalidModel as error:
        return error.details[0].message


def _check_file(data: bytes) -> str:
    size, begin = struct.unpack_from("<I", data, 4)[0], 8
    if size == _LARGE:
        size, begin = struct.unpack_from("<Q", data, 8)[0], 16
    core = memoryview(data)[begin : begin + size]
    if len(core) != size:
        raise _Broken("it is cut off")
    root = _Table(core, struct.unpack_from("<I", core)[0])
    trees = root.table(_TREES)
    classes = _check_info(root)
    if trees is None:
        raise _Broken("it has no trees")
    other = [what for field, what in _OTHERS.items() if trees.tables(field)]
    behind = len(data) - begin - size
    if other or behind:
        return ", ".join(other) or "what stands behind the trees"
    splits, places = _check_features(trees)
    if sorted(places) != list(range(len(places))):
        return "features that were left out"
    _check_trees(trees, splits, classes)
    return ""


def _check_info(root: _Table) -> int | None:
    """Check what is JSON beside the trees; return the number of classes, where it says one."""
    classes = None
    for pair in root.tables(2):
        key, value = pair.text(0), pair.text(1)
        brackets = re.sub(r"[^][{}]+", "", value)
        nested = accumulate((one in "[{") - (one in "]}") for one in brackets)
        if max(nested, default=0) > _DEEPEST_JSON:
            raise _Broken(f"{shown(key)} is nested too deep")
        if key in _DESCRIPTIONS:
            told = _described(key, value)
            if key == "class_params":
                classes = _classes(told)
    return classes


def _described(key: str, value: str) -> dict[str, Any]:
    try:
        told = json.loads(value)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _Broken(f"{shown(key)} is not a description in JSON")
    return told


def _classes(told: dict[str, Any]) -> int:
    classes, labels = (
        told.get("class_to_label"),
        told.get("class_names") or told.get("class_labels"),
    )
    if not isinstance(classes, list) or (
        labels is not None and not (isinstance(labels, list) and len(labels) >= len(classes))
    ):
        raise _Broken("class_params do not name every class")
    return len(classes)


def _check_features(trees: _Table) -> tuple[int, list[int]]:
    """Check the features; return by how many values of them a tree may split, and their places."""
    floats, categories = trees.tables(5), trees.tables(4)
    flat: list[int] = []
    for features, first in ((floats, 1), (categories, 0)):
        own = [one.number(first, -1) for one in features]
        if any(later <= earlier for earlier, later in zip([-1, *own], own, strict=False)):
            raise _Broken("its features are not in order")
        flat += [one.number(first + 1, -1) for one in features]
        if any(not 0 <= place < _MOST_FEATURES for place in (*own, *flat)):
            raise _Broken("a feature is at a place where none can be")
    if len(set(flat)) != len(flat):
        raise _Broken("two features are at one place")
    known = {one.number(0, -1) for one in categories if one.number(3, 1, "B")}
    splits = sum(len(one.values(3, "f")) for one in floats)
    for one in trees.tables(6):
        if one.number(0, -1) not in known:
            raise _Broken("a tree splits by a feature that the model does not have")
        splits += len(one.values(1, "i"))
    return splits, flat


def _check_trees(trees: _Table, splits: int, classes: int | None) -> None:
    dimension = trees.number(0, 0)
    values = len(trees.values(8, "d"))
    if not 1 <= dimension <= max(values, 1):
        raise _Broken("it has another number of values than its leaves")
    if classes is not None and classes != (dimension if dimension > 1 else 2):
        raise _Broken("it has another number of classes than values in a leaf")
    used, sizes, starts = (trees.values(at, "i") for at in (_TREES, _SIZES, _OFFSETS))
    if any(size < 0 for size in sizes) or starts != list(accumulate(sizes, initial=0))[:-1]:
        raise _Broken("its trees do not follow each other")
    if sum(sizes) != len(used):
        raise _Broken("its trees have another number of splits than there are")
    nodes = trees.values(10, _NODE)
    if any(not 0 <= one < splits for one in used) and (splits or not nodes or any(used)):
        raise _Broken("a tree splits by a value that the model does not have")
    leaves_of_nodes = trees.values(11, "I")
    if nodes or leaves_of_nodes:  # either makes CatBoost walk from node to node
        _check_nodes(nodes, leaves_of_nodes, sizes, values, dimension)
        return
    if any(size > _DEEPEST_TREE for size in sizes):
        raise _Broken(f"a tree is deeper than {_DEEPEST_TREE}")
    leaves = sum(1 << size for size in sizes)
    if leaves * dimension != values or len(trees.values(9, "d")) not in {0, leaves}:
        raise _Broken("it has another number of values than its leaves")


def _check_nodes(
    nodes: list[int], leaves: list[int], sizes: list[int], values: int, dimension: int
) -> None:
    """Check trees whose nodes say how far behind them their children stand."""
    if len(nodes) != 2 * sum(sizes) or len(leaves) != sum(sizes):
        raise _Broken("its trees have another number of nodes than there are")
    ends = [end for end, size in zip(accumulate(sizes), sizes, strict=True) for _ in range(size)]
    for place, (leaf, end) in enumerate(zip(leaves, ends, strict=True)):
        left, right = nodes[2 * place : 2 * place + 2]
        if place + max(left, right) >= end:
            raise _Broken("a node has children that are not nodes of its tree")
        if not (left and right) and (leaf % dimension or leaf > values - dimension):
            raise _Broken("a leaf has values that are not there")
    if not all(sizes):
        raise _Broken("a tree has no node")
