"""Metadata of the server and of models, as objects of the protocol (OIP-056 to OIP-058)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.collections import remember
from mlmodel._base.version import __version__
from mlmodel.errors import UnsupportedModel
from mlmodel.scoring.v2 import hints
from mlmodel.scoring.v2.datatypes import BYTES, datatype_of
from mlmodel.scoring.v2.elements import default_hint
from mlmodel.scoring.v2.inputs import UNNAMED as INPUT
from mlmodel.scoring.v2.outputs import UNNAMED as OUTPUT
from mlmodel.signature.types.schema import ColSpec

if TYPE_CHECKING:
    from mlmodel.scoring.engine import Engine
    from mlmodel.scoring.v2.registry import Served
    from mlmodel.signature.types.schema import Schema, TensorSpec

__all__ = ["check_supported", "model_metadata", "server_metadata"]

#: By numpy's kinds, what BYTES of a tensor are.
_HINTS = {"U": hints.TEXT, "O": hints.TEXT, "S": hints.BASE64, "M": hints.DATETIME}

#: Under this key a matching keeps what is said of its inputs, and the outputs beside them.
_DESCRIBED = "v2"


def server_metadata(*, repository: bool = False) -> dict[str, Any]:
    """Return name, version and extensions of the server; ``repository``: it has that one."""
    extensions = ["binary_tensor_data"]
    if repository:
        extensions.append("model_repository")
    return {"name": "mlmodel", "version": __version__, "extensions": extensions}


def model_metadata(model: Served) -> dict[str, Any]:
    """Return the metadata of a model.

    Raises:
        Unavailable: the model is not ready (OIP-051).
        UnsupportedModel: it declares a tensor that the protocol cannot hold (OIP-058).

    """
    engine = model.ready()
    memory = engine.matching.memory
    # A server answers this between other requests, and there may be 100,000 columns.
    described: Any = memory.get(_DESCRIBED)
    if described is None:
        described = _of_engine(engine)
        remember(memory, _DESCRIBED, described)
    named = {
        "name": model.name,
        "versions": list(model.versions),
        "platform": model.platform,
    }
    return {**named, **described}


def _of_engine(engine: Engine) -> dict[str, Any]:
    signature, inputs = engine.signature, engine.matching.schema
    outputs = None if signature is None else signature.outputs
    found: dict[str, Any] = {
        "inputs": _described(inputs, INPUT, 0),
        "outputs": _described(outputs, OUTPUT, 1),
    }
    if inputs is not None:
        found["parameters"] = {hints.CONTENT_TYPE: _request_hint(inputs)}
    return found


def check_supported(model: Served) -> None:
    """Check that the protocol can hold the tensors that a model declares.

    Raises:
        Unavailable, UnsupportedModel: as :func:`model_metadata`.

    """
    matching = model.ready().matching
    if matching.has_tensors and _DESCRIBED not in matching.memory:
        model_metadata(model)


def _request_hint(inputs: Schema) -> str:
    if not inputs.is_tensor_spec():
        return hints.PANDAS
    return hints.DICT if inputs.has_input_names() else hints.NUMPY


def _described(schema: Schema | None, unnamed: str, first: int) -> list[dict[str, Any]]:
    found = []
    for number, spec in enumerate(() if schema is None else schema.inputs, first):
        name = unnamed.format(number) if spec.name is None else str(spec.name)
        of = _column(spec) if isinstance(spec, ColSpec) else _tensor(spec, name)
        found.append({"name": name, **of})
    return found


def _column(spec: ColSpec) -> dict[str, Any]:
    hint = default_hint(spec.type)
    parameters: dict[str, Any] = {} if hint is None else {hints.CONTENT_TYPE: hint}
    if not spec.required:
        parameters["required"] = False
    datatype = BYTES
    if hint is None:
        datatype = datatype_of(spec.type.to_pandas()) or BYTES  # type: ignore[union-attr]
    return _with({"datatype": datatype, "shape": [-1]}, parameters)


def _tensor(spec: TensorSpec, name: str) -> dict[str, Any]:
    datatype, hint = datatype_of(spec.type), _HINTS.get(spec.type.kind)
    if datatype is None and hint is None:
        raise UnsupportedModel(
            f"The model declares the tensor {name!r} of {spec.dtype}, for which the Open Inference "
            "Protocol has no datatype; score it by /invocations (OIP-058)."
        )
    parameters = {} if hint is None else {hints.CONTENT_TYPE: hint}
    return _with({"datatype": datatype or BYTES, "shape": list(spec.shape)}, parameters)


def _with(described: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    return {**described, "parameters": parameters} if parameters else described
