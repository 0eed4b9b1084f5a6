"""A real cluster of two workers on this machine: Spark 4, and Spark 3.5 in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from peer_environment import EnvironmentFailed, peer_python

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.slow]

_HERE = Path(__file__).resolve().parent
_SOURCE = _HERE.parents[1] / "src"
#: The result types that the edition names, and those that are ours alone but for structs.
_TYPES = [
    *(_ONE := ("int", "long", "float", "double", "string", "boolean")),
    *(f"array<{one}>" for one in _ONE),
]
#: However slow the machine, a job of a few rows is done by then.
_PATIENCE = 500
_START = """
import os, sys
from pathlib import Path
import pyspark
home = Path(pyspark.__file__).parent
os.environ["SPARK_HOME"] = str(home)
os.execv(str(home / "bin" / "spark-class"), ["spark-class", *sys.argv[1:]])
"""


def _python(version: str) -> Path:
    if version == "4":
        return Path(sys.executable)
    try:
        return peer_python("spark35")
    except EnvironmentFailed as error:
        pytest.skip(str(error))


class _Cluster:
    """A master and its workers, each a process that is ended with the test."""

    def __init__(self, python: Path, work: Path, stack: ExitStack) -> None:
        self._python, self._work, self._stack = python, work, stack
        self.environment = {
            **os.environ, "PYSPARK_PYTHON": str(python), "PYTHONPATH": str(_SOURCE),
            "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOG_DIR": str(work), "OMP_NUM_THREADS": "1",
            "SPARK_DAEMON_MEMORY": "256m", "MLMODEL_INFER_REQUIREMENTS": "false",
        }  # fmt: skip

    def start(self, name: str, *arguments: str) -> Path:
        """Start one of Spark's own processes, and return the file that it writes to."""
        log = self._work / f"{name}.log"
        process = subprocess.Popen(
            [str(self._python), "-c", _START, *arguments], cwd=self._work, env=self.environment,
            stdout=log.open("w"), stderr=subprocess.STDOUT,
        )  # fmt: skip

        def end() -> None:
            process.terminate()
            process.wait(60)

        self._stack.callback(end)
        return log


@pytest.mark.xdist_group("cluster")  # apart from other tests of Spark, and one after the other
@pytest.mark.parametrize("version", ["4", "3.5"])
def test_a_cluster_of_two_workers(
    version: str, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """UDF-002, UDF-003, UDF-010 to UDF-017, UDF-021, SPK-010.

    Each executor has the folder, each process loads it once, whatever types it answers with.
    """
    python = _python(version)
    with ExitStack() as stack:
        cluster = _Cluster(python, tmp_path, stack)
        common = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        master = cluster.start("master", "org.apache.spark.deploy.master.Master", *common)
        wait_for(lambda: "Starting Spark master at" in master.read_text())
        address = master.read_text().partition("Starting Spark master at ")[2].split()[0]
        for number in (1, 2):
            worker = ("org.apache.spark.deploy.worker.Worker", *common, "--cores", "1")
            folder = str(tmp_path / f"worker-{number}")
            cluster.start(
                f"worker-{number}", *worker, "--memory", "1g", "--work-dir", folder, address
            )
        wait_for(lambda: master.read_text().count("Registering worker") == 2)
        (tmp_path / "job").mkdir()
        done = subprocess.run(
            [str(python), str(_HERE / "cluster_job.py"), address, str(tmp_path / "job")],
            cwd=tmp_path, env=cluster.environment, capture_output=True, text=True, check=False,
            timeout=_PATIENCE,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["version"].startswith(version)
    assert told["linear"]
    assert told["frames"]
    assert set(_TYPES) <= set(told["types"])
    assert {kind: what for kind, what in told["types"].items() if what is not None} == {}
    assert told["pipeline"]
    assert told["loaded on the driver"] == 1
    # Each of the executors' processes noted each of its loads, and the folder of it.
    assert all(len(loads) == 1 for loads in told["loads"].values()), told["loads"]
    folders = {loads[0] for loads in told["loads"].values()}
    assert len(folders) == 2
    assert all(str(tmp_path / "worker-") in folder for folder in folders)
