"""What a server refused -> the error of the table that it is: a client's side (RST-190)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmodel.errors import (
    InputViolation,
    InternalError,
    InvalidArgument,
    MlmodelError,
    NotFound,
    Unavailable,
    error_classes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_of_call", "error_of_reply"]

_KEYS = frozenset({"rule", "column", "row", "expected", "got"})
_SERVER_ERROR, _UNAVAILABLE, _NOT_FOUND, _UNAUTHORIZED = 500, 503, 404, (401, 403)
_REDIRECTED = (300, 400)
#: How much of what is not an error of the table is shown.
_MOST_SHOWN = 200
#: gRPC's code -> the error, where the server does not name it (spec/errors.md goes the other way).
_CODES = {
    "UNAVAILABLE": "UNAVAILABLE",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
    "NOT_FOUND": "MODEL_NOT_FOUND",
    "UNIMPLEMENTED": "NOT_FOUND",
    "INVALID_ARGUMENT": "MALFORMED_REQUEST",
    "RESOURCE_EXHAUSTED": "PAYLOAD_TOO_LARGE",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
    "PERMISSION_DENIED": "INVALID_ARGUMENT",
    "CANCELLED": "UNAVAILABLE",
}


def error_of_reply(status: int, body: bytes, where: str) -> MlmodelError:
    """Return the error that an answer of HTTP says.

    Args:
        status: its status, which is not one of success.
        body: its body.
        where: what was asked, for the message of an answer that says nothing of it.

    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return _by_status(status, _beginning(body), where)
    message = document.get("message") or document.get("error") or document.get("detail")
    kind = error_classes().get(str(document.get("error_code")))
    if kind is None:
        return _by_status(status, str(message or _beginning(body)), where)
    return kind(str(message or kind.code), _details(document.get("details")))


def error_of_call(code: str, message: str, said: str | None, where: str) -> MlmodelError:
    """Return the error that a call of gRPC ended with.

    Args:
        code: the name of its status code.
        message: the text that goes with it.
        said: the trailing metadata ``mlmodel-error`` (GRP-012), None where there is none.
        where: what was asked.

    """
    document: Any = None
    if said is not None:
        try:
            document = json.loads(said)
        except (ValueError, RecursionError):
            document = None
    if isinstance(document, dict):
        kind = error_classes().get(str(document.get("error_code")))
        if kind is not None:
            return kind(message or kind.code, _details(document.get("details")))
    kind = error_classes().get(_CODES.get(code, ""), InternalError)
    return kind(f"{where} ended with {code}: {message[:_MOST_SHOWN]} (GRP-011).")


def _by_status(status: int, said: str, where: str) -> MlmodelError:
    """Return the error for an answer whose name is not known: it goes by its status."""
    told = f"{where} was answered with status {status}"
    told = f"{told}: {said}" if said else told
    if _REDIRECTED[0] <= status < _REDIRECTED[1]:
        return NotFound(f"{told}; redirections are not followed, give the address itself.")
    of_status = [kind for kind in error_classes().values() if kind.http_status == status]
    if status in _UNAUTHORIZED:
        refused = of_status[0] if of_status else InvalidArgument
        return refused(f"{told}; give the token that the server wants (RST-190).")
    if status == _NOT_FOUND:
        return NotFound(f"{told} (RST-190).")
    if status == _SERVER_ERROR or not of_status:
        kind: type[MlmodelError] = InternalError if status == _SERVER_ERROR else InvalidArgument
        return (Unavailable if status > _SERVER_ERROR else kind)(f"{told} (RST-190).")
    return of_status[0](f"{told} (RST-190).")


def _beginning(body: bytes) -> str:
    text = " ".join(body[:_MOST_SHOWN].decode("utf-8", "replace").split())
    return text if text.isprintable() else repr(text)


def _details(given: Any) -> list[InputViolation]:
    found = []
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(one.get("rule"), str):
            fields = {key: one[key] for key in _KEYS if key in one}
            found.append(InputViolation(message=_sentence(fields), **fields))
    return found


def _sentence(fields: Mapping[str, Any]) -> str:
    """Return what a detail says, in words: its message does not go over the wire (ERR-003)."""
    place = [] if "column" not in fields else [f"column {fields['column']!r}"]
    place += [f"row {fields['row']}"] if "row" in fields else []
    told = [f"expected is {fields['expected']}"] if "expected" in fields else []
    told += [f"given is {fields['got']}"] if "got" in fields else []
    return ": ".join(part for part in (", ".join(place), ", ".join(told)) if part) or "is broken"
