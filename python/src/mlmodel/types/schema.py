"""Public names where MLflow's users look for them (``mlflow.types.schema``)."""

from mlmodel.signature.types.nested import AnyType, Array, Map, Object, Property, SparkMLVector
from mlmodel.signature.types.params import ParamSchema, ParamSpec
from mlmodel.signature.types.scalars import DataType
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

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
