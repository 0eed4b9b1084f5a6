"""Predictions as JSON: under the key ``predictions`` or bare (RST-040, RST-085), exactly."""

from __future__ import annotations

import numpy as np

from mlmodel.errors import UnserializablePrediction
from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps

__all__ = ["write_bare", "write_enveloped"]

_OPENING = len('{"predictions":')


def write_enveloped(predictions: object) -> bytes:
    """Return predictions under the key ``predictions``; see :data:`mlmodel.scoring.writers.Write`.

    Raises:
        UnserializablePrediction: a part of it has no form in JSON; the message says where.

    """
    return _write(predictions, bare=False)


def write_bare(predictions: object) -> bytes:
    """Return predictions alone, as MLflow 1.x gave them; raises as :func:`write_enveloped`."""
    return _write(predictions, bare=True)


def _write(predictions: object, *, bare: bool) -> bytes:
    try:
        if type(predictions) is np.ndarray and predictions.dtype == np.float64 and predictions.ndim:
            # The common answer. Only NaN and infinity are written null, and no number has an "n".
            whole = np.ascontiguousarray(predictions)
            written = dumps(whole if bare else {"predictions": whole})
            if written.find(b"n", 0 if bare else _OPENING) < 0:
                return written
        plain = as_plain(predictions)
        return dumps(plain if bare else {"predictions": plain})
    except Unwritable as error:
        place = "" if error.path is None else f" at /predictions{error.path}"
        message = f"The model's answer{place} {error.what} ({error.rule})."
        raise UnserializablePrediction(message) from None
