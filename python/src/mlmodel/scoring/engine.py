"""The engine: from columns to columns. Typed callers enter here, codecs hand over to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidInput
from mlmodel.scoring.declared import Declared
from mlmodel.signature.enforce.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.signature.model_signature import ModelSignature


__all__ = ["Engine"]


class Engine(Declared):
    """A model's predict function behind its signature.

    Args:
        predict: called with what the plan delivers (DataFrame for columns, ndarray or dict of
            ndarrays for tensors, the data themselves without a signature) and the parameters
            (a dict, or None where the signature declares none and none were given).
        signature: what the model declares; None enforces nothing.

    """

    __slots__ = ("call", "enforce")

    def __init__(
        self,
        predict: Callable[[Any, dict[str, object] | None], Any],
        signature: ModelSignature | None = None,
    ) -> None:
        plan = Plan(None) if signature is None else signature.plan
        super().__init__(signature, plan.matching)
        self.call = predict
        self.enforce: Callable[[Any], Any] = plan.enforce

    def predict(self, data: Any, params: Mapping[str, object] | None = None) -> Any:
        """Enforce and predict; the model's own exception propagates.

        Raises:
            InvalidInput: the data or the parameters contradict the signature.

        """
        return self.call(*self.checked(data, params))

    def checked(
        self, data: Any, params: Mapping[str, object] | None
    ) -> tuple[Any, dict[str, object] | None]:
        """Return data and parameters as the model gets them.

        Raises:
            InvalidInput: with every violation of both (ENF-003).

        """
        try:
            delivered = self.enforce(data)
        except InvalidInput as error:
            raise self.refusal(error, params) from None
        return delivered, self.params(params)
