"""Where the installed package is from: what a command that installs more of it has to name."""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["install_command", "specification"]

#: The pages of the specification in the repository, and the version that they are looked up in.
_PAGES = "{repository}/blob/{revision}/spec"


def install_command(extra: str) -> str:
    """Return the command that installs an extra from where the package itself is from.

    ``pip install 'mlmodel[extra]'`` where that is a package index; else the folder, archive or
    repository that was installed (PEP 610), because no index need have a package of this name.
    """
    origin = _origin()
    url, named = str(origin.get("url", "")), f"mlmodel[{extra}]"
    editable = ""
    if "vcs_info" in origin:
        revision = str(origin["vcs_info"].get("commit_id") or "")
        named += (
            f" @ {origin['vcs_info'].get('vcs', 'git')}+{url}{'@' if revision else ''}{revision}"
        )
        named += f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
    elif "dir_info" in origin and url.startswith("file:"):
        named = f"{unquote(urlsplit(url).path)}[{extra}]"
        editable = "-e " if origin["dir_info"].get("editable") else ""
    elif url:
        named += f" @ {url}"
    return f"pip install {editable}{shlex.quote(named)}"


@cache
def specification() -> str:
    """Return the address of the folder with the pages of the specification, or nothing.

    It is what the project URLs of the package name: ``Specification`` as it is, or else the
    pages in its ``Repository``, as they were in this version. A package that was installed from a
    repository knows that itself.
    """
    from mlmodel._base.version import __version__

    named = _urls()
    if "specification" in named:
        return named["specification"].rstrip("/")
    origin = _origin()
    revision, repository = f"v{__version__}", named.get("repository", "")
    if not repository and "vcs_info" in origin:
        repository = str(origin.get("url", ""))
        revision = str(origin["vcs_info"].get("commit_id") or revision)
    if not repository.startswith("https://"):
        return ""
    repository = repository.rstrip("/").removesuffix(".git")
    return _PAGES.format(repository=repository, revision=revision)


def _urls() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        found = metadata("mlmodel").get_all("Project-URL") or []
    except PackageNotFoundError:
        return {}
    pairs = (str(url).partition(", ") for url in found)
    return {label.lower(): url for label, _, url in pairs if url}


def _origin() -> dict[str, Any]:
    """Return the package's ``direct_url.json``; nothing where it came from an index."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution("mlmodel").read_text("direct_url.json")
    except PackageNotFoundError:  # not installed, but on the path
        checkout = Path(__file__).parents[3]
        is_source = (checkout / "pyproject.toml").is_file()
        return {"url": checkout.as_uri(), "dir_info": {}} if is_source else {}
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
