"""The requirements of a saved model, by what loading it imports (ENV-013 to ENV-015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmodel.environment.observation import (
    NotObserved,
    observe,
    requirement_lines,
    seconds_allowed,
    warn_of_unclaimed,
)
from mlmodel.environment.task import Task
from mlmodel.errors import UnsupportedModel
from mlmodel.store.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmodel.document.paths import PathLike

__all__ = ["infer_pip_requirements"]


def infer_pip_requirements(
    model_uri: PathLike,
    flavor: str,
    fallback: Sequence[str] | None = None,
    timeout: float | None = None,
    extra_env_vars: Mapping[str, str] | None = None,
    *,
    trust: bool = False,
) -> list[str]:
    """Return the requirements of a saved model: what loading it and its example import here.

    Args:
        model_uri: the model's folder.
        flavor: the flavor to load beside python_function.
        fallback: what to return where the model cannot be loaded.
        timeout: seconds that it may take; the environment variable
            ``MLMODEL_INFER_REQUIREMENTS_TIMEOUT``, else 120.
        extra_env_vars: environment variables that the model is loaded with.
        trust: run whatever the model's files contain (TRU-004).

    Raises:
        UnsupportedModel: it could not be loaded, and there is no ``fallback``.
        ModelNotFound, InvalidModel: there is no model, or it breaks the format.

    """
    folder = open_folder(model_uri)
    folder.attributes(flavor)
    task = Task(str(folder.root.absolute()), "", flavor, trust)
    try:
        observed = observe(task, seconds_allowed() if timeout is None else timeout, extra_env_vars)
    except NotObserved as error:
        if fallback is not None:
            return list(fallback)
        raise UnsupportedModel(
            f"{folder.root}: what the model imports could not be observed: {error} (ENV-015)"
        ) from error
    warn_of_unclaimed(observed.unclaimed)
    return requirement_lines(observed.distributions, ())
