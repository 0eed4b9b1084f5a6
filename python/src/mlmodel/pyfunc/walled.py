"""A model that is loaded behind the wall, as a PyFuncModel of this process (TRU-080)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import ModelFailure
from mlmodel.pyfunc.copies import Copies, anew
from mlmodel.pyfunc.model import PyFuncModel
from mlmodel.sandbox import values
from mlmodel.store.sandboxing import Sandboxed, process_of, require

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Walled", "load_walled"]


class Walled:
    """The other side of the wall: what ``get_raw_model`` returns in place of a native model."""

    def __init__(
        self,
        found: Sandboxed,
        config: dict[str, Any] | None,
        *,
        served: bool = False,
        seconds: float | None = None,
    ) -> None:
        """Load the model there; ``served`` and ``seconds`` as for ``process_of``.

        Raises:
            MlmodelError: what loading raised, or ModelFailure where the process ended.

        """
        self._process = process_of(found, config, served=served, seconds=seconds)
        told, _ = self._process.start()
        #: Data go over as the caller gave them: only the model's own class knows its hints.
        self.is_hinted = isinstance(told, dict) and told.get("hinted") is True

    def predict(self, data: Any, params: Mapping[str, Any] | None) -> Any:
        """Return what the model answers, made of numbers and texts that were sent as such.

        Raises:
            ModelFailure: the model raised, or its process ended (TRU-083); the next call starts
                another.

        """
        given = None if params is None else dict(params)
        try:
            return values.read(*self._process.ask("predict", data, given, not self.is_hinted))
        except values.Unreadable as error:
            self._process.close()
            raise ModelFailure(
                f"What the model answered cannot be read: {error} (TRU-084)."
            ) from None

    def revive(self) -> None:
        """Start another process where this one's has ended, before the next prediction would.

        Raises:
            MlmodelError: as for a new one.

        """
        if not self._process.is_running:
            self._process.start()

    def close(self) -> None:
        """End the process; the next prediction would start another."""
        self._process.close()

    def __repr__(self) -> str:
        return "<a model in a sandbox: another process holds it>"


def load_walled(
    found: Sandboxed,
    config: dict[str, Any] | None,
    *,
    served: bool = False,
    seconds: float | None = None,
) -> PyFuncModel:
    """Return a model that is loaded in a process of its own; arguments and errors as for Walled."""
    walled = Walled(found, config, served=served, seconds=seconds)
    copies = Copies(
        lambda _native: load_walled(found, config), anew(found.folder, config, _reopened)
    )
    model = PyFuncModel(
        found.folder.model, walled.predict, walled, model_config=config, copies=copies
    )
    if walled.is_hinted:
        model.engine.enforce = lambda data: data
    return model


def _reopened(
    place: str, digest: str, allow: tuple[str, ...], config: dict[str, Any] | None
) -> PyFuncModel:
    """Open a model anew of which a copy was pickled, behind a wall again (TRU-047)."""
    return load_walled(require(place, allow=allow, digest=digest), config)
