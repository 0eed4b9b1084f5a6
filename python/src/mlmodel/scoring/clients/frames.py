"""A client's side of ``mlmodel.v1.ScoringService``: data frames and arrays, dtype by dtype."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mlmodel._proto import BadMessage, arrays, message, parse, refused_as, values
from mlmodel.errors import InvalidArgument, MalformedRequest
from mlmodel.scoring.clients.tensors import checked_params, sparse_matrix, with_types
from mlmodel.scoring.protobuf import data_from_proto, write_request
from mlmodel.scoring.v2.kinds import restored
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.enforce.tensors import is_sparse
from mlmodel.signature.protobuf import from_proto

if TYPE_CHECKING:
    from mlmodel.signature.types.schema import Schema

__all__ = ["Described", "describing", "predictions_of", "read_description", "write_question"]

_UNDECLARED = Plan(None)


class Described(NamedTuple):
    """What a server says of a model (GRP-029): its name, and what it takes if it declares that."""

    name: str
    inputs: Schema | None


def write_question(
    data: Any, params: Mapping[str, Any] | None, plan: Plan | None, model: str
) -> bytes:
    """Return an encoded ``ScoreRequest`` that asks a model about data, bit by bit (PRO-050).

    Args:
        data: as for :func:`mlmodel.scoring.clients.tensors.question_of`.
        params: the parameters of the model.
        plan: of the inputs that the model declares, for data without types; None where it declares
            none.
        model: its name, empty for the server's only one.

    Raises:
        InvalidArgument: data or parameters that a message cannot hold.
        InvalidInput: data without types that contradict what is declared.

    """
    if is_sparse(data):
        raise sparse_matrix()
    typed = with_types(data, plan)
    held = dict(typed) if isinstance(typed, Mapping) else typed
    given = checked_params(params) or None
    try:
        return write_request(held, given, model_name=model)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"This cannot be sent by grpc-frames: {error.message.rstrip('.')}. Convert it, or ask "
            "by another protocol (RST-188)."
        ) from None


def predictions_of(encoded: bytes) -> Any:
    """Return the predictions that an encoded ``ScoreResponse`` holds, as the model answered them.

    Returns:
        A DataFrame, a Series, an array, a dict of arrays, or a value of Python's.

    Raises:
        MalformedRequest: it is not an answer to such a request, or breaks a rule.

    """
    with refused_as(MalformedRequest):
        given = parse("ScoreResponse", encoded)
        kind = given.WhichOneof("answer")
        if kind == "value":
            return values.read(given.value, arrays.read_value)
        if kind != "predictions":
            raise BadMessage(f"The answer is {kind or 'empty'}, where data were due (GRP-026).")
        return restored(_UNDECLARED.enforce(data_from_proto(given.predictions)), given.kind)


def describing(model: str) -> bytes:
    """Return an encoded ``DescribeRequest``; an empty name is that of the server's only model.

    Raises:
        InvalidArgument: the name is not text in Unicode.

    """
    made = message("DescribeRequest")()
    values.set_text(made, "model_name", model)
    encoded: bytes = made.SerializeToString()
    return encoded


def read_description(encoded: bytes) -> Described:
    """Return what an encoded ``DescribeResponse`` says.

    Raises:
        MalformedRequest: it is not one, or its signature breaks a rule.

    """
    with refused_as(MalformedRequest):
        given = parse("DescribeResponse", encoded)
    if not given.HasField("signature"):
        return Described(given.model_name, None)
    try:
        return Described(given.model_name, from_proto(given.signature).inputs)
    except InvalidArgument as error:
        raise MalformedRequest(f"The signature that is told is not one. {error.message}") from None
