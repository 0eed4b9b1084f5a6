"""The floor of gRPC: a bare servicer on grpc.aio; nothing is checked, one kind of tensor is read.

``python floor_grpc.py PORT``: answers the first column of tensors of doubles in raw contents.
"""

from __future__ import annotations

import asyncio
import sys

import grpc
import numpy as np
import pandas as pd

from mlmodel._proto import message as class_of

_REQUEST = class_of("ModelInferRequest", "inference")
_RESPONSE = class_of("ModelInferResponse", "inference")


def answer(body: bytes) -> bytes:
    """Return the answer to the bytes of a request."""
    return _RESPONSE.SerializeToString(_answer(_REQUEST.FromString(body)))


async def infer(request, _context):
    """Answer one request."""
    return _answer(request)


def _answer(request):
    names = [tensor.name for tensor in request.inputs]
    columns = [np.frombuffer(raw, np.float64) for raw in request.raw_input_contents]
    frame = pd.DataFrame(np.column_stack(columns), columns=names, copy=False)
    first = np.ascontiguousarray(frame.to_numpy()[:, 0])
    response = _RESPONSE(model_name=request.model_name)
    response.outputs.add(name="predictions", datatype="FP64", shape=first.shape)
    response.raw_output_contents.append(first.tobytes())
    return response


async def serve(port: int, answer_bytes=None) -> None:
    """Answer until the process is ended; by what answers bytes, where it is given."""
    handler = (
        grpc.unary_unary_rpc_method_handler(infer, _REQUEST.FromString, _RESPONSE.SerializeToString)
        if answer_bytes is None
        else grpc.unary_unary_rpc_method_handler(answer_bytes)
    )
    methods = {"ModelInfer": handler}
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("inference.GRPCInferenceService", methods),)
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
