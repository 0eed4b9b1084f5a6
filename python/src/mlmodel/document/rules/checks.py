"""All checks of one MLmodel document, each violation at its place, in document order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.document.document import folder_of, model_file, read
from mlmodel.document.paths import Folder
from mlmodel.document.rules.environments import check_environments
from mlmodel.document.rules.mlmodel_file import check_mlmodel_file
from mlmodel.document.rules.named_files import check_modules, check_named_files
from mlmodel.document.rules.signatures import check_delivery, check_signature
from mlmodel.document.schema import schemas
from mlmodel.document.schema.described import walk
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import InvalidModel

if TYPE_CHECKING:
    from pathlib import Path

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike
    from mlmodel.errors import Violation

__all__ = ["check", "errors_in", "in_order", "require_valid"]


def check(document: Document, root: Path | None, *, loading: bool = False) -> list[Violation]:
    """Return every violation in a document and, with ``root``, in the folder around it.

    ``loading`` leaves out what loading the model does without: the files of the environment
    and of the example. The violations are in document order, this file's first.
    """
    found = list(document.problems)
    folder = None if root is None else Folder(root)
    if document.usable:
        described = walk(document.data, schemas.load("mlmodel"))
        found += check_mlmodel_file(document, described)
        found += check_signature(document)
        found += check_delivery(document)
        found += check_named_files(document, described, folder, loading=loading)
        found += check_modules(document, described, folder)
        if folder is not None and not loading:
            return in_order(found, document.file) + check_environments(folder, document)
    return in_order(found, document.file)


def errors_in(document: Document, root: Path | None, *, loading: bool = False) -> list[Violation]:
    """Return the violations that :func:`check` finds, without the warnings."""
    found = check(document, root, loading=loading)
    return [violation for violation in found if violation.severity == "error"]


def in_order(violations: list[Violation], file: str) -> list[Violation]:
    """Return the violations by line, column and rule, those of ``file`` first (MLM-042)."""
    return sorted(
        dict.fromkeys(violations),
        key=lambda v: (v.file != file, v.line or 0, v.column or 0, v.rule),
    )


def require_valid(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read a model's MLmodel file and check what loading the model needs.

    Raises:
        InvalidModel: with every error found; files of the environment and the example, which
            loading does without, are not asked for.
        ModelNotFound, UnreadableModel: as :func:`read`.

    """
    document = read(path, limits=limits)
    root = folder_of(model_file(path))
    errors = errors_in(document, root, loading=True)
    if errors:
        raise InvalidModel(f"The model in {root} breaks the rules of the format.", errors)
    return document
