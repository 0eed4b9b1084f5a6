"""Import of optional packages: a missing one names the extra that brings it."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.errors import MissingDependency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["named_extra", "require"]

#: Import name of an optional package -> the extra that brings it (flavors name their own).
_EXTRA_OF = {
    "numpy": "predict",
    "pandas": "predict",
    "orjson": "predict",
    "cloudpickle": "predict",
    "flask": "serve",
    "granian": "serve",
    "google": "grpc",
    "grpc": "grpc",
    "pyarrow": "arrow",
    "fsspec": "remote",
}
#: Import name -> the package, where it has another name (flavors name their library's first).
_PACKAGE_OF = {"google": "protobuf", "grpc": "grpcio"}


def require(module: str, extra: str) -> ModuleType:
    """Import and return ``module``.

    Raises:
        MissingDependency: it is not installed; the message says ``pip install mlmodel[extra]``.

    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A module that is there but lacks one of its own imports is named by what it lacks.
        raise _missing(error.name or module, extra) from error


@contextmanager
def named_extra() -> Iterator[None]:
    """Let an import of a module of ours that needs an extra fail by naming the extra.

    It stands where the base install meets such modules.

    Raises:
        MissingDependency: a package of an extra is not installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        extra = _EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise _missing(str(error.name), extra) from error


def _missing(module: str, extra: str) -> MissingDependency:
    package = _package(module.partition(".")[0]) or module
    return MissingDependency(
        f"The package {package!r} is not installed; it comes with: pip install 'mlmodel[{extra}]'"
    )


def _package(module: str) -> str | None:
    """Return the distribution that brings a module, if it is a flavor's library: its first."""
    if module in _PACKAGE_OF:
        return _PACKAGE_OF[module]
    try:
        flavor = importlib.import_module(f"mlmodel.flavors.{module}").FLAVOR
    except ImportError:
        return None
    from packaging.requirements import Requirement

    return Requirement(flavor.extra[0]).name
