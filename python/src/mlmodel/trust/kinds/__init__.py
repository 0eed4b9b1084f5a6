"""The kinds of files that can hold code: each is a module of this folder, and no list names them.

A module has its row of the table by the name ``KIND``: a :class:`Kind` of files, or a
:class:`FolderKind`. One more format to look into is one more module.
"""

from __future__ import annotations

import importlib
from functools import cache
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import File, FolderKind, Kind, Rank, Said

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

__all__ = [
    "File", "FolderKind", "Kind", "Rank", "Said", "by_rank", "of_folders", "rows", "said_of",
]  # fmt: skip


@cache
def rows() -> dict[str, Kind | FolderKind]:
    """Return every row of the table by its module's name."""
    names = [one.name for one in iter_modules(__path__) if not one.name.startswith("_")]
    return {name: importlib.import_module(f"{__name__}.{name}").KIND for name in names}


@cache
def by_rank() -> dict[str, Kind]:
    """Return the kinds of files by their modules' names: those that are surest first."""
    found = {name: row for name, row in rows().items() if isinstance(row, Kind)}
    return dict(sorted(found.items(), key=lambda one: (one[1].rank, one[0])))


def of_folders(root: Path, named: Collection[str]) -> dict[str, Said]:
    """Return what needs trust for the form of the folder that it is in, by file.

    ``named`` are the folders that the MLmodel file names as the model.
    """
    folders = [row for row in rows().values() if isinstance(row, FolderKind)]
    return {file: said for row in folders for file, said in row.below(root, named).items()}


def said_of(file: File) -> Iterator[Said]:
    """Give what a file is; nothing where it is of no kind that can hold code.

    Raises:
        TooLarge: it has more bytes than are looked at.
        OSError: it cannot be read.

    """
    kinds = by_rank()
    for kind in kinds.values():
        if kind.rank < Rank.FORM and kind.takes(file):
            yield from kind.look(file)
            return
    taken = {name: kind for name, kind in kinds.items() if _may_be(kind, file)}
    general = {kind.of for kind in taken.values()}
    said = [one for name, kind in taken.items() if name not in general for one in kind.look(file)]
    last = [kind for kind in kinds.values() if kind.rank == Rank.LAST and kind.takes(file)]
    yield from said or (one for kind in last for one in kind.look(file))


def _may_be(kind: Kind, file: File) -> bool:
    return Rank.FORM <= kind.rank < Rank.LAST and kind.takes(file)
