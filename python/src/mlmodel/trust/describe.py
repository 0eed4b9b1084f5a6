"""What of a model folder would run: for a person who is about to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.trust.digest import manifest_of
from mlmodel.trust.scanner import scan

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["describe"]

_PICKLES = (".joblib", ".npy", ".pickle", ".pkl", ".pmd", ".sav", ".statsmodels")
_ARCHIVES = (".pt", ".pth", ".keras", ".h5")
_LARGEST = 2**30
_SHOWN = 6


def describe(root: Path) -> list[str]:
    """Return one line per file that could run something, in the order of their paths.

    Nothing of the folder is run. Files over 1 GiB are named but not looked into.

    Raises:
        InvalidModel: the folder has no digest (links, special files).
        ModelNotFound: there is no such folder.
        UnreadableModel: a file cannot be read.

    """
    lines = []
    for relative in sorted(manifest_of(root).files):
        found = _describe_file(root / relative, relative)
        if found:
            lines.append(f"{relative}: {found}")
    return lines


def _describe_file(path: Path, relative: str) -> str:
    lower = relative.lower()
    if lower.endswith((".py", ".pyc", ".so", ".whl", ".jar")):
        return "code"
    if lower.endswith("crate.bin"):
        return "functions of R"
    if lower.endswith(_ARCHIVES):
        return "an archive that can hold code"
    if lower.endswith((*_PICKLES, ".skops")):
        if path.stat().st_size > _LARGEST:
            return "not looked into, it is too large"
        return _describe_objects(path.read_bytes(), skops=lower.endswith(".skops"))
    return ""


def _describe_objects(data: bytes, *, skops: bool) -> str:
    from mlmodel.trust import skops_file

    found = skops_file.check(data) if skops else scan(data)
    kind = "skops" if skops else "pickle"
    if found.allowed:
        return f"a {kind} that uses only names of the list; it needs no trust"
    if not found.findings:
        return f"a {kind} that cannot be read ({found.damage})"
    shown = list(found.refused[:_SHOWN] or found.reasons[:_SHOWN])
    if len(found.refused) > _SHOWN:
        shown.append(f"{len(found.refused) - _SHOWN} more")
    return f"a {kind} that uses {', '.join(shown)}"
