"""What a result means to somebody who sends a model or data: seven kinds, told from a report.

A peer knows neither our rules nor our names of errors. What it does right and tells otherwise is
a kind of its own, so that a page shows what it *does* otherwise.
"""

from __future__ import annotations

import re
from typing import Any

from conformance.harnesses.words import steady

__all__ = ["ACCEPTED", "KINDS", "OTHER", "SKIPPED", "TOLD_OTHERWISE", "kind_of", "marked"]

PASSED, TOLD_OTHERWISE, FAILED, SKIPPED = "passed", "told-otherwise", "failed", "skipped"
ACCEPTED, REFUSED, OTHER = "accepted", "refused", "other"

#: Kind -> what it is, in words.
KINDS = {
    PASSED: "as specified",
    TOLD_OTHERWISE: "right, and told otherwise: without rule and column, or with hints of its own",
    ACCEPTED: "accepted what is to be refused",
    REFUSED: "refused what is right",
    OTHER: "answered something else",
    FAILED: "failed: an error of the server, a signature that it does not read, or no answer",
    SKIPPED: "not asked: it has no such thing",
}
#: From this status on a server says that the fault is its own.
_SERVER_ERRORS = 500
#: Statuses of gRPC that say the same.
_FAILED_CALLS = frozenset({"INTERNAL", "UNKNOWN", "DATA_LOSS"})
#: What may differ, by operation, where the same is done: a fault's rule and place, the record of
#: delivery (which is ours), that parameters are left out, what a server calls itself, hints beside
#: tensors, and a column of n values as a tensor of [n, 1].
_TOLD = {
    "check-model": re.compile(r"/violations"),
    "infer-signature": re.compile(r"/delivery"),
    "score": re.compile(r"/warns"),
    "score-v2": re.compile(
        r"/warns|/body/(platform|parameters)|/body/(in|out)puts/\d+/parameters"
        r"|/body/(in|out)puts/\d+/shape: expected 1 items, got 2: \[-?\d+, 1\]"
    ),
    "score-grpc": re.compile(
        r"/warns|/answers/0/(platform|parameters)|/answers/0/(in|out)puts/\d+/parameters"
        r"|/answers/0/(in|out)puts/\d+/shape: expected 1 items, got 2: \[\"-?\d+\", \"1\"\]"
    ),
}


def kind_of(result: dict[str, Any]) -> str:
    """Return the kind of a result of a report."""
    if result["outcome"] in {PASSED, SKIPPED}:
        return str(result["outcome"])
    if result["outcome"] != FAILED:
        return FAILED
    wanted, got = result["expected"], result["got"]
    if _fails(got) and not _fails(wanted):
        return FAILED
    if _refuses(wanted) != _refuses(got):
        return ACCEPTED if _refuses(wanted) else REFUSED
    if _refuses(wanted) or _is_the_same(result):
        return TOLD_OTHERWISE
    return OTHER


def marked(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report in which results say their kind, and profiles what was told otherwise.

    What was told otherwise is *known*, as in a file of known failures: nobody of whom it is said
    reads our table of errors.
    """
    results = [_marked(one) for one in report["results"]]
    profiles = {name: {**one, "known": 0} for name, one in report["profiles"].items()}
    for one in results:
        profiles[one["profile"]]["known"] += "known" in one and one["outcome"] != SKIPPED
    return {**report, "profiles": profiles, "results": results}


def _marked(result: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(result)
    if "reason" in result:
        result = {**result, "reason": steady(result["reason"])}
    if kind == TOLD_OTHERWISE:
        return {"known": "right, and told otherwise", **result}
    if kind in {ACCEPTED, REFUSED, OTHER, FAILED}:
        return {"reason": KINDS[kind], **result}
    return result


def _refuses(said: dict[str, Any]) -> bool:
    """Return whether an answer is a refusal: an error of any name, or a model that is not valid."""
    return "error" in said or "error_code" in said or said.get("valid") is False


def _fails(said: dict[str, Any]) -> bool:
    return said.get("status", 0) >= _SERVER_ERRORS or said.get("code") in _FAILED_CALLS


def _is_the_same(result: dict[str, Any]) -> bool:
    """Return whether an answer differs from what is wanted in how it is told, and in no value."""
    told = _TOLD.get(result["operation"])
    return told is not None and all(map(told.match, result["differences"]))
