"""What a request asks for by its method and path: a call of a model, or what is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from mlmodel.scoring.v2 import work_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.serving.http.messages import Request

__all__ = ["Call", "Routes", "is_v2"]

_INVOCATIONS = b"invocations"
#: How many parts the path /models/NAME/invocations has, with the empty one in front.
_PARTS = 4


class Call(NamedTuple):
    """What a request calls: a model by its name, or the repository (None)."""

    model: str | None
    #: It is asked by the Open Inference Protocol.
    v2: bool


def is_v2(request: Request) -> bool:
    """Return whether a request is one of the Open Inference Protocol."""
    path = request.path
    return path == b"/v2" or path.startswith(b"/v2/")


class Routes:
    """The paths at which models are called.

    Args:
        names: of the models; a single one is scored at ``/invocations`` (RST-131).
        repository: the repository extension is switched on.

    """

    def __init__(self, names: Sequence[str], *, repository: bool) -> None:
        self._repository = repository
        self._only = Call(names[0], v2=False) if len(names) == 1 else None
        # As clients write them, nearly always.
        self._known: dict[bytes, Call] = {}
        for name in names:
            quoted = name.encode()
            self._known[b"/models/%b/invocations" % quoted] = Call(name, v2=False)
            self._known[b"/v2/models/%b/infer" % quoted] = Call(name, v2=True)
        if self._only is not None:
            self._known[b"/invocations"] = self._only
        self._known |= {path + b"/": call for path, call in self._known.items()}  # RST-161

    def call(self, request: Request) -> Call | None:
        """Return what a request calls, be it there or not; None where it calls nothing."""
        if request.method != "POST":
            return None
        return self._known.get(request.target) or self._read(request)

    def _read(self, request: Request) -> Call | None:
        if is_v2(request):
            path = request.path.decode("latin-1")
            work = work_of(request.method, path, repository=self._repository)
            return None if work is None else Call(work.model, v2=True)
        plain = request.path.removesuffix(b"/")
        parts = [unquote_to_bytes(part) for part in plain.split(b"/")]
        if parts == [b"", _INVOCATIONS]:
            return self._only
        if len(parts) == _PARTS and parts[2] and parts[::3] == [b"", _INVOCATIONS]:
            name = parts[2].decode("utf-8", "replace")
            return Call(name, v2=False) if parts[1] == b"models" else None
        return None
