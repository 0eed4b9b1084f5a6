"""Values as errors and logs may show them: briefly, in a time that does not grow with them."""

from __future__ import annotations

import reprlib

__all__ = ["shown"]

#: How many characters of an offending value an error may show (ERR-005).
SHOWN_VALUE_LENGTH = 60


class _Brief(reprlib.Repr):
    """Shows the beginning of a container without a look at the rest of it."""

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - reprlib's
        # Python refuses to write an integer of thousands of digits.
        return repr(x) if x.bit_length() <= _LONGEST_INTEGER else _too_long(x)

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002 - reprlib's
        return repr(x[:SHOWN_VALUE_LENGTH])


_BRIEF = _Brief()
#: In bits: far beyond what any type of the format holds, far below what Python refuses.
_LONGEST_INTEGER = 256


def _too_long(value: int) -> str:
    return f"an integer of {value.bit_length()} bits"


def shown(value: object) -> str:
    """Return a value as an error may show it: its representation, cut to 60 characters (ERR-005).

    The time it takes does not grow with the value.
    """
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        return _too_long(value)
    if isinstance(value, str | bytes):
        text = repr(value[:SHOWN_VALUE_LENGTH])
    else:
        text = _BRIEF.repr(value) if isinstance(value, list | tuple | dict | set) else repr(value)
    return text if len(text) <= SHOWN_VALUE_LENGTH else text[: SHOWN_VALUE_LENGTH - 1] + "…"
