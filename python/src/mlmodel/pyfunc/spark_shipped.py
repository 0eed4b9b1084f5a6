"""A model on the machines of a Spark cluster: shipped once to each, loaded once in each process.

The driver puts the folder into one archive, which Spark hands to every executor and unpacks there.
A worker's process loads it at its first batch, through the same gate as anybody (UDF-003): what was
trusted on the driver is trusted by its digest, and what was changed on the way is not.
"""

from __future__ import annotations

import hashlib
import math
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel._base import files
from mlmodel._base.extras import require
from mlmodel.errors import InputViolation, UnsupportedModel
from mlmodel.flavors._registry import answering
from mlmodel.flavors._tables import as_frame
from mlmodel.pyfunc.loading import load_folder
from mlmodel.signature.violations import invalid_input
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlmodel.errors import InvalidInput
    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.pyfunc.spark_results import Result
    from mlmodel.signature.types.schema import Schema
    from mlmodel.store.description import Model
    from mlmodel.store.folder import ModelFolder

__all__ = ["Scoring", "Shipped", "require_row_wise", "ship"]

#: The models of this process.
_loaded: dict[Shipped, PyFuncModel] = {}
#: What was shipped, by the application and the archive's content.
_shipped: dict[tuple[str, str], str] = {}
#: The greatest integer up to which doubles tell all apart.
_EXACT = 2**53
#: The least integer that 32 bits do not hold.
_WIDE = 2**31
_INTEGERS = (
    "gaps beside integers beyond 2^53, which Spark before 4.1 hands on as doubles, so that some of "
    "them are others. Cast it to string, or fill the gaps"
)
_TIMES = (
    "times that the session's zone {zone} has twice or not at all, which Spark before 4.1 hands on "
    "as times of that zone. Set spark.sql.session.timeZone to UTC before the function is made"
)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A model that was shipped; ``load`` gives it in any process of the cluster."""

    archive: str
    digest: str
    allow: tuple[str, ...]
    #: Its values may be lists and mappings, which have no hash.
    config: tuple[tuple[str, Any], ...] | None = field(hash=False)

    def load(self) -> PyFuncModel:
        """Return the model, which is loaded once in each process.

        Raises:
            UntrustedModel: its folder is not what was trusted on the driver (UDF-003).
            MissingDependency: a library of the model is not installed on this machine.

        """
        if self not in _loaded:
            from pyspark import SparkFiles

            place = SparkFiles.get(self.archive)
            folder = open_folder(place, allow=self.allow, digest=self.digest)
            config = None if self.config is None else dict(self.config)
            _loaded[self] = load_folder(folder, config, warn=False)
        return _loaded[self]


def ship(session: Any, folder: ModelFolder, config: Mapping[str, Any] | None) -> Shipped:
    """Hand a model's folder, which was loaded, to every executor of a session (UDF-002)."""
    gate = folder.gate
    manifest = gate.manifest() if gate.is_trusted() else None
    digest = gate.digest_to_hand_on() if manifest is None else manifest.digest
    place = Path(tempfile.mkdtemp(prefix="mlmodel-spark-"))
    name = _archive(folder.root, place)
    context = session.sparkContext
    key = (context.applicationId, name)
    if key in _shipped:  # the same bytes, which the executors have
        shutil.rmtree(place)
    else:
        context.addArchive(str(place / name))
        _shipped[key] = str(place)
    held = None if config is None else tuple(config.items())
    return Shipped(name, digest, tuple(sorted(gate.allow)), held)


def _archive(root: Path, place: Path) -> str:
    """Write a folder's files into an archive, and return its name, which is of its content."""
    written, sha = place / "model.zip", hashlib.sha256()
    with zipfile.ZipFile(written, "w") as archive:
        for relative, _ in files.regular_files(root):
            # The time is left out, so that the same files make the same archive.
            entry = zipfile.ZipInfo(relative)
            with (
                files.open_regular(root / relative) as source,
                archive.open(entry, "w", force_zip64=True) as target,
            ):
                shutil.copyfileobj(source, target, 2**20)
    with written.open("rb") as stream:
        while block := stream.read(2**20):
            sha.update(block)
    name = f"mlmodel-{sha.hexdigest()[:32]}.zip"
    written.rename(place / name)
    return name


def require_row_wise(metadata: Model) -> None:
    """Go on where each row of columns has its own answer (UDF-023).

    Raises:
        UnsupportedModel: the model is of a flavor that never answers so.

    """
    flavor = answering(metadata.flavors)
    if flavor is not None and flavor.not_row_wise:
        raise UnsupportedModel(
            f"The model does not answer row by row: {flavor.not_row_wise}. Give it whole frames: "
            "call predict.shipped.load().predict(frame) within mapInPandas or applyInPandas "
            "(UDF-023)"
        )


