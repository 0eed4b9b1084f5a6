"""What a model declares of its input: enough to read a body, without pandas and without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InputViolation, InvalidInput
from mlmodel.signature.enforce.matching import Selection, match
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import Schema

__all__ = ["Declared", "Names"]


class Names:
    """The part of a plan that decoding needs; the other part needs pandas."""

    def __init__(self, schema: Schema | None) -> None:
        self.schema = schema
        self.memory: dict[Any, Any] = {}

    def match(self, names: Sequence[str] | None, width: int) -> Selection:
        """See :meth:`mlmodel.signature.enforce.plan.Plan.match`."""
        if self.schema is None:
            return Selection(tuple(range(width)), (), in_order=True)
        return match(self.schema.inputs, names, width)

    def select(self, names: Sequence[str] | None, width: int) -> tuple[int | None, ...]:
        """See :meth:`mlmodel.signature.enforce.plan.Plan.select`."""
        found = self.match(names, width)
        if found.violations:
            raise invalid_input(found.violations)
        return found.positions


class Declared:
    """A model's signature, as the ways in ask for it.

    Args:
        signature: what the model declares; None declares nothing.
        plan: what decoders ask; None makes one that serves them alone.

    """

    __slots__ = ("plan", "signature")

    plan: Any

    def __init__(self, signature: ModelSignature | None, plan: Any = None) -> None:
        self.signature = signature
        self.plan = plan or Names(None if signature is None else signature.inputs)

    def params(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return the parameters as the model gets them: checked, with defaults filled in.

        Raises:
            InvalidInput: with every violation of the parameters' rules.

        """
        if self.signature is None:  # ENF-090: nothing declared, nothing converted
            return dict(given) if given else None
        specs = self.signature.params
        if not given and not specs:
            return None
        from mlmodel.signature.enforce.params import enforce_params

        return enforce_params(given, specs)

    def refusal(self, error: InvalidInput, params: Mapping[str, Any] | None) -> InvalidInput:
        """Return the error for data, joined by what is wrong with the parameters given."""
        try:
            self.params(params)
        except InvalidInput as other:
            found = [*error.details, *other.details]
            return invalid_input([v for v in found if isinstance(v, InputViolation)])
        return error
