"""``mlmodel cache``: the models that were downloaded."""

from __future__ import annotations

import click

from mlmodel.cli._shared import echo, size

__all__ = ["command"]


@click.group(name="cache")
def command() -> None:
    """List and remove downloaded models."""


@command.command(name="list")
def list_() -> None:
    """List what was downloaded from where, the oldest first."""
    from mlmodel._cache import Cache

    cache = Cache()
    sources = cache.sources()
    for source, held in sources:
        echo(f"{source.digest}  {source.downloaded}  {size(held):>10}  {source.uri}")
    if not sources:
        echo(f"Nothing was downloaded (the cache is {cache.root}).", err=True)


@command.command()
def clear() -> None:
    """Remove all downloads but those that are going on."""
    from mlmodel._cache import Cache

    cache = Cache()
    cache.clear()
    echo(f"The cache {cache.root} is empty.")
