"""Folders of transformers' own form: looked at, measured and loaded without a download.

What in a folder needs trust is said by :mod:`mlmodel.trust.hugging_face`; this is what the flavors
share that load such folders.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.errors import InvalidModel
from mlmodel.flavors._named_files import folder_inside
from mlmodel.store import sandboxing
from mlmodel.trust import hugging_face, torch_weights
from mlmodel.trust.safetensors_file import tensors_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from mlmodel.store import ModelFolder
    from mlmodel.trust.safetensors_file import Tensor

__all__ = [
    "Weights",
    "checked_folder",
    "is_of_the_data",
    "library_class",
    "missing",
    "quiet",
    "require_fast_tokenizer",
    "require_known_type",
    "without_panics",
]

_SAFE = "*.safetensors"
#: What the weights of a layer of norms are called in old files -> in models.
_TODAYS = {"gamma": "weight", "beta": "bias"}
#: A model may need so many times the numbers that its files hold: parts of it that are shared have
#: several names while it is built.
_MOST_TIMES = 4
#: So many bytes no file needs to have: tables of positions and masks, which are computed.
_COMPUTED = 2**27
_SMALL = 2**20


@contextmanager
def checked_folder(folder: ModelFolder, name: str, rule: str) -> Iterator[Path]:
    """Give a folder for the library to read: a copy that nobody else reaches, once looked at.

    Weights that torch pickled are of safetensors in the copy. The library opens files by itself,
    so what was looked at must be what it opens. In a trusted folder, and behind the wall, where
    nothing can be written and whatever runs is held, it is the folder itself.

    Raises:
        InvalidModel: it is not there, or a link leads out of the model.
        UntrustedModel: it holds what is not known to be data, by ``rule``.

    """
    root = folder_inside(folder, name)
    if folder.gate.is_trusted() or sandboxing.stands():
        _require_data(folder, root, name, rule)
        yield root
        return
    with tempfile.TemporaryDirectory(prefix="mlmodel-") as made:
        for file in hugging_face.links_in(root)[:1]:
            _require(folder, f"{name}/{file}", hugging_face.A_LINK, rule)
        copied = Path(made) / root.name
        copied.mkdir()
        for relative, _ in files.regular_files(root):
            (copied / relative).parent.mkdir(parents=True, exist_ok=True)
            with files.open_regular(root / relative) as read, (copied / relative).open("wb") as to:
                shutil.copyfileobj(read, to)
        _require_data(folder, copied, name, rule)
        _make_safe(copied, name, rule)
        yield copied


def _make_safe(root: Path, name: str, rule: str) -> None:
    for place in (root, *(path for path in root.rglob("*") if path.is_dir())):
        try:
            torch_weights.make_safe(place)
        except torch_weights.Refused as error:
            why = f"has weights that cannot be read: one of its files {error}"
            raise InvalidModel.of_file(name, rule, why) from None


def _require_data(folder: ModelFolder, root: Path, name: str, rule: str) -> None:
    for file, reason in hugging_face.refused_in(root)[:1]:
        _require(folder, f"{name}/{file}", reason, rule)


def _require(folder: ModelFolder, place: str, reason: str, rule: str) -> None:
    folder.gate.require_trust(f"{place}, which {reason} ({rule})", place)


class Weights:
    """What the files of weights of a folder hold, by their headers.

    Those of safetensors count where there are any, else those that torch pickled: of what is not
    known to be data, and trusted, nothing is known.

    Args:
        root: the folder.
        name: the same as the MLmodel file names it.
        rule: the flavor's rule on files that are not whole.

    """

    def __init__(self, root: Path, name: str, rule: str) -> None:
        self._name, self._rule = name, rule
        safe = {
            path: tensors_of(path, f"{name}/{path.name}", rule) for path in sorted(root.glob(_SAFE))
        }
        #: Whether the library has files of safetensors to read.
        self.are_safe = bool(safe)
        held = safe or _pickled(root)
        self.files = list(held)
        named = [pair for tensors in held.values() for pair in tensors.items()]
        self._names = tuple(_todays(key) for key, _ in named)
        self._tensors = [tensor for _, tensor in named]
        self._size = sum(tensor.size for tensor in self._tensors)

    def require_room_for(self, config: Any, build: Any, torch: ModuleType) -> None:
        """Refuse a configuration of a model that is larger than its weights.

        It is held against the files before memory is set aside: first what it says of how many
        layers there are, then the model that ``build`` makes of it, without memory.

        Raises:
            InvalidModel: the model would have more numbers than its files hold.

        """
        most = max((size for tensor in self._tensors for size in tensor.shape), default=0)
        for key, value in _counts(config):
            limit = max(len(self._tensors), 64) if "label" not in key else max(most, 2)
            if value > limit:
                raise self._too_large(f"{key} is {value:,}")
        with torch.device("meta"):
            model = build(config)
        size = sum({id(one): one.numel() for one in model.parameters()}.values())
        if size > _MOST_TIMES * self._size + _SMALL:
            raise self._too_large(f"its model has {size:,} numbers")
        tables = {id(one): one.numel() * one.element_size() for one in model.buffers()}
        size = sum(tables.values())
        if size > _MOST_TIMES * self._size + _COMPUTED:
            raise self._too_large(f"its model computes tables of {size:,} bytes")

    def require_all_of(self, network: Any) -> None:
        """Refuse a loaded model that has more numbers than its files: the others were made up.

        A pooler may be missing, which models that answer for tokens do not have.

        Raises:
            InvalidModel: weights are missing.

        """
        own = {key: one for key, one in network.named_parameters() if "pooler" not in key}
        if sum(one.numel() for one in own.values()) > self._size:
            lacking = [key for key in own if not any(have.endswith(key) for have in self._names)]
            raise InvalidModel.of_file(self._name, self._rule, missing(lacking))

    def require_matrix(self, rows: object, columns: object) -> None:
        """Refuse a layer whose matrix is larger than its weights.

        Raises:
            InvalidModel: the files hold fewer numbers.

        """
        if not (isinstance(rows, int) and isinstance(columns, int) and rows * columns > 0):
            return  # the library says what is wrong
        if rows * columns > _MOST_TIMES * self._size:
            raise self._too_large(f"a layer is of {rows:,} times {columns:,} numbers")

    def _too_large(self, what: str) -> InvalidModel:
        said = (
            f"says that {what}, and the files hold {self._size:,} in {len(self._tensors):,} tensors"
        )
        return InvalidModel.of_file(f"{self._name}/config.json", self._rule, said)


def _pickled(root: Path) -> dict[Path, dict[str, Tensor]]:
    """Return the tensors of the files that torch pickled, where all are known to be data.

    A module that is nothing but numbers of its own may have no folder: none was written of it, or
    it held no file.
    """
    named = (path for path in sorted(root.glob("*")) if torch_weights.NAMES.match(path.name))
    paths = [path for path in named if path.is_file()]
    with suppress(torch_weights.Refused):
        return {path: torch_weights.tensors_of(path) for path in paths}
    return {}


def _todays(key: str) -> str:
    """Return the name that a weight of a file has in the model; BERT's first files call two so."""
    layer, dot, name = key.rpartition(".")
    return f"{layer}{dot}{_TODAYS.get(name, name)}"


