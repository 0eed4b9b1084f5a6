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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Broken", "Finding", "classes_of", "is_metadata", "look_into", "stands_open"]

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
_PARQUET = b"PAR1"


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
    """Return whether Spark reads a file of the folder: no part of its path says that it is hidden."""
    return not any(part.startswith((".", "_")) for part in PurePosixPath(relative).parts)


def is_metadata(relative: str) -> bool:
    """Return whether a file says what a stage is: it stands in a folder ``metadata``."""
    return PurePosixPath(relative).parent.name == "metadata"


def look_into(relative: str, data: bytes) -> Iterator[Finding]:
    """Give what of one file could run; the path is relative to the folder of Spark ML.

    Raises:
        Broken: it is not a file that Spark writes, or not whole.

    """
    if not all(map(_PLAIN.fullmatch, PurePosixPath(relative).parts)):
        raise Broken("has a name that Spark would take for a pattern", "SPK-008")
    if is_metadata(relative):
        yield from _of_stage(_metadata(data))
    elif data[:4] == _PARQUET:
        yield from _of_parquet(data)
    else:
        raise Broken("is neither a stage's metadata nor a Parquet file", "SPK-004")


def classes_of(relative: str, data: bytes) -> Iterator[str]:
    """Give the class that a file of metadata names."""
    if is_metadata(relative):
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
        why = _why_not_plain(given.get("statement"))
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


#: What calls programs or takes other tables, and the functions of one row that are known to compute.
_NEVER = frozenset(
    "using union intersect except minus table values join lateral with into insert over".split()
)
_FUNCTIONS = frozenset(
    "abs acos add_months array array_contains ascii asin atan atan2 base64 bin bround cardinality "
    "cast cbrt ceil ceiling char char_length coalesce concat concat_ws conv cos cosh cot "
    "date_add date_diff date_format date_sub date_trunc datediff day dayofmonth dayofweek "
    "dayofyear degrees element_at exp expm1 factorial float floor from_unixtime greatest hash "
    "hex hour hypot if ifnull in initcap instr int isnan isnotnull isnull last_day lcase least "
    "left length levenshtein ln locate log log10 log1p log2 lower lpad ltrim map md5 minute "
    "month months_between named_struct nanvl negative next_day nullif nvl nvl2 pi pmod position "
    "positive pow power quarter radians regexp_extract regexp_replace replace reverse right "
    "rint round rpad rtrim second sha sha1 sha2 shiftleft shiftright sign signum sin sinh size "
    "split sqrt string struct substr substring substring_index tan tanh to_date to_timestamp "
    "translate trim trunc ucase unix_timestamp upper weekday weekofyear year double bigint "
    "and or not when then else where select between as is like".split()
)
_SQL = re.compile(
    r"\s+|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<quoted>`[^`]*`)|(?P<word>[A-Za-z_]\w*)|(?P<sign><=>|<=|>=|<>|!=|==|\|\||[-+*/%=<>(),.!])",
    re.ASCII,
)


def _why_not_plain(statement: Any) -> str:
    """Return why a statement may do more than compute columns from those of its row (SPK-006)."""
    if not isinstance(statement, str):
        return "is not a text"
    if "--" in statement or "/*" in statement:
        return "has a comment"
    tokens, place = [], 0
    while place < len(statement):
        found = _SQL.match(statement, place)
        if found is None:
            return f"has {shown(statement[place])} in it"
        place = found.end()
        if found.lastgroup:
            tokens.append((found.lastgroup, found.group().lower()))
    words = [text for kind, text in tokens if kind == "word"]
    if words[:1] != ["select"] or words.count("select") != 1 or tokens[0] != ("word", "select"):
        return "is not one SELECT"
    never = sorted(_NEVER.intersection(words))
    if never:
        return f"has the word {shown(never[0])} in it"
    after = [tokens[at + 1] for at, token in enumerate(tokens[:-1]) if token == ("word", "from")]
    if after != [("word", "__this__")] or words.count("from") != 1:
        return "takes more than the table that it is given"
    for (kind, text), following in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        called = following == ("sign", "(")
        if called and (kind == "quoted" or (kind == "word" and text not in _FUNCTIONS)):
            return f"calls {shown(text)}"
    at = tokens.index(("word", "__this__"))
    if tokens[at + 1 :] and tokens[at + 1] != ("word", "where"):
        return f"goes on with {shown(tokens[at + 1][1])} after its table"
    return ""


