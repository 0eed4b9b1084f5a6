"""Vocabularies of text pipelines, whose numbers ONNX Runtime follows unseen (ONX-020)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mlmodel.trust.graphs.functions import operator
from mlmodel.trust.graphs.tensors import Astray
from mlmodel.trust.graphs.wire import Numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_vocabulary"]

_OPERATOR = b"TfIdfVectorizer"
#: An answer has as many columns as the largest place says.
_MOST_PLACES = 2**26


def check_vocabulary(data: bytes, node: Mapping[str, Any]) -> None:
    """Check a node that counts words: each has a place and, where there are any, a weight.

    Raises:
        Astray: it has not, or a place is out of bounds.

    """
    if operator(node)[1] != _OPERATOR:
        return
    held = {one.get("name", b""): one for one in node.get("attribute", ())}
    if any("ref_attr_name" in one for one in held.values()):
        raise Astray(
            "ONX-020", "has a vocabulary (TfIdfVectorizer) that a function gives its parts"
        )
    starts, places = (_numbers(data, held, key) for key in (b"ngram_counts", b"ngram_indexes"))
    pool = held.get(b"pool_strings", {}).get("strings", 0)
    pool = max(pool, held.get(b"pool_int64s", {}).get("ints", Numbers()).count)
    weights = held.get(b"weights", {}).get("floats", Numbers()).count
    words = 0
    for length, (start, end) in enumerate(pairwise([*starts, pool]), 1):
        if not 0 <= start <= end <= pool or (end - start) % length:
            raise Astray("ONX-020", "has a vocabulary (TfIdfVectorizer) whose parts are not in it")
        words += (end - start) // length
    if len(places) != words or weights not in {0, words}:
        raise Astray("ONX-020", "has a vocabulary (TfIdfVectorizer) of other words than places")
    if places and not 0 <= min(places) <= max(places) < _MOST_PLACES:
        raise Astray("ONX-020", "has a vocabulary (TfIdfVectorizer) with a place out of bounds")


def _numbers(data: bytes, held: Mapping[bytes, Any], key: bytes) -> list[int]:
    found = held.get(key, {}).get("ints")
    return [] if found is None else found.varints(data, found.count) or []
