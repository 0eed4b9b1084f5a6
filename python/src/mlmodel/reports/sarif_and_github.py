"""Reports in the forms of others: GitHub's workflow commands, and SARIF 2.1.0 (MLM-029)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mlmodel._base.texts import counted, printable
from mlmodel.reports.rules import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.errors import Violation
    from mlmodel.reports.report import Report

__all__ = ["as_sarif", "github_lines"]

_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
#: What GitHub calls the folder that a relative path starts from.
_ROOT = "%SRCROOT%"
_COMMANDS = {"error": "error", "warning": "warning", "fixed": "notice"}


# --- GitHub ---------------------------------------------------------------------------------


def github_lines(report: Report) -> Iterator[str]:
    """Give one workflow command for each thing that a report says, each a line."""
    if report.unreadable is not None:
        yield _command("error", f"{report.path}: {report.unreadable}")
    for note in report.unchecked:
        yield _command("notice", f"{report.path}: {note}")
    for violation in (*report.fixed, *report.violations):
        at = f" (at {violation.pointer})" if violation.pointer else ""
        yield _command(
            _COMMANDS.get(violation.severity, "error"),
            f"{violation.message}{at}",
            file=violation.file and (_below(violation.file) or violation.file),
            line=violation.line,
            col=violation.column,
            title=violation.rule,
        )


def _command(name: str, message: str, **properties: Any) -> str:
    given = ",".join(
        f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    return f"::{name}{' ' if given else ''}{given}::{_escaped(message)}"


def _escaped(text: str) -> str:
    """Return a text as the data of a workflow command; no control character goes to the log."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(text)


def _below(file: str) -> str | None:
    """Return a path as seen from the working folder, with slashes, if it lies in it."""
    path, here = Path(os.path.abspath(file)), Path.cwd()  # noqa: PTH100 - links are not followed
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else None


# --- SARIF ----------------------------------------------------------------------------------


def as_sarif(reports: list[Report]) -> dict[str, Any]:
    """Return the reports as one run of a SARIF 2.1.0 log.

    Columns count characters. The path of a file in the working folder is relative to it, as
    code-scanning services expect it.
    """
    from mlmodel._base.version import __version__

    violations = [violation for report in reports for violation in report.violations]
    ids = sorted({violation.rule for violation in violations})
    unreadable = any(report.unreadable is not None for report in reports)
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mlmodel",
                        "semanticVersion": __version__,
                        "rules": [_rule(name) for name in ids],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not unreadable,
                        "toolExecutionNotifications": [
                            one for report in reports for one in _notifications(report)
                        ],
                    }
                ],
                "results": [_result(violation, ids) for violation in violations],
            }
        ],
    }


def _said(text: str) -> str:
    """Return a text as a message string, in which braces are placeholders unless doubled."""
    return printable(text).replace("{", "{{").replace("}", "}}")


def _rule(name: str) -> dict[str, Any]:
    known = rule(name)
    text = _said(known.text)
    address, _, _ = known.address.partition("#")
    where = f"[{known.file}]({address})" if address.startswith("http") else f"`{known.file}`"
    return {
        "id": name,
        "shortDescription": {"text": _first_sentence(text)},
        "fullDescription": {"text": text},
        "help": {
            "text": f"{text} ({name} in {known.file} of the specification)",
            "markdown": f"{text}\n\n**{name}** in {where} of the specification.",
        },
        "helpUri": known.address,
        "properties": {"tags": [known.page.rpartition("/")[2]]},
    }


def _first_sentence(text: str) -> str:
    head, dot, _ = text.partition(". ")
    return head + dot.rstrip()


def _result(violation: Violation, ids: list[str]) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if violation.file:
        physical: dict[str, Any] = {"artifactLocation": _artifact(violation.file)}
        if violation.line:
            column = {"startColumn": violation.column} if violation.column else {}
            physical["region"] = {"startLine": violation.line, **column}
        location["physicalLocation"] = physical
    if violation.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": violation.pointer}]
    return {
        "ruleId": violation.rule,
        "ruleIndex": ids.index(violation.rule),
        "level": "error" if violation.severity == "error" else "warning",
        "message": {"text": _said(violation.message)},
        **({"occurrenceCount": violation.times} if violation.times > 1 else {}),
        **({"locations": [location]} if location else {}),
    }


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    """Give what a log says of the run: what was not read, not checked, and what was mended."""
    if report.unreadable is not None:
        yield _notification("error", report.unreadable, report.path)
    for note in report.unchecked:
        yield _notification("note", note, report.path)
    if report.ignored:
        left_out = f"{counted(report.ignored, 'violation')} of ignored rules"
        yield _notification("note", f"Not told: {left_out} (MLM-033).", report.path)
    for fixed in report.fixed:
        yield _notification("note", f"Fixed: {fixed.message} ({fixed.rule})", fixed.file)


def _notification(level: str, text: str, file: str | None) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": _artifact(file or "")}}
    return {"level": level, "message": {"text": _said(text)}, "locations": [location]}


def _artifact(file: str) -> dict[str, str]:
    below = _below(file)
    if below is None:
        return {"uri": "file://" + quote(os.fsencode(os.path.abspath(file)))}  # noqa: PTH100 - as above
    return {"uri": quote(os.fsencode(below)), "uriBaseId": _ROOT}
