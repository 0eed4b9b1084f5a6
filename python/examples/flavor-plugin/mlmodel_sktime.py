"""Forecasters of sktime, in the layout of ``sktime.utils.mlflow_sktime``: an example of a plugin.

The MLmodel file says ``pickled_model: model``, and the file is ``model.zip``: in it are the class
(``_metadata``) and the object (``_obj``), both pickled, and files of deep learning beside them.
So it is code, and is loaded in trusted folders alone.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, InvalidModel
from mlmodel.flavors import Flavor, Saved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmodel.flavors import Predict
    from mlmodel.store import ModelFolder

FILE = "model"
#: What of a forecaster python_function calls, as ``pyfunc_predict_conf`` names it.
METHODS = ("predict", "predict_interval", "predict_quantiles", "predict_var")


class SktimeFlavor(Flavor):
    """Forecasters that were fitted with their horizon (``fh``)."""

    name = "mlflow_sktime"
    loader_module = "sktime.utils.mlflow_sktime"
    packages = ("sktime",)
    versions = MappingProxyType({"sktime_version": "sktime"})

    def detects(self, model: object) -> bool:
        return any(cls.__module__.startswith("sktime.") for cls in type(model).__mro__)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        sktime = self.require("sktime")
        if not self.detects(model):
            raise InvalidArgument(f"{type(model).__qualname__} is no model of sktime.")
        form = options.get("serialization_format", "pickle")
        model.save(path=root / FILE, serialization_format=form)
        attributes = {
            "pickled_model": FILE,
            "serialization_format": form,
            "sktime_version": sktime.__version__,
        }
        return Saved(attributes, {"model_path": FILE}, self.packages)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        self.require("sktime")
        file = f"{attributes.get('pickled_model') or FILE}.zip"
        path = folder.file(file)
        folder.gate.require_trust("the pickled forecaster", file)
        data = folder.gate.read_to_run(path)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                cls = pickle.loads(archive.read("_metadata"))
        except (zipfile.BadZipFile, KeyError, EOFError, pickle.UnpicklingError) as error:
            raise InvalidModel(f"{file} is not a file of sktime: {error}.") from error
        return cls.load_from_path(path)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
            """Answer by the forecaster's horizon; a table that has columns is its regressors."""
            configured = getattr(model, "pyfunc_predict_conf", {}).get(
                "predict_method", ["predict"]
            )
            # A list of methods, or a mapping of methods to their arguments.
            asked = configured if isinstance(configured, dict) else {one: {} for one in configured}
            unknown = set(asked).difference(METHODS)
            if unknown:
                raise InvalidModel(
                    f"pyfunc_predict_conf names {', '.join(sorted(unknown))}, and this flavor "
                    f"answers by {', '.join(METHODS)}."
                )
            given = None if model_input is None or model_input.empty else model_input
            answers = {
                name: getattr(model, name)(X=given, **{**asked[name], **(params or {})})
                for name in METHODS
                if name in asked
            }
            return _side_by_side(answers)

        return predict


def _side_by_side(answers: Mapping[str, Any]) -> Any:
    """Return the one answer, or all of them as one table; columns of levels have joined names."""
    import pandas as pd

    flat = {name: _flat(answer) for name, answer in answers.items()}
    if len(flat) == 1:
        return next(iter(flat.values()))
    return _flat(pd.concat(flat.values(), axis=1, keys=flat))


def _flat(answer: Any) -> Any:
    import pandas as pd

    columns = getattr(answer, "columns", None)
    if not isinstance(columns, pd.MultiIndex):
        return answer
    return answer.set_axis(["__".join(map(str, one)) for one in columns], axis=1)


FLAVOR = SktimeFlavor()
