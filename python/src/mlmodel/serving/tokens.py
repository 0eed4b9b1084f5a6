"""The tokens that a server asks for: read once, kept and compared as digests (RST-165 to RST-167).

A process in which a model runs gets digests alone. A token is random, so a plain digest of it tells
nothing of it; and digests have one length, whatever the tokens have.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CHALLENGE", "VARIABLE", "Tokens", "from_variable", "read"]

#: The variable that may hold tokens; there is no option, since others can see a command's.
VARIABLE = "MLMODEL_SERVE_TOKEN"
#: The header that goes with a refusal (RFC 6750, section 3).
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="mlmodel"')
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
_LONGEST, _MOST, _LARGEST_FILE = 4096, 1000, 2**20
_FORM = (
    "a token is made of letters, digits and the signs '-', '.', '_', '~', '+', '/', with '=' at "
    f"its end alone, {_LONGEST} characters at most (RST-166)."
)


class Tokens:
    """The tokens that a server takes, by their digests."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        self._digests = tuple(digests)

    def check(self, header: str | None) -> None:
        """Check the header ``Authorization`` of a request.

        Raises:
            Unauthenticated: it is not there, or has no token that is taken.

        """
        if header is None:
            raise Unauthenticated(
                "This server asks for a token, and the request has none; send it as the header "
                "'Authorization: Bearer TOKEN' (RST-165)."
            )
        scheme, _, token = header.partition(" ")
        found = _digest(token.strip(" "))
        # Each is compared, so that the time does not tell which one is nearest.
        same = [hmac.compare_digest(found, one) for one in self._digests]
        if scheme.lower() != "bearer" or True not in same:
            raise Unauthenticated(
                "The token of the request is not one that this server takes; send one as the "
                "header 'Authorization: Bearer TOKEN' (RST-165)."
            )


def from_variable() -> tuple[bytes, ...]:
    """Return the digests of the tokens in the variable, nothing where it is not set.

    It is taken out of this process's environment: what the server starts does not have it.

    Raises:
        InvalidArgument: it is set and has no token, or something else in it.

    """
    held = os.environ.pop(VARIABLE, None)
    return () if held is None else _digests(held.split(), f"The variable {VARIABLE}")


def read(path: str) -> tuple[bytes, ...]:
    """Return the digests of the tokens in a file.

    Raises:
        InvalidArgument: it cannot be read, has no token or something else in it.

    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        lines = [line.strip() for line in content.decode("utf-8-sig").splitlines()]
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidArgument(f"The tokens in {path} cannot be read: {why} (RST-166).") from None
    except ValueError:
        raise _no_text(path) from None
    if len(content) > _LARGEST_FILE:
        raise _no_text(path)
    return _digests([one for one in lines if one and not one.startswith("#")], path)


def _no_text(path: str) -> InvalidArgument:
    return InvalidArgument(
        f"{path} is not a file of tokens: it is not text, or larger than 1 MiB (RST-166)."
    )


def _digests(tokens: list[str], place: str) -> tuple[bytes, ...]:
    """Return digests; no message shows what is there, which may be a token with a slip in it."""
    if not tokens:
        raise InvalidArgument(
            f"{place} has no token, and without one the server would be open to all (RST-166)."
        )
    if len(tokens) > _MOST:
        raise InvalidArgument(f"{place} has more than {_MOST} tokens (RST-166).")
    for number, token in enumerate(tokens, 1):
        if len(token) > _LONGEST or not _TOKEN.fullmatch(token):
            raise InvalidArgument(f"Of {place} token {number} is not of the right form: {_FORM}")
    return tuple(map(_digest, tokens))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("latin-1", "replace")).digest()
