"""A dtype of a pickle is what it says, or is refused (TRU-057)."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mlmodel.trust.pickles.scanner import scan

OBJECT, NUMBER = np.dtype("O"), np.dtype("i8")
#: The marks of a dtype with objects.
HAS_OBJECTS = 0x3F


class Said:
    """Pickles as a dtype with this state, or as an array or scalar of it."""

    def __init__(self, text, *state, call=np.dtype):
        self.text, self.state = text, state

    def __reduce__(self):
        return np.dtype, (self.text, False, True), self.state


def fields(size=16, flags=HAS_OBJECTS, names=("a", "b"), **places):
    return Said("V16", 3, "|", None, names, places, size, 8, flags)


def plain(text, version=3, order="<", size=-1, alignment=-1, flags=0, *more):
    return Said(text, version, order, None, None, None, size, alignment, flags, *more)


HOSTILE = {
    "over an object": fields(a=(OBJECT, 0), b=(NUMBER, 4)),
    "over the same object": fields(a=(OBJECT, 0), b=(NUMBER, 0)),
    "two objects at one place": fields(a=(OBJECT, 0), b=(OBJECT, 4)),
    "over an object of another size": fields(a=(OBJECT, 0), b=(Said("O4", 3, "|", None, None, None, -1, -1, 63), 12)),
    "over a nested object": fields(24, a=(np.dtype([("x", "i8"), ("y", "O")]), 0), b=(NUMBER, 12)),
    "outside": fields(8, a=(OBJECT, 0), b=(NUMBER, 8)),
    "before the item": fields(a=(OBJECT, 0), b=(NUMBER, -8)),
    "hidden": fields(flags=0, a=(OBJECT, 0), b=(NUMBER, 8)),
    "hidden in a higher byte": fields(flags=0x200, a=(NUMBER, 0), b=(NUMBER, 8)),
    "named twice": fields(names=("a", "a"), a=(OBJECT, 0), b=(NUMBER, 8)),
    "left out": fields(names=("b",), a=(OBJECT, 0), b=(NUMBER, 8)),
    "of no size": fields(-1, a=(NUMBER, 0), b=(NUMBER, 8)),
    "a number with marks": plain("i8", flags=HAS_OBJECTS),
    "a number of no known size": plain("i3"),
    "an object of another order": Said("O8", 3, ">", None, None, None, -1, -1, 63),
    "an old version": plain("i8", version=1),
    "an odd alignment": plain("i8", alignment=0),
    "divided by nothing": plain("M8", 4, "<", -1, -1, 0, ({}, (b"ns", 1, 0, 1))),
    "none of a unit": plain("M8", 4, "<", -1, -1, 0, ({}, (b"ns", 0, 1, 1))),
    "an array of objects": Said("V16", 3, "|", (OBJECT, (2,)), None, None, 16, 8, 63),
    "an array of another size": Said("V16", 3, "|", (NUMBER, (3,)), None, None, 16, 8, 0),
}  # fmt: skip
HONEST = (
    [("a", "O"), ("b", "i8")], [(("title", "a"), "O")], [("a", [("b", "O")], ()), ("c", "f4", (2, 3))],
    "M8[25s]", "m8", "U7", "S3", "V5", ">f8", "c16", "?", "f2", "i1", "O",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_dtype_that_contradicts_itself(name, protocol):
    found = scan(pickle.dumps([HOSTILE[name]], protocol))
    assert found.refused == ("numpy.dtype",), found.reasons


@pytest.mark.parametrize("description", HONEST, ids=str)
def test_a_dtype_that_numpy_writes(description):
    kind = np.dtype(description)
    aligned = np.dtype(description, align=True)
    found = scan(pickle.dumps([kind, aligned, np.zeros(2, kind), np.zeros(2, kind)[0]]))
    assert found.allowed, found.reasons


class Scalar:
    """Pickles as a scalar whose objects are those of an array."""

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        return np.zeros(1, [("a", "O")])[0].__reduce__()[0], (np.dtype([("a", "O")]), self.array)


def test_a_scalar_takes_its_objects_from_one_item():
    assert scan(pickle.dumps(Scalar(np.zeros((), [("a", "O")])))).allowed
    assert not scan(pickle.dumps(Scalar(np.zeros(0, [("a", "O")])))).allowed
