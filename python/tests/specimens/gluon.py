"""A small network of Gluon with weights that are set, not trained."""

from __future__ import annotations

from functools import cache

from specimens import Made, Specimen, mlmodel_file

V2_WAYS = ("V2", "V2 over gRPC", "V2 over gRPC, raw")
NAMES = "V2 names outputs by texts, and columns without names are output-1, output-2"
COLUMNS = ["a", "b", "c"]


@cache
def mxnet():
    import mlmodel.gluon

    return mlmodel.gluon.FLAVOR.mxnet()


def make(width=3, outputs=2):
    import numpy as np

    mx = mxnet()
    network = mx.gluon.nn.HybridSequential()
    with network.name_scope():
        network.add(mx.gluon.nn.Dense(4, activation="relu"), mx.gluon.nn.Dense(outputs))
    network.initialize()
    network.hybridize()
    network(mx.nd.array(np.zeros((1, width))))
    rng = np.random.default_rng(0)
    for parameter in network.collect_params().values():
        parameter.set_data(mx.nd.array(rng.normal(size=parameter.shape).round(2)))
    return network


def rows():
    import numpy as np
    import pandas as pd

    return pd.DataFrame(np.random.default_rng(1).integers(-8, 8, (6, 3)) / 4, columns=COLUMNS)


def native(model, rows):
    import numpy as np
    import pandas as pd

    answer = model(mxnet().nd.array(np.asarray(rows, dtype="float32"))).asnumpy()
    return pd.DataFrame(answer, index=rows.index) if hasattr(rows, "index") else answer


def _layout(root_text):
    def write(model, root):
        (root / "data").mkdir()
        model.export(str(root / "data" / "net"))
        mlmodel_file(root, root_text)

    return write


_FIRST = """
    artifact_path: model
    flavors:
      gluon: {mxnet_version: 1.6.0}
      python_function: {env: conda.yaml, loader_module: mlflow.gluon, python_version: 3.6.9}
    utc_time_created: '2020-04-20 10:00:00.000000'
"""
_LATER = """
    artifact_path: model
    flavors:
      gluon: {code: null, mxnet_version: 1.9.1}
      python_function:
        env: {conda: conda.yaml, virtualenv: python_env.yaml}
        loader_module: mlflow.gluon
        python_version: 3.8.12
    mlflow_version: 2.3.0
"""


def _device():
    return {"ctx": mxnet().cpu()}


SPECIMEN = Specimen(
    libraries=("mxnet",),
    mlflow_load=_device,
    make=make,
    rows=rows,
    native=native,
    single=True,
    layouts={
        "0.x": "MLflow has had the flavor since 1.8", "1.x": _layout(_FIRST), "2.x": _layout(_LATER),
    },
    not_exchanged=dict.fromkeys(
        ("3.x writes", "3.x reads", "2.x writes", "2.x reads"), "No module named 'mlflow.gluon'"
    ),
    runs="Python that a graph may call, and MXNet's compiled reader, which believes the files",
    fidelity={"integer names": Made(lambda rows: make(rows.shape[1]), native, not_sent=dict.fromkeys(V2_WAYS, NAMES))},
    other_kinds="its networks take arrays of numbers",
)  # fmt: skip
