"""R's own form of data, read and written without R."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mlmodel.bridges.r.serialized import NULL, Kind, NotData, NotWhole, Vector, read, texts, written


def _bytes(vector):
    return b"".join(memoryview(piece).tobytes() for piece in written(vector))


def _equal(left, right):
    if left.kind is Kind.LIST:
        values = all(map(_equal, left.values, right.values)) and len(left) == len(right)
    else:
        values = (
            np.array_equal(left.values, right.values)
            if left.kind is not Kind.TEXT
            else left.values == right.values
        )
    names = list(left.attributes) == list(right.attributes)
    return left.kind is right.kind and values and names and all(
        _equal(left.attributes[name], right.attributes[name]) for name in left.attributes
    )  # fmt: skip


_leaves = (
    some.just(NULL)
    | some.lists(some.none() | some.text(some.characters(codec="utf-8"), max_size=5), max_size=4).map(texts)
    | some.lists(some.integers(-(2**31), 2**31 - 1), max_size=4).map(lambda one: Vector(Kind.INTEGER, np.array(one, "int32")))
    | some.lists(some.floats(allow_nan=False), max_size=4).map(lambda one: Vector(Kind.DOUBLE, np.array(one, "float64")))
    | some.binary(max_size=5).map(lambda one: Vector(Kind.RAW, np.frombuffer(one, "uint8")))
)  # fmt: skip


def _with_attributes(vectors):
    return some.builds(
        lambda values, attributes: Vector(Kind.LIST, values, attributes),
        some.lists(vectors, max_size=3),
        some.dictionaries(some.sampled_from(["names", "class", "other"]), vectors, max_size=3),
    )


_vectors = some.recursive(_leaves, _with_attributes, max_leaves=10)


@given(vector=_vectors)
def test_what_is_written_is_read(vector):
    assert _equal(read(_bytes(vector)), vector)


@pytest.mark.thorough
@given(vector=_vectors, data=some.data())
def test_what_is_cut_off_is_told(vector, data):
    """Nothing else is raised, whatever is left of it."""
    whole = _bytes(vector)
    cut = whole[: data.draw(some.integers(0, len(whole) - 1))]
    with pytest.raises(NotWhole):
        read(cut)


def test_each_cut_is_told():
    numbers = Vector(Kind.DOUBLE, np.array([1.5]), {"names": texts(["one"])})
    whole = _bytes(Vector(Kind.LIST, [numbers, texts([None, "text"])]))
    for length in range(len(whole)):
        with pytest.raises(NotWhole):
            read(whole[:length])
    with pytest.raises(NotWhole, match="not in the form"):
        read(b"X\n" + whole[2:])


@given(vector=_vectors, data=some.data())
def test_what_is_altered_raises_nothing_else(vector, data):
    altered = bytearray(_bytes(vector))
    for _ in range(3):
        altered[data.draw(some.integers(0, len(altered) - 1))] = data.draw(some.integers(0, 255))
    try:
        read(altered)
    except NotData:
        return


def test_a_count_of_more_than_there_is_takes_no_memory():
    head = _bytes(NULL)[:14]
    for kind in (Kind.DOUBLE, Kind.TEXT, Kind.LIST, Kind.RAW):
        with pytest.raises(NotData, match="cut off|damaged"):
            read(head + struct.pack("=ii", kind, 2**31 - 1))
        with pytest.raises(NotData, match="cut off|damaged"):
            read(head + struct.pack("=iiII", kind, -1, 2**20, 0))


def test_lists_that_lie_too_deep_are_told():
    head = _bytes(NULL)[:14]
    with pytest.raises(NotData, match="deeper"):
        read(head + struct.pack("=ii", Kind.LIST, 1) * 100_000)


def test_attributes_that_lie_too_deep_are_told():
    head = _bytes(NULL)[:14]
    name = struct.pack("=ii", 9 | 64 << 12, 1) + b"a"
    begins = struct.pack("=ii", Kind.INTEGER | 0x200, 0) + struct.pack("=ii", 2 | 0x400, 1) + name
    with pytest.raises(NotData, match="deeper"):
        read(head + begins * 10_000)


def test_the_length_of_a_long_vector_is_read():
    read_one = read(_bytes(NULL)[:14] + struct.pack("=iiII", Kind.RAW, -1, 0, 3) + b"abc")
    assert read_one.values.tobytes() == b"abc"
    with pytest.raises(NotWhole):
        read(_bytes(NULL)[:14] + struct.pack("=iiII", Kind.RAW, -1, 3, 0) + b"abc")
