"""What runs in a walled process: it raises the wall first, and then answers what it is asked.

Without a wall it is a process whose end costs one answer.

It is started by ``process.Process`` with nothing of mlmodel or numpy imported, so that there is one
thread when the wall is raised, and everything else is imported behind it.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import warnings
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MlmodelError, ModelFailure
from mlmodel.sandbox import frames, locks
from mlmodel.sandbox.wall import Wall, WallError, raise_

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["end_with_parent", "main"]

_SIGNAL_OF_PARENTS_DEATH, _KILL = 1, 9


def main() -> None:
    """Answer until the other side of the pipe is closed."""
    source, target = _own_pipes()
    try:
        wall, entry = _question(source)
        end_with_parent()
        if wall is not None:
            raise_(Wall(wall.read, wall.memory, (source, target)))
    except WallError as error:
        frames.send(target, {"wall": str(error)})
        return
    except EOFError:
        return
    if wall is not None:
        locks.put_in_place()
        _do_without()
    frames.send(target, {"wall": ""})
    answer: Callable[..., Any] | None = None
    while True:
        try:
            asked = _question(source)
        except EOFError:
            return
        if answer is None:
            module, _, name = entry.partition(":")
            answer = getattr(importlib.import_module(module), name)()
        _answer(target, answer, asked)


def _question(source: int) -> Any:
    """Return what the process asks that started this one; that one is believed."""
    head, buffers = frames.receive_pickle(source)
    return pickle.loads(head, buffers=buffers)


def _own_pipes() -> tuple[int, int]:
    """Keep the pipes for this conversation; what a library prints goes to standard error."""
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, target


def end_with_parent() -> None:
    """Have the kernel end this process when the thread ends that started it; on Linux."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SIGNAL_OF_PARENTS_DEATH, _KILL, 0, 0, 0)


def _do_without() -> None:
    """Let libraries be imported that ask for what is not there, and do without it.

    ctypes would look libraries up by a compiler and a temporary file. A temporary folder has a
    name, and nothing can be written there; so has one that a library makes when it is imported. A
    library of plots, which others import, would warn that it keeps no list of fonts. PyTorch
    (2.9 still does) writes a file to import what calls modules of other machines: none does here.
    """
    import ctypes.util
    import logging
    import tempfile
    import types

    def nowhere(*_: object, **__: object) -> str:
        return os.path.join(os.sep, "nonexistent")  # noqa: PTH118 - where nobody can put files

    ctypes.util.find_library = lambda name: None  # noqa: ARG005
    tempfile.tempdir = os.path.join(os.sep, "tmp")  # noqa: PTH118 - a text
    tempfile.mkdtemp = nowhere  # type: ignore[assignment]
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    remote = types.ModuleType("torch.distributed.nn.api.remote_module")
    remote.RemoteModule = type("RemoteModule", (), {})  # type: ignore[attr-defined]
    sys.modules[remote.__name__] = remote


def _answer(target: int, answer: Callable[..., Any], asked: Any) -> None:
    """Send what ``answer`` gives: a value of JSON and buffers, or an error of the table."""
    told: list[str] = []

    def tell(message: Warning | str, *_where: object, **_more: object) -> None:
        if len(told) < frames.MOST_TOLD:
            told.append(str(message)[: frames.LONGEST_TOLD])

    with warnings.catch_warnings():
        warnings.showwarning = tell
        try:
            value, buffers = answer(*asked)
            sys.stdout.flush()
        except MlmodelError as error:
            frames.send(target, {"error": frames.plain_error(error), "told": told})
            return
        except MemoryError:
            failure = ModelFailure(
                "The model needs more memory than the sandbox gives it; MLMODEL_SANDBOX_BYTES "
                "sets how much that is (TRU-083)."
            )
            frames.send(target, {"error": frames.plain_error(failure), "told": told})
            return
        except Exception as error:  # noqa: BLE001 - the boundary: a model may raise anything
            said = f"The model raised in its sandbox: {type(error).__name__}: {error}"[
                : frames.LONGEST_TOLD
            ]
            frames.send(target, {"error": frames.plain_error(ModelFailure(said)), "told": told})
            return
    frames.send(target, {"value": value, "told": told}, buffers)
