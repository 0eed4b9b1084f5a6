"""What a request passes when its head is there: the root path is taken off, its token looked at.

It is asked once for each head; of a head that was read before, the answer still holds
(:class:`~mlmodel.serving.http.reader.Heads`), so the next requests of a client cost nothing here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.serving.http.messages import Request
    from mlmodel.serving.tokens import Tokens

__all__ = ["OPEN", "PLACES", "Entrance", "checked_root", "is_preflight"]

#: The paths that are answered without a token, where nothing is sent to them (RST-165).
OPEN = frozenset(
    {
        b"/ping", b"/health", b"/livez", b"/readyz", b"/v2/health/live", b"/v2/health/ready",
        b"/docs",
    }
)  # fmt: skip
#: How paths of the server's own begin; below one no proxy can offer it (RST-160).
PLACES = ("invocations", "ping", "health", "livez", "readyz", "version", "metrics", "docs",
          "openapi.json", "models", "v2")  # fmt: skip
_ROOT = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+", re.ASCII)


class Entrance:
    """Lets requests in.

    Args:
        root: the path below which a proxy offers the server, without ``/`` at its end.
        tokens: those that are asked for; None for none.
        preflights: browsers may ask, without a token, whether a page may ask (RST-163).

    """

    def __init__(
        self, root: str = "", tokens: Tokens | None = None, *, preflights: bool = False
    ) -> None:
        self._root = root.encode()
        self._parts = self._root.split(b"/")
        self._tokens, self._preflights = tokens, preflights

    def enter(self, request: Request) -> None:
        """Take the root path off a request, and check its token.

        Raises:
            Unauthenticated: it has none that is taken, and its path is not open.

        """
        if self._root:
            request.target = self._inner(request.target)
        if self._tokens is not None and not self._is_open(request):
            self._tokens.check(request.header(b"authorization"))

    def _is_open(self, request: Request) -> bool:
        if _has_body(request):
            return False
        if request.method in {"GET", "HEAD"}:
            path = request.path.removesuffix(b"/")
            return path in OPEN or (not path and _asks_for_a_page(request))
        return self._preflights and is_preflight(request)

    def _inner(self, target: bytes) -> bytes:
        """Return a target without the root path, if it has it."""
        path, query, rest = target.partition(b"?")
        if path.startswith(self._root):
            inner = path[len(self._root) :]
        else:
            parts = path.split(b"/")
            inner = b"".join(b"/" + part for part in parts[len(self._parts) :])
            if [unquote_to_bytes(one) for one in parts[: len(self._parts)]] != self._parts:
                return target
        if inner and not inner.startswith(b"/"):
            return target
        return (inner or b"/") + query + rest


def _asks_for_a_page(request: Request) -> bool:
    """Return whether the answer is the page, which has nothing of a model and asks for a token."""
    from mlmodel.serving.pages import wants_html  # and Flask, which the parent does without

    return wants_html(request.header(b"accept"))


def is_preflight(request: Request) -> bool:
    """Return whether a browser asks by a request whether a page may send another one."""
    return (
        request.method == "OPTIONS"
        and b"origin" in request.raw
        and b"access-control-request-method" in request.raw
        and not _has_body(request)
    )


def _has_body(request: Request) -> bool:
    raw = request.raw
    length = raw.get(b"content-length", b"").strip(b" \t")
    return b"transfer-encoding" in raw or bool(length.strip(b"0"))


def checked_root(root: str, names: Iterable[str]) -> str:
    """Return a root path without ``/`` at its end; the models of the server have these names.

    Raises:
        InvalidArgument: it is not an absolute path, or one of the server's own (RST-160).

    """
    plain = root.removesuffix("/")
    if not plain:
        return ""
    parts = plain.split("/")[1:]
    if not _ROOT.fullmatch(plain) or {".", ".."} & set(parts):
        raise InvalidArgument(
            f"The root path {shown(root)} is not an absolute path as '/models-of/team'; give it "
            "as the proxy has it, with '/' in front, and without '..', query or "
            "percent-encoding (RST-160)."
        )
    own = parts[0] == "v2" or (len(parts) == 1 and parts[0] in PLACES)
    if own or (parts[0] == "models" and parts[1] in names):
        raise InvalidArgument(
            f"The root path {shown(root)} is a path of the server itself, so that nobody could "
            "tell whether a proxy has taken it off; let the proxy offer another one (RST-160)."
        )
    return plain
