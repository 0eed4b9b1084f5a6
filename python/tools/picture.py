"""Draws ``docs/images/terminal.svg``: what the command line says, from a run of it.

``python picture.py`` trains a model, spoils copies of it in three ways, runs the commands that a
reader is shown, and writes their very output. A test runs it and compares.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
#: What is shown: each command is run in the folder that :func:`prepare` fills.
COMMANDS = (
    "mlmodel validate churn",
    "mlmodel validate-input -m wine -i rows.json",
    "mlmodel predict -m downloaded -i rows.json",
)
COLUMNS, LINE, WIDTH, MARGIN = 108, 19, 8.0, 18
PLAIN, DIM, RED, YELLOW, GREEN, PAPER = (
    *("#d8dee9", "#8b95a7", "#ff7b72", "#e3b341", "#7ee787", "#161b22"),
)
_WORDS = re.compile(
    r"(?P<red>\berror\b|\b[A-Z]+_[A-Z_]+(?=:))|(?P<yellow>\bwarning\b)|(?P<dim>\b[A-Z]{3}-\d{3}\b)"
)


def prepare(folder: Path) -> None:
    """Save a model, a copy with mistakes in its file and one whose pickle runs a command."""
    from sklearn.datasets import load_wine
    from sklearn.linear_model import LogisticRegression

    import mlmodel

    wine, target = load_wine(return_X_y=True, as_frame=True)
    wine = wine[["alcohol", "ash", "hue", "proline"]]
    mlmodel.save(LogisticRegression(max_iter=5000).fit(wine, target), folder / "wine", example=wine)
    for name in ("churn", "downloaded"):
        shutil.copytree(folder / "wine", folder / name)
    file = folder / "churn" / "MLmodel"
    text = file.read_text().replace("loader_module", "loader_modul").replace("double", "duoble", 1)
    file.write_text(text)
    attack = ROOT / "conformance" / "attacks" / "exec.bin"
    shutil.copy(attack, folder / "downloaded" / "model.pkl")
    rows = json.loads(wine.head(3).to_json(orient="records"))
    rows[0]["alcohol"], rows[1]["proline"] = "14.23", True
    del rows[2]["hue"]
    (folder / "rows.json").write_text(json.dumps({"dataframe_records": rows}))


def session(folder: Path) -> list[str]:
    """Run the commands; return the lines of the terminal."""
    lines: list[str] = []
    for command in COMMANDS:
        arguments = [sys.executable, "-m", *command.split()]
        done = subprocess.run(
            arguments, cwd=folder, capture_output=True, text=True, check=False, timeout=300
        )
        said = (done.stderr + done.stdout).rstrip().split("\n")
        lines += [f"$ {command}", *(part for line in said for part in _wrapped(line)), ""]
    return lines[:-1]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, COLUMNS, subsequent_indent="    ", drop_whitespace=True) or [""]


def drawn(lines: list[str]) -> str:
    """Return the picture of lines of a terminal."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * number + 13}">{_colored(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" role="img">\n'
        "<title>mlmodel on the command line: a file is checked, data are checked, "
        "a model that runs code is refused</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" '
        f'fill="{PLAIN}" xml:space="preserve">\n{rows}\n</g>\n</svg>\n'
    )


def _colored(line: str) -> str:
    if line.startswith("$ "):
        return (
            f'<tspan fill="{GREEN}">$</tspan> <tspan font-weight="bold">{escape(line[2:])}</tspan>'
        )
    parts, end = [], 0
    for found in _WORDS.finditer(line):
        color = {"red": RED, "yellow": YELLOW, "dim": DIM}[str(found.lastgroup)]
        parts += [escape(line[end : found.start()]), f'<tspan fill="{color}">{found[0]}</tspan>']
        end = found.end()
    return "".join([*parts, escape(line[end:])])


def picture() -> str:
    """Return the picture, made anew."""
    with tempfile.TemporaryDirectory() as work:
        os.environ["MLMODEL_TRUST_STORE"] = str(Path(work) / ".trust")
        os.environ["MLMODEL_INFER_REQUIREMENTS"] = "false"
        prepare(Path(work))
        return drawn(session(Path(work)))


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
