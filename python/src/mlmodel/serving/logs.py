"""The server's log, of the parent and of its workers."""

from __future__ import annotations

import logging

from mlmodel._base.texts import printable

__all__ = ["set_up"]


class _Lines(logging.Formatter):
    """Lets nothing in a record pass for another record, or move a terminal's cursor (RST-106).

    A record's further lines, such as those of a traceback, are indented; control characters in
    it, which may be the client's or the model's, are escaped.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return printable(self._inner.format(record)).replace("\n", "\n  ")


def set_up() -> None:
    """Write the log to the standard error output, unless the process logs already."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        if not isinstance(handler.formatter, _Lines):
            handler.setFormatter(_Lines(handler.formatter))
    logging.getLogger("mlmodel.serving").setLevel(logging.INFO)