_SCHEMA = b"org.apache.spark."
_DEEPEST = 64
_FALSE_TRUE = (1, 2)
_BYTE, _INTEGERS, _DOUBLE, _BINARY = 3, (4, 5, 6), 7, 8
_LISTS, _MAP, _STRUCT = (9, 10), 11, 12
_KEY_VALUES = 5
_MORE = 0x80


class _Thrift:
    """Thrift's compact protocol, as far as it takes to find the texts beside a Parquet schema."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def key_values(self) -> Iterator[tuple[bytes, bytes]]:
        """Give the texts that stand beside the schema, by their keys."""
        for number, kind in self._fields():
            if number != _KEY_VALUES or kind not in _LISTS:
                self._skip(kind)
                continue
            count, element = self._list()
            if element != _STRUCT:
                raise Broken("has a footer that cannot be read", "SPK-007")
            for _ in range(count):
                texts = {1: b"", 2: b""}
                for field, one in self._fields():
                    if one != _BINARY or field not in texts:
                        self._skip(one)
                    else:
                        texts[field] = self._take(self._number())
                yield texts[1], texts[2]

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise Broken("has a footer that is cut off", "SPK-007")
        taken, self._at = self._data[self._at : end], end
        return taken

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & (_MORE - 1)) << shift
            if byte < _MORE:
                return value
            shift += 7

    def _fields(self) -> Iterator[tuple[int, int]]:
        number = 0
        while (head := self._take(1)[0]) != 0:
            step, kind = divmod(head, 16)
            if step:
                number += step
            else:
                raw = self._number()
                number = (raw >> 1) ^ -(raw & 1)
            yield number, kind

    def _list(self) -> tuple[int, int]:
        count, element = divmod(self._take(1)[0], 16)
        return (self._number() if count == 15 else count), element  # noqa: PLR2004 - more follows

    def _skip(self, kind: int, depth: int = 0, *, in_list: bool = False) -> None:
        if depth > _DEEPEST:
            raise Broken("has a footer that is too deep", "SPK-007")
        if kind in _FALSE_TRUE:
            self._take(int(in_list))
        elif kind == _BYTE:
            self._take(1)
        elif kind in _INTEGERS:
            self._number()
        elif kind == _DOUBLE:
            self._take(8)
        elif kind == _BINARY:
            self._take(self._number())
        elif kind in _LISTS:
            count, element = self._list()
            for _ in range(count):
                self._skip(element, depth + 1, in_list=True)
        elif kind == _STRUCT:
            for _, one in self._fields():
                self._skip(one, depth + 1)
        elif kind == _MAP:
            count = self._number()
            kinds = divmod(self._take(1)[0], 16) if count else (0, 0)
            for _ in range(count):
                for one in kinds:
                    self._skip(one, depth + 1, in_list=True)
        else:
            raise Broken("has a footer that cannot be read", "SPK-007")


def _of_parquet(data: bytes) -> Iterator[Finding]:
    """Give the types of users in a Parquet file that are not Spark's own."""
    if len(data) < 12 or data[-4:] != _PARQUET:  # noqa: PLR2004 - two marks and a length
        raise Broken("is a Parquet file that is cut off", "SPK-004")
    size = int.from_bytes(data[-8:-4], "little")
    if size > len(data) - 12:
        raise Broken("is a Parquet file that is cut off", "SPK-004")
    for key, value in _Thrift(data[len(data) - 8 - size : -8]).key_values():
        # Of the texts under other keys Spark reads none (its version and its calendar are words).
        if key.startswith(_SCHEMA) and value.lstrip()[:1] in (b"{", b"["):
            yield from _of_schema(_parsed(value, "SPK-007"))
        elif key == _SCHEMA + b"sql.parquet.row.metadata":
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
