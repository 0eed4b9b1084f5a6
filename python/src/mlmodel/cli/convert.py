"""``mlmodel convert``: a second flavor for a saved model, or its file in another form."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import complete_files, echo, gate_options

if TYPE_CHECKING:
    from mlmodel.flavors._convert import Converted

_EXAMPLES = """\b
Examples:
  mlmodel convert my_model --to onnx           # beside what is there
  mlmodel convert my_model --to onnx --python-function -o my_model_onnx
  mlmodel convert my_model --to skops          # in the place of the pickle
  mlmodel convert my_booster --to json

\b
Exit codes: 0 converted, 2 it cannot be, 3 the model needs to be trusted
(--trust); nothing was changed then.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("path", shell_complete=complete_files)
@click.option(
    "--to",
    required=True,
    metavar="NAME",
    help="onnx (scikit-learn, CatBoost), or a form of the model's own file: skops (scikit-learn, "
    "LightGBM), text (LightGBM), ubj or json (XGBoost), cbm or json (CatBoost).",
)
@click.option(
    "-o", "--output", metavar="PATH", help="Write the converted model here and leave PATH as it is."
)
@click.option(
    "--python-function",
    is_flag=True,
    help="From then on the new flavor answers for python_function: serve, predict, load.",
)
@click.option("--json", "as_json", is_flag=True, help="Say as JSON what was compared.")
@gate_options
def command(
    path: str,
    to: str,
    output: str | None,
    python_function: bool,
    as_json: bool,
    trust: bool,
    allow: tuple[str, ...],
) -> None:
    """Give a model a second flavor, or its file in another form.

    So it can be read without a pickle. The model at PATH is loaded and asked for its input
    example; only if what it is converted to answers the same is the folder replaced, as a whole.
    What was compared is recorded in the MLmodel file.
    """
    from mlmodel.flavors._convert import convert

    done = convert(
        path, to, output=output, python_function=python_function, trust=trust, allow=allow
    )
    if as_json:
        click.echo(json.dumps(asdict(done)))
    else:
        echo(_said(done, output or path))


def _said(done: Converted, place: str) -> str:
    rows = "1 row" if done.rows == 1 else f"{done.rows} rows"
    same = "equal" if not done.largest_difference else f"equal to {done.largest_difference:.1e}"
    return (
        f"{place}: converted from {done.source} to {done.to} by {done.by}; the answers to the "
        f"example ({rows}) are {same}"
    )
