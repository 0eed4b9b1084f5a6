"""CatBoost: classifiers, regressors, rankers and base models, in CatBoost's own binary form.

Specification: spec/flavors/catboost.md.

The file holds numbers and no code. CatBoost's compiled reader believes them, so the trees are held
to bounds by :mod:`mlmodel.trust.catboost_model` first (CAT-006); a model with parts that are not
needs trust, or the second wall (CAT-007).
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from mlmodel.errors import InvalidModel
from mlmodel.flavors import _trees
from mlmodel.flavors._arguments import PredictArguments, require_one_of
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved, refused_by
from mlmodel.flavors._shared import absent_of, defaults, loader, saver
from mlmodel.store.sandboxing import require_trust_or_wall
from mlmodel.trust import catboost_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "CatboostFlavor", "get_default_conda_env",
    "get_default_pip_requirements", "load_model", "save_model",
]  # fmt: skip

Format = Literal["cbm", "json"]

_TYPES = ("CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor")
_SAVED = NamedClasses(
    tuple(f"catboost.core.{name}" for name in _TYPES), key="model_type", rule="CAT-002"
)
_READ = NamedClasses(_TYPES, key="model_type", rule="CAT-002")
_READER = "CatBoost's compiled reader, which would believe what is not checked"
#: What of CatBoost's predict does not concern the answer.
_NOT_PARAMETERS = ("data", "X", "thread_count", "task_type", "verbose")


class CatboostFlavor(Flavor):
    """Models of CatBoost."""

    name = "catboost"
    loader_module = "mlflow.catboost"
    extra = ("catboost>=1.2",)
    packages = ("catboost",)
    versions = MappingProxyType({"catboost_version": "catboost"})
    forms = MappingProxyType({name: {"format": name} for name in get_args(Format)})
    form_keys = ("save_format",)
    class_key = _READ.key
    makes_graphs = True
    takes = _SAVED.models
    takes_rule = "CAT-002"

    def detects(self, model: object) -> bool:
        return _SAVED.hold(model)

    def advice(self, model: object) -> str:  # noqa: ARG002 - the contract's
        return "; load what its save_model writes into one of these, and save that"

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        catboost = self.require("catboost")
        require_one_of("format", options["format"], get_args(Format), "CAT-005")
        with cannot_be_saved("The model cannot be saved", path=root / "model.cb"):
            model.save_model(str(root / "model.cb"), format=options["format"])
        attributes = {
            "catboost_version": catboost.__version__, "code": None, "data": "model.cb",
            "model_type": type(model).__name__, "save_format": options["format"],
        }  # fmt: skip
        return Saved(attributes, {"data": "model.cb"}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        catboost = self.require("catboost")
        named = attributes.get("model_type") or "CatBoost"
        _READ.require_name(self, named, folder.root)
        form = attributes.get("save_format") or "cbm"
        file = folder.model_path(attributes, key="data", default="model.cb")
        data = folder.gate.read(folder.file(file))
        if form != "cbm":
            folder.gate.require_trust(f"{_READER}: a file in the form {form} (CAT-005)", file)
        elif others := catboost_model.check(data, file):
            require_trust_or_wall(folder, f"{_READER}: {others}", file, "CAT-007")
        what = f"cannot be loaded by CatBoost {catboost.__version__}"
        with cannot_be_read(file, what, "CAT-004"):
            model = _loaded(getattr(catboost, named), data, form)
            if named == "CatBoostClassifier" and not len(model.classes_):
                raise InvalidModel.of_file(file, "CAT-004", "has no classes, and is no classifier")
        return model

    def form_of(self, attributes: Mapping[str, Any]) -> str:
        return super().form_of(attributes) or "cbm"

    def graph(self, model: Any, form: str) -> tuple[bytes, str]:
        catboost = self.require("catboost")
        with tempfile.TemporaryDirectory() as own:
            path = Path(own, "graph")
            with cannot_be_saved("CatBoost makes no graph of the model", "CNV-002", path):
                model.save_model(str(path), format=form)
            return path.read_bytes(), f"catboost {catboost.__version__}"

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        from mlmodel.flavors._catboost_features import features_of  # it needs numpy and pandas

        error = self.require("catboost").CatBoostError
        with _trees.reading_features(attributes, "CAT-006"):
            features = features_of(model)
        arguments = PredictArguments.of_method(
            model.predict, _NOT_PARAMETERS, "CatBoost's predict", "CAT-010"
        )
        refused = partial(refused_by, "CatBoost", "CAT-012", error)
        return _trees.predictor(model.predict, features, arguments, refused)


def _loaded(kind: Any, data: bytes, form: str) -> Any:
    """Return the model that a file holds.

    From bytes CatBoost takes no parameters over, by which its predictions go (a Poisson regressor
    answers exponents). So they are read from a file, one that nobody else can write.
    """
    model = kind()
    try:
        with tempfile.TemporaryDirectory() as own:
            copy = Path(own, "model")
            copy.write_bytes(data)
            return model.load_model(str(copy), format=form)
    except OSError:  # behind the second wall, where nothing can be written
        model.load_model(blob=data)
    loss = model.get_all_params().get("loss_function")
    if kind.__name__ == "CatBoostRegressor" and loss:
        model = kind(loss_function=loss)
        model.load_model(blob=data)
    return model


FLAVOR = CatboostFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the native model, of the class that was saved")


@saver(FLAVOR)
def save_model(
    cb_model: Any,
    path: PathLike,
    *,
    format: Format = "cbm",  # noqa: A002 - CatBoost's name
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a model of CatBoost, atomically.

    Args:
        cb_model: a trained ``catboost.CatBoost``, ``CatBoostClassifier``, ``CatBoostRegressor``
            or ``CatBoostRanker``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        format: ``cbm`` (binary), or ``json``, which only a trusted folder loads.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
