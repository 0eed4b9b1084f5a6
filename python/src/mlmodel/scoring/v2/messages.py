"""What the protocol speaks of, whatever carries it: tensors, requests, answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["InferRequest", "InferResponse", "RequestedOutput", "Tensor"]


@dataclass(slots=True)
class Tensor:
    """One tensor (OIP-001).

    ``values`` is an array of the shape ``shape``, of the dtype that
    :data:`~mlmodel.scoring.v2.datatypes.DATATYPES` has for ``datatype``: for BYTES of objects,
    each of them bytes or a text, or None where it is missing. It may be read-only, and is None
    where nobody asks for it, as of an input that is not declared (OIP-026). ``mask`` (of the same
    shape, True = missing) is None where nothing is missing, or where the elements say it (NaN in
    floating point, None in BYTES). ``parameters`` are the tensor's, such as ``content_type``.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: npt.NDArray[Any] | None
    mask: npt.NDArray[np.bool_] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that a request asks for by its name (OIP-046)."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class InferRequest:
    """A request for predictions.

    ``outputs`` is None where all are asked for. ``violations`` says which elements could not be
    read at their datatypes: they are refused together with what is found later (OIP-027). Of the
    tensors that they are about only the shape counts.
    """

    inputs: list[Tensor]
    parameters: dict[str, Any] = field(default_factory=dict)
    outputs: list[RequestedOutput] | None = None
    id: str | None = None
    violations: Findings = field(default_factory=Findings)


@dataclass(slots=True)
class InferResponse:
    """The answer to a request for predictions (OIP-040)."""

    model_name: str
    outputs: list[Tensor]
    model_version: str | None = None
    id: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
