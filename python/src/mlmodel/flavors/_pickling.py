"""Native models as pickles: what flavors whose library has no format of its own write."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["WRITERS"]


def _pickle(model: Any) -> bytes:
    try:
        return pickle.dumps(model, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InvalidArgument(
            f"The model cannot be pickled: {error}. serialization_format='cloudpickle' can also "
            "save functions and classes that no module defines"
        ) from error


def _cloudpickle(model: Any) -> bytes:
    data: bytes = require("cloudpickle", "predict").dumps(model, protocol=5)
    return data


#: ``serialization_format`` -> what makes the bytes of the file; raises InvalidArgument.
WRITERS: Mapping[str, Callable[[Any], bytes]] = {"pickle": _pickle, "cloudpickle": _cloudpickle}
