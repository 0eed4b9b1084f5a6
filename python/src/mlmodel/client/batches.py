"""Data in pieces of rows, and the answers to them as one (RST-191)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined", "pieces", "rows_of"]


def pieces(data: Any, batch_rows: int) -> Iterator[Any]:
    """Give data in pieces of so many rows, uncopied where the data can be cut so.

    Raises:
        InvalidArgument: the number is not above 0, or the data have no rows.

    """
    if isinstance(batch_rows, bool) or not isinstance(batch_rows, int) or batch_rows < 1:
        raise InvalidArgument(f"batch_rows is a whole number above 0, not {batch_rows!r}.")
    rows = rows_of(data)
    if rows is None:
        raise InvalidArgument(
            "The data have no rows to be cut in pieces of; leave out batch_rows (RST-191)."
        )
    if rows <= batch_rows:
        yield data
        return
    names = _names(data) if isinstance(data, list | tuple) else ()
    for start in range(0, rows, batch_rows):
        piece = _cut(data, start, min(rows, start + batch_rows))
        yield _with_names(piece, names) if names else piece


def _names(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the names that records have; none for rows of another kind."""
    if not all(isinstance(row, Mapping) for row in rows):
        return ()
    return list(dict.fromkeys(name for row in rows for name in row))


def _with_names(records: Sequence[Any], names: Sequence[Any]) -> Sequence[Any]:
    """Return records of which one has each name: a frame of them has the columns of the whole.

    (A model of ours sees an optional column always, ENF-100; one that MLflow serves does not.)
    """
    here = set(_names(records))
    lacking = dict.fromkeys(name for name in names if name not in here)
    return [{**records[0], **lacking}, *records[1:]] if lacking else records


def rows_of(data: Any) -> int | None:
    """Return how many rows data or an answer have; None where they have none."""
    if isinstance(data, Mapping):
        lengths = {rows_of(held) for held in data.values()}
        return lengths.pop() if len(lengths) == 1 else None
    if isinstance(data, str | bytes):
        return None
    shape = getattr(data, "shape", None)
    if shape is not None:
        return int(shape[0]) if len(shape) else None
    return len(data) if hasattr(data, "__len__") else None


def _cut(data: Any, start: int, end: int) -> Any:
    if isinstance(data, Mapping):
        return {name: _cut(held, start, end) for name, held in data.items()}
    return data.iloc[start:end] if hasattr(data, "iloc") else data[start:end]


def joined(answers: Sequence[Any], rows: Sequence[int]) -> Any:
    """Return the answers to pieces of so many rows as the one answer to all of them.

    Raises:
        InvalidArgument: an answer does not have a row for each of its piece, or they differ in
            kind: then the model is not one that can be asked in pieces.

    """
    for answer, expected in zip(answers, rows, strict=True):
        if rows_of(answer) != expected:
            raise InvalidArgument(
                f"For a piece of {expected} rows the model answered {rows_of(answer)} rows, so it "
                "cannot be asked in pieces; leave out batch_rows (RST-191)."
            )
    if len(answers) == 1:
        return answers[0]
    if len({type(answer) for answer in answers}) > 1:
        raise InvalidArgument(
            "The model answered the pieces with different kinds of data, so it cannot be asked in "
            "pieces; leave out batch_rows (RST-191)."
        )
    return _joined(answers)


def _joined(answers: Sequence[Any]) -> Any:
    first = answers[0]
    if isinstance(first, Mapping):
        return {name: _joined([answer[name] for answer in answers]) for name in first}
    if isinstance(first, list):
        return [one for answer in answers for one in answer]
    if hasattr(first, "iloc"):
        import pandas as pd

        return pd.concat(answers, ignore_index=True)
    import numpy as np

    return np.concatenate(answers)
