"""Loads a model, predicts its example, and reports what that imported; a process of its own.

``python -m mlmodel.pyfunc.observe`` is started by :mod:`mlmodel.environment.observation`, which
gives it a JSON object of :class:`Task` in its first line of input and keeps the pipe open: when
the pipe closes, whoever asked is gone, and so is this process. What the model prints goes to
standard error; the answer goes to the file that the task names.
"""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
import threading
import warnings
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.environment.pins import installed_from
from mlmodel.environment.task import Observed, Task
from mlmodel.store.code_copy import place_in_the_model, remove_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

__all__ = ["main"]

#: Modules of ours whose imports are the model's: what a pickle names is looked up there, and
#: libraries are asked for to load it.
_LOOKS_UP_FOR_THE_MODEL = tuple(
    f"mlmodel.{name}"
    for name in (
        *("trust.pickles.unpickle", "trust.skops_file", "flavors", "_base.extras"),
        *("store.code", "pyfunc.loading", "pyfunc.from_code"),
    )
)
#: Libraries that import what a pickle names.
_UNPICKLES = frozenset({"cloudpickle", "dill", "skops"})
#: Frames between an import and who asks for it: this module, run as a program.
_OF_THE_LOOK = frozenset({__name__, "mlmodel.pyfunc.observe", "mlmodel.store.mlflow_names"})


def main() -> None:
    """Do the task that stands in the first line of input."""
    task = Task(**json.loads(_first_line()))
    _end_with_the_asker()
    sys.path[:] = task.path
    observed = Observed()
    try:
        asked, new = _imported_by(task)
        owners = metadata.packages_distributions()
        wanted = _of_the_model(asked, owners)
        observed.distributions = _distributions(wanted, owners)
        observed.unclaimed = _unclaimed(wanted | new, owners, Path(task.folder))
    except BaseException as error:  # noqa: BLE001 - a model may raise anything, SystemExit too
        observed.error = f"{type(error).__name__}: {error}"
    Path(task.answer).write_text(json.dumps(asdict(observed)), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    remove_copies()
    # Threads that the model started are not waited for.
    os._exit(0)


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        read = os.read(0, 1)
        if not read:
            raise SystemExit("This process is started by mlmodel itself, with a task.")
        line += read
    return line


def _end_with_the_asker() -> None:
    """Watch the pipe, and give the model empty input and standard error to print to."""
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)

    def watch() -> None:
        while os.read(pipe, 1):
            pass
        if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


# -- what is imported -----------------------------------------------------------------------------


