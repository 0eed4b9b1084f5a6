"""The errors for values that cannot go to R, and for answers that cannot come from it."""

from __future__ import annotations

from dataclasses import dataclass

from mlmodel.errors import InputViolation, InvalidInput

__all__ = ["LOSSY", "Place"]

#: The rule on what would be another value on the other side.
LOSSY = "CRA-009"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: in words, and by the name of the column or argument."""

    words: str
    name: str | int | None = None

    @classmethod
    def column(cls, name: object) -> Place:
        """Return the place of a table's column."""
        return cls(f"Column {name!r}", name if isinstance(name, str | int) else str(name))

    def below(self, name: object) -> Place:
        """Return the place of what a list or mapping has under a name or number."""
        return Place(f"{self.words}, {name!r}", self.name)

    def fault(self, what: str, row: int | None = None) -> InvalidInput:
        """Return the error for a value here that cannot go over as it is."""
        where = self.words if row is None else f"{self.words}, row {row}"
        message = f"{where}: {what}"
        violation = InputViolation(LOSSY, f"{message}.", self.name, row)
        return InvalidInput(f"{message} ({LOSSY})", [violation])
