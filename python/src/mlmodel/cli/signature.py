"""``mlmodel signature``: show signatures and tell what a change of one means for callers."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mlmodel._base.texts import cut
from mlmodel.cli._shared import answering, complete_files, echo, format_option
from mlmodel.cli.group import Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmodel.signature.compare.widening import Caller

__all__ = ["change_lines", "command", "verdict"]

_DIFF_EXAMPLES = """\b
Examples:
  mlmodel signature diff models/v1 models/v2
  mlmodel signature diff models/v1 models/v2 --callers untyped
  mlmodel signature diff old.json new.json --format json

\b
Exit codes: 0 no caller breaks, 1 some break, 2 a signature cannot be read.
"""
_SHOW_EXAMPLES = """\b
Examples:
  mlmodel signature show my_model > signature.json

\b
Exit codes: 0 printed, 1 the model has no signature, 2 it cannot be read.
"""
_CALLERS: dict[str, tuple[Caller, ...]] = {
    "all": ("typed", "untyped"),
    "typed": ("typed",),
    "untyped": ("untyped",),
}
#: How many changes of a signature are shown.
_SHOWN = 200
#: How wide the column of their names is at most.
_WIDEST = 40


@click.group(name="signature", cls=Group)
def command() -> None:
    """Show and compare signatures."""


@command.command(epilog=_DIFF_EXAMPLES)
@click.argument("old", metavar="OLD", shell_complete=complete_files)
@click.argument("new", metavar="NEW", shell_complete=complete_files)
@format_option()
@click.option(
    "--callers",
    type=click.Choice(list(_CALLERS)),
    default="all",
    show_default=True,
    help="Which callers count: typed ones send data frames, arrays or Arrow; untyped ones send "
    "JSON, CSV or plain Python.",
)
@answering
def diff(old: str, new: str, form: str, callers: str) -> None:
    """Tell whether callers of OLD can call NEW.

    OLD and NEW are model folders, MLmodel files, URIs, or JSON files with the lists of a
    signature. No code of a model is run.
    """
    from mlmodel.reports.signature_file import read_signature
    from mlmodel.signature.compare.diff import compare_signatures

    comparison = compare_signatures(read_signature(old), read_signature(new))
    if form == "json":
        click.echo(json.dumps(comparison.as_dict(), indent=2))
    else:
        for line in _report(comparison.as_dict()["changes"], _CALLERS[callers]):
            echo(line)
    sys.exit(1 if comparison.breaking(_CALLERS[callers]) else 0)


@command.command(epilog=_SHOW_EXAMPLES)
@click.argument("model", metavar="MODEL", shell_complete=complete_files)
@answering
def show(model: str) -> None:
    """Print the signature of a model as JSON.

    MODEL is a model folder, an MLmodel file or a URI. The output is a file that
    `mlmodel signature diff` can read.
    """
    from mlmodel.reports.signature_file import read_signature

    signature = read_signature(model)
    if signature is None:
        echo("The model has no signature.", err=True)
        sys.exit(1)
    parts = {
        part: json.loads(text)
        for part, text in signature.to_dict().items()
        if isinstance(text, str)
    }
    click.echo(json.dumps(parts, indent=2))


def _report(changes: list[Mapping[str, Any]], callers: Iterable[str]) -> Iterator[str]:
    if not changes:
        yield "The signatures are the same."
        return
    yield from change_lines(changes)
    yield verdict(changes, callers)


def change_lines(changes: list[Mapping[str, Any]], indent: str = "") -> Iterator[str]:
    """Give one line for each change of a signature, under the names of its parts."""
    part = None
    names = [cut(_name(change)) for change in changes[:_SHOWN]]
    # One long name does not make every line as long (MLM-038).
    width = min(_WIDEST, max(map(len, names), default=0))
    for change, name in zip(changes, names, strict=False):
        if change["part"] != part:
            part = change["part"]
            yield f"{indent}{part}"
        mark = "BREAKS" if change["breaks"] else "ok"
        yield f"{indent}  {mark:<6}  {name:<{width}}  {change['message']} ({change['rule']})"
    if len(changes) > _SHOWN:
        yield f"{indent}  and {len(changes) - _SHOWN} more (--format json shows all)"


def _name(change: Mapping[str, Any]) -> str:
    name = change["name"]
    return "(all)" if name is None else f"#{name}" if isinstance(name, int) else str(name)


def verdict(changes: list[Mapping[str, Any]], callers: Iterable[str]) -> str:
    """Return the sentence that says how many of the changes break whom."""
    from mlmodel._base.texts import counted

    total = counted(len(changes), "change")
    broken: dict[tuple[int, ...], list[str]] = {}
    for who in callers:
        places = tuple(n for n, change in enumerate(changes) if who in change["breaks"])
        if places:
            broken.setdefault(places, []).append(who)
    if not broken:
        return f"{total}: no caller breaks."
    if len(changes) == 1:
        return f"{total}, which breaks {' and '.join(*broken.values())} callers."
    words = [
        f"{len(places)} {'breaks' if len(places) == 1 else 'break'} {' and '.join(who)} callers"
        for places, who in broken.items()
    ]
    return f"{total}: {', '.join(words)}."
