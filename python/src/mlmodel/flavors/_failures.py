"""What a library says when it fails, as one line of an error of ours.

Libraries put traces, paths of this machine and codes of their runtime into their messages; a
person needs the sentence, and a client of a server must not see the rest.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlmodel.errors import InvalidArgument, InvalidModel, MlmodelError
from mlmodel.flavors._invalid_data import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["brief", "cannot_be_read", "cannot_be_saved", "refused_by"]

_LONGEST = 300
#: A time, or a runtime's name and code; then a line of compiled code.
_PREFIX = re.compile(r"(\[\d+:\d+:\d+\] |\[\w+\] : \d+ : )?(\S+:\d+: )?")


def brief(error: BaseException, path: Path | None = None) -> str:
    """Return an error's first line without codes, traces and the path of the model's file."""
    text = str(error).strip().partition("\n")[0]
    if path is not None:
        text = text.replace(str(path), path.name).replace(str(path.parent), ".")
    text = _PREFIX.sub("", text, count=1).strip()
    return text[:_LONGEST].rstrip(":. ") or type(error).__name__


@contextmanager
def cannot_be_saved(what: str, rule: str = "", path: Path | None = None) -> Iterator[None]:
    """Turn what a library raises while it writes a model into an error of ours.

    Raises:
        InvalidArgument: ``what``, and why in the library's words.
        OSError: as it is; the disk is full or may not be written to.

    """
    try:
        yield
    except (OSError, MemoryError, MlmodelError):
        raise
    except Exception as error:
        end = f" ({rule})" if rule else ""
        raise InvalidArgument(f"{what}: {brief(error, path)}{end}") from error


@contextmanager
def cannot_be_read(file: str, what: str, rule: str, path: Path | None = None) -> Iterator[None]:
    """Turn what a library raises while it reads a file of the model into an error of ours.

    Raises:
        InvalidModel: the file, ``what`` is wrong with it, and why in the library's words.

    """
    try:
        yield
    except (MemoryError, MlmodelError):
        raise
    except Exception as error:
        raise InvalidModel.of_file(file, rule, f"{what}: {brief(error, path)}") from error


@contextmanager
def refused_by(library: str, rule: str, *errors: type[Exception]) -> Iterator[None]:
    """Tell what a library says of the data that it is given as an InvalidInput.

    ``errors`` are those of its own. What no data can be the reason of, such as a lack of memory,
    stays as it is, and so does what is an error of ours already.

    Raises:
        InvalidInput: the library refuses the data, or fails on them, and why in its words.

    """
    expected: tuple[type[Exception], ...] = (ValueError, TypeError, LookupError, *errors)
    try:
        yield
    except MlmodelError:
        raise
    except expected as error:
        if "alloc" in str(error):  # as compiled libraries say it
            raise
        why = f"{library} cannot predict on these data: {brief(_reason(error))}."
        raise invalid(rule, why) from None


def _reason(error: Exception) -> BaseException:
    """Return the error that says what is the matter.

    Some libraries say first what may be, and raise an error of the same kind from the reason's
    own; statsmodels 0.14.0 only puts its words at their end.
    """
    inner = error.__cause__ or error.__context__
    if type(inner) is type(error) and (error.__cause__ or str(error).endswith(str(inner))):
        return inner
    return error
