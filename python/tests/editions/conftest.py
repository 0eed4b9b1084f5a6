"""The editions' code blocks, read from the editions themselves."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EDITIONS = {
    "1.28": "mlflow-models-1.28-edition.rst",
    "early": "mlflow-models-early-edition.rst",
}
_BLOCK = re.compile(r"\.\. code(?:-block)?:: py(?:thon)?\n\n((?:    .*\n|[ \t]*\n)+)")
_MODULE = re.compile(r"\bmlflow(?=\.)|(?<=^import )mlflow$", re.MULTILINE)


@pytest.fixture(scope="session")
def printed(shared: Path) -> Callable[[str, str], str]:
    """Return the first Python block below a title, as it is printed."""

    def find(edition: str, title: str) -> str:
        file = shared / "reference" / _EDITIONS[edition]
        if not file.is_file():
            pytest.skip(f"there is no {file}")
        _, _, below = file.read_text(encoding="utf-8").partition(f"\n{title}\n")
        block = _BLOCK.search(below)
        assert block, f"{edition} has no example {title!r}"
        return textwrap.dedent(block[1])

    return find


@pytest.fixture
def run_printed(printed, tmp_path):
    """Run a block in a process of its own, in an empty folder, with nothing changed but the import.

    A repair is a printed text that cannot run, and what stands for it; ``before`` is what the block
    takes for there, ``then`` what is asked of it.
    """

    def run(
        edition: str, title: str, *,
        repairs: dict[str, str] | None = None, before: str = "", then: str = "",
    ):  # fmt: skip
        code = printed(edition, title)
        for wrong, right in (repairs or {}).items():
            assert code.count(wrong) == 1, f"the repair {wrong!r} has no place"
            code = code.replace(wrong, right)
        assert _MODULE.search(code)
        script = tmp_path / "example.py"
        told = f"{before}\n{_MODULE.sub('mlmodel', code)}\n{textwrap.dedent(then)}"
        script.write_text(told, "utf-8")
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done

    return run
