"""The protocol buffers in other hands: linted, compiled for Go and Java."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import foreign_tools
from mlmodel.document import protobuf

REPOSITORY = Path(__file__).resolve().parents[3]
PROTO = REPOSITORY / "proto"
PAGE = "proto/README.md"
BASE = (REPOSITORY / "schemas" / "base.txt").read_text().strip().removeprefix("https://")
MODULE = f"{BASE}/go"
OURS = sorted([*PROTO.glob("mlmodel/v1/*.proto"), *PROTO.glob("inference/*.proto")])
SERVICES = [path for path in OURS if "\nservice " in path.read_text()]
MODEL = {
    "flavors": {"sklearn": {"pickled_model": "model.pkl"}, "mine": {"a": [1, None]}},
    "signature": {
        "inputs": '[{"type": "double", "name": "a", "required": true}, '
        '{"type": "string", "name": "b", "required": false}]',
        "outputs": None,
        "params": None,
    },
}
READ = "flavor sklearn\nflavor mine\ninput a SCALAR_DOUBLE\ninput b SCALAR_STRING\n"


def _protoc(*arguments: object) -> None:
    foreign_tools.run(sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *arguments)


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "model.binpb"
    path.write_bytes(protobuf.to_bytes(MODEL))
    return path


def test_the_files_compile_by_themselves(tmp_path: Path) -> None:
    """As they stand in a wheel, too: ``test_packaging`` holds that all of them do."""
    _protoc(f"-o{tmp_path / 'set'}", *(path.relative_to(PROTO) for path in PROTO.rglob("*.proto")))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_packages_stand_below_the_address(path: Path) -> None:
    options = dict(re.findall(r'^option (\w+) = "?([^";]+)', path.read_text(), re.MULTILINE))
    assert options["go_package"].startswith(f"{MODULE}/")
    assert options["java_package"].startswith("org.w3id.mlmodel.")
    assert options["java_multiple_files"] == "true"


def test_the_page_names_every_file() -> None:
    page = (REPOSITORY / PAGE).read_text()
    for path in OURS:
        assert f"`{path.relative_to(PROTO)}`" in page


@pytest.mark.slow
def test_buf_has_nothing_to_say(tmp_path: Path) -> None:
    buf = foreign_tools.node_modules() / ".bin" / "buf"
    foreign_tools.run(buf, "lint", cwd=PROTO)
    foreign_tools.run(buf, "format", "--diff", "--exit-code", cwd=PROTO)
    copy = tmp_path / "proto"
    shutil.copytree(PROTO, copy)
    wrong = copy / "mlmodel" / "v1" / "value.proto"
    wrong.write_text(wrong.read_text().replace("FORM_LIST", "LIST"))
    done = subprocess.run([buf, "lint"], cwd=copy, capture_output=True, text=True, check=False)
    assert 'Enum value name "LIST" should be prefixed with "FORM_"' in done.stdout


@pytest.mark.slow
def test_go(tmp_path: Path, message: Path) -> None:
    go = foreign_tools.needed("go")
    foreign_tools.go_module(tmp_path)
    tools = {"go": "google.golang.org/protobuf/cmd/protoc-gen-go",
             "go-grpc": "google.golang.org/grpc/cmd/protoc-gen-go-grpc"}  # fmt: skip
    foreign_tools.run(go, "build", "-o", f"{tmp_path}/", *tools.values(), cwd=tmp_path)
    for kind in tools:
        (tmp_path / kind).mkdir()
        plugin = f"--plugin={tmp_path / f'protoc-gen-{kind}'}"
        out = f"--{kind}_out={tmp_path / kind}"
        _protoc(plugin, out, f"--{kind}_opt=module={MODULE}", *OURS)
    # Services would need all of gRPC to be compiled; that they are Go is said by their formatter.
    services = sorted((tmp_path / "go-grpc").rglob("*.go"))
    assert len(services) == len(SERVICES)
    assert foreign_tools.run(foreign_tools.needed("gofmt"), "-l", "-e", *services) == ""
    _use_in_module(go, tmp_path, tmp_path / "go")
    (tmp_path / "read.go").write_text(foreign_tools.program(PAGE, "read.go"))
    assert foreign_tools.run(go, "run", "read.go", message, cwd=tmp_path) == READ


def _use_in_module(go: str, folder: Path, made: Path) -> None:
    """Make a module of generated code, as the page says, and use it in another."""
    lock = (folder / "go.mod").read_text()
    (made / "go.mod").write_text(lock.replace("module tests", f"module {MODULE}"))
    shutil.copy(folder / "go.sum", made)
    foreign_tools.run(go, "build", "./...", cwd=made)
    edits = (f"-replace={MODULE}={made}", f"-require={MODULE}@v0.0.0")
    foreign_tools.run(go, "mod", "edit", *edits, cwd=folder)


@pytest.mark.slow
def test_java(tmp_path: Path, message: Path) -> None:
    classpath = foreign_tools.java_classpath()
    made = tmp_path / "gen"
    made.mkdir()
    foreign_tools.run(foreign_tools.java_protoc(), f"-I{PROTO}", f"--java_out={made}", *OURS)
    classes = tmp_path / "classes"
    foreign_tools.run(
        foreign_tools.needed("javac"), "-nowarn", "-cp", classpath, "-d", classes,
        *made.rglob("*.java"),
    )  # fmt: skip
    assert (classes / "org" / "w3id" / "mlmodel" / "inference").is_dir()
    command = foreign_tools.java_program(PAGE, "Read.java", tmp_path, f"{classpath}:{classes}")
    assert foreign_tools.run(*command, message) == READ
