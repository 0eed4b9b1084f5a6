"""One file of a model folder that is looked into, and what a row of the table of kinds is."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from mlmodel._base import files
from mlmodel.document.stand_ins import HEAD
from mlmodel.trust.pickles.containers import detect
from mlmodel.trust.zip_stream import Bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

__all__ = ["File", "FolderKind", "Kind", "Rank", "Said"]


class Rank(IntEnum):
    """How surely a kind is known: what one of the first two says of a file is all that is said.

    A file may be several of the next two. The last is asked where nobody has said anything.
    """

    NAME = 0
    INSTEAD = 1
    FORM = 2
    STREAM = 3
    LAST = 4


class Said(NamedTuple):
    """What a file is, and whether it needs trust to be loaded."""

    what: str
    needs_trust: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of file that can hold code, or that is known to hold none.

    Args:
        takes: whether a file is one.
        look: what it is, by its content; one file may be two things.
        rank: how surely it is known.
        of: the more general kind, by its module, that a file of this kind is none of any more.

    """

    takes: Callable[[File], bool]
    look: Callable[[File], Iterable[Said]]
    rank: Rank = Rank.FORM
    of: str = ""


@dataclass(frozen=True)
class FolderKind:
    """A form of folders whose files mean something together.

    Args:
        below: what in a model folder needs trust for the folders of this form in it, by file:
            where nothing else that is said of the file does. The second argument are the folders
            that the MLmodel file names as the model.

    """

    below: Callable[[Path, Collection[str]], Mapping[str, Said]]


@dataclass(frozen=True)
class File:
    """A file of the folder ``root``, of which no more is read than a kind asks for.

    Args:
        root: the folder.
        relative: the file's path in it.
        role: ``model`` or ``code`` where the MLmodel file names it so.
        allow: names of classes that its pickles may use besides the list.
        largest: how large it may be to be read whole.

    """

    root: Path
    relative: str
    role: str
    allow: Collection[str]
    largest: int

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.root / self.relative

    @cached_property
    def name(self) -> PurePosixPath:
        """Its path in the folder."""
        return PurePosixPath(self.relative)

    @cached_property
    def start(self) -> bytes:
        """Its first bytes."""
        with files.open_regular(self.path) as stream:
            return stream.read(HEAD)

    @cached_property
    def container(self) -> str:
        """What its first bytes say that it is: ``pickle`` where they say nothing."""
        return detect(self.start)

    @cached_property
    def is_zip(self) -> bool:
        """Whether it ends as a zip archive does, whatever it begins with."""
        with files.open_regular(self.path) as stream:
            return zipfile.is_zipfile(stream)

    @cached_property
    def data(self) -> bytes:
        """All of its bytes.

        Raises:
            TooLarge: they are more than are looked at.

        """
        return files.read(self.path, self.largest)

    @property
    def members(self) -> list[str]:
        """The names in the zip archive that it is; none where they cannot be told."""
        return self._directory[0]

    @property
    def damage(self) -> str:
        """Why they cannot be told."""
        return self._directory[1]

    @cached_property
    def _directory(self) -> tuple[list[str], str]:
        try:
            with (
                files.open_regular(self.path) as stream,
                zipfile.ZipFile(Bounded(stream)) as archive,
            ):
                return archive.namelist(), ""
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
            return [], str(error)
