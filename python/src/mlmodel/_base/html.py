"""Small tables for notebooks; whatever is put in is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["table"]

#: How many rows are shown; how many more there are is said.
_MOST_ROWS = 50
#: How much of one cell is shown.
_MOST_CHARACTERS = 300
_CELL = 'style="text-align:left;white-space:pre-wrap"'


def table(caption: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of names and what is said of them."""
    body = [f"<tr>{_cell('th', name)}{_cell('td', text)}</tr>" for name, text in rows[:_MOST_ROWS]]
    if len(rows) > _MOST_ROWS:
        body.append(f'<tr><td colspan="2">and {len(rows) - _MOST_ROWS} more</td></tr>')
    head = f'<caption style="text-align:left"><b>{escape(caption)}</b></caption>'
    return f"<table>{head}<tbody>{''.join(body)}</tbody></table>"


def _cell(tag: str, text: str) -> str:
    cut = text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
    return f"<{tag} {_CELL}>{escape(cut)}</{tag}>"
