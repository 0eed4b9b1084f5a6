"""Requests made of a description alone, against a real server: its own, and the protocol's own.

Each run has a fixed seed and a bound on its cases. No request gives a 500, and answers are of the
kinds, with the content types and of the forms that the description names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import yaml
from page_models import save_models, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow
PROTOCOL = "reference/open-inference-protocol/open_inference_rest.yaml"
ALWAYS = ("not_a_server_error", "content_type_conformance", "response_schema_conformance")
OURS = (*ALWAYS, "status_code_conformance", "response_headers_conformance", "unsupported_method")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("models")
    save_models(made)
    return made


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """Give the address of a server whose models take whatever fits their signatures."""
    with serving("-m", str(folder / "flat"), "-m", str(folder / "sum")) as (found, _):
        yield found


def requests_made(description: Path, url: str, checks: tuple[str, ...]) -> int:
    """Run schemathesis; return how many requests it made."""
    command = ["run", str(description), "--url", url, "--no-color", "--workers", "1"]
    bounds = ["--seed", "1", "--max-examples", "15", "--generation-deterministic"]
    report = description.with_suffix(".report.json")
    said = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *(*command, *bounds, "--checks", ",".join(checks)),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=description.parent,
    )
    assert said.returncode == 0, said.stdout[-5000:] + said.stderr[-2000:]
    line = next(one for one in said.stdout.splitlines() if one.strip().endswith("passed")
                and "generated" in one)  # fmt: skip
    return int(line.split()[0])


@pytest.mark.parametrize("single", [False, True])
def test_by_our_own_description(url: str, folder: Path, tmp_path: Path, single: bool) -> None:
    """RST-175, RST-176: of one model, and of several."""
    if not single:
        _by_our_own(url, tmp_path)
        return
    with serving("-m", str(folder / "flat"), "--terse-errors") as (found, _):
        _by_our_own(found, tmp_path)


def _by_our_own(url: str, folder: Path) -> None:
    path = folder / "openapi.json"
    with urlopen(f"{url}/openapi.json") as answer:
        path.write_bytes(answer.read())
    assert requests_made(path, url, OURS) > 200


def test_by_the_protocols_own_description(url: str, shared: Path, tmp_path: Path) -> None:
    """OIP-050: with the names that there are, in paths with and without a version.

    It names no answer for a model that is not there, so statuses are not compared.
    """
    whole: dict[str, Any] = yaml.safe_load((shared / PROTOCOL).read_text().replace("${", "{"))
    paths = {}
    for path, item in whole["paths"].items():
        for parameter in item.get("parameters", ()):
            if parameter["name"] == "MODEL_NAME":
                parameter["schema"]["enum"] = ["flat", "sum"]
        paths[path] = item
        plain = json.loads(json.dumps(item))
        plain["parameters"] = [one for one in item.get("parameters", ())
                               if one["name"] != "MODEL_VERSION"]  # fmt: skip
        for operation in ("get", "post"):
            if operation in plain:
                plain[operation]["operationId"] += "-plain"
        paths.setdefault(path.replace("/versions/{MODEL_VERSION}", ""), plain)
    description = tmp_path / "protocol.json"
    description.write_text(json.dumps({**whole, "paths": paths}))
    assert requests_made(description, url, ALWAYS) > 50
