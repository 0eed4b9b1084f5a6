"""Transformers: pipelines of Hugging Face, with their weights, as python_function for texts.

Specification: spec/flavors/transformers.md.

Code that a model brings along is never run, trusted or not, and nothing is downloaded. What else
its files could name asks for trust (TRF-006, :mod:`mlmodel.trust.hugging_face`).
"""

from __future__ import annotations

from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, InvalidModel, UnsupportedModel
from mlmodel.flavors import _huggingface as hugging_face
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import not_taken
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "TransformersFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_MODEL = "model"
#: Where the model is in folders that do not say so, of MLflow 2.3 and 2.4.
_EARLY = "pipeline"
_PARTS = ("feature_extractor", "tokenizer", "image_processor", "processor")
_LISTED = _PARTS[:3]
_DTYPES = ("float32", "float16", "bfloat16", "float64")
#: What a pipeline keeps of the file for python_function, so that copies of it have it.
_ASKED = "_mlmodel_asked"


class TransformersFlavor(Flavor):
    """Pipelines of transformers, on PyTorch."""

    name = "transformers"
    loader_module = "mlflow.transformers"
    extra = ("transformers>=5.0", "torch>=2.6")
    packages = ("transformers", "torch")
    versions = MappingProxyType({"transformers_version": "transformers"})

    def detects(self, model: object) -> bool:
        return any(
            cls.__name__ == "Pipeline" and cls.__module__.startswith("transformers.pipelines")
            for cls in type(model).__mro__
        )

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        transformers = self.require("transformers")
        if not self.detects(model):
            raise not_taken(self, model, "pipelines (transformers.pipeline(task, model=…))")
        network = model.model
        if getattr(network, "_hf_peft_config_loaded", False) or hasattr(network, "peft_config"):
            raise InvalidArgument(
                "The pipeline's model is an adapter over another one; give the whole model, which "
                "merge_and_unload() of peft makes of them (TRF-005)"
            )
        parts = {name: one for name in _PARTS if (one := getattr(model, name, None)) is not None}
        what = "The pipeline cannot be saved"
        with cannot_be_saved(what, "TRF-004"), hugging_face.quiet(transformers):
            network.save_pretrained(root / _MODEL)
            for name, part in parts.items():
                part.save_pretrained(root / "components" / name)
        attributes = {
            "components": [name for name in parts if name in _LISTED],
            "instance_type": type(model).__name__,
            "model_binary": _MODEL,
            "pipeline_model_type": type(network).__name__,
            "source_model_name": _public_name(network),
            "task": model.task,
            "torch_dtype": str(network.dtype),
            "transformers_version": transformers.__version__,
            **{f"{name}_type": type(part).__name__ for name, part in parts.items()},
        }
        if _answers(model.task):
            return Saved(attributes, {}, self.packages)
        warn_caller(
            f"A pipeline for {model.task} is saved without a python_function, for load_model of "
            "mlmodel.transformers alone (TRF-012)"
        )
        return Saved(attributes, None, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        transformers, torch = self.require("transformers"), self.require("torch")
        _require_whole(folder, attributes)
        task = attributes.get("task")
        known = transformers.pipelines.PIPELINE_REGISTRY.get_supported_tasks()
        if task is None or (task not in known and not str(task).startswith("translation")):
            raise UnsupportedModel(
                f"{folder.root}: the model is for the task {task}, which transformers "
                f"{transformers.__version__} does not have (TRF-005)"
            )
        what = f"cannot be loaded by transformers {transformers.__version__}"
        with hugging_face.quiet(transformers):
            parts = {name: _part(folder, attributes, name, what) for name in _names(attributes)}
            model = _network(folder, attributes, torch, what)
            with cannot_be_read("MLmodel", what, "TRF-004", folder.root), _no_panics():
                made = transformers.pipeline(task, model=model, **parts)
        metadata = folder.document.data.get("metadata") or {}
        asked = {
            "prompt_template": metadata.get("prompt_template"),
            "inference_task": attributes.get("inference_task"),
        }
        setattr(made, _ASKED, {name: value for name, value in asked.items() if value})
        return made

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        """Return how a pipeline predicts: an answer for each text, by the pipeline's task."""
        asked = getattr(model, _ASKED, {})
        task = asked.get("inference_task") or model.task
        if not _answers(task):
            raise UnsupportedModel(
                f"A pipeline for {task} is no python_function here; "
                "mlmodel.transformers.load_model gives the pipeline itself (TRF-012)"
            )
        from mlmodel.flavors._transformers_tasks import predictor_of

        return predictor_of(model, attributes.get("config") or {}, asked.get("prompt_template"))


_no_panics = hugging_face.without_panics


def _answers(task: str) -> bool:
    from mlmodel.flavors._transformers_tasks import TASKS

    return task in TASKS


def _public_name(network: Any) -> str:
    """Return the name of the repository that the model comes from, and never a path."""
    name = str(getattr(network, "name_or_path", "") or "")
    return "" if PurePath(name).is_absolute() or len(PurePath(name).parts) != 2 else name  # noqa: PLR2004 - owner/name


def _names(attributes: Mapping[str, Any]) -> list[str]:
    """Return the parts that a folder has beside the model."""
    listed = [str(name) for name in attributes.get("components") or () if name in _LISTED]
    return [*listed, "processor"] if attributes.get("processor_type") else listed


def _require_whole(folder: ModelFolder, attributes: Mapping[str, Any]) -> None:
    """Refuse a model whose weights, or a part of them, are elsewhere: nothing is downloaded."""
    from_where = attributes.get("source_model_name") or "a repository that it does not name"
    what = ""
    if not attributes.get("model_binary") and attributes.get("source_model_revision"):
        revision = attributes["source_model_revision"]
        what = f"the weights are not in it, but in {from_where} at revision {revision}"
    elif attributes.get("local_base_model_path"):
        what = "the weights are not in it, but in a folder of the machine that saved it"
    elif attributes.get("peft_adaptor"):
        what = f"it is an adapter over {from_where}, which peft would have to put together"
    elif str(attributes.get("framework") or "pt") != "pt":
        what = f"it is of the framework {attributes['framework']}, and PyTorch is what is read"
    if what:
        raise UnsupportedModel(
            f"{folder.root}: {what}. Nothing is downloaded here: load the whole model with "
            "transformers where it can be had, and save that pipeline again (TRF-005)"
        )


def _part(folder: ModelFolder, attributes: Mapping[str, Any], name: str, what: str) -> Any:
    """Return a part of the pipeline beside the model, such as its tokenizer."""
    import transformers

    place = f"components/{name}"
    root = hugging_face.checked_folder(folder, place, "TRF-006")
    named = attributes.get(f"{name}_type")
    cls = hugging_face.library_class(transformers, named, object)
    if cls is None or not hasattr(cls, "from_pretrained"):
        raise _unknown(folder, f"{name}_type", named, transformers)
    if name == "tokenizer":
        hugging_face.require_fast_tokenizer(folder, transformers, cls, place, "TRF-006")
    else:
        folder.gate.require_trust(
            f"a part of the class {named}, for other data than texts (TRF-006)", place
        )
    with cannot_be_read(place, what, "TRF-004", root), _no_panics():
        return cls.from_pretrained(str(root), local_files_only=True, trust_remote_code=False)


def _network(folder: ModelFolder, attributes: Mapping[str, Any], torch: Any, what: str) -> Any:
    """Return the model, measured before it is built, with every weight from its files."""
    import transformers

    place = str(attributes.get("model_binary") or _EARLY)
    root = hugging_face.checked_folder(folder, place, "TRF-006")
    named = attributes.get("pipeline_model_type")
    cls = hugging_face.library_class(transformers, named, transformers.PreTrainedModel)
    if cls is None or cls.config_class is None:
        raise _unknown(folder, "pipeline_model_type", named, transformers)
    hugging_face.require_known_type(folder, cls.config_class.model_type, place, "TRF-006")
    weights = hugging_face.Weights(root, place, "TRF-007")
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    dtype = str(attributes.get("torch_dtype") or "").removeprefix("torch.")
    with cannot_be_read(place, what, "TRF-004", root), _no_panics():
        config = cls.config_class.from_pretrained(str(root), **options)
        if weights.files:
            weights.require_room_for(config, cls, torch)
        if dtype in _DTYPES:
            options["dtype"] = getattr(torch, dtype)
        model, told = cls.from_pretrained(
            str(root), config=config, output_loading_info=True,
            use_safetensors=bool(weights.files), **options,
        )  # fmt: skip
    lacking = sorted(told["missing_keys"])
    if lacking:
        raise InvalidModel.of_file(place, "TRF-007", hugging_face.missing(lacking))
    return model


def _unknown(
    folder: ModelFolder, key: str, named: object, transformers: ModuleType
) -> UnsupportedModel:
    return UnsupportedModel(
        f"{folder.root}: {key} is {named}, which is no class of transformers "
        f"{transformers.__version__}. Code that a model brings along is not run (TRF-005)"
    )


FLAVOR = TransformersFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the pipeline, a ``transformers.Pipeline``")


@saver(FLAVOR)
def save_model(transformers_model: Any, path: PathLike, **shared: Unpack[SaveOptions]) -> None:
    """Save a pipeline of transformers as a model folder, atomically.

    Args:
        transformers_model: a ``transformers.Pipeline``; for a task that answers texts it is a
            python_function, too.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
