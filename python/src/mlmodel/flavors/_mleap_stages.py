"""Stages of Spark that prepare features, as nodes of MLeap (MLP-014).

Each function says what one class of Spark is in a bundle. What MLeap does otherwise than Spark is
refused here, by the parameter, unless another node of MLeap's does what Spark does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mlmodel.errors import UnsupportedModel
from mlmodel.flavors._mleap_nodes import Node, flag, shape, tensor, text, texts, value, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["FEATURES", "Known", "given", "refused"]

#: Locales whose small letters are not those of all others.
_OWN_LETTERS = ("az", "lt", "tr")
#: Types of Spark's columns whose values are whole.
_WHOLE = ("ByteType", "IntegerType", "LongType", "ShortType")


class Known(NamedTuple):
    """What the sample shows of the columns, by name."""

    session: Any
    #: The names of Spark's types.
    types: Mapping[str, str]
    #: The sizes of vectors.
    sizes: Mapping[str, int]
    #: The labels of indices.
    labels: Mapping[str, Sequence[str]]


def given(stage: Any, name: str) -> Any:
    """Return the value of a parameter; None where it has none."""
    return stage.getOrDefault(name) if stage.hasParam(name) and stage.isDefined(name) else None


def refused(stage: Any, why: str) -> UnsupportedModel:
    """Return the error for a stage that no node of MLeap's answers as; ``why`` ends a sentence."""
    return UnsupportedModel(
        f"The stage {stage.uid} ({type(stage).__name__}) has no counterpart in MLeap: {why} "
        "(MLP-014)"
    )


def _pairs(stage: Any) -> list[tuple[str, str]]:
    """Return the columns that a stage takes, each with the one that it writes."""
    if stage.hasParam("inputCols") and stage.isSet("inputCols"):
        outputs = given(stage, "outputCols")
        return list(zip(given(stage, "inputCols"), outputs, strict=True))
    return [(given(stage, "inputCol"), given(stage, "outputCol"))]


def _each(
    stage: Any, op: str, attributes: Callable[[int, str], Mapping[str, Any]]
) -> Iterator[Node]:
    """Give a node for each column that a stage takes."""
    pairs = _pairs(stage)
    for at, (taken, written) in enumerate(pairs):
        name = stage.uid if len(pairs) == 1 else f"{stage.uid}_{at}"
        yield Node(name, op, attributes(at, taken), [("input", taken)], [("output", written)])


def _one(stage: Any, op: str, attributes: Mapping[str, Any]) -> Iterator[Node]:
    return _each(stage, op, lambda *_: attributes)


def _string_indexer(stage: Any, known: Known) -> Iterator[Node]:
    labels = stage.labelsArray
    for taken, _ in _pairs(stage):
        kind = known.types[taken]
        if kind != "StringType":
            raise refused(stage, f"its column {taken!r} is of the type {kind}, and no text")
    invalid = given(stage, "handleInvalid")

    def attributes(at: int, _: str) -> Mapping[str, Any]:
        return {
            "labels_length": value("int", 1),
            "labels_array_0": texts(labels[at]),
            "handle_invalid": text(invalid),
        }

    return _each(stage, "string_indexer", attributes)


def _index_to_string(stage: Any, known: Known) -> Iterator[Node]:
    taken = given(stage, "inputCol")
    labels = given(stage, "labels") or known.labels.get(taken)
    if not labels:
        raise refused(stage, f"it has no labels, and the column {taken!r} does not say them")
    attributes = {"labels": texts(labels), "input_shape": {"data_shape": shape(None)}}
    return _one(stage, "reverse_string_indexer", attributes)


def _vector_assembler(stage: Any, known: Known) -> Iterator[Node]:
    taken = given(stage, "inputCols")
    shapes = [shape(known.sizes.get(name)) for name in taken]
    attributes = {
        "input_shapes": {"data_shape": shapes, "type": "list"},
        # MLeap does not know it; the bridge goes by it (MLP-008).
        "handle_invalid": text(given(stage, "handleInvalid")),
    }
    ports = [(f"input{at}", name) for at, name in enumerate(taken)]
    outputs = [("output", given(stage, "outputCol"))]
    yield Node(stage.uid, "vector_assembler", attributes, ports, outputs)


