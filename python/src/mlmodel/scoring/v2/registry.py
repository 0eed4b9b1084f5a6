"""The models that a server has: what the protocol asks for, and a registry that holds them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from mlmodel.errors import MlmodelError, ModelNotFound, Unavailable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmodel.scoring.engine import Engine

__all__ = ["Models", "Registry", "Served"]

_log = logging.getLogger("mlmodel.scoring")


@dataclass(frozen=True, slots=True)
class Served:
    """A model of a server, in one version.

    ``engine`` is None as long as it is not ready; ``reason`` then says why. ``version`` is None
    where the server tells no versions apart, ``versions`` are all that it has of the name.
    """

    name: str
    engine: Engine | None = None
    version: str | None = None
    versions: tuple[str, ...] = ()
    platform: str = "mlmodel"
    reason: str = ""

    def ready(self) -> Engine:
        """Return the engine.

        Raises:
            Unavailable: the model is not ready (OIP-051).

        """
        if self.engine is None:
            why = f": {self.reason}" if self.reason else ""
            raise Unavailable(f"The model {shown(self.name)} is not ready{why} (OIP-051).")
        return self.engine


class Registry(Protocol):
    """The models of a server, as the protocol asks for them; safe to ask from several threads."""

    def find(self, name: str, version: str | None = None) -> Served:
        """Return a model, ready or not: in this version, or in that which the server prefers.

        Raises:
            ModelNotFound: there is no such model, or not in this version (OIP-051).

        """

    def served(self) -> Sequence[Served]:
        """Return all models in all versions, in an order that stays."""

    def load(self, name: str) -> None:
        """Load a model, again if it is loaded; return when it is ready (OIP-060).

        Raises:
            ModelNotFound: there is no such model.
            MlmodelError: it cannot be loaded; what was ready stays so.

        """

    def unload(self, name: str) -> None:
        """Make a model unavailable until it is loaded again (OIP-060).

        Raises:
            ModelNotFound: there is no such model.

        """


class Models:
    """A registry in memory: each model by the function that loads it.

    A version that is added later is preferred to one that was added before. What is asked while
    a model is loaded anew is answered by the one that was there.
    """

    def __init__(self) -> None:
        self._models: dict[tuple[str, str | None], Served] = {}
        self._loaders: dict[tuple[str, str | None], Callable[[], Engine]] = {}
        self._lock = Lock()

    def add(
        self,
        name: str,
        loader: Callable[[], Engine],
        version: str | None = None,
        platform: str = "mlmodel",
    ) -> None:
        """Add a model, which is not ready until :meth:`load` was called."""
        key = (name, version)
        with self._lock:
            self._loaders[key] = loader
            self._models.pop(key, None)
            self._models[key] = Served(
                name, None, version, platform=platform, reason="it was not loaded"
            )

    def find(self, name: str, version: str | None = None) -> Served:
        """See :meth:`Registry.find`."""
        found = self._of_name(name)
        chosen = found[-1] if version is None else None
        for one in found:
            chosen = one if version is not None and one.version == version else chosen
        if chosen is None:
            raise ModelNotFound(
                f"The server has no version {shown(version)} of the model {shown(name)}; without "
                "a version the one that it prefers is asked (OIP-051)."
            )
        return self._with_versions(chosen, found)

    def served(self) -> Sequence[Served]:
        """See :meth:`Registry.served`."""
        held = list(self._models.values())
        return [self._with_versions(one, self._of_name(one.name)) for one in held]

    def load(self, name: str) -> None:
        """See :meth:`Registry.load`."""
        for one in self._of_name(name):
            key = (one.name, one.version)
            try:
                engine = self._loaders[key]()
            except MlmodelError:
                _log.exception("The model %s could not be loaded.", shown(name))
                raise
            with self._lock:
                self._models[key] = replace(one, engine=engine, reason="")

    def unload(self, name: str) -> None:
        """See :meth:`Registry.unload`."""
        for one in self._of_name(name):
            with self._lock:
                self._models[one.name, one.version] = replace(
                    one, engine=None, reason="it was unloaded"
                )

    def _of_name(self, name: str) -> list[Served]:
        held = list(self._models.values())
        found = [one for one in held if one.name == name]
        if not found:
            # Which models there are is told by the index, to those who may ask for it.
            raise ModelNotFound(f"The server has no model {shown(name)} (OIP-051).")
        return found

    def _with_versions(self, one: Served, found: Sequence[Served]) -> Served:
        versions = tuple(other.version for other in found if other.version is not None)
        return replace(one, versions=versions)
