"""The ids of requests: the client's own where it can stand in a log, else one of ours (RST-151)."""

from __future__ import annotations

import itertools
import os
import re

__all__ = ["HEADER", "id_of", "line_of"]

HEADER = b"x-request-id"
#: What can stand in a header, a line of the log and JSON without being escaped or cut in two.
_SAFE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:/+=@~-]{0,127}")


#: The line of an answer's head.
_LINE = b"X-Request-ID: %b\r\n"


class _Ours:
    """Ids that no two processes share: some random bytes, and a number that counts up."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew, as a copy of a process must."""
        self.form = f"{os.urandom(6).hex()}%08x"
        self.line = _LINE % self.form.encode()
        self.numbers = itertools.count(1)


_ours = _Ours()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ours.renew)


def id_of(given: bytes | None) -> str:
    """Return a client's own id, if it is 1 to 128 safe signs; else a new one (RST-151)."""
    if given is not None and _SAFE.fullmatch(given):
        return given.decode("ascii")
    return _ours.form % next(_ours.numbers)


def line_of(given: bytes | None) -> bytes:
    """Return the line of an answer's head with that id, and its end."""
    if given is not None and _SAFE.fullmatch(given):
        return _LINE % given
    return _ours.line % next(_ours.numbers)
