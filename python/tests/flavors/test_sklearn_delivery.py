"""What reaches scikit-learn models: the python_function answers as the model itself (ENF-091 ff)."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    TargetEncoder,
)
from sklearn.tree import DecisionTreeClassifier

import mlmodel
from asking import posted
from mlmodel.errors import InvalidInput
from mlmodel.models import Model, infer_signature, set_signature

pytestmark = pytest.mark.filterwarnings("ignore:SIG-016", "ignore:.*input_example")

_PICK = np.random.default_rng(0).choice(3, 60)
TARGET = (_PICK == 2).astype(int)


YES, NO = True, False


def column(dtype, *values):
    return pd.Series([values[place] for place in _PICK], dtype=dtype)


COLUMNS = {
    "text, NaN": column(object, "a", "b", np.nan),
    "text, None": column(object, "a", "b", None),
    "booleans among objects, NaN": column(object, YES, NO, np.nan),
    "booleans among objects, None": column(object, YES, NO, None),
    "nullable booleans": column("boolean", YES, NO, None),
    "floats": column(float, 1.5, 2.5, np.nan),
    "nullable integers": column("Int64", 1, 2, None),
    "integers among objects": column(object, 1, 2, 3),
    "categories": column("category", "a", "b", None),
    "numbers as categories": column("category", 10, 20, 30),
}


def codes(frame):
    return frame.apply(lambda one: one.cat.codes)


def boosting():
    return HistGradientBoostingClassifier(
        max_iter=1, min_samples_leaf=2, categorical_features="from_dtype"
    )


MODELS = {
    "one hot": lambda: make_pipeline(OneHotEncoder(), LogisticRegression()),
    "by name": lambda: make_pipeline(
        ColumnTransformer([("a", OneHotEncoder(handle_unknown="ignore"), ["a"])]),
        LogisticRegression(),
    ),
    "imputer": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent", add_indicator=True),
        OneHotEncoder(handle_unknown="ignore"),
        LogisticRegression(),
    ),
    "ordinal": lambda: make_pipeline(OrdinalEncoder(), DecisionTreeClassifier()),
    "target": lambda: make_pipeline(TargetEncoder(), DecisionTreeClassifier()),
    "boosting": boosting,
    "codes": lambda: make_pipeline(FunctionTransformer(codes), DecisionTreeClassifier()),
}


def cells(frame):
    return [None if pd.isna(one) else one for one in frame["a"].astype(object).tolist()]


#: Pairs that cannot be trained: boosting takes no texts, and codes are those of categories.
CANNOT_BE = {
    *(("boosting", "text, NaN"), ("boosting", "text, None")),
    *(("codes", kind) for kind in COLUMNS if "categories" not in kind),
}


@pytest.mark.parametrize(
    ("name", "kind"), [pair for pair in product(MODELS, COLUMNS) if pair not in CANNOT_BE]
)
def test_as_the_model_itself(tmp_path, kind, name):
    """ENF-002, ENF-092 to ENF-100: in every form."""
    data = pd.DataFrame({"a": COLUMNS[kind]})
    model = MODELS[name]().fit(data, TARGET)
    due = model.predict(data).tolist()
    mlmodel.save(model, tmp_path / "m", example=data.head(20))
    loaded = mlmodel.load(tmp_path / "m")
    values = cells(data)
    records = [{"a": one} for one in values]
    few = [{} if one is None and not loaded.signature.inputs.inputs[0].required else {"a": one}
           for one in values]  # fmt: skip
    written = "".join(f"{'' if one is None else json.dumps(one)},0\n" for one in values)
    assert loaded.predict(data).tolist() == due
    assert [*loaded.predict(data[:7]), *loaded.predict(data[7:])] == due
    assert loaded.predict(records).tolist() == due
    assert (
        posted(loaded, {"dataframe_split": {"columns": ["a"], "data": [[v] for v in values]}})
        == due
    )
    assert posted(loaded, {"dataframe_records": few}) == due
    each = [int(np.flatnonzero(place == _PICK)[0]) for place in range(3)]
    alone = [posted(loaded, {"dataframe_records": [few[row]]})[0] for row in each]
    assert alone == [due[row] for row in each]
    assert posted(loaded, {"instances": records}) == due
    assert posted(loaded, {"inputs": {"a": values}}) == due
    assert posted(loaded, f"a,b\n{written}", "text/csv") == due


def hours(frame):
    return pd.DataFrame({"h": frame["t"].dt.hour})


def zoned():
    return pd.DataFrame({"t": pd.date_range("2024-06-01", periods=48, freq="h", tz="Asia/Tokyo")})


def test_times_of_a_zone(tmp_path):
    """ENF-092, ENF-097: recorded by inference too, and kept by another signature."""
    data = zoned()
    model = make_pipeline(FunctionTransformer(hours), DecisionTreeClassifier())
    model.fit(data, data["t"].dt.hour >= 12)
    with pytest.warns(UserWarning, match="ENF-097"):
        mlmodel.sklearn.save_model(model, tmp_path / "m", signature=infer_signature(data))
    for _ in range(2):
        loaded = mlmodel.load(tmp_path / "m", trust=True)
        assert loaded.predict(data).tolist() == model.predict(data).tolist()
        assert posted(loaded, {"instances": [{"t": "2024-06-01T03:00:00Z"}]}) == [True]
        by_hand = infer_signature(data)
        by_hand.delivery = None
        set_signature(tmp_path / "m", by_hand)
    kept = Model.load(tmp_path / "m").document["metadata"]
    assert kept == {"mlmodel": {"columns": {"t": {"zone": "Asia/Tokyo"}}}}


def test_metadata_of_the_user_stay(tmp_path):
    """ENF-091."""
    model = make_pipeline(FunctionTransformer(hours), DecisionTreeClassifier())
    data = zoned()
    model.fit(data, data["t"].dt.hour >= 12)
    with pytest.warns(UserWarning, match="ENF-097"):
        mlmodel.save(model, tmp_path / "m", example=data, metadata={"own": 1})
    assert Model.load(tmp_path / "m").metadata["own"] == 1
    with pytest.warns(UserWarning, match="ENF-091") as caught:
        mlmodel.save(model, tmp_path / "n", example=data, metadata={"mlmodel": "own"})
    assert Model.load(tmp_path / "n").metadata == {"mlmodel": "own"}
    assert not [one for one in caught if "That is recorded" in str(one.message)]


TEXTS = ["good film", "bad film", "good", "bad"] * 5
VECTORIZERS = {
    "tf-idf": TfidfVectorizer,
    "count": CountVectorizer,
    "hashing": lambda: HashingVectorizer(n_features=64),
    "union": lambda: FeatureUnion([("c", CountVectorizer()), ("t", TfidfVectorizer())]),
    "first nothing": lambda: make_pipeline("passthrough", TfidfVectorizer()),
    "search": None,
    "lower": lambda: make_pipeline(FunctionTransformer(lower), TfidfVectorizer()),
}


def lower(texts):
    return [text.lower() for text in texts]


def text_model(name):
    if name == "search":
        steps = make_pipeline(TfidfVectorizer(), LogisticRegression())
        model = GridSearchCV(steps, {"logisticregression__C": [1.0]}, cv=2)
    else:
        model = make_pipeline(VECTORIZERS[name](), LogisticRegression())
    return model.fit(TEXTS, [1, 0, 1, 0] * 5)


@pytest.mark.parametrize("name", VECTORIZERS)
@pytest.mark.parametrize("rows", [1, 3])
def test_texts(tmp_path, name, rows):
    """SKL-009, ENF-096: one answer for each text, in every form."""
    model = text_model(name)
    given = ["good", "bad", "good", "bad", "bad"]
    due = model.predict(given).tolist()
    mlmodel.save(model, tmp_path / "list", example=TEXTS[:rows])
    loaded = mlmodel.load(tmp_path / "list", trust=True)
    for data in (given, pd.Series(given), pd.DataFrame({"x": given}), np.array(given)):
        assert loaded.predict(data).tolist() == due
    rows_of = [[text] for text in given]
    assert posted(loaded, {"instances": given}) == due
    assert posted(loaded, {"inputs": given}) == due
    assert posted(loaded, {"dataframe_split": {"data": rows_of, "columns": ["t"]}}) == due
    assert posted(loaded, "t\n" + "\n".join(given), "text/csv") == due

    mlmodel.save(model, tmp_path / "series", example=pd.Series(TEXTS[:rows], name="t"))
    loaded = mlmodel.load(tmp_path / "series", trust=True)
    records = [{"t": text} for text in given]
    for data in (pd.Series(given, name="t"), pd.DataFrame({"t": given, "u": 1}), records):
        assert loaded.predict(data).tolist() == due
    assert posted(loaded, {"instances": records}) == due
    assert posted(loaded, {"dataframe_records": records}) == due
    assert posted(loaded, {"inputs": {"t": given}}) == due
    assert posted(loaded, "u,t\n" + "\n".join(f"1,{t}" for t in given), "text/csv") == due


def test_texts_without_signature(tmp_path):
    """SKL-009."""
    model = text_model("tf-idf")
    mlmodel.save(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m")
    assert posted(loaded, {"instances": ["good", "bad"]}) == [1, 0]
    assert posted(loaded, {"dataframe_records": [{"t": "good"}, {"t": "bad"}]}) == [1, 0]
    with pytest.raises(InvalidInput, match="SKL-009"):
        loaded.predict(pd.DataFrame({"t": ["good"], "u": ["bad"]}))
