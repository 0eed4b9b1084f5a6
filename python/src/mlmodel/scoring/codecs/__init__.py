"""The forms of a request's body: one file per form, one table.

To add a form, write ``codecs/<form>.py`` with a function of the kind :data:`Decoder` and give it
a line in :data:`TABLE`. A decoder turns what the sender wrote into columns or tensors of the
declared types; it matches names by what it is given, reads cells with the payload's reader, and
checks nothing by itself. Forms whose columns have types hand over a data frame, which the engine
holds against the signature by these types. The forms of answers have a table of their own
(:mod:`mlmodel.scoring.writers`), of which a line here names one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from mlmodel.scoring.codecs import (
    arrow,
    csv,
    dataframe_records,
    dataframe_split,
    input_data,
    inputs,
    instances,
    pandas_records,
    pandas_split,
    parquet,
    record,
)
from mlmodel.scoring.codecs.payload import Payload, text_of
from mlmodel.scoring.media import FORMS, JSON, X_PARQUET

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.data.columns import AsGiven, Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

    #: What takes the data of a body and its parameters apart, given the names of those declared.
    Opener = Callable[[dict[str, Json], Matching, Collection[str]], tuple[Json, Json]]

__all__ = ["CONTENT_TYPES", "JSON", "TABLE", "Decoder", "Form", "Payload"]

#: What a form reads: JSON, a text or bytes.
Read = TypeVar("Read")
#: Raises InvalidInput (the data contradict the signature) and MalformedRequest (the value is not
#: of the form), both with everything that was found. The payload holds what the form reads.
Decoder = Callable[[Payload[Read], "Matching"], "Columns | Tensors | AsGiven | pd.DataFrame"]


class Form(NamedTuple, Generic[Read]):
    """One form of a body: what says that a body has it, and what reads it (RST-001).

    A form of JSON stands under its ``key`` in the envelope of the 2.x dialect, or is the whole
    body and named by the ``format`` of the content type, which is the 1.x dialect (RST-080);
    ``fits`` then says whether a body without ``format`` is meant to have it (RST-081). Where
    parameters stand elsewhere than under ``params`` beside the key, ``opens`` takes a body apart
    into data and parameters; ``ignores`` is a key that may stand beside them and says nothing.
    ``reads`` makes of the body what the decoder gets: its text (``text_of``) or the bytes as they
    are (``bytes``); where there is none, it is parsed as JSON. ``answer`` is the name of what
    writes the answer in :data:`mlmodel.scoring.writers.WRITERS`.
    """

    media: str
    decode: Decoder[Read]
    reads: Callable[[bytes], Read] | None = None
    answer: str = "enveloped"
    key: str | None = None
    format: str | None = None
    fits: Callable[[object, Matching], bool] | None = None
    opens: Opener | None = None
    ignores: str | None = None

    @property
    def content_type(self) -> str:
        """What a client writes to send this form."""
        return self.media if self.format is None else f"{self.media}; format={self.format}"


#: All forms, in the order of the specification's table.
TABLE: tuple[Form[Any], ...] = (
    Form(JSON, dataframe_split.decode, key="dataframe_split"),
    Form(JSON, dataframe_records.decode, key="dataframe_records"),
    Form(JSON, instances.decode, key="instances", ignores="signature_name"),
    Form(JSON, inputs.decode, key="inputs", ignores="signature_name"),
    Form(JSON, pandas_split.decode, answer="bare", format="pandas-split", fits=pandas_split.fits),
    Form(
        JSON,
        pandas_records.decode,
        answer="bare",
        format="pandas-records",
        fits=pandas_records.fits,
    ),
    Form(FORMS["csv"], csv.decode, text_of),
    Form(JSON, input_data.decode, answer="bare", key="input_data", opens=input_data.opened),
    Form(JSON, record.decode, answer="bare", fits=record.fits_conversation, opens=record.opened),
    Form(JSON, record.decode, fits=record.fits_declared, opens=record.opened),
    Form(FORMS["arrows"], arrow.decode_stream, bytes),
    Form(FORMS["arrow"], arrow.decode_file, bytes),
    Form(FORMS["parquet"], parquet.decode, bytes),
    Form(X_PARQUET, parquet.decode, bytes),
)

#: What a client may name as content type.
CONTENT_TYPES: tuple[str, ...] = tuple(dict.fromkeys(form.content_type for form in TABLE))
