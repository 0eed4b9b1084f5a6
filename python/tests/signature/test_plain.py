"""What plain data stand for, as each form that holds them answers (ENF-010, ENF-015).

One table: what is declared, the data, and the rows that the model gets, or the rule by which it
gets none. Where the forms differ, each has its own answer.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlmodel.errors import InputViolation, MlmodelError
from mlmodel.scoring.codecs import inputs, instances, pandas_records
from mlmodel.scoring.codecs.payload import Payload
from mlmodel.scoring.examples.reading import decode
from mlmodel.signature.cells.reader import Reader
from mlmodel.signature.enforce.plan import Plan
from mlmodel.signature.infer.from_data import infer_signature
from mlmodel.signature.types.nested import AnyType, Array, Map, Object, Property
from mlmodel.signature.types.schema import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmodel.signature.enforce.matching import Matching

LONG = "long"
INT64 = np.dtype("int64")
DECLARED: dict[str, Schema | None] = {
    "nothing": None,
    "long": Schema([ColSpec(LONG)]),
    "a: long": Schema([ColSpec(LONG, "a")]),
    "long, long": Schema([ColSpec(LONG), ColSpec(LONG)]),
    "a: long, b: long": Schema([ColSpec(LONG, "a"), ColSpec(LONG, "b")]),
    "array": Schema([ColSpec(Array(LONG))]),
    "array of arrays": Schema([ColSpec(Array(Array(LONG)))]),
    "object": Schema([ColSpec(Object([Property("a", LONG)]))]),
    "map": Schema([ColSpec(Map(LONG))]),
    "any": Schema([ColSpec(AnyType())]),
    "a: array": Schema([ColSpec(Array(LONG), "a")]),
    "a: array, b: long": Schema([ColSpec(Array(LONG), "a"), ColSpec(LONG, "b")]),
    "tensor": Schema([TensorSpec(INT64, (-1, 2))]),
    "a: tensor, b: tensor": Schema([TensorSpec(INT64, (-1,), n) for n in ("a", "b")]),
}


def _in_process(data: Any, schema: Schema | None) -> Any:
    return Plan(schema).enforce(data)


def _through(
    decoder: Callable[[Payload[Any], Matching], Any],
) -> Callable[[Any, Schema | None], Any]:
    def way(data: Any, schema: Schema | None) -> Any:
        plan = Plan(schema)
        return plan.enforce(decoder(Payload(data, Reader(exact=True)), plan.matching))

    return way


def _as_example(data: Any, schema: Schema | None) -> Any:
    plan = Plan(schema)
    return plan.enforce(decode(data, {"type": "json_object"}, plan.matching))


WAYS = (_in_process, _through(inputs.decode), _through(instances.decode), _as_example)
_as_body = _through(pandas_records.decode)

#: Data that JSON has no form for.
OTHERS: dict[str, Any] = {
    "(1, 2)": (1, 2),
    "((1, 2), (3, 4))": ((1, 2), (3, 4)),
    "[(1, 2), (3, 4)]": [(1, 2), (3, 4)],
    "({'a': 1, 'b': 2},)": ({"a": 1, "b": 2},),
    "{a: (1, 2), b: (3, 4)}": {"a": (1, 2), "b": (3, 4)},
    "array(1)": np.array(1),
    "array([1, 2])": np.array([1, 2]),
    "array([[1, 2], [3, 4]])": np.array([[1, 2], [3, 4]]),
    "array of 3 axes": np.zeros((1, 1, 2), int),
    "array of records": np.array([(1, 2)], [("a", "i8"), ("b", "i8")]),
    "[array([1, 2]), array([3, 4])]": [np.array([1, 2]), np.array([3, 4])],
    "[array(1), array(2)]": [np.array(1), np.array(2)],
    "[array([[1, 2]])]": [np.array([[1, 2]])],
    "[array([1, 2]), 3]": [np.array([1, 2]), 3],
    "{a: array([1, 2]), b: array([3, 4])}": {"a": np.array([1, 2]), "b": np.array([3, 4])},
    "{a: array([1, 2]), b: [3, 4]}": {"a": np.array([1, 2]), "b": [3, 4]},
    "{a: array([[1, 2]]), b: [3]}": {"a": np.array([[1, 2]]), "b": [3]},
    "{a: array(1), b: 2}": {"a": np.array(1), "b": 2},
    "{a: array([1, 2]), b: 3}": {"a": np.array([1, 2]), "b": 3},
    "{a: series, b: [3, 4]}": {"a": pd.Series([1, 2]), "b": [3, 4]},
    "{a: index, b: [3, 4]}": {"a": pd.Index([1, 2]), "b": [3, 4]},
    "series": pd.Series([1, 2]),
    "series a": pd.Series([1, 2], name="a"),
    "[series, series]": [pd.Series([1, 2]), pd.Series([3, 4])],
    "[series, 3]": [pd.Series([1, 2]), 3],
    "{1: 2}": {1: 2},
    "text": "x",
    "bytes": b"x",
    "date": pd.Timestamp(0),
    "none": None,
    "range": range(2),
}


def _answer(way: Callable[[Any, Schema | None], Any], data: Any, schema: Schema | None) -> str:
    """Return the rows of columns as JSON, tensors likewise, or the rule of the refusal."""
    try:
        got = way(data, schema)
    except MlmodelError as error:
        return _rule(error)
    if got is data:
        return "as given"
    if isinstance(got, pd.DataFrame):
        got = got.to_numpy(object)
    return json.dumps(got, default=lambda array: array.tolist())


def _rule(error: MlmodelError) -> str:
    rules = [detail.rule for detail in error.details if isinstance(detail, InputViolation)]
    return rules[0] if rules else re.findall(r"[A-Z]{3}-\d{3}", str(error))[0]


def _inferred(data: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            schema = infer_signature(data).inputs
        except MlmodelError as error:
            return _rule(error)
    return ", ".join(map(_spec, schema))


def _spec(spec: ColSpec | TensorSpec) -> str:
    name = "" if spec.name is None else f"{spec.name}: "
    if isinstance(spec, TensorSpec):
        return f"{name}{spec.dtype} {spec.shape}"
    return f"{name}{spec.type!r}{'' if spec.required else ' (optional)'}"


def _lines(table: str) -> list[tuple[str, str, list[str]]]:
    """Return (heading, data, answers) of each indented line of a table."""
    found, heading = [], ""
    for line in filter(None, table.splitlines()):
        if line.startswith(" "):
            data, _, answers = line.strip().partition(" -> ")
            found.append((heading, data, answers.split(" | ")))
        else:
            heading = line
    return found


#: What is declared, the data, and the answers: of all ways, or of each of in process, inputs, instances and example.
JSON_DATA = r"""
nothing
    1 -> as given | 1 | RST-013 | as given
    [] -> as given | [] | [] | as given
    {} -> as given | {} | RST-013 | as given
    {"a": 1, "b": 2} -> as given | {"a": 1, "b": 2} | RST-013 | as given
    {"a": [1, 2], "b": [3, 4]} -> as given | {"a": [1, 2], "b": [3, 4]} | RST-013 | as given
    {"a": [1, 2], "b": [3]} -> as given | {"a": [1, 2], "b": [3]} | RST-013 | as given
    {"a": [1, 2], "b": 3} -> as given | {"a": [1, 2], "b": 3} | RST-013 | as given
    {"a": 1, "b": [2]} -> as given | {"a": 1, "b": [2]} | RST-013 | as given
    {"a": [[1, 2], [3]], "b": [4, 5]} -> as given | ENF-076 | RST-013 | as given
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> as given | [{"a": 1, "b": 2}, {"a": 3, "b": 4}] | {"a": [1, 3], "b": [2, 4]} | as given
    [{"a": 1, "b": 2}, {"a": 3}] -> as given | [{"a": 1, "b": 2}, {"a": 3}] | RST-013 | as given
    [{"a": [1, 2]}] -> as given | [{"a": [1, 2]}] | {"a": [[1, 2]]} | as given
    [1, 2] -> as given | [1, 2] | [1, 2] | as given
    [[1, 2], [3, 4]] -> as given | [[1, 2], [3, 4]] | [[1, 2], [3, 4]] | as given
    [[1], [2]] -> as given | [[1], [2]] | [[1], [2]] | as given
    [[1, 2], [3]] -> as given | ENF-076 | ENF-076 | as given
    [[[1, 2]], [[3]]] -> as given | ENF-076 | ENF-076 | as given
    [{"a": 1}, 2] -> as given | [{"a": 1}, 2] | RST-013 | as given
    [2, {"a": 1}] -> as given | [2, {"a": 1}] | [2, {"a": 1}] | as given
    [{"a": 1}, [2]] -> as given | ENF-076 | RST-013 | as given
    [1, [2]] -> as given | ENF-076 | ENF-076 | as given
    [[1], 2] -> as given | ENF-076 | ENF-076 | as given
