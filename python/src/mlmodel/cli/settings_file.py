"""Settings of the commands in a file: ``mlmodel.toml``, or ``[tool.mlmodel]`` in pyproject.toml.

The file is the nearest one, from the working directory upwards. Reading it runs nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEYS", "settings"]

_OWN, _SHARED = "mlmodel.toml", "pyproject.toml"
#: The settings and what each may be, told so in errors.
_LIST, _SWITCH, _NUMBER = "a list of texts", "true or false", "a whole number from 1"
KEYS = {
    "select": _LIST,
    "ignore": _LIST,
    "strict": _SWITCH,
    "jobs": _NUMBER,
    "max-bytes": _NUMBER,
}
_LARGEST = 2**22


def settings() -> dict[str, Any]:
    """Return the settings that hold in the working directory, by the names of the options.

    Raises:
        InvalidArgument: the file cannot be read, or has a key that is not known or of another kind.

    """
    for path in _places():
        content = _content(path)
        # Another project's file is not even parsed.
        if content is None or (path.name == _SHARED and b"mlmodel" not in content):
            continue
        section = _section(path, content)
        if section is not None:
            return _checked(path, section)
    return {}


def _places() -> Iterator[Path]:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if not os.access(folder, os.X_OK):
            return
        yield folder / _OWN
        yield folder / _SHARED


def _content(path: Path) -> bytes | None:
    try:
        return files.read(path, _LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidArgument(f"{path} cannot be read: {error.strerror}.") from None


def _section(path: Path, content: bytes) -> dict[str, Any] | None:
    """Return the settings of a file; None where it is a pyproject.toml without any."""
    import tomllib

    try:
        held = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidArgument(f"{path} is not TOML: {error}.") from None
    if path.name == _OWN:
        return held
    tools = held.get("tool")
    section = tools.get("mlmodel") if isinstance(tools, dict) else None
    if section is not None and not isinstance(section, dict):
        raise InvalidArgument(f"{path}: [tool.mlmodel] is not a table.")
    return section


def _checked(path: Path, section: dict[str, Any]) -> dict[str, Any]:
    wrong = [*_unknown(path, section), *_of_another_kind(section)]
    if wrong:
        raise InvalidArgument(f"{path}: {' '.join(wrong)}")
    return section


def _unknown(path: Path, section: dict[str, Any]) -> Iterator[str]:
    """Give what is said of settings that are not known."""
    unknown = [key for key in section if key not in KEYS]
    tools = section.get("tool")
    if path.name == _OWN and isinstance(tools, dict) and "mlmodel" in tools:
        yield (
            f"In {_OWN} the settings stand at the top; take out the line [tool.mlmodel], which "
            f"belongs into {_SHARED}."
        )
        unknown.remove("tool")
    if not unknown:
        return
    from difflib import get_close_matches

    close = [near for key in unknown for near in get_close_matches(key, KEYS, 1)]
    hint = f"did you mean {' and '.join(close)}?" if close else f"known are {', '.join(KEYS)}."
    yield (
        f"It has {'a setting' if len(unknown) == 1 else 'settings'} that mlmodel does not "
        f"know: {', '.join(unknown)}; {hint}"
    )


def _of_another_kind(section: dict[str, Any]) -> Iterator[str]:
    for key, value in section.items():
        if key in KEYS and not _is(KEYS[key], value):
            yield f"{key} is {str(value)[:60]!r}; expected {KEYS[key]}."


def _is(kind: str, value: Any) -> bool:
    if kind == _LIST:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == _SWITCH:
        return isinstance(value, bool)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
