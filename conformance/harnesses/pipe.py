"""The harness's end of the pipe, as conformance/README.md says, for harnesses in Python.

One JSON object a line is read, and one is answered.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["NotAskedError", "answer_all"]


class NotAskedError(Exception):
    """The implementation has nothing that could be asked this case; the text says why."""


def answer_all(
    run: Callable[[str, dict[str, Any]], dict[str, Any]],
    *,
    implementation: str,
    version: str,
    operations: Iterable[str],
    profiles: Iterable[str] = (),
) -> None:
    """Answer until there is nothing more to read, or the runner says so.

    Args:
        run: takes the operation and the input of a case and returns its result; it raises
            :class:`NotAskedError` for one that is skipped.
        implementation: what is asked.
        version: its version.
        operations: those that ``run`` answers.
        profiles: those that it claims; without, every case is asked.

    """
    about = {
        "implementation": implementation,
        "version": version,
        "language": f"Python {platform.python_version()}",
        "operations": sorted(operations),
        **({"profiles": list(profiles)} if profiles else {}),
    }
    # What libraries print goes to standard error; the answers have the pipe for themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("cmd") == "stop":
            return
        said = json.dumps(about) if message.get("cmd") == "start" else _answer(run, message)
        print(said, file=answers, flush=True)


def _answer(run: Callable[..., dict[str, Any]], message: dict[str, Any]) -> str:
    """Return the answer as JSON: an implementation may have given what JSON cannot hold."""
    try:
        result = _with_json_numbers(run(message["operation"], message["input"]))
        return json.dumps({"id": message["id"], "result": result})
    except NotAskedError as skipped:
        said = {"skip": str(skipped)}
    except Exception as error:  # noqa: BLE001 - a failure of this case, and of no other
        said = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps({"id": message["id"], **said})


def _with_json_numbers(value: Any) -> Any:
    """Return a result in which numbers that JSON does not have are texts that no vector expects."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} as a number, which is no JSON"
    if isinstance(value, dict):
        return {key: _with_json_numbers(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_json_numbers(one) for one in value]
    return value
