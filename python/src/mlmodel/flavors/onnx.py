"""ONNX: graphs, run by ONNX Runtime as a python_function.

Specification: spec/flavors/onnx.md.

A graph holds operators and numbers, no code, so nothing of it needs trust. What a small file could
make of a machine is bounded before any library reads it, by :mod:`mlmodel.trust.graphs` (ONX-013 to
ONX-021). What else it could reach is closed: weights outside of the folder in ``_onnx_graph.py``
(ONX-004), session options that load libraries or write files (ONX-003) and providers that call
other machines (ONX-002) in ``_onnx_session.py``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base import files
from mlmodel.flavors import _onnx_graph as _graph
from mlmodel.flavors import _onnx_session as _session
from mlmodel.flavors._base import Flavor, Predict, Saved, when_asked
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "OnnxFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FILE = "model.onnx"


class OnnxFlavor(Flavor):
    """Graphs of ONNX (``onnx.ModelProto``)."""

    name = "onnx"
    loader_module = "mlflow.onnx"
    extra = ("onnx>=1.16", "onnxruntime>=1.18")
    packages = ("onnx", "onnxruntime")
    takes = "an onnx.ModelProto"
    versions = MappingProxyType({"onnx_version": "onnx"})
    signature_kinds = frozenset({"columns", "tensors"})
    converts = frozenset({"sklearn"})

    def refuses(self, other: Flavor) -> str | None:
        if other.makes_graphs or other.name in self.converts:
            return None
        return other.no_graph

    def made_of(self, model: Any, example: Any, answer: Any) -> tuple[Any, str]:
        from mlmodel.flavors import _onnx_converters

        return _onnx_converters.convert(self, model, example, answer)

    def detects(self, model: object) -> bool:
        return defined_by(model, "onnx") and type(model).__name__ == "ModelProto"

    def advice(self, model: object) -> str:  # noqa: ARG002 - the contract's
        return "; onnx.load reads one"

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        onnx = self.require("onnx")
        providers = options["onnx_execution_providers"] or _session.DEFAULT_PROVIDERS
        settings = options["onnx_session_options"]
        if settings is not None:
            settings = dict(settings)
            _session.require_settings(settings)
        path = root / _FILE
        _graph.write(self, model, path, external=options["save_as_external_data"])
        attributes = {
            "data": _FILE,
            "onnx_session_options": settings,
            "onnx_version": onnx.__version__,
            "providers": list(providers),
        }

        def opened() -> Predict:
            graph = _graph.read(self, files.read(path), path, _FILE)
            return self.predictor(_session.start(self, graph, _FILE, attributes), {})

        return Saved(attributes, {"data": _FILE}, self.packages, when_asked(opened))

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        onnx = self.require("onnx")
        data, path, file = _read(folder, attributes)
        _graph.check(data, file)
        model = _graph.whole(self, data, path, file)
        what = f"is not valid for the checker of onnx {onnx.__version__}"
        with cannot_be_read(file, what, "ONX-005", path):
            # What is larger than a message can be only the checker reads from the files again.
            onnx.checker.check_model(model if _graph.size(model) <= _graph.LARGEST else str(path))
        return model

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        data, path, file = _read(folder, attributes)
        session = _session.start(self, _graph.read(self, data, path, file), file, attributes)
        return session, self.predictor(session, python_function)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors import _onnx_predict  # it needs numpy and pandas

        return _onnx_predict.predictor(model)


def _read(folder: ModelFolder, attributes: Mapping[str, Any]) -> tuple[bytes, Path, str]:
    """Return the bytes of the graph's file, where it is and how it is called."""
    file = folder.model_path(attributes, key="data", default=_FILE)
    path = folder.file(file)
    return folder.gate.read(path), path, file


FLAVOR = OnnxFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the graph as an ``onnx.ModelProto``, checked, with all its weights")


@saver(FLAVOR)
def save_model(
    onnx_model: Any,
    path: PathLike,
    *,
    onnx_execution_providers: Sequence[str] | None = None,
    onnx_session_options: Mapping[str, Any] | None = None,
    save_as_external_data: bool = True,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a graph as a model folder, atomically.

    Without ``signature`` and ``input_example`` none is written: what the graph itself declares is
    what it takes (ONX-006).

    Args:
        onnx_model: an ``onnx.ModelProto``, with its weights; it is left as it is.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        onnx_execution_providers: what may run it, the best first (ONX-002); by default a
            graphics card if there is one.
        onnx_session_options: settings of ONNX Runtime (ONX-003).
        save_as_external_data: weights of 1 KiB and more go to a file of their own, which a
            graph of more than 2 GiB needs.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
