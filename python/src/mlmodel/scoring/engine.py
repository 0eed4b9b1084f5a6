"""The engine: from columns to columns. Typed callers enter here, codecs hand over to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InputViolation, InvalidInput
from mlmodel.signature.names import invalid_input
from mlmodel.signature.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.signature.types import ModelSignature

__all__ = ["Engine"]


class Engine:
    """A model's predict function behind its signature.

    Args:
        predict: called with what the plan delivers (DataFrame for columns, ndarray or dict of
            ndarrays for tensors, the data themselves without a signature) and the parameters
            (a dict, or None where the signature declares none and none were given).
        signature: what the model declares; None enforces nothing.

    """

    __slots__ = ("call", "enforce", "plan", "signature")

    def __init__(
        self,
        predict: Callable[[Any, dict[str, Any] | None], Any],
        signature: ModelSignature | None = None,
    ) -> None:
        self.call = predict
        self.signature = signature
        self.plan = Plan(None) if signature is None else signature.plan
        self.enforce = self.plan.enforce

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
        from mlmodel.signature.params import enforce_params

        return enforce_params(given, specs)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Enforce and predict; the model's own exception propagates.

        Raises:
            InvalidInput: the data or the parameters contradict the signature.

        """
        return self.call(*self.checked(data, params))

    def checked(
        self, data: Any, params: Mapping[str, Any] | None
    ) -> tuple[Any, dict[str, Any] | None]:
        """Return data and parameters as the model gets them.

        Raises:
            InvalidInput: with every violation of both (ENF-003).

        """
        try:
            delivered = self.enforce(data)
        except InvalidInput as error:
            raise self.refusal(error, params) from None
        return delivered, self.params(params)

    def refusal(self, error: InvalidInput, params: Mapping[str, Any] | None) -> InvalidInput:
        """Return the error for data, joined by what is wrong with the parameters given."""
        try:
            self.params(params)
        except InvalidInput as other:
            found = [*error.details, *other.details]
            return invalid_input([v for v in found if isinstance(v, InputViolation)])
        return error
