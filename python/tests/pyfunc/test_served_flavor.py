"""Which flavor of a model is served (RST-087)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import mlmodel
from mlmodel.cli.predict import command
from mlmodel.errors import InvalidModel, UnsupportedModel
from mlmodel.pyfunc.served import load_served

if TYPE_CHECKING:
    from pathlib import Path


def folder(path: Path, *flavors: str) -> Path:
    path.mkdir()
    lines = "".join(f"  {name}: {{}}\n" for name in flavors)
    (path / "MLmodel").write_text(f"flavors:\n{lines}")
    return path


def test_a_model_without_any_lists_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="python_function, else crate, else mleap") as raised:
        load_served(folder(tmp_path / "m", "own", "other"))
    assert "the model has own, other" in raised.value.message


@pytest.mark.slow
def test_the_command_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["-m", str(folder(tmp_path / "m", "own"))], input="[]")
    assert isinstance(result.exception, UnsupportedModel)
    assert "RST-087" in str(result.exception)


def test_what_python_function_refuses_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.mkdir()
    text = "flavors: {python_function: {loader_module: mlflow.unheard_of}, crate: {}}\n"
    (path / "MLmodel").write_text(text)
    with pytest.raises(UnsupportedModel, match=r"mlflow\.unheard_of"):
        load_served(path)


def test_the_flavor_that_is_here_is_loaded(tmp_path: Path) -> None:
    """RST-087: before one that comes later in the order; what is wrong with it is told as it is."""
    path = tmp_path / "m"
    path.mkdir()
    (path / "MLmodel").write_text("flavors: {mleap: {model_data: m.zip}, crate: {}}\n")
    (path / "m.zip").write_bytes(b"")
    for load in (load_served, mlmodel.load):
        with pytest.raises(InvalidModel, match=r"crate\.bin"):
            load(path)
