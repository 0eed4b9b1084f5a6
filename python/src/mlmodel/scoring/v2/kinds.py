"""What a client of ours may ask for beside the protocol: an answer that loses nothing (RST-186).

The protocol's hints tell a frame from an array, but no series from a frame, no list from an array,
and its binary form has no missing integers. A request whose parameter ``mlmodel_exact`` is true is
told the kind of what the model answered, and gets such outputs in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from mlmodel.scoring.v2.messages import Tensor

__all__ = ["EXACT", "KIND", "holds_exactly", "kind_of", "restored"]

#: The parameter of a request, and that of an answer.
EXACT, KIND = "mlmodel_exact", "mlmodel_kind"

FRAME, NUMBERED, ARRAY, LIST, VALUE = "frame", "numbered_frame", "array", "list", "value"
SERIES, NAMED_SERIES, MAPPING = "series", "named_series", "mapping"


def kind_of(predictions: Any) -> str:
    """Return what a model answered with, by the words of RST-186."""
    if isinstance(predictions, pd.DataFrame):
        labels: list[object] = list(predictions.columns)
        numbered = bool(labels) and labels == list(range(len(labels)))
        return NUMBERED if numbered else FRAME
    if isinstance(predictions, pd.Series):
        return NAMED_SERIES if isinstance(predictions.name, str) else SERIES
    if isinstance(predictions, Mapping):
        return MAPPING
    if isinstance(predictions, list | tuple):
        return LIST
    has_rows = isinstance(predictions, np.ndarray) and predictions.ndim
    is_array = has_rows or isinstance(predictions, pd.api.extensions.ExtensionArray | pd.Index)
    return ARRAY if is_array else VALUE


def holds_exactly(tensor: Tensor) -> bool:
    """Return whether binary data hold a tensor of an answer as it is (OIP-013, OIP-044)."""
    if tensor.mask is not None and tensor.mask.any():
        return False
    values = tensor.values
    return values is None or values.dtype != object or None not in values.ravel().tolist()


def restored(predictions: Any, kind: str | None) -> Any:
    """Return predictions that were read by the hint of an answer as what the model answered with.

    Args:
        predictions: a DataFrame, an array or a dict of arrays.
        kind: the answer's parameter, None where the server says nothing of it.

    """
    convert = _CONVERT.get(kind or "")
    return predictions if convert is None else convert(predictions)


def _renumbered(frame: Any) -> Any:
    return frame.set_axis(pd.RangeIndex(frame.shape[1]), axis=1)


def _series(frame: Any) -> Any:
    return frame.iloc[:, 0].rename(None)


def _array(held: Any) -> Any:
    # An array of as many columns as are declared is answered as these (OIP-042).
    return held.to_numpy() if isinstance(held, pd.DataFrame) else held


def _list(held: Any) -> Any:
    return held.tolist() if isinstance(held, np.ndarray) else held


def _value(held: Any) -> Any:
    return held.reshape(-1)[0] if isinstance(held, np.ndarray) and held.size == 1 else held


_CONVERT = {
    NUMBERED: _renumbered,
    SERIES: _series,
    NAMED_SERIES: lambda frame: frame.iloc[:, 0],
    ARRAY: _array,
    LIST: _list,
    VALUE: _value,
}
