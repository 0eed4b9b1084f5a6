"""The forms of a request body: one file per form, one table.

To add a form, write ``codecs/<form>.py`` with a function of the kind :data:`Decoder` and name it
in :data:`TABLE`. A decoder turns what the sender wrote into columns or tensors of the declared
types; it looks columns up with the plan, reads cells with the payload's reader, and checks
nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlmodel.scoring.codecs import (
    csv,
    dataframe_records,
    dataframe_split,
    inputs,
    instances,
)
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.media import FORMS, JSON

if TYPE_CHECKING:
    from mlmodel.signature.columns import Columns, Tensors
    from mlmodel.signature.plan import Plan

__all__ = ["JSON", "MEDIA_TYPES", "TABLE", "Decoder", "Payload"]

#: Raises InvalidInput (the data contradict the signature) and MalformedRequest (the value is not
#: of the form), both with everything that was found.
Decoder = Callable[["Payload", "Plan"], "Columns | Tensors"]

#: (media type, key of the JSON envelope; None: the form is the whole body) -> decoder (RST-001).
TABLE: dict[tuple[str, str | None], Decoder] = {
    (JSON, "dataframe_split"): dataframe_split.decode,
    (JSON, "dataframe_records"): dataframe_records.decode,
    (JSON, "instances"): instances.decode,
    (JSON, "inputs"): inputs.decode,
    (FORMS["csv"], None): csv.decode,
}

#: The media types of the table, in its order.
MEDIA_TYPES: tuple[str, ...] = tuple(dict.fromkeys(media for media, _ in TABLE))
