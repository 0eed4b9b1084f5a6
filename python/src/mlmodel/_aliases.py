"""``import mlmodel.<flavor>`` gives the module object ``mlmodel.flavors.<flavor>``.

MLflow's users look for a flavor at the top (``mlflow.sklearn``), the house keeps all of
them in one folder. A finder of the import system makes the two names one module, loaded
once; no flavor is named here.
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

__all__ = ["install", "is_flavor"]

_PREFIX = "mlmodel."
_FLAVORS = Path(__file__).parent / "flavors"


def is_flavor(name: str) -> bool:
    """Return whether ``flavors/<name>.py`` exists (names starting with ``_`` are not flavors)."""
    return not name.startswith("_") and name.isidentifier() and (_FLAVORS / f"{name}.py").is_file()


class _FlavorAlias(MetaPathFinder, Loader):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        name = fullname.removeprefix(_PREFIX)
        if name == fullname or not is_flavor(name):
            return None
        return ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
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