def missing(weights: list[str]) -> str:
    """Return what is said of weights that no file has."""
    first = f", {weights[0]} among them" if weights else ""
    return f"{len(weights)} weights are missing{first}"


def _counts(config: Any) -> Iterator[tuple[str, int]]:
    """Give the numbers of a configuration by which a model is built in a loop."""
    for key, value in config.to_dict().items():
        is_count = any(part in key for part in ("layer", "group", "block", "expert", "stage"))
        if isinstance(value, int) and "norm" not in key and is_count and "size" not in key:
            yield key, value
    yield "the number of labels", len(getattr(config, "id2label", None) or ())


def is_of_the_data(error: Exception) -> bool:
    """Return whether data or a parameter's value may be why a library raised an error."""
    kinds = (ValueError, TypeError, IndexError, KeyError, RuntimeError)
    names = {cls.__name__ for cls in type(error).__mro__}
    # Readers of Rust raise a plain Exception.
    is_plain = type(error) is Exception or "PipelineException" in names
    return "OutOfMemoryError" not in names and (isinstance(error, kinds) or is_plain)


def library_class(module: Any, name: object, base: type) -> Any:
    """Return the class that a library has under a name, or None where it has none of that kind."""
    found = getattr(module, name, None) if isinstance(name, str) and name.isidentifier() else None
    return found if isinstance(found, type) and issubclass(found, base) else None


def require_known_type(folder: ModelFolder, model_type: object, file: str, rule: str) -> None:
    """Go on without trust only with a type of model that is built from numbers alone.

    Raises:
        UntrustedModel: it is not on the list, by ``rule``.

    """
    if model_type not in hugging_face.MODEL_TYPES:
        folder.gate.require_trust(
            f"a model of type {model_type}, which is not on the list ({rule})", file
        )


def require_fast_tokenizer(
    folder: ModelFolder, transformers: Any, cls: type | None, file: str, rule: str
) -> None:
    """Go on without trust only with a tokenizer that ``tokenizer.json`` or a vocabulary makes.

    Raises:
        UntrustedModel: it has a reader of its own, by ``rule``.

    """
    if cls is None or not issubclass(cls, transformers.PreTrainedTokenizerFast):
        name = "an unknown class" if cls is None else f"the class {cls.__name__}"
        folder.gate.require_trust(
            f"a tokenizer of {name}, which has a reader of its own ({rule})", file
        )


@contextmanager
def without_panics() -> Iterator[None]:
    """Turn a panic of Rust, which is no exception that anybody catches, into an error."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError(f"its reader of Rust gives up: {error}") from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """Keep the library from telling of its progress."""
    logging = transformers.utils.logging
    level, shows = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shows:
            logging.enable_progress_bar()
