"""Whether this environment can load a model, told from its files; nothing of it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.environment_files import recorded_environment
from mlmodel.document.paths import Folder
from mlmodel.environment.installed import command_for, mismatches, other_python
from mlmodel.errors import MlmodelError
from mlmodel.flavors._ready import readiness_of
from mlmodel.flavors._registry import flavor_by_loader, flavor_by_name
from mlmodel.store.description import PYTHON_FUNCTION
from mlmodel.trust.describe import KNOWN_LOADERS

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.document import Document
    from mlmodel.flavors._base import Flavor

__all__ = ["Ready", "ready"]


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether one model can be loaded here, by what, and what stands in the way."""

    path: str
    #: What loads it: a flavor, ``python_function`` for classes and loader modules of its own.
    by: str | None
    loads: bool
    #: What is missing for it to load.
    lacks: tuple[str, ...] = ()
    #: The command that installs it.
    install: str | None = None
    #: Where what is installed is not what the model was saved with (ENV-017).
    differs: tuple[str, ...] = ()
    #: The command that installs what it was saved with, where that differs.
    install_as_saved: str | None = None
    #: Why nothing can be told.
    unreadable: str | None = None

    @property
    def runs_own_code(self) -> bool:
        """Whether a class or module of its own loads it, whose imports nobody knows."""
        return self.by == PYTHON_FUNCTION

    @property
    def exit_code(self) -> int:
        """0 where it loads, 1 where it does not, 2 where that cannot be told."""
        return 2 if self.unreadable is not None else int(not self.loads)


def ready(path: Path) -> Ready:
    """Return whether the model at a path (its folder, or its MLmodel file) can be loaded here."""
    try:
        document = read(path)
        root = folder_of(model_file(path))
        recorded = recorded_environment(Folder(root), document)
    except MlmodelError as error:
        return Ready(str(path), None, loads=False, unreadable=error.message)
    differs = [*other_python(recorded.python), *mismatches(recorded.requirements or [])]
    by, flavor = _loaded_by(document)
    lacks, install = _lacking(by, flavor, document)
    return Ready(
        str(path), by, loads=not lacks, lacks=lacks, install=install,
        differs=tuple(map(str, differs)),
        install_as_saved=command_for(root, recorded) if differs else None,
    )  # fmt: skip


def _lacking(
    by: str, flavor: Flavor | None, document: Document
) -> tuple[tuple[str, ...], str | None]:
    """Return what is missing for a model to load, and the command that installs it."""
    if flavor is None:
        known = by == PYTHON_FUNCTION
        return () if known else (f"no flavor is known here that loads {by}",), None
    own, attributes = readiness_of(flavor), document.flavors.get(flavor.name)
    instead = flavor.instead(attributes) if isinstance(attributes, dict) else None
    if instead is not None and not own.loads:
        own = readiness_of(flavor, instead)
    lacks = tuple(library.fault for library in own.libraries if library.always and library.fault)
    return lacks, (own.install or None) if lacks else None


def _loaded_by(document: Document) -> tuple[str, Flavor | None]:
    """Return the name of what loads a model, and the flavor if it is one."""
    attributes: Any = document.flavors.get(PYTHON_FUNCTION)
    if not isinstance(attributes, dict):
        found = (flavor_by_name(str(name)) for name in document.flavors)
        flavor = next(filter(None, found), None)
        named = ", ".join(map(str, document.flavors)) or "a model without flavors"
        return (named, None) if flavor is None else (flavor.name, flavor)
    loader = str(attributes.get("loader_module"))
    flavor = flavor_by_loader(loader)
    if flavor is not None:
        return flavor.name, flavor
    of_its_own = loader in KNOWN_LOADERS or not loader.startswith("mlflow.")
    return (PYTHON_FUNCTION if of_its_own else loader), None
