"""The pages for users: their links lead somewhere, and the picture is what the commands say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "spec/*.md", "spec/flavors/*.md", "conformance/*.md")
    for path in REPOSITORY.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as repositories make them, and its own."""
    text = FENCED.sub("", page.read_text())
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}
    return made | set(re.findall(r'<a id="([^"]+)"', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_to_what_is_there(page):
    for path, anchor in LINK.findall(FENCED.sub("", page.read_text())):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor[1:] in _anchors(target), f"{page.name} links to {path}{anchor}"


@pytest.mark.slow
def test_the_picture_shows_what_the_commands_say():
    done = subprocess.run(
        [sys.executable, "-c", "import picture; print(picture.picture(), end='')"],
        cwd=REPOSITORY / "python" / "tools", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == (REPOSITORY / "docs" / "images" / "terminal.svg").read_text()
