"""The reader of Universal Binary JSON: what it takes, and that it takes nothing else."""

from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.trust import ubjson
from mlmodel.trust.pickles.budget import Budget, Spent


def length(count):
    return b"L" + struct.pack(">q", count)


def text(value):
    raw = value.encode()
    return length(len(raw)) + raw


def write(value):
    """Write a value as XGBoost writes it."""
    if value is None or isinstance(value, bool):
        return {None: b"Z", True: b"T", False: b"F"}[value]
    if isinstance(value, int):
        return b"L" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"S" + text(value)
    if isinstance(value, list):
        return b"[#" + length(len(value)) + b"".join(map(write, value))
    return b"{" + b"".join(text(key) + write(one) for key, one in value.items()) + b"}"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.thorough
@given(VALUES)
def test_what_was_written_is_read(value):
    assert ubjson.loads(write(value)) == value


@given(VALUES, st.data())
def test_a_part_is_refused(value, data):
    raw = write(value)
    end = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(ubjson.MalformedUbjson):
        ubjson.loads(raw[:end])


@given(st.binary(max_size=60))
def test_anything_else_is_a_value_or_refused(raw):
    with suppress(ubjson.MalformedUbjson):
        ubjson.loads(raw)


@pytest.mark.parametrize("dtype", ["i1", "u1", ">i2", ">i4", ">i8", ">f4", ">f8"])
def test_arrays_of_one_type_are_arrays(dtype):
    marker = dict(zip(["i1", "u1", ">i2", ">i4", ">i8", ">f4", ">f8"], "iUIlLdD", strict=True))
    array = np.array([1, 2, 100], dtype)
    raw = b"[$" + marker[dtype].encode() + b"#" + length(3) + array.tobytes()
    found = ubjson.loads(raw)
    assert found.dtype == np.dtype(dtype)
    assert np.array_equal(found, array)


def test_an_array_without_a_count_ends_with_its_mark():
    assert ubjson.loads(b"[U\x01U\x02]") == [1, 2]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "cut off"),
        (b"N", "marker b'N'"),
        (b"ZZ", "1 bytes follow its end"),
        (b"{" + text("a") + b"Z" + text("a") + b"Z}", "'a' appears twice"),
        (b"[$d#" + length(2**60), "cut off"),
        (b"[#" + length(2**60), "cut off"),
        (b"[$d#" + length(-4), "cut off"),
        (b"S" + length(-1), "cut off"),
        (b"SU\x01a", "length of type b'U'"),
        (b"[$S#" + length(1), "array of type b'S'"),
        (b"S" + length(1) + b"\xff", "decode"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
    ],
)
def test_what_is_wrong_is_told(raw, message):
    with pytest.raises(ubjson.MalformedUbjson, match=message):
        ubjson.loads(raw)


@pytest.mark.thorough
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_members_are_passed_over(value):
    found = ubjson.members(write(value))
    assert {key: ubjson.loads(one) for key, one in found.items()} == value


@pytest.mark.slow
@pytest.mark.parametrize("read", [ubjson.loads, ubjson.members])
def test_values_count(read):  # TRU-098
    raw = b"{" + text("a") + b"[" + b"{}" * 1_000_000 + b"]}"
    read(raw, Budget(stored=len(raw)))
    with pytest.raises(Spent, match="TRU-098"):
        read(raw, Budget(stored=1000, opcodes=10_000))
