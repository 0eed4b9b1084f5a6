"""Which paths are those of a model's code."""

from __future__ import annotations

import os

import pytest

from mlmodel._base import places_of_models


@pytest.fixture
def folder(tmp_path):
    path = str(tmp_path.resolve() / "code")
    places_of_models.add(path)
    return path


def test_a_folder_of_code_and_what_is_in_it_are_a_models(folder):
    for inside in ("", "x.py", os.path.join("deep", "er", "x.py")):
        assert places_of_models.is_of_a_model(folder + (os.sep + inside if inside else ""))
    assert places_of_models.is_of_a_model(folder + os.sep)


def test_other_paths_are_not(folder):
    for path in (f"{folder}2", os.path.dirname(folder), "", "code", os.sep, f"x{folder}"):
        assert not places_of_models.is_of_a_model(path), path
