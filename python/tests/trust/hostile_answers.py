"""Models that work out the places of a matrix, and get other ones than the matrix has (TRU-099 …).

``python hostile_answers.py NAME`` asks one for its answer without any check: it crashes, or writes
over memory that is not the model's.
"""

from __future__ import annotations

import copy
import functools
import operator
import sys
from typing import Any

import numpy as np
from hostile_numbers import CLASSES, FAR, HOSTILE, THREE, X, Y, hostile
from sklearn import (
    calibration,
    compose,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

MANY = 2_000_000
LABELS = np.column_stack([CLASSES, 1 - CLASSES, CLASSES])


def rest(member: Any) -> Any:
    """Return an estimator of several labels with one member put in the place of its first."""
    model = multiclass.OneVsRestClassifier(linear_model.LogisticRegression()).fit(X, LABELS)
    model.estimators_[0] = member
    return model


def logistic() -> Any:
    return linear_model.LogisticRegression().fit(X, CLASSES)


@hostile()
def rest_of_more_scores() -> Any:
    member = logistic()
    member.coef_ = np.ones((MANY, 3))
    return rest(member)


@hostile()
def rest_of_more_intercepts() -> Any:
    member = logistic()
    member.intercept_ = np.ones(MANY)
    return rest(member)


@hostile()
def rest_of_repeated_rows() -> Any:
    repeat = preprocessing.FunctionTransformer(np.repeat, kw_args={"repeats": 10_000, "axis": 0})
    return rest(pipeline.make_pipeline(repeat, logistic()))


@hostile(lambda model: model.predict(X[:1]))
def rest_of_rows_by_broadcasting() -> Any:
    member = naive_bayes.GaussianNB().fit(X, CLASSES)
    member.theta_ = np.zeros((2, MANY, 3))
    return rest(member)


@hostile(lambda model: model.predict(X[:1]))
def rest_of_rows_by_a_transformer() -> Any:
    wide = decomposition.FactorAnalysis(2).fit(X)
    wide.mean_ = np.zeros((MANY, 3))
    return rest(
        pipeline.make_pipeline(wide, linear_model.LogisticRegression().fit(X[:, :2], CLASSES))
    )


@hostile(lambda model: model.predict(np.array([["a"] * 3000], dtype=object)))
def rest_of_texts_by_columns() -> Any:
    words = pipeline.make_pipeline(
        feature_extraction.text.CountVectorizer(token_pattern="."),
        linear_model.LogisticRegression(),
    )
    words.fit(["a", "b"], [1, 0])
    by = preprocessing.FunctionTransformer(np.ravel)
    model = rest(pipeline.make_pipeline(by, words))
    model.estimators_ = model.estimators_[:1] * 3
    return model


@hostile(lambda model: model.predict(np.repeat(X, 50_000, axis=0)))
def boosting_that_begins_with_nothing() -> Any:
    model = ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    model.init_.constant_, model.init_.n_outputs_ = np.zeros((1, 0)), 0
    return model


def begun(member: Any) -> Any:
    model = ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    model.init_ = member
    return model


@hostile(lambda model: model.predict(np.repeat(X, 50_000, axis=0)))
def boosting_that_begins_with_fewer_rows() -> Any:
    first = preprocessing.FunctionTransformer(operator.itemgetter(0))
    flat = preprocessing.FunctionTransformer(np.atleast_2d)
    return begun(pipeline.make_pipeline(first, flat, linear_model.LinearRegression().fit(X, Y)))


@hostile(lambda model: model.predict(np.repeat(X, 50_000, axis=0)))
def boosting_that_begins_with_no_columns() -> Any:
    member = linear_model.LinearRegression().fit(X, Y)
    member.coef_, member.intercept_ = np.ones((0, 3)), np.zeros(0)
    return begun(member)


def encoder(**arguments: Any) -> Any:
    words = np.array([["a"], ["a"], ["b"], ["c"]])
    return preprocessing.OneHotEncoder(sparse_output=False, **arguments).fit(words)


@hostile(lambda model: model.transform([["z"]]))
def encoder_of_a_far_rare_category() -> Any:
    model = encoder(min_frequency=1, handle_unknown="infrequent_if_exist")
    model._infrequent_indices = [np.array([FAR // 16])]
    return model


@hostile(lambda model: model.predict(np.full((10, 2), 299_999.0)))
def encoder_of_summed_columns() -> Any:
    model = preprocessing.OneHotEncoder(handle_unknown="ignore").fit(np.zeros((2, 2)))
    model.categories_ = [np.arange(MANY * 1.0), np.zeros(1)]
    model._n_features_outs = np.array([MANY, 1])
    last = linear_model.LinearRegression()
    last.coef_, last.intercept_ = np.ones(MANY + 1), 0.0
    return pipeline.make_pipeline(model, last)


@hostile(lambda model: model.transform([[3.0]]))
def encoder_of_unsorted_categories() -> Any:
    model = preprocessing.OneHotEncoder(sparse_output=False).fit([[1.0], [2.0], [3.0]])
    model.categories_ = [np.array([3.0, 1.0, 2.0])]
    return model


@hostile(lambda model: model.transform(X).toarray())
def graph_of_another_graph() -> Any:
    first = neighbors.KNeighborsTransformer(n_neighbors=3).fit(X)
    second = neighbors.KNeighborsTransformer(n_neighbors=2, metric="precomputed").fit(
        np.zeros((3, 3))
    )
    return pipeline.make_pipeline(first, second)


@hostile(lambda model: model.predict(TABLE))
def histograms_of_a_column_taken_away() -> Any:
    model = ensemble.HistGradientBoostingRegressor(
        max_iter=2, min_samples_leaf=2, categorical_features=[0]
    ).fit(TABLE, Y)
    part = preprocessing.FunctionTransformer(np.mean, kw_args={"axis": 1, "keepdims": True})
    parts = model._preprocessor.transformers_
    model._preprocessor.transformers_ = [
        (name, part if "Function" in type(one).__name__ else one, columns)
        for name, one, columns in parts
    ]
    for predictor in model._predictors:
        nodes = predictor[0].nodes
        nodes["feature_idx"][nodes["is_leaf"] == 0] = 2_999
        nodes["is_categorical"] = 0
    return model


@hostile(lambda model: model.transform(X))
def spline_with_knots_of_another_version() -> Any:
    model = preprocessing.SplineTransformer().fit(X)
    for one in model.bsplines_:
        state = vars(one)
        good, read = ("_t", "t") if "t" in state else ("t", "_t")
        state[good], state[read] = state[read], np.linspace(-5, 5, MANY)
        state["_c" if good == "_t" else "c"] = one.c
    return model


@hostile()
def boosting_of_columns_of_another_version() -> Any:
    model = ensemble.GradientBoostingClassifier(n_estimators=2, init="zero").fit(X, THREE)
    model.n_trees_per_iteration_ = 3
    if hasattr(model._loss, "K"):  # until scikit-learn 1.4
        model._loss.K = 1
    else:
        model.n_trees_per_iteration_ = 1
    return model


@hostile()
def votes_for_a_far_label() -> Any:
    model = ensemble.VotingClassifier([("a", logistic()), ("b", logistic())]).fit(X, CLASSES)
    model.estimators_[0].classes_ = np.array([FAR, FAR + 1])
    return model


def _members() -> list[Any]:
    """Return estimators of two classes that are asked for one answer for each row."""
    logistic = linear_model.LogisticRegression()
    few = {"n_estimators": 2}
    columns = compose.make_column_transformer(
        (preprocessing.StandardScaler(), [0, 1]),
        (preprocessing.PowerTransformer(), [2]),
        remainder="passthrough",
    )
    steps = (
        columns,
        preprocessing.FunctionTransformer(np.tanh),
        impute.SimpleImputer(add_indicator=True),
        feature_selection.SelectKBest(k=2),
        preprocessing.PolynomialFeatures(2),
        pipeline.make_union(
            decomposition.PCA(2),
            preprocessing.KBinsDiscretizer(3, quantile_method="linear")
            if "quantile_method" in preprocessing.KBinsDiscretizer().get_params()
            else preprocessing.KBinsDiscretizer(3),
        ),
        decomposition.TruncatedSVD(2),
    )
    return [
        logistic, pipeline.make_pipeline(*steps, logistic), linear_model.RidgeClassifier(),
        linear_model.SGDClassifier(), linear_model.SGDClassifier(loss="log_loss").fit(X, CLASSES).sparsify(),
        linear_model.Perceptron(), svm.LinearSVC(), svm.SVC(), svm.NuSVC(nu=0.1),
        discriminant_analysis.LinearDiscriminantAnalysis(), naive_bayes.GaussianNB(),
        pipeline.make_pipeline(preprocessing.MinMaxScaler(), naive_bayes.MultinomialNB()),
        pipeline.make_pipeline(preprocessing.Binarizer(), naive_bayes.BernoulliNB()),
        neighbors.KNeighborsClassifier(), neural_network.MLPClassifier(max_iter=3),
        tree.DecisionTreeClassifier(max_depth=2), tree.ExtraTreeClassifier(max_depth=2),
        ensemble.RandomForestClassifier(**few), ensemble.ExtraTreesClassifier(**few),
        ensemble.AdaBoostClassifier(**few), ensemble.BaggingClassifier(svm.SVC(), **few),
        ensemble.GradientBoostingClassifier(**few), ensemble.HistGradientBoostingClassifier(max_iter=2),
        ensemble.VotingClassifier([("a", logistic), ("b", naive_bayes.GaussianNB())], voting="soft"),
        ensemble.StackingClassifier([("a", logistic), ("b", svm.LinearSVC())], cv=2),
        calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2), dummy.DummyClassifier(),
        model_selection.GridSearchCV(svm.SVC(), {"C": [1.0, 2.0]}, cv=2),
        feature_selection.RFE(logistic, n_features_to_select=2), linear_model.LinearRegression(),
        tree.DecisionTreeRegressor(max_depth=2),
    ]  # fmt: skip


def _starts() -> list[Any]:
    """Return estimators by which gradient boosting may begin."""
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.Ridge())
    return [
        scaled, linear_model.LassoCV(cv=2), ensemble.RandomForestRegressor(2), svm.SVR(),
        neighbors.KNeighborsRegressor(), neural_network.MLPRegressor(max_iter=3), dummy.DummyRegressor(),
        ensemble.VotingRegressor([("a", scaled), ("b", tree.DecisionTreeRegressor(max_depth=2))]),
        ensemble.AdaBoostRegressor(n_estimators=2), ensemble.HistGradientBoostingRegressor(max_iter=2),
    ]  # fmt: skip


@functools.cache
def honest() -> list[Any]:
    """Return what answers one number for each row, and what keeps its places within."""
    constant = np.column_stack([CLASSES, np.ones(len(X), int)])
    numbers = np.array([[3.0], [1.0], [np.nan]])
    order = np.array([["low"], ["high"]], dtype=object)
    return [
        *(multiclass.OneVsRestClassifier(member).fit(X, LABELS) for member in _members()),
        multiclass.OneVsRestClassifier(svm.LinearSVC()).fit(X, constant),
        multiclass.OneVsRestClassifier(linear_model.LogisticRegression()).fit(X, CLASSES),
        multiclass.OneVsRestClassifier(multiclass.OneVsRestClassifier(svm.SVC())).fit(X, LABELS),
        # Whatever a member answers, numpy compares it where there is one label for a row.
        multiclass.OneVsRestClassifier(discriminant_analysis.QuadraticDiscriminantAnalysis()).fit(X, THREE),
        *(ensemble.GradientBoostingRegressor(n_estimators=2, init=one).fit(X, Y) for one in _starts()),
        ensemble.GradientBoostingClassifier(n_estimators=2, init=linear_model.LogisticRegression()).fit(X, CLASSES),
        ensemble.GradientBoostingClassifier(n_estimators=2).fit(X, THREE),
        preprocessing.OneHotEncoder().fit(numbers), preprocessing.OneHotEncoder(categories=[["low", "high"]]).fit(order),
        preprocessing.OneHotEncoder(max_categories=2, handle_unknown="infrequent_if_exist").fit(np.array([["a", 1], ["b", 1], ["c", 1]], dtype=object)),
        ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", svm.SVC())]).fit(X, CLASSES + 5),
    ]  # fmt: skip


TABLE = np.column_stack([CLASSES, np.tile(Y[:, None], 2_999)])


if __name__ == "__main__":
    made, asked = HOSTILE[sys.argv[1]]
    sys.stdout.write(f"{asked(copy.copy(made()))!r:.60}\n")
