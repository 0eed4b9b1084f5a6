"""The access log: one line for each request that was answered (RST-155)."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from mlmodel.serving.observing.entry import GRPC, status_of
from mlmodel.serving.observing.moments import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.stages import Batch, Stages
    from mlmodel.serving.observing.entry import Entry

__all__ = ["Log", "to_logger"]

#: How much of a path is written.
_LONGEST_PATH, _MOST_RULES = 300, 20


class Log:
    """Writes entries as lines.

    Args:
        form: ``text``, ``json``, or ``bare``: text without what a logger says by itself.
        write: takes one line with its end; the standard error output if not given. A line is
            written at once and as a whole, so that those of several processes do not mix.

    """

    def __init__(self, form: str = "text", write: Callable[[str], object] | None = None) -> None:
        self._as = {"text": _as_text, "json": _as_json, "bare": _bare}[form]
        self._write = _to_stderr if write is None else write

    def write(self, stages: Stages, entry: Entry, seconds: float) -> None:
        """Write one request, which took so long."""
        self._write(self._as(stages, entry, seconds))


def to_logger() -> Log:
    """Return a log whose entries are records of the logger ``mlmodel.access``."""
    logger = logging.getLogger("mlmodel.access")
    return Log("bare", lambda line: logger.info("%s", line))


def _as_text(stages: Stages, one: Entry, seconds: float) -> str:
    return f"{stamp(time.time())} INFO {_bare(stages, one, seconds)}\n"


def _bare(stages: Stages, one: Entry, seconds: float) -> str:
    client = f" client={_safe(one.client)}" if one.client else ""
    refused = gathered = ""
    if stages.batch is not None:
        requests, rows, waited = _batch(stages, stages.batch)
        gathered = f" batch={requests} batch-rows={rows} batch-wait={1000 * waited:.3f}ms"
    if stages.refusal is not None:
        error, rules = stages.refusal
        refused = f" error={error.code} rules={','.join(rules[:_MOST_RULES]) or '-'}"
    return (
        f"[{stages.request_id}] {_safe(one.method)} {_safe(one.path)} "
        f"{status_of(one.protocol, one.status)} {1000 * seconds:.3f}ms in={one.received} "
        f"out={one.sent} protocol={one.protocol} model={one.model or '-'}"
        f"{client}{gathered}{refused}"
    )


def _as_json(stages: Stages, one: Entry, seconds: float) -> str:
    told: dict[str, Any] = {
        "time": stamp(time.time(), as_json=True),
        "level": "INFO",
        "logger": "mlmodel.access",
        "request_id": stages.request_id,
        "method": _safe(one.method),
        "path": _safe(one.path),
        "status": status_of(GRPC, one.status) if one.protocol == GRPC else one.status,
        "seconds": round(seconds, 6),
        "received": one.received,
        "sent": one.sent,
        "protocol": one.protocol,
        "model": one.model,
    }
    if one.client:
        told["client"] = one.client
    if stages.batch is not None:
        requests, rows, waited = _batch(stages, stages.batch)
        told["batch"] = {"requests": requests, "rows": rows, "waited": round(waited, 6)}
    if stages.refusal is not None:
        error, rules = stages.refusal
        told |= {"error": error.code, "rules": rules[:_MOST_RULES]}
    return orjson.dumps(told).decode() + "\n"


def _batch(stages: Stages, batch: Batch) -> tuple[int, int, float]:
    """Return requests and rows of a prediction, and how long a request waited for it (RST-183)."""
    return batch.requests, batch.rows, batch.asked - stages.enforced


def _safe(text: str) -> str:
    """Return a text of a request as it may stand in a line: nothing in it ends a word or a line."""
    cut = text[:_LONGEST_PATH]
    if cut.isascii() and cut.isprintable() and " " not in cut:
        return cut
    escaped = cut.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(char if "!" <= char <= "~" else f"\\x{ord(char):02x}" for char in escaped)


def _to_stderr(line: str) -> None:
    data = line.encode()
    with suppress(OSError):  # nobody reads it any more
        while data:
            data = data[os.write(2, data) :]
