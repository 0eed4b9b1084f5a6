"""Names of a package that are imported when they are used."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from mlmodel._absent import absent_name
from mlmodel._base.extras import named_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["lazily"]


def lazily(
    package: str, names: Mapping[str, str], modules: Collection[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package whose names are defined elsewhere.

    Args:
        package: the package's name, which an error on another name gives.
        names: public name -> module that defines it, from the top (``mlmodel.store.folder``).
        modules: modules of the package that are reachable without an import of their own.

    """

    def get(name: str) -> Any:
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name not in names:
            raise absent_name(package, name)
        with named_extra():
            return getattr(importlib.import_module(names[name]), name)

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names, *modules})

    return get, listed
