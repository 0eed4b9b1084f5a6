"""Passwords in addresses are not written, and never shown (ENV-023)."""

from __future__ import annotations

import json
import warnings

import pytest
import yaml
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.cli.inspect import command as inspect
from mlmodel.cli.validate import command as validate

MODEL = LinearRegression().fit([[1.0], [2.0]], [1, 2])
SECRET = "hunter2secret"
WITH_SECRETS = [
    f"--index-url https://user:{SECRET}@index.example.org/simple",
    f"--extra-index-url=https://{SECRET}@index.example.org/simple",
    f"a @ git+https://{SECRET}@example.org/a.git@v1",
    f"git+https://x-token:{SECRET}@example.org/b.git#egg=b",
    f"c @ https://example.org/c.whl?token={SECRET}",
    f"git+ssh://git:{SECRET}@example.org/d.git#egg=d",
]
WITHOUT = [
    "--index-url https://index.example.org/simple",
    "git+ssh://git@example.org/d.git#egg=d",
    "a @ git+https://${TOKEN}@example.org/a.git@v1",
    "--extra-index-url https://${USER}:${PASSWORD}@index.example.org/simple",
    "b @ https://example.org/b.whl#sha256=12",
    "git+https://example.org/b.git@main#egg=b",
]


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.setenv("MLMODEL_INFER_REQUIREMENTS", "false")
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "trust"))


def saved(path, **given):
    """Save a model; return the warnings, and all that was written."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.save(MODEL, path, **given)
    texts = [file.read_bytes() for file in path.rglob("*") if file.is_file()]
    return [str(one.message) for one in caught], b"\n".join(texts)


@pytest.mark.parametrize("line", WITH_SECRETS)
@pytest.mark.parametrize(
    "argument", ["pip_requirements", "extra_pip_requirements", "file", "constraints"]
)
def test_they_are_left_out_with_a_warning(tmp_path, line, argument):
    if argument in {"file", "constraints"}:
        (tmp_path / "r.txt").write_text(f"{line}\n")
        option = "-r" if argument == "file" else "-c"
        given = {"pip_requirements": [f"{option} {tmp_path / 'r.txt'}"]}
    else:
        given = {argument: [line]}
    said, written = saved(tmp_path / "m", **given)
    assert [one for one in said if "ENV-023" in one]
    assert SECRET not in "".join(said)
    assert SECRET.encode() not in written
    assert b"example.org" in written


@pytest.mark.parametrize("line", WITHOUT)
def test_what_is_no_password_is_kept(tmp_path, line):
    said, _ = saved(tmp_path / "m", pip_requirements=[line])
    assert not [one for one in said if "ENV-023" in one]
    assert (tmp_path / "m" / "requirements.txt").read_text() == f"{line}\n"
    assert not [v for v in mlmodel.validate(tmp_path / "m").violations if v.rule == "ENV-023"]


def test_those_of_conda(tmp_path):
    given = {
        "channels": [
            f"https://u:{SECRET}@conda.example.org/c",
            f"https://conda.example.org/t/{SECRET}/c",
        ],
        "dependencies": ["python=3.11", {"pip": [WITH_SECRETS[0], "numpy"]}],
        "variables": {"PIP_INDEX_URL": f"https://u:{SECRET}@index.example.org/simple"},
    }
    said, written = saved(tmp_path / "m", conda_env=given)
    assert SECRET not in "".join(said)
    assert SECRET.encode() not in written
    conda = yaml.safe_load((tmp_path / "m" / "conda.yaml").read_text())
    assert conda["channels"] == ["https://conda.example.org/c", "https://conda.example.org/c"]
    assert SECRET in given["channels"][0]


def test_those_in_files_are_warned_of_and_nowhere_shown(tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlmodel.save(MODEL, tmp_path / "m", pip_requirements=["numpy"])
    lines = "".join(f"{line}\n" for line in (*WITH_SECRETS, f"x @ https://u:{SECRET}@h/[broken"))
    (tmp_path / "m" / "requirements.txt").write_text(lines)
    (tmp_path / "m" / "python_env.yaml").write_text(
        yaml.safe_dump({"python": "3.11.1", "dependencies": [WITH_SECRETS[0]]})
    )
    (tmp_path / "m" / "conda.yaml").write_text(yaml.safe_dump({
        "channels": [f"https://u:{SECRET}@h.example.org/c"],
        "variables": {"PIP_INDEX_URL": f"https://u:{SECRET}@i/s"},
        "dependencies": [{"pip": [WITH_SECRETS[1]]}],
    }))  # fmt: skip
    found = [v for v in mlmodel.validate(tmp_path / "m").violations if v.rule == "ENV-023"]
    assert len(found) == len(WITH_SECRETS) + 1 + 1 + 3
    assert {one.severity for one in found} == {"warning"}
    run = CliRunner().invoke
    outputs = [
        run(command, [*options, str(tmp_path / "m")]).output
        for command in (validate, inspect)
        for options in ([], ["--format", "json"])
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlmodel.load(tmp_path / "m")
    outputs.append(json.dumps([str(one.message) for one in caught]))
    assert all(outputs)
    assert "ENV-017" in outputs[-1]
    assert SECRET not in "".join(outputs)
