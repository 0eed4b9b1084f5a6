"""What modules of PyTorch get of data, and answer (PTH-010 to PTH-016)."""

from __future__ import annotations

import json
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.libraries("torch")

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import mlmodel  # noqa: E402
from asking import posted  # noqa: E402
from mlmodel.errors import InvalidInput  # noqa: E402

ARRAY = np.arange(12, dtype="float32").reshape(4, 3)
FRAME = pd.DataFrame(ARRAY, columns=["a", "b", "c"], index=[7, 8, 9, 10])


class Telling(nn.Module):
    """Answers the dtype and the shape that it was given."""

    def forward(self, rows):
        assert not torch.is_grad_enabled()
        return {"dtype": str(rows.dtype), "shape": list(rows.shape), "rows": rows * 1}


class Answering(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, rows):
        return self.answer(rows)


class Two(nn.Module):
    def forward(self, left, right, scale: float = 1.0):
        return (left + right) * scale


class ByKeyword(nn.Module):
    def forward(self, rows, *, more):
        return rows + more


class Where(nn.Module):
    """Answers where its data are; it has no parameters."""

    def __init__(self):
        super().__init__()
        self.register_buffer("held", torch.ones(1))

    def forward(self, rows, more=None):
        return [str(one.device) for one in (rows, more) if one is not None]


class Pair(NamedTuple):
    y: object
    z: object


@pytest.fixture
def loaded(tmp_path):
    def load(model, **options):
        mlmodel.pytorch.save_model(model, tmp_path / "m", overwrite=True, **options)
        return mlmodel.load(tmp_path / "m")

    return load


def predictor(model):
    """Return how a module predicts that was not saved."""
    return mlmodel.pytorch.FLAVOR.predictor(model, {})


