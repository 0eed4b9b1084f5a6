"""Public names where MLflow's users look for them (``mlflow.models.auth_policy``)."""

from mlmodel.store.resources import AuthPolicy, SystemAuthPolicy, UserAuthPolicy

__all__ = ["AuthPolicy", "SystemAuthPolicy", "UserAuthPolicy"]
