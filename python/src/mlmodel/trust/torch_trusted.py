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
    from collections.abc import Callable

    from mlmodel.trust.pickles.own import OwnCode

__all__ = ["load", "load_by"]


def load(data: bytes, own: OwnCode, file: str, pickled_by: Any = None) -> Any:
    """Load what ``torch.save`` wrote, on the CPU; this runs what it says.

    ``pickled_by`` is the module whose unpickler reads it, where that is not Python's own.

    Raises:
        InvalidModel: it cannot be rebuilt.
        MissingDependency: a module or name is not installed.

    """
    torch = importlib.import_module("torch")

    def read(stream: io.BytesIO, module: Any) -> Any:
        return torch.load(stream, map_location="cpu", weights_only=False, pickle_module=module)

    return load_by(read, data, own, file, pickled_by)


def load_by(
    read: Callable[[io.BytesIO, Any], Any],
    data: bytes,
    own: OwnCode,
    file: str,
    pickled_by: Any = None,
) -> Any:
    """Load as :func:`load` does, by a library's ``read``: of bytes, and with a pickle module."""
    base: Any = getattr(pickled_by, "Unpickler", pickle.Unpickler)
    names: ChainMap[tuple[str, str], object] = ChainMap(own.names)

    class Unpickler(base):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            return find_trusted(module, name, names, super().find_class)

    module = SimpleNamespace(
        __name__="pickle",
        Unpickler=Unpickler,
        UnpicklingError=pickle.UnpicklingError,
        load=lambda stream, **options: Unpickler(stream, **options).load(),
    )
    return guarded(lambda: own.call(lambda: read(io.BytesIO(data), module)), file)
