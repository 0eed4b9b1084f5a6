"""A model folder: where it is, described, opened, saved.

The names below are those that callers of ``save_model`` and writers of flavors need, and
``local_folder``, for who wants a model on this machine without loading it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.store.folder import ModelFolder, open_folder
    from mlmodel.store.locations.locate import local_folder
    from mlmodel.store.saving import Contents, KeywordOptions, SaveOptions, save_folder

__all__ = [
    "Contents",
    "KeywordOptions",
    "ModelFolder",
    "PathLike",
    "SaveOptions",
    "local_folder",
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
        "local_folder": "mlmodel.store.locations.locate",
        "open_folder": "mlmodel.store.folder",
        "save_folder": "mlmodel.store.saving",
    },
)
