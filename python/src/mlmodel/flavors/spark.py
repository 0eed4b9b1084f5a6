"""Spark ML: pipelines of stages, in Spark's own folders.

Specification: spec/flavors/spark.md.

A folder of Spark holds parameters and numbers, and names of classes of which Spark makes objects.
It is looked into by :mod:`mlmodel.trust.sparkml` first, and a copy of just what was looked at is
loaded, so that Spark's patterns of paths, and whoever writes there meanwhile, reach nothing else.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.flavors import _spark_files as _files
from mlmodel.flavors import _spark_session as _spark
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import NamedClasses, defined_by
from mlmodel.flavors._failures import cannot_be_read, cannot_be_saved
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "SparkFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_model", "save_model",
]  # fmt: skip

_FOLDER = "sparkml"
_CLASSES = NamedClasses(("pyspark.ml.pipeline.PipelineModel",), key="model_class", rule="SPK-002")


class SparkFlavor(Flavor):
    """Pipelines, and single stages, of Spark ML."""

    name = "spark"
    loader_module = "mlflow.spark"
    extra = ("pyspark>=3.5",)
    packages = ("pyspark",)
    takes = "fitted models and transformers of pyspark.ml"
    versions = MappingProxyType({"pyspark_version": "pyspark"})
    class_key = _CLASSES.key
    no_workers = (
        "it is a session that answers for a pipeline, and they have none. Transform the table: "
        "mlmodel.spark.load_model(path).transform(table)"
    )

    def detects(self, model: object) -> bool:
        is_transformer = defined_by(model, "pyspark.ml.base", "Transformer")
        return is_transformer and not defined_by(model, "pyspark.ml.connect")

    def advice(self, model: object) -> str:
        return "; fit an estimator first: estimator.fit(table)" * hasattr(model, "fit")

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        pyspark = self.require("pyspark")
        if not _CLASSES.hold(model):
            model = self.require("pyspark.ml").PipelineModel(stages=[model])
        columns = options["output_columns"]
        with cannot_be_saved("The model cannot be saved by Spark", "SPK-017", root):
            _files.write(model, str(root / _FOLDER), options["dfs_tmpdir"])
        attributes = {
            "model_class": _CLASSES.names[0],
            "model_data": _FOLDER,
            "pyspark_version": pyspark.__version__,
        }
        python_function: dict[str, Any] = {"data": _FOLDER}
        if columns is not None:
            python_function["output_columns"] = list(columns)
        beside: Mapping[str, Mapping[str, Any]] = {}
        if options["sample_input"] is not None:
            from mlmodel.flavors import _mleap_beside

            beside = _mleap_beside.written(model, options["sample_input"], root)
        return Saved(attributes, python_function, self.packages, beside=beside)

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        pyspark = self.require("pyspark")
        if attributes.get("model_class") is not None:
            _CLASSES.require_name(self, attributes["model_class"], folder.root)
        data = folder.model_path(attributes, key="model_data", default=_FOLDER)
        made = Path(tempfile.mkdtemp(prefix="mlmodel-spark-")).resolve()
        copied = made / _FOLDER
        try:
            classes = _files.copy_checked(folder, data, copied)
            session = _spark.session_for(attributes.get("pyspark_version"))
            _files.require_classes(session, classes)
            place = _spark.place_for(session)
            if place is not None:
                _spark.moved(session, str(copied), place)
            what = f"cannot be loaded by Spark {pyspark.__version__}"
            with cannot_be_read(data, what, "SPK-004", copied):
                uri = f"file://{copied}" if place is None else place
                model = self.require("pyspark.ml").PipelineModel.load(uri)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        # Some stages read their numbers when they are asked.
        weakref.finalize(model, shutil.rmtree, made, ignore_errors=True)
        return model

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        native = self.load(folder, attributes)
        session = _spark.session_for(attributes.get("pyspark_version"))
        return native, _asked(session, native, python_function)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:
        return _asked(_spark.session_for(), model, attributes)


def _asked(session: Any, model: Any, attributes: Mapping[str, Any]) -> Predict:
    from mlmodel.flavors._spark_frames import predictor  # it needs numpy and pandas

    return predictor(session, model, attributes.get("output_columns"))


FLAVOR = SparkFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(
    FLAVOR, "the ``pyspark.ml.PipelineModel``; a single stage is the only one in it"
)


@saver(FLAVOR)
def save_model(
    spark_model: Any,
    path: PathLike,
    *,
    output_columns: Sequence[str] | None = None,
    dfs_tmpdir: str | None = None,
    sample_input: Any = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save a fitted pipeline or stage of Spark ML, atomically.

    Args:
        spark_model: a ``pyspark.ml.PipelineModel``, or another fitted model or transformer of
            pyspark.ml, which is saved as the only stage of a pipeline.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        output_columns: the columns with which python_function answers, as a frame; its predictions
            alone, as a list, if absent (SPK-015).
        dfs_tmpdir: on a cluster, a folder that all its machines reach, for the time of saving.
        sample_input: a data frame of Spark with some rows that the model answers: with it, a
            bundle of MLeap is saved beside, which answers them without Spark (SPK-018).
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
