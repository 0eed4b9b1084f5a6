"""A model folder: where it is, described, opened, saved.

The names below are those that callers of ``save_model`` and writers of flavors need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.store.folder import ModelFolder, open_folder
    from mlmodel.store.saving import Contents, KeywordOptions, SaveOptions, save_folder

__all__ = [
    "Contents",
    "KeywordOptions",
    "ModelFolder",
    "PathLike",
    "SaveOptions",
    "open_folder",
    "save_folder",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Contents": "mlmodel.store.saving",
        "KeywordOptions": "mlmodel.store.saving",
        "ModelFolder": "mlmodel.store.folder",
        "PathLike": "mlmodel.document.paths",
        "SaveOptions": "mlmodel.store.saving",
        "open_folder": "mlmodel.store.folder",
        "save_folder": "mlmodel.store.saving",
    },
)
