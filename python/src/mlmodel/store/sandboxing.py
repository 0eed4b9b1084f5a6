"""Whether a model is loaded behind the second wall, and what that lets through (TRU-080).

Nothing is loaded here. ``score`` asks the walled process, which loads the model by a module of
a room above this one: that is named, and not imported.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, ModelFailure, shown
from mlmodel.sandbox import limits, values
from mlmodel.sandbox.process import Process
from mlmodel.sandbox.wall import Wall, holds_something, lacking, stands
from mlmodel.store.folder import ModelFolder, open_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mlmodel.document.paths import PathLike

__all__ = [
    "WAYS",
    "Sandboxed",
    "decide",
    "decide_together",
    "process_of",
    "require",
    "require_trust_or_wall",
    "score",
    "scoring",
    "stands",
]

#: What may be asked for. True is ``on``, False ``off``.
WAYS = ("auto", "on", "off")
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
#: What answers behind the wall.
_ENTRY = "mlmodel.pyfunc.behind:Behind"


@dataclass(frozen=True)
class Sandboxed:
    """A model that is to be loaded in a process of its own, behind the wall or without one.

    ``digest`` is that of a folder in the user's store, and empty for any other: behind the wall the
    store cannot be read, and the folder's bytes are held against the digest there once more.
    """

    folder: ModelFolder
    wall: Wall | None
    digest: str
    variables: tuple[str, ...]

    @property
    def options(self) -> dict[str, Any]:
        """How the model is opened behind the wall."""
        gate = self.folder.gate
        return {"trust": gate.trust, "allow": tuple(sorted(gate.allow)), "digest": self.digest}


def decide(
    model_uri: PathLike,
    wanted: str | bool,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Sandboxed | None:
    """Return how the model is walled, or None where it is loaded in this process.

    ``auto`` walls folders that are not trusted, as far as this system can; ``on`` walls any, and
    wholly; ``off`` none.

    Raises:
        InvalidArgument: ``wanted`` is none of these, or ``on`` cannot be had here (TRU-082).
        ModelNotFound, InvalidModel, UnreadableModel: as for opening a model.

    Warns:
        UserWarning: what the wall lacks on this system.

    """
    folders = (open_folder(one, trust=trust, allow=allow) for one in (model_uri,))
    found = decide_together(folders, wanted, trust=trust)
    return None if found is None else found[0]


def decide_together(
    folders: Iterable[ModelFolder], wanted: str | bool, *, trust: bool = False
) -> list[Sandboxed] | None:
    """Return how models that share a process are walled, or None where they are not.

    All are behind one wall as soon as one is to be, and get variables only where all are trusted
    (RST-134). The folders are opened one after the other, and only where that is needed.

    Raises:
        InvalidArgument: as for :func:`decide`; whatever opening a folder raises.

    Warns:
        UserWarning: what the wall lacks on this system.

    """
    way = {True: "on", False: "off"}.get(wanted, wanted) if isinstance(wanted, bool) else wanted
    if way not in WAYS:
        raise InvalidArgument(f"sandbox is {', '.join(WAYS)}, True or False, not {shown(wanted)}")
    if way == "off" or (way == "auto" and trust is True):
        return None
    opened = [(folder, _digest_in_trust(folder)) for folder in folders]
    if way == "auto" and all(digest for _, digest in opened):
        return None
    return _walled(opened) if _can_be_had(way) else None


def require(place: PathLike, *, allow: Iterable[str], digest: str) -> Sandboxed:
    """Return how a model is walled wholly that is trusted if its folder has this digest.

    Raises:
        InvalidArgument, ModelNotFound, InvalidModel, UnreadableModel: as for :func:`decide`.

    """
    folder = open_folder(place, allow=allow, digest=digest)
    _can_be_had("on")
    return _walled([(folder, _digest_in_trust(folder))])[0]


def require_trust_or_wall(folder: ModelFolder, what: str, file: str, rule: str) -> None:
    """Go on only in a trusted folder, or behind the whole wall.

    For a file that a library's compiled reader believes, and that is not held to bounds first: one
    that leads it astray ends the process, or makes it do what the file says. Behind the wall
    neither can harm.

    Args:
        folder: the model's.
        what: what is not looked at, as the middle of a sentence.
        file: the file that it is in, relative to the folder.
        rule: the rule of the flavor's page.

    Raises:
        UntrustedModel: it is neither; nothing of the file was read.

    """
    if not stands():
        more = f"; behind a sandbox (sandbox=True, --sandbox on) it needs no trust ({rule})"
        folder.gate.require_trust(f"{what}{more}", file)


def _walled(opened: list[tuple[ModelFolder, str]]) -> list[Sandboxed]:
    """Return how folders, each with its digest if it is trusted by that, share one wall."""
    trusted = all(folder.gate.trust or digest for folder, digest in opened)
    named = (name for folder, _ in opened for name in _declared_variables(folder))
    variables = tuple(dict.fromkeys(named)) if trusted else ()
    roots = tuple(str(folder.root.resolve()) for folder, _ in opened)
    wall = Wall(roots, limits.memory_allowed())
    return [Sandboxed(folder, wall, digest, variables) for folder, digest in opened]


def _digest_in_trust(folder: ModelFolder) -> str:
    """Return the folder's digest where it is trusted by it, else nothing."""
    gate = folder.gate
    manifest = gate.manifest() if gate.is_trusted() else None
    return "" if manifest is None else manifest.digest


