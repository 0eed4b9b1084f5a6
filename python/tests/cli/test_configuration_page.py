"""docs/configuration.md names everything that can be set; docs/command-line.md every command."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from mlmodel.cli import COMMANDS
from mlmodel.cli.serve import command as serve
from mlmodel.cli.settings_file import KEYS
from mlmodel.cli.validate import command

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "python" / "src" / "mlmodel"
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_every_variable_of_ours_is_on_the_page():
    used = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r"\bMLMODEL_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8"))
        if not name.startswith("MLMODEL_SERVE")  # those are the options of the server
    }
    assert len(used) >= 7
    on_the_page = set(re.findall(r"^\| `(MLMODEL_[A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert on_the_page == used


def test_every_variable_of_others_is_on_the_page():
    read = re.compile(r"""(?:environ(?:\.get)?[\[(]|getenv\(|of_user\()\s*["']([A-Z_]+)["']""")
    used = {
        name
        for path in SOURCE.rglob("*.py")
        if "serving" not in path.parts  # WSGI's environ has names of a request
        for name in read.findall(path.read_text(encoding="utf-8"))
    }
    assert {"NO_COLOR", "HOME", "XDG_CACHE_HOME"} <= used
    assert [name for name in sorted(used) if f"`{name}`" not in PAGE] == []


def test_every_setting_is_on_the_page_and_an_option():
    table = re.findall(r"^\| `([a-z-]+)` \|.*\| `(--[a-z-]+)`", PAGE, re.MULTILINE)
    assert [key for key, _ in table] == list(KEYS)
    options = {name for parameter in command.params for name in parameter.opts}
    assert [option for _, option in table if option not in options] == []


def test_the_table_of_the_example_is_toml():
    block, served = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    options = {name for parameter in serve.params for name in parameter.opts}
    assert {f"--{key}" for key in tomllib.loads(served)["serve"]} <= options
    assert tomllib.loads(block)["tool"]["mlmodel"].keys() <= KEYS.keys()


def test_every_command_is_on_the_page_of_the_command_line():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)[: len(COMMANDS)] == list(COMMANDS)
