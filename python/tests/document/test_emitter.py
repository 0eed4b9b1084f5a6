"""Text from YAML events: to the byte what PyYAML's emitter writes, whichever emitter does it."""

from __future__ import annotations

import io
from random import Random

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_writing import documents
from yaml.emitter import Emitter as Original
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from mlmodel.document import dumps
from mlmodel.document.yaml import emitter, scalars

needs_libyaml = pytest.mark.skipif(not yaml.__with_libyaml__, reason="libyaml is not compiled in")


@pytest.fixture(params=["each", "PyYAML"])
def route(request, monkeypatch):
    """Let each document take its own way, or all of them that of an installation without C."""
    if request.param == "PyYAML":
        monkeypatch.setattr(emitter, "libyaml_emitter", lambda: None)


@pytest.fixture
def short(monkeypatch):
    """Write texts of any length as long ones are written."""
    monkeypatch.setattr(emitter, "LONG", 2)


class Reference(Original):
    """PyYAML's emitter with what the layout asks for beside it."""

    def choose_scalar_style(self):
        style = super().choose_scalar_style()
        if style == '"' and self.event.style and self.event.tag is None:
            self.event.style = None
            style = super().choose_scalar_style()
        return style

    allow_unicode = property(
        lambda self: getattr(self.event, "in_characters", False), lambda self, value: None
    )


def reference(events):
    stream = io.StringIO()
    writer = Reference(stream)
    for event in events:
        writer.emit(event)
    return stream.getvalue()


# Texts out of few characters, so that those that matter often meet.
alphabets = st.sampled_from(
    ["ab  ", "abc \n", "a \n'", 'a"\\ ', "aé 😀", "a\x85 \u2028", "abcdefghi ", "a:# -?", "\t\r a\0",
     "é ", "\x1b\x07é", "\n a", "a\ufeff\ufffe ", "ab\n", "\U0010ffff\U0010fffe a", "--- ...a ",
     "{}[],a ", "a\u20ac\n", "a'b  \u2029", "lorem ipsum\n", "%@`!&*|>a "]
)  # fmt: skip
lengths = st.sampled_from([0, 1, 2, 3, 5, 20, 79, 80, 81, 82, 90, 127, 128, 200, 300, 600])


@st.composite
def texts(draw):
    # Drawn by Hypothesis one by one, texts of hundreds of characters take too long.
    letters, random = draw(alphabets), Random(draw(st.integers(0, 2**32)))
    more = draw(st.sampled_from(["", "abcdefghijkl", "abcdefghijkl" * 3]))
    return "".join(random.choices(letters + more, k=draw(lengths)))


@st.composite
def scalar(draw, *, key=False):
    value = draw(texts())
    if key and draw(st.integers(0, 4)):
        value = value[: draw(st.integers(0, 130))]
    kind = scalars.resolve(value)
    event = {"value": value, "tag": None, "implicit": (kind == scalars.STRING, True)}
    if kind != scalars.STRING and draw(st.booleans()):
        event |= {"tag": kind, "implicit": (True, False)}
    elif not draw(st.integers(0, 9)):
        event |= {"tag": scalars.PREFIX + draw(st.sampled_from(["binary", "str"]))}
        event["implicit"] = (False, False)
    style = None if key else draw(st.sampled_from([None, None, None, "|", ">"]))
    return ("scalar", event | {"style": style}, draw(st.booleans()))


nodes = st.recursive(
    scalar(),
    lambda below: (
        st.tuples(st.just("seq"), st.lists(below, max_size=3))
        | st.tuples(
            st.sampled_from(["map", "map", "set"]),
            st.lists(st.tuples(scalar(key=True), below), max_size=3),
        )
    ),
    max_leaves=8,
)
depths = st.sampled_from([0, 0, 0, 5, 37, 38, 39, 40])


def events_of(node):
    kind, held = node[0], node[1]
    if kind == "scalar":
        event = ScalarEvent(None, **held)
        event.in_characters = node[2]
        yield event
    elif kind == "seq":
        yield SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for item in held:
            yield from events_of(item)
        yield SequenceEndEvent()
    else:
        tag = scalars.PREFIX + "set" if kind == "set" else None
        yield MappingStartEvent(None, tag, implicit=tag is None, flow_style=False)
        for pair in held:
            for member in pair:
                yield from events_of(member)
        yield MappingEndEvent()


def stream_of(node, depth=0, key="key"):
    for _ in range(depth + 1):
        named = {"value": key, "tag": None, "implicit": (True, True)}
        node = ("map", [(("scalar", named, False), node)])
    return [
        StreamStartEvent(), DocumentStartEvent(explicit=False), *events_of(node),
        DocumentEndEvent(explicit=False), StreamEndEvent(),
    ]  # fmt: skip


def of_text(value, **more):
    return ("scalar", {"value": value, "tag": None, "implicit": (True, True), **more}, True)


WORDS = "lorem ipsum 'dolor' sit amet " * 20


def check(examples):
    @given(nodes, depths, st.sampled_from(["key", "k" * 90]))
    @example(("seq", [of_text(WORDS + "x"), of_text(WORDS)]), 0, "key")
    @example(of_text("é " * 300 + "\0"), 0, "k" * 90)
    @example(of_text("*", tag=scalars.PREFIX + "yaml", implicit=(True, False)), 0, "key")
    @example(of_text('"' * 79 + '" ' * 60), 0, "key")
    @example(of_text(WORDS.replace("sit ", "\n\n"), style=">"), 0, "key")
    @example(of_text("\n" + WORDS.replace("sit ", "\n"), style="|"), 0, "key")
    @settings(max_examples=examples, deadline=None)
    def each(node, depth, key):
        is_equal(node, depth, key)

    each()


