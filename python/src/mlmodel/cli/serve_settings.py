"""Settings of the server: each option, an environment variable and a key of a file, by one name.

An option wins over its variable, and that over the key of the file.
"""

from __future__ import annotations

import tomllib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["settable"]

#: What stands before the name of an option in its variable.
_VARIABLE = "MLMODEL_SERVE_"
#: The table of the file in which the keys may stand; a file may hold other tables, too.
_TABLE = "serve"
_MOST_BYTES = 2**20
#: Where a context keeps which file was read.
_READ = f"{__name__}.path"


def settable(command: click.Command) -> click.Command:
    """Let the options of a command be set by variables and a file, and return it.

    ``--body-timeout 9`` is ``MLMODEL_SERVE_BODY_TIMEOUT=9``, and ``body-timeout = 9`` in the file
    that ``--config`` names.
    """
    for name, option in _options(command).items():
        if not option.envvar:
            option.envvar = _VARIABLE + name.replace("-", "_").upper()
        option.get_error_hint = partial(_named, option, name)  # type: ignore[method-assign]
    config = click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_read,
        envvar=f"{_VARIABLE}CONFIG",
        help="TOML file of settings: the options by their names, in a table [serve] or at the top.",
    )
    return _with(command, config)


def _with(command: click.Command, option: Callable[[Any], Any]) -> click.Command:
    def nothing() -> None:
        """Hold an option."""

    option(nothing)
    command.params += nothing.__click_params__  # type: ignore[attr-defined]
    return command


def _named(option: click.Option, name: str, context: click.Context | None) -> str:
    """Return how an error names a setting: by the variable or the key that its value is from."""
    source = context and option.name and context.get_parameter_source(option.name)
    if source is ParameterSource.ENVIRONMENT:
        return f"the variable {option.envvar} (--{name})"
    if context and source is ParameterSource.DEFAULT_MAP:
        return f"{name!r} in {context.meta.get(_READ)} (--{name})"
    return click.Option.get_error_hint(option, context)


def _options(command: click.Command) -> dict[str, click.Option]:
    """Return the options by their long names, without the dashes."""
    found: dict[str, click.Option] = {}
    for parameter in command.params:
        long = [name for name in parameter.opts if name.startswith("--")]
        if isinstance(parameter, click.Option) and long:
            found[long[0].removeprefix("--")] = parameter
    return found


def _read(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    context.meta[_READ] = path
    options = _options(context.command)
    options.pop("config", None)
    defaults = dict(context.default_map or {})
    for key, value in _table(path).items():
        option = options.get(key)
        if option is None or option.name is None:
            known = ", ".join(sorted(options))
            raise click.BadParameter(f"{path}: {key!r} is not a setting; there are: {known}.")
        defaults[option.name] = _value(path, key, value, option)
    context.default_map = defaults


def _value(path: Path, key: str, value: object, option: click.Option) -> object:
    """Return what an option gets that takes texts, as from the command line."""
    values = value if isinstance(value, list) and option.multiple else [value]
    if any(isinstance(one, list | dict) for one in values):
        raise click.BadParameter(f"{path}: {key!r} is a text, a number, true or false.")
    if option.is_flag and not isinstance(value, bool):
        raise click.BadParameter(f"{path}: {key!r} is true or false.")
    return values if option.multiple else value


def _table(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
        given = tomllib.loads(text.decode())
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{path} is not a file of settings: {error}.") from None
    table = given.get(_TABLE, given)
    if not isinstance(table, dict):
        raise click.BadParameter(f"{path}: [{_TABLE}] is not a table.")
    return table
