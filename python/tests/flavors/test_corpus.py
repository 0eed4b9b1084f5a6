"""Models that real users saved, each loaded as far as its library still reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mlmodel
from mlmodel.errors import (
    InvalidModel,
    MissingDependency,
    MlmodelError,
    UnsupportedModel,
)

if TYPE_CHECKING:
    from pathlib import Path

#: What keeps a folder from loading: files were left out of the corpus, code of the user's own or
#: a library that no flavor needs is not installed, or it has no python_function.
_LEFT_OUT = {
    "pyfunc-artifacts-3.1.4", "pytorch-1.5", "pytorch-2.5.0", "sklearn-0.24-signature",
    "sklearn-2.5.0", "sklearn-3.1.1", "sklearn-azure-automl", "sklearn-databricks",
    "sklearn-input-example-split", "keras-2.14.1", "keras-hdf5-early", "spark-early",
    "tensorflow-2.17.2",
}  # fmt: skip
_NOT_INSTALLED = {
    "pyfunc-own-loader-module", "pyfunc-python-model-2.16.0", "sklearn-3.4.0-metadata",
}  # fmt: skip
_NATIVE_ALONE = {"crate-r", "sklearn-without-pyfunc"}
WHY: dict[str, type[MlmodelError]] = {
    **dict.fromkeys(_LEFT_OUT, InvalidModel),
    **dict.fromkeys(_NOT_INSTALLED, MissingDependency),
    **dict.fromkeys(_NATIVE_ALONE, UnsupportedModel),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.libraries("lightgbm", "torch", "tensorflow", "keras", "xgboost", "onnxruntime")
def test_every_folder_loads_as_far_as_it_is_there(corpus: Path) -> None:
    """A folder that does not load says what is missing, by the error of its kind."""
    folders = sorted(path.parent for path in corpus.glob("*/MLmodel"))
    found: dict[str, str] = {}
    for folder in folders:
        try:
            mlmodel.load(folder, trust=True)
        except MlmodelError as error:
            expected = WHY.get(folder.name)
            if expected is None or not isinstance(error, expected):
                found[folder.name] = f"{type(error).__name__}: {error}"
        else:
            if folder.name in WHY:
                found[folder.name] = "it loads"
    assert found == {}
    assert len(folders) > 20
