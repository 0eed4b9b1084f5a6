"""The group of commands, apart: every start loads it, and nothing but click with it."""

from __future__ import annotations

import click

__all__ = ["Group"]


class Group(click.Group):
    """A group that asks which command was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        known = self.list_commands(ctx)
        if ctx.resilient_parsing or name in known or name.startswith("-"):
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        close = get_close_matches(name, known, 1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
