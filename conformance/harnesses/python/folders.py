"""Folders for operations whose subject is files."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["own_folder"]

#: What says where downloads and the trusted folders of a user are kept.
_KEPT = ("MLMODEL_CACHE", "MLMODEL_TRUST_STORE")


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give an empty folder that is removed afterwards; what is kept for the user goes there too.

    So no case finds what another left, and whoever runs the cases finds nothing of them.
    """
    before = {variable: os.environ.get(variable) for variable in _KEPT}
    with tempfile.TemporaryDirectory() as name:
        os.environ.update({variable: f"{name}/{variable}" for variable in _KEPT})
        try:
            yield Path(name)
        finally:
            for variable, value in before.items():
                os.environ.pop(variable)
                if value is not None:
                    os.environ[variable] = value
