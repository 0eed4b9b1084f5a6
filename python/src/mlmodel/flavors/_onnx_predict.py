"""How a session of ONNX Runtime predicts: arrays in the graph's own dtypes (ONX-007 to ONX-012)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors import _onnx_session as _session
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._arrays import ArrayInput, ArrayInputs, answer
from mlmodel.flavors._tables import as_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._base import Predict

__all__ = ["predictor"]

#: Type of a tensor, as ONNX Runtime writes it -> numpy's dtype.
_DTYPES = {
    f"tensor({element})": dtype
    for element, dtype in {
        "float": "float32", "double": "float64", "float16": "float16", "string": "object",
        "bool": "bool", "complex64": "complex64", "complex128": "complex128",
        **{name: name for size in (8, 16, 32, 64) for name in (f"int{size}", f"uint{size}")},
    }.items()
}  # fmt: skip


def predictor(session: Any) -> Predict:
    """Return how a session predicts."""
    declared = [_declared(one) for one in session.get_inputs()]
    # Weights that are inputs, too, may be given, as ONNX Runtime lets them be.
    declared += [_declared(one, optional=True) for one in session.get_overridable_initializers()]
    inputs = ArrayInputs(declared, names_rule="ONX-007", cast_rule="ONX-008")
    names = [one.name for one in session.get_outputs()]

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "An ONNX graph")
        frame = as_frame(model_input)
        given = model_input if frame is None else frame
        outputs = _session.run(session, inputs.of(given))
        return answer(given, dict(zip(names, outputs, strict=True)))

    return predict


def _declared(one: Any, *, optional: bool = False) -> ArrayInput:
    """Return an input as ONNX Runtime tells of it; a scalar and unknown axes are told alike."""
    kind = one.type
    if kind.startswith("optional("):
        optional, kind = True, kind[len("optional(") : -1]
    sequence = kind.startswith("seq(tensor(")
    dtype = _DTYPES.get(kind[len("seq(") : -1] if sequence else kind)
    return ArrayInput.declared(
        one.name, dtype, one.shape or None, optional=optional, sequence=sequence
    )
