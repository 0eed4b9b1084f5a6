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
from mlmodel.errors import InvalidArgument, UnsupportedModel
from mlmodel.flavors import _huggingface as hugging_face
from mlmodel.flavors import _transformers_files as _files
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "TransformersFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

_MODEL = "model"
#: What a pipeline keeps of the file for python_function, so that copies of it have it.
_ASKED = "_mlmodel_asked"


class TransformersFlavor(Flavor):
    """Pipelines of transformers, on PyTorch."""

    name = "transformers"
    loader_module = "mlflow.transformers"
    extra = ("transformers>=5.0", "torch>=2.6")
    packages = ("transformers", "torch")
    takes = "pipelines (transformers.pipeline(task, model=…))"
    versions = MappingProxyType({"transformers_version": "transformers"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "transformers.pipelines", "Pipeline")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:  # noqa: ARG002 - the contract's
        transformers = self.require("transformers")
        network = model.model
        if getattr(network, "_hf_peft_config_loaded", False) or hasattr(network, "peft_config"):
            raise InvalidArgument(
                "The pipeline's model is an adapter over another one; give the whole model, which "
                "merge_and_unload() of peft makes of them (TRF-005)"
            )
        parts = {
            name: one for name in _files.PARTS if (one := getattr(model, name, None)) is not None
        }
        what = "The pipeline cannot be saved"
        with cannot_be_saved(what, "TRF-004"), hugging_face.quiet(transformers):
            network.save_pretrained(root / _MODEL)
            for name, part in parts.items():
                part.save_pretrained(root / "components" / name)
        attributes = {
            "components": [name for name in parts if name in _files.LISTED],
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
        _files.require_whole(folder, attributes)
        task = attributes.get("task")
        known = transformers.pipelines.PIPELINE_REGISTRY.get_supported_tasks()
        if task is None or (task not in known and not str(task).startswith("translation")):
            raise UnsupportedModel(
                f"{folder.root}: the model is for the task {task}, which transformers "
                f"{transformers.__version__} does not have (TRF-005)"
            )
        with hugging_face.quiet(transformers):
            made = _files.Files(folder, attributes, transformers).pipeline(torch)
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


def _answers(task: str) -> bool:
    from mlmodel.flavors._transformers_tasks import TASKS

    return task in TASKS


def _public_name(network: Any) -> str:
    """Return the name of the repository that the model comes from, and never a path."""
    name = str(getattr(network, "name_or_path", "") or "")
    return "" if PurePath(name).is_absolute() or len(PurePath(name).parts) != 2 else name  # noqa: PLR2004 - owner/name


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
