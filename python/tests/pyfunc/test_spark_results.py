"""Result types of functions of Spark, and answers as one of them (UDF-010 to UDF-019)."""

import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

from mlmodel.errors import InvalidArgument, ModelFailure
from mlmodel.pyfunc.spark_results import inferred, require_possible, result_of
from mlmodel.types import Array, ColSpec, Schema, TensorSpec

INT, LONG, FLOAT, DOUBLE = "integer", "long", "float", "double"


def many(kind):
    return {"type": "array", "elementType": kind, "containsNull": True}


def struct(**fields):
    return {"type": "struct", "fields": [{"name": n, "type": t} for n, t in fields.items()]}


FRAME = pd.DataFrame(
    {
        "text": ["a", None],
        "flag": [True, False],
        "wide": np.array([1, 2], "int64"),
        "narrow": np.array([3, 4], "int16"),
        "single": np.array([1.5, np.nan], "float32"),
        "double": [0.1, 2.0],
        "list": [[1, 2], [3]],
    }
)
ANSWERS = [
    # The leftmost of a width that fits, though a wider one stands before it.
    (FRAME, INT, [3, 4]), (FRAME, LONG, [1, 2]), (FRAME, FLOAT, [1.0, 2.0]),
    (FRAME, DOUBLE, [1.0, 2.0]), (FRAME, "boolean", [True, False]), (FRAME, "string", ["a", None]),
    (FRAME, many(INT), [[3], [4]]), (FRAME, many(LONG), [[1, 3], [2, 4]]),
    (FRAME[["wide", "double"]], many(DOUBLE), [[1.0, 0.1], [2.0, 2.0]]),
    (FRAME[["text", "wide", "double"]], many("string"), [["a", "1", "0.1"], [None, "2", "2.0"]]),
    (FRAME, many("boolean"), [[True], [False]]), (FRAME[["wide"]], INT, [1, 2]),
    # Lists, where nothing else is of the type.
    (FRAME[["text", "list"]], many(INT), [[1, 2], [3]]),
    (FRAME[["text", "list"]], many(DOUBLE), [[1.0, 2.0], [3.0]]),
    (FRAME[["list"]], many("string"), [["1", "2"], ["3"]]),
    (pd.DataFrame({"l": [[1.5], None]}), many(DOUBLE), [[1.5], None]),
    (pd.DataFrame({"l": [[], []]}), many(DOUBLE), [[], []]),
    (FRAME, struct(wide=INT, text="string", list=many(FLOAT)),
     [{"wide": 1, "text": "a", "list": [1.0, 2.0]}, {"wide": 2, "text": None, "list": [3.0]}]),
    # Every form of an answer.
    (np.array([1.5, 2.5]), DOUBLE, [1.5, 2.5]), ([1, 2], LONG, [1, 2]), ([1, None], LONG, [1, None]),
    ([2**60 + 1, None], LONG, [2**60 + 1, None]), (["a", "b"], "string", ["a", "b"]),
    (np.array([[1, 2], [3, 4]]), many(LONG), [[1, 2], [3, 4]]),
    ([[1, 2], [3, 4]], many(LONG), [[1, 2], [3, 4]]), ([[1], [3, 4]], many(LONG), [[1], [3, 4]]),
    (pd.Series([1, 2], name="y"), struct(y=LONG), [{"y": 1}, {"y": 2}]),
    ([{"a": 1}, {"a": 2}], struct(a=INT), [{"a": 1}, {"a": 2}]),
    ([{"a": 1, "b": "x"}, {"a": 2}], struct(a=DOUBLE), [{"a": 1.0}, {"a": 2.0}]),
    ({"a": np.array([1, 2])}, LONG, [1, 2]), (csr_matrix([[0, 1], [2, 0]]), LONG, [0, 2]),
    (pd.Series([1, 2], dtype="Int64"), INT, [1, 2]), (pd.Categorical(["a", "b"]).tolist(), "string", ["a", "b"]),
    (pd.Series(["a", "b"], dtype="category"), "string", ["a", "b"]),
    ([decimal.Decimal("1.5"), decimal.Decimal(2)], DOUBLE, [1.5, 2.0]),
    (np.array([1, 2], "float32") / 10, "string", ["0.1", "0.2"]),
    (pd.DataFrame({"a": pd.array([1.5, 2], "float64[pyarrow]")}), DOUBLE, [1.5, 2.0]),
    # Beside what is no number NaN says that something is missing.
    (["a", np.nan], "string", ["a", None]), (pd.Series([np.nan, np.nan], dtype=object), "string", [None, None]), ([True, np.nan], "string", ["True", None]),
    (pd.Series(["a", None], dtype="category"), "string", ["a", None]),
    (pd.Series([30, None], dtype=pd.CategoricalDtype([30])), "string", ["30", None]),
    (pd.Series(["a", None], dtype="string"), "string", ["a", None]),
    ([1.5, np.nan], "string", ["1.5", "nan"]), (np.array([1.5, np.nan]), "string", ["1.5", "nan"]),
    (pd.concat([pd.Series([one], dtype="float64[pyarrow]") for one in (1.5, 2)]), DOUBLE, [1.5, 2.0]),
    (pd.Series([7, 5], dtype="category"), LONG, [7, 5]), ([2**60 + 1, 1], DOUBLE, [2.0**60, 1.0]),
    (pd.Series([[1], None], dtype=pd.ArrowDtype(pa.large_list(pa.int64()))), many(LONG), [[1], None]),
    (pd.to_datetime(["2024-01-02", None]).to_series(), "string", ["2024-01-02 00:00:00", None]),
    (pd.DataFrame({"l": [["a", None], [None, "b"]]}), many("string"), [["a", None], [None, "b"]]),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind", "expected"), ANSWERS)
def test_answers_of_each_type(answer, kind, expected):
    """UDF-011, UDF-012, UDF-013, UDF-014, UDF-015, UDF-016, UDF-017."""
    assert result_of(kind).of(answer, 2, None).to_pylist() == expected


def test_nan_is_not_null():
    """UDF-013."""
    array = result_of(DOUBLE).of(np.array([np.nan, 1.0]), 2, None)
    assert array.null_count == 0
    assert np.isnan(array[0].as_py())
    assert result_of(DOUBLE).of(pd.array([None, 1.0], "Float64").tolist(), 2, None).null_count == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (INT, pa.int32()), (LONG, pa.int64()), (FLOAT, pa.float32()), (DOUBLE, pa.float64()),
        (many(INT), pa.list_(pa.int32())), (many("string"), pa.list_(pa.string())),
        (struct(a=INT), pa.struct([("a", pa.int32())])),
    ],
)  # fmt: skip
def test_the_type_is_the_one_asked_for(kind, expected):
    answer = pd.DataFrame({"a": np.array([1], "int8")})
    assert result_of(kind).of(answer, 1, None).type == expected


