"""``mlmodel fmt``: MLmodel files in their canonical form, with the user's order and comments."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from mlmodel._base.texts import counted
from mlmodel.cli._shared import complete_files, echo, local_file, say_trust_is_lost
from mlmodel.document.document import folder_of, model_file, read_text
from mlmodel.document.editing.formatting import format_text
from mlmodel.document.writer import rewrite
from mlmodel.document.yaml.events import Problem, decode
from mlmodel.errors import InvalidModel, MlmodelError
from mlmodel.reports.validation import find_models
from mlmodel.store.locations.uris import without_secrets

if TYPE_CHECKING:
    from mlmodel.document.editing.formatting import Formatted

_EXAMPLES = """\b
Examples:
  mlmodel fmt my_model           one model folder, or its file
  mlmodel fmt                    every model below this folder
  mlmodel fmt --check models/    change nothing; exit with 1 if it would
  mlmodel fmt --diff my_model    change nothing; show what would change
  mlmodel fmt - < MLmodel        from standard input to standard output

\b
Exit codes: 0 done, 1 something would change (--check), 2 some could not be
formatted.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="[PATH...]", nargs=-1, shell_complete=complete_files)
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 if something would.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> None:
    """Rewrite MLmodel files in their canonical form; comments are kept.

    A PATH is a model folder, an MLmodel file, a folder with models somewhere below, or - for
    standard input. The order of the keys stays; indentation, quotes and names from
    early versions of the format are brought up to date. What the file says does not change.
    """
    counts, written = _Counts(), list[Path]()
    for path in paths or (".",):
        try:
            files = [path] if path == "-" else _files(path)
        except MlmodelError as error:
            _say_failed(without_secrets(path), error)
            counts = counts.add("failed")
            continue
        for file in files:
            outcome = _format_file(file, check=check, diff=diff)
            counts = counts.add(outcome)
            if outcome == "changed" and not check and not diff and file != "-":
                written.append(folder_of(Path(file)))
    say_trust_is_lost(written)
    echo(counts.summary(dry=check or diff), err=True)
    sys.exit(2 if counts.failed else int(check and counts.changed > 0))


def _files(path: str) -> list[str]:
    return [str(model_file(model)) for model in find_models(local_file(path))]


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


def _format_file(file: str, *, check: bool, diff: bool) -> str:
    """Format one file; return how it went."""
    try:
        before = _text_of_file(file)
        formatted = format_text(before, file)
        if formatted.text != before and not check and not diff and file != "-":
            rewrite(Path(file), formatted.text)
    except MlmodelError as error:
        _say_failed(file, error)
        return "failed"
    if diff:
        _print_diff(file, before, formatted.text)
    elif file == "-" and not check:
        click.echo(formatted.text, nl=False)
    if formatted.text == before:
        return "unchanged"
    _say_changed(file, formatted, dry=check or diff)
    return "changed"


def _text_of_file(file: str) -> str:
    found = decode(sys.stdin.buffer.read()) if file == "-" else read_text(Path(file))
    if isinstance(found, Problem):
        raise InvalidModel(f"{file} cannot be read.", [found.violation(file)])
    return found


def _say_changed(file: str, formatted: Formatted, *, dry: bool) -> None:
    echo(f"{'would reformat' if dry else 'reformatted'} {file}", err=True)
    for change in formatted.changes:
        echo(f"  {change.line}:{change.column}: {change.message} ({change.rule})", err=True)


def _say_failed(file: str, error: MlmodelError) -> None:
    echo(f"{file}: not formatted: {error.message}", err=True)
    for detail in error.details:
        echo(f"  {detail}", err=True)


def _print_diff(file: str, before: str, after: str) -> None:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), file, f"{file} (formatted)", lineterm=""
    )
    for line in lines:
        echo(line)
