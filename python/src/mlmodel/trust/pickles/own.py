"""What a trusted pickle finds of the code that its model brings along."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OwnCode", "apart"]


#: So many functions above the one that unpickles does any library look for names.
_FRAMES = 5


@dataclass(frozen=True)
class OwnCode:
    """Names and builtins of a model's own code; never used for a pickle that is not trusted."""

    #: (module, name) that the pickle says -> the object to take for it.
    names: dict[tuple[str, str], object] = field(default_factory=dict)
    #: What Python's builtins are to that code; None for Python's own.
    builtins: dict[str, Any] | None = None

    def call(self, load: Callable[[], Any]) -> Any:
        """Call an unpickler's ``load`` as the model's code would.

        Python gives a function the builtins of whoever makes it, unless its globals have some:
        those that cloudpickle wrote before its version 3 have none.
        """
        return apart(load, self.builtins)


def apart(load: Callable[[], Any], known: dict[str, Any] | None = None) -> Any:
    """Call an unpickler's ``load`` where no names are but builtins: ``known``, or Python's own.

    Libraries look names up in the functions that called them, as those of formulas do. So what
    they find must not hang on who loads the model, nor be a name of this program (TRU-102).
    """
    names = {"__builtins__": vars(builtins) if known is None else known}
    for _ in range(_FRAMES):
        load = partial(FunctionType(_call.__code__, names), load)
    return load()


def _call(load: Callable[[], Any]) -> Any:
    return load()
