"""What is told of one answered request, whatever the protocol."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["GRPC", "GRPC_CODES", "Entry", "status_of"]

GRPC = "grpc"
#: The codes of gRPC by their numbers.
GRPC_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)


class Entry(NamedTuple):
    """One request that was answered.

    ``model`` is empty where none was asked that the server has. ``status`` is that of HTTP or the
    number of gRPC's code. ``path`` is without the query, which may hold what is nobody's business.
    ``received`` and ``sent`` are bytes of bodies. ``client`` is where a call came from, over gRPC.
    """

    model: str
    protocol: str
    status: int
    received: int
    sent: int
    method: str
    path: str
    client: str = ""


def status_of(protocol: str, status: int) -> str:
    """Return a status as it is told: a code of gRPC by its name."""
    return GRPC_CODES[status] if protocol == GRPC and status < len(GRPC_CODES) else str(status)
