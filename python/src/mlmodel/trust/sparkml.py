"""Folders of Spark ML, looked into before Spark reads them (SPK-004 to SPK-008).

They hold parameters as JSON and numbers as Parquet. Three things in them lead to code: the names of
classes, of which Spark makes objects; the SQL of a ``SQLTransformer``, which can call anything; and
the types of users in the schema of a Parquet file. They are held to lists here; what is not on
them may run in a trusted folder alone.

The folder is read as Spark reads it: every file that is not hidden, by where it stands.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mlmodel.errors import shown
from mlmodel.trust import parquet_footer, spark_sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Broken", "Finding", "begins_one", "classes_of", "look_into", "stands_open"]

_STAGES = {
    "": "Pipeline PipelineModel",
    "classification": (
        "DecisionTreeClassificationModel DecisionTreeClassifier FMClassificationModel FMClassifier "
        "GBTClassificationModel GBTClassifier LinearSVC LinearSVCModel LogisticRegression "
        "LogisticRegressionModel MultilayerPerceptronClassificationModel "
        "MultilayerPerceptronClassifier NaiveBayes NaiveBayesModel OneVsRest OneVsRestModel "
        "RandomForestClassificationModel RandomForestClassifier"
    ),
    "clustering": (
        "BisectingKMeans BisectingKMeansModel DistributedLDAModel GaussianMixture "
        "GaussianMixtureModel KMeans KMeansModel LDA LocalLDAModel PowerIterationClustering"
    ),
    "evaluation": (
        "BinaryClassificationEvaluator ClusteringEvaluator MulticlassClassificationEvaluator "
        "MultilabelClassificationEvaluator RankingEvaluator RegressionEvaluator"
    ),
    "feature": (
        "Binarizer BucketedRandomProjectionLSH BucketedRandomProjectionLSHModel Bucketizer "
        "ChiSqSelector ChiSqSelectorModel ColumnPruner CountVectorizer CountVectorizerModel DCT "
        "ElementwiseProduct FeatureHasher HashingTF IDF IDFModel Imputer ImputerModel "
        "IndexToString Interaction MaxAbsScaler MaxAbsScalerModel MinHashLSH MinHashLSHModel "
        "MinMaxScaler MinMaxScalerModel NGram Normalizer OneHotEncoder OneHotEncoderEstimator "
        "OneHotEncoderModel PCA PCAModel PolynomialExpansion QuantileDiscretizer RFormula "
        "RFormulaModel RegexTokenizer RobustScaler RobustScalerModel SQLTransformer StandardScaler "
        "StandardScalerModel StopWordsRemover StringIndexer StringIndexerModel TargetEncoder "
        "TargetEncoderModel Tokenizer UnivariateFeatureSelector UnivariateFeatureSelectorModel "
        "VarianceThresholdSelector VarianceThresholdSelectorModel VectorAssembler "
        "VectorAttributeRewriter VectorIndexer VectorIndexerModel VectorSizeHint VectorSlicer "
        "Word2Vec Word2VecModel"
    ),
    "fpm": "FPGrowth FPGrowthModel",
    "recommendation": "ALS ALSModel",
    "regression": (
        "AFTSurvivalRegression AFTSurvivalRegressionModel DecisionTreeRegressionModel "
        "DecisionTreeRegressor FMRegressionModel FMRegressor GBTRegressionModel GBTRegressor "
        "GeneralizedLinearRegression GeneralizedLinearRegressionModel IsotonicRegression "
        "IsotonicRegressionModel LinearRegression LinearRegressionModel "
        "RandomForestRegressionModel RandomForestRegressor"
    ),
    "tuning": "CrossValidator CrossValidatorModel TrainValidationSplit TrainValidationSplitModel",
}
#: What Spark writes in Python, where a part of it is written in Python.
_PYTHON = {
    "pipeline": "Pipeline PipelineModel",
    "tuning": _STAGES["tuning"],
    "classification": "OneVsRest OneVsRestModel",
}
_SQL_TRANSFORMER = "org.apache.spark.ml.feature.SQLTransformer"
#: The classes that a stage may name (SPK-005).
_KNOWN = frozenset(
    ".".join(filter(None, (package, module, name)))
    for package, modules in (("org.apache.spark.ml", _STAGES), ("pyspark.ml", _PYTHON))
    for module, names in modules.items()
    for name in names.split()
)
#: The types of users that Spark itself writes (SPK-007), and their classes in Python.
_USER_TYPES = {
    f"org.apache.spark.{package}.linalg.{name}": f"pyspark.{package}.linalg.{name}"
    for package in ("ml", "mllib")
    for name in ("VectorUDT", "MatrixUDT")
}
#: Names of folders and files that stand for nothing else: Spark takes paths as patterns.
_PLAIN = re.compile(r"[\w+=@%-][\w+=@%. -]*", re.ASCII)


class Broken(ValueError):
    """Why a file is not what Spark writes, as the end of a sentence, and the rule."""

    def __init__(self, why: str, rule: str) -> None:
        super().__init__(why)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Finding:
    """What in a file could run, as the end of a sentence, and the rule."""

    rule: str
    what: str


def stands_open(relative: str) -> bool:
    """Return whether Spark reads a file of the folder: it is not hidden, nor is what it is in."""
    return not any(part.startswith((".", "_")) for part in PurePosixPath(relative).parts)


def _is_metadata(relative: str) -> bool:
    """Return whether a file says what a stage is: it stands in a folder ``metadata``."""
    return PurePosixPath(relative).parent.name == "metadata"


def begins_one(folder: str, start: bytes) -> bool:
    """Return whether a file begins like one of Spark ML; ``folder`` is the name of its folder."""
    return start[:4] == parquet_footer.MARK or (
        folder == "metadata" and start[:1] == b"{" and b'"class"' in start
    )


def look_into(relative: str, data: bytes) -> Iterator[Finding]:
    """Give what of one file could run; the path is relative to the folder of Spark ML.

    Raises:
        Broken: it is not a file that Spark writes, or not whole.

    """
    if not all(map(_PLAIN.fullmatch, PurePosixPath(relative).parts)):
        raise Broken("has a name that Spark would take for a pattern", "SPK-008")
    if _is_metadata(relative):
        yield from _of_stage(_metadata(data))
    elif data[:4] == parquet_footer.MARK:
        yield from _of_parquet(data)
    else:
        raise Broken("is neither a stage's metadata nor a Parquet file", "SPK-004")


def classes_of(relative: str, data: bytes) -> Iterator[str]:
    """Give the class that a file of metadata names."""
    if _is_metadata(relative):
        yield str(_metadata(data)["class"])


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Broken(f"has the key {shown(key)} twice", "SPK-004")
        found[key] = value
    return found


def _parsed(text: bytes | str, rule: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        if isinstance(error, Broken):
            raise
        raise Broken("is not the JSON that Spark writes", rule) from None


def _metadata(data: bytes) -> dict[str, Any]:
    """Return the one line of JSON that says what a stage is."""
    line = data.rstrip(b"\r\n")
    if b"\n" in line or b"\r" in line:
        raise Broken("has more than one line, of which Spark reads the first", "SPK-004")
    read = _parsed(line, "SPK-004")
    if not isinstance(read, dict) or not isinstance(read.get("class"), str):
        raise Broken("is a stage's metadata, and names no class", "SPK-004")
    return read


def _of_stage(read: dict[str, Any]) -> Iterator[Finding]:
    name, given = read["class"], read.get("paramMap")
    if name not in _KNOWN:
        yield Finding("SPK-005", f"names the class {shown(name)}, which is not one of Spark ML's")
    given = given if isinstance(given, dict) else {}
    if name == _SQL_TRANSFORMER:
        why = spark_sql.why_not_plain(given.get("statement"))
        if why:
            yield Finding("SPK-006", f"holds SQL that {why}")
    for path in (read.get("uid"), *_paths(given)):
        if not isinstance(path, str) or not _PLAIN.fullmatch(path):
            raise Broken(f"names {shown(path)} as a stage, which is not a plain name", "SPK-008")


def _paths(given: dict[str, Any]) -> Iterator[Any]:
    """Give what of a stage's parameters names the folders of others."""
    stages = given.get("stageUids", [])
    yield from stages if isinstance(stages, list) else [stages]
    sets = given.get("estimatorParamMaps", [])
    for one in _mappings(sets):
        if str(one.get("isJson")).lower() == "false":
            yield one.get("value")


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Give every mapping in a value of JSON."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


