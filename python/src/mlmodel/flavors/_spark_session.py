"""The Spark that runs a model: the program's own session, else a local one made on demand."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.errors import MissingDependency
from mlmodel.flavors._failures import brief

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["moved", "place_for", "session_for"]

#: Where a cluster's folders go that every machine must reach; MLflow's name of the variable.
_SHARED = "MLFLOW_DFS_TMP"
#: The first Spark that fails where it answered with nothing before (ANSI SQL).
_ANSI_SINCE = 4

_SETTINGS = {
    "spark.app.name": "mlmodel",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # One row is a task for each partition otherwise.
    "spark.sql.shuffle.partitions": "1",
    "spark.default.parallelism": "1",
    # Moments without a zone are UTC in the format (ENF-051).
    "spark.sql.session.timeZone": "UTC",
}
#: The session that was made here, for as long as its context lives.
_made: list[Any] = []


def session_for(recorded: str | None = None) -> Any:
    """Return the session of the program, as it is, or one of our own.

    Args:
        recorded: the version of Spark that saved the model, where it says so: our own session has
            the settings of its time (SPK-010).

    Raises:
        MissingDependency: Spark cannot be started.

    """
    from pyspark.sql import SparkSession

    active = SparkSession.getActiveSession() or getattr(SparkSession, "_instantiatedSession", None)
    if active is None or (_made and active.sparkContext is _made[0].sparkContext):
        active = _own_session()
        major = (recorded or "").partition(".")[0]
        if major.isdecimal() and int(major) < _ANSI_SINCE:
            active = active.newSession()
            active.conf.set("spark.sql.ansi.enabled", "false")
    return active


def _own_session() -> Any:
    if _made and _made[0].sparkContext._jsc is not None:  # noqa: SLF001 - Spark has no other way
        return _made[0]
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]")
    for key, value in _SETTINGS.items():
        builder = builder.config(key, value)
    try:
        with _this_python():
            _made[:] = [builder.getOrCreate()]
    except Exception as error:
        raise MissingDependency(
            f"Spark could not be started: {brief(error)}. It needs Java 17 (JAVA_HOME), and to "
            "start a program, which the sandbox of predict and serve does not allow: trust the "
            "folder (mlmodel trust add), or run it without (--sandbox off) (SPK-010)"
        ) from error
    return _made[0]


@contextmanager
def _this_python() -> Iterator[None]:
    """Have Spark's workers run the Python of this process, unless the user named another."""
    name = "PYSPARK_PYTHON"
    if name in os.environ:
        yield
        return
    os.environ[name] = sys.executable
    try:
        yield
    finally:
        os.environ.pop(name, None)


def place_for(session: Any, tmpdir: str | None = None) -> str | None:
    """Return a new path that every machine of a cluster reaches; None where there is but one."""
    if str(session.sparkContext.master).startswith("local"):
        return None
    shared = tmpdir or os.environ.get(_SHARED) or "/tmp/mlmodel"  # noqa: S108 - as MLflow's is
    return f"{shared.rstrip('/')}/{Path(tempfile.mktemp()).name}"  # noqa: S306 - a name, elsewhere


def moved(session: Any, source: str, target: str, *, back: bool = False) -> None:
    """Move a folder to where the cluster reaches it; ``back``, from there to this machine."""
    jvm, context = session._jvm, session._jsc  # noqa: SLF001 - Hadoop has no Python of its own
    paths = jvm.org.apache.hadoop.fs
    there = paths.Path(source if back else target)
    system = there.getFileSystem(context.hadoopConfiguration())
    here = paths.Path(f"file://{target if back else source}")
    goes, overwritten = True, True
    if back:
        system.copyToLocalFile(goes, there, here)
    else:
        system.copyFromLocalFile(not goes, overwritten, here, there)
