"""Bundles made of fitted stages of Spark answer as Spark does (MLP-014, MLP-015)."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from java_tools import jars
from mlmodel.errors import InvalidArgument, InvalidInput, UnsupportedModel
from mlmodel.flavors import _mleap_bundles, _mleap_trees, _spark_session
from mlmodel.flavors._mleap_bundles import MOST_ROWS
from mlmodel.flavors._mleap_nodes import Node, tensor, values, write
from mlmodel.flavors.mleap import FLAVOR
from mlmodel.scoring.fidelity.answers import difference
from specimens.spark import session, table

# Spark and Java take seconds to start.
pytestmark = [pytest.mark.libraries("pyspark"), pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def _ready():
    jars()
    session()


@cache
def rows(seed=0, count=60):
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "a": rng.normal(size=count),
            "b": rng.normal(size=count) * 3,
            "k": rng.integers(0, 5, count),
            "c": rng.choice(["Oslo", "Rome", "größer"], count),
            "g": rng.choice(["x", "y", ""], count),
            "t": [" ".join(rng.choice(["The", "red", "fox", "ran", "İ"], 5)) for _ in range(count)],
        }
    )
    rome = made["c"] == "Rome"
    made["y"] = made["a"] * 2 - made["b"] + rome
    made["two"] = ((made["a"] + made["b"] / 2 + rome + rng.normal(size=count) / 2) > 0).astype(int)
    made["three"] = (made["k"] + made["two"]) % 3
    return made


@cache
def tables():
    return table(rows()), table(rows(1))


def ml():
    import pyspark.ml.classification
    import pyspark.ml.clustering
    import pyspark.ml.feature
    import pyspark.ml.regression

    return pyspark.ml


def assembled(*more, columns=("a", "b", "k")):
    """Return an assembler of columns, and the stages after it."""
    features = ml().feature.VectorAssembler(inputCols=list(columns), outputCol="f")
    return [features, *more]


def fitted(stages, given=None):
    return ml().Pipeline(stages=stages).fit(tables()[0] if given is None else given)


def held(stages, given=None, asked=None):
    """Hold a bundle of stages against Spark on rows that neither has seen, and return its answer."""
    model = fitted(stages, given)
    bundle = FLAVOR.bundle_of(model, tables()[0] if given is None else given)
    told = bundle.predict(rows(1) if asked is None else asked)
    own = model.transform(tables()[1] if asked is None else table(asked)).collect()
    for name in told:
        cells = [row[name] for row in own]
        cells = [one.toArray().tolist() if hasattr(one, "toArray") else one for one in cells]
        assert difference(cells, told[name].tolist()) is None, name
        assert len({str(one) for one in cells}) > 1, name
    return told


def indexed(**more):
    return ml().feature.StringIndexer(inputCol="c", outputCol="i", **more)


def words():
    return ml().feature.Tokenizer(inputCol="t", outputCol="w")


def scaled(name, **more):
    return lambda: assembled(getattr(ml().feature, name)(inputCol="f", outputCol="o", **more))


def of_words(name, **more):
    return lambda: [words(), getattr(ml().feature, name)(inputCol="w", outputCol="o", **more)]


def of_kinds(**more):
    encoder = ml().feature.OneHotEncoder(inputCols=["i", "k"], outputCols=["o", "p"], **more)
    return [indexed(), encoder, *assembled(columns=("a", "o", "p"))]


STAGES = {
    "indexer": lambda: [indexed()],
    "indexers": lambda: [
        ml().feature.StringIndexer(inputCols=["c", "g"], outputCols=["i", "j"], handleInvalid="keep")
    ],
    "labels": lambda: [indexed(), ml().feature.IndexToString(inputCol="i", outputCol="o")],
    "labels of one's own": lambda: [
        indexed(),
        ml().feature.IndexToString(inputCol="i", outputCol="o", labels=["p", "q", "r"]),
    ],
    "assembler": assembled,
    "standard scaler": scaled("StandardScaler"),
    "standard scaler with mean": scaled("StandardScaler", withMean=True),
    "standard scaler of mean": scaled("StandardScaler", withMean=True, withStd=False),
    "standard scaler of nothing": scaled("StandardScaler", withStd=False),
    "min-max scaler": scaled("MinMaxScaler", min=-2.0, max=3.0),
    "max-abs scaler": scaled("MaxAbsScaler"),
    "max-abs scaler of zeros": lambda: [
        ml().feature.Binarizer(threshold=1e9, inputCol="b", outputCol="z"),
        *assembled(
            ml().feature.MaxAbsScaler(inputCol="f", outputCol="o"), columns=("a", "z")
        ),
    ],
    "normalizer": scaled("Normalizer", p=1.5),
    "encoder": of_kinds,
    "encoder that keeps": lambda: of_kinds(handleInvalid="keep", dropLast=False),
    "bucketizer": lambda: [
        ml().feature.Bucketizer(
            splits=[-float("inf"), -0.5, 0.5, float("inf")], inputCol="a", outputCol="o"
        )
    ],
    "bucketizers": lambda: [
        ml().feature.Bucketizer(
            splitsArray=[[-9.0, 0.0, 9.0], [-99.0, 0.5, 99.0]],
            inputCols=["a", "b"],
            outputCols=["o", "p"],
        )
    ],
    "binarizer": lambda: [ml().feature.Binarizer(threshold=0.3, inputCol="a", outputCol="o")],
    "binarizers": lambda: [
        ml().feature.Binarizer(thresholds=[0.3, -1.0], inputCols=["a", "b"], outputCols=["o", "p"])
    ],
    "binarizers of one threshold": lambda: [
        ml().feature.Binarizer(threshold=0.3, inputCols=["a", "b"], outputCols=["o", "p"])
    ],
    "binarizer of vectors": scaled("Binarizer", threshold=0.5),
    "tokenizer": lambda: [words()],
    "tokenizer by patterns": lambda: [
        ml().feature.RegexTokenizer(
            inputCol="t", outputCol="o", pattern=r"[a-z]{3}", gaps=False, toLowercase=False
        )
    ],
    "tokenizer of long ones": lambda: [
        ml().feature.RegexTokenizer(inputCol="t", outputCol="o", pattern=r"\W", minTokenLength=2)
    ],
    "stop words": of_words("StopWordsRemover", stopWords=["the", "ran"]),
    "stop words as they are written": of_words(
        "StopWordsRemover", stopWords=["THE", "red"], caseSensitive=True, locale="tr_TR"
    ),
    "hashing": of_words("HashingTF", numFeatures=16),
    "hashing of sets": of_words("HashingTF", numFeatures=16, binary=True),
    "inverse frequencies": lambda: [
        *of_words("HashingTF", numFeatures=16)(),
        ml().feature.IDF(inputCol="o", outputCol="p", minDocFreq=2),
    ],
    "counts": of_words("CountVectorizer", minTF=2.0),
    "counts of shares": of_words("CountVectorizer", minTF=0.3, binary=True),
    "n-grams": of_words("NGram", n=3),
    "components": scaled("PCA", k=2),
    "slice": scaled("VectorSlicer", indices=[2, 0]),
    "polynomials": scaled("PolynomialExpansion", degree=3),
    "pipelines in one": lambda: [ml().PipelineModel(stages=[fitted([indexed()])]), *assembled()],
}  # fmt: skip


@pytest.mark.parametrize("make", STAGES.values(), ids=list(STAGES))
def test_a_stage_answers_as_spark(make):
    held(make())


def classifier(name, label="two", **more):
    thresholds = more.pop("thresholds", None)
    own = getattr(ml().classification, name)(featuresCol="f", labelCol=label, **more)
    if thresholds:
        own.setThresholds(thresholds)
    return [indexed(), *assembled(own, columns=("a", "b", "i"))]


def regressor(name, **more):
    own = getattr(ml().regression, name)(featuresCol="f", labelCol="y", **more)
    return [indexed(), *assembled(own, columns=("a", "b", "i"))]


def positive(*more):
    """Return stages that make what naive Bayes takes."""
    return [
        ml().feature.Binarizer(inputCol="a", outputCol="p"),
        *assembled(*more, columns=("k", "p")),
    ]


MODELS = {
    "linear regression": lambda: regressor("LinearRegression", regParam=0.1),
    "logistic regression": lambda: classifier("LogisticRegression", threshold=0.4),
    "logistic regression of three": lambda: classifier(
        "LogisticRegression", "three", thresholds=[0.2, 0.5, 0.3]
    ),
    "tree": lambda: classifier("DecisionTreeClassifier", "three", thresholds=[0.2, 0.5, 0.3]),
    "tree of numbers": lambda: regressor("DecisionTreeRegressor", maxDepth=4),
    "forest": lambda: classifier("RandomForestClassifier", "three", numTrees=3, seed=1),
    "forest of numbers": lambda: regressor("RandomForestRegressor", numTrees=3, seed=1),
    "boosted trees": lambda: classifier("GBTClassifier", maxIter=3, maxDepth=3, seed=1),
    "forest with thresholds": lambda: classifier(
        "RandomForestClassifier", "three", thresholds=[0.2, 0.5, 0.3], numTrees=3, seed=1
    ),
    "boosted trees with thresholds": lambda: classifier(
        "GBTClassifier", thresholds=[0.2, 0.8], maxIter=3, maxDepth=3, seed=1
    ),
    "naive Bayes with thresholds": lambda: positive(
        ml().classification.NaiveBayes(
            featuresCol="f", labelCol="three", thresholds=[0.2, 0.5, 0.3]
        )
    ),
    "perceptron with thresholds": lambda: classifier(
        "MultilayerPerceptronClassifier",
        "three",
        thresholds=[0.2, 0.5, 0.3],
        layers=[3, 4, 3],
        seed=1,
        maxIter=5,
    ),
    "boosted trees of numbers": lambda: regressor("GBTRegressor", maxIter=3, maxDepth=3, seed=1),
    "naive Bayes": lambda: positive(
        ml().classification.NaiveBayes(featuresCol="f", labelCol="three")
    ),
    "naive Bayes of truth values": lambda: [
        ml().feature.Binarizer(inputCols=["a", "b"], outputCols=["p", "q"], thresholds=[0.0, 0.5]),
        *assembled(
            ml().classification.NaiveBayes(
                featuresCol="f", labelCol="three", modelType="bernoulli"
            ),
            columns=("p", "q"),
        ),
    ],
    "support vectors": lambda: classifier("LinearSVC", threshold=0.2, maxIter=5),
    "clusters": lambda: assembled(ml().clustering.KMeans(featuresCol="f", k=3, seed=1)),
    "perceptron": lambda: classifier(
        "MultilayerPerceptronClassifier", "three", layers=[3, 4, 3], seed=1, maxIter=5
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", MODELS.values(), ids=list(MODELS))
def test_a_model_answers_as_spark(make):
    held(make())


def test_columns_of_a_model_that_are_not_written():
    stages = classifier("LogisticRegression", rawPredictionCol="", probabilityCol="")
    assert list(held(stages)) == ["prediction"]


# What is missing, or unknown


def gap(**cells):
    """Return rows of which the third has other cells."""
    made = rows(1).astype(dict.fromkeys(cells, object))
    for name, cell in cells.items():
        made.loc[2, name] = cell
    return made.astype({name: float for name in cells if name in "ab"})


def test_categories_that_are_not_known_are_kept():
    for cell in ("zebra", None):
        assert held([indexed(handleInvalid="keep")], asked=gap(c=cell))["i"][2] == 3


@pytest.mark.parametrize(("cell", "rule"), [("zebra", "MLP-009"), (None, "MLP-008")])
def test_categories_that_are_not_known_are_refused(cell, rule):
    """MLP-008, MLP-009."""
    bundle = FLAVOR.bundle_of(fitted([indexed()]), tables()[0])
    with pytest.raises(InvalidInput, match=f"row 2.*{rule}"):
        bundle.predict(gap(c=cell))


@pytest.mark.parametrize("cell", ["zebra", None])
def test_rows_that_are_left_out_are_answered_with_null(cell):
    """MLP-009: the others stay in their places."""
    stages = [indexed(handleInvalid="skip"), *assembled(columns=("a", "i"))]
    model = fitted(stages)
    bundle = FLAVOR.bundle_of(model, tables()[0])
    asked = gap(c=cell)
    told = bundle.predict(asked)["f"]
    assert told[2] is None
    own = [row["f"].toArray().tolist() for row in model.transform(table(asked)).collect()]
    assert [one for one in told if one is not None] == own
    alone = bundle.predict(asked[2:3])["f"]
    assert alone.tolist() == [None]


def test_a_bucket_of_nan():
    """MLP-008."""

    def stages(invalid):
        return [
            ml().feature.Bucketizer(
                splits=[-9.0, 0.0, 9.0], inputCol="a", outputCol="o", handleInvalid=invalid
            )
        ]

    asked = gap(a=np.nan)
    model = fitted(stages("keep"))
    # As rows, since Spark takes NaN of a frame for null.
    given = session().createDataFrame([(one,) for one in asked["a"].tolist()], ["a"])
    own = [row["o"] for row in model.transform(given).collect()]
    assert own[2] == 2
    assert FLAVOR.bundle_of(model, tables()[0]).predict(asked)["o"].tolist() == own
    told = FLAVOR.bundle_of(fitted(stages("skip")), tables()[0]).predict(asked)["o"]
    assert told.isna().tolist() == [at == 2 for at in range(len(asked))]
    bundle = FLAVOR.bundle_of(fitted(stages("error")), tables()[0])
    for cell in (np.nan, 10.0):
        with pytest.raises(InvalidInput, match="row 2.*MLP-009"):
            bundle.predict(gap(a=cell))


def imputer(**more):
    return ml().feature.Imputer(inputCols=["a", "k"], outputCols=["p", "q"], **more)


def test_what_is_missing_is_filled():
    held([imputer(strategy="median")], asked=gap(a=np.nan))
    with_gap = table(gap(a=np.nan))
    held([imputer()], given=with_gap, asked=gap(a=np.nan))
    held([imputer(missingValue=2.0)], asked=gap(a=None))


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_what_is_filled_has_the_type_of_its_column(dtype):
    given = rows().assign(a=(rows()["a"] * 7).astype(dtype))
    given["a"] = given["a"].mask(given["a"] == given["a"][0], 1)
    stages = [ml().feature.Imputer(inputCols=["a"], outputCols=["p"], missingValue=1.0)]
    model = fitted(stages, table(given))
    bundle = FLAVOR.bundle_of(model, table(given))
    own = [row["p"] for row in model.transform(table(given)).collect()]
    assert difference(own, bundle.predict(given)["p"].tolist()) is None


def test_nan_goes_through_an_assembler_that_keeps_it():
    """MLP-008."""

    def stages(invalid):
        features = ml().feature.VectorAssembler(
            inputCols=["a", "b"], outputCol="f", handleInvalid=invalid
        )
        scaler = ml().feature.MinMaxScaler(inputCol="f", outputCol="o")
        return [features, scaler]

    assert np.isnan(held(stages("keep"), asked=gap(a=np.nan))["o"][2][0])
    for invalid in ("error", "skip"):
        bundle = FLAVOR.bundle_of(fitted(stages(invalid)), tables()[0])
        with pytest.raises(InvalidInput, match="'a' has no value in row 2.*MLP-008"):
            bundle.predict(gap(a=np.nan))


def test_vectors_are_taken_as_lists():
    model = fitted(assembled())
    given = model.transform(tables()[0]).select("f", "two")
    scaler = ml().feature.StandardScaler(inputCol="f", outputCol="o").fit(given)
    bundle = FLAVOR.bundle_of(scaler, given)
    assert bundle.inputs == {"f": "tensor of double[3]"}
    own = scaler.transform(given).collect()
    asked = pd.DataFrame({"f": [row["f"].toArray().tolist() for row in own]})
    expected = [row["o"].toArray().tolist() for row in own]
    assert difference(expected, bundle.predict(asked)["o"].tolist()) is None


def test_categories_of_a_tree_that_it_never_saw():
    """Those that stand in neither part of a split go where the larger part goes."""
    from pyspark.ml.linalg import Vectors

    given = pd.DataFrame({"c": list("abcde") * 12, "y": [1.0, 1.0, 3.0, 1.0, 3.0] * 12})
    indexer = ml().feature.StringIndexer(inputCol="c", outputCol="i")
    tree = ml().regression.DecisionTreeRegressor(featuresCol="f", labelCol="y", maxDepth=2)
    features = ml().feature.VectorAssembler(inputCols=["i"], outputCol="f")
    model = fitted([indexer, features, tree], table(given))
    bundle = FLAVOR.bundle_of(model.stages[-1], model.transform(table(given)).select("f"))
    asked = [[float(one)] for one in (0, 1, 2, 3, 4, 9)]
    vectors = session().createDataFrame([(Vectors.dense(one),) for one in asked], ["f"])
    own = [row["prediction"] for row in model.stages[-1].transform(vectors).collect()]
    assert own[-1] == 1.0
    assert bundle.predict(pd.DataFrame({"f": asked}))["prediction"].tolist() == own


# What has no counterpart


REFUSED = {
    "no such node": (
        lambda: [
            ml().feature.SQLTransformer(statement="SELECT *, a + 1 AS x FROM __THIS__"),
            ml().feature.DCT(inputCol="f", outputCol="d"),
        ],
        r"SQLTransformer\).*no counterpart in MLeap.*MLP-014.*DCT",
    ),
    "no text": (
        lambda: [ml().feature.StringIndexer(inputCol="k", outputCol="i")],
        r"column 'k' is of the type LongType",
    ),
    "names": (
        lambda: assembled(ml().feature.VectorSlicer(inputCol="f", outputCol="o", names=["a"])),
        "chooses by names",
    ),
    "zeros": (scaled("Binarizer", threshold=-0.5), "less than 0"),
    **{
        f"letters of {name}": (
            of_words("StopWordsRemover", stopWords=["the"], locale=name), f"locale {name}",
        )
        for name in ("tr_TR", "az_AZ", "lt_LT")
    },
    "two of several": (
        lambda: classifier("LogisticRegression", family="multinomial"), "multinomial",
    ),
    "normal distributions": (
        lambda: classifier("NaiveBayes", modelType="gaussian"), "modelType is gaussian",
    ),
    "angles": (
        lambda: assembled(
            ml().clustering.KMeans(featuresCol="f", k=3, seed=1, distanceMeasure="cosine")
        ),
        "distanceMeasure is cosine",
    ),
    "no number": (scaled("Normalizer", p=float("inf")), "not finite"),
    "no prediction": (lambda: classifier("LogisticRegression", predictionCol=""), "no prediction"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_has_no_counterpart(make, said):
    """MLP-014."""
    stages = make()
    model = ml().PipelineModel(stages=stages) if "DCT" in said else fitted(stages)
    with pytest.raises(UnsupportedModel, match=said):
        FLAVOR.bundle_of(model, tables()[0])


# The sample


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (lambda: None, r"sample_input is missing.*MLP-014"),
        (rows, r"data frame of Spark.*not pandas.*MLP-014"),
        (lambda: tables()[0].limit(0), r"no row.*MLP-015"),
        (lambda: tables()[0].drop("a"), r"Spark does not answer sample_input.*MLP-014"),
    ],
)
def test_a_sample_that_says_nothing(sample, said):
    """MLP-014, MLP-015."""
    model = fitted([indexed(), *assembled(columns=("a", "i"))])
    with pytest.raises(InvalidArgument, match=said):
        FLAVOR.bundle_of(model, sample())


def test_a_bundle_that_answers_otherwise_is_not_saved(monkeypatch):
    """MLP-015."""

    def otherwise(stage, known):
        for node in own(stage, known):
            doubled = [2 * one for one in node.attributes["std"]["double"]]
            node.attributes["std"]["double"][:] = doubled
            yield node

    own = _mleap_bundles.STAGES["StandardScalerModel"]
    monkeypatch.setitem(_mleap_bundles.STAGES, "StandardScalerModel", otherwise)
    with pytest.raises(UnsupportedModel, match=r"column 'o' row 0 .* by Spark \(MLP-015\)"):
        FLAVOR.bundle_of(fitted(scaled("StandardScaler")()), tables()[0])


def test_a_bundle_that_does_not_take_what_spark_does():
    """MLP-015."""
    given = table(rows().assign(a=rows()["a"] > 0))
    with pytest.raises(UnsupportedModel, match=r"does not take what Spark does.*'a'.*MLP-015"):
        FLAVOR.bundle_of(fitted(assembled(), given), given)


def test_mleaps_own_package_writes_where_it_is(monkeypatch):
    """MLP-014: how it is called; there is none for the Spark of today, so a stand-in writes."""
    model = fitted([words()])
    path, _ = _mleap_bundles.made_of(model, tables()[0])
    asked = []

    class Serializer:
        def serializeToBundle(self, stages, uri, dataset):  # noqa: N802 - MLeap's name
            asked.append((str(stages.uid()), dataset.columns()[-1]))
            shutil.copy(path, uri.removeprefix("jar:file:"))

    spark = SimpleNamespace(SimpleSparkSerializer=Serializer)
    jvm = SimpleNamespace(
        ml=SimpleNamespace(combust=SimpleNamespace(mleap=SimpleNamespace(spark=spark)))
    )
    monkeypatch.setattr(_mleap_bundles, "has_mleap_spark", lambda: True)
    monkeypatch.setattr(_spark_session, "session_for", lambda: SimpleNamespace(_jvm=jvm))
    bundle = FLAVOR.bundle_of(model, tables()[0])
    path.unlink()
    assert asked == [(model.uid, "w")]
    assert bundle.predict(rows(1))["w"][0] == rows(1)["t"][0].lower().split()


def test_mleaps_own_package_is_not_here():
    assert not _mleap_bundles.has_mleap_spark()


def test_a_large_sample_is_not_answered_whole():
    given = table(rows(0, MOST_ROWS + 500))
    path, sample = _mleap_bundles.made_of(fitted([words()], given), given)
    path.unlink()
    links = (os.path.join("/proc/self/fd", one) for one in os.listdir("/proc/self/fd"))
    assert not [one for one in links if str(path) in os.path.realpath(one)]
    assert len(sample.rows) == MOST_ROWS


def test_a_class_of_the_name_of_sparks_is_another():
    """MLP-014."""
    import pyspark.ml.feature

    class Tokenizer(pyspark.ml.feature.Tokenizer):
        pass

    stage = Tokenizer(inputCol="t", outputCol="w")
    with pytest.raises(UnsupportedModel, match=r"Tokenizer\).*no counterpart in MLeap.*MLP-014"):
        FLAVOR.bundle_of(stage, tables()[0])


def test_what_cannot_be_written_leaves_nothing(monkeypatch, tmp_path):
    """MLP-014."""
    stages = of_words("StopWordsRemover", stopWords=["the"], locale="tr_TR")()
    model = fitted(stages)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UnsupportedModel, match="locale tr_TR"):
        FLAVOR.bundle_of(model, tables()[0])
    assert list(tmp_path.glob("mlmodel-mleap-*")) == []


@pytest.mark.parametrize("number", [np.nan, -np.inf])
def test_numbers_in_lists_that_json_has_not(number, tmp_path):
    """MLP-014."""
    for attribute in (tensor([1.0, number]), values("double", [1.0, number])):
        node = Node("stage", "idf", {"idf": attribute}, [("input", "a")], [("output", "b")])
        with pytest.raises(UnsupportedModel, match="not finite.*MLP-014"):
            write([node], "name", tmp_path / "bundle.zip")


def test_nodes_of_a_tree_stand_in_their_order(monkeypatch):
    """MLP-014: in whatever order a cluster gives what it wrote."""
    own = _mleap_trees.saved_nodes
    monkeypatch.setattr(_mleap_trees, "saved_nodes", lambda *given: own(*given)[::-1])
    held(regressor("GBTRegressor", maxIter=3, maxDepth=3, seed=1))
