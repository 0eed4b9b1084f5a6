"""Gluon: networks of MXNet, exported as a graph and its parameters.

Specification: spec/flavors/gluon.md.

MXNet's compiled reader believes what the two files say, and operators of a graph may call Python:
they are loaded in trusted folders alone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "GluonFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FOLDER = "data"
#: What MXNet calls the files of an export to ``data/net``.
_GRAPH, _PARAMETERS = "net-symbol.json", "net-0000.params"
_INPUT = "data"


class GluonFlavor(Flavor):
    """Networks of Gluon that are hybridized (``mxnet.gluon.HybridBlock``)."""

    name = "gluon"
    loader_module = "mlflow.gluon"
    extra = ("mxnet>=1.9.1",)
    # MXNet declares that it needs a numpy of its time, and works with today's.
    in_all = False
    packages = ("mxnet",)
    takes = "networks of Gluon (mxnet.gluon.HybridBlock)"
    versions = MappingProxyType({"mxnet_version": "mxnet"})
    signature_kinds = frozenset({"columns", "tensors"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "mxnet.gluon") and hasattr(model, "export")

    def mxnet(self) -> Any:
        """Return the library.

        Raises:
            MissingDependency: it is not installed.

        """
        from mlmodel.flavors._gluon_mxnet import imported  # it needs numpy

        return imported(lambda: self.require("mxnet"))

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002
        mxnet = self.mxnet()
        (root / _FOLDER).mkdir()
        with cannot_be_saved("The network cannot be exported", "GLU-003"):
            model.export(str(root / _FOLDER / "net"))
        attributes = {"mxnet_version": mxnet.__version__}
        # No key names the folder: MLflow takes such a model from its own root.
        return Saved(attributes, {}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:  # noqa: ARG002
        mxnet = self.mxnet()
        files = [folder.file(f"{_FOLDER}/{file}") for file in (_GRAPH, _PARAMETERS)]
        what = "a graph of MXNet, whose compiled reader believes what it says"
        folder.gate.require_trust(what, f"{_FOLDER}/{_GRAPH}")
        for file in files:
            folder.gate.read_to_run(file)
        graph, parameters = map(str, files)
        what = f"cannot be loaded by MXNet {mxnet.__version__}"
        with cannot_be_read(_FOLDER, what, "GLU-004", files[0].parent):
            symbol = mxnet.sym.load(graph)
            network = mxnet.gluon.SymbolBlock(symbol, mxnet.sym.var(_INPUT, dtype="float32"))
            network.collect_params().load(parameters, mxnet.current_context())
        return network

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _gluon_predict  # it needs numpy and pandas

        return _gluon_predict.predictor(self.mxnet(), model, _INPUT)


FLAVOR = GluonFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the network, a ``mxnet.gluon.SymbolBlock`` on the current context")


@saver(FLAVOR)
def save_model(gluon_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a network of Gluon as a model folder, atomically.

    Args:
        gluon_model: a ``mxnet.gluon.HybridBlock`` of one input, hybridized and called once.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
