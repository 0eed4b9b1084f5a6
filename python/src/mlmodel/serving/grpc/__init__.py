"""Serving models over gRPC: the Open Inference Protocol, health and reflection (GRP rules).

grpcio's server with threads, not its asyncio one, which answered half as many requests where it
calls the model in its loop, and a third where it hands it to threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.serving.grpc.limits import Limits
    from mlmodel.serving.grpc.server import Server, serve

__all__ = ["Limits", "Server", "serve"]

_PART = "mlmodel.serving.grpc.server"
__getattr__, __dir__ = lazily(__name__, dict.fromkeys(__all__, _PART))
