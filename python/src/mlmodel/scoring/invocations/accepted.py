"""Which form an answer has, by the header ``Accept`` (RST-124)."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.util import find_spec
from typing import NamedTuple

from mlmodel.errors import NotAcceptable, shown
from mlmodel.scoring.writers import WRITERS

__all__ = ["accepted_forms"]

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_RANGE = re.compile(rf"\s*({_WORD})/({_WORD})\s*((?:;[^;]*)*)\Z")
_QUALITY = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*\Z", re.IGNORECASE)
#: Longer headers are read anew every time.
_LONGEST_KEPT = 200
#: The forms of JSON, of which the request's own is offered.
_OF_JSON = frozenset({"enveloped", "bare"})


class _Range(NamedTuple):
    kind: str
    subtype: str
    quality: float


def accepted_forms(accept: str | None, own: str) -> tuple[str, ...]:
    """Return the names of the forms that a client takes, the best first.

    Args:
        accept: the header as it came, or None.
        own: the name of the request's own form, which is JSON.

    Raises:
        NotAcceptable: there is none.

    """
    if accept is None:
        return (own,)
    return _kept(accept, own) if len(accept) <= _LONGEST_KEPT else _read(accept, own)


def _read(accept: str, own: str) -> tuple[str, ...]:
    ranges = list(filter(None, map(_range_of, accept.split(","))))
    if not ranges:
        # What is not of the header's form says nothing.
        return (own,)
    offered = [
        name for name in WRITERS if name == own or (name not in _OF_JSON and _is_there(name))
    ]
    order = {name: place for place, name in enumerate(sorted(offered, key=lambda n: n != own))}
    rated = {name: _rated(WRITERS[name].media, ranges) for name in offered}
    found = [name for name in offered if rated[name][0] > 0]
    if not found:
        raise NotAcceptable(_none_of(accept, offered))
    found.sort(key=lambda name: (*(-part for part in rated[name]), order[name]))
    return tuple(found)


_kept = lru_cache(maxsize=256)(_read)


def _is_there(name: str) -> bool:
    needed = WRITERS[name].needs
    return needed is None or find_spec(needed) is not None


def _range_of(text: str) -> _Range | None:
    matched = _RANGE.match(text)
    if matched is None:
        return None
    quality = 1.0
    for parameter in matched[3].split(";"):
        name = parameter.partition("=")[0].strip().lower()
        if name == "q":
            number = _QUALITY.match(parameter)
            if number is None:
                return None
            quality = float(number[1])
            break
    return _Range(matched[1].lower(), matched[2].lower(), quality)


def _rated(media: str, ranges: list[_Range]) -> tuple[float, int]:
    """Return how much a media type is wanted, and how exactly it is named."""
    kind, _, subtype = media.partition(";")[0].partition("/")
    best = (0, 0.0)
    for one in ranges:
        exact = _exactness(one, kind, subtype)
        if exact:
            best = max(best, (exact, one.quality))
    return best[1], best[0]


def _exactness(one: _Range, kind: str, subtype: str) -> int:
    if (one.kind, one.subtype) == (kind, subtype):
        return 3
    if one.subtype == "*":
        return {kind: 2, "*": 1}.get(one.kind, 0)
    return 0


def _none_of(accept: str, offered: list[str]) -> str:
    medias = dict.fromkeys(WRITERS[name].media.partition(";")[0] for name in offered)
    return (
        f"The answer has none of the forms in the header Accept, {shown(accept)}; it can be "
        f"{', '.join(medias)} (RST-124)."
    )
