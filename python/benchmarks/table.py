# ruff: noqa: RUF001 - the table is for people, with the signs that they know
"""The table as Markdown, and its place in the page on speed."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pairing import FLOOR, MLFLOW, OURS, SIDES, Samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rows import Row

START, END = "<!-- bench -->", "<!-- /bench -->"
_ABSENT = "–"


def markdown(
    results: Sequence[tuple[Row, Samples]],
    versions: Mapping[str, str],
    big: int,
    peer: str = "MLflow",
) -> str:
    """Return the whole table with its heading line and the notes under it.

    ``peer`` is what stands beside ours: MLflow, or an earlier state.
    """
    names = {OURS: "mlmodel", MLFLOW: peer, FLOOR: "floor"}
    lines = [
        heading(versions),
        "",
        f"| work | mlmodel | {peer} | floor | better than {peer} | aim | reached |",
        "|---|---|---|---|---|---|---|",
        *(line(row, samples, big) for row, samples in results),
    ]
    notes = [
        f"- {row.id}, {names[side]}: {reason}"
        for row, samples in results
        for side, reason in samples.failures.items()
    ]
    return "\n".join([*lines, *(["", "Not measured:", *notes] if notes else [])]) + "\n"


def heading(versions: Mapping[str, str]) -> str:
    """Say when, where and with what the figures were taken, and how to read them."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    cores = len(os.sched_getaffinity(0))
    what = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured {today} on {cores} cores ({cpu_model()}), {platform.system()}, {what}. "
        "Sides interleaved, OMP_NUM_THREADS=1; medians (least – greatest); "
        "ratios are medians of pairwise ratios."
    )


def cpu_model() -> str:
    """Return the processor's name as Linux tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def line(row: Row, samples: Samples, big: int) -> str:
    """Return one row of the table."""
    reached = None if row.aim is None else row.aim.check(samples)
    cells = [
        row.title.format(big=f"{big:,}"),
        *(cell(row, samples, side) for side in SIDES),
        times_better(row, samples),
        _ABSENT if row.aim is None else row.aim.text,
        _ABSENT if reached is None else ("yes" if reached else "**no**"),
    ]
    return f"| {' | '.join(cells)} |"


def cell(row: Row, samples: Samples, side: str) -> str:
    """Return median, spread and the second figure of one side."""
    value, spread = samples.median(side), samples.spread(side)
    if value is None or spread is None:
        return _ABSENT
    unit, scale = ("s", 1e-3) if row.unit == "ms" and value >= 1000 else (row.unit, 1.0)
    text = f"{figure(value * scale)} {unit}"
    if len(samples.sides[side]) > 1:
        text += f" ({figure(spread[0] * scale)} – {figure(spread[1] * scale)})"
    if row.extra is not None:
        key, name = row.extra
        second = samples.median(side, key)
        text += "" if second is None else f", {figure(second)} {name}"
    return f"{row.peer}: {text}" if side == MLFLOW and row.peer is not None else text


def times_better(row: Row, samples: Samples) -> str:
    """Return how many times better than the peer's our figure is, pair by pair."""
    sides = (OURS, MLFLOW) if row.greater_is_better else (MLFLOW, OURS)
    ratio = samples.ratio(*sides)
    return _ABSENT if ratio is None else f"{figure(ratio)} ×"


def figure(value: float) -> str:
    """Write a number with two or three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}".removesuffix(".0")
    if value >= 1:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.2g}"


def put_between_markers(text: str, table: str) -> str:
    """Return ``text`` with ``table`` between its two markers.

    Raises:
        ValueError: the markers are not there, once each and in order.

    """
    if text.count(START) != 1 or text.count(END) != 1 or text.index(START) > text.index(END):
        raise ValueError(f"the page needs the lines {START} and {END}, once each, in order")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}\n{table}{END}{after}"
