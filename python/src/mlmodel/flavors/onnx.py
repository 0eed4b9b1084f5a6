"""ONNX: graphs, run by ONNX Runtime as a python_function.

Specification: spec/flavors/onnx.md.

A graph holds operators and numbers, no code, so nothing of it needs trust. What else a file could
reach is closed here: weights outside of the folder (ONX-004), session options that load
libraries or write files (ONX-003), providers that call other machines (ONX-002).
"""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel import document
from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument, InvalidModel, shown
from mlmodel.flavors._base import Flavor, Saved, defined_by
from mlmodel.flavors._shared import load_flavor, save_flavor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.scoring.predict import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.store.folder import ModelFolder
    from mlmodel.store.saving import SaveOptions

__all__ = ["FLAVOR", "OnnxFlavor", "load_model", "save_model"]

_FILE = "model.onnx"
_EXTERNAL = "model.onnx.data"
#: What MLflow writes where no providers are given: a graphics card if there is one.
_DEFAULT_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
#: Providers that compute on this machine (ONX-002); others call services, or are not known.
_PROVIDERS = frozenset(
    f"{name}ExecutionProvider"
    for name in (
        *("ACL", "ArmNN", "CANN", "CPU", "CUDA", "CoreML", "Dml", "Dnnl", "MIGraphX"),
        *("NvTensorRTRTX", "OpenVINO", "QNN", "ROCM", "Tensorrt", "VitisAI", "Xnnpack"),
    )
)  # fmt: skip
#: Session options (ONX-003) that neither read, write nor load a file, with their types.
_OPTIONS: dict[str, type] = {
    "enable_cpu_mem_arena": bool,
    "enable_mem_pattern": bool,
    "enable_mem_reuse": bool,
    "graph_optimization_level": int,
    "inter_op_num_threads": int,
    "intra_op_num_threads": int,
    "log_severity_level": int,
    "log_verbosity_level": int,
    "use_deterministic_compute": bool,
}
_MODES = {"sequential": "ORT_SEQUENTIAL", "parallel": "ORT_PARALLEL"}
_LEVELS = {
    0: "DISABLE_ALL",
    1: "ENABLE_BASIC",
    2: "ENABLE_EXTENDED",
    3: "ENABLE_LAYOUT",
    99: "ENABLE_ALL",
}
_ENTRIES = frozenset(
    f"session.{name}"
    for name in (
        *("disable_aot_function_inlining", "disable_cpu_ep_fallback", "disable_double_qdq_remover"),
        *("disable_prepacking", "disable_quant_qdq", "dynamic_block_base", "force_spinning_stop"),
        *("inter_op.allow_spinning", "intra_op.allow_spinning", "qdq_matmulnbits_accuracy_level"),
        *("set_denormal_as_zero", "use_device_allocator_for_initializers", "use_env_allocators"),
    )
)  # fmt: skip
#: Element type of a graph's tensor, as ONNX Runtime writes it -> numpy's.
_DTYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "string": "str", "bool": "bool",
    "complex64": "complex64", "complex128": "complex128",
    **{name: name for size in (8, 16, 32, 64) for name in (f"int{size}", f"uint{size}")},
}  # fmt: skip


