"""Predictions -> ``{"predictions": ...}`` or bare, exactly or not at all (RST-040, RST-085)."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps

__all__ = ["encode"]

_OPENING = len('{"predictions":')


def encode(predictions: Any, *, bare: bool = False) -> bytes:
    """Return the body of the answer: under the key ``predictions``, or alone if ``bare``.

    Raises:
        UnserializablePrediction: a part of it has no form in JSON; the message says where.

    """
    try:
        return _encoded(predictions, bare=bare)
    except Unwritable as error:
        place = "" if error.path is None else f" at /predictions{error.path}"
        message = f"The model's answer{place} {error.what} ({error.rule})."
        raise UnserializablePrediction(message) from None


def _encoded(predictions: Any, *, bare: bool) -> bytes:
    if type(predictions) is np.ndarray and predictions.dtype == np.float64 and predictions.ndim:
        # The common answer. Only NaN and infinity are written null, and no number has an "n".
        whole = np.ascontiguousarray(predictions)
        written = dumps(whole if bare else {"predictions": whole})
        if written.find(b"n", 0 if bare else _OPENING) < 0:
            return written
    plain = as_plain(predictions)
    return dumps(plain if bare else {"predictions": plain})
