"""Data files of the package, read through its own loader: from a folder or a zip file alike.

``importlib.resources`` does the same, but importing it costs more than the rest of a short command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["packaged_names", "read_packaged"]

_PACKAGE = Path(__file__).parent.parent


def read_packaged(path: str) -> bytes:
    """Return the content of a file of the package, by its path within it (``_schemas/v1/…``).

    Raises:
        OSError: there is no such file.

    """
    loader: Any = __spec__.loader
    data: bytes = loader.get_data(str(_PACKAGE.joinpath(*path.split("/"))))
    return data


def packaged_names(folder: str) -> list[str]:
    """Return the names of what a folder of the package holds, sorted."""
    try:
        return sorted(one.name for one in _PACKAGE.joinpath(*folder.split("/")).iterdir())
    except OSError:  # within a zip file
        from importlib.resources import files

        return sorted(one.name for one in files("mlmodel").joinpath(*folder.split("/")).iterdir())
