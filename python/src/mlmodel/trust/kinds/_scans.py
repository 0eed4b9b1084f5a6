"""What is said of a file by the names that the static check saw in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlmodel._base.texts import counted, first_names
from mlmodel.trust.kinds._kind import Said
from mlmodel.trust.pickles.data_opcodes import DATA_OPCODES
from mlmodel.trust.pickles.opcodes import OPCODES
from mlmodel.trust.pickles.scanner import scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mlmodel.trust.kinds._kind import File
    from mlmodel.trust.pickles.findings import Scan

__all__ = ["may_be_a_stream", "said_of_pickle", "verdict"]

#: How pickles begin that say so, and others.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_OPCODES = frozenset(bytes([code]) for code in {*OPCODES, *DATA_OPCODES})


def may_be_a_stream(file: File) -> bool:
    """Return whether a file begins like a pickle, an array, or what is compressed."""
    is_plain = file.container == "pickle" and file.start[:1] not in _OPCODES
    return file.container != "zip" and (file.is_zip or not is_plain)


def said_of_pickle(data: bytes, role: str, allow: Collection[str]) -> Iterator[Said]:
    """Give what a pickle would use; of what may be a text, only what reads like a pickle's."""
    found = scan(data, "pickle", allow=allow)
    label = "a pickle"
    if not _PICKLE.match(data):
        likely = any(map(_is_name, found.names))
        if found.damage and not (role and likely):
            return
        if not found.damage and not likely and not (role and found.allowed):
            return
        if found.damage:
            label = "a file that begins like a pickle"
    yield verdict(label, found)


def _is_name(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def verdict(label: str, found: Scan) -> Said:
    """Return what is said of a file that was checked."""
    if found.allowed:
        count = counted(len(found.names), "name")
        names = f"{count}, all on the list" if found.names else "no name"
        return Said(f"{label}, {names}", needs_trust=False)
    if found.refused:
        return Said(f"{label} that uses {first_names(found.refused)}")
    if found.findings:
        return Said(f"{label}: {first_names(found.reasons)}")
    return Said(f"{label} that cannot be read ({found.damage})")
