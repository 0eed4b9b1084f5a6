"""Makes the code that a model brings along importable, without changing the model's folder.

Python writes ``__pycache__`` beside what it imports. In a model folder that would change the
folder's digest, and with it take away the trust that the digest stands for (TRU-030); so what
lies below a model's code folder is imported by a loader that writes nothing. That loader also
lets the code import ``mlflow``, of which it gets our part (:mod:`mlmodel.store.mlflow_names`).
"""

from __future__ import annotations

import os
import sys
import uuid
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from importlib.util import module_from_spec, spec_from_file_location
from inspect import getmodulename
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.warnings import warn_caller
from mlmodel.store.mlflow_names import builtins_of_models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["put_on_path", "run_file"]

_folders: set[str] = set()


class _WritesNothing(SourceFileLoader):
    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Leave out the bytecode file."""

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = builtins_of_models()
        super().exec_module(module)


def put_on_path(folder: Path) -> None:
    """Let modules be imported from ``folder``, ahead of others, for the rest of the process.

    A module of a name that another model's code has taken is imported anew from here
    (PYF-013); the other model keeps what it has imported.
    """
    path = str(folder.resolve())
    if not _folders:
        sys.path_hooks.insert(0, _finder)
    _folders.add(path)
    sys.path_importer_cache.pop(path, None)
    if path in sys.path:
        sys.path.remove(path)
    sys.path.insert(0, path)
    for name in _modules_in(folder):
        _make_room(name, Path(path))


def run_file(file: Path) -> ModuleType:
    """Run a Python file as a module of a name of its own, and return the module."""
    name = f"mlmodel_code_{uuid.uuid4().hex}"
    spec = spec_from_file_location(name, file, loader=_WritesNothing(name, str(file)))
    if spec is None or spec.loader is None:  # never for a loader that is given
        raise ImportError(f"{file} cannot be run", path=str(file))
    module = module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and pickles look for it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _finder(path: str) -> FileFinder:
    if not _is_models(path):
        raise ImportError(f"{path} is not a model's code", path=path)
    return FileFinder(
        path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_WritesNothing, SOURCE_SUFFIXES)
    )


def _is_models(path: str) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in _folders)


def _modules_in(folder: Path) -> Iterator[str]:
    """Give the names of the modules and packages at the top of a folder of code."""
    for entry in sorted(folder.iterdir()):
        name = entry.name if entry.is_dir() else getmodulename(entry.name)
        if name:
            yield name


def _make_room(name: str, folder: Path) -> None:
    """Let the module ``name`` be imported from ``folder``, whoever had the name before.

    Only what other models brought gives way. A module of the program itself stays, because its
    classes are in use there; when its file differs from the model's, that is said.
    """
    taken = [one for one in sys.modules if one == name or one.startswith(f"{name}.")]
    # A namespace package has no file of its own; its modules have.
    files = [Path(file) for one in taken if (file := getattr(sys.modules[one], "__file__", None))]
    others = [file for file in files if not file.is_relative_to(folder)]
    if all(_is_models(str(file.parent)) for file in others):
        for one in taken if others else ():
            del sys.modules[one]
        return
    origin = getattr(sys.modules.get(name), "__file__", None)
    package = folder / name / "__init__.py"
    own = package if package.is_file() else folder / f"{name}.py"
    if origin is None or not own.is_file():
        return
    if Path(origin).is_file() and own.read_bytes() != Path(origin).read_bytes():
        warn_caller(
            f"The model has its own module {name!r}, but this program has already imported another "
            f"module of that name from {origin}, and the model will use that one; load the model "
            "in a separate process (PYF-013)"
        )