@pytest.mark.parametrize("kind", [INT, many(INT)])
def test_integers_that_do_not_fit(kind):
    """UDF-012: the same column in every batch, so that one that is too wide is not passed over."""
    answer = pd.DataFrame({"a": [2**40], "b": [1]})
    with pytest.raises(InvalidArgument, match=r"int does not hold.*UDF-012"):
        result_of(kind).of(answer, 1, None)


def test_unsigned_integers():
    """UDF-012."""
    answer = pd.DataFrame({"a": np.array([2**63], "uint64"), "b": np.array([7], "uint32")})
    assert result_of(LONG).of(answer, 1, None).to_pylist() == [7]
    with pytest.raises(InvalidArgument, match="UDF-012"):
        result_of(LONG).of(answer[["a"]], 1, None)


@pytest.mark.parametrize(
    ("answer", "kind", "rule"),
    [
        (FRAME[["text"]], DOUBLE, "UDF-013"), (FRAME[["flag"]], DOUBLE, "UDF-013"),
        (FRAME[["flag", "double"]], LONG, "UDF-012"), (FRAME[["wide"]], "boolean", "UDF-014"),
        (FRAME[["text"]], many(DOUBLE), "UDF-013"), (FRAME[["list"]], DOUBLE, "UDF-013"),
        (FRAME[["text"]], struct(text=DOUBLE), "UDF-013"),
        (pd.DataFrame({"l": [["a"], ["b"]]}), many(LONG), "UDF-012"),
        ([1, "a"], DOUBLE, "UDF-013"),
        (np.array([1j, 2j]), DOUBLE, "UDF-013"),
    ],
)  # fmt: skip
def test_nothing_of_the_type(answer, kind, rule):
    """UDF-018: what there is is listed."""
    with pytest.raises(InvalidArgument, match=rule):
        result_of(kind).of(answer, 2, None)


