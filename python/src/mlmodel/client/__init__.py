"""A client of model servers: :class:`Client`, and :class:`AsyncClient` for asyncio.

They ask a server of ours by the Open Inference Protocol (HTTP or gRPC) or by ``/invocations``, and
any other server that speaks one of these. Needs the extra ``client``; nothing of it, and neither
numpy nor pandas, is imported before a client is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.client.asynchronous import AsyncClient
    from mlmodel.client.client import Client
    from mlmodel.client.wire import Answered

__all__ = ["Answered", "AsyncClient", "Client"]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Answered": "mlmodel.client.wire",
        "AsyncClient": "mlmodel.client.asynchronous",
        "Client": "mlmodel.client.client",
    },
)
