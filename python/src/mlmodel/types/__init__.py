"""Public names where MLflow's users look for them (``mlflow.types``)."""

from mlmodel._base.lazy import lazily
from mlmodel.types.schema import (
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSchema,
    ParamSpec,
    Property,
    Schema,
    SparkMLVector,
    TensorSpec,
)

__all__ = [
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "ParamSchema",
    "ParamSpec",
    "Property",
    "Schema",
    "SparkMLVector",
    "TensorSpec",
]

# It needs numpy and pandas.
__getattr__, __dir__ = lazily(__name__, {}, modules=("schema", "type_hints"))
