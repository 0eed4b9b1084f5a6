"""MLeap: bundles of Spark's stages, which a JVM without Spark answers by.

Specification: spec/flavors/mleap.md.

A bundle is data: parameters and numbers of stages that MLeap knows by name. It is read by a process
of Java of our own (:mod:`mlmodel.bridges.jvm`), from a copy of what was looked at.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.bridges.jvm import jars
from mlmodel.bridges.jvm.gateway import running
from mlmodel.flavors import _mleap_files as _files
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.flavors._mleap_scorer import Scorer
    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "MleapFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_bundle", "load_model", "save_model",
]  # fmt: skip

_SCORER = "mlmodel.flavors._mleap_scorer"
_DATA = "mleap/model"


class MleapFlavor(Flavor):
    """Bundles of MLeap."""

    name = "mleap"
    loader_module = "mlmodel.mleap"
    extra = ("py4j>=0.10.9.7",)
    packages = ("py4j",)
    programs = MappingProxyType({"java": ">=17", "the jars that it runs": ">=0"})
    programs_install = "pip install 'mlmodel[mleap]'; mlmodel java setup, with Maven and a JDK"
    served = 2
    takes = "bundles that were loaded (mlmodel.mleap.load_bundle)"
    takes_rule = "MLP-013"

    def version_of_program(self, name: str) -> str | None:
        return jars.java_version() if name == "java" else jars.version()

    def detects(self, model: object) -> bool:
        return defined_by(model, _SCORER, "Scorer")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        _files.unpack(model.file, root / _DATA)
        attributes = {"mleap_version": model.version, "model_data": _DATA}
        return Saved(attributes, None, self.packages, self.predictor(model, {}))

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        data = folder.model_path(attributes, key="model_data", default=_DATA)
        running(self.require("py4j.java_gateway", "py4j"))  # before a file is written for it
        return self.scorer(_files.copied(folder, data), data)

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        """Return the bundle and how it predicts; it lives in a JVM, so that copies open it anew."""
        native = self.load(folder, attributes)
        return native, self.predictor(native, python_function)

    def scorer(self, packed: Path, name: str) -> Scorer:
        """Return the bundle in a zip file of our own, which is removed with it."""
        py4j = self.require("py4j.java_gateway", "py4j")
        from mlmodel.flavors._mleap_scorer import Scorer  # it needs numpy and pandas

        return Scorer(py4j, packed, name)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors._mleap_scorer import predictor

        return predictor(model)


FLAVOR = MleapFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "a ``Scorer``, whose ``predict`` answers a data frame with one")


def load_bundle(path: PathLike) -> Scorer:
    """Return the bundle of MLeap in a folder or zip file, which is no model folder.

    Raises:
        ModelNotFound: there is no bundle.
        InvalidModel: MLeap cannot read it.
        UnsupportedModel: it has a stage that this MLeap does not know.
        MissingDependency: there is no Java, or the jars of the bridge are not here.

    """
    packed, name = _files.packed(path)
    return FLAVOR.scorer(packed, name)


@saver(FLAVOR)
def save_model(model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a bundle as a model folder, atomically; as MLflow's, it has no python_function.

    Args:
        model: a bundle that was loaded, from a bundle alone or from a model.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
