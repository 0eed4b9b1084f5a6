"""The canonical form: same meaning, order and comments; and itself again (MLM-024 to MLM-026)."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from test_fuzz import edited, edits
from test_writing import documents

from mlmodel.document import dumps, parse
from mlmodel.document.document import compose_document
from mlmodel.document.editing import formatting
from mlmodel.document.editing.comments import Tree, are_in_place, with_comments
from mlmodel.document.editing.formatting import format_text
from mlmodel.document.editing.layout import LaidOut
from mlmodel.document.yaml.events import Limits, compose
from mlmodel.errors import InternalError, InvalidModel
from mlmodel.signature.model_signature import ModelSignature

FLAVORS = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"

BY_HAND = """\
# Who reads this: the platform team

# early
time_created: 2018-05-25T17:28:53.35   # when



# two blanks above
flavors: # the flavors
    # deep
    sklearn: # own
        sklearn_version: 0.19.1 # v
        pickled_model: "model.pkl"
        # end of sklearn

      # odd
    # before pf
    python_function: {loader_module: mlflow.sklearn, # l
       env: {conda: 'conda.yaml', virtualenv: python_env.yaml}, python_version: 3.10} # p
metadata: &m   # m
  author: Fran\u00e7ois
  escaped: "Fran\\xE7ois"
  list: [1, 2, # two
     yes, ~]
  text: |   # head comment
    one
    two

  other: >-
    folded text
    goes on
  nested:
  - - a # a
    - b
  # between
  -   # dash
    x: 1.10
    y: 0x1F
  key: # k
    a value
  empty: {} # e
  # last of metadata
# tail

"""
CANONICAL = """\
# Who reads this: the platform team

# early
utc_time_created: '2018-05-25T17:28:53.35'  # when

# two blanks above
flavors:  # the flavors
  # deep
  sklearn:  # own
    sklearn_version: 0.19.1  # v
    pickled_model: model.pkl
    # end of sklearn

  # odd
  # before pf
  python_function:
    loader_module: mlflow.sklearn  # l
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    python_version: '3.10'  # p
metadata:  # m
  author: Fran\u00e7ois
  escaped: "Fran\\xE7ois"
  list:
  - 1
  - 2  # two
  - true
  - null
  # head comment
  text: |
    one
    two

  other: >-
    folded text goes on
  nested:
  - - a  # a
    - b
  # between
  # dash
  - x: 1.10
    y: 0x1F
  key: a value  # k
  empty: {}  # e
  # last of metadata
