"""python_function: classes of one's own that say what they see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mlmodel import pyfunc
from specimens import Made, Specimen, mlmodel_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Facts(pyfunc.PythonModel):
    """Answers what it sees of each row: the type and the value of each cell."""

    def predict(self, context: Any, model_input: Any) -> list[str]:
        if hasattr(model_input, "toarray"):
            return [f"{type(model_input).__name__} {row}" for row in model_input.toarray().tolist()]
        if isinstance(model_input, np.ndarray):
            return [f"csr_matrix {row}" for row in model_input.tolist()]
        columns = [_seen(model_input.iloc[:, n]) for n in range(model_input.shape[1])]
        return [f"{list(model_input.columns)} {row}" for row in zip(*columns, strict=True)]


class Values(Facts):
    """Answers the values alone: the format has no type for decimals, which become doubles."""

    def predict(self, context: Any, model_input: Any) -> list[str]:
        return super().predict(context, model_input.astype("float64"))


def _seen(column: pd.Series[Any]) -> list[str]:
    kind = "category of " if isinstance(column.dtype, pd.CategoricalDtype) else ""
    return [f"{kind}{type(cell).__name__} {cell!r}" for cell in column.tolist()]


def _native(model: Any, rows: Any) -> Any:
    return model.predict(None, rows.to_frame() if isinstance(rows, pd.Series) else rows)


_FACTS = Made(lambda _rows: Facts(), _native)

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": _FACTS,
    "text with gaps": _FACTS,
    "categories of texts": _FACTS,
    "categories of integers": _FACTS,
    "booleans with gaps": _FACTS,
    "zoned times": _FACTS,
    "naive times": _FACTS,
    "decimals": Made(lambda _rows: Values(), _native),
    "integer names": _FACTS,
    "one text column": _FACTS,
    "nested cells": _FACTS,
    "sparse": _FACTS,
}


def _rows() -> pd.DataFrame:
    return pd.DataFrame({"city": ["Oslo", "Rome", "Lima"] * 4, "n": np.arange(12) / 4})


def _make() -> Any:
    class Rated(pyfunc.PythonModel):
        """Its class goes along by value; what it multiplies by is in an artifact."""

        def load_context(self, context: Any) -> None:
            import json
            from pathlib import Path

            self.rates = json.loads(Path(context.artifacts["rates"]).read_text(encoding="utf-8"))

        def predict(self, context: Any, model_input: Any) -> list[float]:
            pairs = zip(model_input["city"], model_input["n"], strict=True)
            return [self.rates[city] * n for city, n in pairs]

    return Rated()


_RATES = {"Oslo": 1.5, "Rome": 2.5, "Lima": 3.5}


def _native(_model: Any, rows: pd.DataFrame) -> list[float]:
    return [_RATES[city] * n for city, n in zip(rows["city"], rows["n"], strict=True)]


def _saved_by(save_model: Callable[..., None], model: Any, path: Any, **options: Any) -> None:
    import json
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rates.json"
        file.write_text(json.dumps(_RATES), encoding="utf-8")
        save_model(path, python_model=model, artifacts={"rates": str(file)}, **options)


def _save(model: Any, path: Path, **options: Any) -> None:
    _saved_by(pyfunc.save_model, model, path, **options)


def _save_by_mlflow(mlflow: Any, model: Any, path: str, **options: Any) -> None:
    """Save a class of the same methods that is derived from MLflow's own."""
    own = type(model)
    methods = {"load_context": own.load_context, "predict": own.predict}
    theirs = type("Rated", (mlflow.pyfunc.PythonModel,), methods)
    _saved_by(mlflow.pyfunc.save_model, theirs(), path, **options)


def _layout(age: str) -> Callable[[Any, Path], None]:
    def write(model: Any, root: Path) -> None:
        import cloudpickle

        _save(model, root / "ours")
        for name in ("python_model.pkl", "artifacts"):
            (root / "ours" / name).rename(root / name)
        text = f"""
            flavors:
              python_function:
                artifacts:
                  rates:
                    path: artifacts/rates.json
                    uri: /home/anna/rates.json
                cloudpickle_version: {cloudpickle.__version__}
                {age}
                loader_module: mlflow.pyfunc.model
                python_model: python_model.pkl
                python_version: 3.8.2
            utc_time_created: '2019-04-05 11:24:01.123456'
        """
        mlmodel_file(root, text)

    return write


SPECIMEN = Specimen(
    libraries=("cloudpickle",),
    make=_make,
    rows=_rows,
    native=_native,
    save=_save,
    layouts={
        "0.x": _layout("env: conda.yaml"),
        "1.x": _layout("env: conda.yaml"),
        "2.x": _layout("env: {conda: conda.yaml, virtualenv: python_env.yaml}"),
    },
    runs="the pickled class",
    mlflow_save=_save_by_mlflow,
    missing={
        "native load": "python_function is what a model of any flavor is called by",
        "arrays": "a model of the user's takes what its own code does",
    },
    fidelity=FIDELITY,
)
