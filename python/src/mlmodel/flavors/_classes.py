"""Classes of models, compared by name: no library is imported to look at an object.

A file that names a class is believed only where the flavor has it on its list, or where the folder
is trusted; nothing else is imported on a file's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, MissingDependency, UnsupportedModel
from mlmodel.flavors._failures import brief

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.store import ModelFolder
    from mlmodel.store.code import ModelCode

__all__ = ["NamedClasses", "class_name", "defined_by", "not_taken", "require_taken"]


def class_name(model: object) -> str:
    """Return the qualified name of an object's class, as files name it."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def defined_by(model: object, package: str, *names: str) -> bool:
    """Return whether the class of ``model`` or one of its bases comes from ``package``.

    With ``names``, whether one of them that does has such a name. A module is a package, too.
    """
    prefix = f"{package}."
    return any(
        (not names or cls.__qualname__ in names)
        and (cls.__module__ == package or cls.__module__.startswith(prefix))
        for cls in type(model).__mro__
    )


def not_taken(flavor: Flavor, model: object, takes: str, more: str = "") -> InvalidArgument:
    """Return the error for a model that the flavor does not save; ``more`` ends the sentence."""
    return InvalidArgument(f"The {flavor.name} flavor saves {takes}, not {class_name(model)}{more}")


def require_taken(flavor: Flavor, model: object) -> None:
    """Raise InvalidArgument for a model that the flavor does not save, by what it says it takes."""
    if flavor.takes and not flavor.saves(model):
        rule = f" ({flavor.takes_rule})" if flavor.takes_rule else ""
        raise not_taken(flavor, model, flavor.takes, f"{rule}{flavor.advice(model)}")


@dataclass(frozen=True, slots=True)
class NamedClasses:
    """The classes that a flavor's files may name under ``key``, by the ``rule`` of its page."""

    names: tuple[str, ...]
    key: str
    rule: str

    def hold(self, model: object) -> bool:
        """Return whether a model is of one of these very classes."""
        return class_name(model) in self.names

    @property
    def models(self) -> str:
        """What an error calls their models."""
        return f"models of {', '.join(self.names)}"

    def imported(self, name: str, folder: ModelFolder, code: ModelCode, bases: Any) -> type:
        """Return a class of the user's own that a trusted model names, from its code or installed.

        Args:
            name: what the file names, which is not one of ours.
            folder: the model's; where it is not trusted, nothing is imported.
            code: what the model brings along.
            bases: the library's classes, one of which it derives from.

        Raises:
            UntrustedModel: the folder is not trusted.
            MissingDependency: the class is not there.
            UnsupportedModel: it derives from none of ``bases``.

        """
        folder.gate.require_trust(f"the class {name!r}, which {self.key} names ({self.rule})")
        module, _, own = name.rpartition(".")
        try:
            found: Any = getattr(code.import_module(module), own)
        except (ImportError, AttributeError, ValueError) as error:
            raise MissingDependency(
                f"{folder.root}: {self.key} names the class {name!r}, which cannot be imported "
                f"({brief(error)}); install what has it, or save the model with code_paths "
                f"({self.rule})"
            ) from error
        if not (isinstance(found, type) and issubclass(found, bases)):
            raise UnsupportedModel(
                f"{folder.root}: {self.key} names {name!r}, which does not derive from one of "
                f"{', '.join(self.names)} ({self.rule})"
            )
        return found

    def require_name(self, flavor: Flavor, name: object, root: Path) -> None:
        """Raise UnsupportedModel for a file of the model in ``root`` that names another class."""
        if name not in self.names:
            raise UnsupportedModel(
                f"{root}: {self.key} is {name!r}; it may name one of {', '.join(self.names)} "
                f"({self.rule}). mlmodel.{flavor.name} does not import other classes"
            )
