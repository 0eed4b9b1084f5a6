"""gRPC's standard reflection: what is served, for grpcurl and its like (GRP-015)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlmodel._proto import message, parse, pool, refused_as
from mlmodel.errors import MalformedRequest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SERVICES", "answer"]

#: Service -> its package; both versions are alike.
SERVICES = {f"grpc.reflection.{one}.ServerReflection": f"grpc.reflection.{one}"
            for one in ("v1", "v1alpha")}  # fmt: skip
_NOT_FOUND = 5


def answer(body: bytes, service: str, services: Sequence[str]) -> bytes:
    """Answer one request.

    Args:
        body: the message, encoded.
        service: the name of the reflection service that is asked.
        services: the names of all that is served.

    Raises:
        MalformedRequest: it is not such a message.

    """
    package = SERVICES[service]
    with refused_as(MalformedRequest):
        asked = parse("ServerReflectionRequest", body, package)
    made = message("ServerReflectionResponse", package)(
        valid_host=asked.host, original_request=asked
    )
    kind = asked.WhichOneof("message_request")
    if kind == "list_services":
        for name in services:
            made.list_services_response.service.add(name=name)
    elif kind in _FINDERS:
        name = getattr(asked, kind)
        found = _found(_FINDERS[kind], name, services)
        if found is None:
            _say(made, f"There is nothing named {shown(name)} (GRP-015).")
        else:
            made.file_descriptor_response.file_descriptor_proto.extend(_files(found))
    elif kind == "all_extension_numbers_of_type":
        name = asked.all_extension_numbers_of_type
        if _found(("FindMessageTypeByName",), name, services) is None:
            _say(made, f"There is no message {shown(name)} (GRP-015).")
        else:
            made.all_extension_numbers_response.base_type_name = name
    else:
        _say(made, "Nothing served has extensions (GRP-015).")
    encoded: bytes = made.SerializeToString()
    return encoded


#: What is asked for -> the pool's methods that may know it.
_FINDERS = {
    "file_by_filename": ("FindFileByName",),
    "file_containing_symbol": ("FindFileContainingSymbol", "FindMethodByName", "FindFieldByName"),
}


def _say(made: Any, text: str) -> None:
    made.error_response.error_code = _NOT_FOUND
    made.error_response.error_message = text


def _found(finders: Sequence[str], name: str, services: Sequence[str]) -> Any:
    """Return the file, or the part of one, that has a name."""
    for package in dict.fromkeys(service.rpartition(".")[0] for service in services):
        for finder in finders:
            with suppress(KeyError):
                return getattr(pool(package), finder)(name)
    return None


def _files(found: Any) -> Iterator[bytes]:
    """Give a file of descriptors, or that of a part, and those that it imports."""
    owner = getattr(found, "containing_type", None) or getattr(found, "containing_service", None)
    seen, left = set[str](), [getattr(found if owner is None else owner, "file", found)]
    while left:
        one = left.pop()
        if one.name not in seen:
            seen.add(one.name)
            left += one.dependencies
            yield one.serialized_pb
