"""The forms of an answer: one table, from which a request's form names one.

To add a form of answer, write ``writers/<form>.py`` with a function of the kind :data:`Write` and
give it a line in :data:`WRITERS`. (What reads requests does without pandas; what writes answers
cannot, so the two tables stand apart.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mlmodel.scoring.media import JSON
from mlmodel.scoring.writers import predictions

__all__ = ["WRITERS", "Write", "Writer"]

#: Raises UnserializablePrediction: a part of what the model answered has no such form.
Write = Callable[[object], bytes]


class Writer(NamedTuple):
    """One form of an answer: its media type, and what makes it of predictions (RST-040)."""

    media: str
    write: Write


#: By the name under which :class:`mlmodel.scoring.codecs.Form` has them.
WRITERS: dict[str, Writer] = {
    "enveloped": Writer(JSON, predictions.write_enveloped),
    "bare": Writer(JSON, predictions.write_bare),
}
