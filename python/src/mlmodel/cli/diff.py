"""``mlmodel diff``: how two models differ, for a person or another program."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mlmodel._base.texts import cut
from mlmodel.cli._shared import answering, complete_files, echo, format_option, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EXAMPLES = """\b
Examples:
  mlmodel diff models/v1 models/v2
  mlmodel diff models/v1 models/v2 --format json

\b
Exit codes: 0 the models are the same (except when and where they were saved),
1 they differ, 2 one of them cannot be read.
"""
_MARKS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
_SHOWN = 50
_LONGEST = 100


@click.command(epilog=_EXAMPLES)
@click.argument("old", metavar="A", shell_complete=complete_files)
@click.argument("new", metavar="B", shell_complete=complete_files)
@format_option()
@answering
def command(old: str, new: str, form: str) -> None:
    """Show how two models differ, without running any of their code.

    A and B are model folders, MLmodel files or URIs. The comparison covers attributes,
    flavors, signatures, environments, metadata, and the content of the files.
    """
    from mlmodel.reports.comparison import compare_models

    found = compare_models(old, new)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    else:
        for line in _difference_lines(found):
            echo(line)
    sys.exit(0 if found["same"] else 1)


def _difference_lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"A  {found['old']}"
    yield f"B  {found['new']}"
    yield from _section("attributes", found["attributes"])
    yield from _section("flavors", found["flavors"])
    yield from _signature_section(found["signature"])
    yield from _section("environment", found["environment"])
    yield from _section("metadata", found["metadata"])
    yield from _section("files", found["files"])
    yield from _section("when and where they were saved", found["saved"])
    if found["same"]:
        yield "The models are the same" + (
            " except for when and where they were saved." if found["saved"] else "."
        )


def _signature_section(compared: Mapping[str, Any]) -> Iterator[str]:
    from mlmodel.cli.signature import change_lines, verdict

    if "unreadable" in compared:
        yield "signature"
        yield f"  {compared['unreadable']} See mlmodel validate."
    elif compared["changes"]:
        yield "signature"
        yield from change_lines(compared["changes"], "  ")
        yield f"  {verdict(compared['changes'], ('typed', 'untyped'))}"


def _section(title: str, differences: list[Mapping[str, Any]]) -> Iterator[str]:
    if not differences:
        return
    yield title
    labels = [cut(_label(one)) for one in differences[:_SHOWN]]
    width = min(40, max(map(len, labels)))
    for one, label in zip(differences, labels, strict=False):
        yield f"  {_MARKS[one['change']]} {label:<{width}}  {_values(one)}"
    if len(differences) > _SHOWN:
        yield f"  and {len(differences) - _SHOWN} more (--format json shows all)"


def _label(one: Mapping[str, Any]) -> str:
    if "of" in one:
        return f"{one['name']}{' (conda)' if one['of'] == 'conda' else ''}"
    return ".".join(one["path"]) if isinstance(one["path"], list) else str(one["path"])


def _values(one: Mapping[str, Any]) -> str:
    if one["change"] == "renamed":
        return f"to {cut(one['to'])}"
    shown = [_shown(one[key]) for key in ("old", "new") if key in one]
    return " -> ".join(shown)


def _shown(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"bytes", "sha256"}:
        return f"{size(value['bytes'])} ({value['sha256'][:8]})"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return cut(text, _LONGEST)