def _imported_by(task: Task) -> tuple[set[tuple[str, str]], set[str]]:
    """Return who asked for what while the model was loaded and predicted, and what is imported."""
    from mlmodel.environment.installed import warn_of_mismatches
    from mlmodel.store.folder import open_folder

    folder = open_folder(task.folder, trust=task.trust)
    example = _example(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Loading does it too, with packages that the model may not need; once a process is enough.
        warn_of_mismatches(folder.root, folder.document)
    # What this package needs to get here is in; from now on it is the model's need.
    before, asks = set(sys.modules), _Asks()
    with_hook = builtins.__import__
    builtins.__import__ = asks.noting(with_hook)
    sys.meta_path.insert(0, asks)
    try:
        _use(task, folder, example)
    finally:
        builtins.__import__ = with_hook
        sys.meta_path.remove(asks)
    return asks.asked, {name for name in set(sys.modules) - before if not _is_ours(name)}


def _example(folder: Any) -> tuple[Any, Any] | None:
    """Return data and parameters of the model's example; None without one."""
    import mlmodel.flavors._registry
    import mlmodel.pyfunc

    mlmodel.flavors._registry.all_flavors()  # noqa: SLF001 - this package's own, read beforehand
    data = folder.model.load_input_example(folder.root)
    return None if data is None else (data, folder.model.load_input_example_params(folder.root))


def _use(task: Task, folder: Any, example: tuple[Any, Any] | None) -> None:
    from mlmodel import pyfunc
    from mlmodel.flavors._registry import flavor_by_name
    from mlmodel.flavors._shared import load_flavor
    from mlmodel.store.description import PYTHON_FUNCTION

    native = task.flavor not in {None, PYTHON_FUNCTION}
    if native or PYTHON_FUNCTION not in folder.model.flavors:
        names = [task.flavor] if native else list(folder.model.flavors)
        for flavor in filter(None, (flavor_by_name(str(name)) for name in names)):
            load_flavor(flavor, task.folder, trust=task.trust)
    if PYTHON_FUNCTION in folder.model.flavors:
        model = pyfunc.load_model(task.folder, trust=task.trust)
        if example is not None:
            model.predict(example[0], params=example[1])


class _Asks:
    """Notes who asks for which module: ``asked`` has pairs of both names."""

    def __init__(self) -> None:
        self.asked = set[tuple[str, str]]()

    def noting(self, plain: Callable[..., ModuleType]) -> Callable[..., ModuleType]:
        """Return ``__import__`` that notes; what is there already leaves no other trace."""

        def noting(
            name: str,
            globals: Any = None,  # noqa: A002 - the name that callers give
            locals: Any = None,  # noqa: A002 - as above
            fromlist: Any = (),
            level: int = 0,
        ) -> ModuleType:
            module = plain(name, globals, locals, fromlist, level)
            if level == 0:
                asker = str((globals or {}).get("__name__") or "")
                asker = asker if asker and not _is_standard(asker) else _asker()
                self.asked.add((asker, name))
                for one in fromlist or ():
                    self.asked.add((asker, f"{name}.{one}"))
            return module

        return noting

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - importlib's
        """Note a module that is imported for the first time, by whatever way; find nothing."""
        self.asked.add((_asker(), name))


def _of_the_model(asked: set[tuple[str, str]], owners: Mapping[str, list[str]]) -> set[str]:
    """Return what the model asked for: its own code, its pickle, and what loads it (ENV-024).

    What a library imports is its own business: what it needs, its metadata require, and what it
    takes where it is there, the model can do without.
    """
    is_own = dict[str, bool]()
    found = set()
    for asker, name in asked:
        top = asker.partition(".")[0]
        if _is_ours(asker):
            counts = asker.startswith(_LOOKS_UP_FOR_THE_MODEL)
        elif top in is_own:
            counts = is_own[top]
        else:
            mine = all(_is_of_this_machine(owner) for owner in owners.get(top, ()))
            counts = is_own[top] = top in _UNPICKLES or mine
        if counts and not _is_ours(name):
            found.add(name)
    return found


def _asker() -> str:
    """Return the module that asks for an import: the nearest outside of the standard library."""
    frame = sys._getframe(1)  # noqa: SLF001 - as tracebacks do
    while frame is not None:
        name = str(frame.f_globals.get("__name__") or "")
        if name not in _OF_THE_LOOK and not _is_standard(name):
            return name
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names


def _is_of_this_machine(distribution: str) -> bool:
    """Return whether a distribution is the user's own work, installed from a folder."""
    return (installed_from(distribution) or "").startswith("file:")


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == "mlmodel"


# -- whose modules they are -----------------------------------------------------------------------


def _distributions(modules: set[str], owners: Mapping[str, list[str]]) -> list[str]:
    """Return the distributions of modules; the standard library needs none."""
    found = set[str]()
    for top, names in _by_top(modules).items():
        candidates = set(owners.get(top, ()))
        if len(candidates) > 1:
            candidates = set(_owning(candidates, names)) or candidates
        found |= candidates
    return sorted(found)


def _unclaimed(modules: set[str], owners: Mapping[str, list[str]], folder: Path) -> list[str]:
    """Return the top modules that are of no distribution, nor of the model's folder."""
    tops = (top for top in _by_top(modules) if not owners.get(top))
    return sorted(top for top in tops if _is_of_the_user(top, folder))


def _by_top(modules: set[str]) -> dict[str, list[str]]:
    """Return modules by their top ones, the standard library and the program itself left out."""
    tops: dict[str, list[str]] = {}
    for name in sorted(modules):
        top = name.partition(".")[0]
        if not _is_standard(top) and top not in {"__main__", "__mp_main__"}:
            tops.setdefault(top, []).append(name)
    return tops


def _owning(candidates: set[str], names: list[str]) -> Iterator[str]:
    """Give those of several distributions that share a name whose files were imported."""
    files = {Path(file).resolve() for name in names if (file := _file_of_module(name)) is not None}
    for candidate in sorted(candidates):
        distribution = metadata.distribution(candidate)
        held = {Path(str(distribution.locate_file(file))) for file in distribution.files or ()}
        if any(file.resolve() in files for file in held if file.suffix in {".py", ".so", ".pyd"}):
            yield candidate


def _file_of_module(name: str) -> str | None:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if isinstance(file, str) else None


def _is_of_the_user(top: str, folder: Path) -> bool:
    """Return whether a module is code that neither an installation nor the model's folder has."""
    file = _file_of_module(top)
    if file is None:
        return False
    path = place_in_the_model(Path(file).resolve())
    installed = {"site-packages", "dist-packages"} & set(path.parts)
    return not installed and not path.is_relative_to(folder.resolve())


if __name__ == "__main__":
    main()
