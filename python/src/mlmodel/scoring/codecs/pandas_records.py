"""``format=pandas-records``: a list of rows as the whole body, the 1.x dialect (RST-084)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.scoring.codecs import instances, tensors
from mlmodel.scoring.codecs.dataframe_records import from_records

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "fits"]


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read a list of objects, lists or values; see :data:`mlmodel.scoring.codecs.Decoder`."""
    rows = payload.value
    if type(rows) is not list or not rows:
        return from_records(payload, matching, "The body")
    if not matching.has_tensors:
        return instances.from_list(payload, matching, rows, "The body")
    if type(rows[0]) is dict:
        return from_records(payload, matching, "The body")
    return tensors.from_array(payload, matching)


def fits(value: object, _matching: Matching) -> bool:
    """Return whether a body without ``format`` is meant to be of this form (RST-081)."""
    return type(value) is list
