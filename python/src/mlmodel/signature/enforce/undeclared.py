"""Parameters that the signature does not declare: left out, and told (ENF-080). No numpy here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.types.params import ParamSpec

__all__ = ["check_mapping", "left_out"]

#: How many names a sentence holds; they are the caller's, who decides how many there are.
_MOST_NAMES = 10


def left_out(given: Mapping[str, Any] | None, specs: Sequence[ParamSpec] | None) -> str | None:
    """Return the sentence that says which of the given parameters are left out (ENF-080).

    None where all are declared. The names are cut, and so is their number.
    """
    if not given:
        return None
    declared = [spec.name for spec in specs or ()]
    names = [name for name in given if name not in declared]
    if not names:
        return None
    known = f"it declares {_listed(declared)}" if declared else "it declares none"
    what, ends = ("Parameter", "is") if len(names) == 1 else ("Parameters", "are")
    return (
        f"{what} {_listed(names)} {ends} not declared by the signature and {ends} left out; "
        f"{known} (ENF-080)."
    )


def check_mapping(given: Any) -> None:
    """Check that parameters are given by name.

    Raises:
        InvalidArgument: they are neither a mapping nor None (PYF-030).

    """
    if given is not None and not isinstance(given, Mapping):
        raise InvalidArgument(
            "params is a mapping of names to values, such as {'top': 3}, or None, not "
            f"{shown(given)} (PYF-030)"
        )


def _listed(names: Sequence[Any]) -> str:
    more = len(names) - _MOST_NAMES
    listed = ", ".join(map(shown, names[:_MOST_NAMES]))
    return f"{listed} and {more} more" if more > 0 else listed
