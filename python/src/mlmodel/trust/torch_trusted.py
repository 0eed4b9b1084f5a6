"""Pickles of torch that are trusted: loaded by torch, with the names of the model's own code."""

from __future__ import annotations

import importlib
import io
import pickle
from collections import ChainMap
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.unpickle import find_trusted, guarded

if TYPE_CHECKING:
    from mlmodel.trust.pickles.own import OwnCode

__all__ = ["load"]


def load(data: bytes, own: OwnCode, file: str, pickled_by: Any) -> Any:
    """Load what ``torch.save`` wrote, on the CPU; this runs what it says.

    ``pickled_by`` is the module whose unpickler reads it, where that is not Python's own.

    Raises:
        InvalidModel: it cannot be rebuilt.
        MissingDependency: a module or name is not installed.

    """
    torch = importlib.import_module("torch")
    base: Any = getattr(pickled_by, "Unpickler", pickle.Unpickler)
    names: ChainMap[tuple[str, str], object] = ChainMap(own.names)

    class Unpickler(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            return find_trusted(module, name, names, super().find_class)

    def read(file: Any, **options: Any) -> Any:
        return Unpickler(file, **options).load()

    module = SimpleNamespace(
        __name__="pickle", Unpickler=Unpickler, load=read, UnpicklingError=pickle.UnpicklingError
    )

    def loaded() -> Any:
        return torch.load(
            io.BytesIO(data), map_location="cpu", weights_only=False, pickle_module=module
        )

    return guarded(lambda: own.call(loaded), file)
