"""The protocol of ``/invocations``, without I/O: content type and body in, answer out.

The server, the command line and every other carrier of bytes call :func:`handle` or
:func:`score`; none of them parses, checks or predicts by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import MlmodelError, NotAcceptable
from mlmodel.scoring.answers import Answer, refused, unexpected
from mlmodel.scoring.asking import ask
from mlmodel.scoring.invocations.accepted import accepted_forms
from mlmodel.scoring.invocations.bodies import read_checked
from mlmodel.scoring.media import JSON
from mlmodel.scoring.writers import WRITERS, NotATable, as_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.scoring.engine import Engine

__all__ = ["Answer", "handle", "score"]


def handle(
    content_type: str | None,
    body: bytes,
    engine: Engine,
    *,
    terse: bool = False,
    warn: Callable[[str], object] | None = None,
    accept: str | None = None,
) -> Answer:
    """Answer one request; never raises.

    Args:
        content_type: the header as it came, or None.
        body: the whole body.
        engine: the model.
        terse: errors and warnings say code and rule only (ERR-008).
        warn: is called with the parameters that were left out, unless the answer is an error
            (RST-089).
        accept: the header ``Accept`` as it came, or None: which form the answer has (RST-124).

    """
    try:
        answer, left_out = _answer_request(content_type, body, engine, accept)
    except MlmodelError as error:
        return refused(error, terse=terse)
    except Exception as error:  # noqa: BLE001 - the boundary: no exception reaches a client
        return unexpected(error, terse=terse)
    if left_out is not None and warn is not None:
        warn("ENF-080" if terse else left_out)
    return answer


def score(
    content_type: str | None,
    body: bytes,
    engine: Engine,
    *,
    warn: Callable[[str], object] = warn_caller,
) -> bytes:
    """Return the body of the answer: ``{"predictions": ...}``, or bare in the 1.x dialect.

    ``warn`` is told which parameters were left out, since the signature does not declare them.

    Raises:
        UnsupportedMediaType: the content type is missing or not known.
        MalformedRequest: the body is not of the form.
        InvalidInput: the data contradict the signature.
        ModelFailure: the model raised; its exception is the cause.
        UnserializablePrediction: the answer has no form in JSON.

    """
    answer, left_out = _answer_request(content_type, body, engine)
    if left_out is not None:
        warn(left_out)
    return answer.body


def _answer_request(
    content_type: str | None, body: bytes, engine: Engine, accept: str | None = None
) -> tuple[Answer, str | None]:
    """Return the answer, and the sentence on parameters that were left out (ENF-080)."""
    data, params, own, left_out = read_checked(content_type, body, engine)
    forms = accepted_forms(accept, own)
    return _written(ask(engine, data, params), forms, engine), left_out


def _written(predictions: object, forms: tuple[str, ...], engine: Engine) -> Answer:
    """Return predictions in the first of the forms that can hold them (RST-125)."""
    why: object = ""
    for name in forms:
        media, write, is_table, _ = WRITERS[name]
        try:
            held = as_table(predictions, engine.output_names) if is_table else predictions
            return Answer(200, media, write(held))
        except NotATable as error:
            why = error
    raise NotAcceptable(
        f"The model's answer {why}, and the header Accept asks for nothing that can hold it; "
        f"{JSON} can (RST-125)."
    )
