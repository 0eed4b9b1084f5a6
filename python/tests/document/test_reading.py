"""Reading: safe before it is convenient (MLM-001 to MLM-006), and at the right place."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from mlmodel.document import Limits, check, parse, read, require_valid
from mlmodel.document.document import compose_document
from mlmodel.errors import InvalidModel, ModelNotFound, UnreadableModel

FLAVORS = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"


def rules(text, root=None):
    return [v.rule for v in check(compose_document(text, "MLmodel"), root)]


def only(text, rule):
    found = [v for v in check(compose_document(text, "MLmodel"), None) if v.rule == rule]
    assert len(found) == 1, check(compose_document(text, "MLmodel"), None)
    return found[0]


# --- hostile texts -------------------------------------------------------------------------

BOMB = (
    "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    + FLAVORS
)  # fmt: skip

HOSTILE = {
    "empty": ("", "MLM-001"),
    "comment only": ("# nothing\n", "MLM-001"),
    "null": ("null\n", "MLM-001"),
    "a list": ("- a\n- b\n", "MLM-001"),
    "a scalar": ("just text\n", "MLM-001"),
    "two documents": (FLAVORS + "---\n" + FLAVORS, "MLM-001"),
    "broken": ("flavors: [\n", "MLM-001"),
    "tab": ("flavors:\n\tx: 1\n", "MLM-001"),
    "control character": ("flavors: \x01\n", "MLM-001"),
    "null character": ("flavors: \0\n", "MLM-001"),
    "unknown alias": ("a: *b\n" + FLAVORS, "MLM-001"),
    "half a surrogate": ("a: \ud800\n" + FLAVORS, "MLM-001"),
    "flow brackets": ("a: " + "[" * 30_000, "MLM-002"),
    "closed brackets": ("a: " + "[" * 100_000 + "]" * 100_000, "MLM-002"),
    "braces": ("a: " + "{a: " * 30_000, "MLM-002"),
    "dashes": ("- " * 30_000, "MLM-002"),
    "question marks": ("? " * 30_000, "MLM-002"),
    "anchor bomb": (BOMB, "MLM-002"),
    "alias to itself": ("a: &a [*a]\n" + FLAVORS, "MLM-002"),
    "alias to its parent": ("a: &a {b: {c: *a}}\n" + FLAVORS, "MLM-002"),
    "many aliases": ("a: &a x\nb: [" + "*a, " * 5_000 + "]\n" + FLAVORS, "MLM-002"),
    "many values": ("a: [" + "1, " * 200_000 + "]\n" + FLAVORS, "MLM-002"),
    "many tag directives": (
        "".join(f"%TAG !a{i}! tag:x,\n" for i in range(50_000)) + "--- {}\n",
        "MLM-002",
    ),
    "python object": (
        "flavors: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
        "MLM-004",
    ),
    "python name": ("a: !!python/name:os.system ''\n" + FLAVORS, "MLM-004"),
    "own tag": ("a: !evil x\n" + FLAVORS, "MLM-004"),
    "merge key": ("b: &b {x: 1}\na: {<<: *b}\n" + FLAVORS, "MLM-004"),
    "list as key": ("[a, b]: 1\n" + FLAVORS, "MLM-004"),
    "mapping as key": ("{a: b}: 1\n" + FLAVORS, "MLM-004"),
    "same key twice": (FLAVORS + FLAVORS, "MLM-003"),
    "month 13": ("a: 2020-13-45\n" + FLAVORS, "MLM-006"),
    "number of 5,000 digits": ("a: " + "9" * 5_000 + "\n" + FLAVORS, "MLM-006"),
    "sexagesimal without end": ("a: 1" + ":1" * 100_000 + "\n" + FLAVORS, "MLM-006"),
    "bad base64": ("a: !!binary x\n" + FLAVORS, "MLM-006"),
    "int by tag": ("a: !!int x\n" + FLAVORS, "MLM-006"),
    "bool by tag": ("a: !!bool x\n" + FLAVORS, "MLM-006"),
    "timestamp by tag": ("a: !!timestamp x\n" + FLAVORS, "MLM-006"),
    "no flavors": ("run_id: abc\n", "MLM-007"),
    "flavors null": ("flavors:\n", "MLM-007"),
    "flavors a list": ("flavors: [sklearn]\n", "MLM-007"),
    "flavors empty": ("flavors: {}\n", "MLM-007"),
    "flavor null": ("flavors: {sklearn: }\n", "MLM-007"),
    "no loader_module": ("flavors: {python_function: {env: conda.yaml}}\n", "PYF-001"),
    "signature a list": (FLAVORS + "signature: [1]\n", "SIG-001"),
    "signature inputs a list": (FLAVORS + "signature: {inputs: [1]}\n", "SIG-001"),
    "json nested": (FLAVORS + f"signature: {{inputs: '{'[' * 100_000}'}}\n", "SIG-001"),
    "json nested 66": (FLAVORS + f"signature: {{inputs: '{'[' * 66 + ']' * 66}'}}\n", "SIG-001"),
    "json nested 65": (FLAVORS + f"signature: {{inputs: '{'[' * 65 + ']' * 65}'}}\n", "SIG-003"),
    "json nested 500": (FLAVORS + f"signature: {{inputs: '{'[' * 500 + ']' * 500}'}}\n", "SIG-001"),
    "json integer": (FLAVORS + f"signature: {{inputs: '[{'9' * 5_000}]'}}\n", "SIG-001"),
    "json empty": (FLAVORS + "signature: {inputs: ''}\n", "SIG-001"),
    "flavor named like a path": ("flavors: {../../mlmodel: {}}\n", "MLM-012"),
    "flavor that is a number": ("flavors: {1: {}}\n", "MLM-012"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("text", "rule"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_answered(text, rule):
    found = check(compose_document(text, "MLmodel"), None)
    assert rule in [violation.rule for violation in found]
    for violation in found:
        assert violation.message.endswith((".", "'", "]"))
        assert len(violation.message) < 500


@pytest.mark.thorough
@pytest.mark.parametrize(("text", "rule"), HOSTILE.values(), ids=HOSTILE.keys())
def test_parse_gives_a_mapping_or_an_error_of_ours(text, rule):
    usable = compose_document(text, "MLmodel").usable
    if usable:
        assert isinstance(parse(text).data, dict)
        return
    with pytest.raises(InvalidModel, match=rule):
        parse(text)


def test_a_file_of_20_mb_is_refused_by_its_size(tmp_path):
    file = tmp_path / "MLmodel"
    file.write_text(FLAVORS + "a: " + "x" * 20_000_000)
    with pytest.raises(UnreadableModel, match="20,000,0.* MLM-002|MLM-002: .*20,000,0"):
        read(file)
    assert read(file, limits=Limits(bytes=30_000_000)).data["a"].startswith("xxx")


def test_limits_can_be_set():
    deep = "a: " + "[" * 80 + "]" * 80 + "\n" + FLAVORS
    assert rules(deep) == ["MLM-002"]
    assert parse(deep, limits=Limits(depth=100)).usable
    with pytest.raises(InvalidModel, match="MLM-002"):
        parse(FLAVORS, limits=Limits(events=3))


def test_not_utf8_names_the_byte(tmp_path):
    (tmp_path / "MLmodel").write_bytes(b"flavors:\n  x: \xff\n")
    with pytest.raises(InvalidModel, match="2:6: error MLM-001.*0xff"):
        read(tmp_path)


def test_the_place_of_a_byte_is_counted_in_characters(tmp_path):
    """MLM-040: a column is one of characters, a line ends with a carriage return too."""
    content = b"\xef\xbb\xbf" + "x: ä\ry: ößü".encode() + b"\xfe"
    (tmp_path / "MLmodel").write_bytes(content)
    with pytest.raises(
        InvalidModel, match=f"2:7: error MLM-001.*0xfe at offset {len(content) - 1}"
    ):
        read(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "MLmodel").write_bytes(b"\xef\xbb\xbf" + FLAVORS.encode())
    assert list(read(tmp_path).data) == ["flavors"]


def test_what_cannot_be_read_is_an_error_of_ours(tmp_path):
    with pytest.raises(ModelNotFound, match="DIR-001"):
        read(tmp_path)
    with pytest.raises(ModelNotFound):
        read(tmp_path / "none")
    (tmp_path / "MLmodel").mkdir()
    with pytest.raises((UnreadableModel, ModelNotFound)):
        read(tmp_path)


def test_a_pipe_is_not_waited_on(tmp_path):
    os.mkfifo(tmp_path / "MLmodel")
    with pytest.raises(UnreadableModel, match="regular"):
        read(tmp_path)


def test_the_limits_of_aliases_leave_honest_ones():
    text = "metadata:\n  a: &a [1, 2]\n  b: *a\n" + FLAVORS
    assert parse(text).data["metadata"] == {"a": [1, 2], "b": [1, 2]}
    assert rules(text) == []


def test_an_alias_cannot_hide_depth():
    text = "a0: &a0 " + "[" * 30 + "]" * 30 + "\n"
    text += "a1: &a1 " + "[" * 30 + "*a0" + "]" * 30 + "\n"
    text += "a2: " + "[" * 30 + "*a1" + "]" * 30 + "\n"
    assert "MLM-002" in rules(text + FLAVORS)


# --- values --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "value"),
    [("3.10", "3.10"), ("123456", "123456"), ("12:30:45", "12:30:45"), ("no", "no"),
     ("0x1F", "0x1F"), ("1e5", "1e5"), ("2020-01-01", "2020-01-01"), ("true", "true"),
     ("'3.10'", "3.10"), ('"no"', "no"), ("abc", "abc"), ("null", None), ("~", None), ("", None)],
)  # fmt: skip
def test_texts_are_read_as_written(written, value):
    """MLM-005: the schema says text, so a text it is."""
    text = f"run_id: {written}\n{FLAVORS}    python_version: {written}\n"
    data = parse(text).data
    assert data["run_id"] == value
    assert data["flavors"]["python_function"]["python_version"] == value


def test_an_unquoted_number_is_warned_of():
    found = only(FLAVORS + "    python_version: 3.10\n", "MLM-005")
    assert found.severity == "warning"
    assert (found.line, found.column) == (4, 21)
    assert "'3.10'" in found.message


def test_an_unquoted_time_is_not():
    document = parse("time_created: 2018-05-25T17:28:53.35\n" + FLAVORS)
    assert document.data["time_created"] == "2018-05-25T17:28:53.35"
    assert check(document, None) == []


def test_unknown_keys_are_what_yaml_makes_of_them():
    text = FLAVORS + (
        "metadata:\n  a: 3.10\n  b: 2020-01-01\n  c: 2020-01-01 10:00:00\n  d: no\n  e: 0o7\n"
        "  f: !!binary aGk=\n  g: !!set {x, y}\n  1: one\n  h: !!str 5\n  i: 1_000\n  j: <<\n"
    )
    assert parse(text).data["metadata"] == {
        "a": 3.1, "b": dt.date(2020, 1, 1), "c": dt.datetime(2020, 1, 1, 10),  # noqa: DTZ001
        "d": False, "e": "0o7", "f": b"hi", "g": {"x", "y"}, 1: "one", "h": "5", "i": 1000,
        "j": "<<",
    }  # fmt: skip


def test_values_equal_those_of_the_safe_loader(corpus):
    import yaml

    for file in sorted(corpus.glob("**/MLmodel")):
        expected = yaml.safe_load(file.read_text())
        assert read(file).data == expected, file


def test_a_repeated_key_names_both_lines():
    text = "run_id: a\n" + FLAVORS + "run_id: b\n"
    found = only(text, "MLM-003")
    assert (found.line, found.column, found.pointer) == (5, 1, "/run_id")
    assert "line 1" in found.message
    assert parse(text).data["run_id"] == "a"


def test_repeated_keys_are_told_by_value():
    assert only(FLAVORS + "metadata: {1: a, 0x1: b}\n", "MLM-003").line == 4


# --- positions -----------------------------------------------------------------------------


def test_positions_of_keys_and_values():
    document = parse("a:\n  - x\n  - b~/c: 1\n" + FLAVORS)
    assert document.position("/a/1/b~0~1c") == (3, 11)
    assert document.key_position("/a/1/b~0~1c") == (3, 5)
    assert document.position("/a/0") == (2, 5)
    assert document.position("") == (1, 1)
    assert document.position("/flavors/none/at/all") == (4, 1)
    assert document.position("/a/7") == (1, 1)


def test_require_valid_collects_every_error(tmp_path):
    (tmp_path / "MLmodel").write_text(
        "flavors: {python_function: {model_path: ../x}}\nrun_id: []\n"
    )
    with pytest.raises(InvalidModel) as raised:
        require_valid(tmp_path)
    assert [d.rule for d in raised.value.details] == ["PYF-001", "DIR-002", "MLM-008"]


def test_require_valid_asks_for_what_loading_needs(tmp_path):
    text = FLAVORS + "    env: conda.yaml\n    model_path: model.pkl\ninput_example: e.json\n"
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(InvalidModel) as raised:
        require_valid(tmp_path)
    assert [d.message.split()[0] for d in raised.value.details] == ["'model.pkl'"]
    (tmp_path / "model.pkl").touch()
    assert require_valid(tmp_path).data["input_example"] == "e.json"
