"""A small gradient boosting of H2O, on numbers and categories."""

from __future__ import annotations

from specimens import Made, Specimen, mlmodel_file, target


def _frame(rows):
    import h2o

    kinds = {name: "numeric" if rows[name].dtype.kind in "iuf" else "enum" for name in rows.columns}
    plain = rows.astype(object).where(rows.notna(), None)
    return h2o.H2OFrame(
        plain, column_types=kinds, na_strings=[""]
    )  # which gaps become on their way


def trained(rows, wanted):
    from h2o.estimators import H2OGradientBoostingEstimator

    import mlmodel.h2o

    mlmodel.h2o.FLAVOR.connect({"nthreads": 1, "max_mem_size": "512M"})
    model = H2OGradientBoostingEstimator(ntrees=5, max_depth=3, seed=1, min_rows=2)
    names = list(rows.columns)
    model.train(x=names, y="target", training_frame=_frame(rows.assign(target=wanted)))
    return model


def rows():
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "a": rng.normal(size=60).round(3), "b": rng.integers(0, 5, 60), "c": rng.choice(["x", "y", "z"], 60),
    })  # fmt: skip


def make():
    table = rows()
    return trained(table, table["a"] * 2 - table["b"])


def native(model, rows):
    return model.predict(_frame(rows)).as_data_frame().set_axis(rows.index)


def _layout(keys):
    def write(model, root):
        import h2o

        (root / "model.h2o").mkdir()
        h2o.download_model(model, path=str(root / "model.h2o"))
        (root / "model.h2o" / "h2o.yaml").write_text(
            f"full_file: /home/somebody/model.h2o/{model.model_id}\nmodel_dir: /home/somebody/model.h2o\n"
            f"model_file: {model.model_id}\ninit: {{nthreads: 1}}\n"
        )
        mlmodel_file(root, keys)

    return write


_EARLY = """
    flavors:
      h2o: {h2o_version: 3.20.0.2}
      python_function: {data: model.h2o, loader_module: mlflow.h2o}
    utc_time_created: '2018-10-01 10:00:00.000000'
"""
_LATER = """
    artifact_path: model
    flavors:
      h2o: {code: null, data: model.h2o, h2o_version: 3.40.0.4}
      python_function:
        data: model.h2o
        env: conda.yaml
        loader_module: mlflow.h2o
        python_version: 3.8.12
"""

SPECIMEN = Specimen(
    libraries=("h2o",),
    make=make,
    rows=rows,
    native=native,
    options={"settings": {"init": {"nthreads": 1, "max_mem_size": "512M"}}},
    layouts={
        "0.x": _layout(_EARLY),
        "1.x": _layout(_LATER),
        "2.x": _layout(_LATER + "    mlflow_version: 2.9.2\n"),
    },
    runs="classes of Java that the file names, of which H2O's server makes objects",
    missing={"arrays": "its columns have names and kinds"},
    fidelity={
        "categories of texts": Made(lambda rows: trained(rows, target(rows.shape[0])), native),
        "numbers with gaps": Made(lambda rows: trained(rows, target(rows.shape[0])), native),
    },
    other_kinds="its kinds of columns are numbers and categories, which two kinds ask",
)
