"""The plan of a schema: made once per signature, asked on every prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.signature.data.columns import AsGiven, Columns, Tensors
from mlmodel.signature.data.frames import only_column, to_frame
from mlmodel.signature.enforce.columns import ColumnEnforcer
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.enforce.tensors import TensorEnforcer

if TYPE_CHECKING:
    from mlmodel.signature.types.delivery import Delivery
    from mlmodel.signature.types.schema import Schema

__all__ = ["Plan"]


class Plan:
    """How data are held against a schema (or passed on, where there is none).

    A plan keeps no data; it may be used from several threads. ``matching`` is the part of it that
    decoders need, too. ``delivery`` is what the model gets beside what the schema says (ENF-091).

    Raises:
        InvalidArgument: the delivery does not fit the schema, or names an unknown time zone.

    """

    def __init__(self, schema: Schema | None, delivery: Delivery | None = None) -> None:
        self.matching = Matching(schema)
        self._columns = self._tensors = None
        self._form = None if delivery is None else delivery.form
        if schema is not None and self.matching.has_tensors:
            self._tensors = TensorEnforcer(schema, self.matching)
        elif schema is not None:
            self._columns = ColumnEnforcer(schema, self.matching, delivery)

    def enforce(self, data: Any) -> Any:
        """Return what the model gets.

        Args:
            data: a DataFrame, Series, ndarray, mapping, list, scalar, Columns or Tensors.

        Returns:
            A DataFrame in the delivered dtypes (ENF-002) for a schema of columns, an ndarray or
            a dict of ndarrays for one of tensors; a Series or a list where that is recorded as the
            model's form (ENF-096). Without a schema the data themselves (ENF-090),
            except that Columns and Tensors become a DataFrame and arrays. Data that fit already
            are returned as the very object (ENF-024); Columns and Tensors that were read at the
            types of this schema are neither matched nor checked again.

        Raises:
            InvalidInput: the data contradict the schema; every violation found is listed.

        """
        if self._columns is not None:
            if isinstance(data, pd.DataFrame):
                frame = self._columns.frame(data)
            elif isinstance(data, Columns):
                frame = self._columns.columns(data)
            else:
                plain = _arrays(data) if isinstance(data, Tensors) else data
                frame = self._columns.plain(plain)
            return only_column(frame, self._form)
        if self._tensors is None or _is_read(data, self.matching.schema):
            return _plain(data)
        return self._tensors.enforce(_plain(data))


def _is_read(data: Any, schema: Schema | None) -> bool:
    return isinstance(data, Tensors) and data.read_at is schema


def _plain(data: Any) -> Any:
    if isinstance(data, Columns):
        return to_frame(data)
    if isinstance(data, AsGiven):
        return data.value
    return _arrays(data) if isinstance(data, Tensors) else data


def _arrays(tensors: Tensors) -> Any:
    """Return the single unnamed array, or the arrays by name."""
    return tensors.arrays.get(None, tensors.arrays)
