"""What is generated is current, and the generator notices when it is not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = Path(__file__).resolve().parents[1]
PYPROJECT = """\
[project.optional-dependencies]
predict = ["numpy>=1.26"]
# <flavors>
old = ["mlmodel[predict]"]
# </flavors>

[project.scripts]
"""


@pytest.fixture(scope="module")
def generate() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("generate", PYTHON / "tools" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_would_change(generate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    status = generate.main(["--check"])
    assert status == 0, capsys.readouterr().out


def test_flavor_extras_come_from_the_modules(generate: Any) -> None:
    extras = {"lgb": ("mlmodel[predict]", "lightgbm>=3"), "xgb": ("mlmodel[predict]",)}
    assert generate.pyproject(PYPROJECT, extras) == PYPROJECT.replace(
        'old = ["mlmodel[predict]"]\n',
        'lgb = ["mlmodel[predict]", "lightgbm>=3"]\nxgb = ["mlmodel[predict]"]\n'
        'all = ["mlmodel[serve,grpc,lgb,xgb]"]\n',
    )


def test_every_schema_is_copied(generate: Any) -> None:
    schemas = generate.schemas()
    assert {path.name for path in schemas} >= {"vector.json", "mlmodel.json", "signature.json"}
    for path, content in schemas.items():
        assert path.read_bytes() == content


@pytest.fixture
def tree(generate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a tree of two generated files, one of them changed, and a file too many."""
    owned = tmp_path / "owned"
    owned.mkdir()
    (owned / "current").write_text("a\n")
    (owned / "changed").write_text("by hand\n")
    (owned / "left-over").write_text("x\n")
    outputs = {owned / "current": b"a\n", owned / "changed": b"b\n", owned / "new": b"c\n"}
    monkeypatch.setattr(generate, "REPOSITORY", tmp_path)
    monkeypatch.setattr(generate, "OWNED", [owned])
    monkeypatch.setattr(generate, "wanted", lambda: outputs)
    return owned


def test_check_lists_and_changes_nothing(
    generate: Any, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in tree.iterdir()}
    assert generate.main(["--check"]) == 1
    listing = capsys.readouterr().out
    assert "-by hand\n+b\n" in listing
    assert "+c\n" in listing
    assert "owned/left-over: no generator makes it" in listing
    assert "current (generated)" not in listing
    assert "3 generated files, 3 not current\n" in listing
    assert {path.name: path.read_bytes() for path in tree.iterdir()} == before


def test_generate_writes_what_is_not_current(generate: Any, tree: Path) -> None:
    assert generate.main([]) == 0
    assert {path.name: path.read_text() for path in tree.iterdir()} == {
        "current": "a\n",
        "changed": "b\n",
        "new": "c\n",
    }
    assert generate.main(["--check"]) == 0


def test_other_generators_are_found(
    generate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "generate_something.py").write_text(
        "from pathlib import Path\nTARGET = Path('a')\ndef generate():\n    return 'text'\n"
    )
    monkeypatch.setattr(generate, "__file__", str(tmp_path / "generate.py"))
    assert generate.others() == {Path("a"): b"text"}


def test_the_protocol_buffers_compile_as_committed(generate: Any) -> None:
    before = set(sys.modules)  # grpcio, which other tests import, brings the compiler along
    for path, content in generate.protobuf().items():
        assert path.read_bytes() == content
    assert "grpc_tools" not in sys.modules.keys() - before
