"""Files of MOJOs: exported by H2O, and read from copies of our own (HTO-009, HTO-010, HTO-012)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from mlmodel._base import files
from mlmodel.errors import InvalidArgument, MissingDependency, ModelNotFound, UnsupportedModel
from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._failures import brief, cannot_be_saved
from mlmodel.flavors._jvm_files import kept, of_zip
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmodel.store import ModelFolder, PathLike

__all__ = ["FILE", "copied", "exported", "is_wanted", "packed", "require_exportable"]

#: The MOJO in a model's folder.
FILE = "model.mojo.zip"
_SETTINGS = "model.ini"
#: Asks for the one or the other where both answer.
_VARIABLE = "MLMODEL_H2O"
_WAYS = ("mojo", "server")
#: The last release that exports MOJOs to anybody.
_LAST = Version("3.46.0.10")


def is_wanted(attributes: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return whether a MOJO answers for a model, and whether nothing else may (HTO-010).

    Raises:
        InvalidArgument: the variable says neither.

    """
    way = os.environ.get(_VARIABLE, "")
    if way and way not in _WAYS:
        raise InvalidArgument(f"{_VARIABLE} is {' or '.join(_WAYS)}, not {way!r} (HTO-010)")
    return way == "mojo" or (bool(attributes.get("mojo")) and way != "server"), way == "mojo"


def copied(folder: ModelFolder, attributes: Mapping[str, Any]) -> tuple[Path, str]:
    """Return a zip file with the MOJO of a model, and its name there.

    Raises:
        UnsupportedModel: the model has none.
        ModelNotFound, UnreadableModel: it is not there, or no file.
        InvalidModel: it is no MOJO.

    """
    if not attributes.get("mojo"):
        raise UnsupportedModel("The model has no MOJO, by which it is to be answered (HTO-010)")
    name = folder.model_path(attributes, key="mojo", default=FILE)
    return _of(folder.gate.read(folder.file(name), archive=True), name), name


def packed(path: PathLike) -> tuple[Path, str]:
    """Return a zip file with a MOJO, in a file or in a model's folder, and its name.

    Raises:
        ModelNotFound: there is nothing.
        UnsupportedModel: the model has none.
        InvalidModel: it is no MOJO.

    """
    place = Path(path)
    if place.is_dir():
        folder = open_folder(place)
        return copied(folder, folder.attributes("h2o"))
    if not place.is_file():
        raise ModelNotFound(f"{place}: there is no MOJO")
    return _of(files.read(place), place.name), place.name


def _of(data: bytes, name: str) -> Path:
    return of_zip(data, name, _SETTINGS, "HTO-009")


def require_exportable(model: Any, kinds: Iterable[str]) -> None:
    """Go on where there can be a MOJO of a model.

    Raises:
        InvalidArgument: there is none of its algorithm, or of columns of such kinds.

    """
    if not getattr(model, "have_mojo", False):
        name = type(model).__name__
        raise InvalidArgument(f"H2O has no MOJO of {name}; save it without mojo=True (HTO-012)")
    others = sorted(set(kinds) - {"numeric", "enum"})
    if others:
        raise InvalidArgument(
            f"The model was trained on columns of the kind {', '.join(others)}, which a MOJO "
            "takes as numbers; save it without mojo=True (HTO-012)"
        )


def exported(h2o: Any, model: Any, root: Path) -> Path:
    """Have H2O write the MOJO of a model into its folder; return a copy of it.

    Raises:
        MissingDependency: this release does not.
        InvalidArgument: it fails to.

    """
    try:
        with _server.quiet(), cannot_be_saved("H2O cannot export the MOJO", "HTO-012"):
            model.download_mojo(path=str(root / FILE))
    except InvalidArgument as error:
        if Version(h2o.__version__) <= _LAST:
            raise
        reason = brief(error.__cause__ or error)
        raise MissingDependency(
            f"H2O {h2o.__version__} exports no MOJO: {reason}. Releases up to {_LAST} do "
            f"(pip install 'h2o<={_LAST}'), and later ones with a license of its maker (HTO-012)"
        ) from error
    return kept(files.read(root / FILE))
