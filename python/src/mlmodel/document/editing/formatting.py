"""The canonical form of an MLmodel file (MLM-024 to MLM-026): what ``mlmodel fmt`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel.document.document import compose_document
from mlmodel.document.editing.edits import Change, apply
from mlmodel.document.editing.layout import lay_out
from mlmodel.document.editing.upgrades import upgrades
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.schema import schemas
from mlmodel.document.writer import require_readable
from mlmodel.document.yaml.build import Builder
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import InternalError, InvalidModel

if TYPE_CHECKING:
    from mlmodel.document.document import Document
    from mlmodel.document.editing.layout import LaidOut

__all__ = ["Formatted", "format_text"]


class Formatted(NamedTuple):
    """The canonical text of a file, and which old forms were brought up to date in it."""

    text: str
    changes: tuple[Change, ...]


def format_text(text: str, file: str = FILE_NAME, *, limits: Limits = DEFAULT_LIMITS) -> Formatted:
    """Return the text of an MLmodel file in its canonical form, which means the same.

    The order of the keys and the comments stay; the canonical form of the result is itself.

    Raises:
        InvalidModel: what the text means is not certain: it is not YAML, or breaks a rule of
            MLM-001 to MLM-006; or its canonical form has more than ``limits.bytes`` (MLM-002).
            Other rules may be broken.

    """
    document = _certain(text, file, limits)
    made: list[Change] = []
    while found := list(upgrades(document)):
        text, changes = apply(text, found)
        made += changes
        document = _certain(text, file, limits)
    laid_out = lay_out(document, schemas.load("mlmodel"), limits)
    if laid_out is None or not _means(document, laid_out):
        raise InternalError(
            f"{file} could not be brought into the canonical form without changing what it means; "
            "it was left as it is. Please report this with the file."
        )
    new = laid_out.text.replace("\n", _line_break(text))
    require_readable(new.encode(), file, limits)
    return Formatted(new, tuple(made))


def _certain(text: str, file: str, limits: Limits) -> Document:
    document = compose_document(text, file, limits=limits)
    wrong = [problem for problem in document.problems if problem.severity == "error"]
    if wrong:
        raise InvalidModel(f"{file} cannot be formatted: what it means is not certain.", wrong)
    return document


def _means(document: Document, laid_out: LaidOut) -> bool:
    """Return whether a text that was laid out says what the document says, in its order."""
    if laid_out.text == document.text:
        return True
    builder = Builder()
    data = builder.build(laid_out.root, schemas.load("mlmodel"))
    wrong = any(problem.severity == "error" for problem in builder.problems)
    return not wrong and _equal(data, document.data)


def _equal(one: Any, other: Any) -> bool:
    """Compare values as they are written: 1, 1.0 and true differ, NaN is itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            _equal(pair, other_pair)
            for pair, other_pair in zip(one.items(), other.items(), strict=True)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, set):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    return bool(one == other) if isinstance(one, str) else repr(one) == repr(other)


def _line_break(text: str) -> str:
    """Return the line break of the file: that of its first line."""
    first = text.partition("\n")[0]
    return "\r\n" if first.endswith("\r") else "\n"
