"""The canonical form of an MLmodel file (MLM-024 to MLM-026): what ``mlmodel fmt`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlmodel.document.document import compose_document
from mlmodel.document.editing.edits import Change, apply
from mlmodel.document.editing.layout import lay_out
from mlmodel.document.editing.upgrades import upgrades
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.schema import schemas
from mlmodel.document.writer import dumps
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import InternalError, InvalidModel

if TYPE_CHECKING:
    from mlmodel.document.document import Document

__all__ = ["Formatted", "format_text"]


_MOST_LOOKS = 3


class Formatted(NamedTuple):
    """The canonical text of a file, and which old forms were brought up to date in it."""

    text: str
    changes: tuple[Change, ...]


def format_text(text: str, file: str = FILE_NAME, *, limits: Limits = DEFAULT_LIMITS) -> Formatted:
    """Return the text of an MLmodel file in its canonical form, which means the same.

    The order of the keys and the comments stay; the canonical form of the result is itself.

    Raises:
        InvalidModel: what the text means is not certain: it is not YAML, or breaks a rule of
            MLM-001 to MLM-006. Other rules may be broken.

    """
    document = _certain(text, file, limits)
    made: list[Change] = []
    while found := list(upgrades(document)):
        text, changes = apply(text, found)
        made += changes
        document = _certain(text, file, limits)
    laid_out = _laid_out(document, limits)
    if laid_out is None or not _same(document, laid_out, limits):
        raise InternalError(
            f"{file} could not be brought into the canonical form without changing what it means; "
            "it was left as it is. Please report this with the file."
        )
    return Formatted(laid_out.replace("\n", _line_break(text)), tuple(made))


def _laid_out(document: Document, limits: Limits) -> str | None:
    """Return the canonical text, or None where the layout cannot hold the document.

    Where a comment stood in an odd place it may need a second look to come to rest.
    """
    text, schema = document.text, schemas.load("mlmodel")
    found = lay_out(text, document.nodes("")[1], schema, limits)
    for _ in range(_MOST_LOOKS if "#" in text else 0):
        if found is None or found == text:
            break
        text = found
        again = compose_document(text, document.file, limits=limits)
        found = lay_out(text, again.nodes("")[1], schema, limits) if again.usable else None
    return found


def _certain(text: str, file: str, limits: Limits) -> Document:
    document = compose_document(text, file, limits=limits)
    wrong = [problem for problem in document.problems if problem.severity == "error"]
    if wrong:
        raise InvalidModel(f"{file} cannot be formatted: what it means is not certain.", wrong)
    return document


def _same(document: Document, text: str, limits: Limits) -> bool:
    again = compose_document(text, document.file, limits=limits)
    return again.usable and dumps(again.data) == dumps(document.data)


def _line_break(text: str) -> str:
    """Return the line break of the file: that of its first line."""
    first = text.partition("\n")[0]
    return "\r\n" if first.endswith("\r") else "\n"
