"""``mlmodel validate``: a linter for model folders."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from mlmodel._base.texts import counted
from mlmodel.cli._shared import (
    color_option,
    complete_files,
    complete_rules,
    format_option,
    in_processes,
    local_file,
    one_line,
    say_trust_is_lost,
    write_output,
)
from mlmodel.cli.progress import Progress
from mlmodel.cli.settings_file import settings
from mlmodel.document.document import folder_of, model_file
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import MlmodelError
from mlmodel.reports.report import Report, as_document, summary
from mlmodel.reports.selection import Selection
from mlmodel.reports.validation import find_models, models_below, validate
from mlmodel.store.locations.locate import local_folder
from mlmodel.store.locations.uris import shown_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from mlmodel.errors import Violation

_EXAMPLES = """\b
Examples:
  mlmodel validate my_model           one model folder
  mlmodel validate my_model/MLmodel   the same, by its file
  mlmodel validate --strict models/   models below; warnings count
  mlmodel validate --ignore ENV .     leave out the rules about environments
  mlmodel validate --fix my_model     fix what has only one right answer
  mlmodel validate --format json a b  for programs (schemas/v1/report.json)
  mlmodel validate --format sarif .   for code scanning
  mlmodel validate --format github .  notes on a pull request

\b
select, ignore, strict, jobs and max-bytes may stand in mlmodel.toml, or under
[tool.mlmodel] in pyproject.toml, here or in a folder above; options win.
`mlmodel rule ID` shows a rule.

\b
Exit codes: 0 all valid, 1 some not valid, 2 some unreadable, or wrong usage.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_files)
@format_option("sarif", "github")
@click.option(
    "--fix",
    "mend",
    is_flag=True,
    help="Fix what has exactly one right answer: a key given twice with the same value, a "
    "version or time without quotes, backslashes in a path, and signature lists written as YAML "
    "(MLM-027).",
)
@click.option(
    "--select",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rules,
    help="Look at these rules alone: an id (MLM-011) or how ids begin (ENV); several with "
    "commas, or by repeating the option.",
)
@click.option(
    "--ignore",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rules,
    help="Leave these rules out, and say how often they were broken. Where --select says "
    "otherwise, the longer of the two holds.",
)
@click.option("--strict/--no-strict", default=None, help="Count warnings as errors, or not.")
@click.option("-q", "--quiet", is_flag=True, help="Print violations alone: no notes, no summary.")
@click.option(
    "-o",
    "--output-file",
    "target",
    metavar="FILE",
    shell_complete=complete_files,
    help="Write the report there, whole or not at all; the summary goes to stderr.",
)
@color_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Check in N processes.  [default: 1]",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Refuse a larger MLmodel file.  [default: {DEFAULT_LIMITS.bytes}]",
)
@click.option("--no-config", is_flag=True, help="Read no mlmodel.toml and no pyproject.toml.")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[str, ...],
    form: str,
    mend: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    strict: bool | None,
    quiet: bool,
    target: str | None,
    jobs: int | None,
    max_bytes: int | None,
    no_config: bool,
) -> None:
    """Check model folders and MLmodel files against the specification.

    A PATH is a model folder, an MLmodel file, a folder with models somewhere below, or a URI.
    All violations are printed, each with its place and the rule that it breaks. Nothing of
    a model is executed.
    """
    kept = {} if no_config else settings()
    # --select says what is looked at: what a file leaves out is of another selection.
    left_out = ignore or (() if select else kept.get("ignore", ()))
    selection = Selection.of(select or kept.get("select", ()), left_out)
    is_strict = bool(kept.get("strict") if strict is None else strict)
    limits = Limits(bytes=max_bytes or kept.get("max-bytes", DEFAULT_LIMITS.bytes))
    found = _Found.at(paths, mend=mend)
    if mend:
        found.mend(limits, selection)
    progress, reports = Progress("checking", len(found.models)), []
    output = _Output(target, form=form, quiet=quiet, before=progress.clear)
    told = 0
    for report in progress.over(found.reports(jobs or kept.get("jobs", 1), limits)):
        reports.append(selection.of_report(report))
        told += len(reports[-1].violations)
        if told > MOST_LISTED_IN_ALL:
            reports[-1] = reports[-1].shortened()
        output.add(reports[-1])
    output.end(reports, strict=is_strict, mended=mend)
    sys.exit(max(report.exit_code(strict=is_strict) for report in reports))