#: The keys of the texts in a Parquet file that Spark reads.
_OF_SPARK = b"org.apache.spark."


def _of_parquet(data: bytes) -> Iterator[Finding]:
    """Give the types of users in a Parquet file that are not Spark's own."""
    try:
        texts = list(parquet_footer.key_values(data))
    except parquet_footer.BadFooter as error:
        raise Broken(str(error), "SPK-004") from None
    for key, value in texts:
        # Under other keys Spark reads words alone: its version, its calendar.
        if key.startswith(_OF_SPARK) and value.lstrip()[:1] in (b"{", b"["):
            yield from _of_schema(_parsed(value, "SPK-007"))
        elif key == _OF_SPARK + b"sql.parquet.row.metadata":
            raise Broken("has a schema that is not the JSON that Spark writes", "SPK-007")


def _of_schema(schema: Any) -> Iterator[Finding]:
    for one in _mappings(schema):
        if one.get("type") != "udt":
            continue
        name, python = one.get("class"), one.get("pyClass")
        plain = isinstance(name, str) and python in (None, _USER_TYPES.get(name))
        if not plain or name not in _USER_TYPES or "serializedClass" in one:
            which = name if name not in _USER_TYPES else python
            yield Finding("SPK-007", f"has a column of the type {shown(which)}, which is a class")
