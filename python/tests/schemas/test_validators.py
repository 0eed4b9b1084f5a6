"""Validators of other languages take the bundles as they are, and say of each document what we say.

The programs are those that ``schemas/README.md`` shows.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import documents
import pytest
from documents import BUNDLES, NAMES

import foreign_tools

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow
PAGE = "schemas/README.md"
#: What a program prints of a document.
SAID = re.compile(r"^\S*?(?P<index>\d+)\.json: (?P<word>valid|invalid)\b", re.MULTILINE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Write the documents of every bundle into files, which are named by their places."""
    folder = tmp_path_factory.mktemp("documents")
    files: dict[str, list[Path]] = {}
    for name in NAMES:
        below = folder / name.replace("/", "-")
        below.mkdir()
        files[name] = []
        for index, sample in enumerate(documents.samples(name)):
            files[name].append(below / f"{index}.json")
            files[name][-1].write_text(json.dumps(sample.document))
    return files


def _python(folder: Path) -> list[str]:
    (folder / "validate.py").write_text(foreign_tools.program(PAGE, "validate.py"))
    return [sys.executable, str(folder / "validate.py")]


PROGRAMS: dict[str, Callable[[Path], list[str]]] = {
    "jsonschema": _python,
    "ajv": lambda folder: foreign_tools.node_program(PAGE, "validate.mjs", folder),
    "Go": lambda folder: foreign_tools.go_program(PAGE, "validate.go", folder),
    "Java": lambda folder: foreign_tools.java_program(PAGE, "Validate.java", folder),
}


def _compare(name: str, said: dict[int, bool]) -> list[str]:
    wanted = documents.samples(name)
    assert said.keys() == set(range(len(wanted)))
    return [
        f"{name}: we say {sample.is_valid} of {json.dumps(sample.document)[:300]}"
        for index, sample in enumerate(wanted)
        if said[index] is not sample.is_valid
    ]


@pytest.mark.parametrize("validator", PROGRAMS)
def test_a_program_of_the_page(
    validator: str, written: dict[str, list[Path]], tmp_path: Path
) -> None:
    command = PROGRAMS[validator](tmp_path)
    differing = []
    for name, files in written.items():
        out = foreign_tools.run(*command, BUNDLES / f"{name}.json", *files)
        said = {int(one["index"]): one["word"] == "valid" for one in SAID.finditer(out)}
        differing += _compare(name, said)
    assert not differing, "\n".join(differing[:10])


def test_check_jsonschema(written: dict[str, list[Path]]) -> None:
    command = foreign_tools.check_jsonschema()
    differing = []
    for name, files in written.items():
        report = json.loads(
            foreign_tools.run(
                *(command, "--no-cache", "-o", "json", "--schemafile", BUNDLES / f"{name}.json"),
                *files, expect={0, 1},
            )
        )  # fmt: skip
        assert not report["parse_errors"]
        wrong = {one["filename"] for one in report["errors"]}
        said = {index: str(file) not in wrong for index, file in enumerate(files)}
        differing += _compare(name, said)
    assert not differing, "\n".join(differing[:10])


def test_check_jsonschema_as_the_page_shows_it(tmp_path: Path) -> None:
    """It takes the YAML itself, where its texts are in quotes."""
    options = ("--default-filetype", "yaml")
    assert " ".join(options) in (documents.REPOSITORY / PAGE).read_text()
    command = (foreign_tools.check_jsonschema(), "--schemafile", BUNDLES / "mlmodel.json", *options)
    model = tmp_path / "MLmodel"
    model.write_text(
        "flavors:\n  python_function:\n    loader_module: m\n    python_version: '3.10'\n"
    )
    foreign_tools.run(*command, model)
    model.write_text(model.read_text().replace("'3.10'", "3.10"))
    assert "3.1 is not of type 'string', 'null'" in foreign_tools.run(*command, model, expect=[1])
