"""Fixtures for all tests: the data of real users, where this machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data: $MLMODEL_SHARED, else ``shared`` beside the repository."""
    folder = Path(os.environ.get("MLMODEL_SHARED") or _REPOSITORY.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"there is no shared data at {folder} (set MLMODEL_SHARED)")
    return folder


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """The model folders that real users saved with MLflow 0.x to 3.x."""
    folder = shared / "corpus"
    if not folder.is_dir():
        pytest.skip(f"there is no corpus at {folder}")
    return folder
