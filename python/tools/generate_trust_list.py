"""Generate ``src/mlmodel/trust/allowed.tsv``: the names that pickles may use without trust.

Run in the locked development environment: ``python tools/generate_trust_list.py [--check]``.
Classes are found by definition (a class is listed under the module that defines it, and only
there), constructors and held functions are written out here, each with its reason.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pickle
import pickletools
import pkgutil
import sys
import warnings
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "src/mlmodel/trust/allowed.tsv"

#: Parts of scikit-learn that no fitted model holds, or that read files, run tests or plot.
SKIPPED = (
    ".tests",
    ".externals",
    ".datasets",
    ".conftest",
    "._build_utils",
    ".experimental",
    "._plot",
    ".inspection",
    ".callback",
    "sklearn.utils",
    "sklearn._build",
    "sklearn.__check_build",
)

#: Modules whose other classes (not estimators) fitted models hold: plain Python, no code in
#: their states.
HELPERS = {
    "sklearn._loss.link": (),
    "sklearn._loss.loss": (),
    "sklearn.calibration": ("_CalibratedClassifier",),
    "sklearn.cluster._birch": (),
    "sklearn.cluster._bisect_k_means": (),
    "sklearn.compose._column_transformer": ("make_column_selector",),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.gaussian_process.kernels": (),
    "sklearn.impute._iterative": ("_ImputerTriplet",),
    "sklearn.linear_model._linear_loss": (),
    "sklearn.metrics._scorer": (),
    "sklearn.model_selection._search": ("ParameterGrid", "ParameterSampler"),
    "sklearn.model_selection._search_successive_halving": ("_SubsampleMetaSplitter",),
    "sklearn.model_selection._split": (),
    "sklearn.neural_network._stochastic_optimizers": (),
    "sklearn.utils._bunch": ("Bunch",),
    "sklearn.utils._metadata_requests": (
        "MetadataRequest",
        "MetadataRouter",
        "MethodMapping",
        "MethodMetadataRequest",
        "MethodPair",
        "RouterMappingPair",
    ),
    "sklearn.utils._tags": (),
}

#: Compiled classes: they are made by a call, or by their module's own constructor.
COMPILED = {
    "sklearn._loss._loss": "Cy",
    "sklearn.linear_model._sgd_fast": "",
}
COMPILED_TREES = {
    "sklearn.metrics._dist_metrics": (
        "DistanceMetric",
        "Distance32",
        "Distance64",
        "Metric32",
        "Metric64",
    ),
    "sklearn.neighbors._ball_tree": ("BallTree", "BallTree32", "BallTree64"),
    "sklearn.neighbors._kd_tree": ("KDTree", "KDTree32", "KDTree64"),
}

#: Functions of scikit-learn that models hold to call them on data: they only compute.
FUNCTION_MODULES = (
    "sklearn.feature_selection._mutual_info",
    "sklearn.feature_selection._univariate_selection",
    "sklearn.metrics._classification",
    "sklearn.metrics._ranking",
    "sklearn.metrics._regression",
    "sklearn.metrics.cluster._supervised",
    "sklearn.metrics.cluster._unsupervised",
    "sklearn.metrics.pairwise",
)
FUNCTIONS = {
    "sklearn.cluster._kmeans": ("_kmeans_single_elkan", "_kmeans_single_lloyd"),
    "sklearn.decomposition._fastica": ("_cube", "_exp", "_logcosh"),
    "sklearn.preprocessing._data": (
        "binarize",
        "maxabs_scale",
        "minmax_scale",
        "normalize",
        "power_transform",
        "quantile_transform",
        "robust_scale",
        "scale",
    ),
    "sklearn.utils.validation": ("check_array", "column_or_1d"),
    "scipy._lib.array_api_compat.numpy._aliases": ("asarray",),
    "scipy.stats._stats_py": ("kendalltau", "pearsonr", "spearmanr"),
}
#: numpy's functions that are not ufuncs and only compute (no files, no functions as arguments).
NUMPY_FUNCTIONS = """
    abs argmax argmin argsort around array asarray asfortranarray ascontiguousarray
    atleast_1d atleast_2d average clip column_stack concatenate copy corrcoef cov cross
    cumprod cumsum diff digitize dot expand_dims fft.fft fix flip histogram hstack imag
    interp isin linalg.norm max mean median min nan_to_num nanargmax nanargmin nanmax
    nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar
    percentile prod ptp quantile ravel real repeat reshape roll round searchsorted select
    sort split squeeze stack std sum swapaxes take tile trace transpose unique var vstack
    where zeros_like ones_like
