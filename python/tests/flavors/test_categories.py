"""Values as the categories that a model was trained with, by value (XGB-010, XGB-012)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlmodel.flavors._categories import Categories

TEXTS = Categories(["b", "a", "c"])

TAKEN = {
    "texts": (TEXTS, ["a", "b", None], [1, 0, -1]),
    "categories in another order": (TEXTS, pd.Categorical(["a", "b"], ["a", "b"]), [1, 0]),
    "categories that nothing has": (TEXTS, pd.Categorical(["a", None], ["x", "a"]), [1, -1]),
    "a nullable column": (TEXTS, pd.array(["c", None], "string"), [2, -1]),
    "numbers": (Categories([3, 1]), [1, 3], [1, 0]),
    "numbers with gaps": (Categories([3, 1]), [1.0, np.nan, 3.0], [1, -1, 0]),
    "truth values": (Categories([True, False]), [False, True], [1, 0]),
    "nothing": (TEXTS, [], []),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_value_has_the_place_that_it_had_in_training(what):
    categories, column, due = TAKEN[what]
    taken, unknown = categories.numbered(pd.Series(column, dtype=getattr(column, "dtype", object)))
    assert unknown == []
    assert taken.codes.tolist() == due
    assert list(taken.categories) == list(categories.numbered(pd.Series(["b"]))[0].categories)


UNKNOWN = {
    "a text": (TEXTS, ["a", "x", "x", "y"], ["x", "y"]),
    "a category": (TEXTS, pd.Categorical(["x", "a"], ["x", "y", "a"]), ["x"]),
    "a number for a text": (TEXTS, ["a", 1], [1]),
    "a number between": (Categories([3, 1]), [1.5, 3], [1.5]),
    "a truth value for a number": (Categories([0, 1]), [True], [True]),
    "a number for a truth value": (Categories([False, True]), [1], [1]),
    "lists": (TEXTS, ["a", ["a"], ["b"]], [["a"]]),
    "mappings": (TEXTS, [None, {"a": 1}], [{"a": 1}]),
    "sets": (TEXTS, [{"a"}], [{"a"}]),
    "bytes that change": (TEXTS, [bytearray(b"a"), "a"], [bytearray(b"a")]),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_the_model_has_not_seen_is_told(what):
    categories, column, due = UNKNOWN[what]
    _, unknown = categories.numbered(pd.Series(column, dtype=getattr(column, "dtype", object)))
    assert unknown == due
    assert list(map(type, unknown)) == list(map(type, due))


@pytest.mark.parametrize(
    ("known", "unknown", "said"),
    [
        (3, ["x"], "'x' is not among the categories that the model was trained with: 0, 1, 2"),
        (5, ["x", "y"], "'x', 'y' are not among * with: 0, 1, 2, 3, 4"),
        (6, list("vwxyz"), "'v', 'w', 'x', 'y', 'z' are not * with: 0, 1, 2, 3, 4, … (6 in all)"),
        (6, list("uvwxyz"), "'u', 'v', 'w', 'x', 'y', … are not * 4, … (6 in all)"),
    ],
)
def test_a_message_names_some(known, unknown, said):
    first, _, last = said.partition(" * ")
    told = Categories(list(range(known))).refusal(unknown)
    assert told.startswith(first)
    assert told.endswith(last)
