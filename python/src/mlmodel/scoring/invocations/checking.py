"""Data held against a signature alone: every violation, and how many rows fit.

Nothing of a model is loaded: this is what a request goes through before the model is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidInput, MlmodelError
from mlmodel.scoring.declared import Declared
from mlmodel.scoring.invocations.bodies import read_body
from mlmodel.signature.data.columns import AsGiven, Columns, Tensors
from mlmodel.signature.violations import NOT_LOOKED_FOR, invalid_input

if TYPE_CHECKING:
    from mlmodel.errors import InputViolation
    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["Check", "check_input"]


@dataclass(frozen=True, slots=True)
class Check:
    """What became of a check.

    ``rows`` is how many there are and ``fitting`` how many break no rule; both are None where the
    rows could not be told apart, ``fitting`` also where not all were looked at (RST-109).
    ``error`` is what scoring would raise, with every violation (scoring tells the first per rule
    and column), or None. ``warning`` says which parameters are left out, or is None.
    """

    declares_inputs: bool
    rows: int | None
    fitting: int | None
    error: MlmodelError | None
    warning: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the report as ``schemas/v1/scoring/input-report.json`` has it."""
        error = self.error
        return {
            "valid": error is None,
            "declares_inputs": self.declares_inputs,
            "rows": self.rows,
            "rows_that_fit": self.fitting,
            "warning": self.warning,
            "error": error
            and {
                "error_code": error.code,
                "message": error.message,
                "details": [
                    {key: value for key, value in one.as_dict().items() if key != "message"}
                    for one in error.details
                ],
            },
        }


def check_input(content_type: str | None, body: bytes, signature: ModelSignature | None) -> Check:
    """Check a request's body by a signature (None declares nothing); what is wrong is returned."""
    declared = Declared(signature)
    declares_inputs = declared.matching.schema is not None
    try:
        request = read_body(
            content_type, body, declared.matching, every=True, params=declared.param_names
        )
    except MlmodelError as error:
        return Check(declares_inputs, None, None, error)
    found = _violations_of(request.data, signature)
    fitting = _fitting_rows(request.rows, found)
    if request.params:
        try:
            declared.params(request.params)
        except InvalidInput as error:
            found += error.violations
    refusal = invalid_input(found) if found else None
    told = declared.told(request.params)
    return Check(declares_inputs, request.rows, fitting, refusal, told)


def _violations_of(data: object, signature: ModelSignature | None) -> list[InputViolation]:
    """Return what is wrong with data: what was found in reading, or of typed ones is found now."""
    if isinstance(data, InvalidInput):
        return data.violations
    if signature is None or isinstance(data, Tensors | AsGiven):
        return []
    if isinstance(data, Columns) and not signature.delivery:
        return []  # it was read at the declared types, and there is no record to follow (ENF-094)
    try:
        signature.plan.enforce(data)
    except InvalidInput as error:
        return error.violations
    return []


def _fitting_rows(rows: int | None, found: list[InputViolation]) -> int | None:
    """Return how many rows break no rule: none, if a rule is broken by no row in particular.

    None says that it is not known, since some were not looked at (RST-109).
    """
    # Of days only the first row is told that is a time within one.
    if any(violation.rule in {NOT_LOOKED_FOR, "ENF-094"} for violation in found):
        return None
    broken = {violation.row for violation in found}
    if rows is None or None in broken:
        return None if rows is None else 0
    return rows - len(broken)
