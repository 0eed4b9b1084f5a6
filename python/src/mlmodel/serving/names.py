"""The names of a server's models (RST-130), and errors that say which model they are about."""

from __future__ import annotations

import os.path
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from mlmodel.errors import InvalidArgument, MlmodelError, shown
from mlmodel.serving.settings import Place
from mlmodel.store.locations.uris import is_uri, last_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["UNNAMED", "check", "checked", "naming", "places"]

T = TypeVar("T")

#: What a model is called whose folder has no right name.
UNNAMED = "model"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
#: What stands in paths and URIs, and never in a name.
_OF_PATHS = re.compile(r"[/\\:]")


def check(name: object) -> None:
    """Check that a model may be called so.

    Raises:
        InvalidArgument: it may not.

    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{shown(name)} is not a name of a model: that is 1 to 100 letters, digits, '.', '_' "
            "and '-' of ASCII, of which the first is a letter or a digit (RST-130)."
        )


def checked(models: Mapping[str, T]) -> Mapping[str, T]:
    """Return models by their names, which are right.

    Raises:
        InvalidArgument: there is none, or a name is not right (RST-130).

    """
    if not models:
        raise InvalidArgument("A server has at least one model (RST-130).")
    for name in models:
        check(name)
    return models


def places(given: Sequence[str]) -> tuple[Place, ...]:
    """Return the models that a user gives, each as ``PATH`` or ``NAME=PATH``.

    What stands before the first ``=`` is the name, unless it has a sign of a path or a URI.

    Raises:
        InvalidArgument: a name is not right, a path is missing, or two have the same name.

    """
    found = tuple(map(_place, given))
    for name, times in Counter(place.name for place in found).items():
        if times > 1:
            uris = " and ".join(shown(place.uri) for place in found if place.name == name)
            raise InvalidArgument(
                f"{times} models are called {name}: {uris}. Give each a name of its own, as in "
                f"-m {name}-2=PATH (RST-130)."
            )
    return found


def _place(given: str) -> Place:
    name, equals, uri = given.partition("=")
    if not equals or _OF_PATHS.search(name):
        return Place(_name_of(given), given)
    try:
        check(name)
    except InvalidArgument as error:
        raise InvalidArgument(
            f"{error.message} Of a model given as NAME=PATH it is what stands before the first "
            f"'='; a path with such a sign is given as ./{given}"
        ) from None
    if not uri:
        raise InvalidArgument(f"The model {name} has no path: give it as {name}=PATH (RST-130).")
    return Place(name, uri)


def _name_of(uri: str) -> str:
    name = last_part(uri) if is_uri(uri) else os.path.basename(os.path.abspath(uri))  # noqa: PTH100, PTH119 - links are not followed, no drive is needed
    return name if _NAME.fullmatch(name) else UNNAMED


@contextmanager
def naming(name: str, among: Iterable[object]) -> Iterator[None]:
    """Let an error say which model it is about, where there are several (RST-132)."""
    try:
        yield
    except MlmodelError as error:
        if len(list(among)) > 1:
            error.message = f"The model {name}: {error.message}"
        raise
    except Exception as error:
        error.add_note(f"It is the model {name} that could not be loaded.")
        raise
