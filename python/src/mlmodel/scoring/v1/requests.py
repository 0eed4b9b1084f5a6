"""The message ``mlmodel.v1.ScoreRequest`` -> what the engine takes (GRP-022 to GRP-024)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel._proto import message, parse, refused_as
from mlmodel._proto.parts import has_more_parts
from mlmodel.errors import InvalidInput, MalformedRequest
from mlmodel.scoring.codecs import arrow
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.protobuf import data_from_proto, params_of
from mlmodel.scoring.v1.tables import read_table
from mlmodel.signature.cells.reader import MOST_WRONG, Reader
from mlmodel.signature.violations import Findings

if TYPE_CHECKING:
    from mlmodel.scoring.engine import Engine

__all__ = ["Checked", "parsed", "read_checked"]

#: Only a message that is larger than this may have more parts than are taken (GRP-028).
_SMALL, _MOST_PARTS = 2**20, 1_000_000


class Checked(NamedTuple):
    """What a model gets of a request, and the sentence on parameters that are left out, or None."""

    data: Any
    params: dict[str, object] | None
    left_out: str | None


def parsed(name: str, encoded: bytes) -> Any:
    """Return the message of the package ``mlmodel.v1`` in some bytes.

    Raises:
        MalformedRequest: they are not such a message (PRO-002), or one of too many parts (GRP-028).
        MissingDependency: protobuf is not installed.

    """
    if len(encoded) > _SMALL and has_more_parts(encoded, message(name), _MOST_PARTS):
        raise MalformedRequest(
            f"The message has more than {_MOST_PARTS:,} columns and values of any type; send "
            "fewer rows, raw arrays, JSON or Arrow (GRP-028)."
        )
    with refused_as(MalformedRequest):
        return parse(name, encoded)


def read_checked(request: Any, engine: Engine) -> Checked:
    """Return what a model gets of a message ``ScoreRequest``: it is read, and enforced.

    Raises:
        MalformedRequest: the message breaks a rule.
        InvalidInput: data or parameters contradict the signature, with every violation.
        InvalidArgument: the data are nothing that a signature is enforced on.
        MissingDependency: it holds Arrow, and pyarrow is not installed.
        PayloadTooLarge: its Arrow would become too large (RST-119).

    """
    with refused_as(MalformedRequest):
        params = params_of(request)
    found = Findings()
    kind = request.WhichOneof("given")
    data: Any
    if kind == "table":
        with refused_as(MalformedRequest):
            data = read_table(request.table, engine.matching, found)
    elif kind == "arrow":
        data, params = _of_arrow(request.arrow, params, engine)
    else:
        data = data_from_proto(request.data)
    return Checked(*engine.checked(data, params, found), engine.told(params))


def _of_arrow(
    body: bytes, params: dict[str, Any] | None, engine: Engine
) -> tuple[Any, dict[str, Any] | None]:
    """Return the data frame of a stream of Arrow, and the parameters of the request.

    Raises:
        MalformedRequest: it is none; parameters stand in it and beside it.

    """
    payload = Payload(body, Reader(exact=True, most=MOST_WRONG))
    try:
        data = arrow.decode_stream(payload, engine.matching)
    except InvalidInput as error:
        raise engine.refusal(error, params) from None
    if payload.params is not None and params is not None:
        raise MalformedRequest(
            "Parameters stand in the request and in the metadata of its Arrow; give them once "
            "(GRP-024)."
        )
    return data, params if payload.params is None else payload.params
