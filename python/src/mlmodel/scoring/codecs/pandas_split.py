"""``format=pandas-split``: the split form as the whole body, the 1.x dialect (RST-082)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.scoring.codecs.dataframe_split import from_split

if TYPE_CHECKING:
    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

__all__ = ["decode", "fits"]


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read a body in pandas' split form; see :data:`mlmodel.scoring.codecs.Decoder`."""
    return from_split(payload, matching, "The body")


def fits(value: object, _matching: Matching) -> bool:
    """Return whether a body without ``format`` is meant to be of this form (RST-081)."""
    return type(value) is dict and ("data" in value or "columns" in value)
