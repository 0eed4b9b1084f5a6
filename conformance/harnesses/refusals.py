"""Refusals over HTTP and gRPC of servers that have a table of errors of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.harnesses.words import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["refusal", "refusal_of_call"]

#: Status -> the name of the table (spec/errors.md) that such an answer stands for. Several names
#: have the status 400; how a report tells them apart is in conformance/report/README.md.
_NAMES = {
    400: "INVALID_INPUT",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "INVALID_INPUT",
    501: "UNSUPPORTED_MODEL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
#: The same of a call's status; a server's own table of errors goes by HTTP's.
_NAMES_OF_CALLS = {
    "INVALID_ARGUMENT": "INVALID_INPUT",
    "FAILED_PRECONDITION": "INVALID_INPUT",
    "NOT_FOUND": "NOT_FOUND",
    "RESOURCE_EXHAUSTED": "PAYLOAD_TOO_LARGE",
    "UNIMPLEMENTED": "UNSUPPORTED_MODEL",
}


def refusal_of_call(code: str, message: str) -> dict[str, Any]:
    """Return what a call that ended with the status of an error is as the result of a case."""
    name = _NAMES_OF_CALLS.get(code, "INTERNAL_ERROR")
    return {"code": code, "error_code": name, "said": shown(message)}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return what an answer with the status of an error is as the result of a case.

    Args:
        status: the status.
        headers: the headers, their names in small letters.
        body: the body.

    """
    allow = {"allow": headers["allow"]} if "allow" in headers else {}
    return {
        "status": status,
        "content_type": headers.get("content-type"),
        "error_code": _NAMES.get(status, "INTERNAL_ERROR"),
        **allow,
        "said": shown(_message(body.decode("utf-8", "replace"))),
    }


def _message(text: str) -> str:
    """Return the words of an error: of an object those that are for people."""
    try:
        held = json.loads(text)
    except ValueError:
        return text
    if not isinstance(held, dict):
        return text
    for key in ("message", "error", "detail"):
        if key in held:
            return held[key] if isinstance(held[key], str) else json.dumps(held[key])
    return text
