"""Sessions of ONNX Runtime: what may run a graph (ONX-002), and with which settings (ONX-003)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown
from mlmodel.flavors._failures import brief, cannot_be_read, refused_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from mlmodel.flavors._base import Flavor
    from mlmodel.flavors._onnx_graph import Graph

__all__ = ["DEFAULT_PROVIDERS", "require_settings", "run", "start"]

#: Errors of a run that come of what the graph is given: sizes that do not go together, indices
#: out of range, objects that are not arrays.
_OF_DATA = ("InvalidArgument", "Fail", "RuntimeException", "RuntimeError")
#: The place in ONNX Runtime's source code that raised an error, and its function.
_PLACE = re.compile(r"^\S+:\d+ .*?\) (?:\[ONNXRuntimeError\] )?(?:.* was false\. )?")
_CODE = re.compile(r"^[A-Z_]+ : ")

#: What MLflow writes where no providers are given: a graphics card if there is one.
DEFAULT_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
_CPU = DEFAULT_PROVIDERS[-1]
#: Providers that compute on this machine; others call services, or are not known.
_PROVIDERS = frozenset(
    f"{name}ExecutionProvider"
    for name in (
        *("ACL", "ArmNN", "CANN", "CPU", "CUDA", "CoreML", "Dml", "Dnnl", "MIGraphX"),
        *("NvTensorRTRTX", "OpenVINO", "QNN", "ROCM", "Tensorrt", "VitisAI", "Xnnpack"),
    )
)  # fmt: skip
#: Settings that neither read, write nor load a file, with their types.
_SETTINGS: dict[str, type] = {
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
#: What computes values while a graph is loaded.
_FOLDING = ("ConstantFolding", "ConstantFoldingDQ")
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


def start(flavor: Flavor, graph: Graph, file: str, attributes: Mapping[str, Any]) -> Any:
    """Return a session for a graph that was checked, as the flavor's attributes say.

    Where it is not proven that little is computed on loading, nothing is (ONX-015).

    Raises:
        InvalidModel: ONNX Runtime cannot run the graph (ONX-005).

    """
    runtime = flavor.require("onnxruntime")
    given = attributes.get("onnx_session_options") or {}
    refusal = _refusal(given)
    if refusal:
        warn_caller(f"{refusal}; the model is loaded without these options")
    options = _settings(runtime, {k: v for k, v in given.items() if _is_setting(k, v)})
    providers = _available(runtime, attributes.get("providers") or DEFAULT_PROVIDERS)
    if graph.weights:
        values = [runtime.OrtValue.ortvalue_from_numpy(one) for one in graph.weights.values()]
        options.add_external_initializers(list(graph.weights), values)
    told: dict[str, Any] = {"disabled_optimizers": [] if graph.folds else list(_FOLDING)}
    if providers == [_CPU]:  # there is nothing to fall back to, which would be told on the output
        told["enable_fallback"] = 0
    what = f"cannot be run by ONNX Runtime {runtime.__version__}"
    with cannot_be_read(file, what, "ONX-005"):
        return runtime.InferenceSession(graph.data, options, providers=providers, **told)


def run(session: Any, feed: Mapping[str, Any]) -> Any:
    """Return the outputs of a graph, in its order.

    Raises:
        InvalidInput: it cannot be run on these arrays, and why in ONNX Runtime's words (ONX-011).

    """
    refused = refused_by(
        "ONNX Runtime", "ONX-011", of_data=_is_of_data, words=_reason,
        cannot="run the graph on these data",
    )  # fmt: skip
    with refused:
        return session.run(None, feed)


def _is_of_data(error: Exception) -> bool:
    # ONNX Runtime's errors have no base of their own; others do not concern the data.
    return type(error).__name__ in _OF_DATA


def _reason(error: BaseException) -> str:
    words = " ".join(str(error).partition("Status Message: ")[2].split())
    return brief(RuntimeError(_PLACE.sub("", words))) if words else _CODE.sub("", brief(error))


def require_settings(given: Mapping[str, Any]) -> None:
    """Raise InvalidArgument for settings that a reader would leave out."""
    refusal = _refusal(given)
    if refusal:
        raise InvalidArgument(refusal)


def _refusal(given: Mapping[str, Any]) -> str:
    """Return what is wrong with settings, or nothing."""
    others = [key for key, value in given.items() if not _is_setting(key, value)]
    if not others:
        return ""
    known = [*_SETTINGS, "execution_mode", "extra_session_config"]
    return (
        f"onnx_session_options: {', '.join(map(shown, others))} cannot be set this way. Known are "
        f"{', '.join(sorted(known))}; execution_mode is sequential or parallel, "
        f"graph_optimization_level one of {', '.join(map(str, _LEVELS))}, and "
        f"extra_session_config holds texts for {', '.join(sorted(_ENTRIES))} (ONX-003)"
    )


def _is_setting(key: str, value: Any) -> bool:
    if key == "execution_mode":
        return value in _MODES
    if key == "graph_optimization_level":
        return type(value) is int and value in _LEVELS
    if key == "extra_session_config":
        return isinstance(value, dict) and _ENTRIES.issuperset(value)
    return key in _SETTINGS and type(value) is _SETTINGS[key]


def _settings(runtime: ModuleType, given: Mapping[str, Any]) -> Any:
    options = runtime.SessionOptions()
    for key, value in given.items():
        if key == "execution_mode":
            options.execution_mode = getattr(runtime.ExecutionMode, _MODES[value])
        elif key == "graph_optimization_level":
            level = getattr(runtime.GraphOptimizationLevel, f"ORT_{_LEVELS[value]}")
            options.graph_optimization_level = level
        elif key == "extra_session_config":
            for name, text in value.items():
                options.add_session_config_entry(name, str(text))
        else:
            setattr(options, key, value)
    return options


def _available(runtime: ModuleType, wanted: Sequence[str]) -> list[str]:
    """Return the providers of the file that are here and compute here; the CPU is always one."""
    here = _PROVIDERS.intersection(runtime.get_available_providers())
    missing = [name for name in wanted if name not in here]
    if missing and tuple(wanted) != DEFAULT_PROVIDERS:
        warn_caller(
            f"The model asks for {', '.join(map(shown, missing))}, which this ONNX Runtime does "
            "not have or which do not work on this machine; the model runs on the others, at "
            "least on the CPU (ONX-002)"
        )
    found = [name for name in wanted if name in here]
    return found if _CPU in found else [*found, _CPU]
