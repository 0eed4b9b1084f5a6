"""Models for the tests of the page, and a real server of them."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudpickle
import numpy as np
import pandas as pd

from mlmodel.models import ModelSignature
from mlmodel.pyfunc import PythonModel, save_model
from mlmodel.types import Array, ColSpec, ParamSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["HOSTILE", "save_models", "serving"]

HOSTILE = "<img src=x onerror=window.pwned=1>"
PATIENCE = 100


class Flat(PythonModel):
    """Answers with a table: what it got for rooms, and a text that would be markup."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import pandas as pd

        low = model_input["area"] * 10.0
        label = "<script>window.pwned=1</script>"
        return pd.DataFrame(
            {"low": low, "high": low * 1.5, "rooms": model_input["rooms"], "label": label}
        )


class Sum(PythonModel):
    """Answers with the sum of each row."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return model_input.sum(axis=1)


FLAT = ModelSignature(
    Schema(
        [
            ColSpec("string", "city"),
            ColSpec("long", "rooms"),
            ColSpec("double", "area"),
            ColSpec("boolean", "balcony"),
            ColSpec("datetime", "since", required=False),
            ColSpec("string", HOSTILE, required=False),
            ColSpec(Array("double"), "prices"),
        ]
    ),
    Schema(
        [
            ColSpec("double", "low"),
            ColSpec("double", "high"),
            ColSpec("long", "rooms"),
            ColSpec("string", "label"),
        ]
    ),
    [
        ParamSpec("top", "long", 3),
        ParamSpec("method", "string", HOSTILE),
        ParamSpec("weights", "double", [0.5, 0.5], (-1,)),
    ],
)
EXAMPLE = pd.DataFrame(
    {
        "city": ["Basel", "it's Bern"],
        "rooms": [3, 2**53 + 1],
        "area": [81.5, 44.0],
        "balcony": [True, False],
        "since": pd.to_datetime(["2020-01-01", "2021-05-05"]),
        HOSTILE: ["</script><script>window.pwned=1</script>", "\\ \" ' $HOME `id` \u00e9"],
        "prices": [[1.0, 2.0], [3.5]],
    }
)


def save_models(folder: Path) -> None:
    """Save ``flat``, ``wide`` (columns) and ``sum`` (one tensor); they need ``--trust``."""
    # The server's process cannot import this module, so its classes go along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        save_model(folder / "flat", python_model=Flat(), signature=FLAT, input_example=EXAMPLE)
        wide = Schema([ColSpec("double", f"column {number}") for number in range(30)])
        save_model(folder / "wide", python_model=Sum(), signature=ModelSignature(wide))
        tensor = Schema([TensorSpec("float64", (-1, 3))])
        of_sum = ModelSignature(tensor, Schema([TensorSpec("float64", (-1,))]))
        example = np.arange(6.0).reshape(2, 3)
        save_model(folder / "sum", python_model=Sum(), signature=of_sum, input_example=example)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@contextmanager
def serving(*options: str) -> Iterator[tuple[str, int | None]]:
    """Serve, and give the address of the server and its port of gRPC."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-p", "0", "--trust", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("mlmodel: ready at "), line
        url, _, also = line.removeprefix("mlmodel: ready at ").strip().partition(",")
        yield url, int(also.rsplit(":", 1)[1]) if also else None
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