long
    1 -> [[1]] | RST-014 | RST-013 | [[1]]
    [] -> [] | [] | [] | ENF-009
    {} -> ENF-009 | ENF-009 | RST-013 | ENF-009
    {"a": 1, "b": 2} -> [[1]] | RST-011 | RST-013 | [[1]]
    {"a": [1, 2], "b": [3, 4]} -> [[1], [2]] | RST-011 | RST-013 | [[1], [2]]
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-011 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> ENF-057 | RST-011 | RST-013 | ENF-057
    {"a": 1, "b": [2]} -> [[1]] | RST-011 | RST-013 | [[1]]
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-057 | RST-011 | RST-013 | ENF-057
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-010 | RST-011 | RST-011 | [[1], [3]]
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-010 | RST-011 | RST-011 | [[1], [3]]
    [{"a": [1, 2]}] -> ENF-010 | RST-011 | RST-011 | ENF-057
    [1, 2] -> [[1], [2]]
    [[1, 2], [3, 4]] -> [[1], [3]]
    [[1], [2]] -> [[1], [2]]
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-057
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [2, {"a": 1}] -> ENF-010 | ENF-057 | ENF-057 | ENF-057
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [1, [2]] -> ENF-010 | ENF-057 | ENF-057 | [[1], [2]]
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | [[1], [2]]
a: long
    1 -> [[1]] | RST-014 | RST-013 | [[1]]
    [] -> [] | [] | [] | ENF-004
    {} -> ENF-004 | ENF-004 | RST-013 | ENF-004
    {"a": 1, "b": 2} -> [[1]] | [[1]] | RST-013 | [[1]]
    {"a": [1, 2], "b": [3, 4]} -> [[1], [2]] | [[1], [2]] | RST-013 | [[1], [2]]
    {"a": [1, 2], "b": [3]} -> [[1], [2]] | [[1], [2]] | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> [[1], [2]] | [[1], [2]] | RST-013 | EXA-007
    {"a": 1, "b": [2]} -> [[1]] | [[1]] | RST-013 | [[1]]
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> [[1], [3]]
    [{"a": 1, "b": 2}, {"a": 3}] -> [[1], [3]]
    [{"a": [1, 2]}] -> ENF-057
    [1, 2] -> [[1], [2]]
    [[1, 2], [3, 4]] -> ENF-011
    [[1], [2]] -> [[1], [2]]
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-057
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [2, {"a": 1}] -> ENF-010 | ENF-057 | ENF-057 | ENF-057
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [1, [2]] -> ENF-010 | ENF-057 | ENF-057 | [[1], [2]]
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | [[1], [2]]
long, long
    1 -> ENF-009 | RST-014 | RST-013 | ENF-009
    [] -> [] | [] | [] | ENF-009
    {} -> ENF-009 | ENF-009 | RST-013 | ENF-009
    {"a": 1, "b": 2} -> [[1, 2]] | RST-011 | RST-013 | [[1, 2]]
    {"a": [1, 2], "b": [3, 4]} -> [[1, 3], [2, 4]] | RST-011 | RST-013 | [[1, 3], [2, 4]]
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-011 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> ENF-057 | RST-011 | RST-013 | ENF-057
    {"a": 1, "b": [2]} -> ENF-057 | RST-011 | RST-013 | ENF-057
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-057 | RST-011 | RST-013 | ENF-057
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-010 | RST-011 | RST-011 | [[1, 2], [3, 4]]
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-010 | RST-011 | RST-011 | ENF-044
    [{"a": [1, 2]}] -> ENF-010 | RST-011 | RST-011 | ENF-057
    [1, 2] -> ENF-010 | ENF-009 | ENF-009 | ENF-009
    [[1, 2], [3, 4]] -> [[1, 2], [3, 4]]
    [[1], [2]] -> ENF-009
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-057
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [2, {"a": 1}] -> ENF-010 | ENF-057 | ENF-057 | ENF-057
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-057
    [1, [2]] -> ENF-010 | ENF-057 | ENF-057 | ENF-009
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | ENF-009
a: long, b: long
    1 -> ENF-011 | RST-014 | RST-013 | ENF-011
    [] -> [] | [] | [] | ENF-004
    {} -> ENF-004 | ENF-004 | RST-013 | ENF-004
    {"a": 1, "b": 2} -> [[1, 2]] | [[1, 2]] | RST-013 | [[1, 2]]
    {"a": [1, 2], "b": [3, 4]} -> [[1, 3], [2, 4]] | [[1, 3], [2, 4]] | RST-013 | [[1, 3], [2, 4]]
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": 1, "b": [2]} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> [[1, 2], [3, 4]]
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-004 | ENF-004 | ENF-004 | ENF-044
    [{"a": [1, 2]}] -> ENF-004 | ENF-057 | ENF-057 | ENF-057
    [1, 2] -> ENF-011
    [[1, 2], [3, 4]] -> ENF-011
    [[1], [2]] -> ENF-011
    [[1, 2], [3]] -> ENF-010 | ENF-011 | ENF-011 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-011
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-011
    [2, {"a": 1}] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-011
    [1, [2]] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
    [[1], 2] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
