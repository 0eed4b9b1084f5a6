"""``mlmodel inspect``: what a model is, for a person or another program."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from mlmodel._aliases import is_flavor
from mlmodel._base.texts import counted, cut
from mlmodel.cli._shared import (
    NOTHING,
    color_option,
    complete_files,
    echo,
    format_option,
    one_line,
    size,
)
from mlmodel.cli.progress import Progress
from mlmodel.errors import MlmodelError, ModelNotFound
from mlmodel.reports.inspection import inspect_model
from mlmodel.reports.trust_needed import LEVELS, Needed, as_document, needed_by
from mlmodel.reports.validation import find_models, models_below
from mlmodel.store.locations.locate import local_folder
from mlmodel.store.locations.uris import shown_uri

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_EXAMPLES = """\b
Examples:
  mlmodel inspect my_model
  mlmodel inspect my_model --format json
  mlmodel inspect --require-trust list models/

\b
What --require-trust allows, each with what stands before it:
  none     files that hold data, and nothing that could hold code
  list     pickles and skops files that use nothing but known harmless classes
           of libraries; such models load without being trusted
  named    pickles that use classes which --allow names, too
  trusted  anything, in folders that `mlmodel trust list` shows

\b
Exit codes: 0 shown, valid or not (--require-trust: all are allowed), 1 a file
is not a mapping (some need more), 2 there is no model, or it cannot be read.
"""
_SHOWN = 20
_NOTHING_BUT_DATA = "nothing: the model is read as data, and its folder has no pickle and no code"
#: How wide the column of a section's keys may grow.
_WIDEST = 40
_HEAD = {
    "utc_time_created": "created", "time_created": "created", "mlflow_version": "MLflow",
    "databricks_runtime": "Databricks", "run_id": "run", "model_id": "model",
    "artifact_path": "logged to",
}  # fmt: skip


@click.command(epilog=_EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_files)
@format_option()
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--require-trust",
    "level",
    type=click.Choice(LEVELS),
    metavar="LEVEL",
    help="A gate: exit with 1 where loading a model would need more trust than LEVEL (none, list, "
    "named or trusted; see below), and say why.",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help="With --require-trust named: allow a class by its exact name.",
)
@color_option
def command(
    paths: tuple[str, ...], form: str, as_json: bool, level: str | None, allow: tuple[str, ...]
) -> None:
    """Show what models are, without running any of their code.

    A PATH is a model folder, an MLmodel file, a folder with models somewhere below, or a URI.
    Shown are a model's flavors, signature, input example and environment, and what loading it
    would need and run. As JSON, one model is an object; more than one PATH, or a folder above
    models, is {"models": [...]}.
    """
    if allow and level not in {"named", "trusted"}:
        raise click.UsageError("--allow goes with --require-trust named or trusted.")
    is_json = as_json or form == "json"
    if level is None:
        _show_models(paths, is_json=is_json)
    else:
        sys.exit(_gate(paths, level, allow, is_json=is_json))


def _show_models(paths: tuple[str, ...], *, is_json: bool) -> None:
    places = [(path, local_folder(path)) for path in paths]
    found = []
    for path, place in places:
        models = _models_at(place)
        for model in models:
            found.append(inspect_model(model))
            found[-1]["path"] = shown_uri(path) if model == place else str(model)
    if is_json:
        alone = len(places) == 1 and found[0]["path"] == shown_uri(paths[0])
        click.echo(json.dumps(found[0] if alone else {"models": found}, indent=2))
        return
    for number, one in enumerate(found):
        for line in ([""] if number else []) + list(_model_lines(one)):
            echo(line)


def _models_at(place: Path) -> list[Path]:
    """Return the models at a place; where there is none, the place, whose error says so."""
    try:
        return list(find_models(place))
    except ModelNotFound:
        return [place]


# -- the gate -------------------------------------------------------------------------------------


def _gate(paths: tuple[str, ...], level: str, allow: tuple[str, ...], *, is_json: bool) -> int:
    """Hold models against what is allowed, those in a model's folder too; return the exit code."""
    found: list[Needed] = []
    models: dict[Path, None] = {}
    for path in paths:
        try:
            for model in find_models(local_folder(path)):
                models.update(dict.fromkeys((model, *models_below(model))))
        except MlmodelError as error:
            shown = shown_uri(path)
            reason = error.message.removeprefix(f"{shown}: ")
            found.append(Needed(shown, None, allowed=False, unreadable=reason))
    progress = Progress("looking into", len(models))
    found += [needed_by(model, level, allow) for model in progress.over(models)]
    if is_json:
        click.echo(json.dumps(as_document(found, level), indent=2))
    else:
        for line in _gate_lines(found, level):
            click.echo(line)
    return max(one.exit_code for one in found)


def _gate_lines(found: list[Needed], level: str) -> Iterator[str]:
    for one in found:
        path = one_line(one.path)
        if one.unreadable is not None:
            yield f"{path}: {click.style('unreadable', fg='red')}: {one_line(one.unreadable)}"
        elif one.allowed:
            yield f"{path}: {click.style('allowed', fg='green')}, needs {one.needs}"
        else:
            yield f"{path}: {click.style('refused', fg='red')}, {_refusal(str(one.needs), level)}"
            yield from (f"  {one_line(str(look))}" for look in one.why)
    counts = as_document(found, level)["summary"]
    parts = [f"{counts['allowed']} allowed", f"{counts['refused']} refused"]
    parts += [f"{counts['unreadable']} unreadable"] if counts["unreadable"] else []
    models = counted(counts["models"], "model")
    yield click.style(f"{models}: {', '.join(parts)} (--require-trust {level})", bold=True)


def _refusal(needs: str, level: str) -> str:
    if needs == level:
        return "needs to be trusted, and this folder is not (mlmodel trust add)"
    return f"needs {needs}"


