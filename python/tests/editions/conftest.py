"""The editions' code blocks, run as they are printed but for the repairs that a test declares."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from printed_blocks import EDITIONS, TESTS, blocks_of, listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MODULE = re.compile(r"\bmlflow(?=\.)|(?<=^import )mlflow$", re.MULTILINE)


@pytest.fixture(scope="session")
def every_block(shared: Path) -> dict[str, str]:
    """Every block of both editions by its place."""
    absent = [name for name in EDITIONS.values() if not (shared / "reference" / name).is_file()]
    if absent:
        pytest.skip(f"there is no {absent[0]}")
    return {place: text for one in EDITIONS for place, text in blocks_of(shared, one).items()}


@pytest.fixture
def printed(every_block: dict[str, str], request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return a block as it is printed; the list has to say that this test shows it."""
    own = f"{request.path.relative_to(TESTS).as_posix()}::{request.node.originalname}"

    def find(place: str) -> str:
        assert own in listed()[place].tests, f"the list does not say that {own} shows {place}"
        return every_block[place]

    return find


@pytest.fixture
def run_printed(printed: Callable[[str], str], tmp_path: Path):
    """Run a block in a process of its own, in an empty folder, with nothing changed but the import.

    A repair is a printed text that cannot run, and what stands for it; ``before`` is what the block
    takes for there, ``then`` what is asked of it, ``ends`` how the process ends.
    """

    def run(
        place: str, *, repairs: dict[str, str] | None = None, before: str = "", then: str = "",
        ends: int = 0,
    ):  # fmt: skip
        code = printed(place)
        for wrong, right in (repairs or {}).items():
            assert code.count(wrong) == 1, f"the repair {wrong!r} has no place"
            code = code.replace(wrong, right)
        code, count = _MODULE.subn("mlmodel", code)
        assert count or "mlmodel" in code
        script = tmp_path / "example.py"
        script.write_text(f"{textwrap.dedent(before)}\n{code}\n{textwrap.dedent(then)}", "utf-8")
        done = subprocess.run(
            [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == ends, done.stderr[-4000:]
        return done

    return run
