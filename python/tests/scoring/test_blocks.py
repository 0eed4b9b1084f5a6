"""Frames are read by their blocks of one dtype: the answer is that of cell by cell."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.scoring.json.plain import as_plain, dumps
from mlmodel.signature.infer.from_data import infer_signature

#: Two cells of each kind of column.
COLUMNS: list[Any] = [
    np.array([0.1, -2.5]),
    np.array([0.1, np.nan]),
    np.array([np.inf, -np.inf]),
    np.array([0.1, np.nan], "float32"),
    np.array([1, 2**53 + 1]),
    np.array([1, 2], "uint8"),
    np.array([True, False]),
    np.array(["2020-01-01T01:02:03.5", "NaT"], "datetime64[ns]"),
    np.array(["2020-01-01", "2021-01-01"], "datetime64[s]"),
    pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("UTC").array,
    pd.Series(["a", None], dtype=object).array,
    pd.Series(["a", np.nan], dtype=object).array,
    pd.Series([[1, 2], []], dtype=object).array,
    pd.Series([b"a", b"\xff"], dtype=object).array,
    pd.array(["a", None], dtype="string"),
    pd.array([1, None], dtype="Int64"),
    pd.Categorical(["a", "b"]),
    # The last is of no type of a signature's.
    pd.Series([2**70, 1.5], dtype=object).array,
]
PICKED = st.lists(st.sampled_from(range(len(COLUMNS))), min_size=1, max_size=8)
TYPED = st.lists(st.sampled_from(range(len(COLUMNS) - 1)), min_size=1, max_size=8)


def frame_of(picked: list[int], *, gathered: bool) -> pd.DataFrame:
    """Return a frame of one block per dtype (``gathered``), or of one per column."""
    columns = {f"c{place}": COLUMNS[number] for place, number in enumerate(picked)}
    frame = pd.concat([pd.DataFrame({name: held}) for name, held in columns.items()], axis=1)
    return frame.copy() if gathered else frame


@settings(deadline=None)
@given(PICKED, st.booleans())
def test_rows_are_those_of_cell_by_cell(picked: list[int], gathered: bool) -> None:
    frame = frame_of(picked, gathered=gathered)
    slow = [
        {name: as_plain(frame[name].iloc[row]) for name in frame.columns}
        for row in range(len(frame))
    ]
    assert dumps(as_plain(frame)) == dumps(slow)


MOMENTS = st.datetimes(pd.Timestamp(1700, 1, 1), pd.Timestamp(2250, 1, 1)).flatmap(
    lambda moment: st.sampled_from(
        [
            *(moment, moment.replace(microsecond=0), moment.replace(microsecond=1000), pd.NaT),
            pd.Timestamp(moment) + pd.Timedelta(1, "ns"),
            pd.Timestamp(moment.replace(microsecond=0)) + pd.Timedelta(7, "ns"),
        ]
    )
)


@settings(deadline=None)
@given(
    st.lists(MOMENTS, max_size=4),
    st.sampled_from(["ns", "us", "ms", "s"]),
    st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kolkata", "+01:30"]),
)
def test_moments_are_written_as_each_by_itself(given: Any, unit: str, zone: str | None) -> None:
    moments = pd.Series(given, dtype="datetime64[ns]").astype(f"datetime64[{unit}]")
    if zone is not None:
        moments = moments.dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"a": moments, "b": moments})
    slow = [None if moment is pd.NaT else moment.isoformat() for moment in moments]
    assert as_plain(frame) == [{"a": text, "b": text} for text in slow]


def test_moments_of_other_years_are_written_as_each_by_itself() -> None:
    moments = pd.Series(np.array(["-0044-03-15", "0001-01-01", "2020-01-01"], "datetime64[s]"))
    for part in (moments[1:], moments):
        slow = [{"a": moment.isoformat()} for moment in part]
        assert as_plain(pd.DataFrame({"a": part})) == slow


SCALARS: list[Any] = [
    *(1, 2**70, True, None, "a", 0.5, float("inf"), -np.inf, np.nan, np.float64(0.1)),
    *(np.float32(0.1), np.float16(np.inf), np.float32("nan"), np.int8(-3), np.uint64(2**63)),
    *(*np.array([True]), np.str_("x"), b"ab", np.int64(2**53 + 1), (1, 0.5), [np.nan]),
]


@given(
    st.one_of(
        st.lists(st.sampled_from(SCALARS)),
        st.sampled_from(SCALARS).flatmap(
            lambda one: st.lists(
                st.sampled_from([held for held in SCALARS if type(held) is type(one)])
            )
        ),
    )
)
def test_lists_are_written_as_their_items(held: list[Any]) -> None:
    assert dumps(as_plain(held)) == b"[%b]" % b",".join(dumps(as_plain(one)) for one in held)


@settings(deadline=None)
@given(TYPED, st.booleans())
def test_types_are_those_of_column_by_column(picked: list[int], gathered: bool) -> None:
    frame = frame_of(picked, gathered=gathered)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = infer_signature(frame)
        single = [infer_signature(frame[name]) for name in frame.columns]
    assert whole.inputs is not None
    assert list(whole.inputs) == [next(iter(one.inputs)) for one in single if one.inputs]
    assert whole.delivery is not None
    apart = {
        key: held for one in single if one.delivery for key, held in one.delivery.columns.items()
    }
    assert whole.delivery.columns == apart


def test_columns_of_one_name_and_no_rows() -> None:
    frame = pd.DataFrame([[1.5, 2, "a"]], columns=["x", "y", "z"])
    assert as_plain(frame.iloc[:, [1, 0, 2]]) == [{"y": 2, "x": 1.5, "z": "a"}]
    assert as_plain(frame.iloc[:0]) == []
    assert as_plain(pd.DataFrame(index=[0, 1])) == [{}, {}]
    assert as_plain(pd.DataFrame({"b": [1.5], "a": [2.5]})[["a", "b"]]) == [{"a": 2.5, "b": 1.5}]
