"""Bundles of MLeap in zip files: parameters and numbers, which nothing runs (MLP-003)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from mlmodel.trust.kinds._kind import File

__all__ = ["KIND"]

#: The forms of its files: JSON, and protocol buffers.
_FORMS = ("/", ".json", ".pb")


def _takes(file: File) -> bool:
    is_named = file.role == "model" and file.is_zip and "bundle.json" in file.members
    return is_named and all(name.endswith(_FORMS) for name in file.members)


KIND = Kind(_takes, lambda _: [Said("a bundle of MLeap", needs_trust=False)], of="zip_archive")
