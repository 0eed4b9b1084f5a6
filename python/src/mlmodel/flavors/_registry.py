"""Finds flavors: each is a module of this folder, and no list names them."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from mlmodel.flavors._base import Flavor

__all__ = ["all_flavors", "flavor_by_loader", "flavor_by_name", "flavor_of"]


@cache
def all_flavors() -> dict[str, Flavor]:
    """Return every flavor by its name; importing a flavor module loads no library."""
    names = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    flavors = (importlib.import_module(f"mlmodel.flavors.{name}").FLAVOR for name in names)
    return {flavor.name: flavor for flavor in flavors}


def flavor_by_name(name: str) -> Flavor | None:
    """Return the flavor with this key in the MLmodel file, or None."""
    return all_flavors().get(name)


def flavor_by_loader(loader_module: str) -> Flavor | None:
    """Return the flavor of a python_function's ``loader_module``, or None (PYF-003)."""
    for flavor in all_flavors().values():
        if flavor.loader_module == loader_module:
            return flavor
    return None


def flavor_of(model: object) -> Flavor:
    """Return the flavor that detects ``model``.

    Raises:
        InvalidArgument: none does.

    """
    for flavor in all_flavors().values():
        if flavor.detects(model):
            return flavor
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    raise InvalidArgument(
        f"No flavor is known for a model of type {kind}; the flavors are "
        f"{', '.join(all_flavors())}. Wrap it in a mlmodel.pyfunc.PythonModel to save it."
    )
