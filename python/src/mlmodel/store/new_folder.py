"""A new folder, whole or not at all (DIR-005), and what is copied into it."""

from __future__ import annotations

import secrets
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.document.paths import FILE_NAME
from mlmodel.errors import InvalidArgument, MlmodelError, ModelExists, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["copy_into", "new_folder"]


def copy_into(source: Path, folder: Path) -> Path:
    """Copy a file or folder into ``folder`` and return the copy.

    What links point to is copied, so that the copy stands alone; the name is the link's.
    """
    # `.` and `..` name nothing by themselves.
    target = folder / (source.name if source.name not in {"", ".."} else source.resolve().name)
    if target.exists():
        raise InvalidArgument(f"Two paths to copy have the name {target.name!r}; rename one")
    if not source.is_dir():
        shutil.copy2(source, target)
        return target
    if folder.resolve().is_relative_to(source.resolve()):
        raise InvalidArgument(
            f"{source} cannot be copied into the model, because the model is saved inside it; "
            "save the model elsewhere, or give only the files of that folder that are needed"
        )
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    return target


@contextmanager
def new_folder(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a hidden folder beside ``target`` and rename it into place at the end (DIR-005)."""
    _check_target(target, overwrite=overwrite)
    partial = target.parent / f".{target.name}.partial-{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        yield partial
        _put_in_place(partial, target)
    except MlmodelError:
        raise
    except OSError as error:
        raise WriteFailed(
            f"The model could not be written to {target}: {_reason(error)}; nothing was left behind"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _check_target(target: Path, *, overwrite: bool) -> None:
    if not _is_taken(target):
        return
    if not overwrite:
        raise ModelExists(f"{target} exists already; choose another path or pass overwrite=True")
    if not (target / FILE_NAME).is_file():
        raise ModelExists(f"{target} exists already and is not a model, so it is not overwritten")


def _reason(error: OSError) -> str:
    if isinstance(error, shutil.Error):  # holds one (source, target, reason) per file
        source, _, reason = error.args[0][0]
        return f"{source}: {reason}"
    return error.strerror or str(error)


def _is_taken(target: Path) -> bool:
    return target.is_symlink() or (
        target.exists() and not (target.is_dir() and not any(target.iterdir()))
    )


def _put_in_place(partial: Path, target: Path) -> None:
    if not _is_taken(target):
        partial.replace(target)  # an empty folder is replaced in one step
        return
    old = target.parent / f".{target.name}.old-{secrets.token_hex(4)}"
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    if old.is_dir() and not old.is_symlink():
        shutil.rmtree(old, ignore_errors=True)
    else:
        old.unlink()
