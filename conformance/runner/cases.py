"""The vectors as cases: read from a folder or an archive, and chosen from.

In the repository the vectors stand beside this folder; in an installed package they are an
archive in it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .profiles import profile_of
from .served import model_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["VERSION", "Case", "Selection", "Vectors", "read_vectors"]

#: The version of the vectors' form: the folder that they stand in.
VERSION = "v1"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Case:
    """One case of a vector.

    Attributes:
        id: ``area/topic:id``, which names it among all cases.
        area: the folder that its file stands in.
        operation: what is asked.
        profile: the profile that it belongs to.
        rules: the rules that it proves.
        description: what is so, in words.
        input: what is given.
        expected: what is to be answered.

    """

    id: str
    area: str
    operation: str
    profile: str
    rules: tuple[str, ...]
    description: str
    input: dict[str, Any]
    expected: dict[str, Any]


@dataclass(frozen=True)
class Vectors:
    """All cases, and a digest of their files by which two runs can be compared."""

    cases: tuple[Case, ...]
    digest: str
    version: str = VERSION


@dataclass(frozen=True)
class Selection:
    """Which cases are meant; what is empty leaves nothing out.

    Attributes:
        profiles: names of profiles.
        areas: names of areas.
        globs: patterns of ids, of whole ids or of what stands behind the colon.
        rules: ids of rules, or how they begin.
        model: the name of a model that a server is to have.

    """

    profiles: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    model: str = ""

    def of(self, cases: Iterable[Case]) -> list[Case]:
        """Return the cases that are meant, in their order."""
        return [case for case in cases if self._takes(case)]

    def _takes(self, case: Case) -> bool:
        short = case.id.partition(":")[2]
        return (
            (not self.profiles or case.profile in self.profiles)
            and (not self.areas or case.area in self.areas)
            and (
                not self.globs
                or any(fnmatchcase(case.id, one) or fnmatchcase(short, one) for one in self.globs)
            )
            and (not self.rules or any(rule.startswith(self.rules) for rule in case.rules))
            and (not self.model or model_of(case) == self.model)
        )


def read_vectors(path: Path | None = None) -> Vectors:
    """Read the vectors of a folder or of an archive; without a path, those beside this folder.

    Raises:
        ValueError: there are none, or a file is not one of vectors; it says which.
        OSError: something cannot be read.

    """
    files = dict(_files(path or _own()))
    if not files:
        raise ValueError(f"{path} holds no vectors (files named *.json).")
    digest = hashlib.sha256()
    cases: list[Case] = []
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
        cases += _cases(name, content)
    return Vectors(tuple(cases), digest.hexdigest())


def _own() -> Path:
    archive = _HERE / "vectors.zip"
    return archive if archive.exists() else _HERE.parent / "vectors" / VERSION


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files of vectors, by their names below the folder."""
    if path.is_dir():
        for file in path.rglob("*.json"):
            yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield name, archive.read(name)
    except zipfile.BadZipFile:
        raise ValueError(f"{path} is neither a folder nor an archive (zip).") from None


def _cases(name: str, content: bytes) -> Iterator[Case]:
    topic = name.removesuffix(".json")
    try:
        file = json.loads(content)
        for case in file["cases"]:
            yield Case(
                id=f"{topic}:{case['id']}",
                area=file["area"],
                operation=file["operation"],
                profile=profile_of(file["operation"], case["input"]),
                rules=tuple(case["rules"]),
                description=case["description"],
                input=case["input"],
                expected=case["expected"],
            )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{name} is not a file of vectors (schemas/v1/vector.json): {error!r}."
        ) from None
