"""The command: ``mlmodel conformance …``, and ``python -m conformance …`` in the repository."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .cases import Selection, Vectors, read_vectors
from .known import Known, read_known
from .pipe import Harness
from .profiles import PROFILES
from .running import Settings, run
from .served import NAME, Served, model_of, served_by
from .server import RunningServer, StartedServer
from .subject import Broken
from .text_report import lines, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from .results import Result, Run
    from .subject import Subject

__all__ = ["command"]

_EXAMPLES = """\b
Examples:
  mlmodel conformance run -- node my_harness.js
  mlmodel conformance run --profile checker --lenient -- ./my-harness
  mlmodel conformance run --case 'enforcement/*:integer-*' -- ./my-harness
  mlmodel conformance run --known-failing known.txt -- ./my-harness
  mlmodel conformance run --report json -o me.json -- ./my-harness
  mlmodel conformance run --server grpc://127.0.0.1:5001 --called '{model}'
  mlmodel conformance report me.json other.json -o index.html

\b
conformance/README.md has the protocol of a harness.
"""
_RUN = """\b
Exit codes: 0 nothing but what was known; 1 a case failed or errored that was not known to, a
known failure passed, or an entry names no case; 2 the command cannot be asked, or wrong usage.
"""


@click.group(epilog=_EXAMPLES)
def command() -> None:
    """Run the conformance vectors against any implementation."""


def _selecting(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which cases are meant."""
    names = [profile.name for profile in PROFILES]
    for option in (
        click.option(
            "--vectors",
            type=click.Path(exists=True, path_type=Path),
            metavar="PATH",
            help="Other vectors: a folder of them, or a zip.",
        ),
        click.option("--rule", "rules", multiple=True, metavar="RULE",
                     help="Cases of this rule, or of rules that begin so (ENF)."),
        click.option("--case", "globs", multiple=True, metavar="GLOB",
                     help="Cases with this id; * and ? stand for any letters."),
        click.option("--area", "areas", multiple=True, metavar="AREA",
                     help="Cases of this area (a folder of vectors)."),
        click.option("--profile", "profiles", multiple=True, type=click.Choice(names),
                     help="Cases of this profile; by default of those that the harness claims, or "
                     "of all."),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command("run", epilog=_RUN)
@_selecting
@click.option(
    "--lenient",
    is_flag=True,
    help="Leave places in texts, `got`, `expected` and the order of violations out.",
)
@click.option(
    "--known-failing",
    "known",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What is known to fail: a line each, the id of a case or a pattern, and the reason.",
)
@click.option(
    "--report",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="What is written.",
)
@click.option("-o", "--output-file", "target", metavar="FILE", help="Write the report there.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="S",
    help="Seconds that a case may take.",
)
@click.option(
    "--start-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="S",
    help="Seconds that a harness or a server may take to start.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Ask N processes at once.",
)
@click.option(
    "--serve-command",
    "serve",
    metavar="COMMAND",
    help="Ask a server over HTTP, which this command starts for each model: {model} stands for "
    "the model's folder, {port} for the port, {name} for the name that V2 calls the model by; with "
    "{grpc_port} over gRPC, too.",
)
@click.option(
    "--server",
    "url",
    metavar="URL",
    help="Ask a server that runs and has the models of `conformance models`, over HTTP "
    "(http://…) or gRPC (grpc://HOST:PORT); {model} stands for the name of a folder.",
)
@click.option(
    "--called",
    default=NAME,
    show_default=True,
    metavar="NAME",
    help="What V2 and gRPC call the model on a server that runs; {model} stands for the name of "
    "its folder, where it has all of them.",
)
@click.option("--model", metavar="NAME", help="Cases of this model of a server alone.")
@click.option("--name", default="server", help="What a server is called, and its version.")
@click.option(
    "--ready",
    default="/ping",
    show_default=True,
    metavar="PATH",
    help="What a started server answers with 200 when it is ready.",
)
@click.argument("command_line", metavar="[-- COMMAND...]", nargs=-1)
def _run(  # noqa: PLR0913 - one parameter per option
    *,
    profiles: tuple[str, ...],
    areas: tuple[str, ...],
    globs: tuple[str, ...],
    rules: tuple[str, ...],
    vectors: Path | None,
    lenient: bool,
    known: Path | None,
    form: str,
    target: str | None,
    timeout: float,
    start_timeout: float,
    jobs: int,
    command_line: tuple[str, ...],
    model: str | None,
    serve: str | None,
    url: str | None,
    called: str,
    name: str,
    ready: str,
) -> None:
    """Ask an implementation the cases, and compare its answers.

    COMMAND starts a harness, which answers over its standard input and output. A server
    (--serve-command, --server) is asked the cases of scoring over HTTP or gRPC.
    """
    cases = _read(vectors)
    limits = (timeout, start_timeout)
    make = _what_is_asked(
        command_line, limits, serve=serve, url=url, called=called, name=name, ready=ready
    )
    progress = _Progress()
    settings = Settings(
        selection=Selection(profiles, areas, globs, rules, model or ""),
        known=_known(known),
        lenient=lenient,
        jobs=jobs,
        group=lambda case: "" if command_line else model_of(case),
        told=progress.told,
    )
    done = _asked(make, cases, settings)
    progress.clear()
    _write(_REPORTS[form](done), target)
    if target is not None:
        click.echo(summary(done), err=True)
    sys.exit(0 if done.is_right else 1)


def _what_is_asked(
    command_line: tuple[str, ...],
    limits: tuple[float, float],
    *,
    serve: str | None,
    url: str | None,
    called: str,
    name: str,
    ready: str,
) -> Callable[[], Subject]:
    """Return what makes the harness or server that the options name."""
    if sum(map(bool, (command_line, serve, url))) != 1:
        raise click.UsageError(
            "Name one thing to ask: the command of a harness (-- COMMAND...), --serve-command, "
            "or --server."
        )
    timeout, start = limits
    if serve:
        return lambda: StartedServer(
            serve, name=name, timeout=timeout, ready=ready, start_timeout=start
        )
    if url:
        return lambda: RunningServer(url, name=name, timeout=timeout, called=called)
    return lambda: Harness(command_line, timeout=timeout, start_timeout=start)


@command.command("models")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--vectors", type=click.Path(exists=True, path_type=Path), metavar="PATH")
def _models(*, folder: Path, vectors: Path | None) -> None:
    """Write the models that cases of scoring want of a server, for `run --server`.

    Each folder's name is printed, with how many cases want it.
    """
    wanted: dict[Served, int] = {}
    for case in _read(vectors).cases:
        served = served_by(case)
        if isinstance(served, Served):
            wanted[served] = wanted.get(served, 0) + 1
    for served, number in wanted.items():
        served.write(folder)
        click.echo(f"{served.name}  {number}")


@command.command("list")
@_selecting
@click.option("--cases", "each", is_flag=True, help="List the cases in place of the profiles.")
def _list(*, each: bool, vectors: Path | None, **chosen: tuple[str, ...]) -> None:
    """List the profiles with their numbers of cases, or the cases themselves."""
    cases = _selection(**chosen).of(_read(vectors).cases)
    if each:
        for case in cases:
            click.echo(f"{case.id}  {case.profile}  {', '.join(case.rules)}  {case.description}")
        return
    for profile in PROFILES:
        number = sum(case.profile == profile.name for case in cases)
        if number:
            click.echo(
                f"{profile.name:14} {number:5}  {profile.says} ({', '.join(profile.operations)})"
            )


@command.command("show")
@click.argument("globs", metavar="ID...", nargs=-1, required=True)
@click.option("--vectors", type=click.Path(exists=True, path_type=Path), metavar="PATH")
def _show(*, globs: tuple[str, ...], vectors: Path | None) -> None:
    """Print cases, by their ids, as a harness is asked them and what they expect."""
    cases = Selection(globs=globs).of(_read(vectors).cases)
    if not cases:
        raise click.UsageError("No case has this id; `conformance list --cases` has them.")
    for case in cases:
        said = {
            "id": case.id,
            "operation": case.operation,
            "profile": case.profile,
            "rules": case.rules,
            "description": case.description,
            "input": case.input,
            "expected": case.expected,
        }
        _write(json.dumps(said, indent=2, ensure_ascii=False) + "\n", None)


@command.command("report")
@click.argument(
    "files",
    metavar="REPORT.json...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown"]),
    default="html",
    show_default=True,
    help="A page for a browser, or the table of profiles for a README.",
)
@click.option("-o", "--output-file", "target", metavar="FILE", help="Write the page there.")
def _report(*, files: tuple[Path, ...], form: str, target: str | None) -> None:
    """Join reports of runs (`run --report json`): a column each."""
    from .html_report import markdown, page

    reports = [_given(path) for path in files]
    _write(page(reports) if form == "html" else markdown(reports), target)


