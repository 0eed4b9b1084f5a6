"""The inputs that every side gets: frames, request bodies, the iris model (numpy, pandas)."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = 20
#: The columns of the REST rows of one type.
FEW = 4
WIDE = 1800
WIDEST = 20_000
REQUEST_ROWS = 10_000
_WORDS = 100_000
#: The rows of the CSV rows.
CSV_ROWS = 100_000
JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"


def doubles(rows: int, columns: int = COLUMNS) -> pd.DataFrame:
    """Return a frame of one float64 block with columns c0, c1, …."""
    values = np.random.default_rng(0).random((rows, columns))
    return pd.DataFrame(values, columns=[f"c{i}" for i in range(columns)])


def moments(rows: int) -> pd.DataFrame:
    """Return one column of Python's own datetimes, as a database driver hands them over."""
    start = datetime(2024, 1, 1)  # noqa: DTZ001 - the most frequent kind has no zone
    cells = [start + timedelta(seconds=second) for second in range(rows)]
    return pd.DataFrame({"moment": pd.Series(cells, dtype=object)})


def strings(rows: int) -> pd.DataFrame:
    """Return 20 object columns of strings out of 100,000 different ones."""
    random = np.random.default_rng(0)
    words = np.array([f"word-{i:06d}" for i in range(_WORDS)], dtype=object)
    return pd.DataFrame({f"c{i}": words[random.integers(0, _WORDS, rows)] for i in range(COLUMNS)})


def gaps(rows: int) -> pd.DataFrame:
    """Return one object column of strings, every tenth one None."""
    words = strings(rows)["c0"].astype(object)
    words[::10] = None
    return pd.DataFrame({"word": words.where(words.notna(), None)})


def pickled(kind: str, size: int) -> bytes:
    """Return the pickle of ``size`` words with their numbers, of as many doubles, or of a model."""
    if kind == "words":
        held: object = {f"word-{number}": number for number in range(size)}
    elif kind == "doubles":
        held = doubles(size).to_numpy()
    else:
        held, _ = iris_model()
    return pickle.dumps(held, protocol=4)


def lists(rows: int) -> pd.DataFrame:
    """Return one column of lists of eight doubles, a tenth as many rows."""
    values = np.random.default_rng(0).random((rows // 10, 8))
    return pd.DataFrame({"list": pd.Series(values.tolist(), dtype=object)})


def mixed(rows: int) -> pd.DataFrame:
    """Return 20 columns: double, long, string and boolean by turns."""
    random = np.random.default_rng(0)
    words = np.array(["red", "green", "blue"], dtype=object)
    make = (
        lambda: random.random(rows),
        lambda: random.integers(0, 1000, rows),
        lambda: words[random.integers(0, 3, rows)],
        lambda: random.integers(0, 2, rows).astype(bool),
    )
    return pd.DataFrame({f"c{i}": make[i % 4]() for i in range(COLUMNS)})


def wide_frame() -> pd.DataFrame:
    """Return one row of 1,800 columns of four types."""
    cells: tuple[Any, ...] = (0.5, 3, "x", True)
    return pd.DataFrame({f"column_{i}": [cells[i % 4]] for i in range(WIDE)})


def split_body(frame: pd.DataFrame) -> bytes:
    """Return a `dataframe_split` request."""
    # pandas' own writer rounds doubles to 15 digits.
    rows = frame.astype(object).to_numpy().tolist()
    return json.dumps({"dataframe_split": {"columns": list(frame), "data": rows}}).encode()


def instances_body(frame: pd.DataFrame) -> bytes:
    """Return an `instances` request whose rows are objects."""
    return json.dumps({"instances": frame.to_dict("records")}).encode()


def csv_body(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV, doubles with all their digits."""
    return frame.to_csv(index=False).encode()


def arrow_body(frame: pd.DataFrame) -> bytes:
    """Return a frame as a stream of Arrow."""
    import pyarrow as pa

    table, sink = pa.Table.from_pandas(frame, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    return sink.getvalue().to_pybytes()


def wide_body(frame: pd.DataFrame) -> bytes:
    """Return an `inputs` request, column by column."""
    return json.dumps({"inputs": frame.to_dict("list")}).encode()


def iris_model() -> tuple[Any, pd.DataFrame]:
    """Return a classifier fitted on iris, and its input."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    frame, target = load_iris(return_X_y=True, as_frame=True)
    return LogisticRegression(max_iter=1000).fit(frame, target), frame


def forest_model() -> tuple[Any, pd.DataFrame]:
    """Return a model whose predictions take some milliseconds, for one row as for many."""
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestRegressor

    frame, target = load_iris(return_X_y=True, as_frame=True)
    return RandomForestRegressor(100, max_depth=6, random_state=0).fit(frame, target), frame


def check_answer(status: int, answer: Any, rows: int) -> None:
    """Make sure that a request was answered before its time counts.

    Raises:
        ValueError: it was refused, or not every row was answered.

    """
    if status != 200 or len(answer["predictions"]) != rows:
        raise ValueError(f"the request was answered with status {status}: {str(answer)[:200]}")
