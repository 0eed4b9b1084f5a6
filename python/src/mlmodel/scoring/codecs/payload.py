"""What a decoder gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlmodel.scoring.json.body import count_pairs
from mlmodel.signature.cells.reader import Reader

__all__ = ["Payload", "Tally"]


@dataclass(slots=True)
class Tally:
    """What a check asks of a decoder: ``rows``, as soon as it is known how many there are."""

    rows: int | None = None


@dataclass(slots=True)
class Payload:
    """A value to decode, the reader for its cells, and the pairs of its JSON objects.

    ``value`` is the value under the envelope's key, or the body's text where the form is the
    whole body. A decoder adds to ``pairs`` the key/value pairs of every object in ``value``: it
    knows the form and counts them in passing, and the protocol holds them against the body's
    colons to find repeated keys (ENF-058). ``tally`` is there for a check of the data alone.
    """

    value: Any
    reader: Reader = field(default_factory=Reader)
    pairs: int = 0
    tally: Tally | None = None

    def count(self, value: Any) -> None:
        """Count the pairs of a value of unknown form.

        Raises:
            InexactParse: a float in it, at any depth, may have been an integer literal.

        """
        self.pairs += count_pairs(value, exact=self.reader.exact)
