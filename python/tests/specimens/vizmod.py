"""A chart of Altair, and what it shows."""

from __future__ import annotations

from specimens import Specimen, mlmodel_file


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


KINDS = "a chart answers with a chart, and not with a value for each row"
_ONE = "mlflow-vizmod, which is of the time of 1.x, is the only other writer"

SPECIMEN = Specimen(
    libraries=("altair",),
    make=make,
    rows=rows,
    native=native,
    layouts={"0.x": _ONE, "1.x": _of_the_community, "2.x": _ONE},
    missing={
        "fidelity": KINDS,
        "arrays": "its columns have names and kinds",
    },
    not_exchanged={
        **dict.fromkeys(
            ("3.x writes", "2.x writes", "1.x writes"), "No module named 'mlflow.vizmod'"
        ),
        **dict.fromkeys(("3.x reads", "2.x reads"), "No module named 'mlmodel'"),
    },
    other_kinds=KINDS,
)
