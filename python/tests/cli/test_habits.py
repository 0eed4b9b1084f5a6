"""What users of MLflow's command line write, and mistakes in settings, are answered with the way."""

from __future__ import annotations

import pytest

from mlmodel.cli import main
from mlmodel.reports.rules import matching


def said(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(list(args))
    captured = capsys.readouterr()
    return caught.value.code, captured.err + captured.out


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["models", "serve", "-m", "m"], "MLflow's `models serve` is `mlmodel serve`"),
        (["models", "predict", "-m", "m"], "MLflow's `models predict` is `mlmodel predict`"),
        (["models", "--help"], "use `mlmodel serve` and `mlmodel predict`"),
        (["models", "build-docker"], "use `mlmodel serve` and `mlmodel predict`"),
        (["pyfunc", "serve"], "`mlmodel serve`"),
        (["ui"], "a command of MLflow's that mlmodel does not have"),
        (["serve", "-m", "m", "--env-manager", "local"], "mlmodel makes no environments"),
        (["predict", "-m", "m", "--env-manager=conda"], "mlmodel makes no environments"),
        (["serve", "-m", "m", "--no-conda"], "mlmodel makes no environments"),
        (["servee"], "Did you mean serve?"),
    ],
)
def test_habits_of_mlflow(capsys, args, told):
    code, output = said(capsys, *args)
    assert code == 2
    assert told in output


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "MLmodel").write_text("flavors: {a: {}}\n")
    return tmp_path


def test_two_mistakes_in_settings_are_told_together(here, capsys):
    (here / "mlmodel.toml").write_text('jobbs = 1\nstrict = 3\nmax-bytes = "x"\n')
    code, output = said(capsys, "validate", ".")
    assert code == 2
    for told in ("jobbs; did you mean jobs?", "strict is '3'", "max-bytes is 'x'"):
        assert told in output


def test_a_section_of_pyproject_in_the_file_of_its_own_is_told(here, capsys):
    (here / "mlmodel.toml").write_text("[tool.mlmodel]\nstrict = true\n")
    code, output = said(capsys, "validate", ".")
    assert code == 2
    assert "take out the line [tool.mlmodel]" in output
    assert "does not know" not in output


def test_a_limit_from_the_settings_is_told_with_the_size(here, capsys):
    """MLM-002."""
    (here / "mlmodel.toml").write_text("max-bytes = 10\n")
    code, output = said(capsys, "validate", "--ignore", "MLM", ".")
    assert code == 2
    assert "17 bytes, more than the limit of 10" in output


@pytest.mark.parametrize("name", ["ENF-49", "enf-49", "ENF-049x"])
def test_a_rule_that_is_nearly_one(name):
    with pytest.raises(ValueError, match=r"did you mean ENF-049") as caught:
        matching(name)
    if name != "ENF-049x":
        assert str(caught.value).endswith("did you mean ENF-049?")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://no-such-host.invalid/model", "its host is not known"),
        ("http://127.0.0.1:9/model", "its host refuses the connection"),
    ],
)
def test_a_host_that_does_not_answer_is_told_in_a_sentence(tmp_path, monkeypatch, capsys, uri, why):
    """LOC-021."""
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("MLMODEL_CACHE", str(tmp_path / "cache"))
    code, output = said(capsys, "inspect", uri)
    assert code == 2
    assert f"{uri} could not be reached: {why} (LOC-021)" in output
