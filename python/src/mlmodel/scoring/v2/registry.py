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
        self._loaders: dict[tuple[str, str | None], Callable[[], Engine]] = {}
        # A change is a change of one name's entries: there may be thousands of models.
        self._models: dict[tuple[str, str | None], Served] = {}
        self._versions: dict[str, list[str | None]] = {}
        # The same as ``_models``, by the name alone too; read without the lock.
        self._found: dict[tuple[str, str | None], Served] = {}
        self._lock = Lock()

    def add(
        self,
        name: str,
        loader: Callable[[], Engine],
        version: str | None = None,
        platform: str = "mlmodel",
        *,
        engine: Engine | None = None,
    ) -> None:
        """Add a model; without an engine it is not ready until :meth:`load` was called."""
        key = (name, version)
        with self._lock:
            self._loaders[key] = loader
            if self._models.pop(key, None) is not None:
                self._versions[name].remove(version)
        reason = "it was not loaded" if engine is None else ""
        self._put(Served(name, engine, version, platform=platform, reason=reason))

    def find(self, name: str, version: str | None = None) -> Served:
        """See :meth:`Registry.find`."""
        found = self._found.get((name, version))
        if found is not None:
            return found
        # Which models there are is told by the index, to those who may ask for it.
        if (name, None) not in self._found:
            raise ModelNotFound(f"The server has no model {shown(name)} (OIP-051).")
        raise ModelNotFound(
            f"The server has no version {shown(version)} of the model {shown(name)}; without a "
            "version the one that it prefers is asked (OIP-051)."
        )

    def served(self) -> Sequence[Served]:
        """See :meth:`Registry.served`."""
        with self._lock:
            return list(self._models.values())

    def load(self, name: str) -> None:
        """See :meth:`Registry.load`."""
        for one in self._of_name(name):
            try:
                engine = self._loaders[one.name, one.version]()
            except MlmodelError:
                _log.exception("The model %s could not be loaded.", shown(name))
                raise
            self._put(replace(one, engine=engine, reason=""))

    def unload(self, name: str) -> None:
        """See :meth:`Registry.unload`."""
        for one in self._of_name(name):
            self._put(replace(one, engine=None, reason="it was unloaded"))

    def _of_name(self, name: str) -> list[Served]:
        self.find(name)
        with self._lock:
            return [self._models[name, version] for version in self._versions[name]]

    def _put(self, changed: Served) -> None:
        """Put a model in the place of what has its name and version."""
        with self._lock:
            name = changed.name
            self._models[name, changed.version] = changed
            there = self._versions.setdefault(name, [])
            if changed.version not in there:
                there.append(changed.version)
            versions = tuple(version for version in there if version is not None)
            for version in there:
                one = replace(self._models[name, version], versions=versions)
                self._models[name, version] = one
                if version is not None:
                    self._found[name, version] = one
            self._found[name, None] = one  # the last is preferred
