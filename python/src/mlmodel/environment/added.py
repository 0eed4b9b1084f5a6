"""Requirements added to the environment files that a model has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.document.environment_files import (
    environment_file,
    read_environment,
    recorded_environment,
)
from mlmodel.document.paths import REQUIREMENTS, Folder
from mlmodel.document.requirements import pip_part
from mlmodel.environment.pins import normalized, pinned, requirement_of
from mlmodel.environment.resolve import with_pip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mlmodel.document import Document

__all__ = ["add_requirements"]


def add_requirements(root: Path, document: Document, packages: Iterable[str]) -> None:
    """Add distributions, as they are installed here, to the files that have requirements (CNV-003).

    Args:
        root: the model's folder; files that it has not are not made.
        document: its MLmodel file.
        packages: names of distributions; those that the model requires already stay as they are.

    """
    recorded = recorded_environment(Folder(root), document)
    there = {
        normalized(one.name)
        for one in map(requirement_of, recorded.requirements or [])
        if one is not None
    }
    more = pinned(name for name in packages if normalized(name) not in there)
    if not more:
        return
    lines = root / REQUIREMENTS
    if lines.is_file():
        text = lines.read_text(encoding="utf-8")
        end = "" if not text or text.endswith("\n") else "\n"
        lines.write_text(text + end + "".join(f"{line}\n" for line in more), encoding="utf-8")
    conda = dict(read_environment(Folder(root), document, "conda").data or {})
    if isinstance(conda.get("dependencies"), list):
        _write_conda(root / environment_file(document, "conda"), conda, more)


def _write_conda(path: Path, conda: dict[str, Any], more: list[str]) -> None:
    import yaml

    conda["dependencies"] = with_pip(conda["dependencies"], [*pip_part(conda), *more])
    path.write_text(yaml.safe_dump(conda, sort_keys=False, allow_unicode=True), encoding="utf-8")
