"""mlmodel inspect --require-trust: a gate over models (TRU-008)."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections import OrderedDict

import pytest
from click.testing import CliRunner

from mlmodel.cli.inspect import command
from mlmodel.trust import records

SKLEARN = "flavors:\n  sklearn: {pickled_model: model.pkl, sklearn_version: 1.5.1}\n"
ONNX = "flavors:\n  onnx: {data: model.onnx, onnx_version: 1.16.0}\n"


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


class Mine:
    pass


def model(root, text, **files):
    root.mkdir(parents=True)
    (root / "MLmodel").write_text(text)
    for name, content in files.items():
        (root / name.replace("_dot_", ".")).write_bytes(content)
    return root


@pytest.fixture
def tree(tmp_path):
    model(tmp_path / "data", ONNX, model_dot_onnx=b"\x08\x08")
    model(tmp_path / "list", SKLEARN, model_dot_pkl=pickle.dumps(OrderedDict()))
    model(tmp_path / "named", SKLEARN, model_dot_pkl=pickle.dumps(Mine()))
    model(tmp_path / "evil", SKLEARN, model_dot_pkl=pickle.dumps(Bomb()))
    return tmp_path


MINE = f"{Mine.__module__}.Mine"


def run(*args):
    return CliRunner().invoke(command, [str(arg) for arg in args])


def gate(level, *args):
    result = run("--format", "json", "--require-trust", level, *args)
    document = json.loads(result.output)
    assert document["require_trust"] == level
    return result.exit_code, {
        one["path"].rpartition("/")[2]: (one.get("needs"), one["allowed"])
        for one in document["models"]
    }


def test_each_level_lets_what_stands_before_it(tree):
    """TRU-008."""
    needs = {"data": "none", "evil": "trusted", "list": "list", "named": "trusted"}
    for level, allowed in (
        ("none", {"data"}),
        ("list", {"data", "list"}),
        ("named", {"data", "list"}),
        ("trusted", {"data", "list"}),
    ):
        assert gate(level, tree) == (
            1, {name: (what, name in allowed) for name, what in needs.items()}
        )  # fmt: skip
    assert gate("list", tree / "data", tree / "list")[0] == 0


def test_classes_are_allowed_by_name(tree):
    """TRU-008."""
    assert gate("named", "--allow", MINE, tree / "named") == (0, {"named": ("named", True)})
    assert gate("named", "--allow", MINE, tree / "evil")[0] == 1
    assert gate("named", "--allow", "other.Name", tree / "named")[0] == 1
    refused = run("--require-trust", "list", "--allow", MINE, tree)
    assert refused.exit_code == 2
    assert "--allow goes with" in refused.output


def test_trusted_is_what_the_users_store_holds(tree):
    """TRU-008."""
    assert gate("trusted", tree / "evil") == (1, {"evil": ("trusted", False)})
    records.add(tree / "evil", "a test")
    assert gate("trusted", tree / "evil") == (0, {"evil": ("trusted", True)})
    assert gate("list", tree / "evil")[0] == 1
    (tree / "evil" / "more").write_text("")
    assert gate("trusted", tree / "evil")[0] == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("flavors: {nobodys: {}}\n", "has the flavor nobodys, which is not known here"),
        (
            "flavors: {python_function: {loader_module: mlflow.nobodys}}\n",
            "is loaded by mlflow.nobodys, which is not known here",
        ),
        (
            "flavors: {python_function: {loader_module: mlflow.deep.sklearn}}\n",
            "is loaded by mlflow.deep.sklearn, which is not known here",
        ),
        (SKLEARN, "names model.pkl, which is not in the folder"),
    ],
)
def test_what_cannot_be_looked_into_needs_trust(tmp_path, text, why):
    """TRU-008."""
    result = run("--require-trust", "named", model(tmp_path / "m", text))
    assert result.exit_code == 1
    first, *reasons, last = result.output.splitlines()
    assert first == f"{tmp_path}/m: refused, needs trusted"
    assert f"  MLmodel: {why}" in reasons
    assert last == "1 model: 0 allowed, 1 refused (--require-trust named)"


def test_a_link_that_leads_out_needs_trust(tree):
    """TRU-008."""
    (tree / "data" / "inside").symlink_to("model.onnx")
    assert gate("none", tree / "data")[0] == 0
    (tree / "data" / "outside").symlink_to(tree / "evil")
    result = run("--require-trust", "none", tree / "data")
    assert result.exit_code == 1
    assert "  outside: a link that leads out of the folder" in result.output


def test_models_in_a_models_folder_are_held_too(tree):
    """TRU-008."""
    model(tree / "data" / "artifacts" / "inner", "flavors: {nobodys: {}}\n")
    code, found = gate("list", tree / "data")
    assert (code, found) == (1, {"data": ("none", True), "inner": ("trusted", False)})


def test_what_cannot_be_read_is_2(tree, tmp_path):
    """TRU-008, ERR-011."""
    (tree / "list" / "MLmodel").write_text("[]")
    result = run("--require-trust", "trusted", tree / "data", tree / "list", tree / "none")
    assert result.exit_code == 2
    assert "list: unreadable: " in result.output
    assert "none: unreadable: There is nothing at" in result.output
    assert result.output.endswith(
        "3 models: 1 allowed, 0 refused, 2 unreadable (--require-trust trusted)\n"
    )


def test_nothing_is_run_and_the_exit_code_is_the_process(tree):
    for level, path, code in (("none", "data", 0), ("list", "evil", 1), ("list", "gone", 2)):
        done = subprocess.run(
            [sys.executable, "-m", "mlmodel", "inspect", "--require-trust", level, tree / path],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "executed" not in done.stdout + done.stderr
    assert run("--require-trust", "some", tree).exit_code == 2


def test_several_models_are_shown(tree):
    alone = json.loads(run("--json", tree / "data").output)
    both = json.loads(run("--json", tree / "data", tree / "list").output)
    assert both["models"][0] == alone
    whole = json.loads(run("--json", tree).output)["models"]
    assert [one["path"].rpartition("/")[2] for one in whole] == ["data", "evil", "list", "named"]
    text = run(tree / "data", tree / "list").output
    assert text == run(tree / "data").output + "\n" + run(tree / "list").output


def test_models_from_code_are_known(tmp_path):
    """TRU-008."""
    text = (
        "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.loaders.code_model\n"
        "    model_code_path: m.py\n"
    )
    output = run("--require-trust", "none", model(tmp_path / "m", text, m_dot_py=b"1")).output
    assert "m.py: Python code" in output
    assert "not known here" not in output


def test_what_is_refused_is_not_said_to_need_no_trust(tree):
    """TRU-008."""
    output = run("--require-trust", "none", tree / "list").output
    assert "refused" in output
    assert "needs no trust" not in output
