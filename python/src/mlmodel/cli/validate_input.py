"""``mlmodel validate-input``: check data against a signature, without loading the model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import (
    answering,
    batch_option,
    content_type_of,
    echo,
    format_option,
    input_options,
    model_option,
)
from mlmodel.cli.advice import form_advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.scoring.invocations.checking import Check

__all__ = ["command"]

#: Files of more bytes are read in pieces of so many rows.
_LARGE, _ROWS = 32 * 2**20, 20_000

_EXAMPLES = """\b
Examples:
  mlmodel validate-input -m my_model -i rows.csv
  mlmodel validate-input -m my_model -i body.json --format json
  curl ... | mlmodel validate-input -m my_model -t csv

\b
Exit codes: 0 the data fit, 1 they do not or are malformed, 2 the model or the
data cannot be read.
"""


@click.command(name="validate-input", epilog=_EXAMPLES)
@model_option
@input_options
@format_option()
@batch_option("Read so many rows at a time; files of more than 32 MiB are read so anyway.")
@answering
def command(
    *, model: str, source: str, content_type: str | None, batch_rows: int | None, form: str
) -> None:
    """Check data against a model's signature, without loading the model.

    The data are read as a request with the same body would be. Every violation is printed, with
    the column, the row and the rule, and how many rows fit. No code of the model is run.
    """
    from mlmodel._base.extras import require

    require("numpy", "predict")
    require("orjson", "predict")
    from mlmodel.cli.batches import pieces_of
    from mlmodel.scoring.invocations.checking import check_input
    from mlmodel.scoring.pieces.checks import check_pieces
    from mlmodel.scoring.pieces.reading import check_declared
    from mlmodel.store.description import Model
    from mlmodel.store.locations.uris import shown_uri

    signature = Model.load(model).signature
    declared = None if signature is None else signature.inputs
    media = content_type_of(source, content_type)
    if batch_rows is not None:
        check_declared(declared)
    elif declared is not None and _is_large(source, media):
        batch_rows = _ROWS
    given = pieces_of(source, media, batch_rows, "checking")
    if batch_rows is None:
        piece = next(given)
        check = check_input(piece.content_type, piece.body, signature)
    else:
        check = check_pieces(given, signature)
    if form == "json":
        named = {"model": shown_uri(model), "input": source}
        click.echo(json.dumps({**named, **check.as_document()}, indent=2))
    else:
        for line in _check_lines(check, "standard input" if source == "-" else source):
            echo(line)
        advice = form_advice(source, content_type)
        if advice and check.error is not None and check.error.code == "MALFORMED_REQUEST":
            echo(advice)
    sys.exit(0 if check.error is None else check.error.exit_code)


def _is_large(source: str, media: str) -> bool:
    """Return whether a file is read in pieces, which are checked as the whole would be."""
    from mlmodel.scoring.pieces.reading import can_be_cut

    try:
        size = 0 if source == "-" else Path(source).stat().st_size
    except OSError:
        return False
    return size > _LARGE and can_be_cut(media)


def _check_lines(check: Check, source: str) -> Iterator[str]:
    error = check.error
    if error is not None and not error.details:
        yield f"{error.code}: {error.message}"
    for violation in () if error is None else error.details:
        yield str(violation)
    if check.warning is not None:
        yield f"warning: {check.warning}"
    yield f"{source}: {_verdict_of_check(check)}"


def _verdict_of_check(check: Check) -> str:
    from mlmodel._base.texts import counted

    if not check.declares_inputs and check.error is None:
        return "the model declares no inputs, so only the form was checked."
    if check.rows is None:
        return "fits." if check.error is None else "does not fit."
    rows = counted(check.rows, "row")
    if check.error is None:
        return f"no problem in {rows}."
    problems = counted(len(check.error.details), "problem")
    if check.fitting is None:
        return f"{rows}, not all of which were looked at; at least {problems} (RST-109)."
    return f"{check.fitting} of {rows} fit; {problems}."