"""
UFUNC_MODULES = ("numpy", "scipy.special")

#: Scalar types and classes that may only be held (as a dtype, a type of keys, a subclass).
HELD = {
    "builtins": "bool bytes complex dict float frozenset int list object set str tuple",
    "numpy": (
        "bool bool_ bytes_ clongdouble complex128 complex64 datetime64 float16 float32 float64 "
        "int16 int32 int64 int8 intc intp longdouble longlong object_ record str_ timedelta64 "
        "uint16 uint32 uint64 uint8 uintc uintp ulonglong void"
    ),
    "pandas._libs.missing": "NA",
    "pandas._libs.tslibs.nattype": "NaT",
}

#: (module, name) -> (uses, check). The check's name is a row of trust/checks.py.
CONSTRUCTORS = {
    # What the old protocols write for plain values.
    ("_codecs", "encode"): ("call", "latin1"),
    ("builtins", "bytearray"): ("ref,call", "bytes"),
    ("builtins", "bytes"): ("ref,call", "bytes"),
    ("builtins", "complex"): ("ref,call", "plain"),
    ("builtins", "frozenset"): ("ref,call", "collection"),
    ("builtins", "range"): ("ref,call", "plain"),
    ("builtins", "set"): ("ref,call", "collection"),
    ("builtins", "slice"): ("ref,call", "plain"),
    ("copyreg", "_reconstructor"): ("call", "reconstructor"),
    ("collections", "Counter"): ("ref,call,dict", "collection"),
    ("collections", "OrderedDict"): ("ref,call,dict,build", "collection"),
    ("collections", "defaultdict"): ("ref,call,dict", "factory"),
    ("datetime", "date"): ("ref,call", "plain"),
    ("datetime", "datetime"): ("ref,call", "plain"),
    ("datetime", "time"): ("ref,call", "plain"),
    ("datetime", "timedelta"): ("ref,call", "plain"),
    ("datetime", "timezone"): ("ref,call", "plain"),
    ("decimal", "Decimal"): ("ref,call", "plain"),
    ("functools", "partial"): ("call,build", "partial"),
    ("pytz", "_UTC"): ("call", "zone"),
    ("pytz", "_p"): ("call", "zone"),
    ("zoneinfo", "ZoneInfo._unpickle"): ("call", "zone"),
    # numpy
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): ("new,build", ""),
    ("numpy", "dtype"): ("ref,call,build", "dtype"),
    ("numpy", "matrix"): ("ref,array", ""),
    ("numpy", "ndarray"): ("ref,array", ""),
    ("numpy", "poly1d"): ("ref,new,build", ""),
    ("numpy._core.multiarray", "_reconstruct"): ("call,build", "array"),
    ("numpy._core.multiarray", "scalar"): ("call", "scalar"),
    ("numpy._core.numeric", "_frombuffer"): ("call", "frombuffer"),
    ("numpy.ma", "MaskedArray"): ("ref", ""),
    ("numpy.ma.core", "_mareconstruct"): ("call,build", "masked"),
    ("numpy.random._pickle", "__bit_generator_ctor"): ("ref,call,build", "bitgen"),
    ("numpy.random._pickle", "__generator_ctor"): ("call,build", "bitgen"),
    ("numpy.random._pickle", "__randomstate_ctor"): ("call,build", "bitgen"),
    ("numpy.random.bit_generator", "SeedSequence"): ("ref", ""),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"): ("call,build", "cython"),
    ("numpy.rec", "recarray"): ("ref,array", ""),
    # scipy
    ("scipy.interpolate._bsplines", "BSpline"): ("ref,new,build", ""),
    ("scipy.interpolate._interpolate", "interp1d"): ("ref,new,build", ""),
    ("scipy.optimize._optimize", "OptimizeResult"): ("ref,new,dict", ""),
    ("scipy.stats._distn_infrastructure", "rv_continuous_frozen"): ("ref,new,build", ""),
    ("scipy.stats._distn_infrastructure", "rv_discrete_frozen"): ("ref,new,build", ""),
    # pandas
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): ("call,build", "cython"),
    ("pandas._libs.internals", "_unpickle_block"): ("call", ""),
    ("pandas._libs.interval", "Interval"): ("ref,call", "plain"),
    ("pandas._libs.tslibs.nattype", "__nat_unpickle"): ("call", "plain"),
    ("pandas._libs.tslibs.period", "Period"): ("ref,new,build", ""),
    ("pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"): ("call", "plain"),
    ("pandas._libs.tslibs.timestamps", "_unpickle_timestamp"): ("call", "plain"),
    ("pandas.core.frame", "DataFrame"): ("ref,new,build", ""),
    ("pandas.core.indexes.base", "_new_Index"): ("call", "index"),
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"): ("call", "index"),
    ("pandas.core.internals.managers", "BlockManager"): ("ref,call,new,build", ""),
    ("pandas.core.internals.managers", "SingleBlockManager"): ("ref,call,new,build", ""),
    ("pandas.core.series", "Series"): ("ref,new,build", ""),
    # scikit-learn
    ("sklearn.metrics._dist_metrics", "newObj"): ("call,build", "newobj"),
    ("sklearn.neighbors._ball_tree", "newObj"): ("call,build", "newobj"),
    ("sklearn.neighbors._kd_tree", "newObj"): ("call,build", "newobj"),
    ("sklearn.tree._tree", "Tree"): ("ref,call,build", "tree"),
}  # fmt: skip


def modules_of(package: str, skipped: tuple[str, ...] = ()) -> list[Any]:
    """Return the package's modules that can be imported, without the skipped ones."""
    root = importlib.import_module(package)
    found = [root]
    for info in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda _: None):
        if not any(part in info.name for part in skipped):
            try:
                found.append(importlib.import_module(info.name))
            except ImportError:
                continue
    return found


