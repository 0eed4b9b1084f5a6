"""``mlmodel java``: the jars that answer for models of the JVM."""

from __future__ import annotations

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
    """Get the jars that run models of the JVM.

    They are kept in the folder that MLMODEL_JAVA_BRIDGE names, or in the user's cache folder.
    """


@command.command(epilog=_EXIT_CODES)
def setup() -> None:
    """Build them with Maven, once; what is there already is left as it is."""
    from mlmodel.bridges.jvm import jars

    echo(f"The jars are in {jars.setup()}.")