def is_equal(*found, **more):
    assert emitter.emit(stream_of(*found, **more)) == reference(stream_of(*found, **more))


EDGES = ["\0x", "\0xy", "\0\0", "\0", " x", " ", "\0 x", "  x", "\" '", "\0\0 \0", "\n\nx", "'' '"]
BEGINNINGS = [
    *("#a", "- a", "-a", "---a", "--- a", "...", "? a", "?a", ": a", ":a", "a #b", "a#b", "a: b"),
    *("a:b", "a:", "a#", "a\n b", "a \nb", " a", "a ", "\na", "a\n", "\na ", "a\n\n", "\n\na", "@a"),
    *("\n a", "a\n\n b\nc", " a\nb", "a\n b\n\nc\n\n", "a,b", "[a", "é", "\ufeff", "\u2028", "😀"),
    *(" \0\0", "\0\0", "\0", " \0a", "'", '"', "`a", "%a", "\ta", "a\r"),
]  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("edge", EDGES)
def test_lines_end_where_those_of_pyyaml_end(short, edge, route):
    for number in range(60, 90):
        for more in ("", " z" * 60, "z" * 90 + edge, edge * 60):
            for style in (None, ">", "|"):
                is_equal(of_text("y" * number + edge + more, style=style))


@pytest.mark.thorough
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_texts_of_every_kind_are_written_as_pyyaml_writes_them(short, beginning, route):
    for more in ("", " x", "x " * 60 + "x", "\0", "\n", "\n\n", " ", beginning * 60):
        for style in (None, ">", "|"):
            for key in ("key", "k" * 90):
                one = of_text(beginning + more, style=style)
                is_equal(one, key=key)
                is_equal(("seq", [one, one]), key=key)
                is_equal(("map", [(of_text(beginning + more), one)]), key=key)


@pytest.mark.thorough
def test_events_are_written_as_pyyaml_writes_them():
    """MLM-015."""
    check(100)


@pytest.mark.thorough
def test_long_texts_are_written_as_pyyaml_writes_them(short, monkeypatch):
    """The same, with every text taken for a long one, and all of them by our own emitter."""
    monkeypatch.setattr(emitter, "libyaml_emitter", lambda: None)
    check(100)


@pytest.mark.slow
def test_thousands_of_texts_are_written_as_pyyaml_writes_them(short, route):
    check(3_000)


def test_a_text_alone_is_written_as_pyyaml_writes_it(short):
    events = stream_of(of_text(WORDS + "x"))
    root = [*events[:2], events[4], *events[-2:]]
    assert emitter.emit(root) == reference(root)
    stream = io.StringIO()
    writer = emitter.ByEvent(stream)
    for event in root:
        writer.emit(event)
    assert stream.getvalue() == reference(root)


@given(documents, texts(), texts())
@settings(max_examples=60, deadline=None)
def test_a_document_has_the_text_that_it_always_had(data, one, other):
    """MLM-015: that of PyYAML's own dumper."""
    data = data | {"metadata": {"a": one, "b": [other], one[:100] + "x": other}}

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, value):
            return True

        def represent_set(self, value):
            ordered = sorted(value, key=lambda member: (type(member).__name__, repr(member)))
            return self.represent_mapping("tag:yaml.org,2002:set", dict.fromkeys(ordered))

    Dumper.add_representer(set, Dumper.represent_set)
    assert dumps(data) == yaml.dump(data, Dumper=Dumper, default_flow_style=False)


@needs_libyaml
@pytest.mark.parametrize(
    ("node", "equal"),
    [
        (of_text(WORDS), True),
        (of_text("\na\n\nb\n"), True),
        (("set", []), True),
        (("map", [(of_text("k" * 100), of_text(""))]), True),
        (of_text("é"), False),
        (of_text("a\n b"), False),
        (of_text("a \nb"), False),
        (of_text("a", style="|"), False),
        (of_text("1", tag=scalars.STRING, implicit=(False, False)), False),
        (("map", [(of_text("k" * 101), of_text(""))]), False),
        (("map", [(of_text(""), of_text(""))]), False),
        (("map", [(of_text("a\nb"), of_text(""))]), False),
        (("map", [(of_text("a"), of_text(WORDS)), (of_text("b"), of_text(WORDS))]), True),
        (("map", [(of_text("a"), of_text("")), (of_text(WORDS), of_text("b"))]), False),
        (("map", [(of_text("a"), ("seq", [])), (of_text(WORDS), of_text("b"))]), False),
        (("map", [(of_text("a"), ("map", [])), (of_text("b"), of_text(WORDS))]), True),
        (of_text("a", tag=scalars.STRING, implicit=(True, False)), False),
        (of_text("&", tag=scalars.PREFIX + "yaml", implicit=(True, False)), False),
        (of_text("1", tag=scalars.PREFIX + "int", implicit=(True, False)), True),
    ],
)
def test_libyaml_writes_what_it_writes_equally(node, equal):
    assert emitter.libyaml_emitter() is not None
    assert emitter.is_equal_in_libyaml(stream_of(node)) is equal


@needs_libyaml
@pytest.mark.parametrize("version", [(0, 1, 7), (0, 2, 4)])
def test_an_early_libyaml_is_not_used(version, monkeypatch):
    """They end documents, and texts with breaks at their ends, in other ways."""
    monkeypatch.setattr(emitter, "version_of_libyaml", lambda: version)
    emitter.libyaml_emitter.cache_clear()
    try:
        assert emitter.libyaml_emitter() is None
        assert dumps({"a": "b\n"}) == "a: 'b\n\n  '\n"
    finally:
        emitter.libyaml_emitter.cache_clear()
