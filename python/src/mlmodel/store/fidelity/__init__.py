"""What the MLmodel file says of how a model answered at save (spec/fidelity.md)."""

from __future__ import annotations

__all__: list[str] = []
