"""SavedModels: graphs of TensorFlow in a folder, loaded in trust and run by name (TFL-004).

A graph is a program: its operations read and write files, and TensorFlow's compiled code believes
what its files say. So nothing of one is loaded that nobody vouches for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, UnsupportedModel
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_read, refused_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType

    from mlmodel.flavors._base import Flavor, Predict
    from mlmodel.store import ModelFolder

__all__ = ["DISTRIBUTIONS", "PACKAGE", "is_graph", "library", "load", "predictor", "signature"]

#: What is imported, and the distributions that bring it.
PACKAGE = "tensorflow"
DISTRIBUTIONS = (PACKAGE, "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos")
_BASES = (
    ("tensorflow.python.module.module", "Module"),
    ("tensorflow.python.trackable.autotrackable", "AutoTrackable"),
)
#: The signature of a graph that is served, by its usual names.
_SERVING = ("serving_default", "serve")
_RUNS = "a graph of TensorFlow, whose operations can read and write files"


def library(flavor: Flavor) -> ModuleType:
    """Return TensorFlow, for whichever flavor has a graph of it."""
    return flavor.require(PACKAGE)


def is_graph(model: object) -> bool:
    """Return whether an object is a module or a loaded SavedModel, without importing TensorFlow."""
    return any(defined_by(model, *base) for base in _BASES)


def load(flavor: Flavor, folder: ModelFolder, named: str, tags: Sequence[str] | None = None) -> Any:
    """Return the graph in a folder, as TensorFlow loads it.

    Raises:
        UntrustedModel: the folder is not trusted; nothing was loaded.
        InvalidModel: it is no SavedModel, or TensorFlow cannot read it (TFL-005).

    """
    from mlmodel.store.code_copy import private_copy

    tensorflow = library(flavor)
    path = folder.file(named)
    if not any((path / f"saved_model.{form}").is_file() for form in ("pb", "pbtxt")):
        raise InvalidModel.of_file(named, "TFL-005", "holds no saved_model.pb")
    folder.gate.require_trust(_RUNS, named)
    # What is loaded is what the digest vouches for (TRU-065).
    place = path if folder.gate.trust else private_copy(folder.gate, named)
    what = f"cannot be loaded by TensorFlow {tensorflow.__version__}"
    with cannot_be_read(named, what, "TFL-005", path):
        return tensorflow.saved_model.load(str(place), tags=list(tags) if tags else None)


def signature(loaded: Any, key: str | None, named: str) -> Any:
    """Return one function of a loaded graph: that of ``key``, else the one that is served.

    Raises:
        InvalidModel: there is none of this name (TFL-003).

    """
    functions = loaded.signatures
    keys = [key] if key else _SERVING
    for one in keys:
        if one in functions:
            function = functions[one]
            vars(function)["kept_by_mlmodel"] = loaded  # alone it does not keep its variables
            return function
    there = ", ".join(map(repr, functions)) or "none"
    raise InvalidModel.of_file(named, "TFL-003", f"has no signature {keys[0]!r}; it has {there}")


def predictor(flavor: Flavor, model: Any) -> Predict:
    """Return how a graph predicts: a signature by its names, an object by the one that is served.

    Raises:
        UnsupportedModel: it has neither a signature that is served nor a call (TFL-006).

    """
    tensorflow = library(flavor)
    if hasattr(model, "structured_input_signature"):
        return _of_function(tensorflow, model)
    functions = getattr(model, "signatures", {})
    if any(name in functions for name in _SERVING):
        return _of_function(tensorflow, signature(model, None, "The graph"), named=False)
    if callable(model):
        return _of_module(tensorflow, model)
    raise UnsupportedModel(
        "The graph has no signature that is served (serving_default), and cannot be called; it is "
        f"for load_model of mlmodel.{flavor.name} alone (TFL-006)"
    )


def _of_function(tensorflow: ModuleType, function: Any, *, named: bool = True) -> Predict:
    """Return how a signature predicts: arrays by the names of its inputs.

    ``named``: outputs are answered by their names; else a single one is answered as it is.
    """
    from mlmodel.flavors._arrays import ArrayInputs, framed  # it needs numpy and pandas
    from mlmodel.flavors._tables import as_frame

    _, keywords = function.structured_input_signature
    inputs = ArrayInputs(
        [_declared(name, spec) for name, spec in keywords.items()],
        names_rule="TFL-007", cast_rule="TFL-008", rounds=True,
    )  # fmt: skip

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A TensorFlow graph")
        frame = as_frame(model_input)
        given = inputs.of(model_input if frame is None else frame)
        with _refused():
            feed = {
                name: tensorflow.constant(one, dtype=keywords[name].dtype)
                for name, one in given.items()
            }
            outputs = {name: one.numpy() for name, one in function(**feed).items()}
        alone = not named and len(outputs) == 1
        return framed(next(iter(outputs.values())) if alone else outputs, frame)

    return predict


def _of_module(tensorflow: ModuleType, loaded: Any) -> Predict:
    """Return how an object predicts that is called with one tensor."""
    from mlmodel.flavors._arrays import ArrayInputs, framed  # it needs numpy and pandas
    from mlmodel.flavors._tables import as_frame, undeclared

    spec = _only_tensor(tensorflow, loaded)
    inputs = None
    if spec is not None:
        inputs = ArrayInputs(
            [_declared("input", spec)], names_rule="TFL-007", cast_rule="TFL-008", rounds=True
        )

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        warn_of_params(params, "A TensorFlow module")
        frame = as_frame(model_input)
        with _refused():
            if inputs is None or spec is None:
                tensor = _tensors(tensorflow, undeclared(model_input))
            else:
                (array,) = inputs.of(model_input if frame is None else frame).values()
                tensor = tensorflow.constant(array, dtype=spec.dtype)
            answers = tensorflow.nest.map_structure(_plain, loaded(tensor))
        return framed(answers, frame)

    return predict


def _tensors(tensorflow: ModuleType, given: Any) -> Any:
    """Return a list of numbers or texts as one tensor, and what holds arrays with tensors in it."""
    held = tensorflow.nest.flatten(given)
    is_list = isinstance(given, list) and not any(getattr(one, "ndim", 0) for one in held)
    if is_list and not any(isinstance(one, dict) for one in given):
        return tensorflow.convert_to_tensor(given)
    return tensorflow.nest.map_structure(tensorflow.convert_to_tensor, given)


def _plain(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") else value


def _refused() -> AbstractContextManager[None]:
    """Tell what TensorFlow says of data, also where it makes tensors of them (TFL-010)."""
    return refused_by("TensorFlow", "TFL-010", Exception, cannot="run the graph on these data")


def _declared(name: str, spec: Any) -> Any:
    from mlmodel.flavors._arrays import ArrayInput

    shape = None if spec.shape.rank is None else spec.shape.as_list()
    dtype = {"string": "object", "bfloat16": "float32"}.get(spec.dtype.name, spec.dtype.name)
    return ArrayInput.declared(name, dtype, shape)


def _only_tensor(tensorflow: ModuleType, loaded: Any) -> Any:
    """Return what the object's call takes, where that is one tensor of one sort."""
    function = getattr(loaded, "__call__", None)  # noqa: B004 - what is called, not whether
    found = {}
    for one in getattr(function, "concrete_functions", ()):
        positional, _ = one.structured_input_signature
        tensors = [part for part in positional if isinstance(part, tensorflow.TensorSpec)]
        if len(tensors) != 1:
            return None
        found[tensors[0].dtype, str(tensors[0].shape)] = tensors[0]
    return next(iter(found.values())) if len(found) == 1 else None
