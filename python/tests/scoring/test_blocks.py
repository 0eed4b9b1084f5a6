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