def _given(path: Path) -> dict[str, Any]:
    from .given_reports import read_report

    try:
        return read_report(path)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _selection(
    profiles: tuple[str, ...],
    areas: tuple[str, ...],
    globs: tuple[str, ...],
    rules: tuple[str, ...],
) -> Selection:
    return Selection(profiles, areas, globs, rules)


def _read(path: Path | None) -> Vectors:
    try:
        return read_vectors(path)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _known(path: Path | None) -> Known:
    try:
        return Known() if path is None else read_known(path)
    except (OSError, ValueError) as error:
        raise click.UsageError(str(error)) from None


def _asked(make: Callable[[], Subject], vectors: Vectors, settings: Settings) -> Run:
    try:
        return run(make, vectors, settings)
    except Broken as error:
        raise _NotAskedError(str(error)) from None


class _NotAskedError(click.ClickException):
    """An implementation could not be asked; it is not the usage that was wrong."""

    exit_code = 2


class _Progress:
    """A line on a terminal that says how far the run is."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._number = self._wrong = 0

    def told(self, result: Result) -> None:
        """Take note of a result."""
        self._number += 1
        self._wrong += not result.is_right
        if self._shows:
            click.echo(f"\r{self._number} cases, {self._wrong} wrong ", err=True, nl=False)

    def clear(self) -> None:
        """Take the line away."""
        if self._shows:
            click.echo("\r\x1b[K", err=True, nl=False)


def _text(done: Run) -> str:
    return "".join(f"{line}\n" for line in lines(done))


def _html(done: Run) -> str:
    from .html_report import page

    return page([done.as_json()])


_REPORTS: dict[str, Callable[[Run], str]] = {
    "text": _text,
    "json": lambda done: done.as_text(),
    "html": _html,
}


def _write(text: str, target: str | None) -> None:
    """Write a report, whole or not at all; what UTF-8 cannot hold is escaped."""
    data = text.encode("utf-8", "backslashreplace")
    if target is None or target == "-":
        click.echo(data.decode(), nl=False)
        return
    path = Path(target)
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            _fill(file, data, path)
    except OSError as error:
        raise click.UsageError(f"{target} cannot be written: {error.strerror}.") from None


def _fill(file: Any, data: bytes, path: Path) -> None:
    """Write a temporary file and put it where it belongs; nothing is left of one that fails."""
    try:
        file.write(data)
        file.close()
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except BaseException:
        Path(file.name).unlink(missing_ok=True)
        raise
