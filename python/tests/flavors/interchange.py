"""The interchange with MLflow: one function for each cell of its table, which fails where it is not so.

MLflow is asked in processes of its own (``mlflow_side.py``), one of each release, in which it saves a
flavor's specimen and reads the one that was saved here.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from interchange_table import RELEASES
from mlflow_side import METADATA, READ, READ_SINCE_1, answers, described
from peer_environment import peer_folder
from table_cells import Bench

import mlmodel
from mlmodel.flavors._compared import columns_of, largest_difference
from mlmodel.scoring.fidelity.answers import difference

if TYPE_CHECKING:
    from collections.abc import Callable

_TESTS = Path(__file__).resolve().parents[1]
#: However slow the machine, a process that has nothing to do has ended by then.
_PATIENCE = 200


class Peer:
    """A process of one release of MLflow, which is started when it is asked first, or has died."""

    def __init__(self, release: str, folder: Path) -> None:
        self.release, self._said = release, folder / f"{release}.txt"
        self._process: subprocess.Popen[str] | None = None

    def ask(self, name: str, folder: Path) -> dict[str, Any]:
        """Return what MLflow tells of a flavor's specimen, and of what was saved of it here."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([name, str(folder)]) + "\n")
        process.stdin.flush()
        answered = process.stdout.readline()
        assert answered, f"MLflow's process has ended: {self._said.read_text()[-4000:]}"
        return pickle.loads((folder / "told.pickle").read_bytes())

    def end(self) -> None:
        """Let the process end, with all that libraries have started in it."""
        if self._process is None:
            return
        try:
            self._process.communicate(timeout=_PATIENCE)
        finally:
            self._process.kill()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._started()
        return self._process

    def _started(self) -> subprocess.Popen[str]:
        path = [
            _TESTS,
            _TESTS / "fidelity",
            _TESTS.parent / "src",
            peer_folder(RELEASES[self.release]),
        ]
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)),
            "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1",
        }  # fmt: skip
        # A file and no pipe takes what libraries say, since nobody reads it meanwhile.
        with self._said.open("w") as said:
            return subprocess.Popen(
                [sys.executable, str(_TESTS / "flavors" / "mlflow_side.py")], stderr=said,
                cwd=self._said.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True, env=environment,
            )  # fmt: skip


class Exchange:
    """A flavor's specimen, saved here and by a release of MLflow, and what that tells of both."""

    def __init__(self, name: str, peer: Peer, folder: Path) -> None:
        self.bench, self.peer, self.folder = Bench(name, folder), peer, folder

    @cached_property
    def told(self) -> dict[str, Any]:
        """What MLflow tells of the folder that it writes, and of the one that is written here."""
        saved = self.folder / "saved"
        if not saved.exists():
            self.bench.save(saved, input_example=self.bench.example, metadata=METADATA)
        return self.peer.ask(self.bench.name, self.folder)

    @cached_property
    def answer_to_example(self) -> Any:
        """What the model itself answers to its example."""
        return self.bench.specimen.native(self.bench.model, self.bench.example)


def mlflow_writes(exchange: Exchange) -> None:
    """What MLflow saves is valid, read and answered here as MLflow does, and as the model."""
    assert exchange.told["writes"] is None, exchange.told["writes"]
    report = mlmodel.validate(exchange.folder / "theirs")
    assert report.valid, report.violations
    _require_one_reading(exchange, "theirs")
    release = exchange.peer.release
    if f"{release} reads" not in exchange.bench.specimen.not_exchanged:
        _require_one_answer(exchange, "theirs")


def mlflow_reads(exchange: Exchange) -> None:
    """What is saved here is read and answered by MLflow as here, and as the model."""
    _require_one_reading(exchange, "saved")
    _require_one_answer(exchange, "saved")


WAYS: dict[str, Callable[[Exchange], None]] = {"writes": mlflow_writes, "reads": mlflow_reads}


def _require_one_reading(exchange: Exchange, folder: str) -> None:
    """Require that both tell the same of a folder, by which the model answers here as itself."""
    theirs, path, bench = exchange.told[folder]["reads"], exchange.folder / folder, exchange.bench
    assert isinstance(theirs, dict), theirs
    ours = described(mlmodel, path)
    if exchange.peer.release == "1.x":
        ours["signature"], told = _as_of_1(ours["signature"]), READ_SINCE_1
        theirs["signature"] = _as_of_1(theirs["signature"])
    else:
        assert theirs["signature"].get("outputs"), "it has no signature"
        assert theirs["metadata"].items() >= METADATA.items()
        told = READ
    for part in told:
        assert part == "example" or theirs[part] == ours[part], (part, theirs[part], ours[part])
    if "example" in told:
        _require_one_example(theirs, ours)
    loaded = mlmodel.load(path, trust=True)
    bench.require_equal(loaded.predict(bench.rows))
    answer = loaded.predict(ours["example"], ours["parameters"])
    bench.require_equal(answer, exchange.answer_to_example)


def _require_one_answer(exchange: Exchange, folder: str) -> None:
    """Require that MLflow answers by a folder in every way as is answered here, and as the model."""
    theirs, bench = exchange.told[folder]["answers"], exchange.bench
    assert isinstance(theirs, dict), theirs
    ours = answers(mlmodel, bench.name, exchange.folder / folder)
    assert theirs.get("class") == ours.get("class")
    for way in sorted({"python_function", "native"} & theirs.keys()):
        if not bench.specimen.tolerance:
            assert largest_difference(columns_of(theirs[way]), columns_of(ours[way])) == 0, way
        bench.require_equal(theirs[way])
        bench.require_equal(ours[way])
    assert exchange.peer.release == "1.x" or "served" in theirs
    if "served" in theirs:
        bench.require_equal(theirs["served"], exchange.answer_to_example)


def _as_of_1(signature: dict[str, Any]) -> dict[str, Any]:
    """Return a signature as MLflow 1 tells it: without what it had not yet, if that says nothing."""
    return {
        part: [
            {"required": True}
            | {key: str(held) if key == "name" else held for key, held in spec.items()}
            for spec in specs
        ]
        for part, specs in signature.items()
        if specs is not None
    }


def _require_one_example(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Require equal examples, of which MLflow keeps the names where none is declared (ENF-008)."""
    own, given = ours["example"], theirs["example"]
    assert type(given) is type(own)
    if isinstance(own, pd.DataFrame):
        if not all("name" in one for one in ours["signature"]["inputs"]):
            given = given.set_axis(own.columns, axis=1)
        pd.testing.assert_frame_equal(given, own)
    else:
        assert difference(given, own) is None, (given, own)
        assert getattr(given, "dtype", None) == getattr(own, "dtype", None)
