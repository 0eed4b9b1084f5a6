"""What fails because other versions are installed, told as that (ENV-021, ENV-022).

A tree of an older scikit-learn, a function that another Python compiled, an array of numpy 2 in
numpy 1: the folder keeps all rules of the format, and what is wrong is where it is loaded.
"""

from __future__ import annotations

import pickle
import re
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mlmodel.document.environment_files import recorded_environment
from mlmodel.document.paths import Folder
from mlmodel.environment.installed import OtherPython, command_for, mismatches, other_python
from mlmodel.environment.pins import normalized
from mlmodel.errors import InvalidModel, MissingDependency, MlmodelError, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlmodel.document import Document
    from mlmodel.environment.installed import Mismatch

__all__ = ["Versions"]

P = ParamSpec("P")
R = TypeVar("R")

_SHOWN = 6
#: What damaged files raise, whatever the versions are.
_OF_DAMAGE = (EOFError, pickle.UnpicklingError, MemoryError)
#: What a model raises where a library is not as it knew it; of TypeError, these messages alone.
_OF_VERSIONS = (AttributeError, ImportError, SystemError)
_ARGUMENTS = re.compile(r"unexpected keyword argument|positional argument|takes no arguments")


@dataclass(frozen=True, slots=True)
class Versions:
    """What a model was saved with, against what is here.

    ``own`` is what the flavor itself recorded: the version by distribution.
    """

    root: Path
    document: Document
    own: Mapping[str, str]

    def instead_of(self, error: MlmodelError) -> MlmodelError:
        """Return the error to raise where loading failed with ``error``: it itself, or ENV-021."""
        if not _may_be_of_versions(error):
            return error
        differences = self.differences()
        if not differences:
            return error
        cause = error.__cause__
        named = [one.file for one in error.details if isinstance(one, Violation) and one.file]
        file = named[0] if named else None
        why = error.message if cause is None else f"{type(cause).__name__}: {_first_line(cause)}"
        what = f"{self.root / file}" if file else f"The model in {self.root}"
        said = MissingDependency(
            f"{what} cannot be loaded with what is installed here ({why.rstrip('.')}). "
            f"{self._told(differences)} (ENV-021)."
        )
        said.__cause__ = cause or error
        return said

    def noted(self, predict: Callable[P, R]) -> Callable[P, R]:
        """Return a way to predict whose errors have both versions, where they may be of them."""

        @wraps(predict)
        def call(*args: P.args, **keywords: P.kwargs) -> R:
            try:
                return predict(*args, **keywords)
            except Exception as error:
                self.note_on(error)
                raise

        return call

    def note_on(self, error: BaseException) -> None:
        """Add both versions to what a model raised while it predicted, which stays (ENV-022)."""
        if not isinstance(error, _OF_VERSIONS) and not (
            isinstance(error, TypeError) and _ARGUMENTS.search(str(error))
        ):
            return
        differences = self.differences()
        if differences:
            error.add_note(f"{self._told(differences)} (ENV-022).")

    def differences(self) -> list[Mismatch]:
        """Return what differs, what is most likely first: the flavor's own library, Python."""
        recorded = recorded_environment(Folder(self.root), self.document)
        # What the requirements say of a library goes before what the flavor's keys say (ENV-021).
        lines = [*self._own_lines(), *(recorded.requirements or ())]
        found = {normalized(one.name): one for one in mismatches(lines)}
        own = [found.pop(name) for name in map(normalized, self.own) if name in found]
        return [*own, *other_python(recorded.python), *found.values()]

    def _own_lines(self) -> list[str]:
        return [f"{name}=={version}" for name, version in self.own.items()]

    def _told(self, differences: list[Mismatch]) -> str:
        more = len(differences) - _SHOWN
        listed = [one.as_saved for one in differences[:_SHOWN]]
        shown = [*listed, *([f"{more} more"] if more > 0 else [])]
        recorded = recorded_environment(Folder(self.root), self.document)
        if not recorded.requirements and self.own:
            recorded = replace(recorded, requirements=self._own_lines(), file=None)
        is_python = any(isinstance(one, OtherPython) for one in differences)
        at = f", in an environment of Python {recorded.python}" if is_python else ""
        return (
            f"The model was saved with {', '.join(shown)}. Install what it was saved with{at}: "
            f"{command_for(self.root, recorded)}; or save it again with what is here"
        )


def _may_be_of_versions(error: MlmodelError) -> bool:
    """Return whether a library failed on a file that is whole, or has no such name."""
    cause = error.__cause__
    if isinstance(error, MissingDependency):
        # What is not installed at all is told as that.
        absent = isinstance(cause, ModuleNotFoundError) and "." not in (cause.name or "")
        return cause is not None and not absent
    if not isinstance(error, InvalidModel) or cause is None or isinstance(cause, MlmodelError):
        return False
    is_ours = type(cause).__module__.partition(".")[0] == "mlmodel"
    is_damage = isinstance(cause, _OF_DAMAGE) or type(cause).__name__ == "DecodeError"
    return not is_ours and not is_damage


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:300]
