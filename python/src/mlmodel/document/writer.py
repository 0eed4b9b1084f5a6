"""Write the MLmodel file: text that MLflow reads equally, whole or not at all (MLM-014 to 016)."""

from __future__ import annotations

import codecs
import datetime as dt
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.document import folder_of
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.pointers import join
from mlmodel.document.times import with_todays_time
from mlmodel.document.yaml.emitter import emit
from mlmodel.document.yaml.events import DEFAULT_LIMITS
from mlmodel.document.yaml.scalars import PREFIX
from mlmodel.errors import InvalidModel, Violation, WriteFailed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.document.paths import PathLike
    from mlmodel.document.yaml.events import Limits

__all__ = ["dumps", "require_readable", "require_room", "rewrite", "write"]

_SCALARS = (str, bytes, bool, int, float, type(None), dt.date, dt.datetime)
# Reading refuses a longer number (MLM-006), so one is not written.
_MAX_BITS = 3_300
_NOT_WRITTEN = "The model file cannot be written."


def dumps(data: dict[str, Any]) -> str:
    """Return the YAML text of an MLmodel file: keys sorted, block style, ASCII, safe types only.

    ``parse(dumps(data)).data`` is ``data`` again: tuples as lists, ``time_created`` under its
    name of today (MLM-009). Written again, it is the same text.

    Raises:
        InvalidModel: a value that YAML's safe types cannot hold, with its key (MLM-014); or more
            than would be read again (MLM-002).

    """
    found = _Unwritable()
    unwritable = list(found.below(data, [], ()))
    if unwritable:
        raise InvalidModel(_NOT_WRITTEN, unwritable)
    text = emit(_events(with_todays_time(data)))
    require_readable(text.encode(), largest=found.longest[1])
    return text


def require_readable(
    content: bytes, file: str = FILE_NAME, limits: Limits = DEFAULT_LIMITS, largest: str = ""
) -> None:
    """Make sure that what is going to be written can be read again.

    ``largest`` is the JSON pointer of its longest value, where it is known.

    Raises:
        InvalidModel: it has more bytes than ``limits`` lets a reader take (MLM-002).

    """
    require_room(len(content), file, limits, largest)


def require_room(
    size: int, file: str = FILE_NAME, limits: Limits = DEFAULT_LIMITS, largest: str = ""
) -> None:
    """Make sure that so many bytes can be read again; what is so large need not be made first.

    Raises:
        InvalidModel: as :func:`require_readable`.

    """
    if size > limits.bytes:
        where = f" The longest value is at {largest}." if largest else ""
        message = (
            f"The file would have {size:,} bytes, more than the limit of "
            f"{limits.bytes:,}, and could not be read again.{where} Declare fewer columns, or "
            "one tensor instead of many columns; keep large values in other files of the model."
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

    Its permissions and a byte order mark stay.

    Raises:
        InvalidModel: the file could not be read again within ``limits`` (MLM-002).
        WriteFailed: as :func:`write`, or it is a link (DIR-012). Either way it is as it was.

    """
    if file.is_symlink():
        raise WriteFailed(
            f"{file} is a link, and nothing is written through links; give the file that it "
            "leads to, or put a copy in its place (DIR-012)."
        )
    try:
        mode = stat.S_IMODE(file.lstat().st_mode)
        given = files.read(file, within=folder_of(file))
        mark = codecs.BOM_UTF8 if given.startswith(codecs.BOM_UTF8) else b""
        content = mark + text.encode()
        require_readable(content, str(file), limits)
        files.write(file, content, mode=mode)
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
    """Finds what YAML's safe types cannot hold, or what reading would refuse."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0, ""  # the length of the longest value, and its pointer

    def below(self, value: Any, path: list[Any], above: tuple[int, ...]) -> Iterator[Violation]:
        """Give what is wrong with a value and with all that it holds."""
        yield from self.counted(path)
        if self.count > DEFAULT_LIMITS.events:
            return
        if type(value) in (dict, list, tuple, set):
            yield from self.in_collection(value, path, above)
        else:
            yield from self.in_scalar(value, path)

    def counted(self, path: list[Any], number: int = 1) -> Iterator[Violation]:
        """Count values as reading does, keys too."""
        before, self.count = self.count, self.count + number
        if before <= DEFAULT_LIMITS.events < self.count:
            message = (
                f"The file would hold more than {DEFAULT_LIMITS.events:,} values, keys counted, "
                "and could not be read again. Keep large values in other files of the model."
            )
            yield _unwritable(message, path, "MLM-002")

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
                yield from self.counted([*path, key])
                yield from self.in_scalar(key, [*path, key], "The key")
                yield from self.below(member, [*path, key], inside)
        elif isinstance(value, set):
            for member in value:
                yield from self.counted(path, 2)  # a key, with null as its value
                yield from self.in_scalar(member, path, "A member of the set")
        else:
            for index, member in enumerate(value):
                yield from self.below(member, [*path, index], inside)

    def in_scalar(
        self, value: Any, path: list[Any], what: str = "The value"
    ) -> Iterator[Violation]:
        kind = type(value)
        wrong = None
        if kind not in _SCALARS:
            wrong = (
                f"is of type {kind.__module__}.{kind.__qualname__}, which "
                "YAML's safe types cannot hold; give a text, number, list or mapping."
            )
        elif isinstance(value, int) and value.bit_length() > _MAX_BITS:
            wrong = f"is {shown(value)}, too long to be read again."
        elif isinstance(value, str) and _has_surrogate(value):
            wrong = "holds half of a surrogate pair, which is not text."
        elif isinstance(value, str | bytes) and len(value) > self.longest[0]:
            self.longest = len(value), join(path)
        if wrong:
            yield _unwritable(f"{what} at {join(path) or '/'} {wrong}", path)


def _unwritable(message: str, path: list[Any], rule: str = "MLM-014") -> Violation:
    return Violation(rule, message, FILE_NAME, pointer=join(path))


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
