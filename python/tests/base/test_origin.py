"""Hints name the package as it was installed: from an index, a folder, an archive, a repository."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
from email.message import Message

import pytest

from mlmodel._base import origin
from mlmodel._base.version import __version__

FOLDER = {"url": "file:///home/me/my%20code/python", "dir_info": {}}
GIT = {
    "url": "https://example.org/team/mlmodel.git",
    "vcs_info": {"vcs": "git", "commit_id": "0a1b2c"},
    "subdirectory": "python",
}


@pytest.fixture
def installed(monkeypatch):
    """Return what says how the package was installed, and which addresses it names."""

    def install(direct_url, *urls):
        class Installed:
            def read_text(self, name):
                assert name == "direct_url.json"
                return direct_url if isinstance(direct_url, str | None) else json.dumps(direct_url)

        named = Message()
        for url in urls:
            named["Project-URL"] = url
        monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Installed())
        monkeypatch.setattr(importlib.metadata, "metadata", lambda _: named)
        origin.specification.cache_clear()

    yield install
    origin.specification.cache_clear()


@pytest.mark.parametrize(
    ("direct_url", "arguments"),
    [
        (None, ["mlmodel[sklearn]"]),
        ("damaged", ["mlmodel[sklearn]"]),
        ("[]", ["mlmodel[sklearn]"]),
        (FOLDER, ["/home/me/my code/python[sklearn]"]),
        ({**FOLDER, "dir_info": {"editable": True}}, ["-e", "/home/me/my code/python[sklearn]"]),
        (GIT, ["mlmodel[sklearn] @ git+https://example.org/team/mlmodel.git@0a1b2c#subdirectory=python"]),
        (
            {"url": "https://example.org/mlmodel-1-py3-none-any.whl", "archive_info": {}},
            ["mlmodel[sklearn] @ https://example.org/mlmodel-1-py3-none-any.whl"],
        ),
    ],
)  # fmt: skip
def test_the_command_names_where_the_package_is_from(installed, direct_url, arguments):
    installed(direct_url)
    assert shlex.split(origin.install_command("sklearn")) == ["pip", "install", *arguments]


def test_what_is_on_the_path_alone_is_installed_from_its_checkout(monkeypatch):
    def absent(_):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    monkeypatch.setattr(importlib.metadata, "metadata", absent)
    origin.specification.cache_clear()
    (*_, named) = shlex.split(origin.install_command("serve"))
    folder, _, extra = named.partition("[")
    assert extra == "serve]"
    assert (origin.Path(folder) / "pyproject.toml").is_file()
    assert origin.specification() == ""


@pytest.mark.parametrize(
    ("direct_url", "urls", "address"),
    [
        (None, [], ""),
        (FOLDER, [], ""),
        (None, ["Repository, https://example.org/a/b"], f"https://example.org/a/b/blob/v{__version__}/spec"),
        (GIT, [], "https://example.org/team/mlmodel/blob/0a1b2c/spec"),
        (GIT, ["Specification, https://example.org/spec/"], "https://example.org/spec"),
        ({**GIT, "url": "ssh://git@example.org/a.git"}, [], ""),
    ],
)  # fmt: skip
def test_pages_of_the_specification_have_a_versioned_address(installed, direct_url, urls, address):
    """MLM-029."""
    installed(direct_url, *urls)
    assert origin.specification() == address
