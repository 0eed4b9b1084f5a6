"""What a decoder gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from mlmodel.errors import MalformedRequest
from mlmodel.scoring.json.body import is_doubtful
from mlmodel.signature.cells.reader import InexactParse, Reader

if TYPE_CHECKING:
    from mlmodel.scoring.json.body import Json

__all__ = ["Payload", "Value_co", "text_of"]

#: What a form reads: JSON, a text or bytes. Who asks for the reader and the rows alone takes a
#: payload of any object.
Value_co = TypeVar("Value_co", covariant=True)


#: The byte order marks of UTF-16, with which those of UTF-32 begin or end.
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Payload(Generic[Value_co]):
    """A value to decode, and the reader for its cells.

    ``value`` is what stands under the form's key, or the whole body where the form has none: as
    JSON, text or bytes, as the form says. A decoder puts into ``rows`` how many rows there are,
    as soon as that is known: it is told even if their cells are refused. A form in which parameters
    stand elsewhere than beside its key has its decoder put them into ``params``.
    """

    value: Value_co
    reader: Reader = field(default_factory=Reader)
    rows: int | None = None
    params: dict[str, Json] | None = None

    def doubt(self, cells: Json) -> None:
        """Ask for the exact parse if a float, at any depth, may have been an integer literal.

        For cells that the model gets as they are; those that are read at a type have it asked by
        the reader.

        Raises:
            InexactParse: one may, and the numbers are not known to be those written.

        """
        if not self.reader.exact and is_doubtful(cells):
            raise InexactParse


def text_of(body: bytes) -> str:
    """Return the text of a body.

    Raises:
        MalformedRequest: it is not UTF-8 (RST-002).

    """
    if body.startswith(_UTF16) or b"\0" in body[:4]:
        raise MalformedRequest("The body is in UTF-16 or UTF-32; send it in UTF-8 (RST-002).")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedRequest(
            f"The body is not UTF-8: byte {error.start} belongs to no character. Where it is in "
            "Latin-1 or in a code page of Windows, convert it to UTF-8 (RST-002)."
        ) from None