def _standard_scaler(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {}
    if given(stage, "withMean") or not given(stage, "withStd"):
        mean = stage.mean.toArray()
        attributes["mean"] = tensor(mean if given(stage, "withMean") else np.zeros_like(mean))
    if given(stage, "withStd"):
        attributes["std"] = tensor(stage.std.toArray())
    return _one(stage, "standard_scaler", attributes)


def _min_max_scaler(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "min": tensor(stage.originalMin.toArray()),
        "max": tensor(stage.originalMax.toArray()),
        "minValue": value("double", given(stage, "min")),
        "maxValue": value("double", given(stage, "max")),
    }
    return _one(stage, "min_max_scaler", attributes)


def _max_abs_scaler(stage: Any, _: Known) -> Iterator[Node]:
    """As a division: MLeap's own node holds what it scales between the ends, and Spark does not."""
    most = stage.maxAbs.toArray()
    return _one(stage, "standard_scaler", {"std": tensor(np.where(most == 0, 1.0, most))})


def _normalizer(stage: Any, known: Known) -> Iterator[Node]:
    size = known.sizes[given(stage, "inputCol")]
    norm = float(given(stage, "p"))
    attributes = {"p_norm": value("double", norm), "input_size": value("int", size)}
    return _one(stage, "normalizer", attributes)


def _one_hot_encoder(stage: Any, _: Known) -> Iterator[Node]:
    pairs = _pairs(stage)
    attributes = {
        "category_sizes": values("int", stage.categorySizes),
        "drop_last": flag(given(stage, "dropLast")),
        "handle_invalid": text(given(stage, "handleInvalid")),
    }
    inputs = [(f"input{at}", taken) for at, (taken, _) in enumerate(pairs)]
    outputs = [(f"output{at}", written) for at, (_, written) in enumerate(pairs)]
    yield Node(stage.uid, "one_hot_encoder", attributes, inputs, outputs)


def _bucketizer(stage: Any, _: Known) -> Iterator[Node]:
    single = not stage.isSet("inputCols")
    splits = [given(stage, "splits")] if single else given(stage, "splitsArray")
    invalid = given(stage, "handleInvalid")

    def attributes(at: int, _: str) -> Mapping[str, Any]:
        # A bundle says an end that is infinite by null.
        ends = [None if math.isinf(one) else one for one in splits[at]]
        return {"splits": values("double", ends), "handle_invalid": text(invalid)}

    return _each(stage, "bucketizer", attributes)


def _binarizer(stage: Any, known: Known) -> Iterator[Node]:
    single = not stage.isSet("inputCols")
    thresholds = [given(stage, "threshold")] if single else given(stage, "thresholds")
    thresholds = thresholds or [given(stage, "threshold")] * len(_pairs(stage))

    def attributes(at: int, taken: str) -> Mapping[str, Any]:
        size = known.sizes.get(taken)
        if size is not None and thresholds[at] < 0:
            raise refused(stage, "its threshold for a vector is less than 0")
        return {
            "threshold": value("double", thresholds[at]),
            "input_shapes": {"data_shape": shape(size)},
        }

    return _each(stage, "binarizer", attributes)


def _imputer(stage: Any, known: Known) -> Iterator[Node]:
    surrogates = stage.surrogateDF.first().asDict()
    missing = given(stage, "missingValue")

    def attributes(_: int, taken: str) -> Mapping[str, Any]:
        found = {
            "surrogate_value": value("double", _of_type(surrogates[taken], known.types[taken])),
            "strategy": text(given(stage, "strategy")),
            "nullable_input": {"boolean": True},
        }
        if not math.isnan(missing):
            found["missing_value"] = value("double", missing)
        return found

    return _each(stage, "imputer", attributes)


def _of_type(number: float, kind: str) -> float:
    """Return a number as Spark has it in a column of a type."""
    if kind in _WHOLE:
        return float(int(number))
    return float(np.float32(number)) if kind == "FloatType" else float(number)


def _tokenizer(stage: Any, _: Known) -> Iterator[Node]:
    return _one(stage, "tokenizer", {})


def _regex_tokenizer(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "regex": text(given(stage, "pattern")),
        "match_gaps": flag(given(stage, "gaps")),
        "token_min_length": value("int", given(stage, "minTokenLength")),
        "lowercase_text": flag(given(stage, "toLowercase")),
    }
    return _one(stage, "regex_tokenizer", attributes)


def _stop_words_remover(stage: Any, _: Known) -> Iterator[Node]:
    locale, is_exact = str(given(stage, "locale")), given(stage, "caseSensitive")
    if not is_exact and locale[:2] in _OWN_LETTERS:
        raise refused(stage, f"its locale {locale} has small letters of its own")
    attributes = {"stop_words": texts(given(stage, "stopWords")), "case_sensitive": flag(is_exact)}
    return _one(stage, "stopwords_remover", attributes)


def _hashing_tf(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "num_features": value("long", given(stage, "numFeatures")),
        "binary": flag(given(stage, "binary")),
        "hashUnsafeBytesVersion": value("int", 2),
    }
    return _one(stage, "hashing_term_frequency", attributes)


def _idf(stage: Any, _: Known) -> Iterator[Node]:
    return _one(stage, "idf", {"idf": tensor(stage.idf.toArray())})


def _count_vectorizer(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "vocabulary": texts(stage.vocabulary),
        "binary": flag(given(stage, "binary")),
        "min_tf": value("double", given(stage, "minTF")),
    }
    return _one(stage, "count_vectorizer", attributes)


def _ngram(stage: Any, _: Known) -> Iterator[Node]:
    return _one(stage, "ngram", {"n": value("long", given(stage, "n"))})


def _pca(stage: Any, _: Known) -> Iterator[Node]:
    return _one(stage, "pca", {"principal_components": tensor(stage.pc.toArray())})


def _vector_slicer(stage: Any, known: Known) -> Iterator[Node]:
    if given(stage, "names"):
        raise refused(stage, "it chooses by names, which a vector of MLeap does not have")
    attributes = {
        "indices": values("long", given(stage, "indices")),
        "names": texts(()),
        "named_indices": values("int", ()),
        "input_size": value("int", known.sizes[given(stage, "inputCol")]),
    }
    return _one(stage, "vector_slicer", attributes)


def _polynomial_expansion(stage: Any, known: Known) -> Iterator[Node]:
    size = known.sizes[given(stage, "inputCol")]
    attributes = {
        "degree": value("long", given(stage, "degree")),
        "input_size": value("long", size),
    }
    return _one(stage, "polynomial_expansion", attributes)


#: Spark's classes of pyspark.ml.feature -> what they are in a bundle.
FEATURES: Mapping[str, Callable[[Any, Known], Iterator[Node]]] = {
    "Binarizer": _binarizer,
    "Bucketizer": _bucketizer,
    "CountVectorizerModel": _count_vectorizer,
    "HashingTF": _hashing_tf,
    "IDFModel": _idf,
    "ImputerModel": _imputer,
    "IndexToString": _index_to_string,
    "MaxAbsScalerModel": _max_abs_scaler,
    "MinMaxScalerModel": _min_max_scaler,
    "NGram": _ngram,
    "Normalizer": _normalizer,
    "OneHotEncoderModel": _one_hot_encoder,
    "PCAModel": _pca,
    "PolynomialExpansion": _polynomial_expansion,
    "RegexTokenizer": _regex_tokenizer,
    "StandardScalerModel": _standard_scaler,
    "StopWordsRemover": _stop_words_remover,
    "StringIndexerModel": _string_indexer,
    "Tokenizer": _tokenizer,
    "VectorAssembler": _vector_assembler,
    "VectorSlicer": _vector_slicer,
}
