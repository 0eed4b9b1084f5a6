"""The R harness: R's package passes what it claims, and loses nothing on the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from harness_checks import conforms, require_skips

from r_functions import require_packages

REPOSITORY = Path(__file__).resolve().parents[3]
FOLDER = REPOSITORY / "conformance" / "harnesses" / "r"
R = shutil.which("Rscript")
HARNESS = [str(R), "--vanilla", str(FOLDER / "harness.R"), str(REPOSITORY / "r-bridge")]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(R is None, reason="R is not installed (r-base-core)"),
]


@pytest.fixture(scope="module", autouse=True)
def _packages():
    require_packages("yaml", "jsonlite")


def test_it_conforms_to_what_it_claims():
    found = conforms(HARNESS, FOLDER / "known-failing.txt")
    assert found == {"checker": True, "signature": True, "untyped": True}


def test_what_it_does_not_do_it_skips_with_a_reason():
    require_skips(HARNESS, "typed-frames", "tensors", "scoring")


KEPT = [
    '{"b":1,"2":2,"1":3,"":[]}',
    "[1.0,1,-0.0,1e5,1E+5,9007199254740993,-9223372036854775808,0.1]",
    '["é\\n\\"","\\ud83d\\ude00\\\\u0000","\\u0001","",null,true,{}]',
    '[[],[[]],{"a":null}]',
]
REFUSED = ["", "{", "[1,]", "{1:2}", "01", "+1", "NaN", "'a'", '"\n"', "1 2", '"\\x"', "nul", "[1] x", "[1 2]", '{"a":1,}']  # fmt: skip
#: What R has no text for, which is told and not changed.
NO_TEXT = ['"\\u0000"', '"\\ud800"', '"\\udc00 a"']


@pytest.fixture(scope="module")
def through_r():
    """What R's reader and writer of JSON make of each text: JSON, or what is wrong."""
    code = """
        read <- new.env()
        for (file in list.files(file.path(commandArgs(TRUE), "R"), full.names = TRUE)) sys.source(file, read)
        for (text in jsonlite::fromJSON(readLines("stdin")))
          writeLines(jsonlite::toJSON(tryCatch(read$write_json(read$read_json(text)), error = conditionMessage)))
    """
    texts = [*KEPT, *REFUSED]
    done = subprocess.run(
        [str(R), "--vanilla", "-e", code, str(REPOSITORY / "r-bridge")],
        input=json.dumps([*texts, *NO_TEXT]), capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = [json.loads(line)[0] for line in done.stdout.splitlines()]
    return dict(zip([*texts, *NO_TEXT], told, strict=True))


@pytest.mark.parametrize("text", KEPT)
def test_json_is_written_as_it_was_read(text, through_r):
    def read(given):
        return json.loads(given, parse_float=str, parse_int=str, object_pairs_hook=list)

    assert read(through_r[text]) == read(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_json_is_refused(text, through_r):
    assert "not JSON at character" in through_r[text]


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_r_has_no_text_for_is_told(text, through_r):
    assert "R has no texts with NUL or half a pair of surrogates (CRA-009)" in through_r[text]
