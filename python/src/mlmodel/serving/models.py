"""The models of a server: a registry of V2 that knows how long their calls take."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from mlmodel.errors import MlmodelError, ModelFailure, Unavailable, shown
from mlmodel.scoring.v2.registry import Models
from mlmodel.serving.facts import Facts, facts_of
from mlmodel.serving.http.crew import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.engine import Engine
    from mlmodel.store.description import Model

__all__ = ["Hosted", "Steady"]

_log = logging.getLogger("mlmodel.serving")
_NOTHING = Facts()


class Steady(Pace):
    """The pace of what is never made by the leader, however quick: a load, a call with others."""

    __slots__ = ()

    def note(self, seconds: float) -> None:
        """Leave it as it is."""


class Hosted(Models):
    """Models, each with its pace; one is loaded at a time (OIP-064)."""

    def __init__(self) -> None:
        super().__init__()
        self._paces: dict[str, Pace] = {}
        self._waiting: set[str] = set()
        self._facts: dict[str, Facts] = {}
        self._loading = Lock()

    def add(
        self,
        name: str,
        loader: Callable[[], Engine],
        version: str | None = None,
        platform: str = "mlmodel",
        *,
        engine: Engine | None = None,
    ) -> None:
        """See :meth:`Models.add`."""
        super().add(name, loader, version, platform, engine=engine)
        self._paces[name] = Pace()

    @property
    def names(self) -> list[str]:
        """The names of all models, in the order in which they were added."""
        return list(self._paces)

    def pace(self, name: str) -> Pace | None:
        """Return the pace of a model; None where there is no such model."""
        return self._paces.get(name)

    def let_wait(self, name: str) -> None:
        """Note that the requests of a model may wait for each other: never in the leader."""
        self._waiting.add(name)
        self._paces[name] = Steady()

    def facts(self, name: str) -> Facts:
        """Return what the folder of a model says of it, as far as :meth:`note` was told."""
        return self._facts.get(name, _NOTHING)

    def note(self, name: str, metadata: Model) -> None:
        """Take notice of what the folder of a model says, which was loaded just now."""
        self._facts[name] = facts_of(metadata)

    def load(self, name: str) -> None:
        """Load a model (see :meth:`Models.load`); why it cannot be loaded goes to the log alone.

        Raises:
            Unavailable: another load goes on (OIP-064).
            ModelNotFound: there is no such model.
            MlmodelError: it cannot be loaded.

        """
        self.find(name)
        if not self._loading.acquire(blocking=False):
            raise Unavailable("Another model is being loaded just now; try again (OIP-064).")
        hidden = (
            f"The model {shown(name)} could not be loaded; the server's log says why (OIP-060)."
        )
        try:
            super().load(name)
        except MlmodelError as error:  # it may tell paths of the server (ERR-006)
            raise type(error)(hidden) from error
        except Exception as error:
            _log.exception("The model %s could not be loaded.", shown(name))
            raise ModelFailure(hidden) from error
        finally:
            self._loading.release()
        # A first call is never made by the leader.
        self._paces[name] = Steady() if name in self._waiting else Pace()
