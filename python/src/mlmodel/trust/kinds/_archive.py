"""What is said of a zip archive, whichever form it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.texts import first_names
from mlmodel.trust.kinds._kind import Kind, Said

if TYPE_CHECKING:
    from mlmodel.trust.kinds._kind import File

__all__ = ["ANY", "of_data", "with_pickles"]

ANY = "a zip archive, which may hold code"
#: What pickles are called inside of archives, where nothing is looked into.
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib")


def with_pickles(file: File, said: Said) -> Said:
    """Return what is said of an archive, and what pickles are in it."""
    found = [name for name in file.members if name.lower().endswith(_PICKLE_NAMES)]
    return Said(f"{said.what}, with pickles in it ({first_names(found)})") if found else said


def of_data(what: str, needed: str, forms: tuple[str, ...]) -> Kind:
    """Return the kind of zip archives of data, which load without trust.

    Args:
        what: what one is.
        needed: the file that is at the top of each.
        forms: how the names of all files in it end.

    """

    def takes(file: File) -> bool:
        is_named = file.role == "model" and file.is_zip and needed in file.members
        return is_named and all(name.endswith(("/", *forms)) for name in file.members)

    return Kind(takes, lambda _: [Said(what, needs_trust=False)], of="zip_archive")
