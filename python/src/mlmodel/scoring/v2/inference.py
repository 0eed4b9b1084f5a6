"""Named tensors and parameters -> engine -> named tensors: the core of the protocol.

It knows neither JSON nor bytes: whatever carries typed tensors calls :func:`infer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.errors import InputViolation, InvalidArgument, MalformedRequest, shown
from mlmodel.scoring.asking import ask
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.inputs import model_input
from mlmodel.scoring.v2.kinds import EXACT, KIND, kind_of
from mlmodel.scoring.v2.messages import InferResponse
from mlmodel.scoring.v2.metadata import check_supported
from mlmodel.scoring.v2.outputs import output_tensors
from mlmodel.scoring.v2.shapes import check_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.v2.messages import InferRequest, RequestedOutput, Tensor
    from mlmodel.scoring.v2.registry import Served
    from mlmodel.signature.data.columns import Columns

__all__ = ["BINARY_OUTPUT", "infer", "infer_columns"]

#: The parameter of a request that asks for answers in binary form (OIP-012).
BINARY_OUTPUT = "binary_data_output"
#: What is said to the protocol, and not to the model (OIP-037).
_OF_PROTOCOL = frozenset({hints.CONTENT_TYPE, BINARY_OUTPUT, EXACT})


def infer(
    model: Served, request: InferRequest, *, warn: Callable[[str], object] | None = None
) -> InferResponse:
    """Ask a model, and return what it answers as named tensors.

    Args:
        model: as the registry has it.
        request: tensors as :class:`~mlmodel.scoring.v2.messages.Tensor` describes them: datatype
            and shape are as :mod:`~mlmodel.scoring.v2.shapes` allows, values are at that dtype.
            The parameters are those of the model, and hints.
        warn: is told which parameters were left out (ENF-080), once the model has answered.

    Raises:
        Unavailable: the model is not ready.
        UnsupportedMediaType: a hint is not known, or does not fit (OIP-035).
        UnsupportedModel: the protocol cannot hold what the model declares (OIP-058).
        MalformedRequest: there is no input, or a name stands twice.
        InvalidInput: tensors or parameters contradict the signature, with every violation.
        InvalidArgument: an output is asked for that is not answered (OIP-046).
        ModelFailure: the model raised.
        UnserializablePrediction: its answer has no form in tensors.

    """
    engine = model.ready()
    if not request.inputs:
        raise MalformedRequest("The request has no inputs (OIP-054).")
    check_names((tensor.name for tensor in request.inputs), "inputs", "OIP-026")
    check_names((asked.name for asked in request.outputs or ()), "outputs", "OIP-046")
    check_supported(model)
    given = {k: v for k, v in request.parameters.items() if k not in _OF_PROTOCOL} or None
    read, found = model_input(request, engine.matching)
    data, params = engine.checked(read, given, found)  # which tells all of it (OIP-027)
    signature = engine.signature
    declared = None if signature is None else signature.outputs
    predictions = ask(engine, data, params)
    tensors, hint = output_tensors(predictions, declared)
    if request.outputs is not None:
        tensors = [_chosen(asked, tensors) for asked in request.outputs]
    left_out = engine.told(given)
    if left_out is not None and warn is not None:
        warn(left_out)
    said = {hints.CONTENT_TYPE: hint}
    if request.parameters.get(EXACT) is True:
        said[KIND] = kind_of(predictions)
    return InferResponse(model.name, tensors, model.version, request.id, said)


def infer_columns(model: Served, columns: Columns, identifier: str | None) -> InferResponse:
    """Ask a model of named columns, without parameters, and return all that it answers.

    Raises:
        MlmodelError: as :func:`infer` does.

    """
    engine = model.ready()
    data, params = engine.checked(columns, None)
    signature = engine.signature
    declared = None if signature is None else signature.outputs
    tensors, hint = output_tensors(ask(engine, data, params), declared)
    said = {hints.CONTENT_TYPE: hint}
    return InferResponse(model.name, tensors, model.version, identifier, said)


def _chosen(asked: RequestedOutput, tensors: list[Tensor]) -> Tensor:
    found = next((tensor for tensor in tensors if tensor.name == asked.name), None)
    if found is None:
        message = (
            f"The output {shown(asked.name)} is not answered; the outputs are "
            f"{', '.join(shown(tensor.name) for tensor in tensors[:10])} (OIP-046)."
        )
        raise InvalidArgument(message, [InputViolation("OIP-046", message, asked.name[:60])])
    return found
