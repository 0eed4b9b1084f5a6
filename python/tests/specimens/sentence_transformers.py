"""A small model that embeds texts, made of a configuration and a vocabulary."""

from __future__ import annotations

from specimens import Made, Specimen, mlmodel_file
from specimens import transformers as texts

KINDS = "it takes texts, and answers numbers of them"


def make():
    import tempfile

    from sentence_transformers import SentenceTransformer, models

    with tempfile.TemporaryDirectory() as folder:
        texts.network("BertModel").save_pretrained(folder)
        texts.tokenizer().save_pretrained(folder)
        modules = [
            models.Transformer(folder),
            models.Pooling(texts.SIZES["hidden_size"]),
            models.Normalize(),
        ]
    return SentenceTransformer(modules=modules)


def native(model, rows):
    import pandas as pd

    return model.encode(list(pd.DataFrame(rows).iloc[:, 0]))


def _layout(head, keys):
    def write(model, root):
        model.save(str(root / "model.sentence_transformer"))
        mlmodel_file(root, f"{head}flavors:\n  python_function:\n    data: model.sentence_transformer\n"
                     "    loader_module: mlflow.sentence_transformers\n    python_version: 3.8.12\n"
                     f"  sentence_transformers: {keys}\n")  # fmt: skip

    return write


SPECIMEN = Specimen(
    libraries=("sentence_transformers", "transformers", "torch"),
    make=make,
    rows=texts.rows,
    native=native,
    layouts={
        "0.x": "MLflow has had the flavor since 2.4",
        "1.x": "MLflow has had the flavor since 2.4",
        "2.x": _layout(
            "mlflow_version: 2.9.2\n", "{code: null, sentence_transformers_version: 2.2.2}"
        ),
    },
    mlflow_signed=lambda example: example,
    not_exchanged={
        "2.x reads": "ValueError: Unsupported input type: Series",
        "1.x writes": "No module named 'mlflow.sentence_transformers'",
    },
    fidelity={"one text column": Made(lambda rows: make(), native)},
    other_kinds=KINDS,
    single=True,
)
