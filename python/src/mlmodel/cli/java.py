"""``mlmodel java``: the jars that answer for models of the JVM, and what they do by themselves."""

from __future__ import annotations

import os

import click

from mlmodel.cli._shared import echo
from mlmodel.cli.group import Group

__all__ = ["command"]

_EXIT_CODES = """\b
Exit codes: 0 they are there, 2 Maven or Java is missing, or they cannot be had
or kept.
"""


@click.group(name="java", cls=Group)
def command() -> None:
    """Get the jars for models of the JVM, and run them.

    They are kept in the folder that MLMODEL_JAVA_BRIDGE names, or in the user's cache folder.
    """


@command.command(epilog=_EXIT_CODES)
def setup() -> None:
    """Build them with Maven, once; what is there already is left as it is."""
    from mlmodel.bridges.jvm import jars

    echo(f"The jars are in {jars.setup()}.")


_PROGRAM = """\b
What it does:
  mlmodel java run validate MODEL...
  mlmodel java run serve MODEL... [-p PORT] [-h HOST]

MLMODEL_JAVA_OPTIONS has options for Java, such as -Xmx4g.

\b
Exit codes: those of the program, 2 where Java or the jars are missing.
"""


@command.command(
    epilog=_PROGRAM,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Become the program in the jars, which validates and serves without Python."""
    from mlmodel.bridges.jvm import jars

    line = jars.command(*arguments)
    os.execv(line[0], line)  # noqa: S606 - the user's own Java
