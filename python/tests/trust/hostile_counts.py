"""Models whose answers would cost far more than they show, for each row of the table of counts.

``python hostile_counts.py NAME`` asks one for its answer without any check: it never ends, or sets
memory aside until there is none (TRU-096). Some of them fail at once in some versions of their
library, and not in others.
"""

from __future__ import annotations

import copy
import functools
import sys
from typing import Any

import numpy as np
from hostile_numbers import FAR, HOSTILE, X, Y, histograms, hostile
from scipy import sparse, special
from sklearn import (
    cluster,
    decomposition,
    dummy,
    ensemble,
    feature_extraction,
    kernel_approximation,
    manifold,
    neighbors,
    neural_network,
    preprocessing,
)


@functools.cache
def honest() -> list[Any]:
    """Return what has large numbers that nothing goes over, or over no more than it shows."""
    wide = preprocessing.Binarizer().fit(sparse.csr_matrix((2, 5_000_000)))
    seen = preprocessing.StandardScaler().fit(X)
    seen.n_samples_seen_ = np.int64(2**40)
    negative = ensemble.RandomForestRegressor(3, n_jobs=-1).fit(X, Y)
    return [
        wide, seen, negative,
        preprocessing.PolynomialFeatures((2, 3), interaction_only=True).fit(X),
        preprocessing.PolynomialFeatures(2).fit(np.zeros((1, 2000))),
        preprocessing.PolynomialFeatures(100, interaction_only=True).fit(X),
        preprocessing.SplineTransformer(extrapolation="periodic", include_bias=False).fit(X),
        preprocessing.SplineTransformer(degree=2, extrapolation="linear").fit(X),
        kernel_approximation.AdditiveChi2Sampler(sample_steps=9, sample_interval=0.1).fit(X**2),
        kernel_approximation.PolynomialCountSketch(degree=3, n_components=500).fit(X),
        decomposition.NMF(2, max_iter=100_000, tol=0.1).fit(X**2),
        decomposition.MiniBatchNMF(2, max_iter=2).fit(X**2),
        decomposition.SparseCoder(np.eye(3), transform_max_iter=5),
        ensemble.HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(60) % 3),
        manifold.LocallyLinearEmbedding(n_components=2).fit(X),
        cluster.FeatureAgglomeration(2).fit(X), dummy.DummyRegressor().fit(X, np.ones((60, 2))),
        feature_extraction.text.HashingVectorizer(n_features=2**30, ngram_range=(1, 3)),
        neighbors.KNeighborsRegressor(n_jobs=8).fit(X, Y),
        preprocessing.FunctionTransformer(np.clip, kw_args={"a_min": -(10**12), "a_max": 10**12}),
        preprocessing.FunctionTransformer(np.repeat, kw_args={"repeats": 3, "axis": 1}),
        functools.partial(special.boxcox1p, lmbda=1e9), functools.partial(special.eval_hermite, 20),
    ]  # fmt: skip


@hostile(lambda model: model.get_feature_names_out())
def powers_of_a_far_degree() -> Any:
    model = preprocessing.PolynomialFeatures().fit(X)
    model._max_degree = FAR
    return model


@hostile(lambda model: model.transform(sparse.csr_matrix(X)))
def powers_without_a_width() -> Any:
    model = preprocessing.PolynomialFeatures(interaction_only=True).fit(X)
    del model.n_features_in_
    model._min_degree, model._max_degree = 4, FAR
    return model


@hostile(lambda model: model.transform(X).sum())
def powers_of_many_products() -> Any:
    model = preprocessing.PolynomialFeatures().fit(X)
    model._max_degree, model._n_out_full = 900, 10**8
    return model


@hostile(lambda model: model.transform(X).sum())
def powers_of_few_products_in_many_columns() -> Any:
    model = preprocessing.PolynomialFeatures().fit(X)
    model._n_out_full = model.n_output_features_ = 2**27
    return model


@hostile(lambda model: model.transform(X))
def splines_of_a_far_degree() -> Any:
    model = preprocessing.SplineTransformer(extrapolation="linear").fit(X[:50])
    model.degree = FAR
    return model


@hostile(lambda model: model.transform(X).sum())
def splines_of_far_columns() -> Any:
    model = preprocessing.SplineTransformer(include_bias=False).fit(X)
    model.n_features_out_ = 2**27
    return model


