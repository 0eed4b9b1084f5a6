"""Names of modules: which of them a folder of code has, and whose they are besides."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from inspect import getmodulename
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["absolute_name", "is_below", "is_everyones", "is_under", "modules_in"]


def absolute_name(name: str, globals: Mapping[str, object] | None, level: int) -> str:  # noqa: A002
    """Return the absolute name that an import statement asks for."""
    if not level:
        return name
    known = globals or {}
    package = known.get("__package__")
    if package is None:
        own = str(known.get("__name__", ""))
        package = own if "__path__" in known else own.rpartition(".")[0]
    base = str(package).rsplit(".", level - 1)[0]
    return f"{base}.{name}" if name else base


def modules_in(folder: Path) -> Iterator[str]:
    """Give the names of the modules and packages at the top of a folder of code."""
    for entry in sorted(folder.iterdir()):
        name = entry.name if entry.is_dir() else getmodulename(entry.name)
        if name and not entry.name.endswith(".pyc"):  # which alone is not imported (PYF-043)
            yield name


def is_under(name: str, top: str) -> bool:
    """Return whether a module is that at the top, or below it."""
    return name == top or name.startswith(f"{top}.")


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder's, or that of something in it."""
    return path == folder or path.startswith(folder + os.sep)


def is_everyones(name: str, found_without: Callable[[str], object]) -> bool:
    """Return whether a module at the top is Python's own, or of a library that this one uses.

    ``found_without`` finds a module outside of models.
    """
    if name in sys.stdlib_module_names or name == "mlmodel":
        return True
    if found_without(name) is None:
        return False
    owners = metadata.packages_distributions().get(name, ())
    return bool({canonicalize_name(one) for one in owners} & _used())


def _used() -> set[str]:
    """Return the distributions that ours names, with all its extras."""
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires("mlmodel") or []
    except metadata.PackageNotFoundError:
        return set()
    return {canonicalize_name(Requirement(line).name) for line in lines}
