"""``mlmodel score``: score a file with a model that a server has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmodel.cli._shared import batch_option, complete_files, content_type_of, echo, input_options
from mlmodel.cli.advice import advice_on_forms, advice_on_servers
from mlmodel.cli.sizes import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.client import Client
    from mlmodel.scoring.pieces.piece import Piece

__all__ = ["command"]

_FORMS = ("json", "csv", "arrow", "arrows", "parquet")
_MOST_TOKEN = 64 * 1024
_EXAMPLES = """\b
Examples:
  mlmodel score http://127.0.0.1:5000 -i rows.csv
  mlmodel score http://127.0.0.1:5000 -m iris -i rows.parquet --format csv
  mlmodel score http://127.0.0.1:5000 -i big.csv --batch-rows 9999 -o out.json
  mlmodel score grpc://127.0.0.1:8001 -m iris -i body.json
  mlmodel score grpc://127.0.0.1:8001 --protocol grpc-frames -i rows.csv
  echo '{"inputs": {"age": [42]}}' | mlmodel score http://127.0.0.1:5000

\b
Exit codes: 0 scored, 1 the data do not fit, the model failed or the server
cannot answer now, 2 the server, model or data cannot be found or read.
"""


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog=_EXAMPLES,
)
@click.argument("url", metavar="URL")
@input_options
@click.option(
    "-o",
    "--output-path",
    "target",
    metavar="FILE",
    shell_complete=complete_files,
    help="Where to write the answer; the default is stdout.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMS),
    default="json",
    help="Form of the answer; all but json are tables.",
)
@click.option("-m", "--model", metavar="NAME", help="Which of the server's models to ask.")
@click.option(
    "--protocol",
    type=click.Choice(["auto", "invocations", "v2", "grpc", "grpc-frames"]),
    default="auto",
    help="How to ask: auto sends the file as it is to /invocations (or by gRPC, if the URL says "
    "grpc); v2 and grpc read it here and send its values by the Open Inference Protocol, "
    "grpc-frames by mlmodel.v1, which carries frames as they are.",
)
@batch_option(
    "Send so many rows at a time, for large files. For models that answer each row by itself."
)
@click.option(
    "--max-answer",
    type=Size(),
    default="1GiB",
    help="Largest size of the answer; with --batch-rows, of the answer to a piece.",
)
@click.option("--timeout", type=float, default=60.0, help="Seconds that an answer may take.")
@click.option(
    "--retries",
    type=click.IntRange(min=0),
    default=5,
    help="How often to ask again when the server says that it cannot answer now (503).",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File with the token that the server wants.",
)
@click.option(
    "--ca", type=click.Path(dir_okay=False), metavar="FILE", help="Certificates to trust."
)
@click.option(
    "--cert", type=click.Path(dir_okay=False), metavar="FILE", help="Certificate to show."
)
@click.option("--key", type=click.Path(dir_okay=False), metavar="FILE", help="Its private key.")
def command(
    *,
    url: str,
    source: str,
    content_type: str | None,
    target: str | None,
    form: str,
    batch_rows: int | None,
    **settings: Any,
) -> None:
    """Score a file with a model that a server has.

    URL is where the server is: http://HOST:PORT, https://…, grpc://HOST:PORT, grpcs://… or
    unix:///PATH of its socket. The file is what `mlmodel predict` takes, and so is the answer.
    """
    from mlmodel._base.extras import require
    from mlmodel.cli.batches import pieces_of, score_pieces

    require("orjson", "predict")
    from mlmodel.client import Client

    given = pieces_of(source, content_type_of(source, content_type), batch_rows)
    has_token = settings["token_file"] is not None
    with (
        advice_on_servers(model=settings["model"], has_token=has_token),
        advice_on_forms(source, content_type),
        Client(url, **_client_settings(**settings)) as client,
    ):
        if settings["protocol"] not in {"auto", "invocations"} or url.startswith("grpc"):
            ask = _ask_typed(client, form, in_pieces=batch_rows is not None)
        else:
            ask = _ask_as_it_is(client, form, in_pieces=batch_rows is not None)
        score_pieces(given, target, form, ask, whole=batch_rows is None)


def _client_settings(
    *,
    token_file: Path | None,
    cert: str | None,
    key: str | None,
    protocol: str,
    **others: Any,
) -> Any:
    """Return how the client is made."""
    if key is not None and cert is None:
        raise click.UsageError("--key goes with --cert, which says whose key it is.")
    return {
        **others,
        "protocol": protocol,
        "token": None if token_file is None else _token(token_file),
        "certificate": cert if key is None else (cert, key),
    }


def _token(path: Path) -> str:
    from mlmodel.errors import InvalidArgument

    try:
        with path.open("rb") as file:
            token = file.read(_MOST_TOKEN).decode("ascii").strip()
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        token = ""
    if not token:
        raise InvalidArgument(f"{path} does not hold a token: it is one line of ASCII.")
    return token


def _ask_as_it_is(client: Client, form: str, *, in_pieces: bool) -> Callable[[Piece], bytes]:
    """Return what sends a piece to ``/invocations`` as it is."""
    from mlmodel.scoring.media import FORMS

    accept = None if form == "json" else FORMS[form]
    if in_pieces:
        _check_pieces(client)
    return lambda piece: client.score(piece.content_type, piece.body, accept=accept)[1]


def _check_pieces(client: Client) -> None:
    """Check what the server tells of the model, if it does."""
    from mlmodel.errors import MlmodelError
    from mlmodel.scoring.pieces.reading import check_declared

    try:
        declared = client.declared()
    except MlmodelError:
        if client.server():
            raise
        echo(
            "mlmodel: warning: the server does not tell what the model declares; that it answers "
            "each row by itself, and reads each piece alike, is taken from you (RST-191)",
            err=True,
        )
        return
    check_declared(declared)


def _ask_typed(client: Client, form: str, *, in_pieces: bool) -> Callable[[Piece], bytes]:
    """Return what reads a piece at the declared types, and sends it by the other protocol."""
    from mlmodel._base.extras import require

    require("pandas", "predict")
    from mlmodel.scoring.clients.typed import read, written
    from mlmodel.scoring.pieces.reading import check_declared

    declared = client.declared()
    if in_pieces:
        check_declared(declared)

    def ask(piece: Piece) -> bytes:
        data, params = read(piece.content_type, piece.body, declared)
        return written(client.predict(data, params), form)

    return ask
