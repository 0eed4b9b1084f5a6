"""Crates: functions of R with all that they need, which run in processes of R.

Specification: spec/flavors/crate.md.

A crate is code, and reading one runs code already: it is loaded in trusted folders alone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.extras import require
from mlmodel.bridges.r import installed
from mlmodel.errors import InvalidModel
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "CrateFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FILE = "crate.bin"
#: The version of the form, which MLflow's package of R writes.
_VERSION = "0.1.0"


class CrateFlavor(Flavor):
    """Functions of R."""

    name = "crate"
    loader_module = "mlmodel.crate"
    signature_kinds = frozenset({"columns", "tensors"})
    takes = "functions of R, as mlmodel.crate.load_model returns them"
    programs = MappingProxyType({"R": f">={'.'.join(map(str, installed.OLDEST))}"})
    programs_install = installed.HOW
    served = 1

    def detects(self, model: object) -> bool:
        return defined_by(model, "mlmodel.flavors._crate_function", "Crate")

    def version_of_program(self, name: str) -> str | None:  # noqa: ARG002 - there is one
        return installed.version_here()

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - it has none
        (root / _FILE).write_bytes(model.content)
        return Saved({"version": _VERSION, "model": _FILE}, {"data": _FILE})

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        require("pandas", "predict")
        from mlmodel.flavors._crate_function import Crate, Damaged, types_of

        file = folder.model_path(attributes, key="model", default=_FILE)
        path = folder.file(file)
        folder.gate.require_trust("a function of R", file)
        try:
            return Crate(folder.gate.read_to_run(path), types_of(folder.model.signature))
        except Damaged as error:
            raise InvalidModel.of_file(file, "CRA-003", f"is no function of R: {error}") from error

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _crate_function  # it needs pandas

        return _crate_function.predictor(model)


FLAVOR = CrateFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the function, a ``Crate``, which is called as it is in R")


@saver(FLAVOR)
def save_model(crate: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a function of R as a model folder, atomically; R's package ``mlmodel`` makes new ones.

    Args:
        crate: what ``load_model`` returned.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`; a signature, say.

    """
