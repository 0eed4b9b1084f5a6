"""The deliberate breaks of the reference implementation, as data (``breaks/<page>.toml``).

A break names the rule that it concerns, a file below ``python/src/mlmodel``, a text that stands
there once and what takes its place. ``says`` is what the broken implementation does. A break that
no vector can notice says why, in ``survives``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BREAKS", "ROOT", "SOURCE", "Break", "broken_text", "read_breaks"]

ROOT = Path(__file__).resolve().parents[2]
BREAKS = Path(__file__).parent / "breaks"
SOURCE = ROOT / "python" / "src" / "mlmodel"


@dataclass(frozen=True)
class Break:
    """One deliberate break, and the page of its rule."""

    page: str
    rule: str
    says: str
    file: str
    old: str
    new: str
    survives: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.says} ({self.page}, {self.file})"


def read_breaks(folder: Path = BREAKS) -> list[Break]:
    """Return every break of a folder, page by page."""
    return [
        Break(path.stem, **fields)
        for path in sorted(folder.glob("*.toml"))
        for fields in tomllib.loads(path.read_text(encoding="utf-8"))["break"]
    ]


def broken_text(one: Break, source: Path = SOURCE) -> str:
    """Return the text of the file as the break leaves it.

    Raises:
        ValueError: what is to be replaced does not stand there, or more than once.

    """
    text = (source / one.file).read_text(encoding="utf-8")
    if text.count(one.old) != 1 or one.old == one.new:
        raise ValueError(
            f"{one}: the text to replace stands {text.count(one.old)} times in the file; it must "
            f"stand there once, and become another: {one.old!r}"
        )
    return text.replace(one.old, one.new)
