"""What a distribution says of the repository that it is made from.

The address is not written in the project: who publishes names it, in ``MLMODEL_REPOSITORY``
(``make dist REPOSITORY=https://…``). Then the metadata have the project's addresses, in its very
version, and the links of the README lead there; without it they have none, and nothing points
to a place that may not be.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A link or picture in Markdown whose target is a path within the repository.
_RELATIVE = re.compile(r"(?P<before>!?\[[^\]]*\]\()(?!https?:|#)(?P<path>[^)\s]+)\)")
#: Picture elements say it so.
_SOURCE = re.compile(r'(?P<before>src=")(?!https?:)(?P<path>[^"]+)"')


class Addresses(MetadataHookInterface):
    """Gives the metadata ``readme`` and ``urls``."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository = os.environ.get("MLMODEL_REPOSITORY", "").rstrip("/").removesuffix(".git")
        if repository and not repository.startswith("https://"):
            message = f"MLMODEL_REPOSITORY is {repository!r}; give an address (https://…)."
            raise ValueError(message)
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        revision = f"v{metadata['version']}"
        if repository:
            text = _absolute(text, f"{repository}/blob/{revision}", f"{repository}/raw/{revision}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = _urls(repository, revision) if repository else {}


def _absolute(text: str, pages: str, files: str) -> str:
    def link(found: re.Match[str]) -> str:
        base = files if found["before"].startswith("!") else pages
        return f"{found['before']}{base}/{found['path']})"

    return _SOURCE.sub(rf'\g<before>{files}/\g<path>"', _RELATIVE.sub(link, text))


def _urls(repository: str, revision: str) -> dict[str, str]:
    pages = f"{repository}/blob/{revision}"
    return {
        "Repository": repository,
        "Documentation": f"{pages}/README.md",
        "Specification": f"{pages}/spec",
        "Changelog": f"{pages}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }
