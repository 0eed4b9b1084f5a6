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
from mlmodel.errors import InvalidArgument
from mlmodel.flavors import _onnx_graph as _graph
from mlmodel.flavors import _onnx_session as _session
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlmodel.flavors._arrays import ArrayInput
    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "OnnxFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FILE = "model.onnx"
_EXTERNAL = "model.onnx.data"
#: Type of a tensor, as ONNX Runtime writes it -> numpy's dtype.
_DTYPES = {
    f"tensor({element})": dtype
    for element, dtype in {
        "float": "float32", "double": "float64", "float16": "float16", "string": "object",
        "bool": "bool", "complex64": "complex64", "complex128": "complex128",
        **{name: name for size in (8, 16, 32, 64) for name in (f"int{size}", f"uint{size}")},
    }.items()
}  # fmt: skip


class OnnxFlavor(Flavor):
    """Graphs of ONNX (``onnx.ModelProto``)."""

    name = "onnx"
    loader_module = "mlflow.onnx"
    extra = ("onnx>=1.16", "onnxruntime>=1.18")
    packages = ("onnx", "onnxruntime")
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

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        onnx = self.require("onnx")
        if not self.detects(model):
            raise not_taken(self, model, "an onnx.ModelProto", "; onnx.load reads one")
        providers = options["onnx_execution_providers"] or _session.DEFAULT_PROVIDERS
        settings = options["onnx_session_options"]
        if settings is not None:
            settings = dict(settings)
            _session.require_settings(settings)
        _write(model, root, external=options["save_as_external_data"])
        attributes = {
            "data": _FILE,
            "onnx_session_options": settings,
            "onnx_version": onnx.__version__,
            "providers": list(providers),
        }

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            graph = _graph.read(self, files.read(root / _FILE), root / _FILE, _FILE)
            session = _session.start(self, graph, _FILE, attributes)
            return self.predictor(session, {})(model_input, params)

        return Saved(attributes, {"data": _FILE}, self.packages, predict)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        onnx = self.require("onnx")
        data, path, file = _read(folder, attributes)
        _graph.check(data, file)
        model = _graph.whole(self, data, path, file)
        what = f"is not valid for the checker of onnx {onnx.__version__}"
        with cannot_be_read(file, what, "ONX-005", path):
            # What is larger than a message can be only the checker reads from the files again.
            onnx.checker.check_model(model if _size(model) <= _graph.LARGEST else str(path))
        return model

    def open(
        self,
        folder: ModelFolder,
        attributes: Mapping[str, Any],
        python_function: Mapping[str, Any],
    ) -> tuple[Any, Predict]:
        data, path, file = _read(folder, attributes)
        session = _session.start(self, _graph.read(self, data, path, file), file, attributes)
        return session, self.predictor(session, python_function)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        """Return how a session of ONNX Runtime predicts: arrays in the graph's own dtypes."""
        from mlmodel.flavors import _arrays  # it needs numpy and pandas
        from mlmodel.flavors._tables import as_frame

        declared = [_declared(one) for one in model.get_inputs()]
        # Weights that are inputs, too, may be given, as ONNX Runtime lets them be.
        declared += [_declared(one, optional=True) for one in model.get_overridable_initializers()]
        inputs = _arrays.ArrayInputs(declared, names_rule="ONX-007", cast_rule="ONX-008")
        names = [one.name for one in model.get_outputs()]

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            warn_of_params(params, "An ONNX graph")
            frame = as_frame(model_input)
            given = model_input if frame is None else frame
            outputs = _session.run(model, inputs.of(given))
            return _arrays.answer(given, dict(zip(names, outputs, strict=True)))

        return predict


def _write(model: Any, root: Path, *, external: bool) -> None:
    onnx = FLAVOR.require("onnx")
    if any(_graph.external_tensors(model)):
        raise InvalidArgument(
            "The graph's weights are not loaded; onnx.load(path) reads them with the graph, and "
            "onnx.load_external_data_for_model(model, folder) later (ONX-004)"
        )
    path = root / _FILE
    copy = model
    if external:
        # What is put outside is taken out of the object, which is the caller's.
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
    if not external and _size(copy) > _graph.LARGEST:
        raise InvalidArgument(
            f"The graph has {_size(copy):,} bytes, and one file holds at most {_graph.LARGEST:,}; "
            "save_as_external_data=True puts its weights into a file of their own (ONX-004)"
        )
    with cannot_be_saved("The graph cannot be written", "ONX-005", path):
        onnx.save_model(copy, path, save_as_external_data=external, location=_EXTERNAL)
    what = f"The graph is not valid for the checker of onnx {onnx.__version__}"
    with cannot_be_saved(what, "ONX-005", path):
        onnx.checker.check_model(str(path))


def _size(message: Any) -> int:
    """Return the bytes of a message, also of one that is too large to be written."""
    try:
        return int(message.ByteSize())
    except ValueError:  # "exceeds the maximum"
        return _graph.LARGEST + 1


def _read(folder: ModelFolder, attributes: Mapping[str, Any]) -> tuple[bytes, Path, str]:
    """Return the bytes of the graph's file, where it is and how it is called."""
    file = folder.model_path(attributes, key="data", default=_FILE)
    path = folder.file(file)
    return folder.gate.read(path), path, file


def _declared(one: Any, *, optional: bool = False) -> ArrayInput:
    """Return an input as ONNX Runtime tells of it; a scalar and unknown axes are told alike."""
    from mlmodel.flavors._arrays import ArrayInput

    kind = one.type
    if kind.startswith("optional("):
        optional, kind = True, kind[len("optional(") : -1]
    sequence = kind.startswith("seq(tensor(")
    dtype = _DTYPES.get(kind[len("seq(") : -1] if sequence else kind)
    return ArrayInput.declared(
        one.name, dtype, one.shape or None, optional=optional, sequence=sequence
    )


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
