"""``mlmodel.v1.ScoringService`` without a server: a call's name and message in, a message out.

What carries it calls it as it calls :mod:`mlmodel.scoring.v2.rpc`, whose names these are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel._base.version import __version__
from mlmodel._proto import message
from mlmodel.errors import InvalidArgument, MlmodelError, ModelNotFound, NotFound, shown
from mlmodel.scoring.answers import error_document, unexpected_error
from mlmodel.scoring.asking import ask
from mlmodel.scoring.v1.answers import form_of, write_answer
from mlmodel.scoring.v1.requests import parsed, read_checked
from mlmodel.signature.protobuf import to_proto

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.v2.registry import Registry, Served

__all__ = ["METHODS", "PREDICTS", "SERVICE", "STREAM", "handle", "handle_in_stream", "message"]

SERVICE = "mlmodel.v1.ScoringService"
#: The one method that takes and answers several messages, and the other one that asks a model.
STREAM, PREDICTS = "ScoreStream", "Score"


def handle(
    method: str,
    body: bytes,
    registry: Registry,
    *,
    warn: Callable[[str], object] | None = None,
    terse: bool = False,
) -> bytes:
    """Answer one call with a message.

    Args:
        method: ``Describe`` or ``Score``.
        body: the message, encoded.
        registry: the models.
        warn: is told which parameters were left out (ENF-080); so is the message.
        terse: what the message is told says the rule alone (ERR-008).

    Raises:
        MlmodelError: any, and none other; a bug is logged and hidden behind InternalError.

    """
    if method not in METHODS:
        raise NotFound(f"{SERVICE} has no method {shown(method)} (GRP-021).")
    told: list[str] = []
    try:
        made = METHODS[method](body, registry, told.append)
        if told:
            _tell(made, told[0], terse=terse)
        answer: bytes = made.SerializeToString()
    except MlmodelError:
        raise
    except Exception as error:
        raise unexpected_error(error) from error
    if told and warn is not None:
        warn(told[0])
    return answer


def handle_in_stream(
    body: bytes, registry: Registry, *, terse: bool = False, refuse: MlmodelError | None = None
) -> bytes:
    """Answer one request of a stream; an error is said in the answer, and ends nothing (GRP-027).

    Args:
        body: the message ``ScoreRequest``, encoded.
        registry: the models.
        terse: errors say name and rules only (ERR-008).
        refuse: an error that stands already, which is answered without asking the model.

    """
    made, told = message("ScoreResponse")(), list[str]()
    try:
        if refuse is not None:
            raise refuse  # noqa: TRY301 - said as those that are found here
        given = parsed("ScoreRequest", body)
        made.id = given.id
        _answer(given, registry, told.append, made)
        if told:
            _tell(made, told[0], terse=terse)
        answer: bytes = made.SerializeToString()
    except MlmodelError as error:
        answer = _said(made.id, error, terse=terse)
    except Exception as error:  # noqa: BLE001 - as in handle
        answer = _said(made.id, unexpected_error(error), terse=terse)
    return answer


def _tell(made: Any, left_out: str, *, terse: bool) -> None:
    # A name of the client's in it may be half of a surrogate pair: no text of a message.
    text = left_out.encode("utf-8", "replace").decode("utf-8")
    made.warnings.append("ENF-080" if terse else text)


def _said(held: str, error: MlmodelError, *, terse: bool) -> bytes:
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
    encoded: bytes = made.SerializeToString()
    return encoded


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


def _answer(given: Any, registry: Registry, tell: Callable[[str], object], made: Any) -> Any:
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
        tell(left_out)
    return made


# -- the methods -------------------------------------------------------------------------------


def _score(body: bytes, registry: Registry, tell: Any) -> Any:
    return _answer(parsed("ScoreRequest", body), registry, tell, message("ScoreResponse")())


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


#: Name -> what answers it, from the encoded message, the models and who is told what is left out.
METHODS: dict[str, Callable[[bytes, Registry, Callable[[str], object]], Any]] = {
    "Describe": _describe,
    "Score": _score,
}
