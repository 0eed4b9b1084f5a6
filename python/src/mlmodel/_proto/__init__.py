"""Message classes of the project's protocol buffers.

The descriptors are data (``mlmodel_v1.py`` and its like, generated from ``proto/`` by ``make
generate``), loaded into pools of our own: another package's generated code, or a user's own from
the same ``.proto`` files in another version, can stand beside them, and no version of the generator
has to match the installed runtime (PRO-001, GRP-002). Needs the extra ``grpc``.
"""

from __future__ import annotations

import base64
import importlib
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.errors import MlmodelError

__all__ = ["BadMessage", "message", "parse", "pool", "refused_as"]


class BadMessage(ValueError):
    """A message that breaks a rule of the protocol buffers; it leaves as an error of the table."""


@contextmanager
def refused_as(kind: type[MlmodelError]) -> Iterator[None]:
    """Let a message that breaks a rule be an error of the table (PRO-005)."""
    try:
        yield
    except BadMessage as error:
        raise kind(str(error)) from error


#: The module that has the descriptors of a package.
_MODULES = {
    "mlmodel.v1": "mlmodel_v1",
    "inference": "inference",
    "grpc.health.v1": "grpc_services",
    "grpc.reflection.v1": "grpc_services",
    "grpc.reflection.v1alpha": "grpc_services",
}


@cache
def pool(package: str = "mlmodel.v1") -> Any:
    """Return the descriptor pool that has a package.

    Raises:
        MissingDependency: protobuf is not installed.
        KeyError: there is no such package.

    """
    return _pool(_MODULES[package])


@cache
def _pool(module: str) -> Any:
    held = importlib.import_module(f"mlmodel._proto.{module}")
    descriptor_pb2 = require("google.protobuf.descriptor_pb2", "grpc")
    descriptor_pool = require("google.protobuf.descriptor_pool", "grpc")
    made = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(held.DESCRIPTORS))
    for file in files.file:
        made.AddSerializedFile(file.SerializeToString())
    return made


@cache
def message(name: str, package: str = "mlmodel.v1") -> Any:
    """Return the class of a message of a package, such as ``Signature``.

    Raises:
        MissingDependency: protobuf is not installed.
        KeyError: the package has no such message.

    """
    factory = require("google.protobuf.message_factory", "grpc")
    return factory.GetMessageClass(pool(package).FindMessageTypeByName(f"{package}.{name}"))


def parse(name: str, encoded: bytes, package: str = "mlmodel.v1") -> Any:
    """Return the message of this name in some bytes.

    Raises:
        BadMessage: the bytes are not such a message: cut short, too deep, not UTF-8 (PRO-002).
        MissingDependency: protobuf is not installed.

    """
    kind = message(name, package)
    try:
        return kind.FromString(encoded)
    except (_decode_error(), ValueError, RecursionError) as error:
        raise BadMessage(f"The bytes are not a message {package}.{name} (PRO-002).") from error


@cache
def _decode_error() -> type[Exception]:
    kind: type[Exception] = require("google.protobuf.message", "grpc").DecodeError
    return kind
