"""Settings from environment variables, read alike wherever one is asked for."""

from __future__ import annotations

import os

from mlmodel.errors import InvalidArgument

__all__ = ["number_of_seconds", "switch", "whole_number"]

_SWITCHED = {
    **dict.fromkeys(("", "1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
_SHOWN = 60
_DIGITS = 18


def switch(variable: str, rule: str) -> bool:
    """Return whether a variable switches something on; absent or empty, it does.

    Raises:
        InvalidArgument: it has neither a value for on nor one for off.

    """
    given = os.environ.get(variable, "")
    switched = _SWITCHED.get(given.strip().lower())
    if switched is None:
        known = ", ".join(filter(None, _SWITCHED))
        raise InvalidArgument(f"{variable} is {given[:_SHOWN]!r}; it may be {known} ({rule})")
    return switched


def number_of_seconds(variable: str, default: float) -> float:
    """Return the seconds that a variable says.

    Raises:
        InvalidArgument: it is not a number.

    """
    given = os.environ.get(variable, "")
    try:
        return float(given) if given else default
    except ValueError:
        raise InvalidArgument(
            f"{variable} is a number of seconds, not {given[:_SHOWN]!r}"
        ) from None


def whole_number(variable: str, default: int, rule: str = "") -> int:
    """Return the whole number from 1 that a variable says; absent or empty, ``default``.

    ``rule`` is the one that asks for it, if there is one.

    Raises:
        InvalidArgument: it is not one.

    """
    given = os.environ.get(variable, "")
    if not given:
        return default
    if given.isascii() and given.isdigit() and len(given) < _DIGITS and int(given) > 0:
        return int(given)
    end = f" ({rule})" if rule else ""
    raise InvalidArgument(f"{variable} is a whole number from 1, not {given[:_SHOWN]!r}{end}")
