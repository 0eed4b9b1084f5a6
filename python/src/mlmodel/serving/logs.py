"""The server's log, of the parent and of its workers."""

from __future__ import annotations

import json
import logging

from mlmodel._base.texts import printable
from mlmodel.scoring.stages import CURRENT
from mlmodel.serving.observing.moments import stamp

__all__ = ["set_up"]


class _Lines(logging.Formatter):
    """Lets nothing in a record pass for another record, or move a terminal's cursor (RST-106).

    A record's further lines, such as those of a traceback, are indented; control characters in
    it, which may be the client's or the model's, are escaped. What is logged while a request is
    worked on begins with its id (RST-152).
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        text = printable(self._inner.format(record)).replace("\n", "\n  ")
        request_id = _request_id()
        return f"[{request_id}] {text}" if request_id else text


class _Json(logging.Formatter):
    """One object of JSON for each record, on one line and in ASCII (RST-155)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        told = {
            "time": stamp(record.created, as_json=True),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_id = _request_id()
        if request_id:
            told["request_id"] = request_id
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _request_id() -> str:
    stages = CURRENT.get()
    return "" if stages is None else stages.request_id


def set_up(level: str = "info", form: str = "text") -> None:
    """Write the log to the standard error output, unless the process logs already.

    ``level`` is that of mlmodel's own records; those of others are written from warnings on.
    ``form`` is ``text`` or ``json``.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        if form == "json":
            handler.setFormatter(_Json())
        elif not isinstance(handler.formatter, _Lines):
            handler.setFormatter(_Lines(handler.formatter))
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger("mlmodel").setLevel(number)
    logging.getLogger("mlmodel.serving").setLevel(number)
    if number > logging.WARNING:
        logging.getLogger().setLevel(number)
