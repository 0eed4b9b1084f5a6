"""RST-175, RST-176: the description of a server, made of the signatures of its models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mlmodel.models import ModelSignature
from mlmodel.scoring.codecs import TABLE
from mlmodel.scoring.invocations.checking import check_input
from mlmodel.scoring.openapi import Described, document
from mlmodel.scoring.openapi.samples import made_up
from mlmodel.serving.entrance import OPEN
from mlmodel.types import (
    AnyType,
    Array,
    ColSpec,
    DataType,
    Map,
    Object,
    ParamSpec,
    Property,
    Schema,
    TensorSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# The environment of pandas 3 is without it.
schemathesis = pytest.importorskip("schemathesis")
OPENAPI_31 = pytest.importorskip("schemathesis.specs.openapi.definitions").OPENAPI_31

SCALARS = [ColSpec(kind, kind.value, kind is not DataType.long) for kind in DataType]
OBJECT = Object([Property("x", "double"), Property("y", "string", required=False)])
NESTED = [
    ColSpec(Array("long"), "a"),
    ColSpec(OBJECT, "o", required=False),
    ColSpec(Map("boolean"), "m"),
    ColSpec(Array(Array("double")), "deep"),
    ColSpec(AnyType(), "z"),
]
SIGNATURES = {
    "scalars": ModelSignature(Schema(SCALARS), Schema(SCALARS)),
    "nested": ModelSignature(Schema(NESTED), Schema(NESTED[:1])),
    "unnamed": ModelSignature(Schema([ColSpec("long"), ColSpec("double")])),
    "one": ModelSignature(Schema([ColSpec("string", "text")]), Schema([ColSpec("double")])),
    "list": ModelSignature(Schema([ColSpec(Array("double"))])),
    "tensor": ModelSignature(Schema([TensorSpec("float64", (-1, 3))])),
    "image": ModelSignature(
        Schema([TensorSpec("uint8", (-1, 2, 2))]), Schema([TensorSpec("int64", (-1,))])
    ),
    "tensors": ModelSignature(
        Schema(
            [
                TensorSpec("int64", (-1,), "i"),
                TensorSpec("float32", (-1, 2, 2), "f"),
                TensorSpec("float16", (-1,), "h"),
                TensorSpec("str", (-1,), "s"),
            ]
        ),
        Schema([TensorSpec("float32", (-1, 2), "p")]),
    ),
    "reserved": ModelSignature(Schema([ColSpec("long", "inputs"), ColSpec("long", "data")])),
    "numbered": ModelSignature(Schema([ColSpec("double", 0), ColSpec("double", 1)])),  # type: ignore[arg-type]
    "hostile": ModelSignature(
        Schema([ColSpec("long", "</script>"), ColSpec("double", '~/a b"\\\n%#$ref')])
    ),
    "params": ModelSignature(
        Schema([ColSpec("double", "a")]),
        None,
        [
            ParamSpec("k", "long", 3),
            ParamSpec("l", "double", [0.1, float("nan")], (-1,)),
            ParamSpec("s", "string", None),
            ParamSpec("t", "datetime", np.datetime64("2024-01-01")),
        ],
    ),
}


def made(name: str, signature: ModelSignature | None, example: Any = None) -> dict[str, Any]:
    inputs = None if signature is None else signature.inputs
    found: dict[str, Any] = json.loads(document([Described(name, inputs, signature, example)]))
    return found


def _post(whole: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole["paths"]["/invocations"]["post"]
    return found


def _schemas(at: Any) -> Iterator[dict[str, Any]]:
    """Give every schema of a document."""
    yield from at["components"]["schemas"].values()
    for path in at["paths"].values():
        for operation in (path.get("post"), path.get("get")):
            for content in (operation or {}).get("requestBody", {}).get("content", {}).values():
                yield content["schema"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", [*SIGNATURES, "none"])
def test_a_description_is_valid(name: str) -> None:
    """RST-175: by the meta-schema of OpenAPI, and each schema by that of JSON Schema."""
    whole = made(name, SIGNATURES.get(name))
    jsonschema.validate(whole, OPENAPI_31)
    for schema in _schemas(whole):
        jsonschema.Draft202012Validator.check_schema(schema)
    text = json.dumps(whole)
    for part in text.split('"$ref": "#/components/')[1:]:
        kind, _, named = part.partition('"')[0].partition("/")
        assert named in whole["components"][kind]


@pytest.mark.parametrize("name", SIGNATURES)
def test_an_example_is_valid_by_the_description(name: str) -> None:
    """RST-176, RST-177: the one that is made up of the signature is taken, too."""
    signature = SIGNATURES[name]
    example = made_up(signature.inputs)
    whole = made(name, signature, example)
    content = _post(whole)["requestBody"]["content"]["application/json"]
    assert content["example"] == example
    schema = {**content["schema"], "components": whole["components"]}
    jsonschema.validate(example, schema)
    body = json.dumps(example).encode()
    assert check_input("application/json", body, signature).error is None


def test_every_form_is_described() -> None:
    """RST-001, RST-175: each line of the table, by its content type and its key."""
    whole = made("m", SIGNATURES["scalars"])
    content = _post(whole)["requestBody"]["content"]
    assert list(content) == list(dict.fromkeys(form.content_type for form in TABLE))
    schemas = whole["components"]["schemas"]
    for form in TABLE:
        if form.key is not None:
            assert form.key in schemas[f"m.{form.key}"]["required"]
    assert "m.record" in schemas


def test_where_tokens_are_wanted_it_is_said() -> None:
    """RST-165, RST-175."""
    name = "scalars"
    described = Described(name, SIGNATURES[name].inputs, SIGNATURES[name])
    whole = json.loads(document([described], metrics=True, tokens=True))
    jsonschema.validate(whole, OPENAPI_31)
    assert whole["security"] == [{"token": []}]
    assert whole["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in whole["paths"].items():
        for operation in (one for one in operations.values() if "responses" in one):
            if "security" in operation:
                assert operation["security"] == []
                assert f"{path}".encode() in OPEN
                assert "401" not in operation["responses"]
            else:
                assert path.encode() not in OPEN
                named = operation["responses"]["401"]["$ref"].rpartition("/")[2]
                assert named == ("V2-401" if path.startswith("/v2") else "401")
                assert "UNAUTHENTICATED" in whole["components"]["responses"][named]["description"]
    assert "401" not in json.dumps(json.loads(document([described])))


@pytest.mark.thorough
def test_several_models() -> None:
    """RST-131: each has a path of its own, and its own schemas; `/invocations` is no path then."""
    described = [Described(n, s.inputs, s) for n, s in SIGNATURES.items()]
    whole = json.loads(document(described))
    jsonschema.validate(whole, OPENAPI_31)
    scored = [path for path in whole["paths"] if path.endswith("invocations")]
    assert scored == [f"/models/{name}/invocations" for name in SIGNATURES]
    ids = [one["operationId"] for path in whole["paths"].values() for one in path.values()
           if "operationId" in one]  # fmt: skip
    assert len(set(ids)) == len(ids)


def test_parameters_and_their_defaults() -> None:
    """RST-176: as JSON holds them."""
    found = made("m", SIGNATURES["params"])["components"]["schemas"]["m.params"]["properties"]
    defaults = {name: one["default"] for name, one in found.items()}
    assert defaults == {"k": 3, "l": [0.1, None], "s": None, "t": "2024-01-01"}
    assert found["l"]["items"] == {"$ref": "#/components/schemas/double"}


@pytest.mark.parametrize(
    ("name", "answers", "not_answers"),
    [
        ("one", [[1.5], [None], [[1.5]], [{"0": 1.5}]], [["x"], [[1.5, 2.5]], 5]),
        ("image", [[1, 2]], [[1.5], [None], ["x"]]),
        ("tensors", [{"p": [[1, 2]]}, [[1, "NaN"]]], [[1], {"p": [1]}]),
    ],
)
def test_answers_by_the_declared_outputs(
    name: str, answers: list[Any], not_answers: list[Any]
) -> None:
    whole = made("m", SIGNATURES[name])
    schema = _post(whole)["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": whole["components"]})
    for answer in answers:
        assert validator.is_valid({"predictions": answer}), answer
        assert validator.is_valid(answer), answer
    for answer in not_answers:
        assert not validator.is_valid({"predictions": answer}), answer


def test_errors_are_described() -> None:
    whole = made("m", SIGNATURES["one"])
    assert {"400", "404", "406", "413", "415", "500", "503", "504"} <= set(
        _post(whole)["responses"]
    )
    schema = {**whole["components"]["responses"]["400"]["content"]["application/json"]["schema"],
              "components": whole["components"]}  # fmt: skip
    detail = {"rule": "ENF-049", "column": "a", "row": 0, "expected": "double", "got": "'x'"}
    jsonschema.validate({"error_code": "X", "message": "y", "details": [detail]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"error_code": "X", "message": "y", "details": [{}]}, schema)


#: What JSON Schema cannot say (RST-176): equal lengths, an integer that a float32 does not hold, base64;
#: where nothing is declared, that rows are alike.
UNSAID = {"RST-014", "RST-008", "RST-013", "ENF-045", "ENF-076", "ENF-052"}
WHOLE = 2**53


def _whole(value: Any) -> Any:
    """Return a value with integers as they are written: `1.0` is one for JSON Schema alone."""
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE:
        return int(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return {k: _whole(v) for k, v in value.items()} if isinstance(value, dict) else value


def _ask(cases: Any, signature: ModelSignature | None, taken: list[bytes]) -> None:
    """Check bodies that are made by a schema; add those that are taken to a list."""

    @settings(
        max_examples=15,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def ask(case: Any) -> None:
        body = json.dumps(_whole(case.body)).encode()
        error = check_input("application/json", body, signature).error
        if error is None:
            taken.append(body)
            return
        # There are texts of the right form that are no date.
        rules = {one.rule for one in error.details if one.expected != "datetime"}
        rules |= set() if error.details else {error.message.rstrip(".)")[-7:]}
        assert rules <= UNSAID, (body, error)

    ask()


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SIGNATURES, "none"])
def test_what_is_valid_by_the_description_is_taken(name: str) -> None:
    """RST-176: for each form by itself; bodies are made by the schemas alone."""
    signature = SIGNATURES.get(name)
    whole = made("m", signature)
    post = _post(whole)
    for form in post["requestBody"]["content"]["application/json"]["schema"]["anyOf"]:
        content = {"application/json": {"schema": form}}
        alone = {**post, "requestBody": {"required": True, "content": content}}
        only = {**whole, "paths": {"/invocations": {"post": alone}}}
        operation = schemathesis.openapi.from_dict(only)["/invocations"]["POST"]
        taken: list[bytes] = []
        _ask(operation.as_strategy(), signature, taken)
        assert taken, form
