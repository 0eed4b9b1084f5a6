"""The engine: from columns to columns. Typed callers enter here, codecs hand over to it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidInput
from mlmodel.scoring.declared import Declared
from mlmodel.scoring.predict import handing_on
from mlmodel.scoring.stages import CURRENT
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.enforce.undeclared import check_mapping
from mlmodel.signature.violations import invalid_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.violations import Findings

__all__ = ["Engine"]


class Engine(Declared):
    """A model's predict function behind its signature.

    Args:
        predict: called with what the plan delivers (DataFrame for columns, ndarray or dict of
            ndarrays for tensors, the data themselves without a signature) and the parameters
            (a dict, or None where the signature declares none and none were given), without
            the declared defaults that it says it cannot take (PYF-025).
        signature: what the model declares; None enforces nothing.

    """

    __slots__ = ("call", "enforce")

    def __init__(self, predict: Predict, signature: ModelSignature | None = None) -> None:
        plan = Plan(None) if signature is None else signature.plan
        super().__init__(signature, plan.matching)
        self.call = handing_on(predict, None if signature is None else signature.params)
        self.enforce: Callable[[Any], Any] = plan.enforce

    def predict(self, data: Any, params: Mapping[str, object] | None = None) -> Any:
        """Enforce and predict; the model's own exception propagates.

        Raises:
            InvalidArgument: the parameters are not a mapping (PYF-030).
            InvalidInput: the data or the parameters contradict the signature.

        Warns:
            UserWarning: parameters that are not declared are left out (ENF-080).

        """
        return self.call(*self.warned(data, params))

    def warned(
        self, data: Any, params: Mapping[str, object] | None
    ) -> tuple[Any, dict[str, object] | None]:
        """Return what :meth:`checked` does, with a warning of what is left out (ENF-080)."""
        checked = self.checked(data, params)
        told = self.told(params)
        if told is not None:
            warn_caller(told)
        return checked

    def checked(
        self,
        data: Any,
        params: Mapping[str, object] | None,
        found: Findings | None = None,
    ) -> tuple[Any, dict[str, object] | None]:
        """Return data and parameters as the model gets them.

        Args:
            data: what is enforced.
            params: those given.
            found: what was found wrong with the data when they were read: it is told together with
                what is found here.

        Raises:
            InvalidArgument: the parameters are not a mapping (PYF-030).
            InvalidInput: with every violation of both (ENF-003).

        """
        if (stages := CURRENT.get()) is not None and stages.timed:
            stages.decoded = perf_counter()
        check_mapping(params)
        try:
            delivered = self.enforce(data)
        except InvalidInput as error:
            if not found:
                raise self.refusal(error, params) from None
            found += error.violations
        if not found:
            return delivered, self.params(params)
        schema = self.matching.schema
        raise self.refusal(
            invalid_input(found if schema is None else found.in_order_of(schema)), params
        )
