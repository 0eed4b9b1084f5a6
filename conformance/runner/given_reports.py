"""Reports that are given to be joined: read, and held against what a page needs of them.

They come from other people and machines. The schema (schemas/v1/conformance-report.json) says more,
but needs a library; here is what keeps a page from breaking, with the place of the first fault.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .results import ERRORED, FAILED, FORM, OUTCOMES, PASSED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_report"]

#: How much of a wrong value is shown.
_SHOWN = 60
_TEXT, _BOOLEAN, _NUMBER = "a text", "true or false", "a whole number from 0"
_OBJECT, _LIST, _TEXTS = "an object", "a list", "a list of texts"
_OUTCOME = f"one of {', '.join(OUTCOMES)}"
_IS = {
    _TEXT: lambda value: isinstance(value, str),
    _BOOLEAN: lambda value: isinstance(value, bool),
    _NUMBER: lambda value: type(value) is int and value >= 0,  # a boolean is none
    _OBJECT: lambda value: isinstance(value, dict),
    _LIST: lambda value: isinstance(value, list),
    _TEXTS: lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    _OUTCOME: lambda value: isinstance(value, str) and value in OUTCOMES,
}
_REPORT = {
    **dict.fromkeys(("implementation", "version", "language", "started"), _TEXT),
    "lenient": _BOOLEAN,
    **dict.fromkeys(("vectors", "profiles"), _OBJECT),
    "results": _LIST,
}
_VECTORS = {"digest": _TEXT}
_COUNTS = {
    **dict.fromkeys((*OUTCOMES, "known"), _NUMBER),
    **dict.fromkeys(("whole", "conforms"), _BOOLEAN),
}
_RESULT = {
    **dict.fromkeys(("id", "operation", "profile"), _TEXT),
    "rules": _TEXTS,
    "outcome": _OUTCOME,
}
_MAY_BE = dict.fromkeys(("known", "reason"), _TEXT)


def read_report(path: Path) -> dict[str, Any]:
    """Return a report in JSON.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no report; the message says where and why.

    """
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict) or found.get("report") != FORM:
        raise ValueError(f"{path} is not a report in JSON (`run --report json` makes one).")
    try:
        _check(found)
    except _FaultError as fault:
        raise ValueError(f"{path} is not a whole report: {fault}") from None
    return found


class _FaultError(Exception):
    """What is wrong in a report, and where."""


def _check(report: dict[str, Any]) -> None:
    _require(report, _REPORT, "")
    _require(report["vectors"], _VECTORS, "/vectors")
    for name, counts in report["profiles"].items():
        _require(counts, _COUNTS, f"/profiles/{name}")
    for number, result in enumerate(report["results"]):
        _check_result(result, f"/results/{number}")


def _check_result(result: Any, place: str) -> None:
    _require(result, _RESULT, place)
    _require(result, {key: kind for key, kind in _MAY_BE.items() if key in result}, place)
    if result["outcome"] != PASSED:
        _require(result, {"description": _TEXT}, place)
    if result["outcome"] in {FAILED, ERRORED}:
        _require(result, {"expected": _OBJECT}, place)


def _require(value: Any, wanted: Mapping[str, str], place: str) -> None:
    if not isinstance(value, dict):
        raise _FaultError(_said(place, _OBJECT, value))
    for key, kind in wanted.items():
        if key not in value:
            raise _FaultError(f"at {place or 'its top'} the key {key} is missing ({kind}).")
        if not _IS[kind](value[key]):
            raise _FaultError(_said(f"{place}/{key}", kind, value[key]))


def _said(place: str, kind: str, value: Any) -> str:
    shown = json.dumps(value)
    return f"at {place} {kind} is expected, not {shown[:_SHOWN]}{'…' * (len(shown) > _SHOWN)}."
