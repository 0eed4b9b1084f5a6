"""The protocol of ``/invocations``, without I/O: content type and body in, answer out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.scoring.invocations.protocol import handle, score

__all__ = ["handle", "score"]

__getattr__, __dir__ = lazily(
    __name__, dict.fromkeys(__all__, "mlmodel.scoring.invocations.protocol")
)
