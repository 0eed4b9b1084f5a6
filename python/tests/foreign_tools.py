"""Node, Go and Java for tests of what they read of ours: programs of pages, their libraries cached.

Versions are locked in ``foreign/``. A tool that is not on this machine skips the test; libraries that
cannot be had fail it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from peer_environment import CACHE, ROOT, EnvironmentFailed, made_once, make_environment

if TYPE_CHECKING:
    from collections.abc import Container

LOCKS = Path(__file__).parent / "foreign"
CHECK_JSONSCHEMA = "0.39.0"


def program(page: str, name: str) -> str:
    """Return the block of a page that says it is this file: ```` ```go validate.go ````."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def run(
    *command: object, cwd: Path | None = None, expect: Container[int] = (0,), **variables: str
) -> str:
    """Return what a command prints; an exit that is not expected shows what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=280,
        env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode in expect, f"{command[:3]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def needed(tool: str) -> str:
    """Return the path of a tool, or skip the test."""
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not on PATH")
    return found


def node_modules() -> Path:
    """Return the folder ``node_modules`` with what ``package-lock.json`` names."""
    npm, locks = needed("npm"), ("package.json", "package-lock.json")

    def make(folder: Path) -> None:
        folder.mkdir()
        for name in locks:
            shutil.copy(LOCKS / name, folder)
        run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)

    return made_once(_kept("node", *locks), make, "node_modules")


def node_program(page: str, name: str, folder: Path) -> list[str]:
    """Return the command that runs a program of a page in Node."""
    node = needed("node")
    (folder / "node_modules").symlink_to(node_modules())
    (folder / name).write_text(program(page, name))
    return [node, str(folder / name)]


def go_program(page: str, name: str, folder: Path) -> list[str]:
    """Return the command that runs a program of a page, built by Go."""
    go = needed("go")
    go_module(folder)
    (folder / name).write_text(program(page, name))
    run(go, "vet", name, cwd=folder)
    run(go, "build", "-o", "program", name, cwd=folder)
    return [str(folder / "program")]


def go_module(folder: Path) -> None:
    """Make a module that has what ``go.mod`` names."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(LOCKS / name, folder)


def java_program(page: str, name: str, folder: Path, classpath: str = "") -> list[str]:
    """Return the command that runs a program of a page, compiled by Java."""
    classpath = f"{classpath or java_classpath()}:{folder}"
    (folder / name).write_text(program(page, name))
    run(needed("javac"), "-Xlint:all,-processing", "-Werror", "-cp", classpath, folder / name)
    return [needed("java"), "-cp", classpath, name.removesuffix(".java")]


def java_classpath() -> str:
    """Return the class path of what ``pom.xml`` names."""
    maven = needed("mvn")

    def make(folder: Path) -> None:
        folder.mkdir()
        run(maven, "-q", "-B", "-f", LOCKS / "pom.xml", "dependency:build-classpath",
            f"-Dmdep.outputFile={folder / 'classpath'}")  # fmt: skip

    return made_once(_kept("java", "pom.xml"), make, "classpath").read_text()


def java_protoc() -> Path:
    """Return the compiler of protocol buffers, which has Java in it, as Maven brings it."""
    maven = needed("mvn")
    machine = {"x86_64": "x86_64", "aarch64": "aarch_64"}.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        pytest.skip(f"no compiler is named here for {platform.system()} on {platform.machine()}")
    (version,) = re.findall(
        r"<artifactId>protobuf-java</artifactId>\s*<version>(.+)</version>",
        (LOCKS / "pom.xml").read_text(),
    )
    name = f"protoc-{version}-linux-{machine}.exe"

    def make(folder: Path) -> None:
        run(maven, "-q", "-B", "dependency:copy", f"-DoutputDirectory={folder}",
            f"-Dartifact=com.google.protobuf:protoc:{version}:exe:linux-{machine}")  # fmt: skip
        (folder / name).chmod(0o755)

    return made_once(CACHE / f"protoc-{version}", make, name)


def check_jsonschema() -> Path:
    """Return the program check-jsonschema, in an environment of its own."""
    name = "check-jsonschema"
    make = partial(make_environment, arguments=[f"{name}=={CHECK_JSONSCHEMA}"])
    try:
        return made_once(CACHE / f"{name}-{CHECK_JSONSCHEMA}", make, f"bin/{name}")
    except EnvironmentFailed as error:
        if "neither in" in str(error):
            pytest.skip(str(error))
        raise


def _kept(name: str, *locks: str) -> Path:
    digest = hashlib.sha256(b"".join((LOCKS / lock).read_bytes() for lock in locks)).hexdigest()
    return CACHE / f"{name}-{digest[:12]}"
