"""The Node harness: the example for others passes what it claims, and loses nothing on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from harness_checks import conforms, require_skips

FOLDER = Path(__file__).resolve().parents[3] / "conformance" / "harnesses" / "node"
NODE = shutil.which("node")
HARNESS = [str(NODE), str(FOLDER / "harness.js")]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason="node is not installed")]


def test_it_conforms_to_what_it_claims():
    found = conforms(HARNESS, FOLDER / "known-failing.txt")
    assert found == {"checker": False, "signature": True, "untyped": True}


def test_what_it_does_not_do_it_skips_with_a_reason():
    require_skips(HARNESS, "typed-frames", "tensors", "scoring")


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"2":2,"1":3}',
        "[1.0,1,-0.0,1e5,1E+5,9007199254740993,-9223372036854775808,0.1]",
        '["\\u0000\\ud800é\\n\\"","",null,true,{}]',
        '{"__proto__":{"x":[]},"constructor":1}',
    ],
)
def test_json_is_written_as_it_was_read(text):
    assert json.loads(_through_node(text)) == json.loads(text)
    assert _through_node(_through_node(text)) == _through_node(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1,]", "{1:2}", "01", "+1", "NaN", "'a'", '"\n"', "1 2", '"\\x"', "nul", "[1 2]"],
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(subprocess.CalledProcessError):
        _through_node(text)


def _through_node(text):
    code = (
        f"import {{ parse, stringify }} from {json.dumps((FOLDER / 'json.js').as_uri())};"
        "import { readFileSync } from 'node:fs';"
        "process.stdout.write(stringify(parse(readFileSync(0, 'utf8'))));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", code],
        input=text.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode()
