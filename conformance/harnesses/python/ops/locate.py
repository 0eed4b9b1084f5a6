"""Adapter for the operation ``locate``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]

from conformance.harnesses.python.folders import own_folder
from mlmodel.store import local_folder

__all__ = ["run"]


class _Listed(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A store with one folder, ``root``, that holds empty files of some names."""

    protocol = "listed"
    cachable = False
    names: list[str]

    def ls(self, _path: str, detail: bool = True, **_: Any) -> list[Any]:
        """Return all files at once, as a store without folders does."""
        files = [{"name": f"root/{n}", "type": "file", "mtime": 1.0} for n in self.names]
        return files if detail else [file["name"] for file in files]

    def get_file(self, _remote: str, local: str, **_: Any) -> None:
        """Write one of them."""
        Path(local).touch()


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the path that a location means, or the files of a remote listing."""
    with own_folder():
        if "location" in case_input:
            return {"path": str(local_folder(case_input["location"]))}
        store = type("_ListedNames", (_Listed,), {"names": case_input["names"]})
        fsspec.register_implementation("listed", store, clobber=True)
        folder = local_folder("listed://root")
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {"files": sorted(file.as_posix() for file in files)}
