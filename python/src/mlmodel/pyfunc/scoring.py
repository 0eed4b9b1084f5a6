"""A saved model asked as a server asks it, in this process: ``mlmodel.models.predict`` and more."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel._base.extras import require
from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, ModelFailure, WriteFailed, shown
from mlmodel.pyfunc.served import load_served
from mlmodel.scoring.invocations.bodies import ENVELOPE_KEYS, read_checked
from mlmodel.scoring.invocations.protocol import score
from mlmodel.scoring.media import FORMS, JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.engine import Engine

__all__ = [
    "convert_input_example_to_serving_input",
    "predict",
    "score_body",
    "score_by",
    "validate_serving_input",
    "write_answer",
]


def predict(  # noqa: PLR0913, PLR0917 - MLflow's arguments, in its order
    model_uri: PathLike,
    input_data: Any = None,
    input_path: PathLike | None = None,
    content_type: str = "json",
    output_path: PathLike | None = None,
    env_manager: str | None = None,
    install_mlflow: bool = False,  # noqa: ARG001 - it is not needed
    pip_requirements_override: Sequence[str] | None = None,
    extra_envs: Mapping[str, str] | None = None,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> None:
    """Score data with a saved model, as a server would, and print or write the answer as JSON.

    It is what ``mlmodel predict`` does. The model runs in this process; no environment is made.
    Parameters that the signature does not declare are left out, with a warning (ENF-080).

    Args:
        model_uri: the model's folder, or a URI of one.
        input_data: a DataFrame, an array, a list or a mapping; or the body of a request, as text or
            as a mapping with one of its keys (``dataframe_split``, ``inputs``, ...).
        input_path: the path of a file with such a body, in place of ``input_data``.
        content_type: ``json``, ``csv``; of files and bytes also ``parquet``, ``arrow``, ``arrows``.
        output_path: the file to write; standard output, if absent.
        env_manager: ``local`` or None; for another one a warning says that it is not used.
        install_mlflow: of no meaning here: MLflow is not needed.
        pip_requirements_override: as for ``env_manager``.
        extra_envs: environment variables that are set while the model is loaded and asked.
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Raises:
        InvalidArgument: not exactly one of ``input_data`` and ``input_path`` is given, or one is
            not what is taken.
        MalformedRequest, InvalidInput: the body is not of a form, or contradicts the signature.
        ModelFailure: the model raised; its exception is the cause.
        ModelNotFound, InvalidModel, UntrustedModel: as :func:`mlmodel.pyfunc.load_model`.
        WriteFailed: ``output_path`` cannot be written.

    """
    if content_type not in FORMS:
        known = " or ".join(FORMS)
        raise InvalidArgument(f"content_type is {known}, not {shown(content_type)}")
    if (input_data is None) == (input_path is None):
        raise InvalidArgument("Give either input_data or input_path")
    if env_manager not in {None, "local"} or pip_requirements_override:
        warn_caller(
            "The model is asked in this process: mlmodel makes no environments yet, so env_manager "
            "and pip_requirements_override are not used"
        )
    body = _read(Path(str(input_path))) if input_data is None else _body(input_data, content_type)
    with _variables(extra_envs):
        form = FORMS[content_type]
        answer = score_body(model_uri, form, body, trust=trust, allow=allow, warn=warn_caller)
    if output_path is None:
        sys.stdout.write(answer.decode() + "\n")
    else:
        write_answer(Path(output_path), answer)


def score_body(
    model_uri: PathLike,
    content_type: str,
    body: bytes,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
    warn: Callable[[str], None],
) -> bytes:
    """Return a model's answer to the body of a request; the errors are those of :func:`predict`.

    ``warn`` is told which parameters were left out (ENF-080).
    """
    engine = load_served(model_uri, trust=trust, allow=allow).engine
    return score_by(engine, content_type, body, warn=warn)


def score_by(
    engine: Engine, content_type: str, body: bytes, *, warn: Callable[[str], None]
) -> bytes:
    """Return a loaded model's answer to the body of a request; see :func:`score_body`."""
    # What the model raised is said below, in a line; its traceback would go to the log.
    logging.getLogger("mlmodel.scoring").addHandler(logging.NullHandler())
    try:
        return score(content_type, body, engine, warn=warn)
    except ModelFailure as error:
        cause = error.__cause__
        said = [f"{type(cause).__name__}: {cause}", *getattr(cause, "__notes__", ())]
        raise ModelFailure(f"The model failed on this input: {'. '.join(said)}") from cause


def validate_serving_input(
    model_uri: PathLike,
    serving_input: str | Mapping[str, Any],
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Any:
    """Score the body of a request as a server would, and return what the model answers.

    Args:
        model_uri: the model's folder, or a URI of one.
        serving_input: the JSON body of a request, as text or as a mapping.
        trust: run whatever the model's files contain (TRU-004).
        allow: classes, by exact qualified name, that may be loaded beside the known ones.

    Returns:
        The predictions as the model returns them, not as JSON.

    Raises:
        MalformedRequest, InvalidInput: the body is not of a form, or contradicts the signature.
        ModelNotFound, InvalidModel, UntrustedModel: as :func:`mlmodel.pyfunc.load_model`.
        Exception: whatever the model itself raises, unchanged.

    """
    body = serving_input.encode() if isinstance(serving_input, str) else _json(serving_input)
    engine = load_served(model_uri, trust=trust, allow=allow).engine
    data, params, _, left_out = read_checked(JSON, body, engine)
    if left_out is not None:
        warn_caller(left_out)
    return engine.call(data, params)


def convert_input_example_to_serving_input(input_example: Any) -> str | None:
    """Return an input example as the JSON body of a request: what a saved model has of it.

    Args:
        input_example: whatever ``save_model`` takes as one; a pair of data and a mapping of
            parameters, too.

    Returns:
        The text, or None where there is no example, or a request has no form for it (EXA-011).

    Raises:
        InvalidArgument: it is not an example (EXA-004 to EXA-006).

    """
    if input_example is None:
        return None
    request = _request(input_example)
    return None if request is None else request.decode()


def _request(example: Any) -> bytes | None:
    require("pandas", "predict")
    from mlmodel.scoring.examples.writing import request_of

    return request_of(example)


def _body(data: Any, content_type: str) -> bytes:
    if isinstance(data, bytes):
        return data
    if content_type not in {"json", "csv"}:
        raise InvalidArgument(f"For content_type {content_type!r} give input_path, or bytes")
    if isinstance(data, str):
        return data.encode()
    if FORMS[content_type] != JSON:
        text: str = require("pandas", "predict").DataFrame(data).to_csv(index=False)
        return text.encode()
    if isinstance(data, dict) and data.keys() & ENVELOPE_KEYS:
        return _json(data)
    request = _request([data] if isinstance(data, bool | int | float) else data)
    if request is None:
        raise InvalidArgument("input_data has no form as a request (EXA-011); give input_path")
    return request


def _json(value: Mapping[str, Any]) -> bytes:
    from mlmodel.scoring.json.plain import Unwritable, as_plain, dumps

    try:
        return dumps(as_plain(dict(value)))
    except Unwritable as error:
        raise InvalidArgument(f"The body of the request{error.path or ''} {error.what}") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror}.") from None


def write_answer(path: Path, answer: bytes) -> None:
    """Write an answer into a file, whole or not at all.

    Raises:
        WriteFailed: the disk is full, or writing is not permitted.

    """
    try:
        files.write(path, answer + b"\n")
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def _variables(given: Mapping[str, str] | None) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in given or {}}
    os.environ.update(given or {})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
