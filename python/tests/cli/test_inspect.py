"""mlmodel inspect: what a model is, without running anything of it."""

from __future__ import annotations

import json
import pickle
import zipfile

import pytest
from click.testing import CliRunner

from mlmodel.cli import COMMANDS
from mlmodel.cli.inspect import command
from mlmodel.errors import InvalidModel, ModelNotFound


def run(*args):
    return CliRunner().invoke(command, [str(arg) for arg in args])


def described(*args):
    result = run("--json", *args)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


@pytest.fixture
def model(tmp_path):
    columns = [{"type": "long", "name": f"column {i}"} for i in range(30)]
    columns[1] = {"type": "array", "items": {"type": "string"}, "name": "tags", "required": False}
    params = [{"name": "n", "type": "long", "default": 5, "shape": None}]
    (tmp_path / "MLmodel").write_text(
        "flavors:\n  sklearn:\n    pickled_model: model.pkl\n    sklearn_version: 1.5.1\n"
        "  python_function:\n    loader_module: mlflow.sklearn\n    model_path: gone.pkl\n"
        "metadata:\n  since: 2020-01-01\n"
        "saved_input_example_info: {artifact_path: input_example.json, type: dataframe, pandas_orient: split}\n"
        f"signature:\n  inputs: '{json.dumps(columns)}'\n  params: '{json.dumps(params)}'\n"
        "utc_time_created: '2024-01-01 00:00:00'\n"
    )
    (tmp_path / "input_example.json").write_text("{}")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "renamed.bin").write_bytes(pickle.dumps(Bomb(), protocol=4))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text("raise SystemExit('executed')")
    with zipfile.ZipFile(tmp_path / "model.pth", "w") as archive:
        archive.writestr("model/data.pkl", b"x")
    (tmp_path / "requirements.txt").write_text("# pinned\nscikit-learn==1.5.1\n\nnumpy==2.0\n")
    (tmp_path / "python_env.yaml").write_text("python: '3.11.4'\n")
    (tmp_path / "conda.yaml").write_text("dependencies: [python=3.11.4, pip: [a]]\n")
    return tmp_path


def test_the_help_line_is_the_groups():
    assert command.get_short_help_str(100) == COMMANDS["inspect"][1]
    assert "Examples:" in run("--help").output


def test_json(model):
    found = described(model)
    assert found["valid"] is False
    assert list(found["flavors"]) == ["sklearn", "python_function"]
    assert found["signature"]["inputs"][1]["name"] == "tags"
    assert found["signature"]["params"][0]["default"] == 5
    assert found["example"]["present"] is True
    assert found["environment"] == {
        "python": "3.11.4",
        "requirements": ["scikit-learn==1.5.1", "numpy==2.0"],
        "conda": ["python=3.11.4"],
    }
    assert found["loading"] == {
        "missing": ["gone.pkl"],
        "runs": [
            {"file": "model.pkl", "what": "a pickle"},
            {"file": "model.pth", "what": "a pickle in a zip file"},
            {"file": "renamed.bin", "what": "a pickle"},
            {"file": "code/mine.py", "what": "Python code"},
        ],
        "loader_module": "mlflow.sklearn",
    }
    assert found["files"] == 9
    assert found["size_bytes"] == sum(p.stat().st_size for p in model.rglob("*") if p.is_file())
    assert found["metadata"] == {"since": "2020-01-01"}


def test_text(model):
    result = run(model / "MLmodel")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "  valid            no (1 error, 1 warning; see mlmodel validate)" in lines
    assert "inputs (30)" in lines
    assert '  tags       array {"type": "string"} (optional)' in lines
    assert "  and 10 more (--json shows all)" in lines
    assert "  n  long = 5" in lines
    assert "  misses           gone.pkl" in lines
    assert "  may run          code/mine.py (Python code)" in lines


def test_links_out_are_not_followed(tmp_path, model):
    (model / "link.pkl").symlink_to("/etc/passwd")
    assert described(model)["files"] == 9


def test_no_model(tmp_path):
    assert isinstance(run(tmp_path).exception, ModelNotFound)
    (tmp_path / "MLmodel").write_text("[]")
    assert isinstance(run(tmp_path).exception, InvalidModel)


def test_odd_contents_are_shown(tmp_path):
    (tmp_path / "MLmodel").write_text(
        "flavors: [1]\nsignature: {inputs: '[1, {\"type\": [1]}, {}]', outputs: 'no json', params: 5, 7: 8}\n"
        "metadata: {1: !!binary aGk=, a: !!set {x}, 2020-01-01: .nan}\nsaved_input_example_info: {}\n"
    )
    assert run(tmp_path).exit_code == 0
    assert described(tmp_path)["valid"] is False


def test_every_real_model(corpus):
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
        found = described(folder)
        assert found["files"] > 1, folder
        text = run(folder)
        assert text.exit_code == 0, folder
        for flavor in found["flavors"]:
            assert f"flavor {flavor}" in text.output


def test_a_folder_of_copies(corpus):
    """DIR-007."""
    assert described(corpus / "keras-2.14.1" / "metadata")["files"] == 9


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\x80\x05\x95", "a pickle"),
        (b"X\n\0\0\0\3", "a serialized R object"),
        (b"\x1f\x8b\x08", "compressed, perhaps a pickle"),
        (b"\x78\x9c", "compressed, perhaps a pickle"),
        (b"{}", None),
        (b"", None),
    ],
)
def test_what_a_file_holds_is_told_by_its_first_bytes(tmp_path, start, what):
    (tmp_path / "MLmodel").write_text("flavors: {mine: {model: m.bin}}\n")
    (tmp_path / "m.bin").write_bytes(start)
    runs = described(tmp_path)["loading"]["runs"]
    assert runs == ([{"file": "m.bin", "what": what}] if what else [])
    assert ("other kinds of files" in run(tmp_path).output) == (what is None)
