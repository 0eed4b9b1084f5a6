"""What loading runs finds no names of the program that loads (TRU-102)."""

from __future__ import annotations

import importlib
import io
import pickle
import sys

import joblib
import numpy as np
import pytest

from mlmodel.trust.gate import Gate

#: A class that looks names up in the functions that called it, as libraries of formulas do.
LOOKING = """
import sys


class Looking:
    def __init__(self):
        self.kept = 1

    def __setstate__(self, state):
        frame = sys._getframe(1)
        self.found = []
        for _ in range(5):
            self.found.append(({**frame.f_globals, **frame.f_locals}, frame.f_builtins))
            frame = frame.f_back
"""


@pytest.fixture
def looking(tmp_path, monkeypatch):
    """A class of an installed module."""
    (tmp_path / "looking_up.py").write_text(LOOKING)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("looking_up").Looking
    del sys.modules["looking_up"]


def joblib_file(value):
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


@pytest.mark.parametrize("options", [{"allow": ["looking_up.Looking"]}, {"trust": True}])
def test_a_class_finds_builtins_alone(root, looking, options):
    (root / "model.pkl").write_bytes(pickle.dumps(looking()))
    loaded = Gate.for_folder(root, **options).load_pickle(root / "model.pkl")
    assert len(loaded.found) == 5
    for names, builtins in loaded.found:
        assert set(names) <= {"__builtins__", "load"}
        assert builtins["len"] is len


def test_joblib_files_too(root, looking):
    """Between them stand the functions of Python's own reader."""
    made = looking()
    made.kept = np.arange(3.0)
    (root / "model.pkl").write_bytes(joblib_file(made))
    gate = Gate.for_folder(root, trust=True)
    found = [names for names, _ in gate.load_pickle(root / "model.pkl").found]
    assert [names.get("__name__", "pickle") for names in found] == ["pickle"] * 5
    assert "__name__" in found[0]
