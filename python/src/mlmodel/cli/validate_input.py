"""``mlmodel validate-input``: check data against a signature, without loading the model."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import (
    answering,
    content_type_of,
    echo,
    format_option,
    input_options,
    model_option,
    read_input,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.scoring.invocations.checking import Check

__all__ = ["command"]

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
@answering
def command(model: str, source: str, content_type: str | None, form: str) -> None:
    """Check data against a model's signature, without loading the model.

    The data are read as a request with the same body would be. Every violation is printed, with
    the column, the row and the rule, and how many rows fit. No code of the model is run.
    """
    from mlmodel._base.extras import require

    require("numpy", "predict")
    require("orjson", "predict")
    from mlmodel.scoring.invocations.checking import check_input
    from mlmodel.store.description import Model
    from mlmodel.store.locations.uris import shown_uri

    signature = Model.load(model).signature
    check = check_input(content_type_of(source, content_type), read_input(source), signature)
    if form == "json":
        named = {"model": shown_uri(model), "input": source}
        click.echo(json.dumps({**named, **check.as_document()}, indent=2))
    else:
        for line in _check_lines(check, "standard input" if source == "-" else source):
            echo(line)
    sys.exit(0 if check.error is None else check.error.exit_code)


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
