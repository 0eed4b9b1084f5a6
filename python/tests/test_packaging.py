"""What is shipped works: wheels from the tree and from the sdist, and an editable install.

Each is installed with the base dependencies alone into an empty environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlmodel import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

PYTHON = Path(__file__).resolve().parents[1]
REPOSITORY = PYTHON.parent
PROJECT = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]

#: uv where there is one (the Makefile brings its own), else pip does the work, more slowly.
UV = shutil.which("uv") or shutil.which("uv", path=str(REPOSITORY / ".cache/tools/bin"))

#: What the base install brings: what it names, and what jsonschema names.
BASE = {"mlmodel", "pyyaml", "click", "jsonschema", "packaging"}
THEIRS = {"attrs", "jsonschema-specifications", "referencing", "rpds-py", "typing-extensions"}

VALID = """\
flavors:
  python_function:
    data: data.json
    loader_module: my_loader
    python_version: 3.11.7
utc_time_created: '2026-01-31 12:00:00.000000'
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}]'
  outputs: null
  params: null
"""
INVALID = VALID.replace('"double"', '"dubious"')


def _run(
    *command: object, cwd: Path = Path("/"), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command, in a neutral folder, so that nothing is imported from the tree."""
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PYTHONPATH": "", **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def _must(*command: object, **environment: str) -> str:
    done = _run(*command, **environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _build(source: Path, target: Path, kind: str) -> Path:
    """Build a wheel or an sdist with the build backend of this environment."""
    _must(sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "-o", target, source)
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(PYTHON, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build(PYTHON, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def wheel_of_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(unpacked, filter="data")
    (source,) = unpacked.iterdir()
    return _build(source, tmp_path_factory.mktemp("wheel-of-sdist"), "wheel")


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Path]:
    """Return what makes an environment and gives the path of its interpreter."""

    def make(*what: object, base: str = sys.executable) -> Path:
        folder = tmp_path_factory.mktemp("environment")
        python = folder / "bin" / "python"
        if UV:
            _must(UV, "venv", "-q", "--clear", "--python", base, folder)
            _must(UV, "pip", "install", "-q", "--python", python, *what)
        else:
            _must(base, "-m", "venv", folder)
            _must(python, "-m", "pip", "install", "-q", *what)
        return python

    return make


def _contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel. The lines of its record have no order that means anything."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    files[record] = b"".join(sorted(files[record].splitlines(keepends=True)))
    return files


@pytest.mark.slow
def test_both_wheels_are_the_same(wheel: Path, wheel_of_sdist: Path) -> None:
    assert _contents(wheel) == _contents(wheel_of_sdist)


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    source = PYTHON / "src"
    wanted = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    runner = REPOSITORY / "conformance" / "runner"
    wanted |= {
        f"mlmodel/_conformance/{path.name}"
        for path in runner.iterdir()
        if path.is_file() and path.name != "__init__.py"
    }
    wanted.add("mlmodel/_conformance/vectors.zip")
    proto = REPOSITORY / "proto"
    wanted |= {f"mlmodel/_proto/files/{path.relative_to(proto)}" for path in proto.rglob("*.proto")}
    java = REPOSITORY / "java-bridge"
    wanted |= {
        f"mlmodel/bridges/jvm/source/{path.relative_to(java)}"
        for path in (java / "pom.xml", *(java / "src" / "main").rglob("*.java"))
    }
    found = set(_contents(wheel))
    assert {name for name in found if ".dist-info/" not in name} == wanted
    assert {name.split("/", 1)[1] for name in found if ".dist-info/" in name} == {
        *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


@pytest.mark.slow
def test_the_sdist_builds_alone(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"} <= names
    assert all(name.startswith("src/mlmodel/") for name in names if "/" in name)


#: Run in the fresh environment; prints what it finds there.
INSPECT = r"""
import importlib.metadata, importlib.resources, json
package = importlib.resources.files("mlmodel")
schemas = package / "_schemas" / "v1"
distribution = importlib.metadata.distribution("mlmodel")
licenses = [f for f in distribution.files or () if f.name == "LICENSE"]
import mlmodel
print(json.dumps({
    "file": mlmodel.__file__,
    "schemas": sorted(str(p.relative_to(schemas)) for p in schemas.rglob("*.json")),
    "typed": (package / "py.typed").is_file(),
    "license": [f.locate().read_text().split("\n")[1].strip() for f in licenses],
    "descriptors": (package / "_proto" / "mlmodel_v1.py").stat().st_size,
    "installed": sorted(d.name.lower().replace("_", "-") for d in importlib.metadata.distributions()),
    "readme": bool(distribution.metadata.get_payload()),
}))
"""


def _check_base_install(python: Path, models: Path) -> None:
    found = json.loads(_must(python, "-c", INSPECT))
    schemas = REPOSITORY / "schemas" / "v1"
    assert found["schemas"] == sorted(str(p.relative_to(schemas)) for p in schemas.rglob("*.json"))
    assert found["typed"]
    assert found["license"] == ["Apache License"]
    assert found["descriptors"] > 1000
    installed = set(found["installed"]) - {"pip", "setuptools", "wheel"}
    assert BASE <= installed <= BASE | THEIRS
    command = python.parent / "mlmodel"
    assert _must(command, "--version").strip() == f"mlmodel {PROJECT['version']}"
    for name, text, status in (("valid", VALID, 0), ("invalid", INVALID, 1)):
        folder = models / name
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text(text)
        (folder / "data.json").write_text("{}")
        done = _run(command, "validate", "--format", "json", folder)
        assert done.returncode == status, done.stdout + done.stderr
        json.loads(done.stdout)
    assert "SIG-003" in done.stdout
    _check_conformance(command, models)
    missing = _run(command, "validate", models / "nowhere")
    assert missing.returncode == 2, missing.stdout + missing.stderr


#: A harness for a shell, which says what it is and then that it cannot do a thing.
CANNOT = """\
read line
echo '{"implementation": "sh", "version": "1", "language": "sh", "operations": ["locate"]}'
number=0
while read line; do
  number=$((number + 1))
  echo "{\\"id\\": $number, \\"skip\\": \\"not yet\\"}"
done
"""


def _check_conformance(command: Path, folder: Path) -> None:
    """The runner and every vector are there, and it needs nothing that the base install lacks."""
    files = (REPOSITORY / "conformance" / "vectors" / "v1").rglob("*.json")
    number = sum(len(json.loads(path.read_text())["cases"]) for path in files)
    listed = _must(command, "conformance", "list")
    assert sum(int(line.split()[1]) for line in listed.splitlines()) == number
    report = folder / "report.json"
    _must(command, "conformance", "run", "--profile", "locations", "--report", "json", "-o", report,
          "--", "sh", "-c", CANNOT)  # fmt: skip
    results = json.loads(report.read_text())["results"]
    assert {one["outcome"] for one in results} == {"skipped"}
    refused = _run(command, "conformance", "run", "--server", "grpc://127.0.0.1:9")
    assert "pip install 'mlmodel[grpc]'" in refused.stderr, refused.stderr
    page = _must(command, "conformance", "report", report)
    assert f"{len(results)} skipped" in page.replace("<b>", "").replace("</b>", "")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "wheel_of_sdist", "editable"])
def test_base_install(
    kind: str,
    request: pytest.FixtureRequest,
    environment: Callable[..., Path],
    tmp_path: Path,
) -> None:
    what = ["-e", PYTHON] if kind == "editable" else [request.getfixturevalue(kind)]
    _check_base_install(environment(*what), tmp_path)


def _interpreter(version: str) -> str | None:
    """Return an installed interpreter of another version, pyenv's included."""
    pyenv = shutil.which("pyenv")
    versions = _run(pyenv, "versions", "--bare").stdout.split() if pyenv else []
    for candidate in (shutil.which(f"python{version}"), UV):
        if candidate is None:
            continue
        command = (
            [candidate, "python", "find", "--no-python-downloads", version]
            if Path(candidate).name == "uv"
            else [candidate, "-c", "import sys; print(sys.executable)"]
        )
        found = _run(*command, PYENV_VERSION=":".join(versions))
        if found.returncode == 0:
            return found.stdout.strip()
    return None


CLASSIFIER = "Programming Language :: Python :: 3."
TESTED = [name.rsplit(" ", 1)[1] for name in PROJECT["classifiers"] if CLASSIFIER in name]


@pytest.mark.slow
@pytest.mark.parametrize("version", TESTED)
def test_base_install_on_every_version_we_name(
    version: str, wheel: Path, environment: Callable[..., Path], tmp_path: Path
) -> None:
    python = _interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    _check_base_install(environment(wheel, base=python), tmp_path)


def test_the_oldest_version_is_the_one_required() -> None:
    oldest = min(TESTED, key=lambda version: int(version.split(".")[1]))
    assert PROJECT["requires-python"] == f">={oldest}"


ROUND_TRIP = """
from mlmodel.signature.protobuf import from_bytes, to_bytes
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.nested import NestedType
from mlmodel.types import ColSpec, ParamSpec, Schema
nested = NestedType.from_dict({"type": "object", "properties": {"a": {"type": "long"}}, "x": [1]})
signature = ModelSignature(Schema([ColSpec("double", "a"), ColSpec(nested, "b")]), None,
                           (ParamSpec("p", "string", "x"),))
assert from_bytes(to_bytes(signature)) == signature
import google.protobuf
print(google.protobuf.__version__)
"""


@pytest.mark.slow
@pytest.mark.parametrize("protobuf", ["protobuf==5.26.0", "protobuf"])
def test_oldest_and_newest_protobuf(
    protobuf: str, wheel: Path, environment: Callable[..., Path]
) -> None:
    (wanted,) = [one for one in PROJECT["optional-dependencies"]["grpc"] if "protobuf" in one]
    assert wanted == "protobuf>=5.26"
    version = _must(environment(wheel, protobuf), "-c", ROUND_TRIP).strip()
    assert version.startswith("5.26." if "==" in protobuf else "7.")


PUBLISHED = "https://example.org/team/mlmodel"


@pytest.mark.slow
def test_what_is_published_names_its_repository(
    environment: Callable[..., Path], tmp_path: Path
) -> None:
    _must(sys.executable, "-m", "build", "--no-isolation", "-o", tmp_path, PYTHON,
          MLMODEL_REPOSITORY=f"{PUBLISHED}.git")  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    (metadata,) = (
        data.decode() for name, data in _contents(wheel).items() if name.endswith("/METADATA")
    )
    version = PROJECT["version"]
    assert f"Project-URL: Specification, {PUBLISHED}/blob/v{version}/spec" in metadata
    assert f"]({PUBLISHED}/raw/v{version}/docs/images/terminal.svg)" in metadata
    assert not re.findall(r"\]\((?!https://|#)[^)]*\)", metadata)
    command = environment(wheel).parent / "mlmodel"
    (rule,) = json.loads(_must(command, "rule", "ENF-049", "--format", "json"))
    assert rule["address"] == f"{PUBLISHED}/blob/v{version}/spec/enforcement.md#ENF-049"


def test_an_address_that_is_none_is_refused() -> None:
    done = _run(
        *(sys.executable, "-m", "hatchling", "metadata", "urls"),
        cwd=PYTHON, MLMODEL_REPOSITORY="git@example.org:team/mlmodel",
    )  # fmt: skip
    assert done.returncode
    assert "MLMODEL_REPOSITORY is 'git@example.org:team/mlmodel'" in done.stderr


def test_the_parts_in_other_languages_have_the_version_of_this_one() -> None:
    java = PYTHON.parent / "java-bridge"
    told = {
        java / "pom.xml": r"<artifactId>mlmodel-bridge</artifactId>\s*<version>(.+)</version>",
        java / "src/main/java/org/w3id/mlmodel/Version.java": r'OF_PROJECT = "(.+)"',
        PYTHON.parent / "r-bridge" / "DESCRIPTION": r"(?m)^Version: (.+)$",
    }
    for path, pattern in told.items():
        assert re.findall(pattern, path.read_text(encoding="utf-8")) == [__version__], path
