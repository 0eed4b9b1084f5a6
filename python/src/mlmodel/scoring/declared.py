"""What a model declares of its input: enough to read a body, without pandas and without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InvalidInput
from mlmodel.signature.enforce.matching import Matching
from mlmodel.signature.enforce.undeclared import check_mapping, left_out
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.signature.model_signature import ModelSignature

__all__ = ["Declared"]


class Declared:
    """A model's signature, as the ways in ask for it.

    Args:
        signature: what the model declares; None declares nothing.
        matching: what decoders ask, where the caller has it; else it is made of the signature.

    """

    __slots__ = ("matching", "param_names", "signature")

    def __init__(self, signature: ModelSignature | None, matching: Matching | None = None) -> None:
        self.signature = signature
        specs = signature.params if signature is not None else None
        self.param_names = frozenset(spec.name for spec in specs or ())
        self.matching = matching or Matching(None if signature is None else signature.inputs)

    @property
    def output_names(self) -> list[str] | None:
        """What the outputs are called, None where they have no names (RST-125)."""
        outputs = None if self.signature is None else self.signature.outputs
        if outputs is None or not outputs.has_input_names():
            return None
        return [str(name) for name in outputs.input_names()]

    def params(self, given: Mapping[str, object] | None) -> dict[str, object] | None:
        """Return the parameters as the model gets them: checked, with defaults filled in.

        What is not declared is left out; :meth:`told` says so.

        Raises:
            InvalidArgument: they are not a mapping (PYF-030).
            InvalidInput: with every violation of the parameters' rules.

        """
        check_mapping(given)
        if self.signature is None:  # ENF-090: nothing declared, nothing converted
            return dict(given) if given else None
        specs = self.signature.params
        if not given and not specs:
            return None
        from mlmodel.signature.enforce.params import enforce_params

        return enforce_params(given, specs)

    def told(self, given: Mapping[str, object] | None) -> str | None:
        """Return the sentence on parameters that are left out as undeclared (ENF-080), or None."""
        if not given or self.signature is None:
            return None
        return left_out(given, self.signature.params)

    def refusal(self, error: InvalidInput, params: Mapping[str, object] | None) -> InvalidInput:
        """Return the error for data, joined by what is wrong with the parameters given."""
        try:
            self.params(params)
        except InvalidInput as other:
            return invalid_input([*error.violations, *other.violations])
        return error
