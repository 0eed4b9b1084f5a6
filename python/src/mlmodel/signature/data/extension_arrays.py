"""pandas' own arrays: what they hold, as numpy knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from mlmodel.signature.types.arrow import ARROW_ENCODED, arrow_type, type_name
from mlmodel.signature.types.scalars import DataType

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from mlmodel.signature.data.columns import Mask

    #: What numpy holds of it, None if no type takes it, and where cells are missing.
    Unpacked: TypeAlias = tuple[npt.NDArray[Any] | None, Mask]

__all__ = ["unpacked"]


def unpacked(values: Any) -> Unpacked:
    """Return (numpy array, mask) of an extension array; the array is None if no type takes it."""
    for dtype, unpack in _UNPACKERS.items():
        if isinstance(values.dtype, dtype):
            return unpack(values)
    if hasattr(values.dtype, "numpy_dtype"):
        return _from_nullable(values, values.dtype.numpy_dtype)
    return None, None


def _from_zoned(values: Any) -> Unpacked:
    return np.asarray(pd.DatetimeIndex(values).tz_convert("UTC").tz_localize(None)), None


def _from_nullable(values: Any, dtype: np.dtype[Any]) -> Unpacked:
    mask = np.asarray(values.isna())
    if not mask.any():
        return values.to_numpy(dtype), None
    return values.to_numpy(dtype, na_value=dtype.type(0)), mask


def _from_categories(values: Any) -> Unpacked:
    categories, codes = values.categories.array, np.asarray(values.codes)
    mask = codes < 0
    if not len(categories):
        return np.full(len(codes), np.nan, object), None
    held, inner = (
        (np.asarray(categories), None)
        if isinstance(categories.dtype, np.dtype)
        else unpacked(categories)
    )
    if held is None or inner is not None:
        return None, None
    return held[np.where(mask, 0, codes)], mask if mask.any() else None


def _from_arrow(values: Any) -> Unpacked:
    import pyarrow as pa

    held = values.dtype.pyarrow_dtype
    if type_name(held) in ARROW_ENCODED:
        from mlmodel.signature.data.arrow import decoded

        return _from_arrow(decoded(values.__arrow_array__()))
    kind = arrow_type(held)
    if kind is None and not str(held).startswith("decimal"):
        return None, None
    if kind is DataType.datetime:
        # As counts, so that a zone (Arrow keeps UTC beside it) changes nothing, and that a day
        # may be one that Python's dates do not have.
        array = values.__arrow_array__()
        array = array.cast(pa.int32()) if type_name(held).startswith("date32") else array
        counts = array.cast(pa.int64()).fill_null(0).to_numpy()
        mask = np.asarray(values.isna())
        return counts.view(f"datetime64[{_unit_of(held)}]"), mask if mask.any() else None
    if kind in (None, DataType.string, DataType.binary):
        # Missing text is NaN, as pandas' readers give it, other missing objects are None (ENF-002).
        missing = np.nan if kind is DataType.string else None
        return values.to_numpy(object, na_value=missing), None
    return _from_nullable(values, np.dtype(held.to_pandas_dtype()))


def _unit_of(held: Any) -> str:
    """Return numpy's name of the unit in which Arrow counts days or moments."""
    name = type_name(held).partition("[")[0]
    return {"date32": "D", "date64": "ms"}.get(name) or str(held.unit)


_UNPACKERS: dict[type, Callable[[Any], Unpacked]] = {
    pd.ArrowDtype: _from_arrow,
    pd.CategoricalDtype: _from_categories,
    pd.DatetimeTZDtype: _from_zoned,
    pd.SparseDtype: lambda values: (np.asarray(values), None),
    pd.StringDtype: lambda values: (values.to_numpy(object, na_value=np.nan), None),
}
