"""TensorFlow: a module of TensorFlow 2, and the signature of a graph as 0.x and 1.x had it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file
from specimens._images import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _module(call: Callable[[Any, Any], Any], shape: tuple[int | None, ...], dtype: str) -> Any:
    """Return a module that is called with one tensor, and answers a number for each row."""
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = tf.Variable(np.float32(1.5))

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.as_dtype(dtype))])
        def __call__(self, x):  # type: ignore[no-untyped-def] # TensorFlow takes annotations for types of its own
            return call(tf, x) * self.factor

    return Module()


def _sum_or_number(_rows: Any) -> Any:
    """Return a module that answers ``c + n``, and ``2 n`` where ``c`` is NaN."""

    def call(tf: Any, x: Any) -> Any:
        return tf.where(tf.math.is_nan(x[:, 0]), x[:, 1] * 2, x[:, 0] + x[:, 1])

    return _module(call, (None, 2), "float32")


def _of_texts(_rows: Any) -> Any:
    def call(tf: Any, x: Any) -> Any:
        return tf.cast(tf.strings.to_hash_bucket_fast(x[:, 0], 1000), tf.float32)

    return _module(call, (None, 1), "string")


def _of_images(_rows: Any) -> Any:
    return _module(
        lambda tf, x: tf.reduce_max(x[:, 1:, :3, 0], axis=[1, 2]) - x[:, 0, 0, 0],
        (None, 6, 6, 1),
        "float32",
    )


def _answer(model: Any, rows: Any) -> Any:
    import tensorflow as tf

    rows = rows.to_frame() if isinstance(rows, pd.Series) else rows
    given = rows.to_numpy() if isinstance(rows, pd.DataFrame) else rows
    dtype = "string" if given.dtype == object else "float32"
    return model(tf.constant(given, dtype=dtype)).numpy()


_NO_TIME = "TensorFlow has no times"
_NO_CATEGORIES = "a graph knows no categories"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_sum_or_number, _answer),
    "text with gaps": "a tensor of texts has no missing ones",
    "categories of texts": _NO_CATEGORIES,
    "categories of integers": _NO_CATEGORIES,
    "booleans with gaps": "a tensor of truth values has no missing ones",
    "zoned times": _NO_TIME,
    "naive times": _NO_TIME,
    "decimals": "TensorFlow takes no columns of objects",
    "integer names": Made(_sum_or_number, _answer),
    "one text column": Made(_of_texts, _answer),
    "nested cells": "a tensor has rows of one length",
    "sparse": "the inputs of a graph are dense arrays",
    "images": Made(_of_images, _answer),
}


def _make() -> Any:
    def call(tf: Any, x: Any) -> Any:
        return tf.reduce_sum(x * [1.0, -2.0, 0.5], axis=1)

    return _module(call, (None, 3), "float32")


def _rows() -> Any:
    return np.random.default_rng(0).normal(size=(24, 3)).astype("float32")


def _layout_of_a_signature(model: Any, root: Path, folder: str, more: str) -> None:
    import tensorflow as tf

    tf.saved_model.save(model, str(root / folder))
    text = f"""
        flavors:
          python_function:
            env: conda.yaml
            loader_module: mlflow.tensorflow
            python_version: 3.6.10
          tensorflow:
            meta_graph_tags:
            - serve
            saved_model_dir: {folder}
            signature_def_key: serving_default
        {more}
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    import tensorflow as tf

    tf.saved_model.save(model, str(root / "tf2model"))
    text = """
        artifact_path: model
        flavors:
          python_function:
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.tensorflow
            python_version: 3.10.9
          tensorflow:
            code: null
            model_type: tf2-module
            saved_model_dir: tf2model
        mlflow_version: 2.8.1
        utc_time_created: '2023-11-30 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("tensorflow", "keras", "h5py"),
    make=_make,
    rows=_rows,
    native=_answer,
    layouts={
        "0.x": lambda model, root: _layout_of_a_signature(
            model, root, "model", "utc_time_created: '2019-04-05 11:24:01'"
        ),
        "1.x": lambda model, root: _layout_of_a_signature(
            model, root, "tfmodel", "artifact_path: model"
        ),
        "2.x": _layout_2,
    },
    runs="a graph of TensorFlow, whose operations can read and write files",
    single=True,
    not_exchanged={"1.x writes": "cannot import name 'runtime_version' from 'google.protobuf'"},
    fidelity=FIDELITY,
    kinds={"images": IMAGES},
)
