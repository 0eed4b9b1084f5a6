"""Validate what stands at a path: an MLmodel file, a model folder, a tree of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.files import walk
from mlmodel.document.document import compose_document, folder_of, model_file, nothing_at, read_text
from mlmodel.document.paths import FILE_NAME, text_of_path
from mlmodel.document.rules.checks import check
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits
from mlmodel.errors import MlmodelError, ModelNotFound, UnreadableModel, Violation, listed
from mlmodel.reports.example import check_example
from mlmodel.reports.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmodel.document.document import Document
    from mlmodel.document.paths import PathLike

__all__ = ["find_models", "models_below", "validate", "validate_document"]


def validate(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Report:
    """Check the model at ``path`` (a model folder or its MLmodel file).

    The report's violations name their files as reached through ``path``.

    Raises:
        InvalidArgument: ``path`` is not a path (LOC-020).

    """
    path = text_of_path(path)
    file = model_file(path)
    try:
        text = read_text(file, limits)
    except MlmodelError as error:
        details = tuple(d for d in error.details if isinstance(d, Violation))
        return Report(str(path), details, error.message)
    return validate_document(compose_document(text, str(file), limits=limits), str(path))


def validate_document(document: Document, path: str) -> Report:
    """Check an MLmodel file that was read, and the folder around it; ``path`` is the report's."""
    root = folder_of(Path(document.file))
    found = check(document, root)
    of_example, unchecked = check_example(document, root)
    told = listed([*found, *of_example])
    return Report(path, tuple(told), unchecked=() if unchecked is None else (unchecked,))


def find_models(path: PathLike) -> Iterator[Path]:
    """Give the models at ``path``: itself if it is one, else every model folder below, sorted.

    A model folder is not searched further (DIR-007), and links to folders are not followed.

    Raises:
        ModelNotFound: nothing is there, or no model below.
        UnreadableModel: a folder cannot be listed.

    """
    given = Path(path)
    if not given.exists():
        raise nothing_at(given)
    if not given.is_dir() or (given / FILE_NAME).exists():
        yield given
        return
    found = False
    for model in _walk(given, _cannot_list):
        found = True
        yield model
    if not found:
        raise ModelNotFound(
            f"There is no model in {given}: no folder there has a file {FILE_NAME} (DIR-001)."
        )


def models_below(path: PathLike) -> list[Path]:
    """Return the model folders in the model folder at ``path``, which are not part of it, sorted.

    A folder named ``metadata`` is part of the model (DIR-007); of a file there are none.
    """
    root = Path(path)
    if not (root / FILE_NAME).is_file():
        return []
    return list(_walk(root, None, inside=True))


def _walk(
    root: Path, cannot_list: Callable[[OSError], object] | None, *, inside: bool = False
) -> Iterator[Path]:
    """Give the model folders in a folder, sorted; ``inside``: those in the model that it is."""
    for folder, below, files in walk(root, cannot_list):
        if inside and Path(folder) == root:
            below[:] = [name for name in below if name != "metadata"]
        elif FILE_NAME in files:
            below.clear()
            yield Path(folder)


def _cannot_list(error: OSError) -> None:
    raise UnreadableModel(f"{error.filename} cannot be listed: {error.strerror}.") from error
