"""Requests of cases as bytes, and answers over HTTP as results of cases."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["body_of", "media_type", "score_result", "v2_result"]

#: The longest header that says which parameters were left out (RST-089): ten names of sixty
#: characters, each of which may be escaped, and the words around them.
_LONGEST_WARNING = 6000


def body_of(request: dict[str, Any]) -> bytes:
    """Return the body of a request: text or bytes, and the binary data behind it."""
    text = base64.b64decode(request.get("body_base64", "")) or request.get("body", "").encode()
    return bytes(text + base64.b64decode(request.get("binary_base64", "")))


def media_type(content_type: str) -> str:
    """Return what a content type is, without its parameters and in small letters."""
    return content_type.partition(";")[0].strip().lower()


def score_result(
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    tables: Mapping[str, Callable[[bytes], Any]],
) -> dict[str, Any]:
    """Return what an answer to a request of ``score`` is.

    Args:
        status: the status.
        headers: the headers.
        body: the body.
        tables: what reads a body as DATA, by content type; others than these and JSON are text.

    Raises:
        ValueError: what is to be JSON is not, or the header of RST-089 is not as it says.

    """
    given = {name.lower(): value for name, value in headers}
    result = {"status": status, "content_type": given.get("content-type")}
    media = media_type(given.get("content-type", ""))
    if media != "application/json":
        return {**result, "body": tables.get(media, _text)(body)}
    answer = json.loads(body)
    if isinstance(answer, dict) and "error_code" in answer:
        return {**result, "error_code": answer["error_code"], "details": answer.get("details")}
    return {**result, "body": answer, "warns": _warns(given)}


def v2_result(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """Return what an answer of the Open Inference Protocol is.

    Raises:
        ValueError: the part of the body that is to be JSON is not, or an error says nothing.

    """
    given = {name.lower(): value for name, value in headers}
    result = {"status": status, "content_type": given.get("content-type")}
    length = given.get("inference-header-content-length")
    rest = b"" if length is None else body[int(length) :]
    answer = json.loads(body if length is None else body[: int(length)])
    if isinstance(answer, dict) and "error_code" in answer:
        if not answer.get("error"):
            raise ValueError("the error says nothing")
        parts = {key: answer.get(key) for key in ("error_code", "details")}
        return {**result, **parts, "allow": given.get("allow")}
    binary = {} if length is None else {"binary_base64": base64.b64encode(rest).decode()}
    return {**result, "body": answer, **binary, "warns": "mlmodel-warning" in given}


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _warns(headers: Mapping[str, str]) -> bool:
    """Return whether there is a header of RST-089, and stop where it is not as that rule says."""
    warning = headers.get("mlmodel-warning")
    if warning is None:
        return False
    if not (warning.isascii() and warning.isprintable() and "ENF-080" in warning):
        raise ValueError(f"the header is not printable ASCII with the rule: {warning!r}")
    return len(warning) <= _LONGEST_WARNING
