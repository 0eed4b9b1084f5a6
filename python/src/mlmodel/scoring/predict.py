"""How a loaded model predicts, whatever its flavor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mlmodel.errors import InputViolation, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlmodel.signature.types.params import ParamSpec

__all__ = ["Predict", "Taking", "handing_on", "not_taken", "refuse"]


class Predict(Protocol):
    """How a loaded model predicts: enforced input and parameters in, predictions out."""

    def __call__(self, model_input: Any, params: Mapping[str, Any] | None, /) -> Any: ...


@dataclass(frozen=True)
class Taking:
    """A way to predict that says by name which parameters it takes."""

    predict: Predict
    takes: Callable[[str], bool]

    def __call__(self, model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        """Return predictions."""
        return self.predict(model_input, params)


def not_taken(predict: Predict | None, declared: Iterable[ParamSpec] | None) -> list[str]:
    """Return the declared parameters that cannot be handed on, as far as can be told."""
    takes = getattr(predict, "takes", None)
    return [spec.name for spec in declared or () if takes is not None and not takes(spec.name)]


def handing_on(predict: Predict, declared: Iterable[ParamSpec] | None) -> Predict:
    """Return ``predict`` without the declared defaults that it cannot take (PYF-025).

    Its parameters are checked ones, with their defaults. One that is not taken and has another
    value than its default comes from the caller, and is an InvalidInput.
    """
    left_out = set(not_taken(predict, declared))
    specs = [spec for spec in declared or () if spec.name in left_out]
    if not specs:
        return predict

    def call(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        from mlmodel.signature.enforce.params import enforce_params

        defaults = enforce_params(None, specs) or {}
        given = params or {}
        refuse(name for name in defaults if name in given and given[name] != defaults[name])
        handed = {name: value for name, value in given.items() if name not in defaults}
        return predict(model_input, handed or None)

    return call


def refuse(names: Iterable[str]) -> None:
    """Raise InvalidInput for parameters that a caller gave and the model cannot take (PYF-025)."""
    details = [
        InputViolation("PYF-025", f"Parameter {name!r} is not taken by the model's predict", name)
        for name in names
    ]
    if details:
        raise InvalidInput("The parameters cannot be handed to the model", details)
