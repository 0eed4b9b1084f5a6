"""Generate ``allowed.tsv`` and ``places.tsv`` of ``src/mlmodel/trust``: one list for all versions.

``python tools/trust_list.py [--check]`` runs the survey in one environment per supported
minor version of scikit-learn (``requirements/sklearn-*.txt``, made by uv on first use) and merges
what they say. It is a plain union: what is found under a name at load must be what is defined
there (TRU-011), so a name that another version has gives nothing away in this one. Two versions
may not want different checks for the same name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from peer_environment import ROOT, peer_python

TRUST = ROOT / "python/src/mlmodel/trust"
REQUIREMENTS = ROOT / "python/requirements"

Place = tuple[str, str]


def environments() -> list[str]:
    """Return the names of the environments, the oldest scikit-learn first."""
    names = [path.stem for path in REQUIREMENTS.glob("sklearn-*.txt")]
    return sorted(names, key=lambda name: [int(part) for part in name.split("-")[1].split(".")])


def surveyed(tool: str, environment: str) -> Any:
    """Return what a survey (a script beside this one that prints JSON) says in an environment."""
    command = [str(peer_python(environment)), str(Path(__file__).with_name(tool))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{tool} in {environment}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def merge(surveys: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the texts of the list and of the places; the uses of a name are those of all."""
    names: dict[Place, tuple[dict[str, None], str]] = {}
    moved: dict[Place, str] = {}
    for one in surveys:
        for module, name, uses, check in one["names"]:
            known, wanted = names.setdefault((module, name), ({}, check))
            if wanted != check:
                raise SystemExit(f"{module}.{name} is checked as {wanted!r} and as {check!r}")
            known.update(dict.fromkeys(uses.split(",")))
        for full_name, place in one["places"].items():
            module, _, name = full_name.rpartition(".")
            if moved.setdefault((module, name), place) != place:
                raise SystemExit(f"{full_name} is a name of two things")
    listed = [
        f"{module}\t{name}\t{','.join(uses)}\t{check}"
        for (module, name), (uses, check) in sorted(names.items())
    ]
    places = [f"{module}\t{name}\t{place}" for (module, name), place in sorted(moved.items())]
    return (
        "\n".join(["module\tname\tuses\tcheck", *listed]) + "\n",
        "\n".join(["module\tname\tplace", *places]) + "\n",
    )


def main() -> int:
    """Write the list, or with ``--check`` say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    arguments = parser.parse_args()
    texts = merge([surveyed("survey_trust.py", name) for name in environments()])
    for file, text in zip(("allowed.tsv", "places.tsv"), texts, strict=True):
        target = TRUST / file
        same = target.exists() and target.read_text(encoding="utf-8") == text
        if arguments.check and not same:
            print(f"{file} is not what the environments give")
            return 1
        if not same:
            target.write_text(text, encoding="utf-8")
        print(f"{file}: {len(text.splitlines()) - 1} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
