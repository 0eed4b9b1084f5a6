"""``mlmodel.v1.ScoringService`` without a server: a call's name and message in, a message out.

What carries it calls it as it calls :mod:`mlmodel.scoring.v2.rpc`, whose names these are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from mlmodel._base.version import __version__
from mlmodel._proto import message
from mlmodel.errors import InvalidArgument, ModelNotFound
from mlmodel.scoring.answers import error_document
from mlmodel.scoring.asking import ask
from mlmodel.scoring.v1.answers import form_of, write_answer
from mlmodel.scoring.v1.requests import parsed, read_checked
from mlmodel.scoring.v2.service import Service
from mlmodel.signature.protobuf import to_proto

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.errors import MlmodelError
    from mlmodel.scoring.v2.registry import Registry, Served
    from mlmodel.scoring.v2.service import Tell

__all__ = ["METHODS", "PREDICTS", "SERVICE", "STREAM", "handle", "handle_in_stream", "message"]

SERVICE = "mlmodel.v1.ScoringService"
#: The one method that takes and answers several messages, and the other one that asks a model.
STREAM, PREDICTS = "ScoreStream", "Score"


def _said(held: str, error: MlmodelError, terse: bool) -> Any:
    document = error_document(error, terse=terse)
    made = message("ScoreResponse")(id=held)
    made.error.code, made.error.message = document["error_code"], document["message"]
    for detail in document["details"]:
        one = made.error.details.add(rule=detail["rule"])
        column = detail.pop("column", None)
        if isinstance(column, int):
            one.position = column
        elif column is not None:
            one.column = str(column)
        for key in ("row", "expected", "got"):
            if key in detail:
                setattr(one, key, detail[key])
    return made


def _find(given: Any, registry: Registry) -> Served:
    """Return the model that a request names, or the server's only one (GRP-022).

    Raises:
        ModelNotFound: there is no such model.
        InvalidArgument: none is named, and there are several.

    """
    name = given.model_name
    if not name:
        names = {model.name for model in registry.served()}
        if len(names) > 1:
            raise InvalidArgument(
                "The server has several models; say which one by model_name (GRP-022)."
            )
        if not names:
            raise ModelNotFound("The server has no model (GRP-022).")
        (name,) = names
    return registry.find(name, given.model_version or None)


# -- the methods -------------------------------------------------------------------------------


def _score(body: bytes, registry: Registry, tell: Tell) -> Any:
    given, made = parsed("ScoreRequest", body), message("ScoreResponse")()
    model = _find(given, registry)
    engine = model.ready()
    form, asked = form_of(given)
    data, params, left_out = read_checked(given, engine)
    predictions = ask(engine, data, params)
    write_answer(made, predictions, form, engine, asked=asked)
    made.id = given.id
    made.model_name = model.name
    made.model_version = model.version or ""
    if left_out is not None:
        # A name of the client's in it may be half of a surrogate pair: no text of a message.
        made.warnings.append(tell(left_out).encode("utf-8", "replace").decode("utf-8"))
    return made


def _describe(body: bytes, registry: Registry, _tell: Any) -> Any:
    model = _find(parsed("DescribeRequest", body), registry)
    signature = model.ready().signature
    made = message("DescribeResponse")(
        model_name=model.name,
        model_version=model.version or "",
        model_versions=model.versions,
        server_version=__version__,
    )
    if signature is not None:
        made.signature.CopyFrom(to_proto(signature))
    return made


#: Name -> what answers it, from the encoded message, the models and what tells what is left out.
METHODS: dict[str, Callable[[bytes, Registry, Tell], Any]] = {
    "Describe": _describe,
    "Score": _score,
}

_SERVICE = Service(SERVICE, "GRP-021", METHODS, partial(message, "ScoreRequest"), _score, _said)
handle, handle_in_stream = _SERVICE.handle, _SERVICE.handle_in_stream
