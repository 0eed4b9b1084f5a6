"""What a decoder gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from mlmodel.scoring.json.body import is_doubtful
from mlmodel.signature.cells.reader import InexactParse, Reader

if TYPE_CHECKING:
    from mlmodel.scoring.json.body import Json

__all__ = ["Payload", "Value"]

#: What a form reads: JSON, a text or bytes.
Value = TypeVar("Value")


@dataclass(slots=True)
class Payload(Generic[Value]):
    """A value to decode, and the reader for its cells.

    ``value`` is what stands under the form's key, or the whole body where the form has none: as
    JSON, text or bytes, as the form says. A decoder puts into ``rows`` how many rows there are,
    as soon as that is known: it is told even if their cells are refused.
    """

    value: Value
    reader: Reader = field(default_factory=Reader)
    rows: int | None = None

    def doubt(self, cells: Json) -> None:
        """Ask for the exact parse if a float, at any depth, may have been an integer literal.

        For cells that the model gets as they are; those that are read at a type have it asked by
        the reader.

        Raises:
            InexactParse: one may, and the numbers are not known to be those written.

        """
        if not self.reader.exact and is_doubtful(cells):
            raise InexactParse
