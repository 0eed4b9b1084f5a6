"""MLmodel files as protocol buffers: every key survives (PRO-001 to PRO-031)."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel import document
from mlmodel._proto import message
from mlmodel.document.protobuf import from_bytes, from_proto, to_bytes, to_proto
from mlmodel.errors import InvalidArgument
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import Schema, TensorSpec

REPOSITORY = Path(__file__).resolve().parents[3]
SIGNATURE = ModelSignature(
    Schema.from_list([{"type": "double", "name": "a", "required": True}]),
    Schema([TensorSpec("int64", (-1,))]),
)
DOCUMENTS: list[dict[str, Any]] = [
    {"flavors": {"python_function": {"loader_module": "mlflow.sklearn", "env": {"conda": "c"}}}},
    {
        "artifact_path": "model",
        "flavors": {"zeta": {"b": [1, 2.5, None], "a": {"x": True}}, "alpha": {}},
        "signature": SIGNATURE.to_dict(),
        "metadata": {"k": "v"},
        "a_key_of_tomorrow": [{"deep": {"er": "é"}}],
    },
]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
KEYS = TEXTS | st.integers() | st.booleans() | st.none() | st.dates()
MOMENTS = st.datetimes(
    timezones=st.none() | st.just(dt.timezone(dt.timedelta(hours=5, minutes=30)))
)
SCALARS = (
    *(st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(), TEXTS),
    *(st.binary(max_size=5), st.dates(), MOMENTS.map(lambda time: time.replace(fold=0))),
)
VALUES = st.recursive(
    st.one_of(*SCALARS) | st.sets(st.integers() | TEXTS, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
KNOWN = sorted(
    json.loads((REPOSITORY / "schemas/v1/mlmodel.json").read_text(encoding="utf-8"))["properties"]
)
#: Without the signature: what is none there comes back with the keys that it lacked.
ALONE = [key for key in KNOWN if key != "signature"]


@pytest.mark.parametrize("given_document", DOCUMENTS)
def test_round_trip(given_document: dict[str, Any]) -> None:
    back = from_bytes(to_bytes(given_document))
    assert back == given_document
    assert list(back["flavors"]) == list(given_document["flavors"])


@pytest.mark.thorough
@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*ALONE, "other"]) | KEYS, VALUES, max_size=6))
def test_any_mapping_comes_back(mapping: dict[Any, Any]) -> None:
    """PRO-010, PRO-020: valid or not, with its types (1, 1.0 and true are three things)."""
    before = copy.deepcopy(mapping)
    model = to_proto(mapping)
    back = from_proto(message("Model").FromString(model.SerializeToString()))
    assert _typed(back) == _typed(mapping)
    assert _typed(mapping) == _typed(before)
    assert to_bytes(back) == to_bytes(mapping)
    # PRO-004.
    text = json_format.MessageToJson(model)
    assert _typed(from_proto(json_format.Parse(text, message("Model")()))) == _typed(mapping)


def _typed(value: Any) -> Any:
    """Return a value in which types count, the order of keys does not, and NaN equals NaN."""
    if isinstance(value, dict):
        items = [(_typed(key), _typed(item)) for key, item in value.items()]
        return ("dict", sorted(items, key=repr))
    if isinstance(value, list):
        return ("list", [_typed(item) for item in value])
    if isinstance(value, set):
        return ("set", sorted(map(_typed, value), key=repr))
    return type(value).__name__, repr(value)


def _meaning(data: dict[str, Any]) -> dict[str, Any]:
    """Return a file's mapping with its signature's texts as the lists they mean (SIG-003, 006)."""
    signature = data.get("signature") or {}
    parts = {key: _list(text) for key, text in signature.items() if text is not None}
    return {**data, "signature": parts}


def _list(text: Any) -> Any:
    specs = json.loads(text)
    for spec in specs:
        if "dtype" in spec and "default" not in spec:
            spec["type"], spec["tensor-spec"] = (
                "tensor",
                {k: spec.pop(k) for k in ("dtype", "shape")},
            )
        if "optional" in spec:
            spec["required"] = not spec.pop("optional")
        for key in ("name", "shape"):
            if spec.get(key, 0) is None:
                del spec[key]
    return specs


def test_the_models_of_real_users(corpus: Path) -> None:
    """PRO-020, PRO-030: every file of the corpus, through bytes and through ProtoJSON."""
    files = sorted(corpus.glob("*/MLmodel"))
    assert len(files) >= 25
    for file in files:
        data = document.read(file).data
        model = to_proto(data)
        assert _meaning(from_bytes(model.SerializeToString())) == _meaning(data)
        text = json_format.MessageToJson(model)
        assert json_format.Parse(text, message("Model")()) == model
        assert not model.HasField("signature") or "signature" not in str(model.other)


@pytest.mark.parametrize("key", [key for key in KNOWN if key not in ("flavors", "signature")])
def test_every_key_of_the_file_has_a_field(key: str) -> None:
    """PRO-020."""
    field = message("Model").DESCRIPTOR.fields_by_name[key]
    wanted = {"string": "a", "boolean": True, "integer": 7, "object": {"a": 1}, "array": ["a"]}
    schema = json.loads((REPOSITORY / "schemas/v1/mlmodel.json").read_text())["properties"][key]
    kinds = schema.get("type", ["object"])
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        if kind == "null":
            continue
        model = to_proto({key: wanted[kind]})
        assert model.ListFields()[0][0].name == field.name
        assert from_proto(model) == {key: wanted[kind]}


def test_every_key_of_an_example_has_a_field() -> None:
    """PRO-020."""
    schema = json.loads((REPOSITORY / "schemas/v1/input-example-info.json").read_text())
    info = message("InputExampleInfo").DESCRIPTOR.fields_by_name
    assert set(info) == {*schema["properties"], "other"}


def test_what_a_field_cannot_hold_is_kept() -> None:
    """PRO-020: a number for a text, null, an integer beyond 64 bits."""
    odd = {
        "run_id": 5,
        "model_uuid": None,
        "model_size_bytes": 2**70,
        "is_signature_from_type_hint": "yes",
        "saved_input_example_info": {"type": "dataframe", "format": None, "more": 1},
        "input_example": ["a"],
        "other": {"other": 1},
        "flavors": {"a": None},
    }
    model = to_proto(odd)
    assert from_proto(model) == odd
    assert model.saved_input_example_info.type == "dataframe"
    assert [key.text for key in model.other.keys] == [
        *("run_id", "model_uuid", "model_size_bytes", "is_signature_from_type_hint"),
        *("input_example", "other"),
    ]


SPECS = [
    '[{"type": "long", "name": "a", "required": false, "x-more": [1, null]}]',
    '[{"type": "long", "name": 0}, {"type": "string"}]',
    '[{"type": "array", "name": "a", "items": {"type": "map", "values": {"type": "any"}}}]',
    '[{"type": "object", "properties": {"z": {"type": "long", "required": true, "x": 1}}}]',
    '[{"type": "array", "items": {"type": "object", "properties": {}}, "name": "o"}]',
    '[{"type": "sparkml_vector", "name": "features", "required": null}]',
    '[{"type": "array", "items": "odd"}, {"type": "object", "properties": [1]}]',
    '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3], "y": 2}, "x": 1}]',
]


@pytest.mark.parametrize("text", SPECS)
@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_a_signature_keeps_what_it_says(text: str, part: str) -> None:
    """PRO-030."""
    model = to_proto({"signature": {part: text}})
    assert model.HasField("signature")
    assert not model.HasField("other")
    back = from_proto(message("Model").FromString(model.SerializeToString()))["signature"]
    assert json.loads(back[part]) == json.loads(text)
    assert set(back) == {"inputs", "outputs", "params"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
OWN = st.dictionaries(TEXTS.map("x-".__add__), JSON, max_size=2)
WORDS = [
    "boolean",
    "long",
    "double",
    "string",
    "binary",
    "datetime",
    "any",
    "sparkml_vector",
    "new",
]
REQUIRED = st.fixed_dictionaries({}, optional={"required": st.booleans() | st.none()})


def _with(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda made: {k: v for part in made for k, v in part.items()})


TYPES = st.recursive(
    _with(st.fixed_dictionaries({"type": st.sampled_from(WORDS)}), OWN),
    lambda inner: _with(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner})
        | st.fixed_dictionaries({"type": st.just("map"), "values": inner | JSON})
        | st.dictionaries(TEXTS, _with(inner, REQUIRED), max_size=3).map(
            lambda held: {"type": "object", "properties": held}
        ),
        OWN,
    ),
    max_leaves=5,
)
NAMED = st.fixed_dictionaries({}, optional={"name": TEXTS | st.integers(0, 9) | st.none()})
COLUMNS = st.lists(_with(TYPES, NAMED, REQUIRED), max_size=3)
TENSORS = st.lists(
    _with(
        st.fixed_dictionaries({"dtype": TEXTS, "shape": st.lists(st.integers(-1, 9), max_size=3)}),
        OWN,
    ).flatmap(lambda held: _with(st.just({"type": "tensor", "tensor-spec": held}), NAMED, OWN)),
    min_size=1,
    max_size=3,
)
PARAMS = st.lists(
    _with(
        TYPES,
        st.fixed_dictionaries({"name": TEXTS, "default": JSON}),
        st.fixed_dictionaries({}, optional={"shape": st.none() | st.just([-1])}),
    ),
    max_size=3,
)


@pytest.mark.slow
@settings(max_examples=200)
@given(COLUMNS | TENSORS, PARAMS, OWN)
def test_any_signature_comes_back(
    specs: list[dict[str, Any]], params: list[dict[str, Any]], more: dict[str, Any]
) -> None:
    """PRO-030: whatever the keys say, those of other versions among them."""
    texts = {"inputs": json.dumps(specs), "outputs": None, "params": json.dumps(params), **more}
    model = to_proto({"signature": texts})
    assert model.HasField("signature")
    text = json_format.MessageToJson(model)
    for back in (
        message("Model").FromString(model.SerializeToString()),
        json_format.Parse(text, message("Model")()),
    ):
        read = from_proto(back)["signature"]
        for part in ("inputs", "params"):
            assert _typed(_list(read.pop(part))) == _typed(_list(texts[part]))
        assert _typed(read) == _typed({"outputs": None, **more})


def test_old_forms_are_written_in_the_new_one() -> None:
    """PRO-030: they mean the same (SIG-003, SIG-006, SIG-008)."""
    texts = {
        "inputs": '[{"dtype": "float32", "shape": [-1]}]',
        "outputs": '[{"type": "long", "name": "a", "optional": true}]',
        "params": '[{"name": "p", "dtype": "long", "default": 1}]',
    }
    back = from_proto(to_proto({"signature": texts}))["signature"]
    assert {key: json.loads(text) for key, text in back.items()} == {
        "inputs": [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1]}}],
        "outputs": [{"type": "long", "name": "a", "required": False}],
        "params": [{"type": "long", "name": "p", "default": 1, "shape": None}],
    }


@pytest.mark.parametrize(
    "signature",
    [
        *({"inputs": text} for text in ("", "no JSON", "{}", "[1]", '[{"name": "a"}]', "[" * 99_999)),
        {"inputs": '[{"type": "long", "type": "string"}]'},
        {"inputs": '[{"type": "long"}, {"dtype": "str", "shape": []}]'},
        {"inputs": '[{"type": "tensor", "tensor-spec": {"dtype": 1, "shape": [-1]}}]'},
        {"inputs": '[{"type": "array"}]'},
        {"params": '[{"type": "long", "default": 1}]'},
        {"inputs": [{"type": "long"}]},
        "a text",
        None,
    ],
)  # fmt: skip
def test_a_signature_that_is_none_is_kept_as_it_is(signature: Any) -> None:
    """PRO-031."""
    model = to_proto({"signature": signature})
    assert not model.HasField("signature")
    assert from_proto(model) == {"signature": signature}


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


def test_as_deep_as_a_file_may_be() -> None:
    """PRO-003: the 64 levels of MLM-002, and more, in fewer levels than readers of messages allow."""
    properties: Any = {"type": "long"}
    for _ in range(31):
        properties = {"type": "object", "properties": {"a": properties}}
    data = {
        "flavors": {"f": _deep(31)},
        "metadata": _deep(40),
        "signature": {"inputs": json.dumps([properties]), "outputs": None, "params": None},
    }
    assert from_bytes(to_bytes(data)) == data
    text = json_format.MessageToJson(to_proto(data))
    assert from_proto(json_format.Parse(text, message("Model")())) == data
    with pytest.raises(InvalidArgument, match="PRO-003"):
        to_bytes({"metadata": _deep(41)})
    for _ in range(10):
        properties = {"type": "object", "properties": {"a": properties}}
    with pytest.raises(InvalidArgument, match="PRO-003"):
        to_bytes({"signature": {"inputs": json.dumps([properties])}})


def _pairs(keys: list[str]) -> str:
    texts = json.dumps([{"text": key} for key in keys])
    return f'{{"form": "FORM_MAPPING", "keys": {texts}, "items": {texts}}}'


def _column(text: str) -> str:
    return f'{{"signature": {{"inputs": {{"columns": {{"columns": [{text}]}}}}}}}}'


def _message(text: str) -> Any:
    return json_format.Parse(text, message("Model")())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"metadata": {}}', "PRO-011"),
        ('{"metadata": {"form": 7}}', "PRO-011"),
        ('{"metadata": {"form": "FORM_NULL", "items": [{"text": "a"}]}}', "PRO-011"),
        ('{"metadata": {"text": "a", "items": [{"text": "a"}]}}', "PRO-011"),
        ('{"metadata": {"form": "FORM_MAPPING", "items": [{"text": "a"}]}}', "PRO-011"),
        ('{"metadata": {"form": "FORM_LIST", "keys": [{"text": "a"}]}}', "PRO-011"),
        ('{"metadata": {"integerText": "1.5"}}', "PRO-011"),
        ('{"metadata": {"integerText": "007"}}', "PRO-011"),
        ('{"metadata": {"date": "2024-13-01"}}', "PRO-011"),
        ('{"metadata": {"timestamp": "soon"}}', "PRO-011"),
        ('{"metadata": {"array": {"dtype": "int8", "raw": "AA=="}}}', "PRO-011"),
        ('{"runId": "a", "other": ' + _pairs(["run_id"]) + "}", "PRO-011"),
        ('{"other": {"text": "a"}}', "PRO-011"),
        ('{"metadata": ' + _pairs(["a", "a"]) + "}", "PRO-011"),
        ('{"metadata": {"form": "FORM_SET", "items": [{"form": "FORM_LIST"}]}}', "PRO-011"),
        ('{"flavors": [{"name": "a"}, {"name": "a"}]}', "PRO-020"),
        (_column("{}"), "SIG-003"),
        (_column('{"type": {"scalar": 99}}'), "SIG-003"),
        (_column('{"type": {"array": {}}}'), "SIG-003"),
        (_column('{"type": {"object": {"properties": [{"any": {}}, {"any": {}}]}}}'), "PRO-030"),
    ],
)  # fmt: skip
def test_a_message_that_breaks_a_rule(text: str, rule: str) -> None:
    """PRO-005: an error of the table, which names the rule."""
    with pytest.raises(InvalidArgument, match=rule):
        from_proto(_message(text))


@pytest.mark.parametrize("encoded", [b"\xff", b"\x0a\x05\x0a\x03a\xffb", b"\x3a" * 500])
def test_bytes_that_are_no_message(encoded: bytes) -> None:
    """PRO-002."""
    with pytest.raises(InvalidArgument, match="PRO-002"):
        from_bytes(encoded)


def test_texts_that_are_no_unicode() -> None:
    """PRO-010."""
    for odd in ({"run_id": "\ud800"}, {"metadata": "\ud800"}, {"flavors": {"\ud800": {}}}):
        with pytest.raises(InvalidArgument, match="PRO-010"):
            to_bytes(odd)
    with pytest.raises(InvalidArgument, match="PRO-010"):
        to_bytes({"metadata": object()})
    with pytest.raises(InvalidArgument, match="PRO-010"):
        to_bytes({"metadata": 10**5000})


def test_the_proto_files_say_what_each_part_is() -> None:
    """PRO-001: a package with a version, comments, enums that begin with `unspecified`."""
    files = sorted((REPOSITORY / "proto/mlmodel/v1").glob("*.proto"))
    assert len(files) == 5
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "\npackage mlmodel.v1;\n" in text
        assert text.startswith("// ")
        for before, name in re.findall(r"(.*)\n(?:message|enum) (\w+)", text):
            assert before.startswith("//"), name
        for before, name in re.findall(r"(.*)\n +(?:\w+ )?[\w.]+ (\w+) = \d+;", text):
            assert before.strip().startswith("//"), name
        for name, first in re.findall(r"\nenum (\w+) \{\n\s*(\w+) = 0;", text):
            assert first == f"{name.upper()}_UNSPECIFIED"
        assert max(map(len, text.splitlines())) <= 100
