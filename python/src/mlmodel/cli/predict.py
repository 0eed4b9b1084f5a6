"""``mlmodel predict``: score a file with a model, through the same codecs as a request."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mlmodel.cli._shared import (
    batch_option,
    complete_files,
    content_type_of,
    echo,
    input_options,
    loading_options,
)
from mlmodel.cli.advice import advice_on_forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  mlmodel predict -m my_model -i rows.csv
  mlmodel predict -m my_model -i rows.parquet
  mlmodel predict -m my_model -i body.json -o answer.json
  mlmodel predict -m my_model -i large.csv --batch-rows 10000 -o answer.json
  echo '{"inputs": {"age": [42]}}' | mlmodel predict -m my_model

\b
Exit codes: 0 scored, 1 the data do not fit or the model failed, 2 the model
or the data cannot be read, 3 it would run code that is not trusted.
"""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog=_EXAMPLES,
)
@loading_options
@input_options
@click.option(
    "-o",
    "--output-path",
    "target",
    metavar="FILE",
    shell_complete=complete_files,
    help="Where to write the answer; the default is stdout.",
)
@batch_option(
    "Read and score so many rows at a time, for files larger than memory. For models that answer "
    "each row by itself."
)
def command(
    *,
    model: str,
    source: str,
    target: str | None,
    content_type: str | None,
    batch_rows: int | None,
    trust: bool,
    allow: tuple[str, ...],
    sandbox: str,
) -> None:
    """Score a file with a model.

    The data are read and the answer is written as a server does it for a request. A model that is
    not trusted is run in a process of its own, which can do nothing but compute; see --sandbox.
    """
    from mlmodel._base.extras import require
    from mlmodel.cli.batches import pieces_of, score_pieces
    from mlmodel.store import sandboxing

    # pandas, which is of the same extra, costs more: it is asked for where the model is loaded.
    require("orjson", "predict")
    form = content_type_of(source, content_type)
    given = pieces_of(source, form, batch_rows)
    if batch_rows is not None:
        _check_pieces(model)
    found = sandboxing.decide(model, sandbox, trust=trust, allow=allow)
    asking = _here(model, trust=trust, allow=allow) if found is None else sandboxing.scoring(found)
    with advice_on_forms(source, content_type), asking as ask:
        whole = batch_rows is None
        score_pieces(given, target, "json", lambda piece: ask(*piece[:2]), whole=whole)


def _check_pieces(model: str) -> None:
    from mlmodel.scoring.pieces.reading import check_declared
    from mlmodel.store.description import Model

    signature = Model.load(model).signature
    check_declared(None if signature is None else signature.inputs)


@contextmanager
def _here(
    model: str, *, trust: bool, allow: tuple[str, ...]
) -> Iterator[Callable[[str, bytes], bytes]]:
    """Give what answers bodies in this process."""
    from mlmodel._base.extras import require

    require("pandas", "predict")
    from mlmodel.pyfunc.scoring import score_by
    from mlmodel.pyfunc.served import load_served

    engine = load_served(model, trust=trust, allow=allow).engine
    yield lambda form, body: score_by(engine, form, body, warn=_warn)


def _warn(text: str) -> None:
    echo(f"mlmodel: warning: {text}", err=True)
