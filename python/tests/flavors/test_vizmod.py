"""The VizMod flavor (VIZ rules): the community's example of the edition."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import mlmodel
from mlmodel import document
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    InvalidModel,
    MissingDependency,
    UnsupportedModel,
    UntrustedModel,
)
from mlmodel.trust.describe import look_into
from specimens import model as trained
from specimens import specimen

pytestmark = pytest.mark.libraries("altair")

ROWS = pd.DataFrame({"x": [9.5], "y": [8], "z": ["c"]})


@pytest.fixture(scope="module")
def chart():
    return trained("vizmod")


@pytest.fixture
def saved(chart, tmp_path, monkeypatch):
    """A chart that somebody else saved."""
    mlmodel.vizmod.save_model(chart, tmp_path / "m", style="vegalite", input_example=ROWS)
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    return tmp_path / "m"


def shown(specification):
    """The rows that a specification shows."""
    return specification["datasets"][specification["data"]["name"]]


def test_a_chart_is_saved_and_loaded(chart, saved):
    """VIZ-001, VIZ-002, VIZ-004 (EDITIONS row 93)."""
    import altair as alt

    flavors = document.read(saved / "MLmodel").data["flavors"]
    assert flavors["vizmod"] == {
        "altair_version": alt.__version__,
        "code": None,
        "data": "viz.json",
        "style": "vegalite",
    }
    assert flavors["python_function"]["loader_module"] == "mlmodel.vizmod"
    assert mlmodel.validate(saved).violations == ()
    assert look_into(saved) == []
    native = mlmodel.vizmod.load_model(saved)
    assert type(native) is type(chart)
    assert native.to_dict() == chart.to_dict()
    answer = mlmodel.load(saved).predict(ROWS)
    assert shown(answer) == [{"x": 9.5, "y": 8, "z": "c"}]
    assert answer["mark"] == {"type": "circle", "size": 60}
    assert answer["height"] == 375
    assert len(answer["datasets"]) == 1


def test_a_page_of_html(saved):
    """VIZ-004."""
    loaded = mlmodel.vizmod.load_model(saved)
    assert type(loaded).__name__ == "Chart"
    file = saved / "MLmodel"
    text = file.read_text()
    file.write_text(text[: text.index("signature:")] if "signature:" in text else text)
    page = mlmodel.load(saved).predict(ROWS, params={"format": "html"})
    assert page.startswith("<!DOCTYPE html>")
    assert '"x": 9.5' in page
    assert '"x": 1.5' not in page
    for params in ({"format": "png"}, {"width": 3}):
        with pytest.raises(InvalidInput, match="VIZ-004|rules of the model"):
            mlmodel.load(saved).predict(ROWS, params=params)


def test_no_text_of_a_page_ends_its_script(saved):
    """VIZ-004: neither one of the model nor one of the data."""
    rows = ROWS.assign(z="</script><script>alert(1)</script>")
    file = saved / "MLmodel"
    text = file.read_text()
    file.write_text(text[: text.index("signature:")] if "signature:" in text else text)
    page = mlmodel.load(saved).predict(rows, params={"format": "html"})
    assert "alert(1)" in page
    assert "<script>alert" not in page


def test_the_native_chart_keeps_its_rows(chart, saved):
    """VIZ-004; and columns are called by the texts of their names."""
    loaded = mlmodel.load(saved)
    native = loaded.get_raw_model()
    before = json.dumps(native.to_dict())
    loaded.predict(ROWS)
    assert json.dumps(native.to_dict()) == before
    predict = mlmodel.vizmod.FLAVOR.predictor(chart, {})
    assert shown(predict(ROWS.assign(n=1).rename(columns={"n": 0}), None)) == [
        {"x": 9.5, "y": 8, "z": "c", "0": 1}
    ]


def test_more_rows_than_altair_puts_into_a_notebook(saved):
    rows = pd.DataFrame({"x": np.arange(6_000.0), "y": range(6_000), "z": "a"})
    assert len(shown(mlmodel.load(saved).predict(rows))) == 6_000


def test_other_rows_of_the_chart_stay(tmp_path):
    """VIZ-004, VIZ-006: what a layer has of its own, and an address that is not fetched."""
    import altair as alt

    rule = alt.Chart(pd.DataFrame({"limit": [3.5]})).mark_rule().encode(y="limit")
    points = alt.Chart("http://127.0.0.1:9/never.csv").mark_point().encode(x="x:Q", y="y:Q")
    mlmodel.vizmod.save_model(points, tmp_path / "url")
    answer = mlmodel.load(tmp_path / "url").predict(ROWS)
    assert shown(answer)[0]["x"] == 9.5
    assert "127.0.0.1" not in json.dumps(answer)
    layered = alt.layer(points, rule)
    mlmodel.vizmod.save_model(layered, tmp_path / "layers")
    assert [{"limit": 3.5}] in mlmodel.load(tmp_path / "layers").predict(ROWS)["datasets"].values()


@pytest.mark.parametrize("given", [np.zeros((2, 2)), "text", 3.0, [[1.0]]])
def test_what_is_no_table_is_refused(chart, given, tmp_path):
    mlmodel.vizmod.save_model(chart, tmp_path / "m")
    with pytest.raises(InvalidInput, match="VIZ-005"):
        mlmodel.load(tmp_path / "m").predict(given)


def without_a_signature(chart, folder):
    mlmodel.vizmod.save_model(chart, folder)
    return mlmodel.load(folder)


def test_a_column_that_the_chart_shows_is_missing(chart, tmp_path):
    """VIZ-007: all that are missing are listed, with what was given."""
    loaded = without_a_signature(chart, tmp_path / "m")
    with pytest.raises(InvalidInput, match="VIZ-007") as caught:
        loaded.predict(ROWS[["z"]].assign(w=1))
    assert [(one.rule, one.column) for one in caught.value.details] == [
        ("VIZ-007", "x"),
        ("VIZ-007", "y"),
    ]
    given = "given are the columns 'z', 'w'"
    assert f"The rows lack columns that the chart shows: 'x', 'y'; {given}" in str(caught.value)
    assert (
        caught.value.details[1].message == f"Column 'y' is missing, which the chart shows; {given}."
    )
    with pytest.raises(InvalidInput, match="the columns '0', '1', '2'.*VIZ-007"):
        loaded.predict(ROWS.set_axis(range(3), axis=1))
    assert shown(loaded.predict(ROWS.assign(w=1)))[0]["w"] == 1
    assert loaded.predict([])["mark"] == {"type": "circle", "size": 60}
    with pytest.raises(InvalidInput, match="given are no columns.*VIZ-007"):
        loaded.predict(pd.DataFrame(index=[0]))


def test_a_chart_in_a_pickle_lacks_a_column(chart, tmp_path):
    """VIZ-007: what Altair itself says of it, where the chart has no rows and names no types."""
    import altair as alt

    specimen("vizmod").layouts["1.x"](chart, tmp_path)
    with pytest.raises(InvalidInput, match="lack columns that the chart shows: 'y';.*VIZ-007"):
        mlmodel.load(tmp_path, trust=True).predict(ROWS[["x", "z"]])
    bare = alt.Chart().mark_point().encode(x="x", y="y")
    predict = mlmodel.vizmod.FLAVOR.predictor(bare, {})
    assert shown(predict(ROWS, None))[0]["x"] == 9.5
    with pytest.raises(
        InvalidInput, match="Altair cannot make the chart of the columns 'x', 'z': "
    ):
        predict(ROWS[["x", "z"]], None)


def charts_of_columns():
    """Charts, each with the columns that it needs of its own rows."""
    import altair as alt

    rows = ROWS.assign(**{"a.b": 1.0, "n": [{"c": 2}]})
    base = alt.Chart(rows).mark_point()
    limit = alt.Chart(pd.DataFrame({"y": [1]})).mark_rule().encode(y="y")
    made = base.transform_calculate(w="datum.x * 2", z="'a'").encode(x="w:Q", y="y", color="z:N")
    picked = alt.condition("datum.x > 1", "z", alt.value("red"))
    return {
        "conditions and lists": (base.encode(color=picked, tooltip=["y", "x"]), ["z", "y", "x"]),
        "counts": (base.encode(x="count()", y="mean(y)"), ["y"]),
        "what is made": (made, ["y"]),
        "facets": (base.encode(x="x").facet(row="z:N"), ["z", "x"]),
        "repeats": (alt.Chart(rows).mark_bar().encode(x=alt.X(alt.repeat(), type="quantitative"))
                    .repeat(["x", "y"], data=rows), ["x", "y"]),
        "layers": (alt.layer(base.encode(x="x"), base.encode(y="y")), ["x", "y"]),
        "other rows": (
            alt.layer(alt.Chart().mark_point().encode(x="x:Q"), limit, data=rows), ["x"]),
        "side by side": (base.encode(x="x") | base.encode(y="z"), ["x", "z"]),
        "paths": (base.encode(x=r"a\.b", y="n.c:Q", color="n[c]:N"), ["a.b", "n"]),
        "what its rows have not": (base.encode(x="nowhere:Q", y="y"), ["y"]),
        "an address": (alt.Chart("a.csv").mark_point().encode(x="x:Q"), ["x"]),
        "an address, transformed": (
            alt.Chart("a.csv").mark_point().transform_fold(["x"]).encode(x="value:Q"), []),
    }  # fmt: skip


@pytest.mark.parametrize(
    "which",
    [
        *("conditions and lists", "counts", "what is made", "facets", "repeats", "layers"),
        *("other rows", "side by side", "paths", "what its rows have not"),
        *("an address", "an address, transformed"),
    ],
)
def test_the_columns_that_a_chart_needs(which, tmp_path):
    """VIZ-007: with these it answers, and without one of them it does not."""
    import altair as alt

    from mlmodel.flavors._vizmod_columns import shown_columns

    chart, needed = charts_of_columns()[which]
    mlmodel.vizmod.save_model(chart, tmp_path / "m")
    written = json.loads((tmp_path / "m" / "viz.json").read_text())
    assert sorted(shown_columns(written)) == sorted(needed), written
    assert alt.Chart.from_dict(written).to_dict()


def test_what_is_not_saved(chart, tmp_path):
    with pytest.raises(InvalidArgument, match="VIZ-001"):
        mlmodel.vizmod.save_model(chart, tmp_path / "m", style="ggplot")
    with pytest.raises(InvalidArgument, match="charts of Altair"):
        mlmodel.vizmod.save_model({}, tmp_path / "m")
    import altair as alt

    for other in (ROWS, alt.X("x")):  # a page of its own, and a part of a chart
        with pytest.raises(InvalidArgument, match="charts of Altair"):
            mlmodel.vizmod.save_model(other, tmp_path / "m")

    with pytest.raises(InvalidArgument, match="VIZ-003"):
        mlmodel.vizmod.save_model(alt.Chart(ROWS).mark_point().encode(x="nowhere"), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_another_style_is_not_read(saved):
    file = saved / "MLmodel"
    file.write_text(file.read_text().replace("style: vegalite", "style: ggplot"))
    for load in (mlmodel.load, mlmodel.vizmod.load_model):
        with pytest.raises(UnsupportedModel, match="ggplot.*VIZ-001"):
            load(saved)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "3",
        '{"mark": "nonsense"}',
        '{"a": 1}',
        "[" * 100_000,
        '{"mark": "point", "data": 3}',
    ],
)
def test_a_file_that_is_no_chart(saved, text):
    """VIZ-003."""
    (saved / "viz.json").write_text(text)
    with pytest.raises(InvalidModel, match="VIZ-003"):
        mlmodel.load(saved)


def test_a_file_that_is_missing(saved):
    (saved / "viz.json").unlink()
    with pytest.raises(InvalidModel, match="DIR-003"):
        mlmodel.load(saved)


def test_another_version_is_named_with_the_installed_one(saved):
    """ENV-021."""
    import altair as alt

    file = saved / "MLmodel"
    file.write_text(
        file.read_text().replace(f"altair_version: {alt.__version__}", "altair_version: 99.0.0")
    )
    (saved / "viz.json").write_text('{"a": 1}')
    with pytest.raises(MissingDependency, match=rf"(?s)99\.0\.0.*{alt.__version__}"):
        mlmodel.vizmod.load_model(saved)


def test_the_layout_of_mlflow_vizmod(chart, tmp_path, monkeypatch):
    """VIZ-001, PYF-045: a pickle, so it asks for trust."""
    specimen("vizmod").layouts["1.x"](chart, tmp_path)
    assert mlmodel.validate(tmp_path).valid
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "nobody"))
    with pytest.raises(UntrustedModel, match="altair"):
        mlmodel.load(tmp_path)
    assert shown(mlmodel.load(tmp_path, trust=True).predict(ROWS))[0]["x"] == 9.5
    assert mlmodel.vizmod.load_model(tmp_path, trust=True).to_dict() == chart.to_dict()


def test_the_chart_that_is_data_is_read_where_both_are_there(saved):
    """VIZ-001, VIZ-002: it asks for no trust; and it is found where no key names it."""
    file = saved / "MLmodel"
    text = file.read_text()
    assert "    data: viz.json\n    style" in text
    (saved / "chart.pkl").write_bytes(pickle.dumps(print))
    both = text.replace("    style", "    pickled_model: chart.pkl\n    style")
    for changed in (both, text.replace("    data: viz.json\n", "")):
        file.write_text(changed)
        assert shown(mlmodel.load(saved).predict(ROWS))[0]["x"] == 9.5


def test_the_flavor_is_detected(chart, tmp_path):
    mlmodel.save(chart, tmp_path / "m")
    assert "vizmod" in document.read(tmp_path / "m").data["flavors"]
