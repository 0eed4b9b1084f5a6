"""What a trusted pickle finds of the code that its model brings along."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OwnCode"]


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
        if self.builtins is None:
            return load()
        return FunctionType(_call.__code__, {"__builtins__": self.builtins})(load)


def _call(load: Callable[[], Any]) -> Any:
    return load()
