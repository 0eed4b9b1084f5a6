"""What the tables of bounds ask of the values of an attribute."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Self

from mlmodel.trust.pickles.moved import current_name

__all__ = [
    "INTEGERS",
    "attributes",
    "is_array",
    "is_count",
    "is_vector",
    "is_within",
    "place_of",
    "places_of",
    "width_of",
]


class Broken(str):  # noqa: SLOT000 - a text has no slots
    """What is wrong with an object, by another rule than that of its table.

    Args:
        rule: the id.
        reason: the text.

    """

    rule: str

    def __new__(cls, rule: str, reason: str) -> Self:
        """Return the text, which has the rule as ``rule``."""
        made = super().__new__(cls, reason)
        made.rule = rule
        return made


#: Kinds of numpy's integers.
INTEGERS = "iu"


def attributes(one: Any) -> Any:
    """Return an object's own attributes, a dict of whatever the file has put there."""
    return vars(one) if hasattr(one, "__dict__") else {}


def places_of(cls: type) -> tuple[str, ...]:
    """Return the places of a class and of each that it is derived from, as the tables have them.

    Newer versions show a class under another module than the one that defines it; it counts as
    being at both places (TRU-101).
    """
    return _places_of(cls)


@lru_cache(maxsize=4096)
def _places_of(cls: Any) -> tuple[str, ...]:
    bases = [(base.__module__, base.__qualname__) for base in cls.__mro__]
    # A proxy's class may have a property in the place of a text.
    named = [one for one in bases if all(isinstance(text, str) for text in one)]
    return tuple(dict.fromkeys(".".join(at) for one in named for at in (one, current_name(*one))))


def place_of(one: Any) -> str:
    """Return the place of an object's own class."""
    return ".".join(current_name(type(one).__module__, type(one).__qualname__))


def is_count(value: Any, least: int = 0, most: int = 2**31 - 1) -> bool:
    """Return whether a value is a whole number within these bounds."""
    import numpy as np

    whole = type(value) is not bool and isinstance(value, int | np.integer)
    return whole and least <= int(value) <= most


def is_array(value: Any, *shape: int | None, kinds: str = "biufc") -> bool:
    """Return whether a value is a plain array of this shape (``None``: any length)."""
    import numpy as np

    return (
        type(value) is np.ndarray
        and value.dtype.kind in kinds
        and value.ndim == len(shape)
        and all(want in {None, have} for want, have in zip(shape, value.shape, strict=True))
    )


def is_vector(value: Any) -> bool:
    """Return whether a value is a plain array of one dimension, of whatever kind."""
    import numpy as np

    return type(value) is np.ndarray and value.ndim == 1


def is_within(array: Any, end: int, least: int = 0) -> bool:
    """Return whether all integers of an array are at least ``least`` and below ``end``."""
    return not array.size or bool(array.min() >= least and array.max() < end)


def width_of(estimator: Any) -> int:
    """Return how many features an estimator asks of its data; -1 where it asks for none."""
    width = attributes(estimator).get("n_features_in_")
    return int(width) if is_count(width) else -1