array
    1 -> ENF-033 | RST-014 | RST-013 | ENF-033
    [] -> [] | [] | [] | ENF-009
    {} -> ENF-009 | ENF-009 | RST-013 | ENF-009
    {"a": 1, "b": 2} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3, 4]} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-011 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> [[[1, 2]]] | RST-011 | RST-013 | [[[1, 2]]]
    {"a": 1, "b": [2]} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [[1, 2], [3]], "b": [4, 5]} -> [[[1, 2]], [[3]]] | RST-011 | RST-013 | [[[1, 2]], [[3]]]
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-010 | RST-011 | RST-011 | ENF-033
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-010 | RST-011 | RST-011 | ENF-033
    [{"a": [1, 2]}] -> ENF-010 | RST-011 | RST-011 | [[[1, 2]]]
    [1, 2] -> ENF-033
    [[1, 2], [3, 4]] -> [[[1, 2]], [[3, 4]]]
    [[1], [2]] -> [[[1]], [[2]]]
    [[1, 2], [3]] -> [[[1, 2]], [[3]]]
    [[[1, 2]], [[3]]] -> [[[1, 2]], [[3]]]
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [2, {"a": 1}] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [1, [2]] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [[1], 2] -> ENF-033
array of arrays
    1 -> ENF-033 | RST-014 | RST-013 | ENF-033
    [] -> [] | [] | [] | ENF-009
    {} -> ENF-009 | ENF-009 | RST-013 | ENF-009
    {"a": 1, "b": 2} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3, 4]} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-011 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": 1, "b": [2]} -> ENF-033 | RST-011 | RST-013 | ENF-033
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-033 | RST-011 | RST-013 | ENF-033
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-010 | RST-011 | RST-011 | ENF-033
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-010 | RST-011 | RST-011 | ENF-033
    [{"a": [1, 2]}] -> ENF-010 | RST-011 | RST-011 | ENF-033
    [1, 2] -> ENF-033
    [[1, 2], [3, 4]] -> ENF-033
    [[1], [2]] -> ENF-033
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> [[[[1, 2]]], [[[3]]]]
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [2, {"a": 1}] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [1, [2]] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | ENF-033
object
    1 -> ENF-034 | RST-014 | RST-013 | ENF-034
    [] -> []
    {} -> ENF-034 | ENF-034 | RST-013 | ENF-034
    {"a": 1, "b": 2} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    {"a": [1, 2], "b": [3, 4]} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    {"a": [1, 2], "b": [3]} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    {"a": [1, 2], "b": 3} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    {"a": 1, "b": [2]} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-035 | ENF-035 | RST-013 | ENF-035
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-035
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-035
    [{"a": [1, 2]}] -> ENF-057
    [1, 2] -> ENF-034
    [[1, 2], [3, 4]] -> ENF-034
    [[1], [2]] -> ENF-034
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-034
    [{"a": 1}, 2] -> ENF-034
    [2, {"a": 1}] -> ENF-034
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-034
    [1, [2]] -> ENF-010 | ENF-034 | ENF-034 | ENF-034
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | ENF-034
map
    1 -> ENF-036 | RST-014 | RST-013 | ENF-036
    [] -> []
    {} -> [[{}]] | [[{}]] | RST-013 | [[{}]]
    {"a": 1, "b": 2} -> [[{"a": 1, "b": 2}]] | [[{"a": 1, "b": 2}]] | RST-013 | [[{"a": 1, "b": 2}]]
    {"a": [1, 2], "b": [3, 4]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    {"a": [1, 2], "b": [3]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    {"a": [1, 2], "b": 3} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    {"a": 1, "b": [2]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-057 | ENF-057 | RST-013 | ENF-057
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> [[{"a": 1, "b": 2}], [{"a": 3, "b": 4}]]
    [{"a": 1, "b": 2}, {"a": 3}] -> [[{"a": 1, "b": 2}], [{"a": 3}]]
    [{"a": [1, 2]}] -> ENF-057
    [1, 2] -> ENF-036
    [[1, 2], [3, 4]] -> ENF-036
    [[1], [2]] -> ENF-036
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-036
    [{"a": 1}, 2] -> ENF-036
    [2, {"a": 1}] -> ENF-036
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-036
    [1, [2]] -> ENF-010 | ENF-036 | ENF-036 | ENF-036
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | ENF-036
any
    1 -> [[1]] | RST-014 | RST-013 | [[1]]
    [] -> []
    {} -> ENF-009 | ENF-009 | RST-013 | ENF-009
    {"a": 1, "b": 2} -> [[1]] | RST-011 | RST-013 | [[1]]
    {"a": [1, 2], "b": [3, 4]} -> [[1], [2]] | RST-011 | RST-013 | [[1], [2]]
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-011 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> [[[1, 2]]] | RST-011 | RST-013 | [[[1, 2]]]
    {"a": 1, "b": [2]} -> [[1]] | RST-011 | RST-013 | [[1]]
    {"a": [[1, 2], [3]], "b": [4, 5]} -> [[[1, 2]], [[3]]] | RST-011 | RST-013 | [[[1, 2]], [[3]]]
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> [[{"a": 1, "b": 2}], [{"a": 3, "b": 4}]]
    [{"a": 1, "b": 2}, {"a": 3}] -> [[{"a": 1, "b": 2}], [{"a": 3}]]
    [{"a": [1, 2]}] -> [[{"a": [1, 2]}]]
    [1, 2] -> [[1], [2]]
    [[1, 2], [3, 4]] -> [[1], [3]]
    [[1], [2]] -> [[1], [2]]
    [[1, 2], [3]] -> ENF-010 | RST-008 | RST-008 | EXA-007
    [[[1, 2]], [[3]]] -> [[[1, 2]], [[3]]]
    [{"a": 1}, 2] -> [[{"a": 1}], [2]]
    [2, {"a": 1}] -> [[2], [{"a": 1}]]
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | [[{"a": 1}], [2]]
    [1, [2]] -> ENF-010 | [[1], [[2]]] | [[1], [[2]]] | [[1], [2]]
    [[1], 2] -> ENF-010 | RST-008 | RST-008 | [[1], [2]]
a: array
    1 -> ENF-033 | RST-014 | RST-013 | ENF-033
    [] -> [] | [] | [] | ENF-004
    {} -> ENF-004 | ENF-004 | RST-013 | ENF-004
    {"a": 1, "b": 2} -> ENF-033 | ENF-033 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3, 4]} -> [[[1, 2]]] | [[[1, 2]]] | RST-013 | [[[1, 2]]]
    {"a": [1, 2], "b": [3]} -> [[[1, 2]]] | [[[1, 2]]] | RST-013 | [[[1, 2]]]
    {"a": [1, 2], "b": 3} -> [[[1, 2]]] | [[[1, 2]]] | RST-013 | [[[1, 2]]]
    {"a": 1, "b": [2]} -> ENF-033 | ENF-033 | RST-013 | ENF-033
    {"a": [[1, 2], [3]], "b": [4, 5]} -> [[[1, 2]], [[3]]] | [[[1, 2]], [[3]]] | RST-013 | [[[1, 2]], [[3]]]
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-033
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-033
    [{"a": [1, 2]}] -> [[[1, 2]]]
    [1, 2] -> ENF-033
    [[1, 2], [3, 4]] -> [[[1, 2]], [[3, 4]]]
    [[1], [2]] -> [[[1]], [[2]]]
    [[1, 2], [3]] -> [[[1, 2]], [[3]]]
    [[[1, 2]], [[3]]] -> [[[1, 2]], [[3]]]
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [2, {"a": 1}] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-033
    [1, [2]] -> ENF-010 | ENF-033 | ENF-033 | ENF-033
    [[1], 2] -> ENF-033
a: array, b: long
    1 -> ENF-011 | RST-014 | RST-013 | ENF-011
    [] -> [] | [] | [] | ENF-004
    {} -> ENF-004 | ENF-004 | RST-013 | ENF-004
    {"a": 1, "b": 2} -> ENF-033 | ENF-033 | RST-013 | ENF-033
    {"a": [1, 2], "b": [3, 4]} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": [1, 2], "b": [3]} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": [1, 2], "b": 3} -> [[[1, 2], 3]] | [[[1, 2], 3]] | RST-013 | [[[1, 2], 3]]
    {"a": 1, "b": [2]} -> ENF-010 | RST-014 | RST-013 | EXA-007
    {"a": [[1, 2], [3]], "b": [4, 5]} -> [[[1, 2], 4], [[3], 5]] | [[[1, 2], 4], [[3], 5]] | RST-013 | [[[1, 2], 4], [[3], 5]]
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-033
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-004 | ENF-033 | ENF-033 | ENF-033
    [{"a": [1, 2]}] -> ENF-004
    [1, 2] -> ENF-011
    [[1, 2], [3, 4]] -> ENF-011
    [[1], [2]] -> ENF-011
    [[1, 2], [3]] -> ENF-010 | ENF-011 | ENF-011 | EXA-007
    [[[1, 2]], [[3]]] -> ENF-011
    [{"a": 1}, 2] -> ENF-010 | RST-010 | RST-010 | ENF-011
    [2, {"a": 1}] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
    [{"a": 1}, [2]] -> ENF-010 | RST-010 | RST-010 | ENF-011
    [1, [2]] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
    [[1], 2] -> ENF-010 | ENF-011 | ENF-011 | ENF-011
