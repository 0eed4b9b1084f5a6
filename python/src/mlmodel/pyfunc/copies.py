"""Copies of loaded models: by ``copy.deepcopy``, and by pickle into other processes (TRU-047).

A model that a flavor of ours loads is pickled as its native model is, with what is said of it.
One that runs code of its own, or that is run by a library whose sessions cannot be pickled, is
opened anew from its folder: its pickle holds where that is and what was allowed, and passes the
gate again. It carries trust by the folder's digest alone: a folder that was changed meanwhile is
trusted no more than any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.store.folder import ModelFolder

__all__ = ["Copies", "anew"]


@dataclass(frozen=True, slots=True)
class Copies:
    """How a loaded model is copied.

    ``around`` makes the same model around another native one; ``reduced`` gives, of the native
    model, what ``__reduce__`` returns.
    """

    around: Callable[[Any], Any]
    reduced: Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]


def anew(
    folder: ModelFolder, config: dict[str, Any] | None, reopen: Callable[..., Any]
) -> Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Return how a model is pickled that ``reopen`` opens from its folder."""

    def reduced(_native: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        place, gate = str(folder.root.absolute()), folder.gate
        return reopen, (place, gate.digest_to_hand_on(), tuple(sorted(gate.allow)), config)

    return reduced
