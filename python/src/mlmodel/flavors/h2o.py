"""H2O: models in the binary form of H2O's server, which this process starts when it needs one.

Specification: spec/flavors/h2o.md.

The file names classes of Java, and the server makes the objects that it names: it is loaded in
trusted folders alone.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "H2oFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FOLDER = "model.h2o"


class H2oFlavor(Flavor):
    """Models of H2O-3, whatever the algorithm."""

    name = "h2o"
    loader_module = "mlflow.h2o"
    extra = ("h2o>=3.40",)
    packages = ("h2o",)
    takes = "trained models of H2O"
    versions = MappingProxyType({"h2o_version": "h2o"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "h2o") and hasattr(model, "model_id")

    def saves(self, model: object) -> bool:
        return self.detects(model) and bool(model.model_id)  # type: ignore[attr-defined]

    def connect(self, given: Mapping[str, Any] | None = None) -> Any:
        """Return H2O's package, connected with a server: a new one, unless there is one (HTO-005).

        Args:
            given: arguments of ``h2o.init``.

        Raises:
            MissingDependency: H2O is not installed, or no server can be started.

        """
        h2o = self.require("h2o")
        _server.connect(h2o, given or {})
        return h2o

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        h2o = self.require("h2o")
        settings = _server.given_settings(options["settings"])
        (root / _FOLDER).mkdir()
        with cannot_be_saved("H2O cannot save the model", "HTO-004"), _server.quiet():
            written = Path(h2o.download_model(model, path=str(root / _FOLDER)))
        _server.write_settings(root / _FOLDER, {**settings, "model_file": written.name})
        attributes = {"data": _FOLDER, "h2o_version": h2o.__version__}
        return Saved(attributes, {"data": _FOLDER}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        h2o = self.require("h2o")
        name = folder.model_path(attributes, key="data", default=_FOLDER)
        folder.gate.require_trust("the model of H2O, which Java rebuilds as it says", name)
        settings = _server.settings(folder, name)
        file = f"{name}/{settings['model_file']}"
        path = folder.file(file)
        folder.gate.read_to_run(path)
        self.connect(settings.get("init"))
        what = f"cannot be loaded by H2O {h2o.__version__}"
        with cannot_be_read(file, what, "HTO-004", path), _server.quiet():
            return h2o.upload_model(str(path.resolve()))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _h2o_tables  # it needs pandas

        return _h2o_tables.predictor(self.require("h2o"), model)


FLAVOR = H2oFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the model, in the server that this process is connected with")


@saver(FLAVOR)
def save_model(
    h2o_model: Any,
    path: PathLike,
    *,
    settings: Mapping[str, Any] | None = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a model of H2O as a model folder, atomically.

    Args:
        h2o_model: a trained model of H2O (``h2o.estimators…``, a leader of AutoML).
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        settings: what goes into ``h2o.yaml``; ``{"init": {…}}`` has arguments for ``h2o.init``,
            with which the server is started or found where the model is loaded.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
