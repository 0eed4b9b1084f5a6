"""Fixtures for all tests: the data of real users, where this machine has them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from mlmodel._base.user_folders import may_be_written_by_others

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# No test says how long anything takes; these machines are too uneven for it.
settings.register_profile("mlmodel", deadline=None)
settings.load_profile("mlmodel")

_REPOSITORY = Path(__file__).resolve().parents[2]


#: A test's id stands in the environment of every process that it starts.
LONGEST_ID = 200


def pytest_make_parametrize_id(val: object) -> str | None:
    """Call a long text by its beginning and its length; tests of one id get a number each."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{val[:40]!a}… of {len(val)}"
    return None


def pytest_sessionstart() -> None:
    """Import torch's compiler before TensorFlow: the other way round LLVM ends the process."""
    if find_spec("tensorflow") is not None and find_spec("triton") is not None:
        importlib.import_module("triton")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out tests whose libraries are not installed; those of one library go to one process.

    ``make flavors`` runs them in the environment of all libraries, some of which take many seconds
    to be imported.
    """
    for item in items:
        for mark in item.iter_markers("libraries"):
            absent = [name for name in mark.args if find_spec(name) is None]
            why = f"{', '.join(absent)} not installed; `make flavors` has every library"
            item.add_marker(pytest.mark.skipif(bool(absent), reason=why))
            item.add_marker(pytest.mark.xdist_group(mark.args[0]))


@pytest.fixture(scope="session", autouse=True)
def _own_trust_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, nor a process that it starts, touches the user's own trust store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLMODEL_TRUST_STORE", str(tmp_path_factory.mktemp("trust") / "store"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _javas_of_spark_are_short_lived() -> Iterator[None]:
    """Spark's processes here end soon: what Java's first compiler makes of their code is enough."""
    quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SPARK_SUBMIT_OPTS", "SPARK_DAEMON_JAVA_OPTS"):
            patch.setenv(name, f"{quick} {os.environ.get(name, '')}")
        yield


@pytest.fixture(scope="session", autouse=True)
def _jars_of_the_repository() -> Iterator[None]:
    """Keep the jars of the JVM's bridge beside what else is made once for all tests.

    Where others may write above the repository, jars are refused there (MLP-010).
    """
    place = _REPOSITORY / ".cache"
    if any(map(may_be_written_by_others, place.parents)):
        place = Path(tempfile.gettempdir(), f"mlmodel-jars-of-{os.getuid()}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLMODEL_JAVA_BRIDGE", str(place))
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test, nor a process that it starts, touches the user's own cache of downloads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLMODEL_CACHE", str(tmp_path_factory.mktemp("cache") / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_inference() -> Iterator[None]:
    """Saving starts no process to see what a model imports, but in the tests of just that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLMODEL_INFER_REQUIREMENTS", "false")
        yield


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """Return what waits until a condition holds, and fails the test if it never does.

    The bound is there for what will never happen; however slow the machine, the rest comes in time.
    """

    def wait(condition: Callable[[], object], seconds: float = 100) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"it has not happened in {seconds:g} seconds"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def processes_with() -> Callable[[str], list[int]]:
    """Return what finds the processes that have a text in what they were started with."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("this system has no /proc to count processes in")

    def found(text: str) -> list[int]:
        numbers = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if text.encode() in file.read_bytes():
                    numbers.append(int(file.parent.name))
        return numbers

    return found


@pytest.fixture(scope="session")
def digest_of() -> Callable[[Path], str]:
    """Return what makes the digest of a folder, by the words of the specification (TRU-030)."""

    def digest(folder: Path) -> str:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        lines = [
            f"{hashlib.sha256(files[name]).hexdigest()} {len(files[name])} {name}\n"
            for name in sorted(files, key=str.encode)
        ]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    return digest


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
