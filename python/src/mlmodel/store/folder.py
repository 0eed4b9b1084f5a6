"""A saved model on disk: opened, checked, and what it may use of its own files.

Opening reads the MLmodel file, checks it, and gives a :class:`ModelFolder`, whose ``file`` never
leaves the folder and whose ``gate`` decides what may run.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlmodel import document
from mlmodel.environment.installed import warn_of_mismatches
from mlmodel.environment.versions import Versions
from mlmodel.errors import InvalidModel, MissingDependency, UnsupportedModel
from mlmodel.store.code import ModelCode, of_folder
from mlmodel.store.code_copy import private_copy
from mlmodel.store.description import PYTHON_FUNCTION, Model, find_model_file
from mlmodel.store.pickled import own_code
from mlmodel.trust.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mlmodel.document import Document
    from mlmodel.document.paths import PathLike

__all__ = ["ModelFolder", "open_folder"]


@dataclass(frozen=True)
class ModelFolder:
    """A saved model on disk, read and checked but not loaded."""

    root: Path
    document: Document
    gate: Gate

    @cached_property
    def model(self) -> Model:
        """The MLmodel file as an object."""
        return Model.of_document(self.document, self.root)

    def attributes(self, flavor: str, *other_names: str) -> dict[str, Any]:
        """Return the attributes of ``flavor``, which may stand under another name of it.

        Raises:
            UnsupportedModel: the model lacks it; the message lists what it has.

        """
        flavors: dict[str, Any] = self.document.data.get("flavors") or {}
        found = next((name for name in (flavor, *other_names) if name in flavors), None)
        if found is None:
            raise UnsupportedModel(
                f"{self.root}: the model has no {flavor} flavor; "
                f"it has {', '.join(flavors) or 'none'}"
            )
        return flavors[found] or {}

    def model_path(self, attributes: Mapping[str, Any], *, key: str, default: str) -> str:
        """Return the path of a flavor's file, relative to the folder (PYF-021).

        It is what the flavor's own ``attributes`` say under ``key``, else python_function's
        ``model_path``, or ``data`` in early files, else ``default``.
        """
        python_function = self.document.data["flavors"].get(PYTHON_FUNCTION) or {}
        named = (
            attributes.get(key),
            python_function.get("model_path"),
            python_function.get("data"),
        )
        return next((str(path) for path in named if path), default)

    def use_code(self, attributes: Mapping[str, Any]) -> ModelCode:
        """Make the code that ``attributes`` name importable; for trusted folders only (PYF-006).

        The folder's trusted pickles then find it, and import what it imports.
        """
        named = attributes.get("code")
        path = None
        if named:
            self.file(named)
            self.gate.require_trust("code that the model brings along", named)
            path = private_copy(self.gate, named)
        code = of_folder(path)
        self.gate.own = own_code(code)
        return code

    @contextmanager
    def loading(self, own: Mapping[str, str], *, warn: bool = False) -> Iterator[Versions]:
        """Load what is in the folder: where other versions keep that from working, say so.

        Args:
            own: the version that the flavor recorded of its library, by distribution.
            warn: where it works, warn of what is not installed as the model needs it (ENV-017).

        Raises:
            MissingDependency: other versions are installed than the model was saved with (ENV-021).

        """
        versions = Versions(self.root, self.document, own)
        try:
            yield versions
        except (InvalidModel, MissingDependency) as error:
            raised = versions.instead_of(error)
            if raised is error:
                raise
            raise raised from raised.__cause__
        self.gate.warn_of_unused()
        if warn:
            warn_of_mismatches(self.root, self.document)

    def file(self, relative: str) -> Path:
        """Return the path of a file or folder that the MLmodel file names (DIR-003, DIR-004).

        Raises:
            InvalidModel: the path leads out of the folder, or there is nothing.

        """
        path = document.resolve_inside(self.root, relative)
        if not path.exists():
            raise InvalidModel(
                f"{self.root}: the MLmodel file names {relative!r}, which does not exist (DIR-003)"
            )
        return path


def open_folder(
    model_uri: PathLike,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
    dst_path: PathLike | None = None,
    digest: str = "",
) -> ModelFolder:
    """Read and check a model folder (or the path of its MLmodel file); nothing is loaded.

    With ``dst_path``, an existing folder, the model is copied into that folder first. A folder
    of this ``digest`` is trusted, as if the user's store had it.

    Raises:
        ModelNotFound: there is no such folder, or no MLmodel file in it.
        InvalidModel: the MLmodel file breaks the format; ``details`` lists all violations.
        UnreadableModel: it is there but cannot be read.

    """
    file = find_model_file(model_uri, dst_path)
    read = document.require_valid(file)
    root = document.folder_of(file)
    known = {file.relative_to(root).as_posix(): read.sha256}
    gate = Gate.for_folder(root, trust=trust, allow=allow, digest=digest, known=known)
    return ModelFolder(root, read, gate)