tensor
    1 -> ENF-074 | ENF-071 | RST-013 | ENF-071
    [] -> ENF-074 | [] | [] | []
    {} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": 1, "b": 2} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": [1, 2], "b": [3, 4]} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": [1, 2], "b": [3]} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": [1, 2], "b": 3} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": 1, "b": [2]} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-073 | ENF-073 | RST-013 | ENF-073
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-074 | ENF-071 | ENF-073 | ENF-071
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-074 | ENF-071 | RST-013 | ENF-071
    [{"a": [1, 2]}] -> ENF-074 | ENF-071 | ENF-073 | ENF-071
    [1, 2] -> ENF-074 | ENF-071 | ENF-071 | ENF-071
    [[1, 2], [3, 4]] -> ENF-074 | [[1, 2], [3, 4]] | [[1, 2], [3, 4]] | [[1, 2], [3, 4]]
    [[1], [2]] -> ENF-074 | ENF-071 | ENF-071 | ENF-071
    [[1, 2], [3]] -> ENF-074 | ENF-076 | ENF-076 | ENF-076
    [[[1, 2]], [[3]]] -> ENF-074 | ENF-076 | ENF-076 | ENF-076
    [{"a": 1}, 2] -> ENF-074 | ENF-071 | RST-013 | ENF-071
    [2, {"a": 1}] -> ENF-074 | ENF-071 | ENF-071 | ENF-071
    [{"a": 1}, [2]] -> ENF-074 | ENF-076 | RST-013 | ENF-076
    [1, [2]] -> ENF-074 | ENF-076 | ENF-076 | ENF-076
    [[1], 2] -> ENF-074 | ENF-076 | ENF-076 | ENF-076
