"""Public names where MLflow's users look for them (``mlflow.exceptions``).

``MlflowException`` is the base of all errors here, :class:`mlmodel.errors.MlmodelError`: an
``except`` clause that names it catches every one. Its ``error_code`` is MLflow's name.
"""

from mlmodel.errors import MlmodelError as MlflowException

__all__ = ["MlflowException"]
