"""``import mlmodel.<flavor>`` gives the module object ``mlmodel.flavors.<flavor>``.

MLflow's users look for a flavor at the top (``mlflow.sklearn``), the house keeps all of
them in one folder. A finder of the import system makes the two names one module, loaded
once; no flavor is named here.

Every start loads this module, so it imports only what an interpreter has loaded anyway:
``importlib.abc``, ``pathlib`` and ``typing`` would take longer than all the rest.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

__all__ = ["flavor_names", "install", "is_flavor"]

_PREFIX = "mlmodel."
_FLAVORS = os.path.join(os.path.dirname(__file__), "flavors")  # noqa: PTH118, PTH120 - see above


def is_flavor(name: str) -> bool:
    """Return whether ``flavors/<name>.py`` exists (names starting with ``_`` are not flavors)."""
    if name.startswith("_") or not name.isidentifier():
        return False
    return os.path.isfile(os.path.join(_FLAVORS, f"{name}.py"))  # noqa: PTH113, PTH118 - see above


def flavor_names() -> list[str]:
    """Return the names of the flavors that are here."""
    names = [file.removesuffix(".py") for file in os.listdir(_FLAVORS)]  # noqa: PTH208 - see above
    return sorted(filter(is_flavor, names))


class _FlavorAlias:
    """Finder and loader in one, by the import system's protocols."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        name = fullname.removeprefix(_PREFIX)
        if name == fullname:
            return None
        if not is_flavor(name):
            # Nobody finds it: `from mlmodel import start_run` comes here, too.
            from mlmodel._absent import absent_module

            error = absent_module(fullname)
            if error is not None:
                raise error
            return None
        from importlib.machinery import ModuleSpec

        # The checker's idea of a loader is the class; the import system's is the protocol.
        loader: Any = self
        return ModuleSpec(fullname, loader)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        import importlib

        name = spec.name.removeprefix(_PREFIX)
        module = importlib.import_module(f"mlmodel.flavors.{name}")
        # The import system is about to put this finder's spec on the module it is given.
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        alias = module.__spec__
        if alias is not None and alias.loader_state is not None:
            module.__spec__ = alias.loader_state


def install() -> None:
    """Put the finder in place, once."""
    if not any(isinstance(finder, _FlavorAlias) for finder in sys.meta_path):
        sys.meta_path.append(_FlavorAlias())