# -- one model ------------------------------------------------------------------------------------


def _model_lines(found: dict[str, Any]) -> Iterator[str]:
    yield found["path"]
    for key, label in _HEAD.items():
        if key in found:
            yield _row(label, found[key])
    many = "the first " if found.get("more_files") else ""
    files = f"{many}{counted(found['files'], 'file')}"
    yield _row(
        "size", f"{size(found['size_bytes'])} in {files}{' (there are more)' if many else ''}"
    )
    yield _row("valid", _validity(found))
    yield from _flavor_lines(found["flavors"])
    yield from _signature_lines(found["signature"])
    yield from _example_lines(found["example"])
    yield from _fidelity_lines(found.get("fidelity"))
    yield from _environment_lines(found["environment"])
    yield from _loading_lines(found["loading"])
    if found.get("metadata"):
        yield "metadata"
        yield from _rows(found["metadata"])


def _row(label: str, value: object, width: int = 16) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"  {label:<{width}} {text}"


def _rows(mapping: dict[str, Any]) -> Iterator[str]:
    """Give a row for each key that has a value, the values under each other."""
    shown = {str(key): value for key, value in mapping.items() if value is not None}
    width = min(_WIDEST, max((16, *map(len, shown))))
    yield from (_row(key, value, width) for key, value in shown.items())


def _validity(found: dict[str, Any]) -> str:
    if found["valid"] and not found["warnings"]:
        return "yes"
    counts = f"{counted(found['errors'], 'error')}, {counted(found['warnings'], 'warning')}"
    return f"{'yes' if found['valid'] else 'no'} ({counts}; see mlmodel validate)"


def _flavor_lines(flavors: Any) -> Iterator[str]:
    for name, keys in flavors.items() if isinstance(flavors, dict) else ():
        yield f"flavor {name}"
        yield from _rows(keys if isinstance(keys, dict) else {})


def _signature_lines(signature: dict[str, Any] | None) -> Iterator[str]:
    if signature is None:
        yield "no signature"
        return
    for part, specs in signature.items():
        if not isinstance(specs, list):
            continue
        yield f"{part} ({len(specs)})"
        rows = [_spec(index, spec) for index, spec in enumerate(specs[:_SHOWN])]
        width = min(_WIDEST, max((len(name) for name, _ in rows), default=0))
        yield from (f"  {cut(name):<{width}}  {kind}" for name, kind in rows)
        if len(specs) > _SHOWN:
            yield f"  and {len(specs) - _SHOWN} more (--format json shows all)"


def _spec(index: int, spec: Any) -> tuple[str, str]:
    if not isinstance(spec, dict):
        return str(index), json.dumps(spec)
    name = str(spec["name"]) if spec.get("name") is not None else f"#{index}"
    tensor = spec.get("tensor-spec", spec)
    if isinstance(tensor, dict) and "dtype" in tensor and "default" not in spec:
        return name, f"tensor {tensor.get('dtype')} {tensor.get('shape')}"
    nested = {k: v for k, v in spec.items() if k in {"items", "properties", "values"}}
    kind = str(spec.get("type", spec.get("dtype")))
    if nested:
        kind += f" {json.dumps(next(iter(nested.values())), ensure_ascii=False)}"
    if "default" in spec:
        shape = "" if spec.get("shape") is None else " list"
        return name, f"{kind}{shape} = {json.dumps(spec['default'], ensure_ascii=False)}"
    return name, kind + ("" if spec.get("required", True) else " (optional)")


def _example_lines(example: dict[str, Any] | None) -> Iterator[str]:
    if example is None:
        yield "no input example"
        return
    yield "input example"
    state = "" if example["present"] else " (missing)"
    yield _row("file", f"{example.get('artifact_path')}{state}")
    kind = " ".join(str(example[k]) for k in ("type", "pandas_orient") if example.get(k))
    if kind:
        yield _row("type", kind)


def _fidelity_lines(fidelity: dict[str, Any] | None) -> Iterator[str]:
    if fidelity is None:
        return
    yield "fidelity: when it was saved, its example was not answered as by the model itself"
    yield from _rows(fidelity["ways"])
    if fidelity.get("signature_left_out") is True:
        yield _row("signature", "left out, since nothing could be scored under it")


def _environment_lines(environment: dict[str, Any]) -> Iterator[str]:
    if not environment:
        yield "no environment"
        return
    yield "environment"
    if "python" in environment:
        yield _row("python", environment["python"])
    if environment.get("conda"):
        yield _row("conda", ", ".join(environment["conda"]))
    lines = environment.get("requirements", [])
    for index, line in enumerate(lines[:_SHOWN]):
        yield _row("requirements" if index == 0 else "", line)
    if len(lines) > _SHOWN:
        yield _row("", f"and {len(lines) - _SHOWN} more")


def _loading_lines(loading: dict[str, Any]) -> Iterator[str]:
    yield "loading it"
    if "loader_module" in loading:
        yield _row("through", loading["loader_module"])
    for name in loading["missing"]:
        yield _row("misses", name)
    looks = sorted(loading["files"], key=lambda look: not look["needs_trust"])
    for look in looks[:_SHOWN]:
        label = "may run" if look["needs_trust"] else "reads"
        yield _row(label, f"{look['file']}: {look['what']}")
    if len(looks) > _SHOWN:
        yield _row("", f"and {len(looks) - _SHOWN} more (--format json shows all)")
    if not looks:
        # What of a flavor's files can hold code was looked into.
        loader = str(loading.get("loader_module")).rpartition(".")[2]
        known = not loading["missing"] and is_flavor(loader)
        yield _row("may run", _NOTHING_BUT_DATA if known else NOTHING)
