"""Message classes of the project's protocol buffers.

The descriptors are data (``mlmodel_v1.py``, generated from ``proto/`` by ``make generate``),
loaded into a pool of our own: another package's generated code, or a user's own from the same
``.proto`` files in another version, can stand beside it, and no version of the generator has
to match the installed runtime. Needs the extra ``grpc``.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from mlmodel._extras import require

__all__ = ["message"]


@cache
def _pool() -> Any:
    from mlmodel._proto import mlmodel_v1

    descriptor_pb2 = require("google.protobuf.descriptor_pb2", "grpc")
    descriptor_pool = require("google.protobuf.descriptor_pool", "grpc")
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(mlmodel_v1.DESCRIPTORS))
    for file in files.file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def message(name: str) -> Any:
    """Return the class of a message of the package ``mlmodel.v1``, such as ``Signature``.

    Raises:
        MissingDependency: protobuf is not installed.
        KeyError: the package has no such message.

    """
    factory = require("google.protobuf.message_factory", "grpc")
    return factory.GetMessageClass(_pool().FindMessageTypeByName(f"mlmodel.v1.{name}"))
