"""The files of a pipeline of transformers: which there are, and how each is loaded."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidModel, UnsupportedModel
from mlmodel.flavors import _huggingface as hugging_face
from mlmodel.flavors._failures import cannot_be_read
from mlmodel.flavors._named_files import folder_inside
from mlmodel.trust import hugging_face as trusted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import ModuleType

    from mlmodel.store import ModelFolder

__all__ = ["LISTED", "PARTS", "Files", "require_whole"]

#: Where the model is in folders that do not say so, of MLflow 2.3 and 2.4.
_EARLY = "pipeline"
#: The parts of a pipeline beside its model, and those of them that ``components`` lists.
PARTS = ("feature_extractor", "tokenizer", "image_processor", "processor")
LISTED = PARTS[:3]
#: How the library is told to run no code of a model, and to fetch nothing.
_LOCAL = {"local_files_only": True, "trust_remote_code": False}
_DTYPES = ("float32", "float16", "bfloat16", "float64")


def _names(attributes: Mapping[str, Any]) -> list[str]:
    """Return the parts that a folder has beside the model."""
    listed = [str(name) for name in attributes.get("components") or () if name in LISTED]
    return [*listed, "processor"] if attributes.get("processor_type") else listed


def require_whole(folder: ModelFolder, attributes: Mapping[str, Any]) -> None:
    """Refuse a model whose weights, or a part of them, are elsewhere: nothing is downloaded."""
    from_where = attributes.get("source_model_name") or "a repository that it does not name"
    what, library = "", "transformers"
    if attributes.get("peft_adaptor"):
        what, library = _adapter(folder, attributes), "transformers and peft"
    elif not attributes.get("model_binary") and attributes.get("source_model_revision"):
        revision = attributes["source_model_revision"]
        what = f"the weights are not in it, but in {from_where} at revision {revision}"
    elif attributes.get("local_base_model_path"):
        what = "the weights are not in it, but in a folder of the machine that saved it"
    elif str(attributes.get("framework") or "pt") != "pt":
        what = f"it is of the framework {attributes['framework']}, and PyTorch is what is read"
    if what:
        raise UnsupportedModel(
            f"{folder.root}: {what}. Nothing is downloaded here: load the whole model with "
            f"{library} where it can be had, and save that pipeline again (TRF-005)"
        )


def _adapter(folder: ModelFolder, attributes: Mapping[str, Any]) -> str:
    """Return what a model is that has an adapter, and where what the adapter is put over is."""
    place = str(attributes["peft_adaptor"])
    said = trusted.adapter_in(folder_inside(folder, place))
    named = said.base or attributes.get("source_model_name") or "a model that it does not name"
    base, revision = attributes.get("model_binary"), attributes.get("source_model_revision")
    where = f"which is in {base}" if base else "which is not in it"
    if revision and not base:
        where += f", but at revision {revision} of its repository"
    return (
        f"it is an adapter over {named}, {where}; the adapter in {place} ({said}) is put over it "
        "by the package peft (PeftModel.from_pretrained, then merge_and_unload), which is not "
        "done here"
    )


class Files:
    """The files of a pipeline in a model folder, as the flavor's attributes say them."""

    def __init__(
        self, folder: ModelFolder, attributes: Mapping[str, Any], transformers: ModuleType
    ) -> None:
        self._folder, self._attributes, self._library = folder, attributes, transformers
        self._what = f"cannot be loaded by transformers {transformers.__version__}"

    def pipeline(self, torch: ModuleType) -> Any:
        """Return the pipeline.

        Raises:
            InvalidModel: a file is missing, cut off, or not what the model needs.
            UnsupportedModel: a class is none of the library's.
            UntrustedModel: something in the files is not known to be data.

        """
        parts = {name: self._part(name) for name in _names(self._attributes)}
        model = self._network(torch)
        with self._reading("MLmodel", self._folder.root):
            return self._library.pipeline(self._attributes["task"], model=model, **parts)

    def _part(self, name: str) -> Any:
        """Return a part of the pipeline beside the model, such as its tokenizer."""
        place = f"components/{name}"
        cls = self._class_of(f"{name}_type", object)
        if name == "tokenizer":
            hugging_face.require_fast_tokenizer(self._folder, self._library, cls, place, "TRF-006")
        else:
            other = f"a part of the class {cls.__name__}, for other data than texts (TRF-006)"
            self._folder.gate.require_trust(other, place)
        checked = hugging_face.checked_folder(self._folder, place, "TRF-006")
        with checked as root, self._reading(place, root):
            return cls.from_pretrained(str(root), **_LOCAL)

    def _network(self, torch: ModuleType) -> Any:
        """Return the model, measured before it is built, with every weight from its files."""
        place = str(self._attributes.get("model_binary") or _EARLY)
        cls = self._class_of("pipeline_model_type", self._library.PreTrainedModel)
        kind = cls.config_class.model_type
        hugging_face.require_known_type(self._folder, kind, place, "TRF-006")
        with hugging_face.checked_folder(self._folder, place, "TRF-006") as root:
            model, told = self._built(cls, root, place, torch)
        lacking = sorted(told["missing_keys"])
        if lacking:
            raise InvalidModel.of_file(place, "TRF-007", hugging_face.missing(lacking))
        return model

    def _built(self, cls: Any, root: Path, place: str, torch: ModuleType) -> Any:
        weights = hugging_face.Weights(root, place, "TRF-007")
        options: dict[str, Any] = dict(_LOCAL)
        dtype = str(self._attributes.get("torch_dtype") or "").removeprefix("torch.")
        with self._reading(place, root):
            config = cls.config_class.from_pretrained(str(root), **_LOCAL)
            if weights.files:
                weights.require_room_for(config, cls, torch)
            if dtype in _DTYPES:
                options["dtype"] = getattr(torch, dtype)
            return cls.from_pretrained(
                str(root), config=config, output_loading_info=True,
                use_safetensors=weights.are_safe, **options,
            )  # fmt: skip

    def _class_of(self, key: str, base: type) -> Any:
        named = self._attributes.get(key)
        cls: Any = hugging_face.library_class(self._library, named, base)
        if not hasattr(cls, "from_pretrained") or getattr(cls, "config_class", True) is None:
            raise UnsupportedModel(
                f"{self._folder.root}: {key} is {named}, which is no class of transformers "
                f"{self._library.__version__}. Code that a model brings along is not run (TRF-005)"
            )
        return cls

    @contextmanager
    def _reading(self, place: str, root: Path) -> Iterator[None]:
        read = cannot_be_read(place, self._what, "TRF-004", root)
        with read, hugging_face.without_panics():
            yield
