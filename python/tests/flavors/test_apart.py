"""A flavor is its own module, schema, page and vectors; no other file names it (rule 4 of the design).

A file *names* a flavor when its text holds the flavor's name as a word of its own. Left out are

- generated files: the copies of the schemas, the index of the rules, the extras of pyproject.toml;
- `trust/`, which is knowingly a list of libraries: their names in pickles, the checks of their files;
- vectors and attacks of the trust area, which hold such pickles.

The flavor `sklearn` is named in examples of the format's other pages and vectors, which show whole
MLmodel files; so are `mlflow.sklearn` and the words of docstrings that explain by it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCE = REPOSITORY / "python" / "src" / "mlmodel"
FLAVORS = sorted(path.stem for path in (SOURCE / "flavors").glob("[!_]*.py"))
#: The flavor by which the pages explain the format.
EXAMPLE = "sklearn"

LEFT_OUT = (
    "python/src/mlmodel/_schemas/", "python/src/mlmodel/reports/_rules.json",
    "python/src/mlmodel/trust/", "conformance/vectors/v1/trust/", "conformance/attacks/",
)  # fmt: skip


def own_files(flavor):
    return {
        f"python/src/mlmodel/flavors/{flavor}.py", f"schemas/v1/flavors/{flavor}.json",
        f"spec/flavors/{flavor}.md", f"conformance/vectors/v1/flavors/{flavor}.json",
    }  # fmt: skip


def texts():
    for top in ("python/src/mlmodel", "spec", "schemas", "conformance"):
        for path in sorted((REPOSITORY / top).rglob("*")):
            name = path.relative_to(REPOSITORY).as_posix()
            if path.suffix in {".py", ".json", ".md", ".tsv"} and not name.startswith(LEFT_OUT):
                yield name, path.read_text(encoding="utf-8")


@pytest.mark.parametrize("flavor", [name for name in FLAVORS if name != EXAMPLE])
def test_no_other_file_names_a_flavor(flavor):
    word = re.compile(rf"\b{flavor}\b", re.IGNORECASE)
    naming = {name for name, text in texts() if word.search(text)}
    assert naming - own_files(flavor) == set()


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_flavor_has_its_four_files(flavor):
    missing = [name for name in own_files(flavor) if not (REPOSITORY / name).is_file()]
    assert missing == []


def test_there_are_flavors_to_look_at():
    assert len(FLAVORS) > 1
