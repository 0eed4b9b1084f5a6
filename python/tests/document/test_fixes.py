"""What --fix mends, and that it touches nothing else (MLM-027, MLM-028)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from test_fuzz import edited, edits

from mlmodel import validate
from mlmodel.document import check
from mlmodel.document.document import compose_document
from mlmodel.document.editing.edits import Change, Edit, apply
from mlmodel.document.editing.fixes import FIXABLE, fix, fix_text
from mlmodel.document.yaml.events import Limits
from mlmodel.errors import WriteFailed

HEAD = "# kept\nflavors:   {a:  {}}   # kept\n"


def fixed(text, root=None):
    return fix_text(HEAD + text, "MLmodel", root).text.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("run_id: 0123   # c\n", "run_id: '0123'   # c\n"),
        ("run_id:    no\nmodel_id: 1_0\n", "run_id:    'no'\nmodel_id: '1_0'\n"),
        ("env_vars: [ on,off ]\n", "env_vars: [ 'on','off' ]\n"),
        ("run_id: a\nrun_id: a # c\nx: 1\n", "run_id: a\n# c\nx: 1\n"),
        ("m:\n  a: 1\n\n  a: 1\n  b: 2\n", "m:\n  a: 1\n\n  b: 2\n"),
        ("m: {a: 1, a: 1, b: 2}\n", "m: {a: 1, b: 2}\n"),
        ("m: {a: [1], b: 2, a: [1]}\n", "m: {a: [1], b: 2}\n"),
        ("run_id: 0123\nrun_id: '0123'\n", "run_id: '0123'\n"),
        ("run_id: a\nrun_id: a\nrun_id: a", "run_id: a\n"),
        ("signature:\n  inputs:\n  - {type: double, name: \"it's\"}\n  - type: long\n    name: b\n  outputs: null\n",
         "signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"it''s\"}, {\"type\": \"long\", \"name\": \"b\"}]'\n  outputs: null\n"),
        ("signature:\n  inputs:\n  - type: double # the last\n",
         "signature:\n  inputs: '[{\"type\": \"double\"}]' # the last\n"),
        ("signature: {inputs: [{type: long}], params: []}\n", "signature: {inputs: '[{\"type\": \"long\"}]', params: []}\n"),
    ],
)  # fmt: skip
def test_what_is_mended(text, mended):
    """MLM-027."""
    assert fixed(text) == mended
    assert fixed(mended) == mended


@pytest.mark.parametrize(
    "text",
    [
        "run_id: a\nrun_id: b\n",
        "m:\n  a: [1]\n  a: [1]\n",
        "m:\n  a: |\n    x\n  a: |\n    x\n",
        "m: {a: &x 1, b: 2, a: *x}\n",
        "time_created: 2018-05-25T17:28:53.35\n",
        "time_created: '2018'\nutc_time_created: '2019'\n",
        "mystery: 3.10\nenv: {a: !b c}\nx: 2020-13-45\n",
        "signature:\n  inputs:\n  - type: double # the first\n  - type: long\n",
        "signature:\n  inputs: # why\n  - type: double\n",
        "s: &s [{type: double}]\nsignature: {inputs: *s}\n",
        "signature:\n  inputs:\n  - {type: double, default: 2020-01-01}\n",
        "signature:\n  inputs:\n  - {1: double}\n",
        "signature:\n  inputs: {type: double}\n",
        "signature:\n  inputs: '[{]'\n",
        "metadata: []\n",
    ],
)
def test_what_has_no_one_answer_stays(text):
    """MLM-028."""
    assert fixed(text) == text
    assert fix_text(HEAD + text, "MLmodel", None).changes == ()


def test_a_comment_in_a_text_is_none():
    text = "signature:\n  inputs:\n  - {type: double, name: 'a # b'}\n"
    assert fixed(text) == 'signature:\n  inputs: \'[{"type": "double", "name": "a # b"}]\'\n'


def test_one_that_would_spoil_the_file_keeps_no_other_from_being_made(monkeypatch):
    def spoil(document, violation):
        node = document.nodes(violation.pointer)[1]
        bad = "'[" if node.value == "02" else f"'{node.value}'"
        return "Changed.", (Edit(node.start.index, node.end.index, bad),)

    monkeypatch.setitem(FIXABLE, "MLM-005", spoil)
    text = "env_vars: [01, 02, 03, 04, 05]\n"
    assert fixed(text) == "env_vars: ['01', 02, '03', '04', '05']\n"


@pytest.mark.thorough
def test_many_changes_are_made_in_one_pass():
    """Nothing here is quadratic in what a file can hold."""
    text = f"env_vars: [{', '.join(['1'] * 10_000)}]\n"
    assert fixed(text) == text.replace("1", "'1'")


def test_changes_that_touch_each_other_are_not_made_together():
    one, two, three = (
        Change("r", "m", 1, 1, "/", edits)
        for edits in ((Edit(2, 4, "X"),), (Edit(3, 5, "Y"), Edit(0, 1, "Y")), (Edit(4, 6, "Z"),))
    )
    assert apply("abcdefg", [one, two, three]) == ("abXZg", [one, three])
    assert apply("abcdefg", [two, one, three]) == ("YbcYfg", [two])


def test_every_fix_says_its_rule_place_and_deed():
    found = fix_text(HEAD + "run_id: 0123\nrun_id: 0123\n", "MLmodel", None).changes
    assert [(c.rule, c.line, c.column, c.pointer, c.message) for c in found] == [
        ("MLM-005", 3, 9, "/run_id", "0123 was put in quotes."),
        ("MLM-003", 4, 1, "/run_id", "The second 'run_id' was removed: line 3 says the same."),
    ]
    assert {c.rule for c in found} <= FIXABLE.keys()
    assert str(found[0].as_violation("f")).startswith("f:3:9: fixed MLM-005: 0123")


def test_a_backslash_is_mended_where_it_separates(tmp_path):
    """DIR-006: of a file with a backslash in its name, the backslash stays."""
    text = "flavors:\n  sklearn: {pickled_model: sub\\model.pkl, code: 'c\\d'}\n"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "model.pkl").write_text("N.")
    (tmp_path / "c\\d").mkdir()
    found = fix_text(text, "MLmodel", tmp_path)
    assert found.text == text.replace("sub\\model", "sub/model")
    assert [change.rule for change in found.changes] == ["DIR-006"]
    assert fix_text(text, "MLmodel", None).changes == ()


@pytest.mark.thorough
@given(edits)
@settings(max_examples=200)
def test_mending_adds_no_error_and_ends(changes):
    """MLM-028: for any text, what was right stays right, and once is enough."""
    text = edited(changes)
    before = compose_document(text, "MLmodel")
    found = fix_text(text, "MLmodel", None)
    after = compose_document(found.text, "MLmodel")
    errors = [
        [v.severity for v in check(document, None)].count("error") for document in (before, after)
    ]
    assert errors[1] <= errors[0]
    assert fix_text(found.text, "MLmodel", None) == (found.text, ())
    assert (found.text == text) == (not found.changes)


@given(edits)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_in_its_folder(tmp_path, changes):
    file = tmp_path / "MLmodel"
    file.write_text(edited(changes), encoding="utf-8", errors="surrogatepass", newline="")
    before = file.read_bytes()
    mended = fix(tmp_path)
    assert bool(mended) == (file.read_bytes() != before)
    validate(tmp_path)


BROKEN = HEAD + "run_id: 0123\r\nmodel_id: é\r\n"


def test_the_file_keeps_its_permissions_mark_and_line_breaks(tmp_path):
    file = tmp_path / "MLmodel"
    file.write_bytes(b"\xef\xbb\xbf" + BROKEN.encode())
    file.chmod(0o640)
    (mended,) = fix(tmp_path)
    assert (mended.file, mended.line) == (str(file), 3)
    assert file.read_bytes() == b"\xef\xbb\xbf" + BROKEN.replace("0123", "'0123'").encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert fix(tmp_path) == ()


@pytest.mark.parametrize("target", ["real", "../outside"])
def test_nothing_is_mended_through_a_link(tmp_path, target):
    """DIR-012, DIR-011: one that leads out is not even read."""
    (tmp_path / "model").mkdir()
    link = tmp_path / "model" / "MLmodel"
    link.symlink_to(target)
    file = tmp_path / "model" / target
    file.write_bytes(BROKEN.encode())
    if target == "real":
        with pytest.raises(WriteFailed, match="is a link, and nothing is written"):
            fix(link.parent)
        assert validate(link.parent).errors == ()
        assert validate(link.parent).warnings
    else:
        assert fix(link.parent) == ()
        (found,) = validate(link.parent).errors
        assert (found.rule, "cp -rL" in found.message) == ("DIR-011", True)
    assert file.read_bytes() == BROKEN.encode()
    assert link.is_symlink()
    assert sorted(os.listdir(link.parent)) == ["MLmodel", "real"][: 2 if target == "real" else 1]


def test_a_larger_file_is_mended_where_its_user_lets_it_be_read(tmp_path):
    """MLM-002: the limits are those that it was read with."""
    text = f"flavors: {{x: {{}}}}\nmetadata: {{a: {'x' * 9_000_000}}}\nrun_id: 12\n"
    (tmp_path / "MLmodel").write_text(text)
    assert fix(tmp_path) == ()
    assert len(fix(tmp_path, limits=Limits(bytes=10_000_000))) == 1
    assert (tmp_path / "MLmodel").read_text() == text.replace("12", "'12'")


def test_a_file_that_cannot_be_written_stays(tmp_path, monkeypatch):
    file = tmp_path / "MLmodel"
    file.write_bytes(BROKEN.encode())

    def full(descriptor):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left"):
        fix(tmp_path)
    assert file.read_bytes() == BROKEN.encode()
    assert os.listdir(tmp_path) == ["MLmodel"]


def test_what_cannot_be_read_is_left_alone(tmp_path):
    assert fix(tmp_path / "none") == ()
    (tmp_path / "MLmodel").write_bytes(b"\xff")
    assert fix(tmp_path) == ()
    (tmp_path / "MLmodel").write_text("- a\n")
    assert fix(tmp_path) == ()