def classes_of(module: Any) -> list[type]:
    """Return the classes that are defined in this very module, at its top."""
    return [
        value
        for name, value in sorted(vars(module).items())
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and value.__qualname__ == name
        and not issubclass(value, BaseException)
    ]


Rows = dict[tuple[str, str], tuple[str, str]]


def estimators() -> Rows:
    """Return scikit-learn's estimators: every class derived from its base."""
    from sklearn.base import BaseEstimator

    rows: Rows = {}
    for module in modules_of("sklearn", SKIPPED):
        for cls in classes_of(module):
            if issubclass(cls, BaseEstimator):
                check = "vectorizer" if hasattr(cls, "build_analyzer") else ""
                rows[cls.__module__, cls.__name__] = ("ref,new,build", check)
    return rows


def helpers() -> Rows:
    """Return the other classes that fitted estimators hold."""
    rows: Rows = {}
    for name, wanted in HELPERS.items():
        for cls in classes_of(importlib.import_module(name)):
            if (not wanted or cls.__name__ in wanted) and not cls.__name__.endswith("Mixin"):
                rows[cls.__module__, cls.__name__] = (_plain_uses(cls), "")
    return rows


def compiled() -> Rows:
    """Return the compiled classes, and the functions of their modules that restore them."""
    rows: Rows = {}
    for name, prefix in COMPILED.items():
        for cls in classes_of(importlib.import_module(name)):
            if cls.__name__.startswith(prefix):
                rows[name, cls.__name__] = ("ref,call,build", "plain")
                restore = f"__pyx_unpickle_{cls.__name__}"
                if hasattr(sys.modules[name], restore):
                    rows[name, restore] = ("call,build", "cython")
    for name, endings in COMPILED_TREES.items():
        for cls in classes_of(importlib.import_module(name)):
            # A distance by a function of its own would call it from compiled code.
            if cls.__name__.endswith(endings) and "PyFunc" not in cls.__name__:
                rows[name, cls.__name__] = ("ref,new,build", "")
    return rows


def _plain_uses(cls: type) -> str:
    return "ref,new,build,dict" if issubclass(cls, dict) else "ref,new,build"


def functions() -> Rows:
    """Return the functions that may be held in a state: pure computations."""
    rows: Rows = {}
    for name in FUNCTION_MODULES:
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == name and not key.startswith("_"):
                rows[name, key] = ("ref,function", "")
    for name, keys in FUNCTIONS.items():
        rows.update({(name, key): ("ref,function", "") for key in keys})
    import numpy as np

    for path in NUMPY_FUNCTIONS.split():
        value: Any = np
        for part in path.split("."):
            value = getattr(value, part)
        rows[pickled_name(value)] = ("ref,function", "")
    for name in UFUNC_MODULES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, np.ufunc):
                rows[pickled_name(value)] = ("ref,function", "")
    return rows


