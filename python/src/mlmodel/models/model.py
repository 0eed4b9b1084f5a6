"""Public names where MLflow's users look for them (``mlflow.models.model``)."""

from mlmodel.store.description import Model, ModelInfo, get_model_info

__all__ = ["Model", "ModelInfo", "get_model_info"]
