"""Nothing untrusted runs by default: the gate, the static check, the user's trust store."""

from __future__ import annotations

from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.findings import Scan
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.records import record

__all__ = ["Gate", "Scan", "record", "scan"]
