"""Places inside the JSON texts of a signature, through every way YAML can write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlmodel.document import check, parse
from mlmodel.document.document import compose_document
from mlmodel.document.yaml.jsontext import JsonText
from mlmodel.document.yaml.source import SourceMap

if TYPE_CHECKING:
    import random

HEAD = "flavors:\n  f: {}\nsignature:\n"


def bad(text):
    """Return the violations about signatures: (rule, pointer, what stands at the place)."""
    document = compose_document(text, "MLmodel")
    lines = text.split("\n")
    return [
        (v.rule, v.pointer, lines[v.line - 1][v.column - 1 :])
        for v in check(document, None)
        if v.rule.startswith("SIG")
    ]


STYLES = {
    "plain": "  inputs: [1]\n",
    "single": """  inputs: '[{"type": "long", "name": "it''s a"}, {"type": "lung", "name": "b"}]'\n""",
    "single folded": """  inputs: '[{"type": "long", "name": "it''s a"},
    {"type":

    "lung", "name": "b"}]'\n""",
    "double": r"""  inputs: "[{\"type\": \"long\", \"name\": \"\u00e9\U0001F600\x41\"}, {\"type\": \"lung\"}]" """
    "\n",
    "double folded": r"""  inputs: "[{\"type\": \"long\", \"name\": \"\u00e9\"},\
    \ {\"type\":
     \"lung\"}]" """
    "\n",
    "literal": """  inputs: |
    [
      {"type": "long"},
      {"type": "lung"}
    ]
""",
    "literal stripped": """  inputs: |-
      [{"type": "long"},
       {"type": "lung"}]
""",
    "literal indented": """  inputs: |1
    [{"type": "long"},
     {"type": "lung"}]
""",
    "folded": """  inputs: >
    [{"type": "long"},

    {"type":
      "other"
    },
    {"type":
    "lung"}]
""",
}


@pytest.mark.parametrize("style", [style for style in STYLES if style not in {"plain", "folded"}])
def test_the_place_of_a_wrong_type(style):
    (found,) = [one for one in bad(HEAD + STYLES[style]) if one[0] == "SIG-003"]
    assert found[:2] == ("SIG-003", "/signature/inputs/1/type")
    if style == "literal indented":
        return
    assert found[2].lstrip("\\").startswith('"lung')


def test_the_places_in_a_folded_block():
    other, lung = bad(HEAD + STYLES["folded"])
    assert other[1:] == ("/signature/inputs/1/type", '"other"')
    assert lung[1:] == ("/signature/inputs/2/type", '"lung"}]')


def test_a_column_that_is_no_object():
    (found,) = bad(HEAD + "  inputs: '[1]'\n")
    assert found == ("SIG-003", "/signature/inputs/0", "1]'")


def test_json_that_is_broken_has_its_place():
    (found,) = bad(HEAD + '  inputs: \'[{"type": "long"},\n    {"type" "long"}]\'\n')
    assert found == ("SIG-001", "/signature/inputs", '"long"}]\'')


def test_a_key_twice_in_a_json_object():
    (found,) = bad(HEAD + '  inputs: \'[{"type": "long", "type": "double"}]\'\n')
    assert found == ("SIG-001", "/signature/inputs/0/type", '"type": "double"}]\'')


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_line_ends_of_either_kind(newline):
    text = (HEAD + STYLES["single folded"]).replace("\n", newline)
    (violation,) = [
        v for v in check(compose_document(text, "MLmodel"), None) if v.rule == "SIG-003"
    ]
    assert (violation.line, violation.column) == (7, 5)


@pytest.mark.thorough
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=30),
        min_size=1, max_size=8,
    ),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.integers(20, 100),
)  # fmt: skip
@settings(max_examples=300)
def test_every_character_comes_from_where_it_stands(words, style, width):
    """The map from value to file is exact, or says that it is not; it is never wrong."""
    value = json.dumps([{"name": word, "type": "long"} for word in words], ensure_ascii=False)
    text = yaml.dump(
        {"a": value, "flavors": {"f": {}}}, default_style=style, width=width, allow_unicode=True
    )
    document = parse(text)
    _, node = document.nodes("/a")
    # PyYAML writes U+0085 and its like as line breaks in some styles: another text, then.
    assume(document.data["a"] == value)
    source = SourceMap(text, node)
    if style in {None, "'", '"', "|"}:
        assert source.exact
    if source.exact:
        for index, character in enumerate(value):
            at = text[source.offset(index)]
            assert at == character or at in "\\\n\r\x85\u2028\u2029 "


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.thorough
@given(json_values, st.randoms(), st.sampled_from([None, 1]))
@settings(max_examples=200)
def test_a_pointer_leads_to_its_value(value, rnd: random.Random, indent):
    text = "  " + json.dumps(value, indent=indent)
    parsed = JsonText(text)
    tokens = []
    while isinstance(value, dict | list) and value:
        key = rnd.choice(list(value) if isinstance(value, dict) else range(len(value)))
        tokens.append(str(key))
        value = value[key]
    assert json.JSONDecoder().raw_decode(text, parsed.offset(tokens))[0] == value


@pytest.mark.parametrize("first", ["run_id: a", "run_id: é"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_every_end_of_a_line_counts(first, end):
    """MLM-040: as YAML counts lines, in ASCII and beyond."""
    document = compose_document(f"{first}{end}flavors: 1{end}", "MLmodel")
    places = {(v.line, v.column) for v in check(document, None) if v.pointer == "/flavors"}
    assert places == {(2, 10)}
