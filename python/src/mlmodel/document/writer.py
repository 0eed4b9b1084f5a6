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
from mlmodel.document.yaml.emitter import emit
from mlmodel.document.yaml.events import DEFAULT_LIMITS
from mlmodel.document.yaml.scalars import PREFIX
from mlmodel.errors import InvalidModel, Violation, WriteFailed, shown

if TYPE_CHECKING:
    from mlmodel.document.paths import PathLike
    from mlmodel.document.yaml.events import Limits

__all__ = ["dumps", "require_readable", "rewrite", "write"]

_SCALARS = (str, bytes, bool, int, float, type(None), dt.date, dt.datetime)
# Reading refuses a longer number (MLM-006), so one is not written.
_MAX_BITS = 3_300
_NOT_WRITTEN = "The model file cannot be written."


def dumps(data: dict[str, Any]) -> str:
    """Return the YAML text of an MLmodel file: keys sorted, block style, ASCII, safe types only.

    ``parse(dumps(data)).data`` is ``data`` again: tuples as lists, ``time_created`` under its
    name of today (MLM-009). Written again, it is the same text.

    Raises:
        InvalidModel: a value that YAML's safe types cannot hold, with its key (MLM-014); more
            than is read again (MLM-002).

    """
    found = _Unwritable()
    found.visit(data, [], ())
    if found.violations:
        raise InvalidModel(_NOT_WRITTEN, found.violations)
    text = emit(_events(with_todays_time(data)))
    require_readable(text.encode(), largest=found.longest[1])
    return text


def require_readable(
    content: bytes, file: str = FILE_NAME, limits: Limits = DEFAULT_LIMITS, largest: str = ""
) -> None:
    """Make sure that what is going to be written is read again.

    ``largest`` is the JSON pointer of its longest value, where it is known.

    Raises:
        InvalidModel: it has more bytes than ``limits`` lets a reader take (MLM-002).

    """
    if len(content) > limits.bytes:
        where = f" Most of them are at {largest}." if largest else ""
        message = (
            f"The file would have {len(content):,} bytes, more than the limit of "
            f"{limits.bytes:,} up to which it is read.{where} Declare fewer columns, or one "
            "tensor in the place of many, and keep large values in files beside it."
        )
        violation = Violation("MLM-002", message, file, pointer=largest or None)
        raise InvalidModel(_NOT_WRITTEN, [violation])


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


def rewrite(file: Path, text: str, limits: Limits = DEFAULT_LIMITS) -> None:
    """Put another text in an existing file, whole or not at all (MLM-016).

    Its permissions and a byte order mark stay; of a link, what it leads to is written.

    Raises:
        InvalidModel: the file would not be read again within ``limits`` (MLM-002).
        WriteFailed: as :func:`write`. In either case the file is as it was.

    """
    try:
        real = Path(os.path.realpath(file))
        mode = stat.S_IMODE(real.stat().st_mode)
        mark = codecs.BOM_UTF8 if files.read(real).startswith(codecs.BOM_UTF8) else b""
        content = mark + text.encode()
        require_readable(content, str(file), limits)
        files.write(real, content)
        real.chmod(mode)
    except OSError as error:
        raise WriteFailed(f"{file} could not be written: {error.strerror}.") from error


def _events(data: dict[str, Any]) -> list[Any]:
    """Return the YAML events of a mapping: keys sorted, block style, no anchors."""
    from yaml.representer import SafeRepresenter
    from yaml.resolver import Resolver
    from yaml.serializer import Serializer

    class Events(Serializer, SafeRepresenter, Resolver):
        def __init__(self) -> None:
            Serializer.__init__(self)
            SafeRepresenter.__init__(self, default_flow_style=False)
            Resolver.__init__(self)
            self.given: list[Any] = []

        def emit(self, event: Any) -> None:
            self.given.append(event)

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base's signature
            return True

    Events.add_representer(tuple, SafeRepresenter.represent_list)
    Events.add_representer(set, _represent_set)
    events = Events()
    events.open()
    events.represent(data)
    events.close()
    return events.given


def _represent_set(dumper: Any, value: set[Any]) -> Any:
    # The order of a set is none; the text has to be the same whenever it is written.
    members = sorted(value, key=lambda member: (type(member).__name__, repr(member)))
    return dumper.represent_mapping(PREFIX + "set", dict.fromkeys(members))


class _Unwritable:
    """Collects what YAML's safe types cannot hold, or what reading would refuse."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self.count = 0
        self.longest = 0, ""  # the length of the longest text, and its pointer

    def add(self, message: str, path: list[Any], rule: str = "MLM-014") -> None:
        self.violations.append(Violation(rule, message, FILE_NAME, pointer=join(path)))

    def counts(self, path: list[Any], number: int = 1) -> bool:
        """Count values as reading does, keys too; False beyond what is read (MLM-002)."""
        before, self.count = self.count, self.count + number
        if before <= DEFAULT_LIMITS.events < self.count:
            self.add(
                f"The file would hold more than {DEFAULT_LIMITS.events:,} values, keys counted, "
                "the limit up to which it is read. Keep large values in files beside it.",
                path,
                "MLM-002",
            )
        return self.count <= DEFAULT_LIMITS.events

    def visit(self, value: Any, path: list[Any], above: tuple[int, ...]) -> None:
        if not self.counts(path):
            return
        if type(value) in (dict, list, tuple, set):
            self.collection(value, path, above)
        else:
            self.scalar(value, path)

    def collection(self, value: Any, path: list[Any], above: tuple[int, ...]) -> None:
        if id(value) in above:
            self.add("The value holds itself.", path)
            return
        if len(above) >= DEFAULT_LIMITS.depth:
            self.add(f"Nested deeper than {DEFAULT_LIMITS.depth} levels.", path, "MLM-002")
            return
        inside = (*above, id(value))
        if isinstance(value, dict):
            for key, member in value.items():
                self.counts([*path, key])
                self.scalar(key, [*path, key], "The key")
                self.visit(member, [*path, key], inside)
        elif isinstance(value, set):
            for member in value:
                self.counts(path, 2)  # each is a key, with null as its value
                self.scalar(member, path, "A member of the set")
        else:
            for index, member in enumerate(value):
                self.visit(member, [*path, index], inside)

    def scalar(self, value: Any, path: list[Any], what: str = "The value") -> None:
        kind = type(value)
        if kind not in _SCALARS:
            self.add(
                f"{what} at {join(path) or '/'} is of type {kind.__module__}.{kind.__qualname__}, "
                "which YAML's safe types cannot hold; give a text, number, list or mapping.",
                path,
            )
        elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
            where = f"{what} at {join(path) or '/'}"
            self.add(f"{where} is {shown(value)}, too long to be read again.", path)
        elif isinstance(value, str) and _has_surrogate(value):
            where = f"{what} at {join(path) or '/'}"
            self.add(f"{where} holds half of a surrogate pair, which is not text.", path)
        elif isinstance(value, str | bytes) and len(value) > self.longest[0]:
            self.longest = len(value), join(path)


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
