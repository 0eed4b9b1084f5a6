"""A server described for tools: OpenAPI 3.1, made from the signatures of its models."""

from __future__ import annotations

from mlmodel.scoring.openapi.document import Described, document

__all__ = ["Described", "document"]
