"""Nothing untrusted runs by default: the gate, the static check, the user's trust store."""

from __future__ import annotations

from mlmodel.trust.findings import Scan
from mlmodel.trust.gate import Gate
from mlmodel.trust.records import record
from mlmodel.trust.scanner import scan

__all__ = ["Gate", "Scan", "record", "scan"]
