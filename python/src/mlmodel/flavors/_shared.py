"""What all flavors share: saving a native model, and loading one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors._base import is_a_class
from mlmodel.flavors._registry import is_of_this_program
from mlmodel.store.description import PYTHON_FUNCTION, Model
from mlmodel.store.folder import open_folder
from mlmodel.store.saving import Contents, SaveOptions, save_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlmodel.document.paths import PathLike
    from mlmodel.flavors._base import Flavor

__all__ = ["load_flavor", "save_flavor"]


def load_flavor(
    flavor: Flavor,
    model_uri: PathLike,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
    dst_path: PathLike | None = None,
) -> Any:
    """Return the native model of ``flavor``."""
    folder = open_folder(model_uri, trust=trust, allow=allow, dst_path=dst_path)
    attributes = folder.attributes(flavor.name)
    folder.use_code(attributes)
    return flavor.load(folder, attributes)


def save_flavor(
    flavor: Flavor,
    model: Any,
    path: PathLike,
    options: Mapping[str, Any],
    **shared: Unpack[SaveOptions],
) -> Model:
    """Save a native model with its flavor and, where it predicts, as a python_function."""
    if isinstance(model, type) and not flavor.detects(model):
        raise is_a_class(model)

    def write(root: Path) -> Contents:
        saved = flavor.save(model, root, options)
        flavors, predict = {flavor.name: saved.attributes}, None
        if saved.python_function is not None:
            python_function = {"loader_module": flavor.loader_module, **saved.python_function}
            flavors[PYTHON_FUNCTION] = python_function
            predict = saved.predict or flavor.predictor(model, python_function)
        return Contents(
            flavors,
            saved.packages,
            predict,
            flavor.signature_kinds,
            saved.signature,
            observable=not is_of_this_program(flavor),
        )

    return save_folder(path, write, **shared)
