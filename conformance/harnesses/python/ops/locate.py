"""Adapter for the operation ``locate``."""

from __future__ import annotations

from typing import Any

from mlmodel.errors import MlmodelError
from mlmodel.store.locations.locate import local_folder
from mlmodel.store.locations.remote import Limits, list_folder

__all__ = ["run"]


class _Listed:
    """A store with one folder, ``root``, that holds files of some names."""

    protocol = "listed"

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def ls(self, _path: str, *, detail: bool) -> list[dict[str, Any]]:
        """Return all files at once, as a store without folders does."""
        return [{"name": f"root/{n}", "type": "file", "mtime": 1.0} for n in self.names] * detail


def run(case_input: dict[str, Any]) -> dict[str, Any]:
    """Return the path that a location means, or the files of a remote listing."""
    try:
        if "location" in case_input:
            return {"path": str(local_folder(case_input["location"]))}
        listing = list_folder(_Listed(case_input["names"]), "root", Limits())
    except MlmodelError as error:
        return {"error": error.code, "details": [detail.as_dict() for detail in error.details]}
    return {"files": sorted(file.name for file in listing.files)}
