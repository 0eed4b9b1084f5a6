"""The Open Inference Protocol (V2), without I/O: typed tensors in, typed tensors out.

:func:`infer` is the core: named tensors and parameters go through a model's engine, and come out as
named tensors. It knows neither JSON nor bytes, so a carrier of typed messages (gRPC) calls it as
it is; :func:`handle` is the whole protocol over HTTP, from a request's parts to an answer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.lazy import lazily

if TYPE_CHECKING:
    from mlmodel.scoring.v2.binary import from_raw, raw_form, to_raw
    from mlmodel.scoring.v2.inference import infer
    from mlmodel.scoring.v2.messages import InferRequest, InferResponse, RequestedOutput, Tensor
    from mlmodel.scoring.v2.metadata import model_metadata, server_metadata
    from mlmodel.scoring.v2.registry import Models, Registry, Served
    from mlmodel.scoring.v2.repository import index
    from mlmodel.scoring.v2.rest import HttpAnswer, Work, handle, refusal, work_of
    from mlmodel.scoring.v2.shapes import checked_datatype, checked_shape

__all__ = [
    "HttpAnswer",
    "InferRequest",
    "InferResponse",
    "Models",
    "Registry",
    "RequestedOutput",
    "Served",
    "Tensor",
    "Work",
    "checked_datatype",
    "checked_shape",
    "from_raw",
    "handle",
    "index",
    "infer",
    "model_metadata",
    "raw_form",
    "refusal",
    "server_metadata",
    "to_raw",
    "work_of",
]

_PART = "mlmodel.scoring.v2"
__getattr__, __dir__ = lazily(
    __name__,
    {
        **dict.fromkeys(("from_raw", "raw_form", "to_raw"), f"{_PART}.binary"),
        **dict.fromkeys(
            ("InferRequest", "InferResponse", "RequestedOutput", "Tensor"), f"{_PART}.messages"
        ),
        **dict.fromkeys(("model_metadata", "server_metadata"), f"{_PART}.metadata"),
        **dict.fromkeys(("Models", "Registry", "Served"), f"{_PART}.registry"),
        **dict.fromkeys(("HttpAnswer", "Work", "handle", "refusal", "work_of"), f"{_PART}.rest"),
        **dict.fromkeys(("checked_datatype", "checked_shape"), f"{_PART}.shapes"),
        "infer": f"{_PART}.inference",
        "index": f"{_PART}.repository",
    },
)
