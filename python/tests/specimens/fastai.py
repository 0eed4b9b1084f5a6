"""fastai: a small learner of a table, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from specimens import Made, Specimen, mlmodel_file, target

if TYPE_CHECKING:
    from pathlib import Path


def _learner(rows: Any, answers: Any) -> Any:
    """Train a learner of numbers and of texts as categories, always the same one."""
    from fastai.tabular.all import (
        Categorify,
        CategoryBlock,
        FillMissing,
        Normalize,
        RegressionBlock,
        TabularDataLoaders,
        set_seed,
        tabular_learner,
    )

    set_seed(0, reproducible=True)
    frame = pd.DataFrame(rows).reset_index(drop=True).assign(y=answers)
    numbers = [name for name in frame.columns[:-1] if frame[name].dtype.kind == "f"]
    is_class = frame["y"].dtype == object
    block = CategoryBlock() if is_class else RegressionBlock()
    data = TabularDataLoaders.from_df(
        frame, path=".", y_names="y", cont_names=numbers, y_block=block, bs=16, num_workers=0,
        cat_names=[name for name in frame.columns[:-1] if name not in numbers],
        procs=[Categorify, FillMissing, Normalize],
    )  # fmt: skip
    learner = tabular_learner(data, layers=[8], n_out=2 if is_class else 1)
    with learner.no_bar(), learner.no_logging():
        learner.fit(1)
    return learner


def _rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(size=48) for name in ("a", "b")}
    return pd.DataFrame({**numbers, "kind": np.array(list("xyz"), dtype=object)[np.arange(48) % 3]})


def _make() -> Any:
    rows = _rows()
    return _learner(rows, np.where(rows["a"] > rows["b"], "yes", "no").astype(object))


def _native(model: Any, rows: Any) -> pd.DataFrame:
    with model.no_bar():
        answer, _ = model.get_preds(dl=model.dls.test_dl(rows, num_workers=0))
    return pd.DataFrame({"predictions": list(answer.numpy())}, index=rows.index)


def _learned(rows: Any) -> Any:
    return _learner(rows, target(len(rows)))


_NO_KIND = "fastai's tables have numbers and categories"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_learned, _native),
    "text with gaps": Made(_learned, _native),
    "categories of texts": Made(_learned, _native),
    "categories of integers": Made(_learned, _native),
    "booleans with gaps": _NO_KIND,
    "zoned times": _NO_KIND,
    "naive times": _NO_KIND,
    "decimals": _NO_KIND,
    "integer names": "fastai's columns are named by texts",
    "one text column": "fastai's texts are read by files, and by learners of hundreds of megabytes",
    "nested cells": _NO_KIND,
    "sparse": _NO_KIND,
}


def _layout(model: Any, root: Path, environment: str, more: str) -> None:
    import fastai

    model.export((root / "model.fastai").absolute())
    text = f"""
        flavors:
          fastai:
            data: model.fastai
            fastai_version: {fastai.__version__}
          python_function:
            data: model.fastai
            env: {environment}
            loader_module: mlflow.fastai
            python_version: 3.8.5
        {more}
    """
    mlmodel_file(root, text)


SPECIMEN = Specimen(
    libraries=("fastai",),
    make=_make,
    rows=_rows,
    native=_native,
    layouts={
        "0.x": "MLflow has had fastai since 1.9",
        "1.x": lambda model, root: _layout(
            model, root, "conda.yaml", "utc_time_created: '2021-06-05 11:24:01.123456'"
        ),
        "2.x": lambda model, root: _layout(
            model,
            root,
            "{conda: conda.yaml, virtualenv: python_env.yaml}",
            "mlflow_version: 2.9.2",
        ),
    },
    runs="a pickled Learner",
    missing={"arrays": "its columns have names and kinds"},
    not_exchanged=dict.fromkeys(("3.x writes", "3.x reads"), "No module named 'mlflow.fastai'"),
    single=True,
    fidelity=FIDELITY,
)
