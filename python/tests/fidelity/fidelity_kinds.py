"""The kinds of data of the fidelity matrix: one line each. Adding a kind is adding a line.

A kind makes rows of one sort of column, with gaps where the sort has them. The last row that it
makes is missing wherever a row may be.
"""

from __future__ import annotations

import decimal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy.sparse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: How many rows train a model (the first of them are its example), and how many are held out.
TRAINED, EXAMPLE, HELD_OUT = 200, 24, 12

WORDS = ("good", "bad", "film", "book", "long")

_NO_TABLE = "a sparse matrix has no columns with names"
_DENSE = "this form writes tables of cells"
_NO_DECIMALS = "the messages have no decimals; a table has them as doubles"
_CSV_NESTED = "CSV has no lists and objects"
_NOT_SPARSE = "a client sends no sparse matrix, whose gaps some models take for zeros"


@dataclass(frozen=True)
class Kind:
    """One sort of data, and the ways in which it cannot be sent, with the reason."""

    rows: Callable[[int, np.random.Generator], Any]
    not_sent: Mapping[str, str] = field(default_factory=dict)

    def made(self) -> tuple[Any, Any]:
        """Return rows to train on, and rows held out."""
        rows = self.rows(TRAINED + HELD_OUT, np.random.default_rng(0))
        return rows[:TRAINED], rows[TRAINED:]


