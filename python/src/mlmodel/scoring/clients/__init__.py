"""A client's side of the protocols, without I/O: requests written, answers and errors read.

``tensors`` and ``replies`` speak the Open Inference Protocol over HTTP, ``messages`` over gRPC,
``invocations`` and ``frames`` (``mlmodel.v1.ScoringService``) the other protocols; ``described``
reads a model's metadata, ``refusals`` makes of an answer the error that it says. What carries them
is :mod:`mlmodel.client`.
"""

from __future__ import annotations

__all__: list[str] = []
