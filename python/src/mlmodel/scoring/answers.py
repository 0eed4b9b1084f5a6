"""Answers: status, content type and body; the body of an error (ERR rules)."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from mlmodel.errors import InternalError, MalformedRequest, MlmodelError, UnsupportedMediaType
from mlmodel.scoring.media import JSON
from mlmodel.scoring.stages import CURRENT, in_the_log
from mlmodel.signature.violations import NOT_LOOKED_FOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.errors import InputViolation, Violation

__all__ = [
    "JSON",
    "MOST_DETAILS",
    "Answer",
    "error_document",
    "refused",
    "rules_of",
    "unexpected",
    "unexpected_error",
    "warning_header",
]

#: How many violations an answer lists (RST-062); the message says how many more there are.
MOST_DETAILS = 20
#: How long a name or a message of an answer may be; names come from the client.
_LONGEST_TEXT = 500

_WARNING = "MLmodel-Warning"
#: The rules that a message ends with; what the client sent never stands there.
_CITED = re.compile(r"\(([A-Z]{3}-[0-9]{3}(?:, [A-Z]{3}-[0-9]{3})*)\)\.?\Z")

_log = logging.getLogger("mlmodel.scoring")


class Answer(NamedTuple):
    """One answer of a protocol, whatever carries it."""

    status: int
    content_type: str
    body: bytes


def warning_header(text: str) -> tuple[str, str]:
    """Return the header that tells a client more than the answer does (RST-089).

    It is printable ASCII: what is not is escaped, so that no name can begin another header.
    """
    escaped = text.encode("ascii", "backslashreplace").decode("ascii")
    return _WARNING, "".join(char if char.isprintable() else repr(char)[1:-1] for char in escaped)


def refused(error: MlmodelError, *, terse: bool = False) -> Answer:
    """Return the answer for an error; ``terse`` leaves code and rule ids only (ERR-008)."""
    document = error_document(error, terse=terse)
    body = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Answer(error.http_status, JSON, body)


def unexpected(error: BaseException, *, terse: bool = False) -> Answer:
    """Log a fault of this library with its traceback, and return the answer that hides it."""
    return refused(unexpected_error(error), terse=terse)


def unexpected_error(error: BaseException) -> InternalError:
    """Log a fault of this library with its traceback, and return the error that hides it."""
    _log.error("A request failed because of a bug in mlmodel.", exc_info=error)
    return InternalError(f"The server failed to answer; {in_the_log()} (ERR-006).")


def error_document(error: MlmodelError, *, terse: bool = False) -> dict[str, Any]:
    """Return ``{"error_code", "message", "details"}`` as a dict.

    In a server it has the ``request_id``, too (RST-152).
    """
    document = _document(error, terse=terse)
    stages = CURRENT.get()
    if stages is not None:
        stages.refusal = type(error), rules_of(error)
        document["request_id"] = stages.request_id
    return document


def rules_of(error: MlmodelError) -> list[str]:
    """Return the ids of the rules that an error names, each once: of its details, or its message's.

    What the client sent never stands where a message names its rules.
    """
    found = list(dict.fromkeys(detail.rule for detail in error.details))
    if not found and (cited := _CITED.search(error.message)) is not None:
        found = cited[1].split(", ")
    return found


def _document(error: MlmodelError, *, terse: bool) -> dict[str, Any]:
    details = error.details[:MOST_DETAILS]
    if terse:
        return {
            "error_code": error.code,
            "message": error.code,
            "details": [{"rule": detail.rule} for detail in details] or _cited(error),
        }
    left_out = len(error.details) - len(details)
    least = "At least " if any(one.rule == NOT_LOOKED_FOR for one in error.details) else ""
    more = f" ({least}{left_out} more are not listed.)" if left_out else ""
    return {
        "error_code": error.code,
        "message": _cut(error.message) + more,
        "details": list(_documents(details)) or _cited(error),
    }


def _cited(error: MlmodelError) -> list[dict[str, Any]]:
    """Return the rules that a request broke as a whole, which only its message names (ERR-013)."""
    if not isinstance(error, MalformedRequest | UnsupportedMediaType):
        return []
    cited = _CITED.search(error.message)
    return [{"rule": rule} for rule in cited[1].split(", ")] if cited else []


def _documents(details: Iterable[InputViolation | Violation]) -> Iterable[dict[str, Any]]:
    for detail in details:
        yield {
            key: _cut(value) if isinstance(value, str) else value
            for key, value in detail.as_dict().items()
            if key != "message"
        }


def _cut(text: str) -> str:
    # A lone surrogate, which JSON from elsewhere may have brought in, is not UTF-8.
    text = text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")
