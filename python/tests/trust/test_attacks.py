"""Every hostile file is refused, and plain loading would have run it (TRU-001, TRU-010 to TRU-016)."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import attacks
import pairs
import pytest

from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan

if TYPE_CHECKING:
    from pathlib import Path

ALL = attacks.attacks()
RUNNING = sorted(key for key, attack in ALL.items() if attack.runs or attack.use)

PLAIN = """
import io, sys, warnings
warnings.simplefilter("ignore")
data = open(sys.argv[1], "rb").read()
try:
    if sys.argv[2] == "joblib":
        import joblib
        loaded = joblib.load(io.BytesIO(data))
    else:
        import pickle
        loaded = pickle.load(io.BytesIO(data))
    if sys.argv[3]:
        loaded.transform(sys.argv[4])
except Exception as error:
    print("after that:", error)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))
    root = tmp_path / "model"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def _write(root: Path, key: str) -> tuple[Path, Path]:
    marker = root / "marker"
    attack = attacks.attacks(str(marker), f"{root}/")[key]
    path = root / "model.pkl"
    path.write_bytes(attack.data)
    for file, data in attack.beside.items():
        (root / file).write_bytes(data)
    return path, marker


@pytest.mark.parametrize("key", sorted(ALL))
def test_is_refused_and_nothing_runs(folder, key):
    path, marker = _write(folder, key)
    with pytest.raises(UntrustedModel) as refusal:
        Gate.for_folder(folder).load_pickle(path)
    assert not marker.exists()
    for name in ALL[key].names:
        assert name in str(refusal.value)
    message = str(refusal.value)
    assert "mlmodel trust add" in message
    assert "trust=True" in message
    assert "model.pkl" in message


@pytest.mark.slow
@pytest.mark.parametrize("key", RUNNING)
def test_plain_loading_runs_it(folder, key):
    path, marker = _write(folder, key)
    attack = ALL[key]
    command = [
        sys.executable,
        "-c",
        PLAIN,
        path.name,
        "joblib" if attack.joblib else "pickle",
        attack.use,
        f"touch {marker}",
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert marker.exists(), done.stdout + done.stderr


@pytest.mark.parametrize("key", sorted(ALL))
def test_scan_names_what_it_refuses(key):
    attack = ALL[key]
    found = scan(attack.data, "joblib" if attack.joblib else "auto")
    assert not found.allowed
    assert list(found.refused) == attack.names


def test_committed_files_are_what_is_generated():
    folder = attacks.REPOSITORY / "conformance/attacks"
    expected = {f"{key}.bin": attack.data for key, attack in ALL.items()}
    for attack in ALL.values():
        expected.update(attack.beside)
    present = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".md"}
    assert present == expected


@pytest.mark.parametrize("file", ["attacks.json", "pairs.json", "pickles.json"])
def test_committed_vectors_are_what_is_generated(file):
    path = attacks.REPOSITORY / "conformance/vectors/v1/trust" / file
    assert path.read_text(encoding="utf-8") == attacks.vector_files()[file]


@pytest.mark.parametrize(
    "key", sorted(key for key, one in attacks.honest().items() if one[3]["allowed"])
)
def test_the_vectors_of_harmless_pickles_load(folder, key):
    path = folder / "model.pkl"
    path.write_bytes(attacks.honest()[key][2])
    loaded = Gate.for_folder(folder).load_pickle(path)
    if "array" in key:
        assert loaded.tolist() == [1.5]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "key",
    sorted(key for key, one in pairs.cases().items() if one.allowed and "lightgbm" not in key),
)
def test_the_vectors_of_pairs_load(folder, key):
    path = folder / "model.pkl"
    path.write_bytes(pairs.cases()[key].data)
    Gate.for_folder(folder).load_pickle(path)


def test_user_trust_lets_it_run(folder):
    path, marker = _write(folder, "os-system")
    Gate.for_folder(folder, trust=True).load_pickle(path)
    assert marker.exists()


def test_functions_cannot_be_allowed(folder):
    path, marker = _write(folder, "os-system")
    with pytest.raises((UntrustedModel, InvalidModel)):
        Gate.for_folder(folder, allow=["posix.system"]).load_pickle(path)
    assert not marker.exists()


class _Recorder(pickle.Unpickler):
    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.names = []

    def find_class(self, module, name):
        self.names.append((module, name))
        return lambda *_: None


def test_the_recorder_sees_what_the_scan_sees():
    data = ALL["memo-overwritten"].data
    recorder = _Recorder(data)
    recorder.load()
    assert [f"{module}.{name}" for module, name in recorder.names] == list(scan(data).names)
    assert os.name == "posix"
