"""What changed between the lines of two texts, in time that grows as they do (MLM-039).

The standard library's comparison takes the square of the number of lines, or its cube, where many
are alike. Here lines that stand once in both texts are matched first, in order; between two of
them the library compares what is left, if it is little, and else all of it counts as changed.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["changed_lines"]

#: So many lines on either side are compared by the library.
_FEW = 100

#: A run of lines that are the same in both texts: where it begins in each, and how long it is.
_Run = tuple[int, int, int]


def changed_lines(before: Sequence[str], after: Sequence[str], file: str) -> Iterator[str]:
    """Return the lines of a unified diff, without line ends; none where nothing changed."""
    runs = _joined(_runs(before, after))
    # The library writes the diff; what it is asked for is compared here.
    matcher = _Matched(runs, len(before), len(after))
    begun = False
    for group in matcher.get_grouped_opcodes():
        if not begun:
            begun = True
            yield from (f"--- {file}", f"+++ {file} (formatted)")
        first, last = group[0], group[-1]
        yield f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@"
        for kind, old, old_end, new, new_end in group:
            if kind == "equal":
                yield from (f" {line}" for line in before[old:old_end])
            else:
                yield from (f"-{line}" for line in before[old:old_end])
                yield from (f"+{line}" for line in after[new:new_end])


class _Matched(difflib.SequenceMatcher[str]):
    """A comparison whose runs are known."""

    def __init__(self, runs: list[_Run], before: int, after: int) -> None:
        super().__init__()
        self._runs = [difflib.Match(*run) for run in runs]
        self._runs.append(difflib.Match(before, after, 0))

    def get_matching_blocks(self) -> list[difflib.Match]:
        return self._runs


def _span(start: int, stop: int) -> str:
    """Return a range of lines as a unified diff has it: the first, from 1, and how many."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start if not length else start + 1},{length}"


def _runs(before: Sequence[str], after: Sequence[str]) -> Iterator[_Run]:
    """Give the runs of lines that are taken for the same, in order."""
    start = _alike(before, after)
    end = _alike(before[start:][::-1], after[start:][::-1])
    stop_old, stop_new = len(before) - end, len(after) - end
    if start:
        yield 0, 0, start
    old, new = start, start
    anchors = _anchors(before[start:stop_old], after[start:stop_new])
    for at_old, at_new in [*((a + start, b + start) for a, b in anchors), (stop_old, stop_new)]:
        yield from _runs_of_few(before, after, (old, at_old), (new, at_new))
        old, new = at_old, at_new
        if old < stop_old:
            yield old, new, 1
            old, new = old + 1, new + 1
    if end:
        yield stop_old, stop_new, end


def _joined(runs: Iterator[_Run]) -> list[_Run]:
    """Return the runs, of which those that touch are one."""
    found: list[_Run] = []
    for run in runs:
        old, new, length = found[-1] if found else (-1, -1, 0)
        if run[:2] == (old + length, new + length):
            found[-1] = (old, new, length + run[2])
        else:
            found.append(run)
    return found


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many lines at the beginning are the same."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(before), len(after)))


def _anchors(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of lines that stand once in both texts: as many as are in one order."""
    once, once_after = (_places_of_unique(lines) for lines in (before, after))
    pairs = [(place, once_after[line]) for line, place in once.items() if line in once_after]
    # The longest increasing sequence: for each length the smallest end, and what stands before.
    ends: list[int] = []
    last: list[int] = []
    previous: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        previous.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    found: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(pairs[number])
        number = previous[number]
    return found[::-1]


def _places_of_unique(lines: Sequence[str]) -> dict[str, int]:
    times = Counter(lines)
    return {line: place for place, line in enumerate(lines) if times[line] == 1}


def _runs_of_few(
    before: Sequence[str], after: Sequence[str], old: tuple[int, int], new: tuple[int, int]
) -> Iterator[_Run]:
    few_old, few_new = before[slice(*old)], after[slice(*new)]
    if few_old and few_new and max(len(few_old), len(few_new)) <= _FEW:
        matcher = difflib.SequenceMatcher(None, few_old, few_new, autojunk=False)
        for a, b, length in matcher.get_matching_blocks():
            if length:
                yield old[0] + a, new[0] + b, length
