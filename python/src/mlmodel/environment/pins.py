"""Distributions and their versions: what is installed, as requirement lines (ENV-014)."""

from __future__ import annotations

import json
import re
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.requirements import Requirement

__all__ = ["installed_from", "merged", "normalized", "pinned", "required_by", "requirement_of"]


def normalized(name: str) -> str:
    """Return a distribution's name as comparisons take it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(packages: Iterable[str]) -> list[str]:
    """Return ``name==version`` for each installed distribution, ``name`` for the others."""
    lines = []
    for package in packages:
        try:
            # A local version (`2.1+cpu`) is not a release that an index could serve (PEP 440).
            version = metadata.version(package).partition("+")[0]
        except metadata.PackageNotFoundError:
            lines.append(package)
        else:
            lines.append(f"{package}=={version}")
    return lines


def installed_from(package: str) -> str | None:
    """Return the address that a distribution was installed from, None if it was an index.

    With a commit, it is written as pip's ``name @ address`` takes it (PEP 610).
    """
    try:
        text = metadata.distribution(package).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
    if text is None:
        return None
    try:
        origin: dict[str, Any] = json.loads(text)
        address = str(origin["url"])
        vcs = origin.get("vcs_info")
        return f"{vcs['vcs']}+{address}@{vcs['commit_id']}" if vcs else address
    except (ValueError, KeyError, TypeError):
        return None


def requirement_of(line: str) -> Requirement | None:
    """Return the requirement in a line, None for an option, a path or a bare address."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        # Options of one requirement (`--hash=…`) stand behind it.
        return Requirement(re.split(r"\s--", line, maxsplit=1)[0])
    except InvalidRequirement:
        return None


def required_by(package: str) -> set[str]:
    """Return the normalized names that a distribution itself requires here, extras left out."""
    try:
        lines = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return set()
    required = (requirement_of(line) for line in lines)
    return {
        normalized(one.name)
        for one in required
        if one is not None and (one.marker is None or one.marker.evaluate({"extra": ""}))
    }


def merged(lines: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return requirements with further ones behind them, each distribution once (ENV-019).

    What ``more`` says of a distribution holds, unless it is no more than the name.
    """
    there = {_name_of(line): line for line in lines}
    added = []
    for line in more:
        name = _name_of(line)
        is_name_alone = re.fullmatch(r"[\w.-]+", line) is not None
        if is_name_alone and name in there:
            continue
        there.pop(name, None)
        added.append(line)
    return [*there.values(), *added]


def _name_of(line: str) -> str:
    requirement = requirement_of(line)
    return line if requirement is None else normalized(requirement.name)