a: tensor, b: tensor
    1 -> ENF-072 | ENF-072 | RST-013 | ENF-072
    [] -> ENF-072 | {"a": [], "b": []} | {"a": [], "b": []} | {"a": [], "b": []}
    {} -> ENF-004 | ENF-004 | RST-013 | ENF-004
    {"a": 1, "b": 2} -> ENF-074 | ENF-071 | RST-013 | ENF-071
    {"a": [1, 2], "b": [3, 4]} -> ENF-074 | {"a": [1, 2], "b": [3, 4]} | RST-013 | {"a": [1, 2], "b": [3, 4]}
    {"a": [1, 2], "b": [3]} -> ENF-074 | {"a": [1, 2], "b": [3]} | RST-013 | {"a": [1, 2], "b": [3]}
    {"a": [1, 2], "b": 3} -> ENF-074 | ENF-071 | RST-013 | ENF-071
    {"a": 1, "b": [2]} -> ENF-074 | ENF-071 | RST-013 | ENF-071
    {"a": [[1, 2], [3]], "b": [4, 5]} -> ENF-074 | ENF-076 | RST-013 | ENF-076
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> ENF-072 | ENF-072 | {"a": [1, 3], "b": [2, 4]} | ENF-072
    [{"a": 1, "b": 2}, {"a": 3}] -> ENF-072 | ENF-072 | RST-013 | ENF-072
    [{"a": [1, 2]}] -> ENF-072 | ENF-072 | ENF-071 | ENF-072
    [1, 2] -> ENF-072
    [[1, 2], [3, 4]] -> ENF-072
    [[1], [2]] -> ENF-072
    [[1, 2], [3]] -> ENF-072
    [[[1, 2]], [[3]]] -> ENF-072
    [{"a": 1}, 2] -> ENF-072 | ENF-072 | RST-013 | ENF-072
    [2, {"a": 1}] -> ENF-072
    [{"a": 1}, [2]] -> ENF-072 | ENF-072 | RST-013 | ENF-072
    [1, [2]] -> ENF-072
    [[1], 2] -> ENF-072
