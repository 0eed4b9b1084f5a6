"""Two models compared; nothing of either runs."""

from __future__ import annotations

import json
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from mlmodel.errors import InvalidModel, ModelNotFound
from mlmodel.reports.comparison import compare_models

if TYPE_CHECKING:
    from pathlib import Path


class Bomb:
    def __reduce__(self) -> Any:
        return exec, ("raise SystemExit('executed')",)


MLMODEL = """\
flavors:
  python_function: {loader_module: mlflow.sklearn, model_path: model.pkl, env: conda.yaml}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.5.1}
signature: {inputs: '[{"type": "long", "name": "a"}]', outputs: null}
metadata: {team: {name: x, size: 3}, kept: 1}
mlflow_version: 2.14.2
own: 1
run_id: abc
"""


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    first = tmp_path / "first"
    (first / "code").mkdir(parents=True)
    (first / "MLmodel").write_text(MLMODEL)
    (first / "model.pkl").write_bytes(pickle.dumps(Bomb()))
    (first / "code" / "mine.py").write_text("raise SystemExit('executed')")
    (first / "requirements.txt").write_text("scikit_learn==1.5.1\nnumpy>=1 --hash=x\n-e ./own\n")
    (first / "conda.yaml").write_text("dependencies: [python=3.8, 'conda-forge::Gcc>3', pip: []]\n")
    (first / "python_env.yaml").write_text("python: '3.8'\n")
    return first, shutil.copytree(first, tmp_path / "second")


def test_the_same(models: tuple[Path, Path]) -> None:
    found = compare_models(*models)
    sections = ("attributes", "flavors", "environment", "metadata", "files", "saved")
    assert [found[section] for section in sections] == [[]] * 6
    assert found["signature"] == {"compatible": True, "breaks": [], "changes": []}
    assert found["same"]
    assert compare_models(models[0] / "MLmodel", models[1])["same"]


def test_when_and_where_a_model_was_saved_counts_for_nothing(models: tuple[Path, Path]) -> None:
    (models[1] / "MLmodel").write_text(MLMODEL.replace("run_id: abc", "model_uuid: d\nrun_id: e"))
    found = compare_models(*models)
    assert found["same"]
    assert found["saved"] == [
        {"change": "changed", "path": ["run_id"], "old": "abc", "new": "e"},
        {"change": "added", "path": ["model_uuid"], "new": "d"},
    ]


def test_values_of_the_mlmodel_file(models: tuple[Path, Path]) -> None:
    text = MLMODEL.replace("own: 1", "own: true\nmore: [1]").replace("1.5.1", "1.6.0")
    text = text.replace("size: 3", "size: 4, lead: y").replace("kept: 1", "kept: 1.0")
    (models[1] / "MLmodel").write_text(text.replace("mlflow_version: 2.14.2\n", ""))
    found = compare_models(*models)
    assert not found["same"]
    assert found["attributes"] == [
        {"change": "removed", "path": ["mlflow_version"], "old": "2.14.2"},
        {"change": "changed", "path": ["own"], "old": 1, "new": True},
        {"change": "added", "path": ["more"], "new": [1]},
    ]
    changed = {"change": "changed", "path": ["sklearn", "sklearn_version"]}
    assert found["flavors"] == [{**changed, "old": "1.5.1", "new": "1.6.0"}]
    assert found["metadata"] == [
        {"change": "changed", "path": ["team", "size"], "old": 3, "new": 4},
        {"change": "added", "path": ["team", "lead"], "new": "y"},
        {"change": "changed", "path": ["kept"], "old": 1, "new": 1.0},
    ]
    assert found["files"] == []


def test_signatures(models: tuple[Path, Path]) -> None:
    (models[1] / "MLmodel").write_text(MLMODEL.replace("long", "integer"))
    found = compare_models(*models)
    assert not found["same"]
    (change,) = found["signature"]["changes"]
    assert (change["rule"], change["breaks"]) == ("SIG-054", ["typed", "untyped"])


def test_signatures_that_cannot_be_read(models: tuple[Path, Path]) -> None:
    broken = MLMODEL.replace('"type"', '"kind"')
    (models[1] / "MLmodel").write_text(broken)
    found = compare_models(*models)
    assert "breaks the rules" in found["signature"]["unreadable"]
    assert not found["same"]
    (models[0] / "MLmodel").write_text(broken)
    assert compare_models(*models)["same"]


def test_environments_by_the_names_of_packages(models: tuple[Path, Path]) -> None:
    (models[1] / "requirements.txt").write_text("Scikit-Learn==1.6.0\nnumpy>=1\npandas[a,b]\n")
    (models[1] / "conda.yaml").write_text("dependencies: [python=3.9, pip: []]\n")
    (models[1] / "python_env.yaml").write_text("python: '3.9'\n")
    environment = compare_models(*models)["environment"]
    assert [(one["of"], one["change"], one["name"]) for one in environment] == [
        ("python", "changed", "python"),
        ("requirements", "removed", "-e ./own"),
        ("requirements", "changed", "numpy"),
        ("requirements", "added", "pandas"),
        ("requirements", "changed", "scikit-learn"),
        ("conda", "removed", "gcc"),
        ("conda", "changed", "python"),
    ]
    assert environment[4]["old"] == "scikit_learn==1.5.1"
    assert environment[4]["new"] == "Scikit-Learn==1.6.0"


def test_files_by_content(models: tuple[Path, Path]) -> None:
    second = models[1]
    (second / "model.pkl").write_bytes(b"as long"[:7])
    (second / "code" / "mine.py").rename(second / "code" / "ours.py")
    (second / "more.bin").write_bytes(b"")
    (second / "metadata").mkdir()
    for name in ("MLmodel", "conda.yaml"):
        shutil.copy(second / name, second / "metadata" / name)
    (second / "metadata" / "requirements.txt").write_text("another\n")
    found = {one["path"]: one for one in compare_models(*models)["files"]}
    assert {path: one["change"] for path, one in found.items()} == {
        "code/mine.py": "renamed",
        "model.pkl": "changed",
        "metadata/requirements.txt": "added",
        "more.bin": "added",
    }
    assert found["code/mine.py"]["to"] == "code/ours.py"
    assert found["model.pkl"]["new"]["bytes"] == 7
    assert len(found["model.pkl"]["new"]["sha256"]) == 64
    assert json.dumps(found)


def test_links_are_not_followed(models: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (models[1] / "link").symlink_to(tmp_path / "secret")
    assert compare_models(*models)["same"]


def test_what_is_no_model(models: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        compare_models(models[0], tmp_path)
    (models[1] / "MLmodel").write_text("[]")
    with pytest.raises(InvalidModel):
        compare_models(*models)


def test_every_model_of_the_corpus_is_the_same_as_itself(corpus: Path) -> None:
    folders = sorted(file.parent for file in corpus.glob("*/MLmodel"))
    for folder, other in zip(folders, [*folders[1:], folders[0]], strict=True):
        assert compare_models(folder, folder)["same"], folder
        assert not compare_models(folder, other)["same"], folder
