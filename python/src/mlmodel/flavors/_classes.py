"""Classes of models, compared by name: no library is imported to look at an object.

A file that names a class is believed only where the flavor has it on its list, and nothing else is
ever imported on a file's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, UnsupportedModel

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.flavors._base import Flavor

__all__ = ["NamedClasses", "class_name", "defined_by", "not_taken"]


def class_name(model: object) -> str:
    """Return the qualified name of an object's class, as files name it."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def defined_by(model: object, package: str) -> bool:
    """Return whether the class of ``model`` or one of its bases comes from ``package``."""
    prefix = f"{package}."
    return any(
        cls.__module__ == package or cls.__module__.startswith(prefix)
        for cls in type(model).__mro__
    )


def not_taken(flavor: Flavor, model: object, takes: str, more: str = "") -> InvalidArgument:
    """Return the error for a model that the flavor does not save; ``more`` ends the sentence."""
    return InvalidArgument(f"The {flavor.name} flavor saves {takes}, not {class_name(model)}{more}")


@dataclass(frozen=True, slots=True)
class NamedClasses:
    """The classes that a flavor's files may name under ``key``, by the ``rule`` of its page."""

    names: tuple[str, ...]
    key: str
    rule: str

    def hold(self, model: object) -> bool:
        """Return whether a model is of one of these very classes."""
        return class_name(model) in self.names

    def require_model(self, flavor: Flavor, model: object, more: str = "") -> None:
        """Raise InvalidArgument for a model of another class; ``more`` ends the sentence."""
        if not self.hold(model):
            takes = f"models of {', '.join(self.names)}"
            raise not_taken(flavor, model, takes, f" ({self.rule}){more}")

    def require_name(self, flavor: Flavor, name: object, root: Path) -> None:
        """Raise UnsupportedModel for a file of the model in ``root`` that names another class."""
        if name not in self.names:
            raise UnsupportedModel(
                f"{root}: {self.key} is {name!r}; it may name one of {', '.join(self.names)} "
                f"({self.rule}). mlmodel.{flavor.name} does not import other classes"
            )