@dataclass(frozen=True, slots=True)
class Scoring:
    """What a worker does with each batch: the model, its parameters, the type of the answer."""

    shipped: Shipped
    result: Result
    params: dict[str, Any] | None
    zone: str

    def arrow(self, arrays: Sequence[Any]) -> Any:
        """Return the answer to a batch of Arrow arrays."""
        pa = require("pyarrow", "arrow")
        columns: Iterable[tuple[str, Any]]
        if len(arrays) == 1 and pa.types.is_struct(arrays[0].type):
            names = [field.name for field in arrays[0].type]
            columns = list(zip(names, arrays[0].flatten(), strict=True))
        else:
            columns = list(zip(self._names(len(arrays)), arrays, strict=False))
        table = pa.Table.from_arrays(
            [one for _, one in columns], names=[name for name, _ in columns]
        )
        return self._answer(table, len(arrays[0]))

    def pandas(self, parts: Sequence[Any]) -> Any:
        """Return the answer to a batch of series and frames, for Spark before 4.1."""
        pa = require("pyarrow", "arrow")
        array = self._answer(self._frame(parts), len(parts[0]))
        held_as = pd.arrays.ArrowExtensionArray
        if pa.types.is_struct(array.type):
            columns = zip([one.name for one in array.type], array.flatten(), strict=True)
            return pd.DataFrame({name: held_as(one) for name, one in columns})
        return pd.Series(held_as(array))

    def _names(self, count: int) -> list[str]:
        """Return what columns are called that come by position (UDF-006)."""
        inputs = self._inputs()
        if inputs is None or not inputs.has_input_names():
            return list(map(str, range(count)))
        return list(map(str, inputs.input_names()))[:count]

    def _inputs(self) -> Schema | None:
        signature = self.shipped.load().signature
        return None if signature is None else signature.inputs

    def _answer(self, table: Any, count: int) -> Any:
        model, inputs = self.shipped.load(), self._inputs()
        require_row_wise(model.metadata)  # SQL has the function without what its calls say
        if inputs is None:
            given = as_frame(table)
        else:
            given = _tensors(as_frame(table), inputs) if inputs.is_tensor_spec() else table
        names = model.engine.output_names
        return self.result.of(model.predict(given, self.params), count, names)

    def _frame(self, parts: Sequence[Any]) -> Any:
        """Return the columns of a batch as Spark had them; a struct alone is their table.

        Raises:
            InvalidInput: pandas' types do not tell some of Spark's values apart (UDF-008).

        """
        if len(parts) == 1 and isinstance(parts[0], pd.DataFrame):
            return self._mended(parts[0])
        names = self._names(len(parts))
        held = [
            pd.Series(_instants(part, self.zone, name).to_dict("records"), dtype=object)
            if isinstance(part, pd.DataFrame)
            else part
            for name, part in zip(names, parts, strict=False)
        ]
        return self._mended(pd.concat(held, axis=1).set_axis(names, axis=1))

    def _mended(self, frame: Any) -> Any:
        inputs = self._inputs()
        kinds = {} if inputs is None or inputs.is_tensor_spec() else _kinds(inputs)
        return _instants(_integers(frame, kinds), self.zone)


def _kinds(inputs: Schema) -> dict[str, str]:
    return {str(spec.name): getattr(spec.type, "name", "") for spec in inputs}


def _integers(frame: Any, kinds: Mapping[str, str]) -> Any:
    """Return a frame with integers where pandas made doubles of integers with gaps."""
    changed: dict[str, Any] = {}
    for place, name in enumerate(frame.columns):
        column, kind = frame.iloc[:, place], kinds.get(str(name))
        # Doubles without a gap, and singles, were no integers to Spark.
        if kind not in ("integer", "long") or column.dtype != "float64" or not column.hasnans:
            continue
        if (column.abs() >= _EXACT).any():
            raise _inexact(str(name), _INTEGERS)
        if (column.dropna() % 1 == 0).all():
            is_narrow = kind == "integer" and not (column.abs() >= _WIDE).any()
            changed[name] = column.astype("Int32" if is_narrow else "Int64")
    return frame.assign(**changed) if changed else frame


def _instants(frame: Any, zone: str, within: str = "") -> Any:
    """Return a frame with instants where pandas has the times of a session's zone."""
    changed: dict[str, Any] = {}
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if column.dtype.kind != "M" or column.dt.tz is not None:
            continue
        local = column.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        if local.isna().sum() > column.isna().sum():
            raise _inexact(within or str(name), _TIMES.format(zone=zone))
        changed[name] = local.dt.tz_convert("UTC")
    return frame.assign(**changed) if changed else frame


def _inexact(name: str, why: str) -> InvalidInput:
    return invalid_input([InputViolation("UDF-008", f"Input {name!r} has {why} (UDF-008).", name)])


def _tensors(table: Any, inputs: Schema) -> Any:
    """Return the columns of a frame as the tensors of a signature (UDF-007)."""
    held = {str(name): _stacked(table[name]) for name in table.columns}
    specs = {str(spec.name): spec for spec in inputs}
    if inputs.has_input_names():
        return {name: _shaped(held[name], spec) for name, spec in specs.items() if name in held}
    parts = list(held.values())
    whole = parts[0] if len(parts) == 1 else np.column_stack(parts)
    return _shaped(whole, next(iter(specs.values())))


def _stacked(column: Any) -> Any:
    values = column.to_numpy()
    return np.stack(list(values)) if values.dtype == object and len(values) else values


def _shaped(array: Any, spec: Any) -> Any:
    """Return rows in the shape of a tensor; what does not fit is left to the signature."""
    rest = list(spec.shape[1:])
    size = math.prod(rest)
    if array.ndim == 1 + len(rest) or -1 in rest or array[:1].size not in (0, size):
        return array
    return array.reshape(len(array), *rest)