class Linear(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.layer = nn.Linear(3, 1, dtype=dtype)

    def forward(self, rows):
        return self.layer(rows)


def test_a_module_of_doubles_says_what_it_takes(loaded):
    """PTH-015: a table is float32, and an array of doubles what the module computes with."""
    model = loaded(Linear(torch.float64))
    todo = r"computes with float64, and was given float32.*give an array of float64.*PTH-015"
    for given in (FRAME, ARRAY, ARRAY.tolist()):
        with pytest.raises(InvalidInput, match=todo):
            model.predict(given)
    assert model.predict(ARRAY.astype("float64")).shape == (4, 1)


def test_no_array_is_asked_for_that_there_is_not(loaded):
    """PTH-015."""
    todo = r"computes with bfloat16, and was given float32, which.*become: save module\.float\(\)"
    with pytest.raises(InvalidInput, match=todo):
        loaded(Linear(torch.bfloat16)).predict(FRAME)


def test_what_is_wrong_with_other_data_says_nothing_of_their_numbers(loaded):
    """PTH-015."""
    with pytest.raises(InvalidInput, match=r"shapes cannot be multiplied.*\(PTH-015\)") as caught:
        loaded(nn.Linear(3, 1)).predict(ARRAY[:, :2])
    assert "computes with" not in str(caught.value)
    with pytest.raises(InvalidInput, match=r"out of range.*\(PTH-015\)") as caught:
        predictor(nn.Embedding(2, 1))(np.array([5]), None)
    assert "computes with" not in str(caught.value)


def test_a_module_of_two_inputs_says_that_it_takes_a_mapping(loaded):
    """PTH-012."""
    todo = "takes left, right, scale.*'right'; a mapping of these names to arrays.*PTH-012"
    with pytest.raises(InvalidInput, match=todo):
        loaded(Two()).predict(FRAME)


TABLES = {
    "a frame": FRAME,
    "whole numbers": FRAME.astype("int64"),
    "nullable": FRAME.astype("Int64"),
    "objects": FRAME.astype("object"),
    "of all sorts": FRAME.astype({"a": "int8", "b": "Float64", "c": "object"}),
    "records": FRAME.to_dict("records"),
    "columns": FRAME.to_dict("list"),
    "Arrow": __import__("pyarrow").Table.from_pandas(FRAME, preserve_index=False),
}


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_one_tensor_of_float32(form, loaded):
    """PTH-010."""
    told = loaded(Telling()).predict(TABLES[form])
    assert told["dtype"] == "torch.float32"
    assert np.array_equal(told["rows"], ARRAY)


def test_a_series_is_a_table_of_one_column():
    """PTH-010, SKL-010."""
    told = predictor(Telling())(pd.Series([1, 2], index=[7, 3]), None)
    assert told["dtype"] == "torch.float32"
    assert told["rows"].tolist() == [[1], [2]]


def test_a_table_without_columns_has_rows():
    """PTH-010."""
    assert predictor(Telling())(pd.DataFrame(index=[7, 3]), None)["shape"] == [2, 0]


def test_gaps_are_nan(loaded):
    """PTH-010."""
    frame = pd.DataFrame(
        {"a": [1.5, None], "b": pd.array([2, None], "Int64"), "c": pd.array([True, None], "boolean"),
         "d": pd.Series([None, 3], dtype=object)}
    )  # fmt: skip
    told = loaded(Telling()).predict(frame)
    assert np.array_equal(told["rows"], [[1.5, 2, 1, np.nan], [*[np.nan] * 3, 3]], equal_nan=True)


def test_doubles_are_rounded_and_that_is_said_once(loaded):
    """PTH-010: and nothing is said of doubles that are values of float32."""
    model = loaded(Telling())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(FRAME.astype("float64"))
        model.predict(FRAME.astype("float64").where(FRAME > 1))
    with pytest.warns(UserWarning, match="rounded to the nearest.*PTH-010"):
        answer = model.predict(FRAME.astype("float64") + 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(FRAME.astype("float64") + 0.1)
    assert np.array_equal(answer["rows"], (ARRAY.astype("float64") + 0.1).astype("float32"))


REFUSED = {
    "a text": ({"a": [1.0], "b": ["x"]}, "b", "texts"),
    "a category": ({"a": [1.0], "b": pd.Categorical(["x"])}, "b", "categories"),
    "a time": ({"a": [pd.Timestamp("2020-01-01")]}, "a", "datetime"),
    "a whole number that float32 has not": ({"a": [2**24 + 1]}, "a", "float32 has not"),
    "one that doubles have not": ({"a": [-(2**53) - 1]}, "a", "float32 has not"),
    "the largest": ({"a": np.array([2**64 - 1], "uint64")}, "a", "float32 has not"),
    "one with a gap and beyond doubles": (
        {"a": pd.array([2**62 + 1, None], "Int64")}, "a", "float32 has not"
    ),
    "one with a gap": ({"a": pd.array([2**24 + 1, None], "Int64")}, "a", "float32 has not"),
    "a number beyond": ({"a": [1e300]}, "a", "float32 has not"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_columns_that_would_not_be_what_they_are_are_refused(what, loaded):
    """PTH-010."""
    columns, name, message = REFUSED[what]
    with pytest.raises(InvalidInput, match=f"{message}.*") as caught:
        loaded(Telling()).predict(pd.DataFrame(columns))
    assert [(one.rule, one.column) for one in caught.value.details] == [("PTH-010", name)]


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8"])
def test_whole_numbers_that_float32_has_are_taken(dtype, loaded):
    """PTH-010: however large."""
    size = np.iinfo(dtype).bits
    numbers = np.array([1, 2 ** (size - 2), 3 * 2 ** (size - 3)], dtype)
    told = loaded(Telling()).predict(pd.DataFrame({"a": numbers}))
    assert [int(one) for one in told["rows"][:, 0]] == numbers.tolist()


DTYPES = ["float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool", "complex64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_keeps_its_dtype(dtype, loaded):
    """PTH-011: and its axes, whatever its order in memory."""
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    model = loaded(Telling())
    for given in (
        array,
        np.asfortranarray(array),
        array[:, ::-1][:, ::-1],
        array.astype(array.dtype.newbyteorder(">")),
    ):
        told = model.predict(given)
        assert told["dtype"] == f"torch.{dtype}"
        assert told["shape"] == [2, 3, 4]
        assert np.array_equal(told["rows"], array if dtype != "bool" else array * 1)


@pytest.mark.parametrize(
    "given",
    [np.asfortranarray(ARRAY), ARRAY[::-1], FRAME.astype("int64"), FRAME.astype({"a": "int8"})],
)
def test_a_tensor_lies_in_one_piece(given):
    """PTH-010, PTH-011: so that a module can look at it in another shape."""
    answer = predictor(Answering(lambda rows: rows.view(-1)))(given, None)
    assert answer.tolist() == np.asarray(given).ravel().tolist()


LISTS = [
    ([[1.5, 2]], "float32"),
    ([[1, 2]], "int64"),
    ([True, False], "bool"),
    ([[0.1]], "float32"),
]


@pytest.mark.filterwarnings("ignore:The module gets float32")
@pytest.mark.parametrize(("given", "dtype"), LISTS)
def test_a_list_is_what_torch_makes_of_it(given, dtype, loaded):
    """PTH-011."""
    told = loaded(Telling()).predict(given)
    assert told["dtype"] == f"torch.{dtype}" == str(torch.tensor(given).dtype)
    assert np.array_equal(told["rows"], (torch.tensor(given) * 1).numpy())


def test_a_tensor_is_taken(loaded):
    assert loaded(Telling()).predict(torch.ones(2, 3).bfloat16())["dtype"] == "torch.bfloat16"


@pytest.mark.parametrize(
    "given",
    [
        *(np.array([["a"]]), [[1.0], [1.0, 2.0]], "text", b"x", object(), [["a", 1]], None),
        *([[1e300]], range(3), bytearray(b"x"), {1, 2}),
        *(np.zeros(2, "longdouble"), np.zeros(2, "clongdouble")),
    ],
)
def test_another_kind_of_data_is_refused(given, loaded):
    """PTH-011."""
    with pytest.raises(InvalidInput, match="PTH-011"):
        loaded(Telling()).predict(given)


def test_what_a_module_does_in_place_stays_with_it(loaded):
    """PTH-011."""
    array, frame = ARRAY.copy(), FRAME.copy()
    model = loaded(Answering(lambda rows: rows.add_(1)))
    assert np.array_equal(model.predict(array), ARRAY + 1)
    model.predict(frame)
    assert np.array_equal(array, ARRAY)
    assert frame.equals(FRAME)


def test_a_mapping_names_the_arguments(loaded):
    """PTH-012."""
    model = loaded(Two())
    assert np.array_equal(model.predict({"right": ARRAY, "left": ARRAY * 2}), ARRAY * 3)
    with pytest.raises(InvalidInput, match="arguments left, right, scale.*PTH-012"):
        model.predict({"left": ARRAY, "wrong": ARRAY})
    with pytest.raises(InvalidInput, match="missing.*right.*PTH-012"):
        model.predict({"left": ARRAY})
    with pytest.raises(InvalidInput, match="PTH-012"):
        model.predict({})
    by_keyword = predictor(ByKeyword())
    assert np.array_equal(by_keyword({"rows": ARRAY, "more": ARRAY}, None), ARRAY * 2)
    one = loaded(Telling())
    assert one.predict({"rows": ARRAY})["shape"] == [4, 3]
    assert one.predict({"images": ARRAY})["shape"] == [4, 3]  # a tensor with a name of its own
    assert one.predict({"rows": [[1.5, 2]]})["dtype"] == "torch.float32"  # as a list by itself


class ByPlace(nn.Module):
    def forward(self, rows, /, scale=1.0):
        return rows * scale


def test_an_argument_by_place_is_the_data():
    """PTH-014: and the next one a parameter."""
    assert np.array_equal(predictor(ByPlace())(ARRAY, {"scale": 2.0}), ARRAY * 2)
    with pytest.raises(InvalidInput, match="PTH-014"):
        predictor(ByPlace())(ARRAY, {"rows": 2.0})


@pytest.mark.parametrize("make", [lambda model: model, torch.jit.script])
def test_parameters_are_arguments_of_forward(make, loaded):
    """PTH-014: of a loaded program, too."""
    model = loaded(make(Two()))
    given = {"left": ARRAY, "right": ARRAY}
    assert np.array_equal(model.predict(given, {"scale": 2.5}), ARRAY * 5)
    with pytest.raises(InvalidInput, match="PTH-014") as caught:
        model.predict(given, {"shift": 1, "left": 2})
    assert [one.column for one in caught.value.details] == ["shift", "left"]
    with pytest.raises(InvalidInput, match="PTH-012"):
        model.predict(given, {"right": 1})
    with pytest.raises(InvalidInput, match="missing.*right.*PTH-012"):
        model.predict({"left": ARRAY})


FAILING = {
    "shapes": (nn.Linear(2, 1), ARRAY, "shapes cannot be multiplied"),
    "dtypes": (nn.Linear(3, 1), ARRAY.astype("float64"), "same dtype"),
    "an index": (nn.Embedding(2, 1), np.array([5]), "out of range"),
    "axes": (nn.BatchNorm1d(3), ARRAY[:, :, None, None], "expected 2D or 3D input"),
    "without parameters": (Answering(lambda rows: rows.reshape(5)), ARRAY, "invalid for input"),
}


@pytest.mark.parametrize("what", FAILING)
def test_what_torch_refuses_is_told_in_a_line(what, loaded):
    """PTH-015."""
    model, given, message = FAILING[what]
    with pytest.raises(InvalidInput, match=f"PyTorch cannot predict.*{message}.*PTH-015") as caught:
        loaded(model).predict(given)
    assert "\n" not in caught.value.message


def test_data_are_put_where_the_module_is():
    """PTH-013: by position and by name, also where the module has buffers alone."""
    predict = predictor(Where().to("meta"))
    assert predict(ARRAY, None) == ["meta"]
    assert predict({"rows": ARRAY, "more": ARRAY}, None) == ["meta", "meta"]


def test_an_error_of_the_models_own_is_its_own(loaded):
    def fail(rows):
        raise LookupError("a table of the model's")

    with pytest.raises(LookupError, match="of the model's"):
        loaded(Answering(fail)).predict(ARRAY)

    def refuse(rows):
        raise ValueError("a number of the model's")

    with pytest.raises(ValueError, match="of the model's"):
        predictor(Answering(refuse))(ARRAY, None)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate")],
    ids=["of a card", "of the machine"],
)
def test_a_lack_of_memory_is_not_the_datas_fault(error, loaded):
    """PTH-015: it stays what it is."""

    def fail(rows):
        raise error

    with pytest.raises(type(error)) as caught:
        mlmodel.pytorch.FLAVOR.predictor(Answering(fail), {})(ARRAY, None)
    assert caught.value is error


def test_a_module_that_is_put_into_training_predicts_in_eval_mode(loaded):
    """PTH-015."""
    model = loaded(nn.Dropout())
    model.get_raw_model().train()
    assert np.array_equal(model.predict(ARRAY), ARRAY)
    assert model.get_raw_model().training


ANSWERS = {
    "a column": (lambda rows: rows[:, 0], ARRAY[:, 0], pd.DataFrame({0: ARRAY[:, 0]})),
    "columns": (lambda rows: rows * 2, ARRAY * 2, pd.DataFrame(ARRAY * 2)),
    "more axes": (
        lambda rows: rows[:, :, None], ARRAY[:, :, None], pd.DataFrame({0: list(ARRAY[:, :, None])})
    ),
    "bfloat16": (lambda rows: rows.bfloat16(), ARRAY, pd.DataFrame(ARRAY)),
    "one number": (lambda rows: rows.sum(), ARRAY.sum(), ARRAY.sum()),
    "a mapping": (
        lambda rows: {"y": rows[:, 0], "z": rows}, {"y": ARRAY[:, 0], "z": ARRAY},
        pd.DataFrame({"y": ARRAY[:, 0], "z": list(ARRAY)}),
    ),
    "a tuple": (
        lambda rows: (rows, rows[:, 0]), [ARRAY, ARRAY[:, 0]], [ARRAY, ARRAY[:, 0]]
    ),
    "a named tuple": (
        lambda rows: Pair(rows[:, 0], rows), {"y": ARRAY[:, 0], "z": ARRAY},
        pd.DataFrame({"y": ARRAY[:, 0], "z": list(ARRAY)}),
    ),
    "other rows": (lambda rows: rows[:2], ARRAY[:2], ARRAY[:2]),
    "a parameter": (nn.Parameter, ARRAY, pd.DataFrame(ARRAY)),
    "negated": (
        lambda rows: torch.complex(rows, rows).conj().imag, -ARRAY, pd.DataFrame(-ARRAY)
    ),
    "a maximum": (
        lambda rows: rows.max(1), [ARRAY.max(1), ARRAY.argmax(1)], [ARRAY.max(1), ARRAY.argmax(1)]
    ),
    "sparse": (lambda rows: rows.to_sparse(), ARRAY, pd.DataFrame(ARRAY)),
    "quantized": (
        lambda rows: torch.quantize_per_tensor(rows, 1.0, 0, torch.qint8), ARRAY, pd.DataFrame(ARRAY)
    ),
    "short": (lambda rows: rows.to(torch.float8_e4m3fn), ARRAY, pd.DataFrame(ARRAY)),
    "half complex": (
        lambda rows: torch.complex(rows, rows).to(torch.complex32),
        (ARRAY + 1j * ARRAY).astype("complex64"), pd.DataFrame((ARRAY + 1j * ARRAY).astype("complex64")),
    ),
    "conjugated": (
        lambda rows: torch.complex(rows, rows).conj(), ARRAY - 1j * ARRAY,
        pd.DataFrame(ARRAY - 1j * ARRAY),
    ),
}  # fmt: skip


def equal(one, other):
    if isinstance(other, pd.DataFrame):
        return isinstance(one, pd.DataFrame) and all(
            np.array_equal(np.stack(one[name]), np.stack(other[name])) for name in other
        )
    if isinstance(other, dict):
        return list(one) == list(other) and all(equal(one[name], other[name]) for name in other)
    if isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is np.ndarray and one.dtype == other.dtype and np.array_equal(one, other)


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_are_arrays_or_a_frame(what, loaded):
    """PTH-016."""
    function, as_array, as_frame = ANSWERS[what]
    model = loaded(Answering(function))
    assert equal(model.predict(ARRAY), as_array)
    answer = model.predict(FRAME)
    assert equal(answer, as_frame)
    if isinstance(answer, pd.DataFrame):
        assert answer.index.equals(FRAME.index)


BODIES = {
    "instances": {"instances": ARRAY.tolist()},
    "inputs": {"inputs": ARRAY.tolist()},
    "split": {"dataframe_split": {"columns": ["a", "b", "c"], "data": ARRAY.tolist()}},
    "records": {"dataframe_records": FRAME.to_dict("records")},
}


@pytest.mark.parametrize("body", BODIES)
def test_it_is_served(body, loaded):
    """A tensor has no columns, and columns are sent with their names."""
    example = FRAME[:2] if body in ("split", "records") else ARRAY[:2]
    model = loaded(Answering(lambda rows: rows * 2), input_example=example)
    told = posted(model, BODIES[body])
    rows = pd.DataFrame(told).to_numpy() if isinstance(told[0], dict) else np.array(told)
    assert np.array_equal(rows, ARRAY * 2)


def test_several_answers_are_served(loaded):
    model = loaded(Answering(lambda rows: {"y": rows[:, 0], "z": rows}), input_example=ARRAY[:2])
    told = posted(model, {"instances": ARRAY.tolist()})
    assert json.loads(json.dumps(told))["z"] == ARRAY.tolist()
