"""``mlmodel predict``: score a file with a model, through the same codecs as a request."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from mlmodel.cli._shared import loading_options
from mlmodel.scoring.media import FORMS

__all__ = ["command"]


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    help="Score a file with a model.",
)
@loading_options
@click.option(
    "-i", "--input-path", "source", default="-", metavar="FILE", help="What to score; - is stdin."
)
@click.option("-o", "--output-path", "target", metavar="FILE", help="Where to write; else stdout.")
@click.option(
    "-t",
    "--content-type",
    "form",
    type=click.Choice(list(FORMS)),
    help="Form of the input; if absent, by the name of the file, else json.",
)
def command(
    *,
    model: str,
    source: str,
    target: str | None,
    form: str | None,
    trust: bool,
    allow: tuple[str, ...],
) -> None:
    """Score a file with a model."""
    from mlmodel._extras import require
    from mlmodel.errors import ModelFailure

    require("pandas", "predict")
    require("orjson", "predict")
    from mlmodel.pyfunc import load_model
    from mlmodel.scoring.invocations import score

    body = _read(source)
    suffix = Path(source).suffix.lower().removeprefix(".")
    form = form or (suffix if suffix in FORMS else "json")
    engine = load_model(model, trust=trust, allow=allow).engine
    # What the model raised is said below, in a line; its traceback would go to the log.
    logging.getLogger("mlmodel.scoring").addHandler(logging.NullHandler())
    try:
        answer = score(FORMS[form], body, engine)
    except ModelFailure as error:
        cause = error.__cause__
        raise ModelFailure(
            f"The model failed on this input: {type(cause).__name__}: {cause}"
        ) from cause
    if target is None:
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.flush()
    else:
        _write(Path(target), answer + b"\n")


def _read(source: str) -> bytes:
    from mlmodel.errors import InvalidArgument

    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{source} cannot be read: {error.strerror}.") from None


def _write(target: Path, answer: bytes) -> None:
    from mlmodel import _files
    from mlmodel.errors import WriteFailed

    try:
        _files.write(target, answer)
    except OSError as error:
        raise WriteFailed(f"{target} cannot be written: {error.strerror}.") from None