# tail
"""


def test_a_file_that_was_edited_by_hand():
    """MLM-024, MLM-026."""
    formatted = format_text(BY_HAND)
    assert formatted.text == CANONICAL
    assert [change.message for change in formatted.changes] == [
        "time_created was renamed to utc_time_created."
    ]
    assert format_text(CANONICAL) == (CANONICAL, ())


def test_what_mlflow_wrote_is_its_own_form(corpus):
    """Of the corpus, one file was written by other means: `code: ` with nothing behind it."""
    changed = {
        file.parent.name: format_text(file.read_text()).text
        for file in sorted(corpus.glob("**/MLmodel"))
        if format_text(file.read_text()).text != file.read_text()
    }
    assert set(changed) <= {"pyfunc-artifacts-3.1.4", "pyfunc-own-loader-module"}
    for name, text in changed.items():
        before = (corpus / name / "MLmodel").read_text()
        assert text == before.replace("code: \n", "code: null\n").rstrip("\n") + "\n"


@given(documents)
@settings(max_examples=60)
def test_what_is_written_here_is_its_own_form(data):
    written = dumps(data)
    assert format_text(written).text == written


layouts = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "default_style": st.sampled_from([None, None, '"', "'", "|", ">"]),
        "width": st.sampled_from([10, 40, 80, 1000]),
        "indent": st.integers(2, 6),
        "allow_unicode": st.booleans(),
        "explicit_start": st.booleans(),
        "sort_keys": st.booleans(),
        "line_break": st.sampled_from(["\n", "\r\n"]),
    }
)
places = st.lists(st.tuples(st.integers(0, 60), st.booleans(), st.integers(0, 8)), max_size=8)


def commented(text, found):
    """Return a text with comments, each with a number of its own, at ends of lines or between."""
    lines = text.splitlines()
    for number, (somewhere, own, indent) in enumerate(found):
        place = somewhere % (len(lines) + 1)
        comment = f"# c{number}."
        if own or place == len(lines):
            lines[place:place] = (
                ["", " " * indent + comment] if indent == 3 else [" " * indent + comment]
            )
        else:
            lines[place] += f"  {comment}"
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@given(documents, layouts, places)
@example({"flavors": {"x": {"a": "b\n\n"}}}, {"default_style": "|"}, [(4, True, 0)])
@example({"flavors": {"x": {"a": ["b"]}}}, {"default_flow_style": True}, [(0, False, 0)])
@example(
    {"flavors": {"x": {}}, "a": b"\0"}, {"default_flow_style": True, "width": 10}, [(0, False, 0)]
)
@settings(max_examples=200)
def test_any_layout_with_comments(data, layout, found):
    """MLM-024: values, keys in their order and every comment are there, and it is a fixed point."""
    text = commented(yaml.safe_dump(data, **layout), found)
    document = compose_document(text, "MLmodel")
    # A comment that fell into a text is none.
    assume(document.usable and not [p for p in document.problems if p.severity == "error"])
    assume(document.data == parse(yaml.safe_dump(data, **layout)).data)
    formatted = format_text(text).text
    again = parse(formatted)
    assert again.data == document.data
    assert list(again.data) == list(document.data)
    assert sorted(re.findall(r"# c\d+\.", formatted)) == sorted(
        f"# c{i}." for i in range(len(found))
    )
    assert "\n\n\n" not in formatted or "\n\n\n" in str(data) or "|" in formatted
    assert format_text(formatted).text == formatted


@given(edits)
@settings(max_examples=150)
def test_any_text_is_formatted_or_refused(changes):
    text = edited(changes)
    try:
        formatted = format_text(text)
    except InvalidModel as error:
        assert error.details  # noqa: PT017 - either way is right, but an error says why
        return
    assert format_text(formatted.text).text == formatted.text


@pytest.mark.parametrize(
    ("text", "rule"),
    [("- a\n", "MLM-001"), ("a: [\n", "MLM-001"), ("", "MLM-001"), ("a: 1\na: 2\n", "MLM-003"),
     ("a: !x b\n", "MLM-004"), ("a: {<<: {b: 1}}\n", "MLM-004"), ("a: 2020-13-45\n", "MLM-006")],
)  # fmt: skip
def test_what_is_not_certain_is_refused(text, rule):
    """MLM-026."""
    with pytest.raises(InvalidModel, match=rule):
        format_text(text)


@pytest.mark.parametrize(
    "text",
    ["a: [b, c, d]\n", "a: [b, c, d] # e\n", "a: 1\r\nb: yes # e\r\n", "a: é\r\nb: yes\r\n"],
)
def test_what_would_not_be_read_again_is_not_formatted(text):
    """MLM-002: a canonical form of more bytes than are read; with as many it is."""
    size = len(format_text(text).text.encode())
    assert format_text(text, limits=Limits(bytes=size)).text
    with pytest.raises(
        InvalidModel, match=f"MLM-002.* {size} bytes, more than the limit"
    ) as raised:
        format_text(text, "here", limits=Limits(bytes=size - 1))
    assert raised.value.details[0].file == "here"


@pytest.mark.parametrize(
    "other",
    ["a: 1.0\nb: x\n", "a: true\nb: x\n", "a: '1'\nb: x\n", "b: x\na: 1\n", "a: 1\n", "a: 1\nb: y\n",
     "a: 1\nb: [x]\n", "a: 1\nb: x\nc: 1\n", "a: 1\nb: x\nb: x\n", "- 1\n"],
)  # fmt: skip
def test_a_layout_that_says_something_else_is_not_written(other, monkeypatch):
    """MLM-024: whatever the layout does, what it made is compared with what stood there."""
    laid_out = LaidOut(other, compose(other))
    monkeypatch.setattr(formatting, "lay_out", lambda *given: laid_out)
    with pytest.raises(InternalError, match="left as it is"):
        format_text("a: 1\nb: x\n")


def test_what_is_equal_to_nothing_is_itself():
    text = "a: .NaN\nb:   !!set {1, x}\n"
    assert format_text(text).text == "a: .NaN\nb: !!set\n  1: null\n  x: null\n"


def test_a_comment_comes_to_rest():
    """MLM-024: before an empty key it does so at the second look alone."""
    form = "s:\n  #\n  ? ''\n  : null\n"
    assert format_text("{s: {\n #\n''}}").text == form
    assert format_text(form).text == form


def test_other_rules_may_be_broken():
    assert format_text("run_id: [a]\n").text == "run_id:\n- a\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a: &x [1]\nb: *x # c\n", "a:\n- 1\nb:  # c\n- 1\n"),
        ("a: &x one # c\nb: *x # d\n", "a: one  # c\nb: one  # d\n"),
        ("{a: 1, # x\n b: [] # y\n}\n", "a: 1  # x\nb: []  # y\n"),
        ("a: !!str 5\nb: !!int '5'\nc: !!binary aGk=\n", "a: '5'\nb: 5\nc: !!binary |-\n  aGk=\n"),
        ("a: !!set {x, y}\n", "a: !!set\n  x: null\n  y: null\n"),
        ("%YAML 1.1\n--- # c\na: 1\n...\n# d\n", "# c\na: 1\n# d\n"),
        ("a: Yes\nb: off\nc: NULL\nd: Off course\n", "a: true\nb: false\nc: null\nd: Off course\n"),
        ("run_id: no\nmodel_id: ~\n", "run_id: 'no'\nmodel_id: null\n"),
        ("flavors: {no: {1: 2}}\n", "flavors:\n  'no':\n    1: 2\n"),
        ("? a\n: b\n", "a: b\n"),
        ("a: |+\n  x\n\n# c\nb: 1\n", "a: |+\n  x\n\n# c\nb: 1\n"),
        ("a: |\n  x\n\n\n\nb: 1\n", "a: |\n  x\n\nb: 1\n"),
        ("a: 'x # y' # z\n", "a: 'x # y'  # z\n"),
        ("a: b#c #d\n", "a: b#c  #d\n"),
        ("\n\na: 1\n\n", "a: 1\n"),
        ("a:   # c\n- b\n#  d\n- c\n", "a:  # c\n- b\n#  d\n- c\n"),
        ("a: 1\r\n# c\r\nb: 2\r\n", "a: 1\r\n# c\r\nb: 2\r\n"),
        ("a:\n  b:\n    c: 1\n    # of c\n  # of b\n# of a\n", "a:\n  b:\n    c: 1\n    # of c\n  # of b\n# of a\n"),
    ],
)  # fmt: skip
def test_details_of_the_form(text, form):
    """MLM-026."""
    assert format_text(text).text == form
    assert format_text(form).text == form


# --- old forms ------------------------------------------------------------------------------


def upgraded(part, text):
    formatted = format_text(f"{FLAVORS}signature:\n  {part}: '{text}'\n")
    return formatted.text.removeprefix(f"{FLAVORS}signature:\n  {part}: ").strip("'\n")


@pytest.mark.parametrize(
    ("part", "old", "today"),
    [
        ("inputs", '[{"name": "x", "dtype": "float32", "shape": [-1, 3]}]',
         '[{"type": "tensor", "name": "x", "tensor-spec": {"dtype": "float32", "shape":\n    [-1, 3]}}]'),
        ("inputs", '[ {"dtype":"int8","shape":[ -1 ]} ]',
         '[ {"type": "tensor", "tensor-spec": {"dtype": "int8", "shape": [ -1 ]}}\n    ]'),
        ("outputs", '[{"type": "double", "name": "a", "optional": true}]',
         '[{"type": "double", "name": "a", "required": false}]'),
        ("inputs", '[{"type": "double", "name": "a", "optional": false, "x": 1e400}]',
         '[{"type": "double", "name": "a", "required": true, "x": 1e400}]'),
        ("params", '[{"name": "p", "dtype": "double", "default": 1.10, "shape": null}]',
         '[{"name": "p", "type": "double", "default": 1.10, "shape": null}]'),
    ],
)  # fmt: skip
def test_old_forms_of_a_signature(part, old, today):
    """MLM-025."""
    assert upgraded(part, old) == today
    if "1e400" not in old:
        before, after = ({part: text.replace("\n   ", "")} for text in (old, today))
        assert ModelSignature.from_dict(before) == ModelSignature.from_dict(after)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("inputs", '[{"type": "double", "optional": true, "required": true}]'),
        ("inputs", '[{"type": "double", "optional": 1}]'),
        ("inputs", '[{"dtype": "double"}]'),
        ("inputs", '[{"dtype": "double", "dtype": "x", "shape": [1]}]'),
        ("inputs", "[{"),
        ("inputs", '{"optional": true}'),
        ("inputs", '[1, "optional"]'),
        ("params", '[{"name": "p", "dtype": "long", "type": "long", "default": 1}]'),
    ],
)
def test_what_has_no_one_answer_stays(part, text):
    assert upgraded(part, text) == text


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("time_created: 2020-01-01 # c\n", "utc_time_created: '2020-01-01'  # c\n"),
        ("'time_created': x\n", "utc_time_created: x\n"),
        ("time_created: 2020-01-01 # c\nutc_time_created: '2020-01-01 00:00:00'\n",
         "# c\nutc_time_created: '2020-01-01 00:00:00'\n"),
        ("utc_time_created: 'a'\ntime_created: null\n", "utc_time_created: a\n"),
        ("{time_created: 2020-01-01, utc_time_created: 2020-01-01}\n", "utc_time_created: '2020-01-01'\n"),
        ("time_created: '2020'\nutc_time_created: '2021'\n",
         "time_created: '2020'\nutc_time_created: '2021'\n"),
    ],
)  # fmt: skip
def test_the_early_name_of_the_time(text, form):
    """MLM-009, MLM-025."""
    assert format_text(text).text == form


def test_a_block_of_json_stays_a_block():
    text = (
        'signature:\n  inputs: |\n    [{"type": "double", "name": "a", "optional": true},\n'
        '     {"type": "double", "name": "b"}]\n  # c\n  outputs: null\n'
    )
    assert format_text(text).text == text.replace('"optional": true', '"required": false')
    assert len(format_text(text).changes) == 1


def tree(text):
    document = compose_document(text, "MLmodel")
    wrong = [one for one in document.problems if one.severity == "error"]
    return None if wrong or not document.usable else Tree(text, document.nodes("")[1])


@pytest.mark.slow
@given(documents, places, st.booleans())
@settings(max_examples=400)
def test_comments_that_are_said_to_be_in_place_are_put_there(data, found, aligned):
    """The short way to a canonical text says yes only where the long one changes nothing."""
    bare = format_text(yaml.safe_dump(data)).text
    text = commented(bare, found)
    if aligned:  # comments of their own lines as far in as what follows
        lines = text.split("\n")
        for number in range(len(lines) - 2, -1, -1):
            if lines[number].lstrip().startswith("# c"):
                behind = lines[number + 1]
                space = behind[: len(behind) - len(behind.lstrip(" "))]
                lines[number] = space + lines[number].lstrip()
        text = "\n".join(lines)
    source, target = tree(text), tree(bare)
    assume(source is not None and target is not None)
    # A comment that fell into a text is none.
    assume(parse(text).data == parse(bare).data)
    if are_in_place(text, bare):
        assert with_comments(source, target) == text


def test_comments_of_a_canonical_text_are_in_place():
    bare = "flavors:\n  x:\n    a: |\n      # b\n    c:\n    - d\n    - e: 1\nrun_id: f\n"
    text = (
        "# 1\nflavors:\n  x:  # 2\n    # 3\n    a: |\n      # b\n    c:\n    # 4\n    - d  # 5\n"
        "    - e: 1\n# 6\n# 7\nrun_id: f  # 8\n# 9\n"
    )
    assert format_text(bare).text == bare
    assert format_text(text).text == text
    assert are_in_place(text, bare)
    assert not are_in_place(text.replace("# 3", "  # 3"), bare)
    assert not are_in_place(text.replace("a: |", "a: |  # b"), bare)
    assert not are_in_place(text.replace("# 9\n", "# 9\n\n"), bare)
