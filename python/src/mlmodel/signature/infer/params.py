"""The parameter that has a default (SIG-017)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from mlmodel.errors import InvalidArgument, shown
from mlmodel.signature.infer.cells import CellTypes, is_null
from mlmodel.signature.types.nested import AnyType, Array, Object
from mlmodel.signature.types.params import ParamSpec

__all__ = ["param_spec"]


def param_spec(name: str, value: Any) -> ParamSpec:
    """Return the parameter that has this default (SIG-017).

    Raises:
        InvalidArgument: the value is not a scalar, object, or list of scalars of one type; an empty
            list and an empty object tell none, and MLflow reads no list of objects.

    """
    if not isinstance(name, str):
        raise InvalidArgument(f"The name of a parameter is a text, not {shown(name)} (SIG-017)")
    types = CellTypes()
    try:
        kind = types.of([value], f"parameter {name!r}")
        default = _plain_default(value)
    except InvalidArgument as error:
        raise InvalidArgument(f"{error.message} (SIG-017)") from None
    is_list = isinstance(kind, Array)
    item = kind.dtype if isinstance(kind, Array) else kind
    nested = isinstance(item, Array | AnyType) or (is_list and isinstance(item, Object))
    if item is None or nested or types.conflicts or _holds_null(value):
        raise InvalidArgument(
            f"The default {shown(value)} of parameter {name!r} is neither a scalar nor an object, "
            "nor a list of scalars of one type (SIG-017)"
        )
    return ParamSpec(name, item, default, (-1,) if is_list else None)


def _holds_null(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(map(is_null, value))


def _plain_default(value: Any) -> Any:
    """Return Python's own value for numpy's, at every depth."""
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind == "M":
        value = list(value)  # tolist makes numbers of nanoseconds
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, np.datetime64):
        value = value.tolist()
    if isinstance(value, Decimal):
        raise InvalidArgument(f"{value} is a Decimal, which JSON cannot hold; give a float")
    if isinstance(value, dict):
        return {key: _plain_default(held) for key, held in value.items()}
    return [_plain_default(held) for held in value] if isinstance(value, list | tuple) else value
