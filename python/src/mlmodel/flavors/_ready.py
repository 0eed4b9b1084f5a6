"""Which flavors this environment can load; no library is imported to tell.

A flavor is ready where every distribution that all of its models need (``Flavor.packages``) is
installed in a version that its extra takes, and every program (``Flavor.programs``) is there.
Others of the extra are for some of its models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet

from mlmodel._base.origin import install_command
from mlmodel.environment.installed import version_of
from mlmodel.environment.pins import normalized, requirement_of
from mlmodel.flavors._base import Needs
from mlmodel.flavors._registry import all_flavors, known_flavors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmodel.flavors._base import Flavor

__all__ = ["Library", "Readiness", "readiness", "readiness_of"]


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution or program that a flavor uses: its version here, and those that do."""

    name: str
    #: What is installed, None where nothing is.
    version: str | None
    #: A version specifier, such as ``>=1.3``; empty where any does.
    versions: str
    #: Whether every model of the flavor needs it.
    always: bool
    #: Whether what is installed is in ``versions``.
    fits: bool

    @property
    def fault(self) -> str:
        """What is wrong with it; empty where nothing is."""
        if self.version is None:
            return f"{self.name} is not installed"
        if not self.fits:
            return f"{self.name} is {self.version}, and {self.name}{self.versions} is needed"
        return ""

    def __str__(self) -> str:
        return self.fault or f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the models of one flavor can be loaded here."""

    flavor: str
    libraries: tuple[Library, ...]
    #: How what it needs is installed, a command mostly; empty for flavors of other distributions.
    install: str

    @property
    def loads(self) -> bool:
        """Whether models of it load: what all of them need is there."""
        return not any(library.fault for library in self.libraries if library.always)

    @property
    def lacks_some(self) -> bool:
        """Whether what some of its models need is not there."""
        return any(library.fault for library in self.libraries)


def readiness() -> list[Readiness]:
    """Return the readiness of every flavor that this program knows, by name."""
    return [readiness_of(flavor) for flavor in sorted(known_flavors(), key=lambda one: one.name)]


def readiness_of(flavor: Flavor, instead: Needs | None = None) -> Readiness:
    """Return whether one flavor's models can be loaded here, and by what.

    ``instead`` is what loads some of them in the place of what all of them need.
    """
    is_ours = all_flavors().get(flavor.name) is flavor
    install = flavor.programs_install or (install_command(flavor.name) if is_ours else "")
    needs = instead or Needs(flavor.packages, flavor.programs, install)
    return Readiness(flavor.name, tuple(_libraries(flavor, needs)), needs.install)


def _libraries(flavor: Flavor, needs: Needs) -> Iterator[Library]:
    always = {normalized(name) for name in needs.packages}
    required = {normalized(one.name): one for one in map(requirement_of, flavor.extra) if one}
    for name in dict.fromkeys((*always, *required)):
        one = required.get(name)
        here = flavor.installed(one.name if one else name)
        yield _library(here, one, always=name in always)
    for name, versions in needs.programs.items():
        version = flavor.version_of_program(name)
        fits = version is not None and SpecifierSet(versions).contains(version, prereleases=True)
        yield Library(name, version, versions, always=True, fits=fits)


def _library(name: str, required: Any, *, always: bool) -> Library:
    versions = "" if required is None else str(required.specifier)
    version = version_of(name)
    fits = version is not None and (
        required is None or required.specifier.contains(version, prereleases=True)
    )
    return Library(name, version, versions, always, fits)
