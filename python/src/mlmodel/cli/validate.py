"""``mlmodel validate``: a linter for model folders."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import (
    echo,
    format_option,
    in_processes,
    jobs_option,
    local_file,
    say_trust_is_lost,
)
from mlmodel.document.document import folder_of, model_file
from mlmodel.document.editing.fixes import fix
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import MlmodelError
from mlmodel.reports.report import Report, as_document, summary
from mlmodel.reports.validation import find_models, validate
from mlmodel.store.locations.locate import local_folder
from mlmodel.store.locations.uris import without_secrets

if TYPE_CHECKING:
    from mlmodel.errors import Violation

_EXAMPLES = """\b
Examples:
  mlmodel validate my_model             one model folder
  mlmodel validate my_model/MLmodel     the same, by its file
  mlmodel validate --strict models/     every model below a folder; warnings count
  mlmodel validate --fix my_model       fix what has only one right answer, report the rest
  mlmodel validate --format json a b    for other programs (schemas/v1/report.json)
  mlmodel validate --format sarif .     for code scanning; github: notes on a pull request

\b
Exit codes: 0 all valid, 1 some not valid, 2 some unreadable, or wrong usage.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@format_option("sarif", "github")
@click.option(
    "--fix",
    "mend",
    is_flag=True,
    help="Fix what has exactly one right answer: a key given twice with the same value, a "
    "version or time without quotes, backslashes in a path, and signature lists written as YAML "
    "(MLM-027).",
)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@jobs_option("Check")
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMITS.bytes,
    show_default=True,
    metavar="N",
    help="Refuse a larger MLmodel file.",
)
def command(
    *, paths: tuple[str, ...], form: str, mend: bool, strict: bool, jobs: int, max_bytes: int
) -> None:
    """Check model folders and MLmodel files against the specification.

    A PATH is a model folder, an MLmodel file, a folder with models somewhere below, or a URI.
    All violations are printed, each with its place and the rule that it breaks. Nothing of
    a model is executed.
    """
    models, missing = _models(paths, mend=mend)
    limits = Limits(bytes=max_bytes)
    fixed = _fixed(models, missing, limits) if mend else {}
    reports = []
    checked = in_processes(partial(validate, limits=limits), models, jobs)
    for found in [*missing, *checked]:
        report = replace(found, fixed=fixed.get(found.path, ()))
        reports.append(report)
        if form in _LINES:
            _LINES[form](report)
    if form == "json":
        click.echo(json.dumps(as_document(reports, strict=strict), indent=2))
    elif form == "sarif":
        from mlmodel.reports.sarif_and_github import as_sarif

        click.echo(json.dumps(as_sarif(reports), indent=2))
    else:
        click.echo(summary(reports, strict=strict, mended=mend))
    sys.exit(max(report.exit_code(strict=strict) for report in reports))


def _models(paths: tuple[str, ...], *, mend: bool) -> tuple[list[str], list[Report]]:
    """Return the models at the paths, each once, and a report for each path without any."""
    models: dict[str, None] = {}
    missing = []
    for path in paths:
        try:
            place = local_file(path) if mend else local_folder(path)
            models.update(dict.fromkeys(map(str, find_models(place))))
        except MlmodelError as error:
            shown = without_secrets(path)
            missing.append(Report(shown, (), error.message.removeprefix(f"{shown}: ")))
    return list(models), missing


def _fixed(
    models: list[str], failed: list[Report], limits: Limits
) -> dict[str, tuple[Violation, ...]]:
    """Mend the models; one that cannot be written is taken out and reported as that."""
    fixed = {}
    for model in list(models):
        try:
            fixed[model] = fix(model, limits=limits)
        except MlmodelError as error:
            models.remove(model)
            failed.append(Report(model, (), error.message))
    say_trust_is_lost(folder_of(model_file(model)) for model, changes in fixed.items() if changes)
    return fixed


def _print_text(report: Report) -> None:
    if report.unreadable is not None:
        echo(f"{report.path}: unreadable: {report.unreadable}")
    for violation in (*report.fixed, *report.violations):
        echo(str(violation))
    for note in report.unchecked:
        echo(f"{report.path}: note: {note}")


def _print_github(report: Report) -> None:
    from mlmodel.reports.sarif_and_github import github_lines

    for line in github_lines(report):
        click.echo(line)


#: The forms in which a report is printed as soon as there is one.
_LINES = {"text": _print_text, "github": _print_github}
