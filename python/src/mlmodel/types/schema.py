"""Public names where MLflow's users look for them (``mlflow.types.schema``)."""

from mlmodel.signature.datatypes import DataType
from mlmodel.signature.nested import AnyType, Array, Map, Object, Property, SparkMLVector
from mlmodel.signature.paramspecs import ParamSchema, ParamSpec
from mlmodel.signature.specs import ColSpec, Schema, TensorSpec

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
