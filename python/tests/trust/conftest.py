"""A trust store of their own for all tests here, and estimators that are fitted once."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def store_folder(tmp_path, monkeypatch):
    folder = tmp_path / "trust-store"
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(folder))
    return folder


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def estimators():
    import zoo

    return zoo.fitted()
