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
    "SCHEME",
    "is_uri",
    "last_part",
    "path_of_file_uri",
    "refuse_tracked",
    "scheme_of",
    "without_secrets",
]

#: A letter alone is a drive.
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
#: Schemes whose names only a Tracking server can tell the place of.
_TRACKED = frozenset({"runs", "models", "mlflow-artifacts"})


def is_uri(place: PathLike) -> bool:
    """Return whether this names something that must be fetched: no path, and no ``file:`` URI."""
    scheme = scheme_of(place)
    return scheme is not None and scheme != "file"


def scheme_of(place: PathLike) -> str | None:
    """Return the scheme of a URI in small letters; None for a path, which goes before it."""
    text = os.fspath(place)
    found = SCHEME.match(text)
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
            f"{uri}: a file URI names a file on this machine, but this one names the host "
            f"{parts.netloc!r}; write file:///path (LOC-001)"
        )
    return Path(url2pathname(parts.path))


def refuse_tracked(scheme: str, uri: str) -> None:
    """Raise for a scheme that only a Tracking server understands.

    Raises:
        UnsupportedModel: it is one.

    """
    if scheme in _TRACKED:
        raise UnsupportedModel(
            f"{uri}: only a Tracking server knows where this model is, and this version does "
            "not ask one; give the path or URI of the model's folder (LOC-002)"
        )


def without_secrets(uri: str) -> str:
    """Return a text as it may be shown: its URIs without password, token and query (LOC-015)."""
    if "://" not in uri:
        return uri
    from mlmodel._base.secrets import masked  # a short command has no URIs

    return re.sub(r"\?[^\s'\"()<>]+", "?…", re.sub(r"(://)[^\s/@'\"]+@", r"\1…@", masked(uri)))


def last_part(uri: str) -> str:
    """Return the last name in a URI, which a copy of what it names gets."""
    from urllib.parse import unquote

    # Of a chain (zip://inner::https://host/model.zip) the outermost that has a name.
    for link in uri.split("::"):
        path = link.partition("://")[2] or link.partition(":")[2]
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
        if name:
            return unquote(name) if link.lower().startswith("http") else name
    return "model"
