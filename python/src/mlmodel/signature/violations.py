"""Violations of a signature by data, and the one error for all of them (ENF-003, ENF-004)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

__all__ = [
    "NOT_LOOKED_FOR",
    "Findings",
    "invalid_input",
    "missing_input",
    "not_looked_for",
    "type_name",
]

#: The rule by which a search ends; its entry stands for what was not looked for.
NOT_LOOKED_FOR = "RST-109"


class Findings(list[InputViolation]):
    """What is wrong with data: handed from check to check, so that all of it is told at once."""

    __slots__ = ()

    def in_order_of(self, schema: Schema) -> Findings:
        """Return what was found in the order of the inputs that it is about (ENF-003).

        What is about no declared input, but about the data as a whole, comes first.
        """
        if len(self) <= 1:
            return self
        order: dict[object, int] = {place: place for place in range(len(schema.inputs))}
        order |= {label: place for place, label in enumerate(schema.input_names())}
        return Findings(sorted(self, key=lambda found: order.get(found.column, -1)))

    def raise_all(self) -> None:
        """Raise the one error for everything that was found, if anything was (ENF-003).

        Raises:
            InvalidInput: something was.

        """
        if self:
            raise invalid_input(self)


def missing_input(spec: ColSpec | TensorSpec, given: str, row: int | None = None) -> InputViolation:
    """Return the violation for a required input that is not there; ``given`` says what is."""
    label = "" if spec.name is None else spec.name
    where = "" if row is None else f", row {row}"
    end = "" if given.endswith("?") else "."
    message = f"Input {label!r}{where} is missing: the signature requires it; {given}{end}"
    return InputViolation("ENF-004", message, label, row, type_name(spec))


def not_looked_for(wrong: int, name: str | int | None) -> InputViolation:
    """Return the entry for an input, or for rows, of which no more wrong ones were looked for."""
    what = "Rows" if name is None else f"Input {name!r}"
    message = (
        f"{what}: {wrong:,} are wrong, and there are more, which were not looked at one by one."
        if name is None
        else f"{what}: {wrong:,} cells are wrong, and there are more, which were not looked at one "
        "by one."
    )
    return InputViolation(NOT_LOOKED_FOR, message, name)


def invalid_input(violations: Sequence[InputViolation]) -> InvalidInput:
    """Return the one error for all violations, with a headline that counts them (ENF-003)."""
    count = sum(one.rule != NOT_LOOKED_FOR for one in violations)
    least = "" if count == len(violations) else "at least "
    found = f" ({least}{count} problems, the first of them follows)"
    if len(violations) == 1:
        found = ""
    return InvalidInput(
        f"The data do not fit the model's signature{found}. {violations[0].message}",
        violations,
    )


def type_name(spec: ColSpec | TensorSpec) -> str:
    """Return the declared type as an error names it."""
    declared = getattr(spec.type, "value", None)
    return str(declared) if declared is not None else spec.dtype  # type: ignore[union-attr]
