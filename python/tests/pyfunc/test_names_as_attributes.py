"""Modules that MLflow's users reach as attributes (``mlflow.models.resources``)."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mlmodel

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "place",
    [
        "models.resources.DatabricksTable",
        "models.auth_policy.AuthPolicy",
        "models.signature.ModelSignature",
        "models.model.Model",
        "types.type_hints.TypeFromExample",
        "types.schema.ColSpec",
    ],
)
def test_they_are_there_without_an_import_of_their_own(place):
    """In a process in which nothing else has imported them."""
    code = f"import mlmodel as mlflow; print(mlflow.{place})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    module = place.split(".")[1]
    assert module in dir(getattr(mlmodel, place.split(".", maxsplit=1)[0]))


@pytest.mark.parametrize("package", ["models", "types"])
def test_other_names_are_not(package):
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(mlmodel, package).no_such_name  # noqa: B018 - the look is what fails
