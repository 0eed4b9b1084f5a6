"""The forms of a request body: one file per form, one table.

To add a form, write ``codecs/<form>.py`` with a function of the kind :data:`Decoder` and give it
a line in :data:`TABLE`. A decoder turns what the sender wrote into columns or tensors of the
declared types; it looks columns up with the plan, reads cells with the payload's reader, and
checks nothing by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mlmodel.scoring.codecs import (
    csv,
    dataframe_records,
    dataframe_split,
    inputs,
    instances,
    pandas_records,
    pandas_split,
)
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.media import FORMS, JSON

if TYPE_CHECKING:
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.plan import Plan

__all__ = ["CONTENT_TYPES", "JSON", "TABLE", "Decoder", "Form", "Payload"]

#: Raises InvalidInput (the data contradict the signature) and MalformedRequest (the value is not
#: of the form), both with everything that was found.
Decoder = Callable[["Payload", "Plan"], "Columns | Tensors"]


class Form(NamedTuple):
    """One form of a body: what says that a body has it, and what reads it (RST-001).

    A form of JSON stands under its ``key`` in the envelope of the 2.x dialect, or is the whole
    body and named by the ``format`` of the content type, which is the 1.x dialect (RST-080);
    ``fits`` then says whether a body without ``format`` is meant to have it (RST-081).
    """

    media: str
    decode: Decoder
    key: str | None = None
    format: str | None = None
    fits: Callable[[object], bool] | None = None

    @property
    def content_type(self) -> str:
        """What a client writes to send this form."""
        return self.media if self.format is None else f"{self.media}; format={self.format}"

    @property
    def bare(self) -> bool:
        """Whether the answer is the prediction alone, as MLflow 1.x gave it (RST-085)."""
        return self.format is not None


#: All forms, in the order of the specification's table.
TABLE: tuple[Form, ...] = (
    Form(JSON, dataframe_split.decode, key="dataframe_split"),
    Form(JSON, dataframe_records.decode, key="dataframe_records"),
    Form(JSON, instances.decode, key="instances"),
    Form(JSON, inputs.decode, key="inputs"),
    Form(JSON, pandas_split.decode, format="pandas-split", fits=pandas_split.fits),
    Form(JSON, pandas_records.decode, format="pandas-records", fits=pandas_records.fits),
    Form(FORMS["csv"], csv.decode),
)

#: What a client may name as content type.
CONTENT_TYPES: tuple[str, ...] = tuple(dict.fromkeys(form.content_type for form in TABLE))
