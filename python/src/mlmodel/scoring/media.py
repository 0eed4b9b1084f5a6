"""Media types of requests (RST-002): ``Application/JSON; charset="utf-8"`` and its kind."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from mlmodel.errors import UnsupportedMediaType, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMS", "JSON", "X_PARQUET", "MediaType", "parse"]

JSON = "application/json"
#: What Parquet was called before its name was registered.
X_PARQUET = "application/x-parquet"
#: Short name -> media type of the forms that a request's body may have; ``codecs.TABLE`` reads
#: these. They stand here so that a command line can name them without loading what reads them.
FORMS = {
    "json": JSON,
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.file",
    "arrows": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_WORD}/{_WORD})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*")\s*)?')
#: Longer headers are read anew every time.
_LONGEST_KEPT = 200
#: The parameters that mean something here; of others nothing is asked.
_READ = frozenset({"charset", "format"})
_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


class MediaType(NamedTuple):
    """A media type in lower case, with its parameters (names in lower case)."""

    name: str
    parameters: Mapping[str, str]


def parse(header: str) -> MediaType:
    """Return the media type of a Content-Type header.

    Raises:
        UnsupportedMediaType: it is not a media type, or its charset is not UTF-8 (RST-002).

    """
    # What has been read is kept, but for headers that are long enough to fill the memory.
    return _kept(header) if len(header) <= _LONGEST_KEPT else _parsed(header)


def _parsed(header: str) -> MediaType:
    matched = _TYPE.match(header)
    if matched is None:
        raise UnsupportedMediaType(
            f"The content type {shown(header)} is not a media type (RST-002)."
        )
    parameters: dict[str, str] = {}
    place = matched.end()
    while place < len(header):
        parameter = _PARAMETER.match(header, place)
        if parameter is None:
            raise UnsupportedMediaType(
                f"The parameters of the content type {shown(header)} are not of the form "
                "name=value (RST-002)."
            )
        place = parameter.end()
        if parameter[1]:
            _add(parameters, parameter[1].lower(), _unquoted(parameter[2]))
    charset = parameters.get("charset", "utf-8")
    if charset.lower() not in _UTF8:
        raise UnsupportedMediaType(
            f"The charset {shown(charset)} is not known here: send the body in UTF-8 (RST-002)."
        )
    return MediaType(matched[1].lower(), MappingProxyType(parameters))


def _add(parameters: dict[str, str], name: str, value: str) -> None:
    if name in _READ and parameters.get(name, value).lower() != value.lower():
        raise UnsupportedMediaType(
            f"The content type names two values of {name}; it is not clear which is meant "
            "(RST-002)."
        )
    parameters[name] = value


_kept = lru_cache(maxsize=256)(_parsed)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
