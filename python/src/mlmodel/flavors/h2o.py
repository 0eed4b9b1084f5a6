"""H2O: models in the binary form of H2O's server, which this process starts when it needs one.

Specification: spec/flavors/h2o.md.

The file names classes of Java, and the server makes the objects that it names: it is loaded in
trusted folders alone. A MOJO beside it is data, which a process of Java of our own reads.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.environment.installed import version_of
from mlmodel.errors import MissingDependency
from mlmodel.flavors import _h2o_mojo_files as _mojos
from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors import _jvm_files as _jvm
from mlmodel.flavors._base import Flavor, Needs, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.flavors._h2o_mojo import Mojo
    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "H2oFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "load_mojo", "save_model",
]  # fmt: skip

_FOLDER = "model.h2o"


class H2oFlavor(Flavor):
    """Models of H2O-3, whatever the algorithm."""

    name = "h2o"
    loader_module = "mlflow.h2o"
    extra = ("h2o>=3.40.0.1", _jvm.REQUIREMENT)
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

    def instead(self, attributes: Mapping[str, Any]) -> Needs | None:
        if not attributes.get("mojo"):
            return None
        return Needs((_jvm.PACKAGE,), _jvm.PROGRAMS, _jvm.install(self.name))

    def version_of_program(self, name: str) -> str | None:
        return _jvm.version_of_program(name)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        h2o = self.require("h2o")
        settings = _server.given_settings(options["settings"])
        has_mojo = self._is_asked_for_mojo(model, options["mojo"])
        (root / _FOLDER).mkdir()
        with cannot_be_saved("H2O cannot save the model", "HTO-004"), _server.quiet():
            written = Path(h2o.download_model(model, path=str(root / _FOLDER)))
        _server.write_settings(root / _FOLDER, {**settings, "model_file": written.name})
        attributes = {"data": _FOLDER, "h2o_version": h2o.__version__}
        if not has_mojo:
            return Saved(attributes, {"data": _FOLDER}, self.packages)
        self.mojo(_mojos.exported(h2o, model, root), _mojos.FILE)
        attributes["mojo"] = _mojos.FILE
        return Saved(attributes, {"data": _FOLDER}, (*self.packages, _jvm.PACKAGE))

    def _is_asked_for_mojo(self, model: Any, mojo: bool) -> bool:
        """Return whether the MOJO of a model is to be written, where there can be one."""
        if mojo:
            from mlmodel.flavors._h2o_tables import kinds_of  # it needs pandas

            _mojos.require_exportable(model, kinds_of(model).values())
            _jvm.ready(self)
        return bool(mojo)

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

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        """Return the MOJO where there is one, else the model in a server (HTO-010)."""
        native = self._mojo_in(folder, attributes)
        if native is None:
            native = self.load(folder, attributes)
        return native, self.predictor(native, python_function)

    def _mojo_in(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Mojo | None:
        is_wanted, is_alone = _mojos.is_wanted(attributes)
        if not is_wanted:
            return None
        try:
            _jvm.ready(self)
            return self.mojo(*_mojos.copied(folder, attributes))
        except MissingDependency:
            if is_alone or not version_of("h2o") or not folder.gate.is_trusted():
                raise
            return None

    def mojo(self, packed: Path, name: str) -> Mojo:
        """Return the MOJO in a zip file of our own, which is removed with it."""
        py4j = _jvm.ready(self)
        from mlmodel.flavors._h2o_mojo import Mojo  # it needs numpy and pandas

        return Mojo(py4j, packed, name)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _h2o_tables, _jvm_model  # they need pandas

        if isinstance(model, _jvm_model.JvmModel):
            return _jvm_model.predictor(model, "A model of H2O")
        return _h2o_tables.predictor(self.require("h2o"), model)


FLAVOR = H2oFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the model, in the server that this process is connected with")


def load_mojo(path: PathLike) -> Mojo:
    """Return the MOJO of a model, or in a zip file as H2O's ``download_mojo`` writes it.

    It needs Java, and neither H2O nor a server; its ``predict`` answers a table with a data frame.

    Args:
        path: the zip file, or the folder of a model that has a MOJO.

    Raises:
        ModelNotFound: there is none.
        InvalidModel: it cannot be read.
        UnsupportedModel: it is of an algorithm, or has a part, that is not known here; or the model
            has none.
        MissingDependency: there is no Java, or the jars of the bridge are not here.

    """
    _jvm.ready(FLAVOR)
    return FLAVOR.mojo(*_mojos.packed(path))


@saver(FLAVOR)
def save_model(
    h2o_model: Any,
    path: PathLike,
    *,
    settings: Mapping[str, Any] | None = None,
    mojo: bool = False,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a model of H2O as a model folder, atomically.

    Args:
        h2o_model: a trained model of H2O (``h2o.estimators…``, a leader of AutoML).
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        settings: what goes into ``h2o.yaml``; ``{"init": {…}}`` has arguments for ``h2o.init``,
            with which the server is started or found where the model is loaded.
        mojo: write its MOJO beside it, by which it is answered without a server, without H2O and
            without trust, in a process of Java (HTO-010). H2O's releases up to 3.46.0.10 have one.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