@hostile(lambda model: model.transform(X**2))
def steps_of_a_sampler() -> Any:
    model = kernel_approximation.AdditiveChi2Sampler().fit(X**2)
    model.sample_steps, model.sample_interval = FAR, 0.5
    return model


@hostile(lambda model: model.transform(X))
def sketch_of_far_parts() -> Any:
    model = kernel_approximation.PolynomialCountSketch().fit(X)
    model.n_components = 2**26
    return model


@hostile(lambda model: model.transform(X**2))
def factors_of_many_rounds() -> Any:
    model = decomposition.NMF(2, max_iter=3).fit(X**2)
    model.max_iter, model.tol = FAR, 0.0
    return model


@hostile(lambda model: model.transform(X**2))
def factors_of_far_parts() -> Any:
    model = decomposition.NMF(2, max_iter=3).fit(X**2)
    model._n_components = 2**27
    return model


@hostile(lambda model: model.transform(X**2))
def factors_of_batches_of_many_rounds() -> Any:
    model = decomposition.MiniBatchNMF(2, max_iter=3).fit(X**2)
    model._transform_max_iter, model.tol = FAR, 0.0
    return model


@hostile(lambda model: model.transform(X**2))
def topics_of_many_rounds() -> Any:
    model = decomposition.LatentDirichletAllocation(2, max_iter=2).fit(X**2)
    model.max_doc_update_iter, model.mean_change_tol = FAR, -1.0
    return model


@hostile(lambda model: model.transform(X))
def codes_of_many_rounds() -> Any:
    model = decomposition.DictionaryLearning(2, max_iter=2, transform_algorithm="lasso_cd").fit(X)
    model.transform_max_iter = FAR
    return model


@hostile(lambda model: model.transform(X))
def embedding_of_far_columns() -> Any:
    model = manifold.LocallyLinearEmbedding(n_components=1).fit(X)
    model.n_components = 2**27
    return model


@hostile(lambda model: model.transform(X))
def merges_of_features_to_far_columns() -> Any:
    model = cluster.FeatureAgglomeration(2).fit(X)
    model.labels_ = np.array([0, 1, 2**27])
    return model


@hostile()
def constants_of_far_columns() -> Any:
    model = dummy.DummyRegressor().fit(X, Y)
    model.n_outputs_ = 2**27
    return model


@hostile()
def histograms_of_far_columns() -> Any:
    model = histograms()
    model.n_trees_per_iteration_ = 2**27
    return model


@hostile()
def jobs_of_a_forest() -> Any:
    model = ensemble.RandomForestRegressor(3).fit(X, Y)
    model.n_jobs, model.n_estimators = 2**20, 2**20
    return model


@hostile()
def jobs_by_a_text() -> Any:
    model = neighbors.KNeighborsRegressor(algorithm="brute").fit(X, Y)
    model.n_jobs = str(2**20)
    return model


@hostile(lambda model: model.get_feature_names_out())
def names_of_far_features() -> Any:
    model = preprocessing.Binarizer().fit(X)
    model.n_features_in_ = FAR
    return model


@hostile(lambda model: model.get_feature_names_out())
def names_of_far_columns() -> Any:
    model = neural_network.BernoulliRBM(2, n_iter=1).fit(X)
    model._n_features_out = FAR
    return model


@hostile(lambda model: model.transform(X))
def function_that_repeats() -> Any:
    return preprocessing.FunctionTransformer(np.tile, kw_args={"reps": (2**15, 2**15)})


@hostile(lambda model: model.transform(X))
def function_that_splits_for_ever() -> Any:
    return preprocessing.FunctionTransformer(functools.partial(np.diff, n=FAR, axis=0))


@hostile(lambda model: model.transform(["one two"]))
def words_in_groups_of_less_than_none() -> Any:
    model = feature_extraction.text.CountVectorizer().fit(["one two"])
    model.ngram_range = (-FAR, 2)
    return model


@hostile(lambda model: model.transform(X))
def function_of_a_far_degree() -> Any:
    return preprocessing.FunctionTransformer(functools.partial(special.eval_hermite, FAR))


if __name__ == "__main__":
    made, asked = HOSTILE[sys.argv[1]]
    sys.stdout.write(f"{asked(copy.copy(made()))!r:.60}\n")
