"""``mlmodel trust``: the user's list of trusted model folders."""

from __future__ import annotations

import click

from mlmodel.cli._shared import NOTHING, complete_files, echo
from mlmodel.cli.group import Group

__all__ = ["command"]


_ADD_EXAMPLES = """\b
Examples:
  mlmodel trust add my_model

\b
Exit codes: 0 trusted, 2 there is no model, or the list cannot be written.
"""
_LIST_EXIT_CODES = """\b
Exit codes: 0 listed (the list may be empty), 2 the list cannot be read.
"""
_REMOVE_EXAMPLES = """\b
Examples:
  mlmodel trust remove my_model
  mlmodel trust remove 1f3a5c7e

\b
Exit codes: 0 no longer trusted, 2 the list has no such folder.
"""


@click.group(name="trust", cls=Group)
def command() -> None:
    """List, add and remove trusted model folders."""


@command.command(epilog=_ADD_EXAMPLES)
@click.argument("model", metavar="MODEL", shell_complete=complete_files)
def add(model: str) -> None:
    """Trust a model as it is now, and show what loading it could run.

    MODEL is a model folder, or a URI of one; for a URI, the downloaded copy is trusted.
    """
    from mlmodel import document
    from mlmodel.document.paths import FILE_NAME
    from mlmodel.errors import ModelNotFound
    from mlmodel.store.locations.locate import local_folder
    from mlmodel.store.locations.uris import shown_uri
    from mlmodel.trust.adding import add_after_look

    file = document.model_file(local_folder(model))
    if not file.is_file():
        raise ModelNotFound(
            f"There is no model at {shown_uri(model)}: give a folder with a file {FILE_NAME}."
        )
    path = file.parent
    record, looks = add_after_look(path, "mlmodel trust add")
    echo(f"What could run when {path} is loaded:" if looks else f"{path}: {NOTHING}.")
    for look in looks:
        echo(f"  {look}")
    echo(f"Trusted, as long as nothing in it changes: {record.digest}")


@command.command(name="list", epilog=_LIST_EXIT_CODES)
@click.option(
    "--all", "with_earlier", is_flag=True, help="List earlier states of the same folders, too."
)
def list_(*, with_earlier: bool) -> None:
    """List the trusted folders, the oldest first.

    Of a folder that was saved again, the earlier states are listed with --all alone: copies of
    them are trusted still.
    """
    from mlmodel._base.texts import counted
    from mlmodel.trust import records

    found = records.list_records()
    shown = found if with_earlier else records.current(found)
    for record in shown:
        echo(f"{record.digest}  {record.added[:19]}  {record.path}  ({record.reason})")
    earlier = len(found) - len(shown)
    if earlier:
        was, them = ("was", "it") if earlier == 1 else ("were", "them")
        echo(
            f"{counted(earlier, 'earlier state')} of these folders {was} saved over; --all lists "
            f"{them}.",
            err=True,
        )
    if not found:
        echo(f"No folder is trusted (the store is {records.location() or 'nowhere'}).", err=True)


@command.command(epilog=_REMOVE_EXAMPLES)
@click.argument("what", metavar="PATH|DIGEST", shell_complete=complete_files)
def remove(what: str) -> None:
    """Stop trusting a folder.

    PATH is where the folder was when it was trusted. DIGEST is what `mlmodel trust list` shows;
    its first 8 digits are enough.
    """
    from mlmodel.trust import records

    record = records.remove(what)
    echo(f"No longer trusted: {record.digest}  {record.path}")
