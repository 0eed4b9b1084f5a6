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
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["brief", "cannot_be_read", "cannot_be_saved", "lacks_memory", "refused_by"]

_LONGEST = 300
#: What every library raises on data that do not suit.
_OF_DATA = (ValueError, TypeError, LookupError)
#: A lack of memory, by the names of errors and as compiled libraries say it.
_NO_MEMORY = re.compile(
    r"MemoryError|ResourceExhausted|Available memory of|bad.?alloc|[Mm]alloc|Allocator"
    r"|(not|n't|to) allocate|[Aa]llocation (of .{1,80} )?failed|[Oo]ut of memory"
)
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
def refused_by(
    library: str,
    rule: str,
    *errors: type[Exception],
    of_data: Callable[[Exception], bool] | None = None,
    words: Callable[[BaseException], str] = brief,
    cannot: str = "predict on these data",
) -> Iterator[None]:
    """Tell what a library says of the data that it is given as an InvalidInput.

    What no data can be the reason of, such as a lack of memory, stays as it is, and so does what is
    an error of ours already.

    Args:
        library: who refuses the data, at the beginning of a sentence.
        rule: the rule of the flavor's page.
        errors: the library's own errors, beside those that all have.
        of_data: instead of them, what says whether an error comes of the data.
        words: what makes of an error the reason.
        cannot: what cannot be done, as the message says it.

    Raises:
        InvalidInput: the library refuses the data, or fails on them, and why in its words.

    """
    try:
        yield
    except MlmodelError:
        raise
    except Exception as error:
        known = isinstance(error, (*_OF_DATA, *errors)) if of_data is None else of_data(error)
        if not known or lacks_memory(error):
            raise
        raise invalid(rule, f"{library} cannot {cannot}: {words(_reason(error))}.") from None


def lacks_memory(error: Exception) -> bool:
    """Return whether an error is a lack of memory, which is not the caller's fault.

    What is looked up and not found never is: its words are names of the caller's, as of a column.
    """
    if isinstance(error, LookupError):
        return False
    return _NO_MEMORY.search(f"{type(error).__name__}: {error}") is not None


def _reason(error: Exception) -> BaseException:
    """Return the error that says what is the matter.

    Some libraries say first what may be, and raise an error of the same kind from the reason's
    own; statsmodels 0.14.0 only puts its words at their end.
    """
    inner = error.__cause__ or error.__context__
    if type(inner) is type(error) and (error.__cause__ or str(error).endswith(str(inner))):
        return inner
    return error
