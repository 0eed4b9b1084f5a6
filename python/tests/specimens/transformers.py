"""A small classifier of texts by transformers, made of a configuration and a vocabulary."""

from __future__ import annotations

from functools import partial

from specimens import Made, Specimen, mlmodel_file

TEXT = "[PAD] [UNK] [CLS] [SEP] [MASK] good bad film book long a the is was very 良 ##い"
WORDS = TEXT.split()
SIZES = {
    "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 64,
}  # fmt: skip
LABELS = {"num_labels": 2, "id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}}
#: Three labels by which zero-shot classification knows whether a text says something.
LOGIC = {
    "num_labels": 3, "id2label": {0: "contradiction", 1: "neutral", 2: "entailment"},
    "label2id": {"contradiction": 0, "neutral": 1, "entailment": 2},
}  # fmt: skip
KINDS = "it takes texts, and answers labels of them"


def tokenizer():
    from transformers import BertTokenizer

    return BertTokenizer(vocab={word: place for place, word in enumerate(WORDS)})


def network(kind, **options):
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig(**{**SIZES, "initializer_range": 0.5, **options})
    return getattr(transformers, kind)(config).eval()


def pipeline(task, kind, **options):
    import transformers

    return transformers.pipeline(task, model=network(kind, **options), tokenizer=tokenizer())


def make():
    return pipeline("text-classification", "BertForSequenceClassification", **LABELS)


def rows():
    import pandas as pd

    return pd.DataFrame({"text": ["a good film", "the book was very long", "", "größer, 良い"]})


def native(model, rows):
    import pandas as pd

    table = pd.DataFrame(rows)
    return pd.DataFrame(model(list(table.iloc[:, 0])), index=table.index)


def _layout(head, keys, weights):
    def write(model, root):
        place = root / weights
        model.model.save_pretrained(place)
        if weights == "pipeline":
            model.tokenizer.save_pretrained(place)
        model.tokenizer.save_pretrained(root / "components" / "tokenizer")
        own = "".join(f"    {line}\n" for line in keys)
        mlmodel_file(root, f"{head}flavors:\n  python_function:\n    loader_module: mlflow.transformers\n"
                     f"    python_version: 3.8.12\n  transformers:\n{own}")  # fmt: skip

    return write


KEYS = (
    "code: null", "components: [tokenizer]", "framework: pt", "instance_type: TextClassificationPipeline",
    "pipeline_model_type: BertForSequenceClassification", "source_model_name: bert-base-uncased",
    "task: text-classification", "tokenizer_type: BertTokenizerFast", "transformers_version: 4.28.1",
)  # fmt: skip

#: How MLflow wrote it later, before transformers 5.
LATER = {
    "later 2.x": _layout("mlflow_version: 2.9.2\n", ("model_binary: model", *KEYS), "model"),
}

SPECIMEN = Specimen(
    libraries=("transformers", "torch"),
    make=make,
    rows=rows,
    native=native,
    layouts={
        "0.x": "MLflow has had the flavor since 2.3",
        "1.x": "MLflow has had the flavor since 2.3",
        "2.x": _layout("mlflow_version: 2.3.0\n", KEYS, "pipeline"),
    },
    not_exchanged={
        "2.x reads": "module transformers has no attribute TranslationPipeline",
        "1.x writes": "No module named 'mlflow.transformers'",
    },
    fidelity={"one text column": Made(lambda rows: make(), native)},
    on_page={
        task: partial(pipeline, task, kind, **options)
        for task, kind, options in (
            ("token-classification", "BertForTokenClassification", {"num_labels": 3}),
            ("fill-mask", "BertForMaskedLM", {}),
            ("feature-extraction", "BertModel", {"hidden_size": 4}),
            ("text-generation", "BertLMHeadModel", {"is_decoder": True}),
            ("zero-shot-classification", "BertForSequenceClassification", LOGIC),
        )
    },
    other_kinds=KINDS,
)
