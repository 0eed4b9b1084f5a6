"""What a model gets beside its declared types (ENF-091 to ENF-100): what no vector can show."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel.errors import InvalidArgument, InvalidInput
from mlmodel.models import ModelSignature, infer_signature
from mlmodel.scoring.engine import Engine
from mlmodel.scoring.invocations import handle
from mlmodel.signature.types.delivery import ColumnDelivery, Delivery
from mlmodel.types import ColSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:SIG-016")


def signature(kind: str, *, required: bool = False, **record: Any) -> ModelSignature:
    recorded = Delivery({"a": ColumnDelivery(**record)}) if record else None
    return ModelSignature(Schema([ColSpec(kind, "a", required)]), delivery=recorded)


def over_json(declared: ModelSignature, body: str, media: str = "application/json") -> Any:
    """Return what a model gets of a request."""
    got: list[Any] = []
    engine = Engine(lambda data, _: [got.append(data)], declared)
    status, _, answer = handle(media, body.encode(), engine)
    assert status == 200, answer
    return got[0]


REQUESTS = {
    "split": (
        '{"dataframe_split": {"columns": ["a"], "data": [["x"], [null]]}}',
        "application/json",
    ),
    "records": ('{"dataframe_records": [{"a": "x"}, {"a": null}]}', "application/json"),
    "instances": ('{"instances": [{"a": "x"}, {"a": null}]}', "application/json"),
    "inputs": ('{"inputs": {"a": ["x", null]}}', "application/json"),
    "csv": ("a,b\nx,1\n,2\n", "text/csv"),
    "1.x": ('{"columns": ["a"], "data": [["x"], [null]]}', "application/json; format=pandas-split"),
}


@pytest.mark.parametrize("form", REQUESTS)
def test_null_of_requests(form: str) -> None:
    """ENF-002, ENF-051, ENF-093, ENF-098."""
    got = over_json(signature("string"), *REQUESTS[form])["a"].tolist()
    assert got[0] == "x"
    assert isinstance(got[1], float)
    recorded = signature("string", missing="none")
    assert over_json(recorded, *REQUESTS[form])["a"].tolist() == ["x", None]


@pytest.mark.parametrize("form", sorted(REQUESTS.keys() - {"csv"}))
@pytest.mark.parametrize("first", ['"x"', "null", "NaN"])
def test_the_token_nan_is_null_of_text(form: str, first: str) -> None:
    """ENF-098, ENF-106: also beside null, and where nothing else is given."""
    body, content_type = REQUESTS[form]
    body = body.replace("null", "NaN").replace('"x"', first)
    got = over_json(signature("string"), body, content_type)["a"].tolist()
    assert isinstance(got[1], float)
    assert got[0] == "x" if first == '"x"' else isinstance(got[0], float)
    recorded = signature("string", missing="none")
    assert over_json(recorded, body, content_type)["a"].tolist()[1] is None


@pytest.mark.parametrize("form", sorted(REQUESTS.keys() - {"csv"}))
@pytest.mark.parametrize("first", ['"x"', "null", "true"])
def test_null_of_requests_to_models_without_signature(form: str, first: str) -> None:
    """RST-012."""
    body, content_type = REQUESTS[form]
    got = over_json(ModelSignature(), body.replace('"x"', first), content_type)["a"]
    assert got.dtype == object
    assert isinstance(got.tolist()[1], float)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"instances": [["a"], [null]]}', [["a"], [np.nan]]),
        ('{"inputs": [[null]]}', [[np.nan]]),
        ('{"instances": [["a", 1], [null, null]]}', [["a", 1], [np.nan, np.nan]]),
        ('{"inputs": [{"a": null}, null]}', [{"a": None}, None]),
    ],
)
def test_null_of_arrays_without_signature(body: str, expected: Any) -> None:
    """RST-012: arrays as tables; what holds lists or objects is left as it is."""
    got = over_json(ModelSignature(), body)
    assert got.dtype == object
    assert repr(got.tolist()) == repr(expected)


def test_null_of_a_tensor_of_objects() -> None:
    """ENF-075, ENF-106."""
    declared = ModelSignature(Schema([TensorSpec(np.dtype(object), (-1, 1))]))
    got = over_json(declared, '{"inputs": [["a"], [null], [NaN]]}')
    assert repr(got.tolist()) == "[['a'], [nan], [nan]]"


@pytest.mark.parametrize(
    "data",
    [
        [{"a": "x"}, {"a": None}],
        [{"a": "x"}, {}],
        {"a": ["x", None]},
        pd.DataFrame({"a": pd.array(["x", None], dtype="string")}),
        pd.DataFrame({"a": pd.Categorical(["x", None])}),
    ],
    ids=["records", "a record without it", "mapping", "string", "category"],
)
def test_marks_of_missing_text(data: Any) -> None:
    """ENF-093, ENF-098."""
    assert isinstance(signature("string").enforce(data)["a"].tolist()[1], float)
    assert signature("string", missing="none").enforce(data)["a"].tolist() == ["x", None]


def test_null_of_arrow() -> None:
    """ENF-098, ENF-099."""
    pa = pytest.importorskip("pyarrow")
    text = signature("string").enforce(pa.table({"a": ["x", None]}))["a"].tolist()
    assert isinstance(text[1], float)
    flags = signature("boolean").enforce(pa.table({"a": [True, None]}))["a"]
    assert flags.dtype == object
    assert flags.tolist()[0] is True
    assert isinstance(flags.tolist()[1], float)


@pytest.mark.parametrize("mark", [None, np.nan])
def test_booleans_among_objects_are_as_they_were(mark: Any) -> None:
    """ENF-099."""
    frame = pd.DataFrame({"a": pd.Series([True, mark, False], dtype=object)})
    assert signature("boolean").enforce(frame) is frame
    nullable = pd.DataFrame({"a": pd.array([True, None], dtype="boolean")})
    assert signature("boolean").enforce(nullable) is nullable


def test_booleans_of_forms_without_types() -> None:
    """ENF-099."""
    got = signature("boolean").enforce([{"a": True}, {"a": None}])["a"].tolist()
    assert got[0] is True
    assert isinstance(got[1], float)
    recorded = signature("boolean", dtype="object", missing="none")
    assert recorded.enforce([{"a": True}, {"a": None}])["a"].tolist() == [True, None]
    assert recorded.enforce(pd.DataFrame({"a": [True, False]}))["a"].dtype == object


def test_what_is_right_is_not_copied() -> None:
    """ENF-024, ENF-091, ENF-094."""
    frame = pd.DataFrame(
        {
            "zone": pd.date_range("2024-06-01", periods=2, tz="Asia/Tokyo").as_unit("ns"),
            "category": pd.Categorical(["b", "a"], categories=["b", "a"]),
            "boolean": pd.array([True, None], dtype="boolean"),
            "objects": pd.Series([1, 2], dtype=object),
            "none": pd.Series(["x", None], dtype=object),
        }
    )
    declared = infer_signature(frame)
    assert declared.enforce(frame) is frame
    again = pickle.loads(pickle.dumps(copy.deepcopy(declared)))
    assert again.enforce(frame) is frame


def test_categories_in_another_order_are_not_the_recorded_ones() -> None:
    """ENF-095: a model may go by the codes."""
    declared = signature("string", dtype="category", categories=("a", "b"))
    given = pd.DataFrame({"a": pd.Categorical(["a", "b"], categories=["b", "a"])})
    assert declared.enforce(given)["a"].cat.codes.tolist() == [0, 1]
    ordered = pd.DataFrame({"a": pd.Categorical(["a", "b"], categories=["a", "b"], ordered=True)})
    assert not declared.enforce(ordered)["a"].cat.ordered
    unknown = declared.enforce([{"a": "z"}, {"a": "b"}])["a"]
    assert unknown.cat.codes.tolist() == [2, 1]
    assert unknown.tolist() == ["z", "b"]


ZONES = {
    "name": ZoneInfo("Asia/Tokyo"),
    "offset": dt.timezone(dt.timedelta(hours=-3, minutes=-30)),
    "UTC": dt.UTC,
    "of dateutil": dateutil.tz.gettz("Asia/Tokyo"),
    "offset of dateutil": dateutil.tz.tzoffset(None, 3600),
    "across the change of clocks": ZoneInfo("Europe/Berlin"),
}


@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES)
@pytest.mark.parametrize("objects", [False, True], ids=["column", "objects"])
def test_zones(zone: dt.tzinfo, objects: bool) -> None:
    """ENF-092, ENF-097."""
    moments = pd.date_range("2024-03-30T22:00", periods=8, freq="h", tz="UTC")
    own = pd.Series(moments.tz_convert(zone))
    times = pd.Series([one.to_pydatetime() for one in own], dtype=object) if objects else own
    declared = infer_signature(pd.DataFrame({"a": times}))
    texts = [one.isoformat() for one in moments]
    for data in (
        pd.DataFrame({"a": times}),
        pd.DataFrame({"a": moments.tz_localize(None)}),
        pd.DataFrame({"a": moments.tz_convert("America/New_York")}),
        {"a": texts},
    ):
        got = declared.enforce(data)["a"]
        assert got.tolist() == own.tolist()
        assert got.dt.hour.tolist() == own.dt.hour.tolist()


def test_zones_of_arrow() -> None:
    """ENF-092, ENF-097."""
    pa = pytest.importorskip("pyarrow")
    times = pa.array([0, None], pa.timestamp("us", tz="Asia/Tokyo"))
    got = infer_signature(pa.table({"a": times})).enforce(pa.table({"a": times}))["a"]
    assert got.dt.hour.tolist()[0] == 9
    assert got.isna().tolist() == [False, True]


def test_a_zone_that_is_not_known() -> None:
    """ENF-092."""
    with pytest.raises(InvalidArgument, match="ENF-092"):
        signature("datetime", zone="Mars/Olympus").enforce([{"a": None}])


def test_zones_that_cannot_be_recorded() -> None:
    """ENF-097."""
    cells = [dt.datetime(2024, 1, 1, tzinfo=zone) for zone in (ZONES["name"], ZONES["UTC"])]
    with pytest.warns(UserWarning, match="ENF-097"):
        declared = infer_signature(pd.DataFrame({"a": pd.Series(cells, dtype=object)}))
    assert not declared.delivery


def test_too_many_categories() -> None:
    """ENF-097."""
    many = pd.Categorical(["a"], categories=[f"{n}a" for n in range(20_000)] + ["a"])
    with pytest.warns(UserWarning, match="ENF-097"):
        declared = infer_signature(pd.DataFrame({"a": many}))
    assert not declared.delivery


def test_a_record_that_does_not_fit() -> None:
    """ENF-091."""
    for record in ({"zone": "UTC"}, {"dtype": "string"}):
        with pytest.raises(InvalidArgument, match="ENF-091"):
            signature("long", **record).enforce([{"a": 1}])
    for broken in ({"columns": []}, {"form": "array"}, {"columns": {"a": {"dtype": "category"}}}):
        with pytest.raises(InvalidArgument, match="ENF-091"):
            Delivery.from_dict(broken)


@pytest.mark.parametrize(
    "kind", ["boolean", "integer", "long", "float", "double", "string", "binary", "datetime"]
)
def test_absent_columns_in_every_form(kind: str) -> None:
    """ENF-006, ENF-100."""
    declared = ModelSignature(Schema([ColSpec("double", "x"), ColSpec(kind, "a", required=False)]))
    pa = pytest.importorskip("pyarrow")
    forms = [
        declared.enforce(data)
        for data in (
            pd.DataFrame({"x": [1.5]}),
            pd.Series([1.5], name="x"),
            pa.table({"x": [1.5]}),
            [{"x": 1.5}],
            {"x": [1.5]},
            {"x": 1.5},
        )
    ]
    bodies = (
        '{"dataframe_split": {"columns": ["x"], "data": [[1.5]]}}',
        '{"dataframe_records": [{"x": 1.5}]}',
        '{"instances": [{"x": 1.5}]}',
        '{"inputs": {"x": [1.5]}}',
        '{"inputs": {"x": 1.5}}',
    )
    forms += [over_json(declared, body) for body in bodies]
    forms.append(over_json(declared, "x\n1.5\n", "text/csv"))
    for got in forms:
        pd.testing.assert_frame_equal(got, forms[0])
        assert list(got.columns) == ["x", "a"]
        assert got["a"].isna().tolist() == [True]


def test_numbers_as_names_in_every_form() -> None:
    """ENF-012, SIG-063: the model gets numbers, which texts of JSON and CSV match."""
    own = pd.DataFrame({2019: [1.5], "b": [2.5]})
    declared = infer_signature(own)
    assert declared.enforce(own) is own
    texts = own.rename(columns=str)
    row = '{"b": 2.5, "2019": 1.5}'
    forms = [
        declared.enforce(texts),
        declared.enforce(texts[["b", "2019"]]),
        declared.enforce(own.to_dict("records")),
        declared.enforce(texts.to_dict("records")),
        declared.enforce(texts.to_dict("list")),
        over_json(declared, '{"dataframe_split": {"columns": ["b", 2019], "data": [[2.5, 1.5]]}}'),
        over_json(declared, f'{{"dataframe_records": [{row}]}}'),
        over_json(declared, f'{{"instances": [{row}]}}'),
        over_json(declared, f'{{"inputs": {row}}}'),
        over_json(declared, "b,2019\n2.5,1.5\n", "text/csv"),
    ]
    for got in forms:
        assert got.columns.tolist() == [2019, "b"]
        assert got.to_numpy().tolist() == [[1.5, 2.5]]


# -- days ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"a": pd.to_datetime(["2024-02-29", None])}),
        pd.DataFrame({"a": [pd.Timestamp(2024, 2, 29).to_pydatetime(), None]}, dtype=object),
        pd.DataFrame({"a": pd.to_datetime(["2024-02-29", None]).tz_localize("UTC")}),
        pd.DataFrame({"a": pd.Series([dt.date(2024, 2, 29), None]).astype("date32[pyarrow]")}),
        [{"a": "2024-02-29"}, {"a": None}],
        {"a": [np.datetime64("2024-02-29", "D"), np.datetime64("NaT")]},
    ],
    ids=["moments", "objects", "zone", "arrow", "texts", "numpy"],
)
@pytest.mark.parametrize(("missing", "mark"), [(None, pd.NaT), ("none", None)])
def test_moments_become_days(given: Any, missing: Any, mark: Any) -> None:
    """ENF-094: a function that goes by days would take seconds for them."""
    got = signature("datetime", dtype="date", missing=missing).enforce(given)["a"].tolist()
    assert type(got[0]) is dt.date
    assert got == [dt.date(2024, 2, 29), mark]


@pytest.mark.parametrize("form", sorted(REQUESTS))
def test_days_of_requests(form: str) -> None:
    body, media = REQUESTS[form]
    body = body.replace('"x"', '"2024-02-29"').replace("\nx,", "\n2024-02-29,")
    got = over_json(signature("datetime", dtype="date", missing="none"), body, media)["a"].tolist()
    assert got == [dt.date(2024, 2, 29), None]


def test_days_are_delivered_as_they_are() -> None:
    given = pd.DataFrame({"a": [dt.date(2024, 2, 29), np.nan]}, dtype=object)
    assert signature("datetime", dtype="date").enforce(given) is given


def test_a_time_within_a_day_is_refused() -> None:
    """ENF-094: nothing of it is left out in silence."""
    given = pd.DataFrame({"a": np.array(["2024-02-29", "2024-02-29T00:00:00.000000001"], "M8[ns]")})
    with pytest.raises(InvalidInput, match=r"'a', row 1: .*2024-02-29T00:00:00.000000001.*ENF-094"):
        signature("datetime", dtype="date").enforce(given)


@pytest.mark.parametrize(
    ("cells", "recorded"),
    [
        ([dt.date(2024, 2, 29)], {"dtype": "date"}),
        ([dt.date(2024, 2, 29), None], {"dtype": "date", "missing": "none"}),
        ([dt.date(2024, 2, 29), pd.NaT], {"dtype": "date"}),
        ([dt.date(2024, 2, 29), None, pd.NaT], {"dtype": "date"}),
        ([dt.date(2024, 2, 29), pd.NA], {"dtype": "date"}),
        ([dt.date(2024, 2, 29), np.float64("nan")], {"dtype": "date"}),
        ([pd.Timestamp(2024, 2, 29), None], None),
        ([dt.date(2024, 2, 29), pd.Timestamp(2024, 2, 29)], None),
    ],
)
def test_days_are_found(cells: list[Any], recorded: Any) -> None:
    """ENF-097."""
    found = infer_signature(pd.DataFrame({"a": pd.Series(cells, dtype=object)}))
    assert found.delivery is not None
    assert found.delivery.to_dict().get("columns", {}).get("a") == recorded


def test_a_time_within_a_day_hides_no_other_violation() -> None:
    """ENF-003."""
    columns = [ColSpec("datetime", "d"), ColSpec("datetime", "e"), ColSpec("double", "n")]
    days = ColumnDelivery(dtype="date")
    declared = ModelSignature(Schema(columns), delivery=Delivery({"d": days, "e": days}))
    with pytest.raises(InvalidInput) as refused:
        declared.enforce([{"d": "2024-02-29T01:00:00Z", "e": "2024-02-29T02:00:00Z", "n": "x"}])
    found = [(one.rule, one.column) for one in refused.value.violations]
    assert found == [("ENF-094", "d"), ("ENF-094", "e"), ("ENF-049", "n")]


def test_days_in_a_list_are_found() -> None:
    """ENF-097."""
    found = infer_signature({"a": [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]}).delivery
    assert found is not None
    assert found.to_dict()["columns"] == {"a": {"dtype": "date"}}


def test_a_writer_warns_of_days(tmp_path: Path) -> None:
    """ENF-097: other readers hand over times."""
    given = pd.DataFrame({"d": [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]})
    with pytest.warns(UserWarning, match=r"gets days in 'd'.*ENF-097"):
        mlmodel.pyfunc.save_model(
            tmp_path / "m", python_model=lambda model_input: [1.0] * len(model_input),
            input_example=given,
        )  # fmt: skip


@pytest.mark.parametrize("missing", [None, "none"])
def test_moments_as_objects_are_moments(missing: Any) -> None:
    """ENF-094: not the numbers of their nanoseconds."""
    got = signature("datetime", dtype="object", missing=missing).enforce(
        [{"a": "2024-02-29"}, {"a": None}]
    )
    cells = got["a"].tolist()
    assert cells[0] == pd.Timestamp(2024, 2, 29)
    assert pd.isna(cells[1])
