"""Whether what a user allows by name is installed: found before anything of it is imported."""

from __future__ import annotations

import importlib
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.places_of_models import is_of_a_model
from mlmodel.errors import UntrustedModel

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["require_installed"]


def require_installed(module: str, root: Path | None) -> None:
    """Go on only where a module is installed, or was imported by the program (TRU-016).

    A module of the model's folder, of another model's code or of the working directory is not:
    whoever names a class means the one of a package.

    Raises:
        UntrustedModel: it is one of those; nothing of it was run.

    """
    parts = module.split(".")
    above: list[str] | None = None
    for depth in range(len(parts)):
        name = ".".join(parts[: depth + 1])
        known = sys.modules.get(name)
        spec = getattr(known, "__spec__", None) if known else _find(name, above)
        why = next(filter(None, (_model_that_has(one, root) for one in _places(spec, known))), "")
        if not why and depth == 0 and known is None and _is_found_here(spec):
            why = "lies in the working directory"
        if why:
            raise UntrustedModel(
                f"The class allowed by name is of the module {name}, which {why}, and is not "
                "installed: nothing of it was run. Install the package that has it; a module of "
                "your own, import in your program before you load the model (TRU-016)."
            )
        if known is None and spec is None:
            return  # importing it says what is missing
        if depth + 1 < len(parts):
            above = list(getattr(importlib.import_module(name), "__path__", ()))


def _find(name: str, above: list[str] | None) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        spec = finder.find_spec(name, above)
        if spec is not None:
            return spec
    return None


def _places(spec: ModuleSpec | None, module: ModuleType | None) -> list[str]:
    found = [getattr(module, "__file__", None)]
    if spec is not None:
        found += [spec.origin if spec.has_location else None]
        found += spec.submodule_search_locations or ()
    return [one for one in found if one]


def _model_that_has(place: str, root: Path | None) -> str:
    """Return in what a module lies, if in a model, as the middle of a sentence."""
    real = Path(os.path.realpath(place))
    if is_of_a_model(str(real)):
        return "is the code of another model"
    # An environment may stand in the folder in which somebody works, a model at its top.
    packages = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    if any(real.is_relative_to(os.path.realpath(one)) for one in packages):
        return ""
    inside = root is not None and real.is_relative_to(root.resolve())
    return "lies in the model's own folder" if inside else ""


def _is_found_here(spec: ModuleSpec | None) -> bool:
    """Return whether a module at the top is found by the working directory alone.

    The folder of the program's own file has an absolute path, and is the program's.
    """
    if spec is None:
        return False
    places = list(spec.submodule_search_locations or ()) or [spec.origin or ""]
    entries = [one for one in sys.path if isinstance(one, str)]
    here = {os.path.realpath(one) for one in entries if not Path(one).is_absolute()}
    here -= {os.path.realpath(one) for one in entries if Path(one).is_absolute()}
    return any(os.path.dirname(os.path.realpath(one)) in here for one in places)  # noqa: PTH120
