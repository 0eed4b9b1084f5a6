"""The jars of the bridge: built by Maven once, from the sources here, and kept by their digest."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlmodel._base.user_folders import of_user, written_by_others
from mlmodel._base.version import __version__
from mlmodel.errors import MissingDependency, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["class_path", "command", "java", "java_version", "place", "setup", "source", "version"]

#: Where the jars are kept, by the digest of the sources, in the place of the user's cache folder.
_FOLDER = "MLMODEL_JAVA_BRIDGE"
_HERE = Path(__file__).resolve().parent
#: The JSON Schemas, which stand in the jar.
_SCHEMAS = _HERE.parents[1] / "_schemas" / "v1"
_JAR = "mlmodel-bridge.jar"
_SETUP = "mlmodel java setup"
#: More options of Java, such as the size of its heap, as on its command line.
_OPTIONS = "MLMODEL_JAVA_OPTIONS"
_MAIN = "org.w3id.mlmodel.bridge.Main"


def java() -> str:
    """Return the command that starts Java: that of JAVA_HOME, else the one on the path.

    Raises:
        MissingDependency: there is none.

    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home, "bin", "java"))) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "java is not on PATH"
        raise MissingDependency(f"There is no Java: {where}. Install Java 17 or later (MLP-010)")
    return found


def java_version() -> str | None:
    """Return the version of Java, as its own folder says; None where there is none."""
    with contextlib.suppress(MissingDependency, OSError):
        release = Path(java()).resolve().parent.parent / "release"
        found = re.search(r'^JAVA_VERSION="(\d+(?:\.\d+)*)', release.read_text(), re.MULTILINE)
        return found[1] if found else None
    return None


def version() -> str | None:
    """Return the version of the jars that are here; None where they are not."""
    with contextlib.suppress(MissingDependency):
        return __version__ if class_path() else None
    return None


def source() -> Path:
    """Return the Maven module: the one of the repository, or the copy that a wheel has."""
    packed = _HERE / "source"
    return packed if packed.is_dir() else _HERE.parents[4] / "java-bridge"


@cache
def _digest() -> str:
    module = source()
    hashed = hashlib.sha256()
    sources = sorted([module / "pom.xml", *(module / "src" / "main").rglob("*.*")])
    for root, paths in ((module, sources), (_SCHEMAS, sorted(_SCHEMAS.rglob("*.json")))):
        for path in paths:
            if path.is_file():
                hashed.update(f"{path.relative_to(root).as_posix()}\n".encode())
                hashed.update(path.read_bytes())
    return hashed.hexdigest()[:12]


def place() -> Path:
    """Return the folder of the jars that these sources make, whether it is there or not.

    Raises:
        MissingDependency: the user has no home, and names no folder.

    """
    named = os.environ.get(_FOLDER)
    root = Path(named) if named else of_user("XDG_CACHE_HOME", ".cache")
    if root is None:
        raise MissingDependency(f"There is no home folder to keep jars in; name one in {_FOLDER}")
    return root / f"java-{_digest()}"


def class_path() -> str:
    """Return the class path of the bridge.

    Raises:
        MissingDependency: it was not set up, or others could put their own jars there.

    """
    folder = place().resolve()
    if not (folder / _JAR).is_file():
        raise MissingDependency(
            f"The jars that run it are not here ({folder}); get them with: {_SETUP} (MLP-010)"
        )
    found = written_by_others(folder)
    if found is not None:
        raise MissingDependency(
            f"{found} may be written by other users, and Java would run what is in it; take "
            f"that away ({_remedy(found, folder)}), or name another place in {_FOLDER} and run: "
            f"{_SETUP} (MLP-010)"
        )
    return f"{folder / _JAR}{os.pathsep}{folder / 'lib' / '*'}"


def _remedy(found: Path, folder: Path) -> str:
    """Return the command for a folder above the jars alone, or for all that is in theirs."""
    if found in folder.parents:
        return shlex.join(["chmod", "go-w", str(found)])
    return shlex.join(["chmod", "-R", "go-w", str(folder)])


def command(*arguments: str, defaults: Iterable[str] = ()) -> list[str]:
    """Return the command line of what is in the jars, with the options that the user has set.

    Args:
        *arguments: what to do, as ``validate`` and models.
        defaults: options of Java that the user's go before.

    Raises:
        MissingDependency: there is no Java, or the jars are not here.

    """
    options = shlex.split(os.environ.get(_OPTIONS, ""))
    return [java(), *defaults, *options, "-cp", class_path(), _MAIN, *arguments]


def setup() -> Path:
    """Build the jars with Maven, unless they are there, and return their folder.

    Raises:
        MissingDependency: Maven or a Java compiler is not there, or what it needs cannot be had.
        WriteFailed: the folder cannot be written.

    """
    folder = place()
    if (folder / _JAR).is_file():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingDependency(
            f"{_SETUP} needs Maven (mvn on PATH) and a JDK of Java 17 or later (MLP-010)"
        )
    try:
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".java-", dir=folder.parent) as work:
            made = _built(maven, Path(work))
            try:
                made.rename(folder)
            except OSError:
                if not (folder / _JAR).is_file():  # nobody else was faster
                    raise
    except OSError as error:
        raise WriteFailed(f"The jars cannot be kept in {folder}: {error.strerror}") from error
    return folder


def _built(maven: str, work: Path) -> Path:
    module = work / "module"
    shutil.copytree(source(), module, ignore=shutil.ignore_patterns("target", "test"))
    done = subprocess.run(  # noqa: S603 - the user's own Maven, and arguments of ours
        [
            maven, "--quiet", "--batch-mode", "-Dmaven.test.skip=true",
            f"-Dmlmodel.schemas={_SCHEMAS}", "package",
        ],
        cwd=module, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if "ERROR" in line] or [done.stderr]
        raise MissingDependency(
            f"Maven could not build the bridge: {said[0].strip()} (MLP-010). It needs a JDK of "
            "Java 17 or later, and to reach the repository of its settings"
        )
    made = module / "target"
    kept = work / "kept"
    kept.mkdir()
    (made / _JAR).rename(kept / _JAR)
    (made / "lib").rename(kept / "lib")
    _make_private(kept)
    return kept


def _make_private(root: Path) -> None:
    """Let nobody else write what is in a folder, whatever the umask has let them."""
    for path in (root, *root.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o022)
