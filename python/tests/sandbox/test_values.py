"""Predictions on their way out of the sandbox: the same values, and no others (TRU-084)."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mlmodel.sandbox.values import Unreadable, Unsendable, read, write

DAY = dt.datetime(2026, 11, 28, 19, 30)  # noqa: DTZ001 - without a zone

PLAIN: list[Any] = [
    *(None, True, 1, -(2**70), 2**63, 1.5, float("inf"), "text\x1b[0m", "", b"bytes", DAY),
    *(DAY.date(), DAY.time(), [], [1, [2, None]], (1, "a"), {"a": [1], 2: (3,), None: {}}),
]
ARRAYS = [
    *(np.arange(6).reshape(2, 3), np.zeros((0, 4)), np.array(5.0), np.array([True, False])),
    np.array(["a", "bcd", "é𝄞"]),
    np.array([b"a", b"bc"]),
    np.array(["2026-01-01", "NaT"], "M8[ns]"),
    np.array([1, 2], "m8[s]"),
    np.array([1 + 2j]),
    np.arange(4, dtype=">i2"),
    np.arange(12).reshape(3, 4)[:, ::2],
    np.array(["text", None, 1.5, [1], {"a": 2}], object),
    *(np.float32(1.5), np.int8(3), np.str_("a"), np.datetime64("2026-01-01")),
]
TIMES = pd.to_datetime(["2026-01-01", None])
FRAME = pd.DataFrame(
    {
        "number": [1.5, None],
        "text": ["a", None],
        "category": pd.Categorical(["x", "y"], ["y", "x", "z"], ordered=True),
        "whole": pd.array([1, None], "Int64"),
        "truth": pd.array([True, None], "boolean"),
        "time": TIMES,
        "zoned": TIMES.tz_localize("Europe/Zurich"),
        "object": [[1, 2], {"a": 1}],
        7: ["p", "q"],
    }
)
PANDAS = [
    FRAME,
    FRAME.set_index("text"),
    FRAME.set_index(["category", "whole"]),
    FRAME[["number"]].iloc[:0],
    pd.DataFrame(index=range(3)),
    pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
    pd.DataFrame([[1, 2]], columns=["same", "same"]),
]


def there_and_back(value: Any) -> Any:
    plain, buffers = write(value)
    return read(plain, [bytearray(buffer) for buffer in buffers])


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_values_of_python(value: Any) -> None:
    assert there_and_back(value) == value
    assert type(there_and_back(value)) is type(value)


@pytest.mark.parametrize("value", ARRAYS, ids=repr)
def test_arrays(value: Any) -> None:
    got = there_and_back(value)
    assert (type(got), got.dtype, got.shape) == (type(value), value.dtype, value.shape)
    np.testing.assert_array_equal(got, value)
    if isinstance(got, np.ndarray):
        assert got.flags.writeable


@pytest.mark.parametrize("frame", PANDAS, ids=range(len(PANDAS)))
def test_frames(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(there_and_back(frame), frame)
    for at in range(frame.shape[1]):
        pd.testing.assert_series_equal(there_and_back(frame.iloc[:, at]), frame.iloc[:, at])
    pd.testing.assert_index_equal(there_and_back(frame.index), frame.index)


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_sparse_matrices(form: str, kind: str) -> None:
    value = getattr(sparse, f"{form}_{kind}")(np.eye(3))
    got = there_and_back(value)
    assert type(got) is type(value)
    np.testing.assert_array_equal(got.toarray(), value.toarray())


def test_single_values_of_pandas() -> None:
    assert there_and_back(pd.Timestamp("2026-01-01")) == pd.Timestamp("2026-01-01")
    assert there_and_back(pd.NaT) is pd.NaT
    assert there_and_back(pd.NA) is pd.NA
    assert np.isnan(there_and_back(float("nan")))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        *(object(), print, {1, 2}, 1j, nested(100), np.zeros(2, [("a", "i4")]), 1 << 100_000),
        np.array([object()]),
        pd.Series(pd.interval_range(0, 2)),
    ],
    ids=range(9),
)
def test_what_has_no_form(value: Any) -> None:
    with pytest.raises(Unsendable):
        write(value)


@pytest.mark.parametrize(
    ("plain", "size"),
    [
        ({"array": "|O", "shape": [1], "data": 0}, 8),
        ({"array": "<f8", "shape": [2], "data": 0}, 8),
        ({"array": "<f8", "shape": [-1, -1], "data": 0}, 8),
        ({"array": "<f8", "shape": [1.0], "data": 0}, 8),
        ({"array": "<f8", "shape": [True], "data": 0}, 8),
        ({"array": "<f8", "shape": [2**61 + 1], "data": 0}, 8),
        ({"array": "<f8", "shape": [1], "data": 1}, 8),
        ({"array": "<f8", "shape": [1], "data": -1}, 8),
        ({"array": "<f8", "shape": [1] * 70, "data": 0}, 8),
        ({"array": "i4,O", "shape": [1], "data": 0}, 12),
        ({"array": "<U0", "shape": [2**60], "data": 0}, 0),
        ({"array": "<U999999999", "shape": [2**40, 0], "data": 0}, 0),
        ({"array": "<U2", "shape": [1], "data": 0}, 8),
        ({"array": "|b1", "shape": [8], "data": 0}, 8),
        ({"objects": [1], "shape": [2]}, 0),
        ({"objects": [1], "shape": [2**62]}, 0),
        ({"int": "0x" + "f" * 10**6}, 0),
        ({"float": "1"}, 0),
        ({"dict": [[[1], 2]]}, 0),
        ({"datetime": "yesterday", "date": "x"}, 0),
        ({"missing": "x"}, 0),
        ({"labels": {"range": [0, 10**18, 1], "name": None}}, 0),
        ({"labels": {"range": [0, 9, 0], "name": None}}, 0),
        ({"labels": {"levels": [{"range": [0, 10**9, 1], "name": None}]}}, 0),
        (
            {
                "series": [{"objects": [1], "shape": [1]}],
                "name": None,
                "index": {"range": [0, 2, 1], "name": None},
            },
            0,
        ),
        (
            {
                "frame": [],
                "columns": {"range": [0, 9, 1], "name": None},
                "index": {"range": [0, 2, 1], "name": None},
            },
            0,
        ),
        (
            {
                "series": [
                    {"zone": "dateutil//etc/passwd", "times": {"objects": [], "shape": [0]}}
                ],
                "name": None,
                "index": {"range": [0, 0, 1], "name": None},
            },
            0,
        ),
        (
            {
                "series": [{"extension": "period[D]", "items": []}],
                "name": None,
                "index": {"range": [0, 0, 1], "name": None},
            },
            0,
        ),
        (
            {
                "sparse": "csr_matrix",
                "shape": [1, 1],
                "parts": [
                    {"objects": [1.0], "shape": [1]},
                    {"objects": [9], "shape": [1]},
                    {"objects": [0, 1], "shape": [2]},
                ],
            },
            0,
        ),
        ({"sparse": "os_matrix", "shape": [1, 1], "parts": [1, 1, 1]}, 0),
        ({"eval": "1"}, 0),
        ({}, 0),
        (nested(200), 0),
    ],
    ids=range(33),
)
def test_what_is_not_a_value(plain: Any, size: int) -> None:
    with pytest.raises(Unreadable):
        read(plain, [bytearray(b"\xff" * size)])


SAME = sys.hash_info.modulus
OF_ONE_HASH = [
    [{"int": hex(SAME * at)} for at in range(100)],
    [{"tuple": [1, {"int": hex(SAME * at)}]} for at in range(100)],
    [{"tuple": [-1 - (at >> bit & 1) for bit in range(7)]} for at in range(100)],
    [2.0 ** (61 * at) for at in range(16)] + [{"int": hex(1 + SAME * at)} for at in range(100)],
]


@pytest.mark.parametrize("keys", OF_ONE_HASH, ids=range(len(OF_ONE_HASH)))
def test_keys_of_one_hash(keys: list[Any]) -> None:  # TRU-086
    labels = {"of": {"objects": keys, "shape": [len(keys)]}, "name": None}
    codes = {"array": "|i1", "shape": [1], "data": 0}
    for plain in (
        {"dict": [[key, 1] for key in keys]},
        {"labels": labels},
        {"labels": {"levels": [labels]}},
        {"first": {"codes": codes, "categories": labels, "ordered": False}},
    ):
        with pytest.raises(Unreadable, match="same hash"):
            read(plain, [bytearray(1)])


def test_keys_of_other_hashes() -> None:
    values: list[Any] = [1.5, 2**70, (1, "a"), b"a", DAY, None, True, *range(-200, 200)]
    assert there_and_back(dict.fromkeys(values)) == dict.fromkeys(values)
    repeated = pd.Index(values * 100, dtype=object)
    pd.testing.assert_index_equal(there_and_back(repeated), repeated)


def test_a_buffer_is_one_value() -> None:  # TRU-084
    assert read([{"bytes": 0}, {"bytes": 1}], [bytearray(b"a"), bytearray(b"b")]) == [b"a", b"b"]
    with pytest.raises(Unreadable, match="twice"):
        read([{"bytes": 0}, {"bytes": 0}], [bytearray(b"a")])
