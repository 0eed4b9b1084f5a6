"""``mlmodel doctor``: which flavors this environment can load, and what the others lack."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from mlmodel._base.version import __version__
from mlmodel.cli._shared import color_option, complete_files, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.flavors._ready import Readiness
    from mlmodel.flavors._ready_models import Ready

_EXAMPLES = """\b
Examples:
  mlmodel doctor
  mlmodel doctor my_model
  mlmodel doctor models/ --json

\b
Exit codes: 0 shown (with PATHs: every model can be loaded), 1 a model cannot
be loaded here, 2 there is no model, or it cannot be read.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=complete_files)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
@color_option
def command(paths: tuple[str, ...], as_json: bool) -> None:
    """Tell which flavors this environment can load, and what is missing for the others.

    With PATHs (model folders, or folders with models somewhere below), tell it of these models:
    whether a library is missing or too old, and where installed versions differ from those that
    a model was saved with. Nothing of a model is run, and no library is imported.
    """
    if paths:
        sys.exit(_of_models(paths, as_json=as_json))
    from mlmodel.flavors._ready import readiness

    found = readiness()
    if as_json:
        about = {"mlmodel": __version__, "python": platform.python_version()}
        click.echo(json.dumps({**about, "flavors": list(map(_document, found))}, indent=2))
        return
    click.echo(f"mlmodel {__version__}, Python {platform.python_version()}")
    width = max(len(one.flavor) for one in found)
    for one in found:
        for line in _flavor_lines(one, width):
            click.echo(line)


def _document(one: Readiness) -> dict[str, Any]:
    return {
        "flavor": one.flavor,
        "loads": one.loads,
        "libraries": [asdict(library) for library in one.libraries],
        "install": one.install or None,
    }


def _flavor_lines(one: Readiness, width: int) -> Iterator[str]:
    mark = click.style("yes", fg="green") if one.loads else click.style("no ", fg="red")
    needed = [library for library in one.libraries if library.always or not one.loads]
    yield f"  {one.flavor:<{width}}  {mark}  {', '.join(map(str, needed))}"
    if one.loads and one.lacks_some:
        rest = (library for library in one.libraries if not library.always and library.fault)
        yield f"  {'':<{width}}       for some models: {', '.join(map(str, rest))}"
    if one.lacks_some and one.install:
        yield f"  {'':<{width}}       {one.install}"


def _of_models(paths: tuple[str, ...], *, as_json: bool) -> int:
    from mlmodel.flavors._ready_models import ready
    from mlmodel.reports.validation import find_models
    from mlmodel.store.locations.locate import local_folder

    found = [ready(model) for path in paths for model in find_models(local_folder(path))]
    if as_json:
        click.echo(json.dumps({"models": list(map(asdict, found))}, indent=2))
    else:
        for one in found:
            for line in _model_lines(one):
                click.echo(line)
    return max(one.exit_code for one in found)


def _model_lines(one: Ready) -> Iterator[str]:
    path = one_line(one.path)
    if one.unreadable is not None:
        yield f"{path}: {click.style('unreadable', fg='red')}: {one_line(one.unreadable)}"
        return
    if one.loads:
        own = ", as far as what its own code imports is installed" if one.runs_own_code else ""
        yield f"{path}: {click.style('loads', fg='green')}, by {one.by}{own}"
    else:
        yield f"{path}: {click.style('does not load', fg='red')}: {one_line('; '.join(one.lacks))}"
    if one.install:
        yield f"  {one_line(one.install)}"
    if one.differs:
        yield "  differs from what it was saved with:"
        yield from (f"    {one_line(line)}" for line in one.differs)
        yield f"  {one_line(one.install_as_saved or '')}"
