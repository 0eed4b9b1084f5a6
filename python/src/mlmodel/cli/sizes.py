"""Numbers of bytes as options of commands."""

from __future__ import annotations

import re

import click

__all__ = ["Size", "parse_size"]

_SIZE = re.compile(r"([0-9]+) *([kmg]i?b?|b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def parse_size(text: str) -> int:
    """Return a number of bytes: ``1000``, ``64MB`` (10^6), ``64MiB`` or ``64M`` (2^20).

    Raises:
        ValueError: it is not a size.

    """
    matched = _SIZE.fullmatch(text.strip())
    if matched is None:
        raise ValueError(text)
    unit = matched[2].lower()
    base = 1000 if unit.endswith("b") and "i" not in unit else 1024
    power: int = _POWERS[unit.rstrip("b").rstrip("i")]
    return int(matched[1]) * int(base**power)


# Without ``[int]``, which click 8.1 does not take.
class Size(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes, as :func:`parse_size` reads it."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        if isinstance(value, int):
            return value
        try:
            return parse_size(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is not a size; write for example 1000000, 64MB or 64MiB", param, ctx
            )
