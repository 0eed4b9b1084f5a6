"""Lines of requirements: what they are, and what is wrong with one (ENV-008 to ENV-012)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = [
    "LONGEST",
    "logical_lines",
    "named_file",
    "of_this_machine",
    "pip_part",
    "wrong_requirement",
]
#: A requirement that is right for certain; others are left to the packaging library.
_PLAIN = re.compile(
    r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*+(?:\s*(?:[=<>!]=|[<>])\s*[0-9]+(?:\.[0-9]+)*+)?"
)
_ELSEWHERE = re.compile(r"^(-|\.{0,2}[/\\]|[A-Za-z]:[/\\]|[A-Za-z][A-Za-z0-9+.-]*:)")
#: A line that names a file of requirements (-r) or of constraints (-c).
_NAMES_FILE = re.compile(r"(?:(-r|--requirement\b)|(-c|--constraint\b))\s*+=?\s*+(\S.*)")
#: What pip takes from a path: a file of a package, or a folder.
_LOCAL = re.compile(
    r"(?:(?:-e|--editable)[\s=]*+)?(?:file:|\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:[/\\]"
    r"|[^\s:@]+\.(?:whl|zip|tar\.gz)$|[^\s:@=]+[/\\])"
    r"|[^@]+@\s*file:"
)


#: How many characters a requirement has, options (`--hash`) included (ENV-027).
LONGEST = 65_536
_REASON = 200


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give number and text of each requirement: continued lines joined, comments left out."""
    continued: list[str] = []
    for number, written in enumerate(text.splitlines(), 1):
        bare = re.sub(r"(^|\s)#.*$", "", written) if "#" in written else written
        bare = bare.strip()
        if bare.endswith("\\"):
            continued.append(bare[:-1])
            continue
        line = "".join([*continued, bare])
        continued.clear()
        if line:
            yield number, line


def wrong_requirement(line: str) -> str | None:
    """Return what keeps a line from being a requirement; options and paths are pip's business."""
    bare = line.strip()
    if len(bare) > LONGEST:
        return (
            f"{bare[:60]!r} has {len(bare):,} characters; a requirement has at most {LONGEST:,} "
            "(ENV-027)."
        )
    if "--" in bare:
        bare = re.split(r"\s--", bare, maxsplit=1)[0]
    if not bare or _PLAIN.fullmatch(bare) or _ELSEWHERE.match(bare):
        return None
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(bare)
    except RecursionError:
        return f"{bare[:60]!r} is not a requirement that pip understands: it is nested too deep."
    except InvalidRequirement as error:
        if re.search(r"[/\\]|\.(whl|zip|tar\.gz)$", bare) and "@" not in bare:
            return None
        reason = str(error).partition("\n")[0][:_REASON]
        return f"{bare[:60]!r} is not a requirement that pip understands: {reason}."
    return None


def pip_part(data: dict[str, Any]) -> list[str]:
    """Return the pip requirements in the mapping of a conda.yaml, wherever they stand (ENV-004)."""
    dependencies = data.get("dependencies")
    found = [
        item["pip"]
        for item in (dependencies if isinstance(dependencies, list) else [])
        if isinstance(item, dict) and isinstance(item.get("pip"), list)
    ]
    if isinstance(data.get("pip"), list):
        found.append(data["pip"])
    return [line for part in found for line in part if isinstance(line, str)]


def named_file(line: str) -> tuple[str, str] | tuple[None, str]:
    """Return ``("-r", file)`` or ``("-c", file)`` for a line that names a file, else None and it.

    ``line`` is a logical line, in any of pip's spellings (``-rFILE``, ``--constraint=FILE``).
    """
    match = _NAMES_FILE.fullmatch(line)
    if match is None:
        return None, line
    return ("-r" if match[1] else "-c"), match[3].strip()


def of_this_machine(line: str) -> bool:
    """Return whether a requirement is a path, and so means nothing on another machine (ENV-012)."""
    return _LOCAL.match(line) is not None
