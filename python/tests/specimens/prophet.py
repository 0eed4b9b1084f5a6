"""Prophet: a forecast of days with a regressor, and the days that are asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from fidelity_kinds import Kind

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from pathlib import Path


def _rows() -> pd.DataFrame:
    random = np.random.default_rng(0)
    days = pd.date_range("2020-01-01", periods=60)
    return pd.DataFrame({"ds": days, "wind": random.normal(size=60)})


def _fitted(rows: Any, **options: Any) -> Any:
    """Return a model of all columns beside the times, which draws no intervals by chance."""
    from prophet import Prophet

    model = Prophet(uncertainty_samples=0, **options)
    for name in rows.columns.drop("ds"):
        model.add_regressor(name)
    return model.fit(rows.assign(y=target(len(rows))))


def _make() -> Any:
    return _fitted(_rows())


def _days(count: int, rng: np.random.Generator) -> pd.DataFrame:
    days = pd.date_range("2020-01-01", periods=count)
    return pd.DataFrame({"ds": days, "n": rng.integers(0, 100, count) / 4})


def _layout_1(model: Any, root: Path) -> None:
    import prophet
    from prophet.serialize import model_to_json

    (root / "model.pr").write_text(json.dumps(model_to_json(model)))
    text = f"""
        flavors:
          prophet:
            code: null
            data: model.pr
            model_type: Prophet
            prophet_version: {prophet.__version__}
          python_function:
            data: model.pr
            env: conda.yaml
            loader_module: mlflow.prophet
            python_version: 3.8.13
        mlflow_version: 1.28.0
        model_uuid: 0c1d2e3f4a5b4c6d8e7f9a0b1c2d3e4f
        utc_time_created: '2022-08-11 10:00:00.000000'
    """
    mlmodel_file(root, text)


def _layout_2(model: Any, root: Path) -> None:
    """As versions of Prophet before 1.1.5 wrote it, without what they did not know."""
    from prophet.serialize import model_to_json

    held = json.loads(model_to_json(model))
    for name in ("scaling", "y_min", "holidays_mode", "__prophet_version"):
        del held[name]
    (root / "model.pr").write_text(json.dumps(json.dumps(held)))
    text = """
        artifact_path: model
        flavors:
          prophet:
            code: null
            data: model.pr
            model_type: Prophet
            prophet_version: 1.1.4
          python_function:
            data: model.pr
            env:
              conda: conda.yaml
              virtualenv: python_env.yaml
            loader_module: mlflow.prophet
            python_version: 3.10.9
        mlflow_version: 2.9.2
        utc_time_created: '2023-12-26 11:24:01.123456'
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("prophet",),
    make=_make,
    rows=_rows,
    layouts={
        "0.x": "MLflow had no such flavor",
        "1.x": _layout_1,
        "2.x": _layout_2,
    },
    fidelity={"days with a regressor": Made(_fitted)},
    kinds={"days with a regressor": Kind(_days)},
    missing={"arrays": "its columns have names and kinds"},
    not_asked=dict.fromkeys(
        ("batched", "Spark UDF"), "it answers rows in the order of their times (RST-170, UDF-023)"
    ),
    other_kinds="Prophet takes times, and numbers without gaps beside them",
)
