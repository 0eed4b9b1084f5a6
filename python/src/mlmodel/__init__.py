"""mlmodel: the MLmodel format - validate, load, enforce, score and serve - without MLflow.

Importing this package loads no third-party module; a name is imported when it is used.
"""

from __future__ import annotations

from mlmodel import _aliases

# ``typing`` would be half of what importing this package costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mlmodel._base.version import __version__
    from mlmodel.models import infer_signature
    from mlmodel.pyfunc.short import load, save
    from mlmodel.reports.validation import validate

__all__ = ["__version__", "infer_signature", "load", "save", "validate"]

#: Public name -> module that defines it.
_NAMES = {
    "__version__": "mlmodel._base.version",
    "infer_signature": "mlmodel.signature.infer.from_data",
    "load": "mlmodel.pyfunc.short",
    "save": "mlmodel.pyfunc.short",
    "validate": "mlmodel.reports.validation",
}

#: Public modules, reachable as attributes without an import of their own.
_MODULES = frozenset({"errors", "exceptions", "flavors", "models", "pyfunc", "types"})


def __getattr__(name: str) -> Any:
    import importlib

    if name in _NAMES:
        from mlmodel._base.extras import named_extra

        with named_extra():
            return getattr(importlib.import_module(_NAMES[name]), name)
    if name in _MODULES or _aliases.is_flavor(name):
        return importlib.import_module(f"mlmodel.{name}")
    from mlmodel._absent import absent_name

    raise absent_name("mlmodel", name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *_aliases.flavor_names()})


_aliases.install()
