# ruff: noqa: ARG002 - a model's predict has these parameters
"""Saves the models of our side: ``python models_mlmodel.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import inputs
import numpy as np

import mlmodel
from mlmodel.pyfunc import PythonModel


class FirstColumn(PythonModel):
    """A no-op on columns of one type: taking a column out of a frame costs more than this."""

    def predict(self, context, model_input, params=None):
        return model_input.to_numpy()[:, 0]


class Zeros(PythonModel):
    """A no-op on columns of several types: what a frame gives out of them is dear."""

    def predict(self, context, model_input, params=None):
        return np.zeros(len(model_input))


class Echo(PythonModel):
    """Answers all the values that it is given."""

    def predict(self, context, model_input, params=None):
        return model_input.to_numpy()


def save(model: PythonModel, path: Path, example) -> None:
    """Save one custom model."""
    mlmodel.save(model, path, signature=mlmodel.infer_signature(example))


def main(folder: Path) -> None:
    """Save every model; save records them in the trust store."""
    folder.mkdir()
    model, frame = inputs.iris_model()
    mlmodel.save(model, folder / "iris", example=frame.head(2))
    forest, frame = inputs.forest_model()
    mlmodel.save(forest, folder / "forest", example=frame.head(2))
    save(FirstColumn(), folder / "doubles", inputs.doubles(2))
    save(FirstColumn(), folder / "few", inputs.doubles(2, inputs.FEW))
    save(Zeros(), folder / "mixed", inputs.mixed(2))
    save(Echo(), folder / "echo", inputs.doubles(2))
    save(Zeros(), folder / "wide", inputs.wide_frame())
    save(Zeros(), folder / "widest", inputs.doubles(2, inputs.WIDEST))
    save(Zeros(), folder / "commented", inputs.doubles(2))
    words = [f"# about {n}\n- word-{n}  # behind {n}\n" for n in range(inputs.WIDEST)]
    with (folder / "commented" / "MLmodel").open("a") as file:
        file.writelines(["x-words:\n", *words])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
