"""``mlmodel conformance``: the vectors, run against any implementation."""

from __future__ import annotations

from mlmodel._conformance.command import command

__all__ = ["command"]