def test_fields_that_are_not_answered():
    """UDF-017."""
    with pytest.raises(InvalidArgument, match=r"y, z, which.*text, flag.*UDF-017"):
        result_of(struct(wide=LONG, y=LONG, z=LONG)).of(FRAME, 2, None)
    named = result_of(struct(y=LONG)).of(np.array([1, 2]), 2, ["y"])
    assert named.to_pylist() == [{"y": 1}, {"y": 2}]


@pytest.mark.parametrize(
    "answer", [[1.0], [1.0] * 3, 1.0, np.ones((2, 2, 2)), {"a": [1], "b": [1, 2]}, object()]
)
def test_answers_without_a_row_for_each(answer):
    """UDF-011."""
    with pytest.raises(ModelFailure, match="UDF-011"):
        result_of(DOUBLE).of(answer, 2, None)


@pytest.mark.parametrize(
    "kind",
    [
        "date", "timestamp", "binary", "decimal(10,2)", "byte", many("date"), many(many(DOUBLE)),
        struct(), struct(a="date"), struct(a=struct(b=INT)), many(struct(a=INT)),
        {"type": "map", "keyType": "string", "valueType": "string"}, None, 3,
    ],
)  # fmt: skip
def test_types_that_are_not_supported(kind):
    """UDF-010."""
    with pytest.raises(InvalidArgument, match="UDF-010"):
        result_of(kind)


def columns(*kinds):
    return Schema([ColSpec(kind, f"c{place}") for place, kind in enumerate(kinds)])


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        (None, "boolean"), (columns("long"), INT), (columns("string", "integer"), LONG),
        (columns("float"), DOUBLE), (columns("binary"), "string"), (columns("boolean"), "boolean"),
        (columns(Array("double")), many(FLOAT)), (columns("double"), many(DOUBLE)),
        (columns("double", "long"), struct(c1=INT)), (Schema([ColSpec("double")]), struct(a=DOUBLE)),
        (Schema([TensorSpec(np.dtype("float32"), (-1, 3))]), many(DOUBLE)),
        (Schema([TensorSpec(np.dtype("int64"), (-1,))]), LONG),
        (Schema([TensorSpec(np.dtype("O"), (-1,))]), LONG),
    ],
)  # fmt: skip
def test_types_that_the_signature_allows(outputs, kind):
    """UDF-018."""
    require_possible(result_of(kind), outputs)


@pytest.mark.parametrize(
    ("outputs", "kind", "said"),
    [
        (columns("double"), INT, r"c0 \(double\).*UDF-012"), (columns("string"), DOUBLE, "UDF-013"),
        (columns("boolean"), DOUBLE, "UDF-013"), (columns("long"), "boolean", "UDF-014"),
        (columns("double", "long"), struct(c0=DOUBLE, y=INT, z=INT), r"y, z, which.*c0, c1.*UDF-017"),
        (columns("double", "long"), struct(c0=INT), r"c0 \(double\)"),
        (columns(Array("string")), many(DOUBLE), "UDF-013"), (columns(Array("long")), LONG, "UDF-012"),
        (Schema([TensorSpec(np.dtype("float32"), (-1,))]), LONG, "UDF-012"),
    ],
)  # fmt: skip
def test_types_that_the_signature_rules_out(outputs, kind, said):
    """UDF-018."""
    with pytest.raises(InvalidArgument, match=said):
        require_possible(result_of(kind), outputs)


@pytest.mark.parametrize(
    ("outputs", "kind"),
    [
        (None, "double"), (columns("long"), "long"), (columns("integer"), "int"),
        (columns(Array("float")), "array<float>"), (columns("datetime"), "double"),
        (columns(Array(Array("float"))), "double"),
        (columns("double", "string"), "`c0` double, `c1` string"),
        (Schema([ColSpec("double"), ColSpec("long")]), "double"),
        (Schema([TensorSpec(np.dtype("int64"), (-1,))]), "double"),
    ],
)  # fmt: skip
def test_the_type_by_the_signature(outputs, kind):
    """UDF-019."""
    assert inferred(outputs) == kind
