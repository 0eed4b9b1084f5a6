"""``mlmodel fmt``: MLmodel files in their canonical form, with the user's order and comments."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mlmodel._base.texts import counted
from mlmodel.cli._shared import (
    complete_files,
    echo,
    in_processes,
    jobs_option,
    local_file,
    say_trust_is_lost,
)
from mlmodel.cli.line_changes import changed_lines
from mlmodel.document.document import folder_of, model_file, read_text
from mlmodel.document.editing.formatting import format_text
from mlmodel.document.writer import rewrite
from mlmodel.document.yaml.events import Problem, decode
from mlmodel.errors import InvalidModel, MlmodelError
from mlmodel.reports.validation import find_models
from mlmodel.store.locations.uris import shown_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.editing.edits import Change

_EXAMPLES = """\b
Examples:
  mlmodel fmt my_model           one model folder, or its file
  mlmodel fmt                    every model below this folder
  mlmodel fmt --check models/    change nothing; exit with 1 if it would
  mlmodel fmt --diff my_model    change nothing; show what would change
  mlmodel fmt --jobs 4 models/   many models, in four processes
  mlmodel fmt - < MLmodel        from standard input to standard output

\b
Exit codes: 0 done, 1 something would change (--check), 2 some could not be
formatted.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="[PATH...]", nargs=-1, shell_complete=complete_files)
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if something would.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
@jobs_option("Format")
def command(*, paths: tuple[str, ...], check: bool, diff: bool, jobs: int) -> None:
    """Rewrite MLmodel files in their canonical form; comments are kept.

    A PATH is a model folder, an MLmodel file, a folder with models somewhere below, or - for
    standard input. The order of the keys stays; indentation, quotes and names from
    early versions of the format are brought up to date. What the file says does not change.
    """
    counts, written = _Counts(), list[Path]()
    for outcome in _outcomes(paths or (".",), jobs, write=not check and not diff):
        _print(outcome, check=check, diff=diff)
        counts = counts.add(outcome.kind)
        if outcome.kind == "changed" and not check and not diff and outcome.file != "-":
            written.append(folder_of(Path(outcome.file)))
    say_trust_is_lost(written)
    echo(counts.summary(dry=check or diff), err=True)
    sys.exit(2 if counts.failed else int(check and counts.changed > 0))


class _Outcome(NamedTuple):
    """What became of one file: its text before and after, or why it was not formatted."""

    file: str
    before: str = ""
    after: str = ""
    changes: tuple[Change, ...] = ()
    failure: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return "failed" if self.failure else "unchanged" if self.before == self.after else "changed"


def _outcomes(paths: tuple[str, ...], jobs: int, *, write: bool) -> Iterator[_Outcome]:
    """Give what becomes of the files at the paths, in their order; ``write`` changes them."""
    found: list[str | _Outcome] = []
    for path in paths:
        try:
            found += [path] if path == "-" else _files(path)
        except MlmodelError as error:
            found.append(_failed(shown_uri(path), error))
    files = [file for file in found if isinstance(file, str)]
    # Standard input belongs to this process.
    done = in_processes(partial(_format, write=write), files, 1 if "-" in files else jobs)
    for file in found:
        yield next(done) if isinstance(file, str) else file


def _files(path: str) -> list[str]:
    return [str(model_file(model)) for model in find_models(local_file(path))]


def _format(file: str, *, write: bool) -> _Outcome:
    try:
        before = _text_of_file(file)
        formatted = format_text(before, file)
        if write and formatted.text != before and file != "-":
            rewrite(Path(file), formatted.text)
    except MlmodelError as error:
        return _failed(file, error)
    return _Outcome(file, before, *formatted)


def _failed(file: str, error: MlmodelError) -> _Outcome:
    return _Outcome(file, failure=(error.message, *map(str, error.details)))


class _Counts(NamedTuple):
    changed: int = 0
    unchanged: int = 0
    failed: int = 0

    def add(self, outcome: str) -> _Counts:
        return self._replace(**{outcome: getattr(self, outcome) + 1})

    def summary(self, *, dry: bool) -> str:
        would = "would be " if dry else ""
        parts = [
            f"{counted(number, 'file')} {what}"
            for number, what in (
                (self.changed, f"{would}reformatted"),
                (self.unchanged, f"{would}left unchanged"),
                (self.failed, "could not be formatted"),
            )
            if number
        ]
        return ", ".join(parts)


def _text_of_file(file: str) -> str:
    found = decode(sys.stdin.buffer.read()) if file == "-" else read_text(Path(file))
    if isinstance(found, Problem):
        raise InvalidModel(f"{file} cannot be read.", [found.violation(file)])
    return found


def _print(outcome: _Outcome, *, check: bool, diff: bool) -> None:
    """Print what became of a file, and of standard input what it is now."""
    file = outcome.file
    if outcome.failure:
        message, *details = outcome.failure
        echo(f"{file}: not formatted: {message}", err=True)
        for detail in details:
            echo(f"  {detail}", err=True)
        return
    if diff:
        _print_diff(file, outcome.before, outcome.after)
    elif file == "-" and not check:
        click.echo(outcome.after, nl=False)
    if outcome.kind == "changed":
        echo(f"{'would reformat' if check or diff else 'reformatted'} {file}", err=True)
        for change in outcome.changes:
            echo(f"  {change.line}:{change.column}: {change.message} ({change.rule})", err=True)


def _print_diff(file: str, before: str, after: str) -> None:
    for line in changed_lines(before.splitlines(), after.splitlines(), file):
        echo(line)