def _number(count: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rng.integers(0, 100, count) / 4


def _with_gaps(values: list[Any], rng: np.random.Generator, mark: Any) -> list[Any]:
    """Return values of which some are missing, the last one too."""
    gaps = rng.random(len(values)) < 0.3
    gaps[-1] = True
    return [mark if gap else value for value, gap in zip(values, gaps, strict=True)]


def _chosen(options: list[Any], count: int, rng: np.random.Generator) -> list[Any]:
    return [options[place] for place in rng.integers(0, len(options), count)]


def _beside_a_number(
    column: Callable[[int, np.random.Generator], Any],
) -> Callable[[int, np.random.Generator], pd.DataFrame]:
    """Return a table of the column ``c`` and a number ``n`` that is never missing."""
    return lambda count, rng: pd.DataFrame({"c": column(count, rng), "n": _number(count, rng)})


def _numbers(count: int, rng: np.random.Generator) -> Any:
    return np.array(_with_gaps(list(_number(count, rng)), rng, np.nan))


def _texts(count: int, rng: np.random.Generator) -> Any:
    values = _with_gaps(_chosen(["Oslo", "Rome", "Lima"], count, rng), rng, np.nan)
    return pd.Series(values, dtype=object)


def _categories(options: list[Any]) -> Callable[[int, np.random.Generator], Any]:
    def column(count: int, rng: np.random.Generator) -> Any:
        values = _with_gaps(_chosen(options, count, rng), rng, None)
        return pd.Categorical(values, categories=options)

    return column


def _booleans(count: int, rng: np.random.Generator) -> Any:
    return pd.Series(_with_gaps(_chosen([True, False], count, rng), rng, np.nan), dtype=object)


def _times(zone: str | None) -> Callable[[int, np.random.Generator], Any]:
    def column(count: int, rng: np.random.Generator) -> Any:
        times = list(pd.date_range("2024-03-29", periods=count, freq="h", tz=zone))
        return pd.Series(_with_gaps(times, rng, pd.NaT))

    return column


def _decimals(count: int, rng: np.random.Generator) -> Any:
    return pd.Series([decimal.Decimal(str(n)) for n in _number(count, rng)], dtype=object)


def _named_by_integers(count: int, rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({2019: _numbers(count, rng), 2020: _number(count, rng)})


def _one_text(count: int, rng: np.random.Generator) -> pd.Series[str]:
    texts = [" ".join(_chosen(list(WORDS), 3, rng)) for _ in range(count)]
    return pd.Series(texts, name="text")


def _nested(count: int, rng: np.random.Generator) -> pd.DataFrame:
    lists = [list(_number(1 + place % 3, rng)) for place in range(count)]
    objects = [{"a": float(n), "b": "x" if n > 10 else "yy"} for n in _number(count, rng)]
    return pd.DataFrame({"l": [[float(n) for n in one] for one in lists], "d": objects})


def _sparse(count: int, rng: np.random.Generator) -> Any:
    return scipy.sparse.csr_matrix(
        np.where(rng.random((count, 4)) < 0.5, 0.0, rng.random((count, 4)))
    )


def _images(count: int, rng: np.random.Generator) -> Any:
    return rng.random((count, 6, 6)).astype("float32")


def _ending(common: list[Any], last: list[Any]) -> Callable[[int, np.random.Generator], Any]:
    """Return a column of which the last rows are held out, and are what no model was trained on."""

    def column(count: int, rng: np.random.Generator) -> list[Any]:
        return [*_chosen(common, count - len(last), rng), *last]

    return column


def _objects(
    column: Callable[[int, np.random.Generator], Any],
) -> Callable[[int, np.random.Generator], Any]:
    """Return a column of Python's own values, of which some are missing, the last one too."""

    def gaps(count: int, rng: np.random.Generator) -> Any:
        return pd.Series(_with_gaps(list(column(count, rng)), rng, None), dtype=object)

    return gaps


def _wide(count: int, rng: np.random.Generator) -> Any:
    """Return integers up to the last that doubles tell apart, some of them among the held out."""
    far = [2**53, -(2**53), 2**53 - 1, 2**31, -(2**31)]
    return np.array([*rng.integers(-9, 10, count - len(far)), *far], "int64")


def _wide_with_gaps(count: int, rng: np.random.Generator) -> Any:
    column = pd.array(_wide(count, rng), dtype="Int64")
    column[rng.random(count) < 0.3] = pd.NA
    column[-2:] = [2**53, pd.NA]
    return column


def _days(count: int, _rng: np.random.Generator) -> Any:
    return [day.date() for day in pd.date_range("1969-11-01", periods=count)]


_BEYOND_ASCII = ["Ærø", "Åse", "naïve", "日本", "😀 a\u0301", 'qu"ote\\', "tab\tline\n"]

#: What other languages have otherwise, or not at all: for the flavors that are asked through a bridge.
OF_BRIDGES = {
    "booleans": Kind(_beside_a_number(lambda count, rng: rng.random(count) < 0.5)),
    "integers of 64 bits": Kind(_beside_a_number(_wide)),
    "integers of 64 bits with gaps": Kind(_beside_a_number(_wide_with_gaps)),
    "integers beyond 2^53": Kind(_beside_a_number(
        lambda count, rng: np.array(_ending([1, 2, 3], [7, 2**53 + 1])(count, rng))
    )),
    "texts beyond ASCII": Kind(_beside_a_number(
        lambda count, rng: pd.Series(_chosen(_BEYOND_ASCII, count, rng), dtype=object)
    )),
    "texts with NUL": Kind(_beside_a_number(_ending(["a", "ab"], ["ab", "a\0b"]))),
    "unseen categories": Kind(_beside_a_number(_ending(["a", "b", "c"], ["b", "z"]))),
    "dates": Kind(_beside_a_number(_objects(_days))),
}  # fmt: skip

_NO_CELLS = "rows of more than one axis are no table"

#: Arrays of several axes, for flavors that take tensors.
IMAGES = Kind(_images, dict.fromkeys(
    ("frame", "Arrow", "split", "records", "records, gaps left out", "CSV", "Arrow stream",
     "Parquet", "batched", "gRPC, table", "gRPC, Arrow", "1.x split", "1.x records"), _NO_CELLS
))  # fmt: skip

KINDS = {
    "numbers with gaps": Kind(_beside_a_number(_numbers)),
    "text with gaps": Kind(_beside_a_number(_texts)),
    "categories of texts": Kind(_beside_a_number(_categories(["a", "b", "c"]))),
    "categories of integers": Kind(_beside_a_number(_categories([30, 10, 20]))),
    "booleans with gaps": Kind(_beside_a_number(_booleans)),
    "zoned times": Kind(_beside_a_number(_times("Europe/Oslo"))),
    "naive times": Kind(_beside_a_number(_times(None))),
    "decimals": Kind(_beside_a_number(_decimals), dict.fromkeys(
        ("gRPC, data", "client, gRPC frames"), _NO_DECIMALS
    )),
    "integer names": Kind(_named_by_integers),
    "one text column": Kind(_one_text),
    "nested cells": Kind(_nested, {"CSV": _CSV_NESTED}),
    "sparse": Kind(
        _sparse,
        {
            "frame": _NO_TABLE,
            "Spark UDF": _NO_TABLE,
            "Arrow": _NO_TABLE,
            "Arrow stream": _NO_TABLE,
            "gRPC, table": _NO_TABLE,
            "gRPC, Arrow": _NO_TABLE,
            "Parquet": _NO_TABLE,
            "split": _DENSE,
            "records": _DENSE,
            "records, gaps left out": _DENSE,
            "CSV": _DENSE,
            "1.x split": _DENSE,
            "1.x records": _DENSE,
            "client": _NOT_SPARSE,
            "client, gRPC": _NOT_SPARSE,
            "client, gRPC frames": _NOT_SPARSE,
            "client, invocations": _NOT_SPARSE,
        },
    ),
}  # fmt: skip