class _Found:
    """The models at the paths, each once, and what is known before they are checked."""

    def __init__(self) -> None:
        self.models: dict[str, tuple[str, ...]] = {}  # model -> notes
        self.failed: list[Report] = []
        self.fixed: dict[str, tuple[Violation, ...]] = {}

    @classmethod
    def at(cls, paths: tuple[str, ...], *, mend: bool) -> _Found:
        found = cls()
        search = Progress("looking for models:")
        for path in paths:
            try:
                place = local_file(path) if mend else local_folder(path)
                for model in search.over(find_models(place)):
                    found.models.setdefault(str(model), ())
                    if model == place:
                        found.models[str(model)] = _note_of_further_models(place)
            except MlmodelError as error:
                shown = shown_uri(path)
                found.failed.append(Report(shown, (), error.message.removeprefix(f"{shown}: ")))
        return found

    def mend(self, limits: Limits, selection: Selection) -> None:
        """Mend the models; one that cannot be written is taken out and reported as that."""
        from mlmodel.document.editing.fixes import fix

        for model in Progress("mending", len(self.models)).over(list(self.models)):
            try:
                self.fixed[model] = fix(model, limits=limits, rules=selection.takes)
            except MlmodelError as error:
                del self.models[model]
                self.failed.append(Report(model, (), error.message))
        say_trust_is_lost(
            folder_of(model_file(model)) for model, changes in self.fixed.items() if changes
        )

    def reports(self, jobs: int, limits: Limits) -> Iterator[Report]:
        yield from self.failed
        for report in in_processes(partial(validate, limits=limits), list(self.models), jobs):
            notes = (*report.unchecked, *self.models[report.path])
            yield replace(report, fixed=self.fixed.get(report.path, ()), unchecked=notes)


def _note_of_further_models(place: Path) -> tuple[str, ...]:
    """Return the note on models inside a model's folder, which do not belong to it (DIR-007)."""
    further = models_below(place)
    if not further:
        return ()
    names = [str(model) for model in further[:_NAMED]]
    names += [f"{len(further) - _NAMED} more"] if len(further) > _NAMED else []
    was, it = ("was", "it") if len(further) == 1 else ("were", "them")
    many = f"{counted(len(further), 'further model')} below this one {was} not checked"
    return (f"{many}; to check {it}, name {it}: {', '.join(names)}.",)


class _Output:
    """Where the report goes: each line as soon as there is one, or all into a file at the end."""

    def __init__(
        self, target: str | None, *, form: str, quiet: bool, before: Callable[[], object]
    ) -> None:
        self.target = None if target == "-" else target
        self.form, self.quiet = form, quiet
        self.before = before
        self.lines: list[str] = []

    def add(self, report: Report) -> None:
        """Print what is said of one model, where the form lets it be printed before the end."""
        self._print(_LINES[self.form](report, quiet=self.quiet) if self.form in _LINES else ())

    def end(self, reports: list[Report], *, strict: bool, mended: bool) -> None:
        """Print the rest, and write the file where one was named."""
        last = summary(reports, strict=strict, mended=mended)
        if self.form == "json":
            self._print([json.dumps(as_document(reports, strict=strict), indent=2)])
        elif self.form == "sarif":
            from mlmodel.reports.sarif_and_github import as_sarif

            self._print([json.dumps(as_sarif(reports), indent=2)])
        elif not self.quiet:
            self._print([click.style(last, bold=True)])
        if self.target is not None:
            text = "".join(f"{click.unstyle(line)}\n" for line in self.lines)
            write_output(self.target, text.encode("utf-8", "surrogateescape"))
            if not self.quiet:
                click.echo(last, err=True)

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            if self.target is None:
                self.before()
                click.echo(line)
            else:
                self.lines.append(line)


def _text_lines(report: Report, *, quiet: bool) -> Iterator[str]:
    """Give the lines of a report; nothing of the model's can color them."""
    path = one_line(report.path)
    if report.unreadable is not None:
        yield f"{path}: {click.style('unreadable', fg='red')}: {one_line(report.unreadable)}"
    for violation in (*report.fixed, *report.violations):
        kind = f"{violation.severity} {violation.rule}"
        # The place stands before it, and a path may look like it.
        said = str(replace(violation, file=None, line=None, column=None)).removeprefix(kind)
        place = one_line(str(violation).removesuffix(f"{kind}{said}"))
        yield f"{place}{click.style(kind, fg=_COLORS[violation.severity])}{one_line(said)}"
    for note in () if quiet else report.unchecked:
        yield f"{path}: {click.style('note', fg='cyan')}: {one_line(note)}"


def _github_lines(report: Report, *, quiet: bool) -> Iterator[str]:
    from mlmodel.reports.sarif_and_github import github_lines

    yield from github_lines(replace(report, unchecked=()) if quiet else report)


#: How many violations of all models are listed; then there is one entry for each rule (DIR-010).
MOST_LISTED_IN_ALL = 100_000
_COLORS = {"error": "red", "warning": "yellow", "fixed": "green"}
#: How many further models a note names.
_NAMED = 3
#: The forms in which a report is printed as soon as there is one.
_LINES = {"text": _text_lines, "github": _github_lines}
