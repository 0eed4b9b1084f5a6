"""The links of a web server's page that lists a folder, in time that grows with the page."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["links_of", "places_below"]

_ANCHOR = re.compile(r"<a(?=[\s/])", re.IGNORECASE)
#: One attribute, or what stands in the place of one. Each match is longer than nothing and never
#: given back, and a quote without an end is looked for once: the rest has no other.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+(?:(?P<end>>|\Z)|(?P<name>[^\s=>/]++|=)"""
    r"""(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s>]++)))?+)"""
)
_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def links_of(page: str) -> Iterator[str]:
    """Give what the anchors of a page link to, as it is written, entities apart."""
    position = 0
    while anchor := _ANCHOR.search(page, position):
        position, link = anchor.end(), None
        while attribute := _ATTRIBUTE.match(page, position):
            position = attribute.end()
            if attribute["end"] is not None:
                break
            if link is None and attribute["name"].lower() == "href":
                given = (attribute["double"], attribute["single"], attribute["bare"])
                link = next((one for one in given if one is not None), None)
        if link:
            yield unescape(link).strip()


def places_below(url: str, page: str) -> Iterator[str]:
    """Give the URLs of what a page at ``url`` links to below itself, some more than once.

    A link that is relative is taken as one from the folder; names in it are not checked here.
    """
    base = url.rstrip("/")
    origin = re.match(r"[^:]+://[^/?#]*", base)
    for link in links_of(page):
        if link in ("..", "../") or link.startswith("//") or _SCHEME.match(link):
            continue
        whole = link
        if link.startswith("/") and len(link) > 1:
            whole = f"{origin[0] if origin else ''}{link}"
        elif not link.lower().startswith(("http:", "https:")):
            yield f"{base}/{link.lstrip('/')}"
            continue
        if _plain(whole).startswith(_plain(base) + "/"):
            yield base + _plain(whole)[len(_plain(base)) :]


def _plain(url: str) -> str:
    """Return a URL whatever its scheme is: a page may link from one to the other."""
    return re.sub(r"^https?:", "", url, flags=re.IGNORECASE)