def _can_be_had(way: str) -> bool:
    lacks = lacking()
    if not lacks:
        return True
    cannot = f"This system cannot {'; nor '.join(lacks)} (TRU-082)."
    if way == "on":
        raise InvalidArgument(
            f"The sandbox that was asked for cannot be had. {cannot} Run it on such a system, or "
            "without --sandbox on (sandbox=True), in a container or virtual machine of its own."
        )
    warn_caller(f"The model is not wholly in a sandbox. {cannot}")
    return holds_something()


def _declared_variables(folder: ModelFolder) -> tuple[str, ...]:
    """Return the variables that a trusted model says it reads."""
    named = folder.document.data.get("env_vars")
    return tuple(filter(None, named)) if isinstance(named, list) else ()


def process_of(
    found: Sandboxed,
    config: dict[str, Any] | None = None,
    *,
    served: bool = False,
    seconds: float | None = None,
) -> Process:
    """Return the process for a model; its first question is to load it.

    ``served`` loads it by the flavor that a server takes; ``seconds`` is how long a prediction may
    take.
    """
    first = ("load", str(found.folder.root), found.options, config, served)
    return Process(found.wall, _ENTRY, first, found.variables, seconds=seconds)


def score(found: Sandboxed, content_type: str, body: bytes) -> bytes:
    """Return a model's answer to the body of a request, from behind the wall.

    Raises:
        MlmodelError: as for ``pyfunc.scoring.score_body``; ModelFailure where the process ended.

    """
    with scoring(found) as ask:
        return ask(content_type, body)


@contextmanager
def scoring(found: Sandboxed) -> Iterator[Callable[[str, bytes], bytes]]:
    """Give what answers bodies from behind the wall, in one process; see :func:`score`."""
    process = process_of(found, served=True)

    def ask(content_type: str, body: bytes) -> bytes:
        try:
            answer = values.read(*process.ask("score", content_type, body))
        except values.Unreadable as error:
            raise ModelFailure(
                f"What the model answered cannot be read: {error} (TRU-084)."
            ) from None
        # It may go to a terminal; a writer of JSON escapes what could move the cursor.
        if not isinstance(answer, bytes) or _CONTROL.search(answer):
            raise ModelFailure("What the model answered is not a body (TRU-084).")
        return answer

    try:
        process.start()
        yield ask
    finally:
        process.close()
