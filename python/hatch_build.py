"""What a distribution takes from the repository that it is made from, and says of it.

It takes the conformance runner, the vectors, the protocol buffers and the sources of the bridge to
the JVM, which stand beside ``python/``.

The address is not written in the project: who publishes names it, in ``MLMODEL_REPOSITORY``
(``make dist REPOSITORY=https://…``). Then the metadata have the project's addresses, in its very
version, and the links of the README lead there; without it they have none, and nothing points
to a place that may not be.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
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


class BesideThePackage(BuildHookInterface[Any]):
    """Puts the runner, the vectors, the protocol buffers and the bridge into wheels and sdists."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files. An sdist has them already, and an editable install finds them."""
        repository = Path(self.root).parent
        conformance, proto = repository / "conformance", repository / "proto"
        if version == "editable" or not (conformance / "runner").is_dir():
            return
        package = "src/mlmodel" if self.target_name == "sdist" else "mlmodel"
        taken = {
            str(path): f"{package}/_conformance/{path.name}"
            for path in sorted((conformance / "runner").iterdir())
            if path.is_file() and path.name != "__init__.py"
        }
        taken |= {
            str(path): f"{package}/_proto/files/{path.relative_to(proto).as_posix()}"
            for path in sorted(proto.rglob("*.proto"))
        }
        java = repository / "java-bridge"
        taken |= {
            str(path): f"{package}/bridges/jvm/source/{path.relative_to(java).as_posix()}"
            for path in (java / "pom.xml", *sorted((java / "src" / "main").rglob("*.java")))
        }
        self._work = tempfile.TemporaryDirectory()
        archive = Path(self._work.name) / "vectors.zip"
        _pack(conformance / "vectors" / "v1", archive)
        taken[str(archive)] = f"{package}/_conformance/vectors.zip"
        build_data["force_include"] |= taken

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the archive, which is in the distribution now."""
        del version, build_data, artifact_path
        if hasattr(self, "_work"):
            self._work.cleanup()


def _pack(folder: Path, archive: Path) -> None:
    """Write the vectors into an archive that is the same whenever it is made."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*.json")):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, path.read_bytes(), compresslevel=9)


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
