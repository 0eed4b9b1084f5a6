"""``check-pickle``: look at a pickle without running it."""

from __future__ import annotations

import base64
from typing import Any

from mlmodel.trust import scan


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return whether the pickle needs no trust, and the names that it is refused for."""
    data = base64.b64decode(case_input["pickle_base64"])
    found = scan(data, "joblib" if case_input["container"] == "joblib" else "auto")
    return {"allowed": found.allowed, "refused": list(found.refused)}
