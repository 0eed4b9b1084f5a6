"""Public names where MLflow's users look for them (``mlflow.models.resources``)."""

from mlmodel.store.resources import (
    DEFAULT_API_VERSION,
    DatabricksApp,
    DatabricksFunction,
    DatabricksGenieSpace,
    DatabricksLakebase,
    DatabricksResource,
    DatabricksServingEndpoint,
    DatabricksSQLWarehouse,
    DatabricksTable,
    DatabricksUCConnection,
    DatabricksUCModelService,
    DatabricksVectorSearchIndex,
    Resource,
    ResourceType,
)

__all__ = [
    "DEFAULT_API_VERSION",
    "DatabricksApp",
    "DatabricksFunction",
    "DatabricksGenieSpace",
    "DatabricksLakebase",
    "DatabricksResource",
    "DatabricksSQLWarehouse",
    "DatabricksServingEndpoint",
    "DatabricksTable",
    "DatabricksUCConnection",
    "DatabricksUCModelService",
    "DatabricksVectorSearchIndex",
    "Resource",
    "ResourceType",
]
