"""Write the MLmodel file: text that MLflow reads equally, whole or not at all (MLM-014 to 016)."""

from __future__ import annotations

import codecs
import datetime as dt
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.pointers import join
from mlmodel.document.times import with_todays_time
from mlmodel.document.yaml.events import DEFAULT_LIMITS
from mlmodel.document.yaml.scalars import PREFIX
from mlmodel.errors import InvalidModel, Violation, WriteFailed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.paths import PathLike

__all__ = ["dumps", "rewrite", "write"]

_SCALARS = (str, bytes, bool, int, float, type(None), dt.date, dt.datetime)
# Reading refuses a longer number (MLM-006), so one is not written.
_MAX_BITS = 3_300


def dumps(data: dict[str, Any]) -> str:
    """Return the YAML text of an MLmodel file: keys sorted, block style, ASCII, safe types only.

    ``parse(dumps(data)).data`` is ``data`` again: tuples as lists, ``time_created`` under its
    name of today (MLM-009). Written again, it is the same text.

    Raises:
        InvalidModel: a value that YAML's safe types cannot hold, with its key (MLM-014).

    """
    import yaml

    unwritable = list(_Unwritable().below(data, [], ()))
    if unwritable:
        raise InvalidModel("The model file cannot be written.", unwritable)
    text = yaml.dump(with_todays_time(data), Dumper=_dumper(), default_flow_style=False)
    return str(text)


def write(data: dict[str, Any], path: PathLike) -> Path:
    """Write the MLmodel file at ``path``, or in the folder ``path``; an existing one is replaced.

    The file appears whole or not at all (MLM-016).

    Raises:
        InvalidModel: as :func:`dumps`.
        WriteFailed: the disk is full, or writing is not permitted.

    """
    text = dumps(data)
    file = Path(path) / FILE_NAME if Path(path).is_dir() else Path(path)
    try:
        files.write(file, text.encode())
    except OSError as error:
        raise WriteFailed(f"{file} could not be written: {error.strerror}.") from error
    return file


def rewrite(file: Path, text: str) -> None:
    """Put another text in an existing file, whole or not at all (MLM-016).

    Its permissions and a byte order mark stay; of a link, what it leads to is written.

    Raises:
        WriteFailed: as :func:`write`; the file is as it was.

    """
    try:
        real = Path(os.path.realpath(file))
        mode = stat.S_IMODE(real.stat().st_mode)
        mark = codecs.BOM_UTF8 if files.read(real).startswith(codecs.BOM_UTF8) else b""
        files.write(real, mark + text.encode())
        real.chmod(mode)
    except OSError as error:
        raise WriteFailed(f"{file} could not be written: {error.strerror}.") from error


def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base's signature
            return True

    Dumper.add_representer(tuple, yaml.representer.SafeRepresenter.represent_list)
    Dumper.add_representer(set, _represent_set)
    return Dumper


def _represent_set(dumper: Any, value: set[Any]) -> Any:
    # The order of a set is none; the text has to be the same whenever it is written.
    members = sorted(value, key=lambda member: (type(member).__name__, repr(member)))
    return dumper.represent_mapping(PREFIX + "set", dict.fromkeys(members))


class _Unwritable:
    """Finds what YAML's safe types cannot hold, or what reading would refuse."""

    def __init__(self) -> None:
        self.count = 0

    def below(self, value: Any, path: list[Any], above: tuple[int, ...]) -> Iterator[Violation]:
        """Give what is wrong with a value and with all that it holds."""
        self.count += 1
        if self.count > DEFAULT_LIMITS.events:
            if self.count == DEFAULT_LIMITS.events + 1:
                yield _unwritable(f"More than {DEFAULT_LIMITS.events:,} values.", path, "MLM-002")
        elif type(value) in (dict, list, tuple, set):
            yield from self.in_collection(value, path, above)
        else:
            yield from _in_scalar(value, path)

    def in_collection(
        self, value: Any, path: list[Any], above: tuple[int, ...]
    ) -> Iterator[Violation]:
        if id(value) in above:
            yield _unwritable("The value contains itself.", path)
            return
        if len(above) >= DEFAULT_LIMITS.depth:
            message = f"Nested deeper than {DEFAULT_LIMITS.depth} levels."
            yield _unwritable(message, path, "MLM-002")
            return
        inside = (*above, id(value))
        if isinstance(value, dict):
            for key, member in value.items():
                yield from _in_scalar(key, [*path, key], "The key")
                yield from self.below(member, [*path, key], inside)
        else:
            for index, member in enumerate(value):
                yield from self.below(member, [*path, index], inside)


def _in_scalar(value: Any, path: list[Any], what: str = "The value") -> Iterator[Violation]:
    where = f"{what} at {join(path) or '/'}"
    if type(value) not in _SCALARS:
        yield _unwritable(
            f"{where} is of type {type(value).__module__}.{type(value).__qualname__}, which "
            "YAML's safe types cannot hold; give a text, number, list or mapping.",
            path,
        )
    elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
        yield _unwritable(f"{where} is {shown(value)}, too long to be read again.", path)
    elif isinstance(value, str) and _has_surrogate(value):
        yield _unwritable(f"{where} holds half of a surrogate pair, which is not text.", path)


def _unwritable(message: str, path: list[Any], rule: str = "MLM-014") -> Violation:
    return Violation(rule, message, FILE_NAME, pointer=join(path))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
