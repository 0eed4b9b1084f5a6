"""Models from code: a Python file that makes the model when it is run (PYF-009 to PYF-012).

The file ends in ``mlmodel.models.set_model(model)`` (MLflow's ``mlflow.models.set_model`` is the
same function there). Running it is running the model's code, so it passes the gate of trust.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.errors import InvalidArgument, InvalidModel, MissingDependency, MlmodelError
from mlmodel.pyfunc import config as configs
from mlmodel.pyfunc.python_model import PythonModel, as_python_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmodel.document.paths import PathLike
    from mlmodel.store.code import ModelCode

__all__ = ["ModelConfig", "is_file", "run", "set_model"]


@dataclass
class _Run:
    """One run of a model's file: the configuration it is given, and the model it makes."""

    config: Mapping[str, Any] | None
    model: PythonModel | None = None


_running: ContextVar[_Run | None] = ContextVar("_running", default=None)


def set_model(model: Any) -> None:
    """Say which object is the model, in a file that is saved as ``python_model="file.py"``.

    Outside of that, when the file is run or imported by itself, it does nothing.

    Args:
        model: an instance of a subclass of PythonModel, or a function of the data.

    Raises:
        InvalidArgument: it is neither (PYF-014).

    """
    found = as_python_model(model)
    run = _running.get()
    if run is not None:
        run.model = found


class _NoKey(InvalidArgument, KeyError):
    """A key that the configuration lacks; a KeyError too, as for every mapping."""

    __str__ = MlmodelError.__str__


class ModelConfig:
    """The configuration of a model from code, read in its file (PYF-012).

    While the file is developed, it is ``development_config``; in a saved model it is the
    ``model_config`` that the model was saved or loaded with, and nothing of the other.
    """

    def __init__(self, *, development_config: Mapping[str, Any] | PathLike | None = None) -> None:
        """Take the configuration.

        Args:
            development_config: a mapping, or the path of a YAML file with one.

        Raises:
            InvalidArgument: there is no configuration, or it is not a mapping.

        """
        run = _running.get()
        given = development_config if run is None else run.config
        if given is None:
            how = "development_config=…" if run is None else "model_config=… of save_model"
            raise InvalidArgument(f"The model reads a configuration, but has none; give {how}")
        self._config = configs.read(given)

    def get(self, key: str) -> Any:
        """Return the value of a key.

        Raises:
            InvalidArgument: there is no such key (it is a KeyError too).

        """
        if key not in self._config:
            raise _NoKey(
                f"The configuration has no key {key!r}; it has {', '.join(map(repr, self._config))}"
            )
        return self._config[key]

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as a mapping."""
        return dict(self._config)


def is_file(python_model: object) -> bool:
    """Return whether ``python_model`` is the path of a file, and no object."""
    return isinstance(python_model, str | Path)


def run(
    file: Path, config: Mapping[str, Any] | None, code: ModelCode, source: bytes | None = None
) -> PythonModel:
    """Run a model's file and return the model that it sets; only for trusted code.

    Args:
        file: the Python file.
        code: what it imports.
        source: its content, where that was read already.
        config: what ``ModelConfig`` in it holds; None where the model has no configuration.

    Raises:
        InvalidModel: it sets no model (PYF-010).
        MissingDependency: it imports what is not installed.
        Exception: whatever else it raises, with a note that names the file.

    """
    this_run = _Run(config)
    token = _running.set(this_run)
    try:
        code.run_file(file, source)
    except MlmodelError:
        raise
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"The model's file {file.name} imports {error.name}, which is not installed; install "
            "it, or save the model with code_paths"
        ) from error
    except Exception as error:
        error.add_note(f"It was raised by the model's file {file} (PYF-010).")
        raise
    finally:
        _running.reset(token)
    if this_run.model is None:
        raise InvalidModel(
            f"The model's file {file.name} makes no model: it does not call "
            "mlmodel.models.set_model(model) (PYF-010)"
        )
    return this_run.model
