"""A small text classifier of spaCy, trained on a few sentences."""

from __future__ import annotations

from specimens import Made, Specimen, mlmodel_file

GOOD = ["I love this thing", "a wonderful day", "what a good idea", "great and kind people"]
BAD = ["I hate this thing", "a terrible day", "what a bad idea", "rude and mean people"]
V2_WAYS = ("V2", "V2 over gRPC", "V2 over gRPC, raw")
KINDS = "it takes texts, and answers categories of them"


def make():
    import random

    import numpy as np
    import spacy
    from spacy.training import Example

    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - thinc draws from it
    pipeline = spacy.blank("en")
    classifier = pipeline.add_pipe("textcat", config=SMALL)
    for label in ("good", "bad"):
        classifier.add_label(label)
    examples = [
        Example.from_dict(
            pipeline.make_doc(text), {"cats": {"good": float(is_good), "bad": float(not is_good)}}
        )
        for is_good, texts in ((True, GOOD), (False, BAD))
        for text in texts
    ]
    optimizer = pipeline.initialize(lambda: examples)
    for _ in range(5):
        pipeline.update(examples, sgd=optimizer)
    return pipeline


#: The usual ensemble, of few and narrow tables.
SMALL = {
    "model": {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2", "width": 16, "rows": [200, 100],
                "attrs": ["NORM", "SHAPE"], "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2", "width": 16, "window_size": 1,
                "maxout_pieces": 2, "depth": 1,
            },
        },
        "linear_model": {
            "@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "length": 1024,
            "ngram_size": 1, "no_output_layer": False,
        },
    }
}  # fmt: skip


def rows():
    import pandas as pd

    return pd.DataFrame({"text": ["what a lovely day", "I hate rude people", "", "größer, 良い"]})


def native(model, rows):
    import pandas as pd

    table = pd.DataFrame(rows)
    categories = [model(text).cats for text in table.iloc[:, 0]]
    return pd.DataFrame({"predictions": categories}, index=table.index)


def _layout(head, keys):
    def write(model, root):
        model.to_disk(root / "model.spacy")
        mlmodel_file(root, f"{head}flavors:\n  python_function:\n    data: model.spacy\n"
                     f"    loader_module: mlflow.spacy\n    python_version: 3.8.12\n  {keys}\n")  # fmt: skip

    return write


SPECIMEN = Specimen(
    libraries=("spacy",),
    make=make,
    rows=rows,
    native=native,
    layouts={
        "0.x": "MLflow has had the flavor since 1.8",
        "1.x": _layout(
            "artifact_path: model\n", "spacy: {data: model.spacy, spacy_version: 3.4.1}"
        ),
        "2.x": _layout(
            "mlflow_version: 2.9.2\n",
            "spaCy: {code: null, data: model.spacy, spacy_version: 3.7.2}",
        ),
    },
    fidelity={
        "one text column": Made(
            lambda rows: make(),
            native,
            not_sent=dict.fromkeys(V2_WAYS, "V2 has no mappings: they are texts of JSON"),
        )
    },
    not_asked={"Spark UDF": "it answers with mappings, which are no type of a result (UDF-010)"},
    other_kinds=KINDS,
)
