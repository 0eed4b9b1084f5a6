"""Which flavor of a model is served (RST-087)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlmodel.cli.predict import command
from mlmodel.errors import UnsupportedModel
from mlmodel.pyfunc.served import load_served

if TYPE_CHECKING:
    from pathlib import Path


def folder(path: Path, *flavors: str) -> Path:
    path.mkdir()
    lines = "".join(f"  {name}: {{}}\n" for name in flavors)
    (path / "MLmodel").write_text(f"flavors:\n{lines}")
    return path


@pytest.mark.parametrize(
    ("flavors", "served"),
    [(("crate",), "crate"), (("own", "crate"), "crate")],
)
def test_a_flavor_that_is_not_served_yet_is_named(
    tmp_path: Path, flavors: tuple[str, ...], served: str
) -> None:
    with pytest.raises(UnsupportedModel, match=f"served by its {served} flavor") as raised:
        load_served(folder(tmp_path / "m", *flavors))
    assert f"the model has {', '.join(flavors)}" in raised.value.message


def test_a_model_without_any_lists_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="python_function, else crate, else mleap") as raised:
        load_served(folder(tmp_path / "m", "own", "other"))
    assert "the model has own, other" in raised.value.message


@pytest.mark.slow
def test_the_command_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["-m", str(folder(tmp_path / "m", "crate"))], input="[]")
    assert isinstance(result.exception, UnsupportedModel)
    assert "RST-087" in str(result.exception)


def test_what_python_function_refuses_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.mkdir()
    text = "flavors: {python_function: {loader_module: mlflow.unheard_of}, crate: {}}\n"
    (path / "MLmodel").write_text(text)
    with pytest.raises(UnsupportedModel, match=r"mlflow\.unheard_of"):
        load_served(path)
