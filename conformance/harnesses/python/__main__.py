"""The harness behind a pipe: ``python -m conformance.harnesses.python``.

It reads one JSON object a line and answers with one, as conformance/README.md says.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import mlmodel
from conformance.harnesses.python import run

_OPERATIONS = sorted(
    path.stem.replace("_", "-") for path in (Path(__file__).parent / "ops").glob("[!_]*.py")
)


def main() -> None:
    """Answer until there is nothing more to read, or it says so."""
    # What libraries print goes to standard error; the answers have the pipe for themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("cmd") == "stop":
            return
        print(json.dumps(_answer(message)), file=answers, flush=True)


def _answer(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("cmd") == "start":
        return {
            "implementation": "mlmodel",
            "version": mlmodel.__version__,
            "language": f"Python {platform.python_version()}",
            "operations": _OPERATIONS,
        }
    try:
        result = run(message["operation"], message["input"])
    except Exception as error:  # noqa: BLE001 - a failure of this case, and of no other
        return {"id": message["id"], "error": f"{type(error).__name__}: {error}"}
    return {"id": message["id"], "result": result}


if __name__ == "__main__":
    main()