"""

#: A list as the whole body, where nothing is declared: a table, not an array (RST-084).
BODIES = r"""
nothing
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> [[1, 2], [3, 4]]
    [{"a": 1, "b": 2}, {"a": 3}] -> [[1, 2.0], [3, NaN]]
    [{"a": [1, 2]}] -> [[[1, 2]]]
    [1, 2] -> [[1], [2]]
    [[1, 2], [3, 4]] -> [[1, 2], [3, 4]]
    [[1], [2]] -> [[1], [2]]
    [[1, 2], [3]] -> RST-008
    [[[1, 2]], [[3]]] -> [[[1, 2]], [[3]]]
    [{"a": 1}, 2] -> RST-010
    [2, {"a": 1}] -> [[2], [{"a": 1}]]
    [{"a": 1}, [2]] -> RST-010
    [1, [2]] -> [[1], [[2]]]
    [[1], 2] -> RST-008
"""

#: In process alone, for other forms have no such data.
PYTHON_DATA = r"""
long
    (1, 2) -> [[1], [2]]
    ((1, 2), (3, 4)) -> [[1], [3]]
    [(1, 2), (3, 4)] -> [[1], [3]]
    ({'a': 1, 'b': 2},) -> ENF-010
    {a: (1, 2), b: (3, 4)} -> [[1], [2]]
    array(1) -> [[1]]
    array([1, 2]) -> [[1], [2]]
    array([[1, 2], [3, 4]]) -> [[1], [3]]
    array of 3 axes -> ENF-010
    array of records -> ENF-010
    [array([1, 2]), array([3, 4])] -> [[1], [3]]
    [array(1), array(2)] -> ENF-021
    [array([[1, 2]])] -> ENF-010
    [array([1, 2]), 3] -> ENF-010
    {a: array([1, 2]), b: array([3, 4])} -> [[1], [2]]
    {a: array([1, 2]), b: [3, 4]} -> [[1], [2]]
    {a: array([[1, 2]]), b: [3]} -> ENF-010
    {a: array(1), b: 2} -> [[1]]
    {a: array([1, 2]), b: 3} -> ENF-021
    {a: series, b: [3, 4]} -> [[1], [2]]
    {a: index, b: [3, 4]} -> [[1], [2]]
    series -> [[1], [2]]
    series a -> [[1], [2]]
    [series, series] -> [[1], [3]]
    [series, 3] -> ENF-010
    {1: 2} -> [[2]]
    text -> ENF-049
    bytes -> ENF-021
    date -> ENF-010
    none -> ENF-010
    range -> ENF-010
