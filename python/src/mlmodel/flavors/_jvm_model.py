"""A model in a process of Java: loaded from a zip file of our own, described and asked."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.bridges.jvm.loaded import Fault, Loaded
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.signature.data.frames import from_arrays, index_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    import numpy as np

    from mlmodel.bridges.jvm.columns import Kind
    from mlmodel.errors import MlmodelError
    from mlmodel.flavors._base import Predict

__all__ = ["JvmModel", "predictor"]


def predictor(model: JvmModel, who: str) -> Predict:
    """Return how a model predicts where it is served; ``who`` begins a sentence about it."""

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, who)
        return model.predict(model_input)

    return predict


class JvmModel(ABC):
    """What a zip file holds, in a process of Java.

    Args:
        py4j: the module ``py4j.java_gateway``.
        file: the zip file, which is removed with this object.
        name: the file in the model, for messages.
        not_read: makes of a fault and the name the error for what cannot be read.

    Raises:
        MlmodelError: that error.
        MissingDependency: there is no Java that could read it.

    """

    def __init__(
        self,
        py4j: ModuleType,
        file: Path,
        name: str,
        not_read: Callable[[Fault, str], MlmodelError],
    ) -> None:
        #: What it was loaded from: a zip file of ours.
        self.file = file
        weakref.finalize(self, file.unlink, missing_ok=True)
        try:
            self._loaded = Loaded(py4j, file)
        except Fault as fault:
            raise not_read(fault, name) from None
        #: The version of what wrote it.
        self.version = self._loaded.version

    @property
    def inputs(self) -> dict[str, str]:
        """The columns that it takes, with the types of their values."""
        return {kind.name: _said(kind) for kind in self._loaded.inputs}

    @property
    def outputs(self) -> dict[str, str]:
        """All columns that it can answer with, with the types of their values."""
        return {kind.name: _said(kind) for kind in self._loaded.outputs}

    @abstractmethod
    def predict(self, data: Any) -> pd.DataFrame:
        """Return what the model answers to a table, as a frame with the index given."""

    def _answer(
        self,
        columns: Sequence[np.ndarray[Any, Any]],
        wanted: Sequence[int],
        index: pd.Index[Any],
    ) -> pd.DataFrame:
        """Return the columns of the outputs wanted, as a frame.

        Raises:
            Fault, NotWritten: as :meth:`Loaded.answer`.

        """
        pieces = list(self._loaded.answer(columns, wanted))
        told = pieces[0] if len(pieces) == 1 else _joined(pieces)
        return from_arrays(list(told.values()), index, _names(tuple(told)).view())


@lru_cache(maxsize=256)
def _names(names: tuple[str, ...]) -> pd.Index[Any]:
    """Return the index of some names, of which to make one costs as much as a small frame."""
    return index_of(names, len(names))


def _said(kind: Kind) -> str:
    if kind.shape == "scalar":
        return kind.type
    sizes = f"[{', '.join(map(str, kind.dimensions))}]" if kind.dimensions else ""
    return f"{kind.shape} of {kind.type}{sizes}"


def _joined(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: pd.concat([pd.Series(piece[name]) for piece in pieces], ignore_index=True).array
        for name in pieces[0]
    }
