# ruff: noqa: ARG002 - a model's predict has these parameters
"""Saves the models of MLflow's side, in its environment: ``python models_mlflow.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import inputs
import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
from mlflow.models import infer_signature


class FirstColumn(mlflow.pyfunc.PythonModel):
    """A no-op on columns of one type: taking a column out of a frame costs more than this."""

    def predict(self, context, model_input, params=None):
        return model_input.to_numpy()[:, 0]


class Zeros(mlflow.pyfunc.PythonModel):
    """A no-op on columns of several types: what a frame gives out of them is dear."""

    def predict(self, context, model_input, params=None):
        return np.zeros(len(model_input))


class Echo(mlflow.pyfunc.PythonModel):
    """Answers all the values that it is given."""

    def predict(self, context, model_input, params=None):
        return model_input.to_numpy()


def save(model: mlflow.pyfunc.PythonModel, path: Path, example) -> None:
    """Save one custom model; requirements are given because finding them loads the model."""
    mlflow.pyfunc.save_model(
        path, python_model=model, signature=infer_signature(example), pip_requirements=["pandas"]
    )


def main(folder: Path) -> None:
    """Save every model."""
    folder.mkdir()
    model, frame = inputs.iris_model()
    mlflow.sklearn.save_model(
        model,
        folder / "iris",
        signature=infer_signature(frame),
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
    )
    save(FirstColumn(), folder / "doubles", inputs.doubles(2))
    save(FirstColumn(), folder / "few", inputs.doubles(2, inputs.FEW))
    save(Zeros(), folder / "mixed", inputs.mixed(2))
    save(Echo(), folder / "echo", inputs.doubles(2))
    save(Zeros(), folder / "wide", inputs.wide_frame())
    save(Zeros(), folder / "widest", inputs.doubles(2, inputs.WIDEST))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