long, long
    (1, 2) -> ENF-010
    ((1, 2), (3, 4)) -> [[1, 2], [3, 4]]
    [(1, 2), (3, 4)] -> [[1, 2], [3, 4]]
    ({'a': 1, 'b': 2},) -> ENF-010
    {a: (1, 2), b: (3, 4)} -> [[1, 3], [2, 4]]
    array(1) -> ENF-010
    array([1, 2]) -> ENF-010
    array([[1, 2], [3, 4]]) -> [[1, 2], [3, 4]]
    array of 3 axes -> ENF-010
    array of records -> ENF-010
    [array([1, 2]), array([3, 4])] -> [[1, 2], [3, 4]]
    [array(1), array(2)] -> ENF-010
    [array([[1, 2]])] -> ENF-010
    [array([1, 2]), 3] -> ENF-010
    {a: array([1, 2]), b: array([3, 4])} -> [[1, 3], [2, 4]]
    {a: array([1, 2]), b: [3, 4]} -> [[1, 3], [2, 4]]
    {a: array([[1, 2]]), b: [3]} -> ENF-010
    {a: array(1), b: 2} -> [[1, 2]]
    {a: array([1, 2]), b: 3} -> ENF-021
    {a: series, b: [3, 4]} -> [[1, 3], [2, 4]]
    {a: index, b: [3, 4]} -> [[1, 3], [2, 4]]
    series -> [[1, 2]]
    series a -> [[1, 2]]
    [series, series] -> [[1, 2], [3, 4]]
    [series, 3] -> ENF-010
    {1: 2} -> ENF-009
    text -> ENF-049
    bytes -> ENF-021
    date -> ENF-010
    none -> ENF-010
    range -> ENF-010
a: long, b: long
    (1, 2) -> ENF-011
    ((1, 2), (3, 4)) -> ENF-011
    [(1, 2), (3, 4)] -> ENF-011
    ({'a': 1, 'b': 2},) -> [[1, 2]]
    {a: (1, 2), b: (3, 4)} -> [[1, 3], [2, 4]]
    array(1) -> ENF-011
    array([1, 2]) -> ENF-011
    array([[1, 2], [3, 4]]) -> ENF-011
    array of 3 axes -> ENF-010
    array of records -> ENF-010
    [array([1, 2]), array([3, 4])] -> ENF-011
    [array(1), array(2)] -> ENF-011
    [array([[1, 2]])] -> ENF-010
    [array([1, 2]), 3] -> ENF-010
    {a: array([1, 2]), b: array([3, 4])} -> [[1, 3], [2, 4]]
    {a: array([1, 2]), b: [3, 4]} -> [[1, 3], [2, 4]]
    {a: array([[1, 2]]), b: [3]} -> ENF-010
    {a: array(1), b: 2} -> [[1, 2]]
    {a: array([1, 2]), b: 3} -> ENF-010
    {a: series, b: [3, 4]} -> [[1, 3], [2, 4]]
    {a: index, b: [3, 4]} -> [[1, 3], [2, 4]]
    series -> ENF-011
    series a -> ENF-004
    [series, series] -> ENF-011
    [series, 3] -> ENF-010
    {1: 2} -> ENF-004
    text -> ENF-011
    bytes -> ENF-011
    date -> ENF-010
    none -> ENF-010
    range -> ENF-010
array
    (1, 2) -> ENF-033
    ((1, 2), (3, 4)) -> [[[1, 2]], [[3, 4]]]
    [(1, 2), (3, 4)] -> [[[1, 2]], [[3, 4]]]
    ({'a': 1, 'b': 2},) -> ENF-010
    {a: (1, 2), b: (3, 4)} -> ENF-033
    array(1) -> ENF-021
    array([1, 2]) -> ENF-021
    array([[1, 2], [3, 4]]) -> ENF-021
    array of 3 axes -> ENF-010
    array of records -> ENF-010
    [array([1, 2]), array([3, 4])] -> [[[1, 2]], [[3, 4]]]
    [array(1), array(2)] -> ENF-033
    [array([[1, 2]])] -> ENF-010
    [array([1, 2]), 3] -> ENF-033
    {a: array([1, 2]), b: array([3, 4])} -> ENF-021
    {a: array([1, 2]), b: [3, 4]} -> ENF-021
    {a: array([[1, 2]]), b: [3]} -> ENF-010
    {a: array(1), b: 2} -> ENF-021
    {a: array([1, 2]), b: 3} -> [[[1, 2]]]
    {a: series, b: [3, 4]} -> ENF-021
    {a: index, b: [3, 4]} -> ENF-033
    series -> ENF-021
    series a -> ENF-021
    [series, series] -> ENF-033
    [series, 3] -> ENF-010
    {1: 2} -> ENF-033
    text -> ENF-033
    bytes -> ENF-033
    date -> ENF-010
    none -> ENF-010
    range -> ENF-010
