"""Models as Python functions: load any flavor that predicts, or save your own class."""

from mlmodel._absent import absent_name
from mlmodel._base.extras import named_extra

with named_extra():
    from mlmodel.flavors._shared import defaults
    from mlmodel.pyfunc.loading import get_model_dependencies, load_model, load_pyfunc
    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.pyfunc.python_model import PythonModel, PythonModelContext
    from mlmodel.pyfunc.saving import add_to_model, save_model
    from mlmodel.pyfunc.spark_udf import spark_udf
    from mlmodel.store.description import PYTHON_FUNCTION as FLAVOR_NAME

__all__ = [
    "CODE",
    "DATA",
    "ENV",
    "FLAVOR_NAME",
    "MAIN",
    "MODEL_CONFIG",
    "PY_VERSION",
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "add_to_model",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "get_model_dependencies",
    "load_model",
    "load_pyfunc",
    "save_model",
    "spark_udf",
]

#: The keys of python_function in an MLmodel file, under MLflow's names.
MAIN = "loader_module"
CODE = "code"
DATA = "data"
ENV = "env"
MODEL_CONFIG = "config"
PY_VERSION = "python_version"

get_default_pip_requirements, get_default_conda_env = defaults(__name__, ("cloudpickle",))


def __getattr__(name: str) -> object:
    raise absent_name(__name__, name)
