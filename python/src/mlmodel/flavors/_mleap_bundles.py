"""A bundle of MLeap made of fitted stages of Spark, and held against them (MLP-014, MLP-015)."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel
from mlmodel.flavors import _spark_session as _spark
from mlmodel.flavors._classes import class_name, defined_by
from mlmodel.flavors._failures import cannot_be_saved
from mlmodel.flavors._mleap_models import MODELS
from mlmodel.flavors._mleap_nodes import write
from mlmodel.flavors._mleap_stages import FEATURES, Known, refused
from mlmodel.scoring.fidelity.answers import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlmodel.flavors._mleap_scorer import Scorer

__all__ = ["MOST_ROWS", "made_of", "require_agreement"]

#: So many rows of the sample are answered by both.
MOST_ROWS = 1000
#: So many cells of one column of the answers, whose vectors may be wide.
_MOST_CELLS = 1 << 20
STAGES = {**FEATURES, **MODELS}
#: What writes bundles where MLeap's own package for Spark is on the class path.
_SERIALIZER = "ml.combust.mleap.spark.SimpleSparkSerializer"
#: Spark's types of numbers -> pandas' dtypes.
_DTYPES: Mapping[str, str] = {
    "ByteType": "Int8", "ShortType": "Int16", "IntegerType": "Int32", "LongType": "Int64",
    "FloatType": "float32", "DoubleType": "float64", "BooleanType": "boolean",
}  # fmt: skip


class _Sample:
    """The rows of a sample, with the columns that the stages of a pipeline add to them."""

    def __init__(self, model: Any, sample: Any) -> None:
        told = model.transform(sample.limit(MOST_ROWS))
        self.told, self.schema = told, told.schema
        self.rows = told.collect()
        self.types = {one.name: type(one.dataType).__name__ for one in self.schema.fields}

    def cells(self, name: str, most: int | None = None) -> list[Any]:
        """Return the cells of a column, of the first rows or of all; vectors as lists."""
        found = (row[name] for row in self.rows[:most])
        return [one.toArray().tolist() if hasattr(one, "toArray") else one for one in found]

    def column(self, name: str, most: int) -> Any:
        """Return a column, of the first rows, as it is given to a bundle."""
        dtype = _DTYPES.get(self.types[name])
        cells = self.cells(name, most)
        if dtype is not None and dtype.startswith("Int") and None not in cells:
            dtype = dtype.lower()
        return pd.Series(cells, dtype=dtype or object)

    def known(self, session: Any) -> Known:
        """Return what the rows show of each column."""
        sizes = {}
        for name, kind in self.types.items():
            if kind == "VectorUDT":
                found = (row[name] for row in self.rows if row[name] is not None)
                sizes[name] = next((int(one.size) for one in found), 0)
        labels = {
            one.name: one.metadata.get("ml_attr", {}).get("vals", ()) for one in self.schema.fields
        }
        return Known(session, self.types, sizes, labels)


def made_of(model: Any, sample: Any) -> tuple[Path, _Sample]:
    """Return a new zip file with the bundle of a fitted model of Spark, and the rows answered.

    Raises:
        InvalidArgument: the sample is no table of Spark, or Spark does not answer it.
        UnsupportedModel: a stage has no counterpart; it is named.

    """
    stages = list(_flat(model))
    _require_known(stages, has_own := has_mleap_spark())
    rows = _answered(model, sample)
    handle, name = tempfile.mkstemp(prefix="mlmodel-mleap-", suffix=".zip")
    os.close(handle)
    path = Path(name)
    try:
        if has_own:
            _write_by_mleap(model, rows, path)
        else:
            known = rows.known(_spark.session_for())
            nodes = itertools.chain.from_iterable(STAGES[_name(one)](one, known) for one in stages)
            write(list(nodes), model.uid, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, rows


def _flat(model: Any) -> Iterator[Any]:
    """Give the stages of a pipeline, and of pipelines in it."""
    stages = getattr(model, "stages", None)
    if isinstance(stages, list):
        for stage in stages:
            yield from _flat(stage)
    else:
        yield model


def _name(stage: Any) -> str:
    """Return the name of a class of Spark's own; of another, what no table has."""
    kind = type(stage)
    return kind.__name__ if kind.__module__.startswith("pyspark.ml.") else class_name(stage)


