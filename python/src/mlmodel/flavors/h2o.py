"""H2O: models in the binary form of H2O's server, which this process starts when it needs one.

Specification: spec/flavors/h2o.md.

The file names classes of Java, and the server makes the objects that it names: it is loaded in
trusted folders alone.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.flavors import _h2o_server as _server
from mlmodel.flavors._arguments import warn_of_params
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by, not_taken
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved, refused_by
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR",
    "FLAVOR_NAME",
    "H2oFlavor",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "save_model",
]

_FOLDER = "model.h2o"
_SETTINGS = "h2o.yaml"
#: Kind of a column in a model -> in a frame that is sent to the server.
_KINDS = {"Numeric": "numeric", "Enum": "enum", "String": "string", "Time": "time", "UUID": "uuid"}


class H2oFlavor(Flavor):
    """Models of H2O-3, whatever the algorithm."""

    name = "h2o"
    loader_module = "mlflow.h2o"
    extra = ("h2o>=3.40.0.1",)
    packages = ("h2o",)
    versions = MappingProxyType({"h2o_version": "h2o"})

    def detects(self, model: object) -> bool:
        return defined_by(model, "h2o") and hasattr(model, "model_id")

    def connect(self, given: Mapping[str, Any] | None = None) -> Any:
        """Return H2O's package, connected with a server: a new one, unless there is one (HTO-005).

        Args:
            given: arguments of ``h2o.init``.

        Raises:
            MissingDependency: H2O is not installed, or no server can be started.

        """
        h2o = self.require("h2o")
        _server.connect(h2o, given or {})
        return h2o

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        h2o = self.require("h2o")
        if not self.detects(model) or not model.model_id:
            raise not_taken(self, model, "trained models of H2O")
        settings = dict(options["settings"] or {})
        if not isinstance(settings.get("init", {}), dict):
            raise InvalidArgument("settings is what goes into h2o.yaml: {'init': {…}} (HTO-003)")
        (root / _FOLDER).mkdir()
        with cannot_be_saved("H2O cannot save the model", "HTO-004"), _server.quiet():
            written = Path(h2o.download_model(model, path=str(root / _FOLDER)))
        import yaml

        settings = {**settings, "model_file": written.name}
        (root / _FOLDER / _SETTINGS).write_text(yaml.safe_dump(settings), encoding="utf-8")
        attributes = {"data": _FOLDER, "h2o_version": h2o.__version__}
        return Saved(attributes, {"data": _FOLDER}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        h2o = self.require("h2o")
        name = folder.model_path(attributes, key="data", default=_FOLDER)
        folder.gate.require_trust("the model of H2O, which Java rebuilds as it says", name)
        settings = _settings(folder, f"{name}/{_SETTINGS}")
        file = f"{name}/{settings['model_file']}"
        path = folder.file(file)
        folder.gate.read_to_run(path)
        self.connect(settings.get("init"))
        what = f"cannot be loaded by H2O {h2o.__version__}"
        with cannot_be_read(file, what, "HTO-004", path), _server.quiet():
            return h2o.upload_model(str(path.resolve()))

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        """Return how a model predicts: a table's columns in the kinds that it was trained on."""
        from mlmodel.flavors._tables import FeatureNames, as_table, has_no_order

        h2o = self.require("h2o")
        kinds = _kinds(model)
        names = FeatureNames(kinds, "HTO-006")

        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            warn_of_params(params, "A model of H2O")
            table = as_table(model_input)
            if table is None:
                rule = "A model of H2O takes a table (a DataFrame, records, a mapping of columns)"
                raise invalid("HTO-007", f"{rule}, not {type(model_input).__name__}.")
            unnamed = names.are_all_unknown_to(table) and not has_no_order(model_input)
            if unnamed and table.shape[1] != len(kinds):
                expected = f"Expected {len(kinds)} features, got {table.shape[1]}."
                raise invalid("HTO-006", expected)
            rows, missing = names.in_order(table)
            if missing:
                raise names.lacking(missing)
            errors = (h2o.exceptions.H2OResponseError, h2o.exceptions.H2OTypeError)
            with _server.quiet(), refused_by("H2O", "HTO-008", *errors):
                given = h2o.H2OFrame(_sendable(rows), column_types=kinds)
                answer = model.predict(given).as_data_frame()
            return answer.set_axis(rows.index, axis=0)

        return predict


def _settings(folder: ModelFolder, file: str) -> dict[str, Any]:
    """Return what h2o.yaml says; the paths in it are those of the machine that saved the model."""
    data = folder.gate.read_to_run(folder.file(file))
    with cannot_be_read(file, "is not YAML", "HTO-003"):
        import yaml

        settings = yaml.safe_load(data)
    named = settings.get("model_file") if isinstance(settings, dict) else None
    if not isinstance(named, str) or not named or not isinstance(settings.get("init") or {}, dict):
        raise InvalidModel.of_file(file, "HTO-003", "does not name the model under model_file")
    return dict(settings)


def _kinds(model: Any) -> dict[str, str]:
    """Return the features of a model, in its order, with the kinds of their columns."""
    said = model._model_json  # noqa: SLF001 - H2O has no public way to the kinds
    output, parameters = said["output"], model.actual_params
    apart = {said.get("response_column_name")}
    for key in ("response_column", "weights_column", "fold_column"):
        held = parameters.get(key)
        apart.add(held.get("column_name") if isinstance(held, dict) else held)
    pairs = zip(output["names"], output["column_types"], strict=True)
    return {name: _KINDS.get(kind, "numeric") for name, kind in pairs if name not in apart}


def _sendable(rows: Any) -> Any:
    """Return rows without what a text in a file of values would be taken for: gaps are none."""
    return rows.astype(object).where(rows.notna(), None)


FLAVOR = H2oFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "the model, in the server that this process is connected with")


@saver(FLAVOR)
def save_model(
    h2o_model: Any,
    path: PathLike,
    *,
    settings: Mapping[str, Any] | None = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a model of H2O as a model folder, atomically.

    Args:
        h2o_model: a trained model of H2O (``h2o.estimators…``, a leader of AutoML).
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        settings: what goes into ``h2o.yaml``; ``{"init": {…}}`` has arguments for ``h2o.init``,
            with which the server is started or found where the model is loaded.
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
