"""The gRPC server of a worker, beside its HTTP loop (GRP-019)."""

from __future__ import annotations

import math
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from mlmodel.serving.grpc.limits import Limits
from mlmodel.serving.grpc.server import Server, serve
from mlmodel.serving.settings import WAITING
from mlmodel.serving.tokens import Tokens

if TYPE_CHECKING:
    from mlmodel.scoring.v2 import Registry
    from mlmodel.serving.observing.observer import Observer
    from mlmodel.serving.settings import Settings

__all__ = ["beside"]


def beside(registry: Registry, settings: Settings, observer: Observer | None = None) -> Server:
    """Serve the models of a worker over gRPC, with the worker's limits, noted by its observer.

    Raises:
        InvalidArgument: the address cannot be used.

    """
    limits = Limits(
        threads=settings.seats,
        waiting=WAITING,
        max_body=settings.max_body,
        body_seconds=settings.body_seconds,
        predict_seconds=settings.predict_seconds or math.inf,
    )
    return serve(
        registry,
        settings.grpc_address,
        limits,
        terse=settings.terse,
        shared=hasattr(socket, "SO_REUSEPORT"),
        credentials=_credentials(settings),
        observer=observer,
        tokens=Tokens(settings.tokens) if settings.tokens else None,
    )


def _credentials(settings: Settings) -> Any:
    """Return what encrypts the calls where connections are to be encrypted (RST-140)."""
    if settings.certificate is None:
        return None
    chain = Path(settings.certificate).read_bytes()
    key = chain if settings.key is None else Path(settings.key).read_bytes()
    return grpc.ssl_server_credentials([(key, chain)])
