"""Models of Spark that predict, as nodes of MLeap (MLP-014)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._mleap_nodes import Node, tensor, text, value, values
from mlmodel.flavors._mleap_stages import given, refused
from mlmodel.flavors._mleap_trees import ensemble, tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlmodel.flavors._mleap_stages import Known

__all__ = ["MODELS"]

#: MLeap's ports -> the parameters that name the columns; one may be empty, and is then not written.
_PORTS = {
    "raw_prediction": "rawPredictionCol",
    "probability": "probabilityCol",
    "prediction": "predictionCol",
}
_REGRESSION_TREE, _CLASSIFICATION_TREE = "decision_tree_regression", "decision_tree_classifier"


def _model(
    stage: Any, op: str, attributes: Mapping[str, Any], files: Mapping[str, str] | None = None
) -> Iterator[Node]:
    outputs = [(port, given(stage, name)) for port, name in _PORTS.items() if given(stage, name)]
    if not outputs or outputs[-1][0] != "prediction":
        raise refused(stage, "it writes no prediction")
    inputs = [("features", given(stage, "featuresCol"))]
    yield Node(stage.uid, op, attributes, inputs, outputs, files or {})


def _counts(stage: Any) -> dict[str, Any]:
    """Return how many features a model takes and, if it is a classifier, how many classes."""
    found = {"num_features": value("long", int(stage.numFeatures))}
    if stage.hasParam("rawPredictionCol"):
        found["num_classes"] = value("long", int(stage.numClasses))
    return found


def _thresholds(stage: Any) -> dict[str, Any]:
    found = given(stage, "thresholds")
    return {} if found is None else {"thresholds": values("double", found)}


def _linear_regression(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "coefficients": tensor(stage.coefficients.toArray()),
        "intercept": value("double", float(stage.intercept)),
    }
    return _model(stage, "linear_regression", attributes)


def _logistic_regression(stage: Any, _: Known) -> Iterator[Node]:
    matrix, classes = stage.coefficientMatrix.toArray(), int(stage.numClasses)
    attributes = {"num_classes": value("long", classes)}
    if len(matrix) == 1:
        threshold = float(stage.getThreshold())
        attributes["coefficients"] = tensor(matrix[0])
        attributes["intercept"] = value("double", float(stage.intercept))
        attributes["threshold"] = value("double", threshold)
    elif classes == 2:  # noqa: PLR2004 - two classes
        raise refused(stage, "its family is multinomial, and it has two classes only")
    else:
        attributes["coefficient_matrix"] = tensor(matrix)
        attributes["intercept_vector"] = tensor(stage.interceptVector.toArray())
        attributes |= _thresholds(stage)
    return _model(stage, "logistic_regression", attributes)


def _linear_svc(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "num_classes": value("long", 2),
        "coefficients": tensor(stage.coefficients.toArray()),
        "intercept": value("double", float(stage.intercept)),
        "threshold": value("double", float(given(stage, "threshold"))),
    }
    return _model(stage, "linear_svc", attributes)


def _naive_bayes(stage: Any, _: Known) -> Iterator[Node]:
    kind = given(stage, "modelType")
    if kind not in {"bernoulli", "multinomial"}:
        raise refused(stage, f"its modelType is {kind}")
    attributes = {
        "pi": tensor(stage.pi.toArray()),
        "theta": tensor(stage.theta.toArray()),
        "model_type": text(kind),
    }
    return _model(stage, "naive_bayes", {**_counts(stage), **attributes, **_thresholds(stage)})


def _perceptron(stage: Any, _: Known) -> Iterator[Node]:
    attributes = {
        "layers": values("long", given(stage, "layers")),
        "weights": tensor(stage.weights.toArray()),
    }
    op = "multi_layer_perceptron_classifier"
    return _model(stage, op, {**attributes, **_thresholds(stage)})


def _k_means(stage: Any, _: Known) -> Iterator[Node]:
    distance = given(stage, "distanceMeasure")
    if distance != "euclidean":
        raise refused(stage, f"its distanceMeasure is {distance}")
    centers = [tensor(one) for one in stage.clusterCenters()]
    for center in centers:
        del center["type"]
    attributes = {
        "cluster_centers": {"tensor": centers, "type": "list"},
        "num_features": value("long", len(stage.clusterCenters()[0])),
    }
    inputs = [("features", given(stage, "featuresCol"))]
    outputs = [("prediction", given(stage, "predictionCol"))]
    yield Node(stage.uid, "k_means", attributes, inputs, outputs)


def _tree(stage: Any, known: Known) -> Iterator[Node]:
    attributes = _counts(stage)
    is_classifier = "num_classes" in attributes
    op = _CLASSIFICATION_TREE if is_classifier else _REGRESSION_TREE
    files = tree(known.session, stage, attributes)
    return _model(stage, op, {**attributes, **_thresholds(stage)}, files)


def _trees(op: str, of: str) -> Callable[[Any, Known], Iterator[Node]]:
    """Return what an ensemble is in a bundle: of the operation ``op``, of trees that are ``of``."""

    def nodes(stage: Any, known: Known) -> Iterator[Node]:
        counts = _counts(stage)
        own = dict(counts)
        if of == _REGRESSION_TREE:
            own.pop("num_classes", None)
        more, files = ensemble(known.session, stage, of, own)
        return _model(stage, op, {**counts, **more, **_thresholds(stage)}, files)

    return nodes


#: Spark's classes of pyspark.ml -> what they are in a bundle.
MODELS: Mapping[str, Callable[[Any, Known], Iterator[Node]]] = {
    "DecisionTreeClassificationModel": _tree,
    "DecisionTreeRegressionModel": _tree,
    "GBTClassificationModel": _trees("gbt_classifier", _REGRESSION_TREE),
    "GBTRegressionModel": _trees("gbt_regression", _REGRESSION_TREE),
    "KMeansModel": _k_means,
    "LinearRegressionModel": _linear_regression,
    "LinearSVCModel": _linear_svc,
    "LogisticRegressionModel": _logistic_regression,
    "MultilayerPerceptronClassificationModel": _perceptron,
    "NaiveBayesModel": _naive_bayes,
    "RandomForestClassificationModel": _trees("random_forest_classifier", _CLASSIFICATION_TREE),
    "RandomForestRegressionModel": _trees("random_forest_regression", _REGRESSION_TREE),
}