"""

#: The columns that are inferred where nothing is declared yet (SIG-010).
INFERRED = r"""
from JSON
    1 -> long
    [] -> SIG-010
    {} -> SIG-010
    {"a": 1, "b": 2} -> a: long, b: long
    {"a": [1, 2], "b": [3, 4]} -> a: long, b: long
    {"a": [1, 2], "b": [3]} -> a: Array(long), b: Array(long)
    {"a": [1, 2], "b": 3} -> a: Array(long), b: long
    {"a": 1, "b": [2]} -> a: long, b: Array(long)
    {"a": [[1, 2], [3]], "b": [4, 5]} -> a: Array(Array(long)), b: Array(long)
    [{"a": 1, "b": 2}, {"a": 3, "b": 4}] -> a: long, b: long
    [{"a": 1, "b": 2}, {"a": 3}] -> a: long, b: double (optional)
    [{"a": [1, 2]}] -> a: Array(long)
    [1, 2] -> long
    [[1, 2], [3, 4]] -> long, long
    [[1], [2]] -> long
    [[1, 2], [3]] -> SIG-010
    [[[1, 2]], [[3]]] -> Array(long)
    [{"a": 1}, 2] -> SIG-010
    [2, {"a": 1}] -> SIG-010
    [{"a": 1}, [2]] -> SIG-010
    [1, [2]] -> SIG-010
    [[1], 2] -> SIG-010
others
    (1, 2) -> SIG-010
    ((1, 2), (3, 4)) -> SIG-010
    [(1, 2), (3, 4)] -> long, long
    ({'a': 1, 'b': 2},) -> SIG-010
    {a: (1, 2), b: (3, 4)} -> a: long, b: long
    array(1) -> SIG-013
    array([1, 2]) -> int64 (-1,)
    array([[1, 2], [3, 4]]) -> int64 (-1, 2)
    array of 3 axes -> int64 (-1, 1, 2)
    [array([1, 2]), array([3, 4])] -> long, long
    [array(1), array(2)] -> SIG-014
    [array([[1, 2]])] -> Array(long)
    [array([1, 2]), 3] -> SIG-010
    {a: array([1, 2]), b: array([3, 4])} -> a: int64 (-1,), b: int64 (-1,)
    {a: array([1, 2]), b: [3, 4]} -> a: long, b: long
    {a: array([[1, 2]]), b: [3]} -> SIG-010
    {a: array(1), b: 2} -> a: long, b: long
    {a: array([1, 2]), b: 3} -> a: Array(long), b: long
    {a: series, b: [3, 4]} -> a: long, b: long
    {a: index, b: [3, 4]} -> SIG-014
    series -> long
    series a -> a: long
    [series, series] -> SIG-014
    [series, 3] -> SIG-014
    {1: 2} -> SIG-012
    text -> string
    bytes -> binary
    date -> datetime
    none -> SIG-010
    range -> SIG-010
"""


@pytest.mark.parametrize(("declared", "data", "answers"), _lines(JSON_DATA))
def test_what_json_data_stand_for(declared: str, data: str, answers: list[str]) -> None:
    """ENF-010, ENF-011, ENF-015, RST-011, RST-013, RST-014, EXA-001."""
    got = [_answer(way, json.loads(data), DECLARED[declared]) for way in WAYS]
    assert got == answers * (len(WAYS) // len(answers))


@pytest.mark.parametrize(("declared", "data", "answers"), _lines(BODIES))
def test_what_a_list_as_body_stands_for(declared: str, data: str, answers: list[str]) -> None:
    """RST-084."""
    assert _answer(_as_body, json.loads(data), DECLARED[declared]) == answers[0]


@pytest.mark.parametrize(("declared", "data", "answers"), _lines(PYTHON_DATA))
def test_what_data_in_process_stand_for(declared: str, data: str, answers: list[str]) -> None:
    """ENF-010, ENF-011, ENF-015."""
    assert _answer(_in_process, OTHERS[data], DECLARED[declared]) == answers[0]


@pytest.mark.parametrize(("kind", "data", "answers"), _lines(INFERRED))
def test_what_data_are_inferred_as(kind: str, data: str, answers: list[str]) -> None:
    """SIG-010, SIG-012, SIG-013, SIG-073."""
    assert _inferred(json.loads(data) if kind == "from JSON" else OTHERS[data]) == answers[0]
