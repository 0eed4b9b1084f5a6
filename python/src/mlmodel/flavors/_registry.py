"""Finds flavors: each is a module of this folder, and no list names them.

Others are registered by the program, or installed with the entry point ``mlmodel.flavors``,
which is looked at where an object's flavor is asked for, or none of ours fits a file (PYF-022).
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._warnings import warn_caller
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._base import Flavor

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["all_flavors", "flavor_by_loader", "flavor_by_name", "flavor_of", "register"]

#: Flavors of the program itself, by name.
_registered: dict[str, Flavor] = {}
#: The group of entry points that name flavors of other distributions.
_GROUP = "mlmodel.flavors"


def register(flavor: Flavor) -> None:
    """Make a flavor of one's own known: to ``mlmodel.save``, and to loading by its loader module.

    Raises:
        InvalidArgument: the name is one of ours.

    """
    if flavor.name in all_flavors():
        raise InvalidArgument(f"A flavor named {flavor.name!r} is there already; choose another")
    _registered[flavor.name] = flavor


def _known() -> Iterator[Flavor]:
    """Give ours first, then those of the program, then the installed ones."""
    yield from all_flavors().values()
    yield from _registered.values()
    yield from _installed()


@cache
def _installed() -> tuple[Flavor, ...]:
    """Return the flavors of other distributions; one that is broken takes no other along."""
    from importlib.metadata import entry_points

    found = []
    for entry in entry_points(group=_GROUP):
        try:
            flavor = entry.load()
            why = "it is no instance of Flavor"
        except Exception as error:  # noqa: BLE001 - importing may raise anything
            flavor, why = None, f"{type(error).__name__}: {error}"
        if isinstance(flavor, Flavor):
            found.append(flavor)
        else:
            warn_caller(
                f"The flavor {entry.name!r}, which is installed as {entry.value}, is left out: "
                f"{why} (PYF-022)"
            )
    return tuple(found)


@cache
def all_flavors() -> dict[str, Flavor]:
    """Return every flavor of ours by its name; importing a flavor module loads no library."""
    names = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    flavors = (importlib.import_module(f"mlmodel.flavors.{name}").FLAVOR for name in names)
    return {flavor.name: flavor for flavor in flavors}


def flavor_by_name(name: str) -> Flavor | None:
    """Return the flavor with this key in the MLmodel file, or None."""
    return next((flavor for flavor in _known() if flavor.name == name), None)


def flavor_by_loader(loader_module: str) -> Flavor | None:
    """Return the flavor of a python_function's ``loader_module``, or None (PYF-003)."""
    return next((flavor for flavor in _known() if flavor.loader_module == loader_module), None)


def flavor_of(model: object) -> Flavor:
    """Return the flavor that detects ``model``.

    Where several do, since one library builds on another, the flavor named like the library from
    which the class itself comes, else its nearest base.

    Raises:
        InvalidArgument: none does.

    """
    found = {flavor.name: flavor for flavor in _known() if flavor.detects(model)}
    for cls in type(model).__mro__ if len(found) > 1 else ():
        flavor = found.get(cls.__module__.partition(".")[0])
        if flavor is not None:
            return flavor
    if found:
        return next(iter(found.values()))
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    raise InvalidArgument(
        f"No flavor is known for a model of type {kind}; the flavors are "
        f"{', '.join(all_flavors())}. Wrap it in a mlmodel.pyfunc.PythonModel to save it."
    )
