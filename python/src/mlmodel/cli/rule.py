"""``mlmodel rule``: the rules of the specification, by their ids."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import color_option, complete_rules, format_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.reports.rules import Rule

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  mlmodel rule ENF-049
  mlmodel rule ENV --format json

\b
Exit codes: 0 shown, 2 there is no such rule.
"""
_WIDTH = 80
_COLORS = {"error": "red", "warning": "yellow", "error or warning": "yellow"}


@click.command(epilog=_EXAMPLES)
@click.argument("ids", metavar="RULE...", nargs=-1, required=True, shell_complete=complete_rules)
@format_option()
@color_option
def command(ids: tuple[str, ...], form: str) -> None:
    """Show rules of the specification.

    A RULE is an id (ENF-049), or how ids begin (ENV, MLM-01). Shown are what a violation is by
    the rule's words, its page, its text, and the address where that is read, if there is one.
    """
    from mlmodel.reports.rules import matching

    found = {rule.id: rule for name in ids for rule in matching(name)}
    if form == "json":
        click.echo(json.dumps([rule.as_dict() for rule in found.values()], indent=2))
        return
    for number, rule in enumerate(found.values()):
        for line in ([""] if number else []) + list(_rule_lines(rule)):
            click.echo(line)


def _rule_lines(rule: Rule) -> Iterator[str]:
    kind = click.style(rule.severity, fg=_COLORS.get(rule.severity))
    yield f"{click.style(rule.id, bold=True)}  {kind}  {rule.file}"
    indent = "  "
    # A rule may hold a table, whose lines stay.
    for line in rule.text.split("\n"):
        wrapped = textwrap.wrap(
            line, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
        yield from [f"{indent}{line}"] if line.startswith("|") else wrapped
    if rule.address.startswith("http"):
        yield f"{indent}{rule.address}"
