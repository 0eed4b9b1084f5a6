"""``mlmodel predict``: score a file with a model, through the same codecs as a request."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["command"]

_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv"}


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    help="Score a file with a model.",
)
@click.option("-m", "--model-uri", "model", required=True, metavar="MODEL", help="Model folder.")
@click.option(
    "-i", "--input-path", "source", default="-", metavar="FILE", help="What to score; - is stdin."
)
@click.option("-o", "--output-path", "target", metavar="FILE", help="Where to write; else stdout.")
@click.option(
    "-t",
    "--content-type",
    "form",
    type=click.Choice(list(_MEDIA_TYPES)),
    help="Form of the input; if absent, by the name of the file, else json.",
)
@click.option("--trust", is_flag=True, help="Run the model's own code; see `mlmodel trust`.")
@click.option(
    "--allow", multiple=True, metavar="NAME", help="Allow an installed class by its exact name."
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

    require("pandas", "predict")
    require("orjson", "predict")
    from mlmodel.pyfunc import load_model
    from mlmodel.scoring.invocations import score

    body = _read(source)
    form = form or ("csv" if source.lower().endswith(".csv") else "json")
    engine = load_model(model, trust=trust, allow=allow).engine
    answer = score(_MEDIA_TYPES[form], body, engine)
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
    """Write a file whole or not at all: beside its place first, then moved there."""
    import os
    import tempfile

    from mlmodel.errors import WriteFailed

    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(answer)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WriteFailed(f"{target} cannot be written: {error.strerror}.") from None


def _umask() -> int:
    import os

    current = os.umask(0)
    os.umask(current)
    return current
