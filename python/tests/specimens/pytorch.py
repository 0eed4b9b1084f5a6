"""PyTorch: a small network with fixed weights, pickled as MLflow does, and what is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from fidelity_kinds import IMAGES

from specimens import Made, Specimen, mlmodel_file

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a", "b", "c"]


def _make() -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.ReLU(), nn.Linear(4, 2)).eval()


def _rows() -> pd.DataFrame:
    numbers = np.random.default_rng(0).normal(size=(24, 3))
    return pd.DataFrame(numbers.astype("float32"), columns=NAMES)


def _native(model: Any, rows: Any) -> Any:
    """Call the module as its users do: a table as float32, an array as it is."""
    import torch

    array = rows.to_numpy("float32") if isinstance(rows, pd.DataFrame) else rows
    with torch.no_grad():
        answer = model(torch.tensor(array)).numpy()
    return pd.DataFrame(answer, index=rows.index) if isinstance(rows, pd.DataFrame) else answer


def _sum_or_number(_rows: Any) -> Any:
    """Return a module that answers the sum of both columns, and twice the second one in a gap."""
    import torch

    class Sum(torch.nn.Module):
        def forward(self, rows: Any) -> Any:
            first, second = rows[:, :1], rows[:, 1:]
            return torch.where(first.isnan(), second, first) + second

    return Sum()


def _network_of_images(rows: Any) -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    size = rows.shape[1]
    return nn.Sequential(
        nn.Unflatten(1, (1, size)), nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(3 * (size - 2) ** 2, 1), nn.Flatten(0),
    ).eval()  # fmt: skip


_NUMBERS = "a module takes numbers and truth values"

FIDELITY: dict[str, Made | str] = {
    "numbers with gaps": Made(_sum_or_number, _native, lambda rows: rows.astype("float32")),
    "text with gaps": _NUMBERS,
    "categories of texts": _NUMBERS,
    "categories of integers": _NUMBERS,
    "booleans with gaps": Made(
        _sum_or_number,
        lambda model, rows: _native(model, rows.astype("float32")),
        lambda rows: rows.astype({"c": "boolean", "n": "float32"}),
    ),
    "zoned times": _NUMBERS,
    "naive times": _NUMBERS,
    "decimals": _NUMBERS,
    "integer names": Made(_sum_or_number, _native, lambda rows: rows.astype("float32")),
    "one text column": _NUMBERS,
    "nested cells": _NUMBERS,
    "sparse": "a module takes dense arrays",
    "images": Made(_network_of_images, _native),
}


def _layout_0(model: Any, root: Path) -> None:
    """The file itself, without a folder and without what pickled it (MLflow before 0.9)."""
    import torch

    torch.save(model, root / "model.pth")
    text = f"""
        flavors:
          python_function:
            data: model.pth
            env: conda.yaml
            loader_module: mlflow.pytorch
            python_version: 3.6.6
          pytorch:
            model_data: model.pth
            pytorch_version: {torch.__version__}
        utc_time_created: '2018-09-05 11:24:01.123456'
    """
    mlmodel_file(root, text)


def _layout(model: Any, root: Path, more: str, own: str = "") -> None:
    import cloudpickle
    import torch

    (root / "data").mkdir()
    (root / "data" / "pickle_module_info.txt").write_text("mlflow.pytorch.pickle_module")
    torch.save(model, root / "data" / "model.pth", pickle_module=cloudpickle)
    text = f"""
        flavors:
          python_function:
            data: data
            loader_module: mlflow.pytorch
            pickle_module_name: mlflow.pytorch.pickle_module
            python_version: 3.8.5
          pytorch:
            model_data: data
            pytorch_version: {torch.__version__}
            {own}
        {more}
    """
    mlmodel_file(root, text)


def _layout_1(model: Any, root: Path) -> None:
    (root / "requirements.txt").write_text("torch\n")
    _layout(
        model,
        root,
        "utc_time_created: '2021-06-05 11:24:01.123456'",
        "requirements_file: {path: requirements.txt}",
    )


def _layout_2(model: Any, root: Path) -> None:
    _layout(model, root, "mlflow_version: 2.5.0\n        run_id: 7008c7131367497a", "code: null")


SPECIMEN = Specimen(
    libraries=("torch", "cloudpickle"),
    make=_make,
    rows=_rows,
    native=_native,
    layouts={"0.x": _layout_0, "1.x": _layout_1, "2.x": _layout_2},
    mlflow_options={"serialization_format": "pickle"},
    runs="a pickled module, a TorchScript program or an exported one",
    single=True,
    fidelity=FIDELITY,
    kinds={"images": IMAGES},
)
