"""A chart of Altair, and the rows that it shows."""

from __future__ import annotations

from specimens import Made, Specimen, mlmodel_file


def rows():
    import pandas as pd

    return pd.DataFrame({"x": [1.5, 2.0, 4.25], "y": [3, 4, 1], "z": ["a", "b", "a"]})


def make():
    import altair as alt

    chart = alt.Chart(rows().head(2)).mark_circle(size=60)
    return chart.encode(x="x", y="y", color="z:N").properties(height=375, width=575).interactive()


def native(model, rows):
    shown = model.copy(deep=True)
    shown.data = rows
    written = shown.to_dict()
    written["datasets"] = {written["data"]["name"]: written["datasets"][written["data"]["name"]]}
    return written


def _of_the_community(model, root):
    import cloudpickle

    (root / "viz.pkl").write_bytes(cloudpickle.dumps(model))
    mlmodel_file(root, """
        artifact_path: viz
        flavors:
          mlflow_vismod: {pickled_model: viz.pkl}
          python_function: {loader_module: mlflow_vismod, python_version: 3.8.12}
        utc_time_created: '2021-01-01 10:00:00.000000'
    """)  # fmt: skip


def _chart(rows):
    """Return a chart whose rows are those of the matrix; they are shown as they are."""
    import altair as alt

    return alt.Chart(rows).mark_circle().encode(x="n:Q", color=f"{rows.columns[0]}:N")


_ONE_ANSWER = "an answer is one chart, and has no row for each row given"
_ONE_ROW = "the answer has one row, which is the chart"
_ITSELF = "the answer is the chart itself, without a name beside it"
_NO_MAPPINGS = "V2 has no mappings: they are texts of JSON"
_SHOWN = Made(_chart, native)
_ONE = "mlflow-vizmod, which is of the time of 1.x, is the only other writer"

SPECIMEN = Specimen(
    libraries=("altair",),
    make=make,
    rows=rows,
    native=native,
    layouts={"0.x": _ONE, "1.x": _of_the_community, "2.x": _ONE},
    missing={
        "arrays": "its columns have names and kinds",
    },
    not_exchanged={
        **dict.fromkeys(
            ("3.x writes", "2.x writes", "1.x writes"), "No module named 'mlflow.vizmod'"
        ),
        **dict.fromkeys(("3.x reads", "2.x reads"), "No module named 'mlmodel'"),
    },
    not_asked={
        **dict.fromkeys(("batched", "Spark UDF"), _ONE_ANSWER),
        **dict.fromkeys(("V2", "V2 over gRPC", "V2 over gRPC, raw"), _NO_MAPPINGS),
        **dict.fromkeys(("gRPC, table", "gRPC, Arrow", "gRPC, data"), _ONE_ROW),
        **dict.fromkeys(("1.x split", "1.x records"), _ITSELF),
    },
    fidelity={
        "numbers with gaps": _SHOWN,
        "text with gaps": _SHOWN,
        "categories of texts": _SHOWN,
        "categories of integers": _SHOWN,
        "booleans with gaps": _SHOWN,
        "zoned times": _SHOWN,
        "naive times": _SHOWN,
        "decimals": "Altair writes no decimals (VIZ-003)",
        "integer names": "a chart names columns by texts",
        "one text column": "a chart of one column has nothing beside it to be shown by",
        "nested cells": "a channel of a chart shows single values",
        "sparse": "a chart shows tables, whose columns have names",
    },
)
