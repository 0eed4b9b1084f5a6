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

#: Import name of an optional package -> the extra that brings it. Flavors name their own.
_EXTRA_OF = {
    "numpy": "predict",
    "pandas": "predict",
    "orjson": "predict",
    "cloudpickle": "predict",
    "flask": "serve",
    "httptools": "serve",
    "google": "grpc",
    "grpc": "grpc",
    "pyarrow": "arrow",
    "fsspec": "remote",
    "filelock": "remote",
    "prometheus_client": "metrics",
    "opentelemetry": "otel",
    "httpcore": "client",
    "skl2onnx": "convert",
}
#: Import name -> the package that is installed, where that has another name.
_PACKAGE_OF = {
    "google": "protobuf",
    "grpc": "grpcio",
    "prometheus_client": "prometheus-client",
    "opentelemetry": "opentelemetry-sdk",
}


def require(module: str, extra: str, package: str | None = None) -> ModuleType:
    """Import and return ``module``.

    ``package`` is the name by which it is installed, where that is another.

    Raises:
        MissingDependency: it is not installed; the message says how its extra is installed.

    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A module that is there but lacks one of its own imports is named by what it lacks.
        missing = error.name or module
        is_itself = missing.partition(".")[0] == module.partition(".")[0]
        raise _missing(missing, extra, package if is_itself else None) from error


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


def _missing(module: str, extra: str, package: str | None = None) -> MissingDependency:
    from mlmodel._base.origin import install_command

    named = package or _PACKAGE_OF.get(module.partition(".")[0], module)
    return MissingDependency(
        f"The package {named!r} is not installed; it comes with: {install_command(extra)}"
    )
