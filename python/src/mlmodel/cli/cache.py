"""``mlmodel cache``: the models that were downloaded."""

from __future__ import annotations

import click

from mlmodel.cli._shared import echo, size
from mlmodel.cli.group import Group

__all__ = ["command"]


_LIST_EXIT_CODES = """\b
Exit codes: 0 listed (the list may be empty), 2 no folder for the cache was found.
"""
_CLEAR_EXIT_CODES = """\b
Exit codes: 0 removed, 2 the cache cannot be written.
"""


@click.group(name="cache", cls=Group)
def command() -> None:
    """List and remove downloaded models.

    They are kept in the folder that MLMODEL_CACHE names, or in the user's cache folder.
    """


@command.command(name="list", epilog=_LIST_EXIT_CODES)
def list_() -> None:
    """List the downloads and where they came from, the oldest first."""
    from mlmodel.store.locations.cache import Cache

    cache = Cache()
    sources = cache.sources()
    for source, held in sources:
        echo(f"{source.digest}  {source.downloaded}  {size(held):>10}  {source.uri}")
    if not sources:
        echo(f"Nothing was downloaded (the cache is {cache.root}).", err=True)


@command.command(epilog=_CLEAR_EXIT_CODES)
def clear() -> None:
    """Remove all downloads, except those still in progress."""
    from mlmodel.store.locations.cache import Cache

    cache = Cache()
    cache.clear()
    echo(f"The cache {cache.root} is empty.")
