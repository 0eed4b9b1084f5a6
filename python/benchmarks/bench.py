"""What one run of the benchmark shares: folders, environments, models, settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from environments import environment_of
from pairing import FLOOR, MLFLOW, OURS, CannotMeasure, Sample, say

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
#: Variables of the environment that every process gets.
_HANDED_ON = ("HOME", "LANG", "TMPDIR", "JAVA_HOME")
_SAVERS = {OURS: "models_mlmodel.py", MLFLOW: "models_mlflow.py"}


@dataclass
class Bench:
    """One run: ``work`` is a temporary folder, ``quick`` trades precision for time.

    ``root`` is the checkout that is measured. ``before`` is the run of another one, an earlier
    state of ours, which stands in MLflow's place: whatever is asked of that side is asked of it.
    """

    work: Path
    quick: bool = False
    root: Path = ROOT
    before: Bench | None = None
    _mlflow: Path | CannotMeasure | None = None
    _models: dict[str, Path | CannotMeasure] = field(default_factory=dict)

    @property
    def big(self) -> int:
        """Rows of the big frames."""
        return 100_000 if self.quick else 1_000_000

    @property
    def many(self) -> int:
        """Rows of what is scored by Spark."""
        return 200_000 if self.quick else 10_000_000

    @property
    def burst(self) -> float:
        """Seconds of one burst of load."""
        return 1.0 if self.quick else 3.0

    def python(self, side: str) -> str:
        """Return the interpreter of a side; the floor runs in ours.

        Raises:
            CannotMeasure: MLflow's environment could not be made.

        """
        if side != MLFLOW:
            return sys.executable if self.root == ROOT else str(self.root / ".venv/bin/python")
        if self.before is not None:
            return self.before.python(OURS)
        if self._mlflow is None:
            try:
                self._mlflow = environment_of("mlflow")
            except CannotMeasure as error:
                self._mlflow = error
        if isinstance(self._mlflow, CannotMeasure):
            raise self._mlflow
        return str(self._mlflow)

    def require_own_package(self) -> None:
        """Raise where the interpreter imports another checkout's package than this one's.

        Raises:
            CannotMeasure: it does; the figures would be the other's.

        """
        code = "import mlmodel; print(mlmodel.__file__)"
        found = self.run(OURS, [self.python(OURS), "-c", code]).strip()
        if not Path(found).is_relative_to(self.root):
            raise CannotMeasure(
                f"{self.python(OURS)} imports {found}, not what is in {self.root}; `make env` "
                "there makes an environment of its own"
            )

    def command(self, side: str) -> list[str]:
        """Return the beginning of a side's command line: ``mlmodel`` or ``mlflow``."""
        name = OURS if self.before is not None else side
        return [str(Path(self.python(side)).parent / name)]

    def script(self, name: str) -> str:
        """Return the path of a script of the benchmark, in the checkout that is measured."""
        return str(self.root / "python" / "benchmarks" / name)

    def environ(self, side: str) -> dict[str, str]:
        """Return the environment variables of a side's processes."""
        folder = str(Path(self.python(side)).parent)
        return {
            **{
                key: os.environ[key]
                for key in ("HOME", "LANG", "TMPDIR", "JAVA_HOME")
                if key in os.environ
            },
            # `mlflow models serve` calls uvicorn by name: its folder must come first.
            "PATH": folder + os.pathsep + os.environ.get("PATH", os.defpath),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MLMODEL_TRUST_STORE": str(self.work / "trust"),
            "MLFLOW_TRACKING_URI": f"sqlite:///{self.work / 'mlflow.db'}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }

    def models(self, side: str) -> Path:
        """Return the folder with a side's models (saved by itself); the floor uses ours.

        Raises:
            CannotMeasure: the side could not save them.

        """
        if side == MLFLOW and self.before is not None:
            return self.before.models(OURS)
        side = OURS if side == FLOOR else side
        if side not in self._models:
            self._models[side] = self._save(side)
        saved = self._models[side]
        if isinstance(saved, CannotMeasure):
            raise saved
        return saved

    def _save(self, side: str) -> Path | CannotMeasure:
        say(f"saving the models of {side}")
        folder = self.work / f"models-{side}{'' if self.root == ROOT else '-before'}"
        try:
            self.run(side, [self.python(side), self.script(_SAVERS[side]), str(folder)])
        except CannotMeasure as error:
            return error
        return folder

    def run(self, side: str, command: list[str], **variables: str) -> str:
        """Run a command of a side to its end and return its output.

        ``variables`` are environment variables that it gets beside those of its side.

        Raises:
            CannotMeasure: it failed; the last line that it wrote says why.

        """
        done = subprocess.run(
            command,
            env={**self.environ(side), **variables},
            cwd=self.work,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotMeasure(
                f"exit code {done.returncode}: {last_words(done.stderr.strip() or done.stdout)}"
            )
        return done.stdout

    def sample(self, side: str, command: list[str], **variables: str) -> Sample:
        """Return what a script has measured: the last line that it prints, as JSON.

        Raises:
            CannotMeasure: it failed; the last line that it wrote says why.

        """
        found: Sample = json.loads(self.run(side, command, **variables).splitlines()[-1])
        return found


def last_words(output: str) -> str:
    """Return the end of what a failed process wrote, on one line."""
    lines = output.strip().splitlines()[-2:]
    return " / ".join(line.strip() for line in lines) or "no message"
