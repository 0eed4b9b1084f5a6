"""What the commands share: how they print, and the options that load a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NOTHING", "echo", "loading_options", "one_line"]

#: What is said of a folder in which nothing was found that loading could run.
NOTHING = "no pickle and no code was found (other kinds of files were not looked into)"


def one_line(text: str) -> str:
    """Return a text of the model's or the user's as one line that any terminal may be given."""
    from mlmodel.errors import printable

    return printable(text.replace("\n", "\\n"))


def echo(line: str, *, err: bool = False) -> None:
    """Print one line; nothing in it can move the cursor or make another line."""
    click.echo(one_line(line), err=err)


def loading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options ``-m``, ``--trust`` and ``--allow`` to a command that loads a model."""
    for option in (
        click.option(
            "--allow",
            multiple=True,
            metavar="NAME",
            help="Allow an installed class by its exact name.",
        ),
        click.option(
            "--trust", is_flag=True, help="Run the model's own code; see `mlmodel trust`."
        ),
        click.option(
            "-m", "--model-uri", "model", required=True, metavar="MODEL", help="Model folder."
        ),
    ):
        command = option(command)
    return command
