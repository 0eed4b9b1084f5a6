"""Message classes of the project's protocol buffers.

The descriptors are data (``mlmodel_v1.py``, generated from ``proto/`` by ``make generate``),
loaded into a pool of our own: another package's generated code, or a user's own from the same
``.proto`` files in another version, can stand beside it, and no version of the generator has
to match the installed runtime (PRO-001). Needs the extra ``grpc``.
"""

from __future__ import annotations

import base64
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.errors import MlmodelError

__all__ = ["BadMessage", "message", "parse", "refused_as"]


class BadMessage(ValueError):
    """A message that breaks a rule of the protocol buffers; it leaves as an error of the table."""


@contextmanager
def refused_as(kind: type[MlmodelError]) -> Iterator[None]:
    """Let a message that breaks a rule be an error of the table (PRO-005)."""
    try:
        yield
    except BadMessage as error:
        raise kind(str(error)) from error


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


def parse(name: str, encoded: bytes) -> Any:
    """Return the message of this name in some bytes.

    Raises:
        BadMessage: the bytes are not such a message: cut short, too deep, not UTF-8 (PRO-002).
        MissingDependency: protobuf is not installed.

    """
    errors = require("google.protobuf.message", "grpc")
    kind = message(name)
    try:
        return kind.FromString(encoded)
    except (errors.DecodeError, ValueError, RecursionError) as error:
        raise BadMessage(f"The bytes are not a message mlmodel.v1.{name} (PRO-002).") from error
