"""The plan of a schema: made once per signature, asked on every prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.signature.data.columns import Columns, Tensors
from mlmodel.signature.data.frames import to_frame
from mlmodel.signature.enforce.columns import ColumnEnforcer
from mlmodel.signature.enforce.matching import Selection
from mlmodel.signature.enforce.tensors import TensorEnforcer
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.types.schema import Schema

__all__ = ["Plan"]


class Plan:
    """How data are held against a schema (or passed on, where there is none).

    A plan keeps no data; it may be used from several threads. ``memory`` is for decoders, which
    keep there what they have made of declared names, through :func:`remember`.
    """

    def __init__(self, schema: Schema | None) -> None:
        self.schema = schema
        self.memory: dict[Any, Any] = {}
        self._columns = self._tensors = None
        if schema is not None and schema.is_tensor_spec():
            self._tensors = TensorEnforcer(schema)
        elif schema is not None:
            self._columns = ColumnEnforcer(schema)

    def match(self, names: Sequence[str] | None, width: int) -> Selection:
        """Say where each declared input stands among the given ones, and what is wrong with them.

        For callers that go on to find further violations before they raise (ENF-003).
        """
        enforcer = self._columns or self._tensors
        if enforcer is None:
            return Selection(tuple(range(width)), (), in_order=True)
        return enforcer.match(None if names is None else tuple(names), width)

    def select(self, names: Sequence[str] | None, width: int) -> tuple[int | None, ...]:
        """Return for every declared input where it stands among ``width`` given ones, or None.

        Raises:
            InvalidInput: a required one is not there (ENF-004, ENF-009), is there twice
                (ENF-007), or names are needed and not given (ENF-011).

        """
        found = self.match(names, width)
        if found.violations:
            raise invalid_input(found.violations)
        return found.positions

    def enforce(self, data: Any) -> Any:
        """Return what the model gets.

        Args:
            data: a DataFrame, Series, ndarray, mapping, list, scalar, Columns or Tensors.

        Returns:
            A DataFrame in the delivered dtypes (ENF-002) for a schema of columns, an ndarray or
            a dict of ndarrays for one of tensors. Without a schema the data themselves (ENF-090),
            except that Columns and Tensors become a DataFrame and arrays. Data that fit already
            are returned as the very object (ENF-024).

        Raises:
            InvalidInput: the data contradict the schema; every violation found is listed.

        """
        if self._columns is not None:
            if isinstance(data, pd.DataFrame):
                return self._columns.frame(data)
            if isinstance(data, Columns):
                return self._columns.columns(data)
            return self._columns.plain(_arrays(data) if isinstance(data, Tensors) else data)
        plain = _plain(data)
        return plain if self._tensors is None else self._tensors.enforce(plain)


def _plain(data: Any) -> Any:
    if isinstance(data, Columns):
        return to_frame(data)
    return _arrays(data) if isinstance(data, Tensors) else data


def _arrays(tensors: Tensors) -> Any:
    """Return the single unnamed array, or the arrays by name."""
    return tensors.arrays.get(None, tensors.arrays)
