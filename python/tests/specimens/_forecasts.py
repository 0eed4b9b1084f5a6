"""What the specimens of flavors share that are asked by one row what to forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from fidelity_kinds import Kind

__all__ = ["MONTHS", "NO_ROWS", "OneRow", "asking"]

NO_ROWS = "one row says what is to be forecast, and no model is trained on rows of this kind"
MONTHS = pd.date_range("2020-01-01", periods=60, freq="MS")


class OneRow(Kind):
    """A row that says what is to be forecast, whatever the model was trained on."""

    def made(self) -> tuple[Any, Any]:
        row = self.rows(1, np.random.default_rng(0))
        return row, row


def asking(not_sent: dict[str, str] | None = None, /, **cells: Any) -> OneRow:
    """Return the kind of a row of these cells."""
    return OneRow(lambda _count, _rng: pd.DataFrame([cells]), not_sent or {})
