"""Files that a library's compiled reader believes, and that are not held to bounds here first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.sandbox import wall

if TYPE_CHECKING:
    from mlmodel.store import ModelFolder

__all__ = ["require_trust_or_wall"]


def require_trust_or_wall(folder: ModelFolder, what: str, file: str, rule: str) -> None:
    """Go on only in a trusted folder, or behind the whole second wall (TRU-080, TRU-081).

    A file that leads such a reader astray ends the process, or makes it do what the file says.
    Behind the wall neither can harm.

    Args:
        folder: the model's.
        what: what is not looked at, as the middle of a sentence.
        file: the file that it is in, relative to the folder.
        rule: the rule of the flavor's page.

    Raises:
        UntrustedModel: it is neither; nothing of the file was read.

    """
    if not wall.stands():
        more = f"; behind a sandbox (sandbox=True, --sandbox on) it needs no trust ({rule})"
        folder.gate.require_trust(f"{what}{more}", file)
