"""The VizMod flavor (VIZ rules): the community's example of the edition."""

from __future__ import annotations

import json
import pickle
import sys

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


def test_without_the_library_the_extra_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingDependency, match=r"'altair' is not installed.*\[vizmod\]"):
        mlmodel.load(saved)


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