class OnnxFlavor(Flavor):
    """Graphs of ONNX (``onnx.ModelProto``)."""

    name = "onnx"
    loader_module = "mlflow.onnx"
    extra = ("onnx>=1.16", "onnxruntime>=1.18")
    signature_kinds = frozenset({"columns", "tensors"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "onnx") and type(model).__name__ == "ModelProto"

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        onnx = require("onnx", self.name)
        if not self.detects(model):
            raise InvalidArgument(
                "The onnx flavor saves an onnx.ModelProto, not "
                f"{type(model).__module__}.{type(model).__qualname__}; onnx.load reads one"
            )
        providers = list(options.get("onnx_execution_providers") or _DEFAULT_PROVIDERS)
        session_options = options.get("onnx_session_options")
        if session_options is not None:
            _session_options(session_options, strict=True)
        _write(model, root, external=options.get("save_as_external_data", True))
        attributes = {
            "data": _FILE,
            "onnx_session_options": session_options,
            "onnx_version": onnx.__version__,
            "providers": providers,
        }

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            session = _session(root / _FILE, _FILE, attributes)
            return self.predictor(session, {})(model_input, params)

        packages = ["onnx", "onnxruntime"]
        return Saved(attributes, {"data": _FILE}, packages, _signature(model), predict)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        onnx = require("onnx", self.name)
        file = folder.model_path(attributes, key="data", default=_FILE)
        path = folder.file(file)
        model = _read(folder, path, file)
        try:
            onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
            onnx.checker.check_model(str(path))
        except (ValueError, OSError, onnx.checker.ValidationError) as error:
            raise InvalidModel.of_file(
                file, "ONX-005", f"is no graph of ONNX: {_brief(error, path)}"
            ) from None
        return model

    def open(
        self,
        folder: ModelFolder,
        attributes: Mapping[str, Any],
        python_function: Mapping[str, Any],
    ) -> tuple[Any, Predict]:
        file = folder.model_path(attributes, key="data", default=_FILE)
        path = folder.file(file)
        model = _read(folder, path, file)
        # What was looked at and nothing else, where no other file belongs to it.
        source = path if any(_external_tensors(model)) else model.SerializeToString()
        session = _session(source, file, attributes)
        return session, self.predictor(session, python_function)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        """Return how a session of ONNX Runtime predicts."""
        return _Runner(model)


FLAVOR = OnnxFlavor()


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

    Without ``signature`` the graph's own inputs and outputs are declared as tensors (ONX-006),
    or the columns of ``input_example`` if that is a table.

    Args:
        onnx_model: an ``onnx.ModelProto``, with its weights; it is left as it is.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        onnx_execution_providers: what may run it, the best first (ONX-002); by default a
            graphics card if there is one.
        onnx_session_options: settings of ONNX Runtime (ONX-003).
        save_as_external_data: weights of 1 KiB and more go to a file of their own, which a
            graph of more than 2 GiB needs.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    Raises:
        InvalidArgument: an argument is wrong, or the graph is not valid; nothing was written.
        ModelExists: ``path`` is taken.
        WriteFailed: disk full or no permission; nothing was left behind.

    """
    options = {
        "onnx_execution_providers": onnx_execution_providers,
        "onnx_session_options": None
        if onnx_session_options is None
        else dict(onnx_session_options),
        "save_as_external_data": save_as_external_data,
    }
    save_flavor(FLAVOR, onnx_model, path, options, **shared)


def load_model(
    model_uri: PathLike,
    dst_path: PathLike | None = None,
    *,
    trust: bool = False,
    allow: Iterable[str] = (),
) -> Any:
    """Return the graph as an ``onnx.ModelProto``, checked, with all its weights.

    Args:
        model_uri: the model's folder, or a URI of one.
        dst_path: an existing folder to copy the model into first, and to load it from.
        trust: run the code that the model brings along, if any (TRU-004).
        allow: for all flavors alike; nothing here is allowed by name.

    Raises:
        ModelNotFound, InvalidModel, UnreadableModel, MissingDependency

    """
    return load_flavor(FLAVOR, model_uri, trust=trust, allow=allow, dst_path=dst_path)


def _write(model: Any, root: Path, *, external: bool) -> None:
    onnx = require("onnx", FLAVOR.name)
    if any(_external_tensors(model)):
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
    try:
        onnx.save_model(copy, path, save_as_external_data=external, location=_EXTERNAL)
        onnx.checker.check_model(str(path))
    except (ValueError, onnx.checker.ValidationError) as error:
        raise InvalidArgument(
            f"The graph is not valid, or too large for one file: {_brief(error, path)} (ONX-005)"
        ) from error


def _read(folder: ModelFolder, path: Path, file: str) -> Any:
    """Return the graph without its external weights, which are checked to be in the folder."""
    onnx = require("onnx", FLAVOR.name)
    model, data = onnx.ModelProto(), folder.gate.read(path)
    try:
        model.ParseFromString(data)
    except Exception as error:  # noqa: BLE001 - protobuf's error has another place in every version
        raise InvalidModel.of_file(
            file, "ONX-005", f"is no graph of ONNX: {_brief(error, path)}"
        ) from None
    if not model.HasField("graph"):
        raise InvalidModel.of_file(file, "ONX-005", "is no graph of ONNX: it is empty")
    for location in {_location(tensor) for tensor in _external_tensors(model)}:
        wrong = _what_is_wrong(path.parent, location)
        if wrong:
            what = f"has weights in {shown(location)}, which {wrong}"
            raise InvalidModel.of_file(file, "ONX-004", what)
    return model


def _external_tensors(message: Any) -> Iterator[Any]:
    """Give every tensor of a message, at any depth, that has its numbers in another file."""
    for field, value in message.ListFields():
        if field.type != field.TYPE_MESSAGE:
            continue
        # A field with many values is a sequence; those of one message are its own.
        for one in [value] if hasattr(value, "ListFields") else value:
            if one.DESCRIPTOR.name == "TensorProto":
                if one.data_location == one.EXTERNAL or one.external_data:
                    yield one
            else:
                yield from _external_tensors(one)


def _location(tensor: Any) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def _what_is_wrong(base: Path, location: str) -> str:
    """Return why a file of weights is not read (ONX-004), or nothing."""
    try:
        found = document.resolve_inside(base, location)
    except InvalidModel as error:
        return error.message.partition("'; ")[0] and "leads out of the model's folder"
    if found != Path(os.path.realpath(base), location):
        return "is reached by a link"
    if not found.is_file():
        return "is not there" if not found.exists() else "is no file"
    if found.stat().st_nlink > 1:
        return "has another name elsewhere (a hard link)"
    return ""


def _session(source: Path | bytes, file: str, attributes: Mapping[str, Any]) -> Any:
    """Return a session of ONNX Runtime for a file, or for the bytes of one."""
    runtime = require("onnxruntime", FLAVOR.name)
    options = _session_options(attributes.get("onnx_session_options") or {}, strict=False)
    providers = _available(attributes.get("providers") or _DEFAULT_PROVIDERS, runtime)
    if isinstance(source, Path):
        source = str(source)  # type: ignore[assignment]
    try:
        return runtime.InferenceSession(source, options, providers=providers)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors have no common base
        what = f"cannot be run by ONNX Runtime {runtime.__version__}: {_brief(error, source)}"
        raise InvalidModel.of_file(file, "ONX-005", what) from None


def _available(wanted: Sequence[str], runtime: Any) -> list[str]:
    """Return the providers of the file that are here and compute here (ONX-002)."""
    here = _PROVIDERS.intersection(runtime.get_available_providers())
    missing = [name for name in wanted if name not in here]
    if missing and tuple(wanted) != _DEFAULT_PROVIDERS:
        warnings.warn(
            f"The model asks for {', '.join(map(shown, missing))}, which this ONNX Runtime has not "
            "or which do not compute on this machine; it runs on the others, at least the CPU "
            "(ONX-002)",
            stacklevel=2,
        )
    found = [name for name in wanted if name in here]
    return found if "CPUExecutionProvider" in found else [*found, "CPUExecutionProvider"]


def _session_options(given: Mapping[str, Any], *, strict: bool) -> Any:
    """Return settings for ONNX Runtime; others are refused, or left out (ONX-003)."""
    runtime = require("onnxruntime", FLAVOR.name)
    options, left_out = runtime.SessionOptions(), []
    for key, value in given.items():
        if not _is_setting(key, value):
            left_out.append(key)
        elif key == "execution_mode":
            options.execution_mode = getattr(runtime.ExecutionMode, _MODES[value])
        elif key == "graph_optimization_level":
            level = getattr(runtime.GraphOptimizationLevel, f"ORT_{_LEVELS[value]}")
            options.graph_optimization_level = level
        elif key == "extra_session_config":
            for name, text in value.items():
                options.add_session_config_entry(name, str(text))
        else:
            setattr(options, key, value)
    if left_out:
        known = [*_OPTIONS, "execution_mode", "extra_session_config"]
        message = (
            f"onnx_session_options: {', '.join(map(shown, left_out))} cannot be set so. Known are "
            f"{', '.join(sorted(known))}; execution_mode is sequential or parallel, "
            f"graph_optimization_level one of {', '.join(map(str, _LEVELS))}, and "
            f"extra_session_config holds texts for {', '.join(sorted(_ENTRIES))} (ONX-003)"
        )
        if strict:
            raise InvalidArgument(message)
        warnings.warn(f"{message}; the model is loaded without", stacklevel=2)
    return options


def _is_setting(key: str, value: Any) -> bool:
    if key == "execution_mode":
        return value in _MODES
    if key == "graph_optimization_level":
        return type(value) is int and value in _LEVELS
    if key == "extra_session_config":
        return isinstance(value, dict) and _ENTRIES.issuperset(value)
    return key in _OPTIONS and type(value) is _OPTIONS[key]


def _signature(model: Any) -> ModelSignature | None:
    """Return what the graph declares as tensors, if numpy has all of it (ONX-006)."""
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.schema import Schema

    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = _tensors([one for one in model.graph.input if one.name not in weights])
    outputs = _tensors(model.graph.output)
    if not inputs:
        return None
    if len(inputs) == 1:  # so that an array and a frame are taken as they are
        inputs = [type(inputs[0])(inputs[0].type, inputs[0].shape)]
    return ModelSignature(Schema(inputs), Schema(outputs) if outputs else None)


def _tensors(declared: Iterable[Any]) -> list[Any] | None:
    """Return specs of what a graph declares, or None where one is no tensor of numpy's."""
    numpy = require("numpy", "predict")
    from mlmodel.signature.types.schema import TensorSpec

    names = require("onnx", FLAVOR.name).TensorProto.DataType.Name
    specs = []
    for one in declared:
        tensor = one.type.tensor_type
        dtype = _DTYPES.get(names(tensor.elem_type).lower())
        if not one.type.HasField("tensor_type") or dtype is None or not tensor.HasField("shape"):
            return None
        shape = tuple(d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim)
        specs.append(TensorSpec(numpy.dtype(dtype), shape, one.name))
    return specs


class _Runner:
    """How a session predicts: arrays in the graph's own dtypes, answers in the caller's form."""

    def __init__(self, session: Any) -> None:
        from mlmodel.flavors import _arrays  # it needs numpy and pandas

        self._session = session
        self._inputs = _arrays.ArrayInputs(
            [
                _arrays.ArrayInput(one.name, _dtype(one), _shape(one))
                for one in session.get_inputs()
            ],
            names_rule="ONX-007",
            cast_rule="ONX-008",
        )
        self._outputs = [one.name for one in session.get_outputs()]
        self._column_of = _arrays.column_of

    def __call__(self, model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        if params:
            warnings.warn(
                "An ONNX graph has no parameters; those given have no effect", stacklevel=2
            )
        answers = self._session.run(None, self._inputs.of(model_input))
        named = dict(zip(self._outputs, answers, strict=True))
        pandas = require("pandas", "predict")
        if not isinstance(model_input, pandas.DataFrame):
            return named
        return pandas.DataFrame({name: self._column_of(one) for name, one in named.items()})


def _dtype(declared: Any) -> Any:
    """Return the dtype of a session's input, object for texts, None for what is no tensor."""
    found = re.fullmatch(r"tensor\((\w+)\)", declared.type)
    name = _DTYPES.get(found[1]) if found else None
    return name and require("numpy", "predict").dtype("object" if name == "str" else name)


def _shape(declared: Any) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else -1 for size in declared.shape or ())


def _brief(error: BaseException, path: Any) -> str:
    """Return the first line of an error without the path of a file or its code in the runtime."""
    text = str(error).strip().partition("\n")[0]
    if not isinstance(path, bytes):
        text = text.replace(str(path), Path(path).name).replace(str(Path(path).parent), ".")
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : ", "", text)
    return text[:300].rstrip(":. ") or type(error).__name__
