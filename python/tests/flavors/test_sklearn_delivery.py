"""What reaches scikit-learn models: the python_function answers as the model itself (ENF-091 ff)."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
import sklearn
from packaging.version import Version
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    StackingClassifier,
    VotingClassifier,
)
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
if Version(sklearn.__version__) < Version("1.4"):  # it has no categories of data frames
    CANNOT_BE |= {("boosting", kind) for kind in COLUMNS}


@pytest.mark.thorough
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


@pytest.mark.thorough
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
    with pytest.raises(InvalidInput, match="SKL-009"):
        loaded.predict({"t": ["good"], "u": ["bad"]})


class Lowered(TransformerMixin, BaseEstimator):
    """A transformer of texts of one's own, which knows no features."""

    def fit(self, _texts, _target=None):
        return self

    def transform(self, texts):
        return [text.lower() for text in texts]


class Chosen(Lowered):
    """A transformer that takes a table, and hands on its column."""

    def transform(self, table):
        return [text.lower() for text in table["t"]]


def words():
    return make_pipeline(TfidfVectorizer(), LogisticRegression())


TEXT_MODELS = {
    "tf-idf": words,
    "voting": lambda: VotingClassifier([("a", words()), ("b", words())]),
    "soft voting": lambda: VotingClassifier([("a", words()), ("b", words())], voting="soft"),
    "stacking": lambda: StackingClassifier([("a", words()), ("b", words())], cv=2),
    "voting in a pipeline": lambda: make_pipeline(
        FunctionTransformer(lower), VotingClassifier([("a", words())])
    ),
    "calibrated": lambda: CalibratedClassifierCV(words(), cv=2),
    "one's own": lambda: make_pipeline(Lowered(), *words()),
    "two of one's own": lambda: make_pipeline(Lowered(), FunctionTransformer(lower), *words()),
    "a union": lambda: make_pipeline(
        FeatureUnion(
            [("a", TfidfVectorizer()), ("b", make_pipeline(Lowered(), CountVectorizer()))]
        ),
        LogisticRegression(),
    ),
}


def asked_in_every_form(loaded, given):
    """Return the answers to the same texts in every form that has rows of one column."""
    table, records = {"t": given}, [{"t": text} for text in given]
    yield from (loaded.predict(data).tolist() for data in (pd.DataFrame(table), table, records))
    yield from (
        posted(loaded, body)
        for body in (
            {"instances": records},
            {"inputs": table},
            {"dataframe_records": records},
            {"dataframe_split": {"columns": ["t"], "data": [[text] for text in given]}},
        )
    )


@pytest.mark.thorough
@pytest.mark.parametrize("given", [["good", "bad", "BAD"], ["bad"]])
@pytest.mark.parametrize("signed", [YES, NO])
@pytest.mark.parametrize("name", TEXT_MODELS)
def test_texts_are_rows_in_every_form(tmp_path, name, signed, given):
    """SKL-009, SKL-013: with a signature and without, through ensembles and one's own steps."""
    model = TEXT_MODELS[name]().fit(TEXTS, [1, 0, 1, 0] * 5)
    example = pd.DataFrame({"t": TEXTS[:3]}) if signed else None
    mlmodel.save(model, tmp_path / "m", example=example)
    loaded = mlmodel.load(tmp_path / "m", trust=True)
    due = model.predict(given).tolist()
    assert len(due) == len(given)
    assert list(asked_in_every_form(loaded, given)) == [due] * 7


@pytest.mark.parametrize("signed", [YES, NO])
def test_a_step_that_chooses_its_column_gets_the_table(tmp_path, signed):
    """SKL-013."""
    table = pd.DataFrame({"t": TEXTS})
    for place, chooser in enumerate((Chosen(), FunctionTransformer(lambda held: held["t"]))):
        model = make_pipeline(chooser, *words()).fit(table, [1, 0, 1, 0] * 5)
        path = tmp_path / f"m{place}"
        mlmodel.save(model, path, example=table[:3] if signed else None)
        loaded = mlmodel.load(path, trust=True)
        for rows in (["good", "bad", "bad"], ["bad"]):
            given = pd.DataFrame({"t": rows})
            assert loaded.predict(given).tolist() == model.predict(given).tolist()


def test_functions_of_ones_own_may_take_mappings(tmp_path):
    """SKL-013: they get the records as they are."""
    vectorizer = TfidfVectorizer(preprocessor=lambda record: record["t"])
    model = make_pipeline(vectorizer, LogisticRegression())
    model.fit([{"t": text} for text in TEXTS], [1, 0, 1, 0] * 5)
    mlmodel.save(model, tmp_path / "m")
    loaded = mlmodel.load(tmp_path / "m", trust=True)
    assert loaded.predict([{"t": "good"}, {"t": "bad"}]).tolist() == [1, 0]
