"""The programs of ``docs/read-mlmodel.md`` read models as we do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from documents import BUNDLES, REPOSITORY, models

import foreign_tools
from mlmodel.document.document import parse

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
PAGE = "docs/read-mlmodel.md"
PROGRAMS: dict[str, Callable[[Path], list[str]]] = {
    "Node": lambda folder: foreign_tools.node_program(PAGE, "read.mjs", folder),
    "Go": lambda folder: foreign_tools.go_program(PAGE, "read.go", folder),
    "Java": lambda folder: foreign_tools.java_program(PAGE, "Read.java", folder),
}
#: Every way in which a text looks like something else, and a value that is none.
LOOKS_OTHERWISE = """\
artifact_path: 1e3
flavors:
  python_function:
    env: 3.10
    loader_module: mlflow.sklearn
    python_version: 3.10
    streamable: true
  sklearn:
    pickled_model: 0x10
    sklearn_version: 1.0
    code: ~
  unknown: {version: 1.5, old: true, texts: ["1", x]}
mlflow_version: 2.0
model_size_bytes: 017
model_uuid: 12345678901234567890123456789012
run_id: 0123
databricks_runtime: null
env_vars: [1, NO, 2020-01-31]
saved_input_example_info: {artifact_path: 1_000, type: off, params: true, pandas_orient: 'null'}
metadata: {a: 3.10, b: 7, c: '7', d: null}
signature: {inputs: '[{"type": "long", "name": "1"}]', outputs: null}
utc_time_created: 2024-07-11 09:22:39.336999
"""


def _read(text: str) -> Any:
    """Return what we read in a model, with its JSON texts parsed."""
    data = json.loads(json.dumps(parse(text).data))
    for key, one in (data.get("signature") or {}).items():
        data["signature"][key] = one and json.loads(one)
    return data


def _texts() -> list[str]:
    found = [LOOKS_OTHERWISE]
    found += [case["input"]["mlmodel"] for case, _ in models() if case["expected"]["valid"]]
    # Those of real users, where they are there.
    shared = Path(os.environ.get("MLMODEL_SHARED") or REPOSITORY.parent / "shared")
    found += [path.read_text() for path in sorted((shared / "corpus").rglob("MLmodel"))]
    # Tags, aliases and large integers are each library's own business, and so is NaN in JSON.
    beyond = re.compile(r"!!|[&*]\w+|\d{17}|\bNaN\b", re.MULTILINE)
    return [text for text in found if text is LOOKS_OTHERWISE or not beyond.search(text)]


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_of_the_page(language: str, tmp_path: Path) -> None:
    texts = _texts()
    assert len(texts) > 60
    files = []
    for index, text in enumerate(texts):
        files.append(tmp_path / f"{index}.MLmodel")
        files[-1].write_text(text)
    folder = tmp_path / "program"
    folder.mkdir()
    command = PROGRAMS[language](folder)
    lines = foreign_tools.run(*command, BUNDLES / "mlmodel.json", *files).splitlines()
    wrong = [
        (text, line)
        for text, line in zip(texts, lines, strict=True)
        if json.loads(line) != _read(text)
    ]
    assert not wrong, f"{len(wrong)} of {len(texts)}: " + "\n\n".join(map(str, wrong[:3]))


def test_we_read_the_text_with_every_way_so() -> None:
    """What the programs are compared with is what MLM-005 says."""
    data = _read(LOOKS_OTHERWISE)
    assert data["flavors"]["python_function"]["python_version"] == "3.10"
    assert (data["run_id"], data["mlflow_version"]) == ("0123", "2.0")
    assert data["env_vars"] == ["1", "NO", "2020-01-31"]
    assert data["metadata"] == {"a": 3.1, "b": 7, "c": "7", "d": None}
    assert data["saved_input_example_info"]["params"] is True
    assert (REPOSITORY / PAGE).exists()