def pickled_name(value: Any) -> tuple[str, str]:
    """Return the module and name under which pickle stores a function."""
    texts = [
        argument
        for opcode, argument, _ in pickletools.genops(pickle.dumps(value, 4))
        if "UNICODE" in opcode.name
    ]
    module, name = texts
    return module, name


def scipy_classes() -> Rows:
    """Return sparse matrices and distributions."""
    from scipy.stats._distn_infrastructure import rv_generic

    rows: Rows = {}
    for module in modules_of("scipy.sparse", (".tests", ".linalg", ".csgraph")):
        for cls in classes_of(module):
            if cls.__name__.endswith(("_matrix", "_array")) and not cls.__name__.startswith("_"):
                rows[cls.__module__, cls.__name__] = (_plain_uses(cls), "")
    for name in ("_continuous_distns", "_discrete_distns"):
        for cls in classes_of(importlib.import_module(f"scipy.stats.{name}")):
            if issubclass(cls, rv_generic):
                rows[cls.__module__, cls.__name__] = ("ref,new,build", "distribution")
    return rows


def pandas_classes() -> Rows:
    """Return pandas' arrays, dtypes, indexes and offsets."""
    from pandas._libs.tslibs.offsets import BaseOffset
    from pandas.api.extensions import ExtensionDtype
    from pandas.core.arrays import ExtensionArray
    from pandas.core.indexes.base import Index

    kinds: tuple[tuple[type, tuple[str, str]], ...] = (
        (ExtensionArray, ("ref,new,build,extension", "")),
        (Index, ("ref", "")),
        (ExtensionDtype, ("ref,new,call,build", "plain")),
    )
    rows: Rows = {}
    for package in ("pandas.core.arrays", "pandas.core.dtypes", "pandas.core.indexes"):
        for module in modules_of(package, (".arrow", ".sparse", "_ranges")):
            for cls in classes_of(module):
                row = next((uses for base, uses in kinds if issubclass(cls, base)), None)
                if row is not None:
                    rows[cls.__module__, cls.__name__] = row
    for cls in classes_of(importlib.import_module("pandas._libs.tslibs.offsets")):
        if issubclass(cls, BaseOffset) and not cls.__name__.startswith(("_", "Custom")):
            rows[cls.__module__, cls.__name__] = ("ref,call,build", "offset")
    return rows


def held() -> Rows:
    """Return the types that may be held."""
    rows: Rows = {}
    for module, names in HELD.items():
        for name in names.split():
            if hasattr(importlib.import_module(module), name):
                rows[module, name] = ("ref", "")
    import numpy as np

    for name in (
        "_mt19937 MT19937",
        "_pcg64 PCG64",
        "_pcg64 PCG64DXSM",
        "_philox Philox",
        "_sfc64 SFC64",
    ):
        module, cls = name.split()
        rows[f"{np.random.__name__}.{module}", cls] = ("ref", "")
    return rows


def verify(rows: Rows) -> None:
    """Stop when a row names nothing, or a class elsewhere than where it is defined."""
    for module, name in rows:
        value: Any = importlib.import_module(module)
        for part in name.split("."):
            value = getattr(value, part)
        if isinstance(value, type) and "." not in name and value.__module__ != module:
            raise SystemExit(f"{module}.{name} is defined in {value.__module__}")


def generate() -> str:
    """Return the text of the list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = {
            **held(), **functions(), **scipy_classes(), **pandas_classes(), **helpers(),
            **compiled(), **estimators(), **CONSTRUCTORS,
        }  # fmt: skip
        verify(rows)
    lines = [
        f"{module}\t{name}\t{uses}\t{check}"
        for (module, name), (uses, check) in sorted(rows.items())
    ]
    return "\n".join(["module\tname\tuses\tcheck", *lines]) + "\n"


def main() -> int:
    """Write the list, or with ``--check`` say whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    arguments = parser.parse_args()
    text = generate()
    if arguments.check:
        same = TARGET.read_text(encoding="utf-8") == text
        print("up to date" if same else f"{TARGET.name} is not what this environment gives")
        return 0 if same else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{len(text.splitlines()) - 1} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
