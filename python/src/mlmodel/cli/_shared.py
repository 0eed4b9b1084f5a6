"""What the commands share: how they print and end, and the options that several have."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from functools import wraps
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from click.shell_completion import CompletionItem

    from mlmodel.errors import MlmodelError

Answer = TypeVar("Answer")

__all__ = [
    "NOTHING",
    "answering",
    "batch_option",
    "color_option",
    "complete_files",
    "complete_rules",
    "content_type_of",
    "echo",
    "fail",
    "format_option",
    "gate_options",
    "in_processes",
    "input_options",
    "jobs_option",
    "loading_options",
    "local_file",
    "model_option",
    "one_line",
    "open_input",
    "open_output",
    "say_trust_is_lost",
    "says_its_form",
    "size",
    "trust_options",
    "without_commands",
    "write_output",
]

#: What is said of a folder in which nothing was found that loading could run.
NOTHING = "no pickle and no code was found (files of other kinds were not inspected)"


def complete_files(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the shell complete a path."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_rules(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the id of a rule; its text is shown where the shell shows such."""
    from click.shell_completion import CompletionItem

    from mlmodel.reports.rules import rules

    begun = incomplete.upper()
    return [
        CompletionItem(name, help=one_line(one.text)[:100])
        for name, one in rules().items()
        if name.startswith(begun)
    ]


def one_line(text: str) -> str:
    """Return a text of the model's or the user's as one line that any terminal may be given."""
    from mlmodel._base.texts import printable

    return without_commands(printable(text.replace("\n", "\\n")))


def without_commands(line: str) -> str:
    """Return a line for people that is no command to GitHub's runner, where it runs there.

    The runner takes for one a line that begins with two colons, and ``##[`` wherever it stands.
    """
    if not os.environ.get("GITHUB_ACTIONS"):
        return line
    start = len(line) - len(line.lstrip())
    if line.startswith("::", start):
        line = f"{line[:start]}\\x3a{line[start + 1 :]}"
    return line.replace("##[", "#\\x23[")


def echo(line: str, *, err: bool = False) -> None:
    """Print one line; nothing in it can move the cursor or make another line."""
    click.echo(one_line(line), err=err)


def fail(error: MlmodelError, code: int | None = None) -> NoReturn:
    """Say what went wrong, all of it, and exit with the error's code (or this one)."""
    message, *details = error.lines()
    for line in (f"mlmodel: {error.code}: {message}", *details):
        echo(line, err=True)
    sys.exit(error.exit_code if code is None else code)


def answering(command: Callable[..., None]) -> Callable[..., None]:
    """Let errors exit with 2 or more, because 1 is an answer of this command (ERR-011)."""

    @wraps(command)
    def answering_command(*args: Any, **options: Any) -> None:
        from mlmodel.errors import MlmodelError

        try:
            command(*args, **options)
        except MlmodelError as error:
            fail(error, max(error.exit_code, 2))

    return answering_command


def local_file(place: str) -> Path:
    """Return the path of what is going to be changed, which no URI can name.

    Raises:
        InvalidArgument: this is a URI of what is elsewhere.

    """
    from mlmodel.errors import InvalidArgument
    from mlmodel.store.locations.locate import local_path
    from mlmodel.store.locations.uris import is_uri

    if is_uri(place):
        raise InvalidArgument(
            "A model at a URI cannot be changed: download it, and give the path of its folder."
        )
    return local_path(place)


def say_trust_is_lost(folders: Iterable[Path]) -> None:
    """Say which of the folders that were changed the user had trusted as they were (MLM-032)."""
    from mlmodel.trust import records

    changed = {str(folder.resolve()): folder for folder in folders}
    trusted = {record.path for record in records.list_records()} if changed else set()
    for path in sorted(changed.keys() & trusted):
        echo(
            f"{changed[path]} was trusted and has just been changed, so it is no longer "
            f"trusted. To trust it as it is now: mlmodel trust add "
            f"{shlex.quote(str(changed[path]))} (MLM-032)",
            err=True,
        )


def size(number: int) -> str:
    """Return a number of bytes as a person reads it."""
    amount = float(number)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":  # noqa: PLR2004 - bytes in a KiB
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return ""


def jobs_option(verb: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what adds the option ``--jobs`` to a command that does ``verb`` with many files."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        metavar="N",
        help=f"{verb} in N processes.",
    )


