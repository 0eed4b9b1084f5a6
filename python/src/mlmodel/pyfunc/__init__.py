"""Models as Python functions: load any flavor that predicts, or save your own class."""

from mlmodel._base.extras import named_extra

with named_extra():
    from mlmodel.pyfunc.loading import get_model_dependencies, load_model, load_pyfunc
    from mlmodel.pyfunc.model import PyFuncModel
    from mlmodel.pyfunc.python_model import PythonModel, PythonModelContext
    from mlmodel.pyfunc.saving import add_to_model, save_model

__all__ = [
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "add_to_model",
    "get_model_dependencies",
    "load_model",
    "load_pyfunc",
    "save_model",
]
