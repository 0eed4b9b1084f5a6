"""How a loaded model predicts, whatever its flavor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Predict"]


class Predict(Protocol):
    """How a loaded model predicts: enforced input and parameters in, predictions out."""

    def __call__(self, model_input: Any, params: Mapping[str, Any] | None, /) -> Any: ...
