"""MLeap: bundles of Spark's stages, which a JVM without Spark answers by.

Specification: spec/flavors/mleap.md.

A bundle is data: parameters and numbers of stages that MLeap knows by name. It is read by a process
of Java of our own (:mod:`mlmodel.bridges.jvm`), from a copy of what was looked at.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Unpack

from mlmodel.errors import InvalidArgument
from mlmodel.flavors import _jvm_files as _jvm
from mlmodel.flavors import _mleap_files as _files
from mlmodel.flavors._base import Flavor, Predict, Saved
from mlmodel.flavors._classes import defined_by
from mlmodel.flavors._shared import absent_of, defaults, loader, saver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlmodel.flavors._mleap_scorer import Scorer
    from mlmodel.store import ModelFolder, PathLike, SaveOptions

__all__ = [
    "FLAVOR", "FLAVOR_NAME", "MleapFlavor", "get_default_conda_env", "get_default_pip_requirements",
    "load_bundle", "load_model", "save_model",
]  # fmt: skip

_SCORER = "mlmodel.flavors._mleap_scorer"
_DATA = "mleap/model"


class MleapFlavor(Flavor):
    """Bundles of MLeap."""

    name = "mleap"
    loader_module = "mlmodel.mleap"
    extra = (_jvm.REQUIREMENT,)
    packages = (_jvm.PACKAGE,)
    programs = _jvm.PROGRAMS
    programs_install = _jvm.install(name)
    served = 2
    takes = "fitted models of pyspark.ml, and bundles that were loaded (mlmodel.mleap.load_bundle)"
    takes_rule = "MLP-013"

    def version_of_program(self, name: str) -> str | None:
        return _jvm.version_of_program(name)

    def detects(self, model: object) -> bool:
        return defined_by(model, _SCORER, "Scorer")

    def saves(self, model: object) -> bool:
        return self.detects(model) or _is_of_spark(model)

    def save(self, model: Any, root: Path, options: Mapping[str, Any]) -> Saved:
        bundle = self.bundle_of(model, options["sample_input"]) if _is_of_spark(model) else model
        attributes = self.written(bundle, root)
        return Saved(attributes, None, self.packages, self.predictor(bundle, {}))

    def written(self, bundle: Scorer, root: Path) -> dict[str, Any]:
        """Write a bundle into a model's folder, and return the attributes that say so."""
        _files.unpack(bundle.file, root / _DATA)
        return {"mleap_version": bundle.version, "model_data": _DATA}

    def bundle_of(self, model: Any, sample: Any) -> Scorer:
        """Return the bundle of fitted stages of Spark, which answers a sample as they do.

        Raises:
            InvalidArgument: there is no sample that the stages answer.
            UnsupportedModel: a stage has no counterpart in MLeap, or answers otherwise.
            MissingDependency: there is no Java that could read the bundle.

        """
        if sample is None:
            raise InvalidArgument(
                "sample_input is missing: a data frame of Spark with some rows that the model "
                "answers, which say the columns' types and what the bundle is held against "
                "(MLP-014)"
            )
        _jvm.ready(self)
        from mlmodel.flavors import _mleap_bundles  # it needs pandas

        packed, rows = _mleap_bundles.made_of(model, sample)
        bundle = self.scorer(packed, "the bundle")
        _mleap_bundles.require_agreement(bundle, rows)
        return bundle

    def load(self, folder: ModelFolder, attributes: Mapping[str, Any]) -> Any:
        data = folder.model_path(attributes, key="model_data", default=_DATA)
        _jvm.ready(self)
        return self.scorer(_files.copied(folder, data), data)

    def open(
        self, folder: ModelFolder, attributes: Mapping[str, Any], python_function: Mapping[str, Any]
    ) -> tuple[Any, Predict]:
        """Return the bundle and how it predicts; it lives in a JVM, so that copies open it anew."""
        native = self.load(folder, attributes)
        return native, self.predictor(native, python_function)

    def scorer(self, packed: Path, name: str) -> Scorer:
        """Return the bundle in a zip file of our own, which is removed with it."""
        py4j = _jvm.ready(self)
        from mlmodel.flavors._mleap_scorer import Scorer  # it needs numpy and pandas

        return Scorer(py4j, packed, name)

    def predictor(self, model: Any, attributes: Mapping[str, Any]) -> Predict:  # noqa: ARG002 - the contract's
        from mlmodel.flavors._jvm_model import predictor

        return predictor(model, "A bundle of MLeap")


def _is_of_spark(model: object) -> bool:
    is_transformer = defined_by(model, "pyspark.ml.base", "Transformer")
    return is_transformer and not defined_by(model, "pyspark.ml.connect")


FLAVOR = MleapFlavor()
FLAVOR_NAME = FLAVOR.name

get_default_pip_requirements, get_default_conda_env = defaults(__name__, FLAVOR.packages)
__getattr__ = absent_of(FLAVOR)
load_model = loader(FLAVOR, "a ``Scorer``, whose ``predict`` answers a data frame with one")


def _in_both_orders(save: Callable[..., None]) -> Callable[..., None]:
    """Let ``save_model`` take MLflow's order too: the model, the sample and then the path."""

    @wraps(save)
    def save_model(*args: Any, **keywords: Any) -> None:
        if len(args) == 3:  # noqa: PLR2004 - what ours has none of
            model, keywords["sample_input"], path = args
            save(model, path, **keywords)
        else:
            save(*args, **keywords)

    return save_model


def load_bundle(path: PathLike) -> Scorer:
    """Return the bundle of MLeap in a folder or zip file, which is no model folder.

    Raises:
        ModelNotFound: there is no bundle.
        InvalidModel: MLeap cannot read it.
        UnsupportedModel: it has a stage that this MLeap does not know.
        MissingDependency: there is no Java, or the jars of the bridge are not here.

    """
    _jvm.ready(FLAVOR)
    return FLAVOR.scorer(*_files.packed(path))


@_in_both_orders
@saver(FLAVOR)
def save_model(
    spark_model: Any,
    path: PathLike,
    *,
    sample_input: Any = None,
    **shared: Unpack[SaveOptions],
) -> None:
    """Save fitted stages of Spark, or a bundle, atomically; as MLflow's, it has no python_function.

    MLflow's order of the arguments is taken, too: ``save_model(spark_model, sample_input, path)``.

    Args:
        spark_model: a fitted model or transformer of pyspark.ml; or a bundle that was loaded, from
            a bundle alone or from a model, which needs no ``sample_input``.
        path: where the folder goes; it must not exist (or be empty) unless ``overwrite=True``.
        sample_input: a data frame of Spark with some rows that the model answers. It says the
            columns' types, and the bundle must answer it as Spark does (MLP-015).
        **shared: see :class:`mlmodel.store.saving.SaveOptions`.

    """
