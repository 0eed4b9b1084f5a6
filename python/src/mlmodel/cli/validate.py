"""``mlmodel validate``: a linter for model folders."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import echo
from mlmodel.document.events import DEFAULT_LIMITS, Limits
from mlmodel.document.report import Report, as_document, summary
from mlmodel.document.validation import find_models, validate
from mlmodel.errors import MlmodelError

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXAMPLES = """\b
Examples:
  mlmodel validate my_model             one model folder
  mlmodel validate my_model/MLmodel     the same, by its file
  mlmodel validate --strict models/     every model below a folder; warnings count
  mlmodel validate --format json a b    for other programs (schemas/v1/report.json)

\b
Exit codes: 0 all valid, 1 some not valid, 2 some unreadable, or wrong usage.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the result is printed.",
)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Check in N processes.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=DEFAULT_LIMITS.bytes,
    show_default=True,
    metavar="N",
    help="Refuse a larger MLmodel file.",
)
def command(paths: tuple[str, ...], form: str, strict: bool, jobs: int, max_bytes: int) -> None:
    """Check model folders and MLmodel files against the specification.

    A PATH is a model folder, an MLmodel file, or a folder with models somewhere below.
    All violations are printed, each with its place and the rule that it breaks. Nothing of
    a model is executed.
    """
    models, missing = _models(paths)
    reports = []
    for report in [*missing, *_reports(models, jobs, Limits(bytes=max_bytes))]:
        reports.append(report)
        if form == "text":
            _print_text(report)
    if form == "json":
        click.echo(json.dumps(as_document(reports, strict=strict), indent=2))
    else:
        click.echo(summary(reports, strict=strict))
    sys.exit(max(report.exit_code(strict=strict) for report in reports))


def _models(paths: tuple[str, ...]) -> tuple[list[str], list[Report]]:
    """Return the models at the paths, each once, and a report for each path without any."""
    models: dict[str, None] = {}
    missing = []
    for path in paths:
        try:
            models.update(dict.fromkeys(map(str, find_models(path))))
        except MlmodelError as error:
            missing.append(Report(path, (), error.message))
    return list(models), missing


def _reports(models: list[str], jobs: int, limits: Limits) -> Iterator[Report]:
    work = partial(validate, limits=limits)
    jobs = min(jobs, len(models))
    if jobs <= 1:
        yield from map(work, models)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, models, chunksize=max(1, len(models) // (jobs * 8)))


def _print_text(report: Report) -> None:
    if report.unreadable is not None:
        echo(f"{report.path}: unreadable: {report.unreadable}")
    for violation in report.violations:
        echo(str(violation))
