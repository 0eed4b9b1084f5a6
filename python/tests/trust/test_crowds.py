"""Values that become keys at the first prediction, and what hashing them costs (TRU-097)."""

from __future__ import annotations

import datetime as dt
import itertools
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OutputCodeClassifier
from sklearn.preprocessing import (
    LabelEncoder,
    MultiLabelBinarizer,
    OneHotEncoder,
    OrdinalEncoder,
    TargetEncoder,
)

from mlmodel.errors import InvalidModel
from mlmodel.trust.gate import Gate

PRIME = 2**61 - 1
CROWD = [PRIME * at for at in range(1, 101)]
#: For every number another one of the same hash.
PAIRS = list(itertools.product((-1, -2), repeat=7))


def objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def with_(model, **attributes):
    model.__dict__.update(attributes)
    return model


def encoder(cls, values):
    return with_(cls(), categories_=[objects(values)])


def deep(levels):
    value = ("a",)
    for _ in range(levels):
        value = (value,)
    return value


def doubled(levels):
    value = (1, 2)
    for _ in range(levels):
        value = (value, value)
    return value


#: Models that skops writes, too.
BOTH = {
    "ordinal": lambda: encoder(OrdinalEncoder, CROWD),
    "one hot": lambda: encoder(OneHotEncoder, CROWD),
    "target": lambda: encoder(TargetEncoder, CROWD),
    "labels": lambda: with_(LabelEncoder(), classes_=objects(CROWD)),
    "several labels": lambda: with_(MultiLabelBinarizer(), classes_=objects(CROWD)),
    "codes": lambda: with_(OutputCodeClassifier(LogisticRegression()), classes_=objects(CROWD)),
    "words": lambda: CountVectorizer(vocabulary=CROWD),
    "words of a mapping": lambda: CountVectorizer(vocabulary={f"w{at}": one for at, one in enumerate(CROWD)}),
    "words to leave out": lambda: CountVectorizer(vocabulary=["aa"], stop_words=CROWD),
    "spread over columns": lambda: with_(OrdinalEncoder(), categories_=[objects(CROWD[:50]), objects(CROWD[50:])]),
    "spread over models": lambda: [encoder(OrdinalEncoder, CROWD[at : at + 20]) for at in range(0, 100, 20)],
    "columns": lambda: with_(ColumnTransformer([]), _transformer_to_input_indices={"a": CROWD}),
    "tuples": lambda: CountVectorizer(vocabulary=PAIRS),
    "tuples of texts and numbers": lambda: CountVectorizer(vocabulary=[("a", one) for one in CROWD]),
    "deep tuples": lambda: CountVectorizer(stop_words=[deep(100)]),
}  # fmt: skip
PICKLED = {
    **BOTH,
    "very deep tuples": lambda: CountVectorizer(stop_words=[deep(400)]),
    "tuples that share": lambda: CountVectorizer(stop_words=[doubled(28)]),
    "a large number often": lambda: CountVectorizer(stop_words=[1 << 10**6] * 2_000),
    "complex numbers": lambda: with_(LabelEncoder(), classes_=objects([complex(1000003 * at, -at) for at in range(1, 101)])),
    "an array of complex numbers": lambda: with_(MultiLabelBinarizer(), classes_=np.array([complex(1000003 * at, -at) for at in range(1, 101)])),
    "decimals": lambda: with_(LabelEncoder(), classes_=objects(list(map(Decimal, CROWD)))),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PICKLED)
def test_pickled(name, root):  # TRU-097
    (root / "model.pkl").write_bytes(pickle.dumps(PICKLED[name]()))
    with pytest.raises(InvalidModel, match="TRU-097"):
        Gate.for_folder(root).load_pickle(root / "model.pkl")


@pytest.mark.parametrize("name", BOTH)
def test_in_skops_files(name, root):  # TRU-097
    (root / "model.skops").write_bytes(skops.io.dumps(BOTH[name]()))
    with pytest.raises(InvalidModel, match="TRU-097"):
        Gate.for_folder(root).load_skops(root / "model.skops")


HONEST = {
    "numbers": list(range(-1000, 1000)),
    "the same large number": [2**70 + at * 0 for at in range(200)],
    "the same tuple": [(-1, -2, at * 0) for at in range(200)],
    "powers of two": [2.0**at for at in range(-1000, 1000)],
    "whole powers of two": [2**at for at in range(1000)],
    "texts and nothing": [*map(str, range(1000)), None, float("nan")],
    "dates": [
        dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=at) for at in range(1000)
    ],
    "timestamps": list(pd.date_range("2020", periods=500, freq="h")),
    "tuples": [(at, f"w{at}") for at in range(1000)],
    "complex": [complex(at, at + 1) for at in range(500)],
    "scalars": list(np.arange(500) / 7) + list(np.arange(500)),
    "decimals": [Decimal(at) for at in range(300)],
    "64 of one hash": CROWD[:64],
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_values(name, root):
    (root / "model.pkl").write_bytes(
        pickle.dumps(with_(LabelEncoder(), classes_=objects(HONEST[name])))
    )
    Gate.for_folder(root).load_pickle(root / "model.pkl")
