"""Finds flavors: each is a module of this folder, and no list names them.

Others are registered by the program, or installed with the entry point ``mlmodel.flavors``,
which is looked at where an object's flavor is asked for, or none of ours fits a file (PYF-022).
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument
from mlmodel.flavors._base import Flavor, is_a_class
from mlmodel.flavors._classes import class_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "REGISTERED",
    "all_flavors",
    "answering",
    "flavor_by_loader",
    "flavor_by_name",
    "flavor_of",
    "is_known",
    "is_of_this_program",
    "known_flavors",
    "register",
    "served_flavors",
]

#: Flavors of the program itself, by name.
REGISTERED: dict[str, Flavor] = {}
#: The group of entry points that name flavors of other distributions.
_GROUP = "mlmodel.flavors"


def register(flavor: Flavor) -> None:
    """Make your own flavor known: to ``mlmodel.save``, and to loading by its loader module.

    A library that is installed names its flavor as an entry point ``mlmodel.flavors`` instead;
    then every program knows it. What a program registers itself, it registers before it loads::

        import json
        import mlmodel
        from mlmodel.flavors import Flavor, Saved, register

        class Box:
            def __init__(self, value):
                self.value = value

        class BoxFlavor(Flavor):
            name = "box"  # its key in the MLmodel file
            loader_module = "boxes.mlmodel"  # what python_function names

            def detects(self, model):
                return isinstance(model, Box)

            def save(self, model, root, options):
                (root / "box.json").write_text(json.dumps(model.value))
                return Saved({"data": "box.json"}, {"data": "box.json"}, packages=[])

            def load(self, folder, attributes):
                return Box(json.loads(folder.file("box.json").read_text()))

            def predictor(self, model, attributes):
                return lambda model_input, params: [model.value] * len(model_input)

        register(BoxFlavor())
        mlmodel.save(Box(7), "box", example=[[1.0], [2.0]])
        mlmodel.load("box").predict([[1.0], [2.0]])  # [7, 7]

    Raises:
        InvalidArgument: it is not an instance of a flavor, or its name is one of ours.

    """
    texts = (getattr(flavor, key, None) for key in ("name", "loader_module"))
    if not isinstance(flavor, Flavor) or not all(isinstance(text, str) for text in texts):
        what = f"the class {flavor.__qualname__}" if isinstance(flavor, type) else repr(flavor)
        raise InvalidArgument(
            "register takes an instance of a subclass of mlmodel.flavors.Flavor that has a name "
            f"and a loader_module, not {what} (PYF-022)"
        )
    if flavor.name in all_flavors():
        raise InvalidArgument(
            f"A flavor named {flavor.name!r} is already registered; choose another name (PYF-022)"
        )
    REGISTERED[flavor.name] = flavor


def is_of_this_program(flavor: Flavor) -> bool:
    """Return whether a flavor is registered and nothing else, so that no other process knows it."""
    return REGISTERED.get(flavor.name) is flavor and flavor not in _installed()


def known_flavors() -> Iterator[Flavor]:
    """Give every flavor: ours first, then those of the program, then the installed ones."""
    yield from all_flavors().values()
    yield from REGISTERED.values()
    yield from _installed()


@cache
def _installed() -> tuple[Flavor, ...]:
    """Return the flavors of other distributions; one that is broken takes no other along."""
    from importlib.metadata import entry_points

    found = []
    for entry in entry_points(group=_GROUP):
        try:
            flavor = entry.load()
            why = "it is not an instance of Flavor"
        except Exception as error:  # noqa: BLE001 - importing may raise anything
            flavor, why = None, f"{type(error).__name__}: {error}"
        if isinstance(flavor, Flavor):
            found.append(flavor)
        else:
            warn_caller(
                f"The flavor {entry.name!r}, installed as {entry.value}, is ignored: "
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


def served_flavors() -> list[Flavor]:
    """Return ours that serve models without python_function, by their ranks (RST-087)."""
    ranked = [flavor for flavor in all_flavors().values() if flavor.served is not None]
    return sorted(ranked, key=lambda flavor: flavor.served or 0)


def flavor_by_name(name: str) -> Flavor | None:
    """Return the flavor with this key in the MLmodel file, or None."""
    return next((one for one in known_flavors() if name in (one.name, *one.other_names)), None)


def flavor_by_loader(loader_module: str) -> Flavor | None:
    """Return the flavor of a python_function's ``loader_module``, or None (PYF-003)."""
    return next(
        (
            one
            for one in known_flavors()
            if loader_module in (one.loader_module, *one.other_loaders)
        ),
        None,
    )


def answering(flavors: Mapping[str, Any]) -> Flavor | None:
    """Return the flavor that answers for a model: that of its python_function's loader, if any is.

    For a model without python_function the first of those answers that serve alone (RST-087).

    Args:
        flavors: those of the MLmodel file, with their attributes.

    """
    own = flavors.get("python_function")
    if own is not None:
        return flavor_by_loader(str(own.get("loader_module")))
    return next((one for one in served_flavors() if one.name in flavors), None)


def is_known(model: object) -> bool:
    """Return whether a flavor detects ``model``."""
    return any(flavor.detects(model) for flavor in known_flavors())


def flavor_of(model: object) -> Flavor:
    """Return the flavor that detects ``model``.

    Where several do, since one library builds on another, the flavor named like the library from
    which the class itself comes, else its nearest base.

    Raises:
        InvalidArgument: none does.

    """
    found = {flavor.name: flavor for flavor in known_flavors() if flavor.detects(model)}
    for cls in type(model).__mro__ if len(found) > 1 else ():
        flavor = found.get(cls.__module__.partition(".")[0])
        if flavor is not None:
            return flavor
    if found:
        return next(iter(found.values()))
    if isinstance(model, type):
        raise is_a_class(model)
    raise InvalidArgument(
        f"No flavor is known for a model of type {class_name(model)}; the flavors are "
        f"{', '.join(flavor.name for flavor in known_flavors())}. Wrap it in a "
        "mlmodel.pyfunc.PythonModel to save it."
    )