def in_processes(
    work: Callable[[str], Answer], items: Sequence[str], jobs: int
) -> Iterator[Answer]:
    """Give what ``work`` answers to each item, in their order, made in so many processes.

    With more than one, ``work`` and its answers are pickled.
    """
    jobs = min(jobs, len(items))
    if jobs <= 1:
        yield from map(work, items)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, items, chunksize=max(1, len(items) // (jobs * 8)))


def format_option(*more: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what adds the option ``--format``: text for people, json for programs, and more."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="How the result is printed.",
    )


def color_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option ``--color``, which sets the context's ``color``: what click prints by.

    Without it colors are for terminals, and not where NO_COLOR is set or the terminal is dumb.
    """
    option = click.option(
        "--color/--no-color",
        default=None,
        expose_value=False,
        callback=_set_color,
        help="Print in colors or not. By default on a terminal, unless NO_COLOR is set.",
    )
    return option(command)


def _set_color(context: click.Context, _option: click.Parameter, color: bool | None) -> None:
    is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    context.color = False if color is None and is_plain else color


def loading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``-m``, ``--trust``, ``--allow`` and ``--sandbox`` to a command that loads a model."""
    return model_option(trust_options(command))


def gate_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--trust`` and ``--allow`` to a command that loads models into its own process."""
    for option in (
        click.option(
            "--allow",
            multiple=True,
            metavar="NAME",
            help="Allow an installed class by its exact name.",
        ),
        click.option(
            "--trust", is_flag=True, help="Run the model's own code; see `mlmodel trust`."
        ),
    ):
        command = option(command)
    return command


def trust_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--trust``, ``--allow`` and ``--sandbox`` to a command that loads models."""
    sandbox = click.option(
        "--sandbox",
        type=click.Choice(["auto", "on", "off"]),
        default="auto",
        show_default=True,
        envvar="MLMODEL_SANDBOX",
        help="Run the model where it can write no file, start no program and open no "
        "connection: auto does so for a folder that is not trusted, as far as this system "
        "can; on for any, or fails; off for none.",
    )
    return gate_options(sandbox(command))


def model_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add the option ``-m`` to a command."""
    option = click.option(
        "-m",
        "--model-uri",
        "model",
        required=True,
        metavar="MODEL",
        shell_complete=complete_files,
        help="Model folder, or a URI of one.",
    )
    return option(command)


def batch_option(help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:  # noqa: A002 - click's word
    """Return what adds the option ``--batch-rows`` to a command that reads data."""
    return click.option("--batch-rows", type=click.IntRange(min=1), metavar="N", help=help)


def input_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options ``-i`` and ``-t`` to a command that reads data."""
    for option in (
        click.option(
            "-t",
            "--content-type",
            "content_type",
            metavar="FORM",
            callback=_checked_form,
            help="Form of the input: json, jsonl (an object a line), csv, parquet, arrow (a file), "
            "arrows (a stream), or a content type with its parameters; the default follows the "
            "name of the file, or is json.",
        ),
        click.option(
            "-i",
            "--input-path",
            "source",
            default="-",
            show_default=True,
            metavar="FILE",
            shell_complete=complete_files,
            help="The data; - is stdin.",
        ),
    ):
        command = option(command)
    return command


def _checked_form(
    _context: click.Context, _option: click.Parameter, form: str | None
) -> str | None:
    from mlmodel.scoring.media import FORMS

    if form is None or form in {*FORMS, *_LINES} or "/" in form:
        return form
    raise click.BadParameter(
        f"{form!r} is not a known form: give one of {', '.join(FORMS)}, or a content type such as "
        f"{FORMS['json']!r}."
    )


#: What JSON lines are called, which no request is; a command makes requests of them.
_LINES = {"jsonl": "application/x-ndjson", "ndjson": "application/x-ndjson"}
#: Other endings of files in a form that requests have.
_ENDINGS = {"feather": "arrow", "ipc": "arrow", "pq": "parquet"}
#: Endings of files that hold data in a form that no request has.
_NOT_READ = frozenset({
    *("xlsx", "xls", "ods", "orc", "avro", "tsv"),
    *("pkl", "pickle", "joblib", "npy", "npz", "h5", "hdf5", "gz", "zip", "bz2", "xz", "zst"),
})  # fmt: skip


def content_type_of(source: str, form: str | None) -> str:
    """Return the content type of the data in a file, as the options say or its name does."""
    from mlmodel.scoring.media import FORMS

    suffix = PurePath(source).suffix.lower().removeprefix(".")
    if form is None and suffix in _NOT_READ:
        from mlmodel.errors import InvalidArgument

        raise InvalidArgument(
            f"{source}: files of the kind .{suffix} are not read. Save the data as Parquet, CSV or "
            f"JSON; or, if the file holds that, say so with --content-type {' or '.join(FORMS)}."
        )
    suffix = _ENDINGS.get(suffix, suffix)
    known = {**FORMS, **_LINES}
    form = form or (suffix if suffix in known else "json")
    return known.get(form, form)


def says_its_form(source: str) -> bool:
    """Return whether a file's name says what form its data have."""
    from mlmodel.scoring.media import FORMS

    return PurePath(source).suffix.lower().removeprefix(".") in {*FORMS, *_LINES, *_ENDINGS}


@contextmanager
def open_input(source: str) -> Iterator[BinaryIO]:
    """Give a file, or standard input, open for reading.

    Raises:
        InvalidArgument: the file cannot be read.

    """
    from mlmodel.errors import InvalidArgument

    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115 - what is done with it has other errors
    except OSError as error:
        raise InvalidArgument(f"{source} cannot be read: {error.strerror}.") from None
    with stream:
        yield stream


@contextmanager
def open_output(target: str | None) -> Iterator[BinaryIO]:
    """Give standard output, or a file that is there at the end, whole or not at all.

    Raises:
        InvalidArgument: something that is not a file stands there.
        WriteFailed: it cannot be written; what was there still is.

    """
    if target is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from mlmodel._base import files
    from mlmodel.errors import MlmodelError, WriteFailed

    try:
        with files.writing(_place_of(target)) as stream:
            yield stream
    except MlmodelError:
        raise
    except OSError as error:
        raise WriteFailed(f"{target} cannot be written: {error.strerror}.") from None


def write_output(target: str, content: bytes) -> None:
    """Write a file that the user named; raises as :func:`open_output`."""
    with open_output(target) as stream:
        stream.write(content)


def _place_of(target: str) -> Path:
    """Return the path at which a file is put in place."""
    from mlmodel.errors import InvalidArgument

    path = Path(target)
    # A device would be replaced by a file, and a link by what it leads to no longer.
    if path.exists() and not path.is_file():
        raise InvalidArgument(f"{target} is not a file, so nothing is written there.")
    return path.resolve() if path.is_symlink() else path
