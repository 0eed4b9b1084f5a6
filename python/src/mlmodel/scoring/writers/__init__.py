"""The forms of an answer: one table, from which a request's form names one.

To add a form of answer, write ``writers/<form>.py`` with a function of the kind :data:`Write` and
give it a line in :data:`WRITERS`. (What reads requests does without pandas; what writes answers
cannot, so the two tables stand apart.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mlmodel.scoring.media import FORMS, JSON, X_PARQUET
from mlmodel.scoring.writers import arrow, csv, predictions
from mlmodel.scoring.writers.tables import NotATable, as_table, names_of

__all__ = ["WRITERS", "NotATable", "Write", "Writer", "as_table", "names_of"]

#: Raises UnserializablePrediction: a part of what the model answered has no such form. Of a form of
#: tables it gets the table, and raises NotATable: a cell of it has no such form.
Write = Callable[[Any], bytes]


class Writer(NamedTuple):
    """One form of an answer: its media type, and what makes it of predictions (RST-040).

    ``is_table`` says that it holds a table and nothing else (RST-125); ``needs`` is the package
    without which it is not offered.
    """

    media: str
    write: Write
    is_table: bool = False
    needs: str | None = None


#: By the name under which :class:`mlmodel.scoring.codecs.Form` has those of JSON; the others are
#: for callers that ask for them (RST-124).
WRITERS: dict[str, Writer] = {
    "enveloped": Writer(JSON, predictions.write_enveloped),
    "bare": Writer(JSON, predictions.write_bare),
    "csv": Writer(f"{FORMS['csv']}; charset=utf-8", csv.write, is_table=True),
    "arrows": Writer(FORMS["arrows"], arrow.write_stream, is_table=True, needs="pyarrow"),
    "arrow": Writer(FORMS["arrow"], arrow.write_file, is_table=True, needs="pyarrow"),
    "parquet": Writer(FORMS["parquet"], arrow.write_parquet, is_table=True, needs="pyarrow"),
    "x-parquet": Writer(X_PARQUET, arrow.write_parquet, is_table=True, needs="pyarrow"),
}
