"""Support vectors: libsvm copies and adds by counts that it does not check (TRU-058)."""

from __future__ import annotations

import types
from typing import Any

from mlmodel.trust.bounds.values import attributes, is_array, is_within, width_of

__all__ = ["TABLE"]

_CUT = "a machine of support vectors has arrays that do not fit each other"
_CLASSIFIERS = ("c_svc", "nu_svc")


def _machine(estimator: Any) -> str:
    state = attributes(estimator)
    if "support_vectors_" not in state and "_n_support" not in state:
        return ""
    if "_impl" in state or type(state.get("_sparse")) is not bool:
        return "a machine of support vectors does not say of which kind it is"
    counts = state["_n_support"]
    if not is_array(counts, None, kinds="i") or not is_within(counts, 2**31) or len(counts) < 2:  # noqa: PLR2004
        return _CUT
    is_classifier = getattr(type(estimator), "_impl", "") in _CLASSIFIERS
    classes = len(counts)
    if not _fit_classes(state, classes, is_classifier=is_classifier):
        return _CUT
    vectors = int(counts.sum()) if is_classifier else int(counts[0])
    if state["_sparse"]:
        return _sparse(estimator, vectors, classes - 1)
    return _dense(estimator, vectors, classes - 1)


def _fit_classes(state: Any, classes: int, *, is_classifier: bool) -> bool:
    """Whether there are the numbers that so many classes, and pairs of them, need."""
    if not is_classifier and classes != 2:  # noqa: PLR2004 - as libsvm has it
        return False
    pairs = classes * (classes - 1) // 2
    chances = [state.get(key) for key in ("_probA", "_probB")]
    return (
        is_array(state["_intercept_"], pairs, kinds="f")
        and all(is_array(one, None, kinds="f") for one in chances)
        and _are_chances([len(one) for one in chances], pairs, is_classifier=is_classifier)
        and (not is_classifier or len(state["classes_"]) == classes)
    )


def _are_chances(sizes: list[int], pairs: int, *, is_classifier: bool) -> bool:
    """Whether there are as many numbers of Platt's as are copied, or none."""
    if is_classifier:
        return sizes in ([0, 0], [pairs, pairs])
    return sizes in ([0, 0], [1, 0], [1, 1])


def _dense(estimator: Any, vectors: int, rows: int) -> str:
    state = attributes(estimator)
    support, width = state["support_"], width_of(estimator)
    right = is_array(support, vectors, kinds="i") and is_array(
        state["_dual_coef_"], rows, vectors, kinds="f"
    )
    if not right:
        return _CUT
    kernel = state.get("kernel")
    if kernel == "precomputed" or callable(kernel):
        fitted = state.get("shape_fit_", ())
        if len(fitted) != 2 or not is_within(support, int(fitted[0])):  # noqa: PLR2004
            return "a machine of support vectors refers to rows that it was not fitted to"
        return _called(state, kernel, int(fitted[0])) if callable(kernel) else ""
    return "" if is_array(state["support_vectors_"], vectors, width, kinds="f") else _CUT


def _called(state: dict[str, Any], kernel: Any, rows: int) -> str:
    """Check that a function of a kernel gives as many columns as there were rows to fit to."""
    name = getattr(kernel, "__name__", "")
    own = isinstance(kernel, types.FunctionType) and kernel.__module__ == "sklearn.metrics.pairwise"
    fitted = state.get("_BaseLibSVM__Xfit")
    if not own or not (name.endswith("_kernel") or name == "cosine_similarity"):
        return "a machine of support vectors has a function for its kernel that is not known"
    return "" if getattr(fitted, "shape", (-1,))[0] == rows else _CUT


def _sparse(estimator: Any, vectors: int, rows: int) -> str:
    state = attributes(estimator)
    matrix, coefficients = state["support_vectors_"], state["_dual_coef_"]
    right = (
        state.get("kernel") in {"linear", "poly", "rbf", "sigmoid"}
        and matrix.format == coefficients.format == "csr"
        and matrix.shape == (vectors, width_of(estimator))
        and len(matrix.indptr) == vectors + 1
        and len(matrix.data) == len(matrix.indices) == matrix.indptr[-1]
        and is_array(coefficients.data, rows * vectors, kinds="f")
    )
    return "" if right else _CUT


TABLE = {"sklearn.svm._base.BaseLibSVM": _machine}
