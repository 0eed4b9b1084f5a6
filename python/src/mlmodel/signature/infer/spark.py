"""The signature of a Spark schema (SIG-043): read from the schema alone, no job is run.

Spark tells its schema as plain values (``StructType.jsonValue``), so pyspark is not imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.signature.infer.cells import no_type
from mlmodel.signature.types.nested import (
    AnyType,
    Array,
    Map,
    NestedType,
    Object,
    Property,
    SparkMLVector,
)
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["spark_schema"]

_TYPES: dict[str, DataType] = {
    "boolean": DataType.boolean,
    "byte": DataType.integer,
    "short": DataType.integer,
    "integer": DataType.integer,
    "long": DataType.long,
    "float": DataType.float,
    "double": DataType.double,
    "decimal": DataType.double,
    "string": DataType.string,
    "char": DataType.string,
    "varchar": DataType.string,
    "binary": DataType.binary,
    "date": DataType.datetime,
    "timestamp": DataType.datetime,
    "timestamp_ntz": DataType.datetime,
}
_VECTOR = "org.apache.spark.ml.linalg.VectorUDT"


def spark_schema(data: Any) -> Schema | None:
    """Return the schema of a Spark DataFrame or StructType; None for anything else.

    Every column is required: Spark's ``nullable`` is true unless somebody says otherwise, and
    says nothing of the data.

    Raises:
        InvalidArgument: a column holds what no type of the format is for (SIG-014), or there
            is none (SIG-002).

    """
    if not type(data).__module__.startswith("pyspark."):
        return None
    struct = getattr(data, "schema", data)
    described = struct.jsonValue() if hasattr(struct, "jsonValue") else None
    if not isinstance(described, dict) or described.get("type") != "struct":
        return None
    return Schema([ColSpec(_spark_kind(f["type"], f"column {f['name']!r}"), f["name"])
                   for f in described["fields"]])  # fmt: skip


def _spark_kind(described: str | Mapping[str, Any], place: str) -> DataType | NestedType:
    if isinstance(described, str):
        name = described.partition("(")[0].partition(" ")[0]
        if name in ("void", "null"):
            return AnyType()
        if name not in _TYPES:
            raise no_type(place, f"Spark's {described}")
        return _TYPES[name]
    name = described["type"]
    if name == "array":
        return Array(_spark_kind(described["elementType"], f"an item of {place}"))
    if name == "struct":
        return Object([Property(f["name"], _spark_kind(f["type"], f"{f['name']!r} of {place}"))
                       for f in described["fields"]])  # fmt: skip
    if name == "map" and described["keyType"] == "string":
        return Map(_spark_kind(described["valueType"], f"a value of {place}"))
    if name == "udt" and described.get("class") == _VECTOR:
        return SparkMLVector()
    raise no_type(place, f"Spark's {described.get('class') or name}")
