"""The page for people: one file of HTML for each view, with its styles and its script in it.

The text is the same for every server and model, but for the way to the root, which is dots and
slashes. What a model is called, and all that it says, comes to the page as JSON and is shown as
text; so no name can become markup (RST-180).
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import NamedTuple

from mlmodel._base.packaged import read_packaged

__all__ = ["DOCS", "MODEL", "Html", "html"]

#: The views: what a model is, and what the server answers.
MODEL, DOCS = "page", "docs"
_FOLDER = "serving/page"


class Html(NamedTuple):
    """One view.

    Attributes:
        text: of the file.
        policy: the value of ``Content-Security-Policy``, by which its own script alone runs.

    """

    text: str
    policy: str


def html(view: str, *, root: str, of_model: bool = False) -> Html:
    """Return a view that is some steps below the root of the server.

    Args:
        view: :data:`MODEL` or :data:`DOCS`.
        root: the way there: ``./``, ``../`` and so on.
        of_model: the path ends with the name of a model.

    """
    frame, style, script = _parts(view)
    text = frame.replace("{root}", root).replace("{view}", "model" if of_model else view)
    text = text.replace("{style}", style).replace("{script}", script)
    return Html(text, _policy(style, script))


@cache
def _parts(view: str) -> tuple[str, str, str]:
    def read(name: str) -> str:
        return read_packaged(f"{_FOLDER}/{name}").decode()

    style = read("base.css") + read(f"{view}.css")
    return read("page.html"), style, read("shared.js") + read(f"{view}.js")


@cache
def _policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return "; ".join((
        "default-src 'none'",
        f"script-src {digest(script)}",
        f"style-src {digest(style)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ))  # fmt: skip
