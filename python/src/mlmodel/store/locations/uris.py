"""URIs of models: what they name, and how they may be shown (LOC-001 to LOC-003, LOC-015)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, UnsupportedModel

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike

__all__ = [
    "ARCHIVES",
    "chain_of",
    "is_uri",
    "last_part",
    "path_of_file_uri",
    "refuse_tracked",
    "scheme_of",
    "secrets_of",
    "shown_uri",
    "without_secrets",
]

#: A letter alone is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
#: Schemes whose names only a Tracking server can tell the place of.
_TRACKED = frozenset({"runs", "models", "mlflow-artifacts"})


def is_uri(place: PathLike) -> bool:
    """Return whether this names something that must be fetched: no path, and no ``file:`` URI."""
    scheme = scheme_of(place)
    return scheme is not None and scheme != "file"


def scheme_of(place: PathLike) -> str | None:
    """Return the scheme of a URI in small letters; None for a path, which goes before it."""
    text = os.fspath(place)
    found = _SCHEME.match(text)
    if found is None or os.path.lexists(text):
        return None
    return found[1].lower()


def path_of_file_uri(uri: str) -> Path:
    """Return the path that a ``file:`` URI names.

    Raises:
        InvalidArgument: it names another machine.

    """
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise InvalidArgument(
            f"{shown_uri(uri)}: a file URI names a file on this machine, but this one names "
            f"the host {(parts.hostname or '')!r}; write file:///path (LOC-001)"
        )
    return Path(url2pathname(parts.path))


def refuse_tracked(scheme: str, uri: str) -> None:
    """Raise for a scheme that only a Tracking server understands.

    Raises:
        UnsupportedModel: it is one.

    """
    if scheme in _TRACKED:
        raise UnsupportedModel(
            f"{shown_uri(uri)}: only a Tracking server knows where this model is, and this "
            "version does not ask one; give the path or URI of the model's folder (LOC-002)"
        )


#: Schemes of archives; the rest of a chain names where the archive is.
ARCHIVES = frozenset({"zip", "tar"})


def chain_of(uri: str) -> tuple[list[tuple[str, str]], str]:
    """Return the archives of a chain, the innermost last, and what the last of them lies in.

    Each archive is its scheme and the path in it: ``zip://inner::https://host/model.zip`` gives
    ``[("zip", "inner")]`` and ``https://host/model.zip``. Nothing else makes a chain (LOC-003).
    """
    archives: list[tuple[str, str]] = []
    rest = uri
    while True:
        link, chained, behind = rest.partition("::")
        scheme, _, path = link.partition(":")
        if not chained or scheme.lower() not in ARCHIVES:
            return archives, rest
        archives.append((scheme.lower(), path.strip("/")))
        rest = behind


# -- what may be shown ------------------------------------------------------------------------

#: Where a URI begins within a text.
_START = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]++:[/\\]++")
_LINK = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+:[/\\]*+)(.*)", re.DOTALL)
_HOST_AND_PORT = re.compile(r"([^@:\[\]]*|\[[^@\[\]]*\])(:[0-9]*)?")
_QUERY = re.compile(r"[?#]")


def shown_uri(place: PathLike) -> str:
    """Return a place as it may be shown; of a URI no user, password, query or fragment (LOC-015).

    What could be a part of a password is left out, even where it may be one of the path.
    """
    text = os.fspath(place)
    if scheme_of(text) is None:
        return text
    archives, rest = chain_of(text)
    chain = [f"{scheme}://{inner}" for scheme, inner in archives]
    found = _LINK.match(rest)
    return "::".join([*chain, found[1] + _without_secrets(*found.groups()) if found else rest])


def without_secrets(text: str) -> str:
    """Return a text as it may be shown, each URI in it as :func:`shown_uri` has it (LOC-015)."""
    starts = list(_START.finditer(text)) if ":/" in text or ":\\" in text else []
    if not starts:
        return text
    shown = [text[: starts[0].start()]]
    for found, end in zip(starts, [*(one.start() for one in starts[1:]), len(text)], strict=True):
        rest = text[found.end() : end]
        length = _length(rest.removesuffix("::"))  # the next link of a chain
        shown += [found[0], _without_secrets(found[0], rest[:length]), rest[length:]]
    return "".join(shown)


def _length(text: str) -> int:
    """Return how much of a text may belong to a URI of which this follows the scheme."""
    word = re.match(r"\S*", text)
    length = word.end() if word else 0
    authority = re.split(r"[/?#\s]", text, maxsplit=1)[0]
    if ":" in authority and "@" in text[length:]:  # a password with a space in it
        last = text.rindex("@")
        word = re.compile(r"\S*").match(text, last)
        length = word.end() if word else last
    return length


def _without_secrets(scheme: str, rest: str) -> str:
    """Return what follows the scheme of a URI, without its secrets."""
    from mlmodel._base.secrets import masked  # a short command has no URIs

    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = _HOST_AND_PORT.fullmatch(authority)
    is_name = host is not None and not host[2]
    if is_name and scheme[:4].lower() == "http":  # a name without a dot may be a token
        is_name = "." in authority or "[" in authority or authority.lower() == "localhost"
    path = _QUERY.split(rest, maxsplit=1)[0]
    if not is_name and "@" in rest:
        if "@" in rest[len(path) :]:
            return "…"  # where the password ends nobody can tell
        path = "…@" + path[path.rindex("@") + 1 :]
    elif host is None:
        return "…"
    found = _QUERY.search(rest)
    return masked(f"://{path}").removeprefix("://") + (f"{found[0]}…" if found else "")


def secrets_of(uri: str) -> list[str]:
    """Return what a message about a URI must not hold, the longest first (LOC-015)."""
    from urllib.parse import quote, quote_plus, unquote, unquote_plus

    rest = chain_of(uri)[1].partition(":")[2].lstrip("/")
    before, at, _ = rest.rpartition("@")
    query = _QUERY.split(rest, maxsplit=1)[1:]
    pieces = {before, *before.split(":", 1)} if at else set()
    for text in query:
        pieces |= {text, *(one.partition("=")[2] or one for one in re.split(r"[&;#?]", text))}
    forms = (str, quote, quote_plus, unquote, unquote_plus, lambda text: quote(text, safe=""))
    found = {form(piece) for piece in pieces for form in forms}
    return sorted((one for one in found if len(one) > _SHORT), key=len, reverse=True)


#: A secret of so few characters would be found by chance in any message.
_SHORT = 3


def last_part(uri: str) -> str:
    """Return the last name in a URI, which a copy of what it names gets."""
    from urllib.parse import unquote

    # Of a chain (zip://inner::https://host/model.zip) the outermost that has a name.
    archives, rest = chain_of(uri)
    for _, inner in archives:
        if inner:
            return inner.rpartition("/")[2]
    is_web = rest.lower().startswith(("http:", "https:"))
    path = rest.partition("://")[2] or rest.partition(":")[2]
    path = _QUERY.split(path, maxsplit=1)[0] if is_web else path.partition("?")[0]
    name = path.rstrip("/").rpartition("/")[2]
    if name == path.rstrip("/"):  # a host or bucket, and whoever asks it
        name = name.rpartition("@")[2].partition(":")[0]
    return (unquote(name) if is_web else name) or "model"