def _require_known(stages: Sequence[Any], has_own: bool) -> None:
    unknown = [stage for stage in stages if _name(stage) not in STAGES]
    if not unknown or has_own:
        return
    error = refused(unknown[0], "none of its nodes does what the stage does")
    others = ", ".join(f"{stage.uid} ({type(stage).__name__})" for stage in unknown[1:])
    more = f"; nor have {others}" if others else ""
    raise UnsupportedModel(f"{error.message}{more}")


def _answered(model: Any, sample: Any) -> _Sample:
    if not defined_by(sample, "pyspark.sql", "DataFrame"):
        raise InvalidArgument(
            "sample_input is a data frame of Spark with rows that the model answers, not "
            f"{class_name(sample)} (MLP-014)"
        )
    with cannot_be_saved("Spark does not answer sample_input", "MLP-014"):
        rows = _Sample(model, sample)
    if not rows.rows:
        raise InvalidArgument(
            "sample_input has no row that the model answers; give a few, by which the bundle is "
            "held against Spark (MLP-015)"
        )
    return rows


def has_mleap_spark() -> bool:
    """Return whether MLeap's own package for Spark is on the class path of the session."""
    java = _spark.session_for()._jvm.java.lang  # noqa: SLF001 - Spark's own Python asks so, too
    try:
        java.Thread.currentThread().getContextClassLoader().loadClass(_SERIALIZER)
    except Exception:  # noqa: BLE001 - py4j wraps what Java says
        return False
    return True


def _write_by_mleap(model: Any, rows: _Sample, path: Path) -> None:
    jvm = _spark.session_for()._jvm  # noqa: SLF001 - as above
    serializer = jvm.ml.combust.mleap.spark.SimpleSparkSerializer()
    # It wants a file that is not there, so in a folder where nobody else can put one.
    with (
        tempfile.TemporaryDirectory(prefix=".mlmodel-", dir=path.parent) as folder,
        cannot_be_saved("MLeap cannot write the model", "MLP-014"),
    ):
        made = Path(folder, path.name)
        serializer.serializeToBundle(model._to_java(), f"jar:file:{made}", rows.told._jdf)  # noqa: SLF001 - its Python does so
        made.replace(path)


def require_agreement(bundle: Scorer, rows: _Sample) -> None:
    """Go on where a bundle answers the rows as Spark did (MLP-015).

    Raises:
        UnsupportedModel: it does not; the first column that differs, and how.

    """
    absent = [name for name in bundle.inputs if name not in rows.types]
    if absent:
        raise UnsupportedModel(
            f"The bundle takes the column {absent[0]}, which sample_input does not have (MLP-015)"
        )
    names = [name for name in bundle.answers if name in rows.types]
    widest = max((rows.known(None).sizes.get(name, 1) for name in names), default=1)
    most = max(1, _MOST_CELLS // max(1, widest))
    frame = pd.DataFrame({name: rows.column(name, most) for name in bundle.inputs})
    try:
        told = bundle.predict(frame, names)
    except InvalidInput as error:
        raise UnsupportedModel(
            f"The bundle does not take what Spark does: {error.message} (MLP-015)"
        ) from None
    for name in names:
        found = difference(rows.cells(name, most), told[name].tolist())
        if found is not None:
            raise UnsupportedModel(
                f"The bundle does not answer sample_input as Spark does: in the column {name!r} "
                f"{found.replace('by the model itself', 'by Spark')} (MLP-015)"
            )
