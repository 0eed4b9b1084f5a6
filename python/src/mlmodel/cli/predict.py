"""``mlmodel predict``: score a file with a model, through the same codecs as a request."""

from __future__ import annotations

import sys

import click

from mlmodel.cli._shared import (
    complete_files,
    content_type_of,
    echo,
    input_options,
    loading_options,
    read_input,
    write_output,
)

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  mlmodel predict -m my_model -i rows.csv
  mlmodel predict -m my_model -i rows.parquet
  mlmodel predict -m my_model -i body.json -o answer.json
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
def command(
    *,
    model: str,
    source: str,
    target: str | None,
    content_type: str | None,
    trust: bool,
    allow: tuple[str, ...],
    sandbox: str,
) -> None:
    """Score a file with a model.

    The data are read and the answer is written as a server does it for a request. A model that is
    not trusted is run in a process of its own, which can do nothing but compute; see --sandbox.
    """
    from mlmodel._base.extras import require
    from mlmodel.store import sandboxing

    # pandas, which is of the same extra, costs more: it is asked for where the model is loaded.
    require("orjson", "predict")
    body = read_input(source)
    form = content_type_of(source, content_type)
    found = sandboxing.decide(model, sandbox, trust=trust, allow=allow)
    if found is None:
        answer = _answer_here(model, form, body, trust=trust, allow=allow)
    else:
        answer = sandboxing.score(found, form, body)
    if target is None:
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.flush()
    else:
        write_output(target, answer + b"\n")


def _answer_here(
    model: str, form: str, body: bytes, *, trust: bool, allow: tuple[str, ...]
) -> bytes:
    from mlmodel._base.extras import require

    require("pandas", "predict")
    from mlmodel.pyfunc.scoring import score_body

    return score_body(model, form, body, trust=trust, allow=allow, warn=_warn)


def _warn(text: str) -> None:
    echo(f"mlmodel: warning: {text}", err=True)
