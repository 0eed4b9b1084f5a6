"""Objects whose compiled code believes what they hold: looked at as they are loaded (TRU-058).

A list of names says what is called; the numbers and models within objects of these names are what
this looks at. What the user allowed by name is free of it (TRU-005).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlmodel.trust.pickles.names import BOOSTER, LIGHTGBM, LIGHTGBM_BOOSTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.trust.pickles.budget import Budget
    from mlmodel.trust.pickles.findings import Scan

__all__ = ["Believed"]


@dataclass(frozen=True, slots=True)
class Believed:
    """What is looked at in one file that is loaded without trust.

    Args:
        file: the file, relative to its folder.
        allow: the names that the user allowed.
        budget: what the model's files may cost.

    """

    file: str
    allow: frozenset[str]
    budget: Budget

    def stand_ins(self) -> dict[tuple[str, str], Callable[[str], type]]:
        """Return what stands for a class of the list while a pickle is loaded."""

        def booster(file: str) -> type:
            from mlmodel.trust import pickled_boosters  # it needs numpy

            return pickled_boosters.stand_in(file, self.budget)

        def lightgbm(file: str) -> type:
            from mlmodel.trust import pickled_lightgbm  # it needs numpy

            return pickled_lightgbm.stand_in(file)

        return {BOOSTER: booster, LIGHTGBM_BOOSTER: lightgbm}

    def in_skops(self, found: Scan, data: bytes) -> Scan:
        """Return what was found in a skops file, with the boosters in it looked at.

        Raises:
            InvalidModel: one of them is not what its library may be given.

        """
        if ".".join(BOOSTER) in self._own(found):
            from mlmodel.trust import pickled_boosters  # it needs numpy

            checked = pickled_boosters.with_checked_handles(data, self.file, self.budget)
            found = replace(found, data=checked)
        if self._holds_lightgbm(found):
            from mlmodel.trust import pickled_lightgbm  # it needs numpy

            pickled_lightgbm.check_texts(data, self.file)
        return found

    def require(self, found: Scan, loaded: Any) -> None:
        """Go on only where all numbers of what was loaded may be believed.

        Raises:
            InvalidModel: some may not.

        """
        from mlmodel.trust import bounds  # it needs numpy

        bounds.check(loaded, self.file)
        if self._holds_lightgbm(found):
            from mlmodel.trust.pickled_lightgbm import require_data

            require_data(loaded, self.file)

    def _holds_lightgbm(self, found: Scan) -> bool:
        return not {".".join(at) for at in LIGHTGBM}.isdisjoint(self._own(found))

    def _own(self, found: Scan) -> set[str]:
        """Return the names of a file that the user did not allow."""
        return set(found.names) - self.allow
