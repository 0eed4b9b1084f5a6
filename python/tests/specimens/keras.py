"""Keras: a small network, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from fidelity_kinds import WORDS

from specimens import Made, Specimen, mlmodel_file
from specimens._images import IMAGES

if TYPE_CHECKING:
    from pathlib import Path


def _answer(model: Any, rows: Any) -> Any:
    """Answer as the model's own ``predict`` does, in a frame where a frame is asked."""
    given = rows.to_numpy() if isinstance(rows, pd.DataFrame) else rows
    answer = model.predict(given, verbose=0)
    return pd.DataFrame(answer, index=rows.index) if isinstance(rows, pd.DataFrame) else answer


def _sum_or_number(_rows: Any) -> Any:
    """Return a network that answers ``c + n``, and ``2 n`` where ``c`` is NaN."""
    import keras

    given = keras.Input((2,))
    c, n = given[:, :1], given[:, 1:]
    return keras.Model(given, keras.ops.where(keras.ops.isnan(c), n * 2, c + n))


def _words(_rows: Any) -> Any:
    """Return a network that counts the words of a text, each by a number of its own."""
    import keras

    counts = keras.layers.TextVectorization(vocabulary=list(WORDS), output_mode="count")
    total = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((1,), dtype="string"), counts, total])
    total.set_weights([np.array([[0.0], *([float(7**n)] for n in range(len(WORDS)))])])
    return model


def _of_texts(model: Any, rows: Any) -> Any:
    import tensorflow as tf

    given = tf.constant(rows.to_frame().to_numpy(), dtype="string")
    return pd.DataFrame(model.predict(given, verbose=0), index=rows.index)


def _of_images(_rows: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    given = keras.Input((6, 6, 1))
    seen = keras.layers.Conv2D(3, 3, activation="relu")(given)
    number = keras.layers.Dense(1)(keras.layers.Flatten()(seen))
    return keras.Model(given, keras.ops.squeeze(number, axis=-1))


_NO_TIME = "Keras takes no times"
_NO_CATEGORIES = "a network of Keras knows no categories"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_sum_or_number, _answer),
    "text with gaps": "a tensor of texts has no missing ones",
    "categories of texts": _NO_CATEGORIES,
    "categories of integers": _NO_CATEGORIES,
    "booleans with gaps": "a tensor of truth values has no missing ones",
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "Keras takes no columns of objects",
    "integer names": Made(_sum_or_number, _answer),
    "one text column": Made(_words, _of_texts),
    "nested cells": "a tensor has rows of one length",
    "sparse": "the inputs of a network are dense arrays",
    "images": Made(_of_images, _answer),
}


def _rows() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(24, 3)), columns=["a", "b", "c"])


def _make() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    rows = _rows().to_numpy()
    model.fit(rows, rows[:, :2], epochs=2, verbose=0)
    return model


def _layout_0(model: Any, root: Path) -> None:
    model.save(root / "model.h5")
    text = """
        flavors:
          keras:
            data: model.h5
            keras_version: 2.2.4
          python_function:
            data: model.h5
            env: conda.yaml
            loader_module: mlflow.keras
            python_version: 3.6.8
        utc_time_created: '2019-04-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_1(model: Any, root: Path) -> None:
    (root / "data").mkdir()
    model.save(root / "data" / "model.h5")
    (root / "data" / "keras_module.txt").write_text("tensorflow.keras")
    (root / "data" / "save_format.txt").write_text("h5")
    text = """
        artifact_path: model
        flavors:
          keras:
            data: data
            keras_module: tensorflow.keras
            keras_version: 2.4.0
            save_format: h5
          python_function:
            data: data
            env: conda.yaml
            loader_module: mlflow.keras
            python_version: 3.8.2
        utc_time_created: '2021-03-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    (root / "data").mkdir()
    model.save(root / "data" / "model.keras")
    (root / "data" / "keras_module.txt").write_text("keras")
    text = """
        artifact_path: model
        flavors:
          keras:
            data: data
            keras_backend: tensorflow
            keras_version: 3.4.1
            save_exported_model: false
          python_function:
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.keras
            python_version: 3.11.4
        mlflow_version: 2.14.1
        utc_time_created: '2024-07-24 11:58:39.776546'
    """
    mlmodel_file(root, text)


def _save_by_mlflow(mlflow: Any, model: Any, path: str, **options: Any) -> None:
    """Save into an empty folder, since MLflow makes none before it writes the example there."""
    from pathlib import Path

    Path(path).mkdir()
    mlflow.keras.save_model(model, path, **options)


SPECIMEN = Specimen(
    libraries=("keras", "tensorflow", "h5py"),
    make=_make,
    rows=_rows,
    native=_answer,
    layouts={"0.x": _layout_0, "1.x": _layout_1, "2.x": _layout_2},
    single=True,
    mlflow_save=_save_by_mlflow,
    mlflow_signed=np.asarray,
    not_exchanged={"1.x writes": "cannot import name 'runtime_version' from 'google.protobuf'"},
    fidelity=FIDELITY,
    kinds={"images": IMAGES},
)
