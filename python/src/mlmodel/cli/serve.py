"""``mlmodel serve``: serve models over REST."""

from __future__ import annotations

from typing import Any

import click

from mlmodel.cli._shared import complete_files, echo, trust_options
from mlmodel.cli.serve_settings import settable
from mlmodel.cli.serve_watching import watch_options
from mlmodel.cli.sizes import Size
from mlmodel.serving.settings import (
    BATCH_SECONDS,
    BODY_SECONDS,
    MAX_BODY,
    THREADS,
    WAITING,
    Settings,
)

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  mlmodel serve -m my_model
  mlmodel serve -m my_model -h 0.0.0.0 -p 8080 -w 4
  mlmodel serve -m iris=models/iris -m wine=models/wine
  curl localhost:5000/invocations -H "Content-Type: application/json" \\
    -d '{"dataframe_records": [{"age": 42}]}'

\b
Every option may be set by a variable, MLMODEL_SERVE_PORT for --port, and in
the file that --config names (port = 8080). Options win over variables, and
these over the file.

\b
Exit codes: 0 stopped by a signal, 1 a model is not valid or failed to load,
2 it cannot be read or the address cannot be used, 3 it would run code that is
not trusted.
"""


# -h is the host, as in MLflow, so help is --help only.
@settable
@click.command(
    context_settings={"help_option_names": ["--help"], "show_default": True},
    epilog=_EXAMPLES,
)
@click.option(
    "-m",
    "--model-uri",
    "models",
    required=True,
    multiple=True,
    metavar="[NAME=]MODEL",
    shell_complete=complete_files,
    help="Model folder, or a URI of one; several, if the option is given several times. Without a "
    "name a model is called as its folder is. Models of one server share its processes: what you "
    "trust and what you do not trust are better served apart, or with --isolate.",
)
@trust_options
@click.option("-h", "--host", default="127.0.0.1", help="Address to listen at.")
@click.option(
    "-p", "--port", default=5000, type=click.IntRange(0, 65535), help="Port; 0 picks a free one."
)
@click.option(
    "--grpc-port",
    default=None,
    type=click.IntRange(0, 65535),
    help="Port for the Open Inference Protocol over gRPC; 0 picks a free one.",
)
@click.option(
    "--max-body",
    default=f"{MAX_BODY // 2**20}MiB",
    type=Size(),
    help="Largest size of a request body.",
)
@click.option(
    "-w",
    "--workers",
    default=1,
    type=click.IntRange(1),
    help="Number of processes; each loads the models.",
)
@click.option(
    "--threads",
    default=THREADS,
    type=click.IntRange(1),
    help=f"Requests at a time in each process; up to {WAITING} more wait, others are refused "
    "(503).",
)
@click.option(
    "--isolate",
    is_flag=True,
    help="Predict in processes of their own, one for each of --threads (each loads the model): a "
    "crash costs one request, and --timeout ends what takes too long.",
)
@click.option(
    "--timeout",
    "predict_seconds",
    default=None,
    type=click.FloatRange(0, min_open=True),
    help="Seconds that a prediction may take (504); any time if not given.",
)
@click.option(
    "--body-timeout",
    "body_seconds",
    default=BODY_SECONDS,
    type=click.FloatRange(0, min_open=True),
    help="Seconds that the body of a request may take to arrive (408).",
)
@click.option(
    "--terse-errors", "terse", is_flag=True, help="Answer errors with their code and rules only."
)
@watch_options
@click.option(
    "--no-page",
    "no_page",
    is_flag=True,
    help="Answer neither the page at / nor /docs and /openapi.json, which tell names, signatures "
    "and examples of the models.",
)
@click.option(
    "--uds",
    "socket",
    default=None,
    type=click.Path(),
    help="Listen at this socket of the file system, in the place of host and port.",
)
@click.option(
    "--tls-cert",
    "certificate",
    default=None,
    type=click.Path(exists=True, dir_okay=False),
    help="Certificate (PEM, with its chain); connections are encrypted then.",
)
@click.option(
    "--tls-key",
    "key",
    default=None,
    type=click.Path(exists=True, dir_okay=False),
    help="Key of the certificate (PEM, without password), if it stands in a file of its own.",
)
@click.option(
    "--allow-repository",
    "repository",
    is_flag=True,
    help="Let clients unload these models and load them again (V2's model repository); with one "
    "worker.",
)
@click.option(
    "--batch-max-rows",
    "batch_rows",
    default=None,
    type=click.IntRange(2),
    help="Predict the requests that wait while another prediction goes on together, so many rows "
    "at most; of models that are declared row-wise. One request at a time if not given.",
)
@click.option(
    "--batch-max-wait",
    "batch_seconds",
    default=BATCH_SECONDS,
    type=click.FloatRange(0, 60),
    help="Seconds that a request waits so; none waits while its model is free.",
)
@click.option(
    "--row-wise",
    multiple=True,
    metavar="NAME",
    help="Name of a model that answers each row by itself, whatever the others are; may be given "
    "several times.",
)
@click.option(
    "--reload",
    is_flag=True,
    help="Load the models again when their folders change, without a refused request; a folder is "
    "loaded once nothing in it has changed for a second.",
)
@click.option(
    "--root-path",
    "root",
    default="",
    show_default=False,
    help="Path below which a proxy offers the server, whether the proxy takes it off or leaves it.",
)
@click.option(
    "--cors-origin",
    "origins",
    multiple=True,
    help="Origin whose pages may read the answers in a browser, such as https://app.example.org; "
    "may be given several times; * is any.",
)
@click.option(
    "--token-file",
    default=None,
    type=click.Path(),
    help="File of tokens, one a line, of which each request must have one (Authorization: Bearer). "
    "The variable MLMODEL_SERVE_TOKEN may hold some as well.",
)
def command(
    *,
    models: tuple[str, ...],
    no_page: bool,
    certificate: str | None,
    key: str | None,
    batch_rows: int | None,
    row_wise: tuple[str, ...],
    **same: Any,
) -> None:
    """Serve models over REST.

    POST /invocations scores, as MLflow's server does, and POST /models/NAME/invocations where there
    are several models; /v2 is the Open Inference Protocol, as KServe, Triton and MLServer speak it,
    for all of them. At / is a page to try the models at, at /openapi.json their description for
    tools, at /docs a view of it. GET /ping, /health and /version tell the state of the server. On
    SIGTERM or Ctrl-C it finishes the requests that it has begun, and stops; on SIGHUP it loads the
    models again. A worker process that ends is replaced.
    """
    from mlmodel.serving.names import places
    from mlmodel.serving.server import run

    if key is not None and certificate is None:
        raise click.UsageError("--tls-key goes with --tls-cert.")
    if row_wise and batch_rows is None:
        raise click.UsageError("--row-wise goes with --batch-max-rows.")
    settings = Settings(
        places(models),
        page=not no_page,
        certificate=certificate,
        key=key,
        batch_rows=batch_rows,
        row_wise=row_wise,
        **same,  # the other options are settings by the same names
    )
    run(settings, lambda url: echo(f"mlmodel: ready at {url}"))
