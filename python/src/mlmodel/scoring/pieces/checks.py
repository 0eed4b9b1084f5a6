"""The pieces of a file held against a signature, and what was found as one report (RST-191)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidInput, MalformedRequest
from mlmodel.scoring.invocations.checking import Check, check_input
from mlmodel.scoring.pieces.rows import moved
from mlmodel.signature.violations import NOT_LOOKED_FOR, invalid_input

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmodel.scoring.pieces.piece import Piece
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["check_pieces"]

#: After so many violations the pieces that follow are not looked at (RST-109).
_MOST = 20_000


def check_pieces(pieces: Iterable[Piece], signature: ModelSignature | None) -> Check:
    """Check the pieces of a file by a signature; what is wrong is returned, as for one body.

    A piece that is not of the form ends the check: no row behind it is known.

    Raises:
        InvalidArgument: a file of this form cannot be cut.

    """
    try:
        return _checked(pieces, signature)
    except MalformedRequest as error:
        return Check(_declares(signature), None, None, error)


def _checked(pieces: Iterable[Piece], signature: ModelSignature | None) -> Check:
    rows, fitting = 0, 0
    is_counted = True
    found: dict[object, InputViolation] = {}
    warning: str | None = None
    for piece in pieces:
        check = check_input(piece.content_type, piece.body, signature)
        error = check.error
        if error is not None and not isinstance(error, InvalidInput):
            return check
        warning = warning or check.warning
        rows += check.rows or 0
        is_counted = is_counted and check.fitting is not None
        fitting += check.fitting or 0
        for one in () if error is None else error.violations:
            told = moved(one, piece.start)
            # What is true of a whole column is told by each piece, and said once.
            key = (told.rule, told.column) if one.row is None else len(found)
            if isinstance(told, InputViolation):
                found.setdefault(key, told)
        if len(found) > _MOST:
            found[NOT_LOOKED_FOR] = _more(piece.start + piece.rows)
            is_counted = False
            break
    violations = list(found.values())
    if any(one.row is None and one.rule != NOT_LOOKED_FOR for one in violations):
        fitting = 0
    refusal = invalid_input(violations) if violations else None
    return Check(_declares(signature), rows, fitting if is_counted else None, refusal, warning)


def _declares(signature: ModelSignature | None) -> bool:
    return signature is not None and signature.inputs is not None


def _more(row: int) -> InputViolation:
    message = f"After {_MOST:,} problems the rows from {row} on were not looked at."
    return InputViolation(NOT_LOOKED_FOR, message)
