"""Numbers as they are written, exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

__all__ = ["decimal_of"]

#: Up to about here an exponent of Decimal goes, on a machine of 64 bits.
_FARTHEST = 10**17


def decimal_of(text: str) -> Decimal:
    """Return the number that a text is, which has at most an exponent behind a decimal.

    An exponent may have any number of digits. Beyond those that a Decimal has the number is one
    that is as good as infinite, or as near to zero: it has the right sign, and no float is it.
    """
    try:
        return Decimal(text)
    except InvalidOperation:
        written, _, exponent = text.lower().partition("e")
        number = Decimal(written)
        if not number:
            return number
        far = -_FARTHEST if exponent.startswith("-") else _FARTHEST
        return Decimal((int(number.is_signed()), (1,), far))
