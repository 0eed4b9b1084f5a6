"""Arrays among the arguments of functions that a model keeps (TRU-058).

Such a function may write into its arguments, or hand them on to something that does. So an
array among them that another part of the model has too would be changed after it was checked.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from mlmodel.trust.bounds.walk import arrays

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["arguments_of", "shared"]

_NAMES = ("kw_args", "inv_kw_args")


def arguments_of(one: Any) -> list[Any]:
    """Return the containers of the arguments that an object keeps for a function."""
    if isinstance(one, functools.partial):
        return [one.args, one.keywords]
    held = vars(one) if hasattr(one, "__dict__") else {}
    return [held[name] for name in _NAMES if held.get(name) is not None]


def shared(loaded: Any, arguments: Iterable[Any]) -> str:
    """Return what is wrong where an array of these arguments is held elsewhere, too."""
    held = list(arguments)
    own = arrays(held) if held else set()
    if own and own & arrays(loaded, held):
        return "an array is an argument of a function and a part of something else, too"
    return ""
