"""The errors for data that do not suit a model, by the rules of a flavor's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["invalid", "invalid_each"]


def invalid(
    rule: str, message: str, name: str | None = None, row: int | None = None
) -> InvalidInput:
    """Return the error for one thing that is wrong, of the input ``name`` if it is one's."""
    return InvalidInput(f"{message} ({rule})", [InputViolation(rule, message, name, row)])


def invalid_each(headline: str, rule: str, messages: Mapping[str, str]) -> InvalidInput:
    """Return the one error for several inputs or parameters: a message for each name."""
    details = [InputViolation(rule, message, name) for name, message in messages.items()]
    return InvalidInput(headline, details)
