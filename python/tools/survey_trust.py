"""Say which names of the libraries that are installed here a pickle may use without trust.

Run in any environment, whatever its versions: ``python tools/survey_trust.py`` prints a survey as
JSON; ``trust_list.py`` runs it in one environment per version and merges what it says.
Classes are found by definition (a class is listed under the module that defines it, and only
there), constructors and held functions are written out here, each with its reason.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pickle
import pickletools
import pkgutil
import sys
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
from mlmodel.trust.pickles.moved import places, written_name  # imports no library

#: The packages whose versions a survey names.
LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib", "pyarrow", "imbalanced-learn",
             "category-encoders", "xgboost-cpu")  # fmt: skip

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
    "sklearn.compose._column_transformer": ("_RemainderColsList",),
    # The losses of gradient boosting until scikit-learn 1.3.
    "sklearn.ensemble._gb_losses": (),
    "sklearn.ensemble._hist_gradient_boosting.predictor": ("TreePredictor",),
    "sklearn.gaussian_process.kernels": (),
    "sklearn.impute._iterative": ("_ImputerTriplet",),
    "sklearn.linear_model._linear_loss": (),
    "sklearn.metrics._scorer": (),
    "sklearn.model_selection._classification_threshold": ("_CurveScorer",),
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
        "Distance",
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
    "builtins": ("abs", "len"),
    # Their arguments beside the data are words of a closed set.
    "pandas.core.tools.numeric": ("to_numeric",),
    "pandas.core.dtypes.missing": ("isna", "notna"),
    "scipy.spatial.distance": (
        "braycurtis",
        "canberra",
        "chebyshev",
        "cityblock",
        "correlation",
        "cosine",
        "dice",
        "euclidean",
        "hamming",
        "jaccard",
        "jensenshannon",
        "kulczynski1",
        "kulsinski",
        "mahalanobis",
        "minkowski",
        "rogerstanimoto",
        "russellrao",
        "seuclidean",
        "sokalmichener",
        "sokalsneath",
        "sqeuclidean",
        "yule",
    ),
    "scipy._lib.array_api_compat.numpy._aliases": ("asarray",),
    "scipy.stats._stats_py": ("kendalltau", "pearsonr", "spearmanr"),
}
#: Methods that take the data and no more, or numbers beside them: nothing that evaluates its text
#: (format), fills up to a width, writes (tofile) or asks for attributes by name.
METHODS = {
    ("builtins", "str"): (
        "capitalize casefold isalnum isalpha isdecimal isdigit isnumeric lower lstrip rstrip split "
        "splitlines strip swapcase title upper"
    ),
    ("numpy", "ndarray"): "argmax argmin copy cumsum flatten max mean min prod ravel squeeze std "
    "sum tolist var",
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
        "character complexfloating flexible floating generic inexact integer number "
        "signedinteger unsignedinteger "
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
    ("zoneinfo", "ZoneInfo"): ("ref", ""),
    ("zoneinfo", "ZoneInfo._unpickle"): ("call", "zone"),
    # What models hold to call it: a method of a listed class, a getter, a selector of columns.
    ("builtins", "getattr"): ("call", "member"),
    ("operator", "itemgetter"): ("ref,call", "items"),
    ("sklearn.compose._column_transformer", "make_column_selector"): ("ref,new,build", "selector"),
    # Only when it keeps nothing anywhere.
    ("joblib.memory", "Memory"): ("ref,new,build", "memory"),
    # Compiled code calls the function that it holds, on numbers.
    ("sklearn.metrics._dist_metrics", "PyFuncDistance32"): ("ref", ""),
    ("sklearn.metrics._dist_metrics", "PyFuncDistance64"): ("ref", ""),
    # Texts of Arrow: replaced by functions of our own (trust/pickles/arrow.py).
    ("pyarrow.lib", "_restore_array"): ("call", "arrowarray"),
    ("pyarrow.lib", "py_buffer"): ("call", "bytes"),
    ("pyarrow.lib", "type_for_alias"): ("call", "arrowtype"),
    ("pandas.core.arrays.string_", "StringDtype"): ("ref,new,call,build", "stringtype"),
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
    # XGBoost: a booster's bytes are checked while it is given them (trust/pickled_boosters.py).
    ("xgboost.callback", "EarlyStopping"): ("ref,new,build", ""),
    ("xgboost.core", "Booster"): ("ref,new,build", "booster"),
    ("xgboost.sklearn", "XGBClassifier"): ("ref,new,build", ""),
    ("xgboost.sklearn", "XGBModel"): ("ref,new,build", ""),
    ("xgboost.sklearn", "XGBRFClassifier"): ("ref,new,build", ""),
    ("xgboost.sklearn", "XGBRFRegressor"): ("ref,new,build", ""),
    ("xgboost.sklearn", "XGBRanker"): ("ref,new,build", ""),
    ("xgboost.sklearn", "XGBRegressor"): ("ref,new,build", ""),
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
        and value.__qualname__ == name
        and is_at_home(value, module)
        and not issubclass(value, BaseException)
    ]


Rows = dict[tuple[str, str], tuple[str, str]]


def imported(name: str) -> Any:
    """Return a module, or ``None`` where this version has none."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


@cache
def _statements(module: Any) -> frozenset[str]:
    """Return the classes that the module's own text defines at its top."""
    file = getattr(module, "__file__", None) or ""
    if not file.endswith(".py"):
        return frozenset()
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.ClassDef))


def is_at_home(cls: type, module: Any) -> bool:
    """Return whether the class is defined in this very module, whatever it says of itself.

    pandas 3 shows its classes under its public modules, some compiled modules themselves under a
    bare name.
    """
    name = cls.__qualname__
    own = cls.__module__
    if written_name(own, name) == (module.__name__, name):
        return True
    public = own.split(".")[0] == module.__name__.split(".")[0] and name in _statements(module)
    return public and getattr(imported(own), name, None) is cls


def estimators() -> Rows:
    """Return scikit-learn's estimators: every class derived from its base."""
    from sklearn.base import BaseEstimator

    rows: Rows = {}
    for module in modules_of("sklearn", SKIPPED):
        for cls in classes_of(module):
            if issubclass(cls, BaseEstimator):
                check = "vectorizer" if hasattr(cls, "build_analyzer") else ""
                rows[module.__name__, cls.__name__] = ("ref,new,build", check)
    return rows


def helpers() -> Rows:
    """Return the other classes that fitted estimators hold."""
    rows: Rows = {}
    for name, wanted in HELPERS.items():
        for cls in classes_of(module) if (module := imported(name)) else ():
            if (not wanted or cls.__name__ in wanted) and not cls.__name__.endswith("Mixin"):
                rows[written_name(name, cls.__name__)] = (_plain_uses(cls), "")
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
        for cls in distances_of(importlib.import_module(name)):
            # A distance by a function of its own would call it from compiled code.
            if cls.__name__.endswith(endings) and "PyFunc" not in cls.__name__:
                rows[written_name(name, cls.__name__)] = ("ref,new,build", "")
    return rows


def distances_of(module: Any) -> list[type]:
    """Return the classes of a module in which some had other names in older versions."""
    found = (value for value in vars(module).values() if isinstance(value, type))
    return [cls for cls in found if cls.__module__ == module.__name__]


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
        here = vars(imported(name) or object)
        rows.update({(name, key): ("ref,function", "") for key in keys if key in here})
    return {**rows, **numpy_functions()}


def numpy_functions() -> Rows:
    """Return numpy's and scipy's functions on arrays."""
    import numpy as np

    rows: Rows = {}
    for path in NUMPY_FUNCTIONS.split():
        value: Any = np
        for part in path.split("."):
            value = getattr(value, part, None)
        if value is not None:
            rows[pickled_name(value)] = ("ref,function", "")
    for name in UFUNC_MODULES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, np.ufunc):
                rows[pickled_name(value)] = ("ref,function", "")
    return rows


def methods() -> Rows:
    """Return the methods that may be held: the list names each with its class."""
    return {
        (module, f"{cls}.{name}"): ("ref,function", "")
        for (module, cls), names in METHODS.items()
        for name in names.split()
    }


def pickled_name(value: Any) -> tuple[str, str]:
    """Return the module and name under which pickle stores a function."""
    texts = [
        argument
        for opcode, argument, _ in pickletools.genops(pickle.dumps(value, 4))
        if "UNICODE" in opcode.name
    ]
    module, name = texts
    return written_name(module, name)


def scipy_classes() -> Rows:
    """Return sparse matrices and distributions."""
    from scipy.stats._distn_infrastructure import rv_generic

    rows: Rows = {}
    for module in modules_of("scipy.sparse", (".tests", ".linalg", ".csgraph")):
        for cls in classes_of(module):
            if cls.__name__.endswith(("_matrix", "_array")) and not cls.__name__.startswith("_"):
                rows[module.__name__, cls.__name__] = (_plain_uses(cls), "")
    for name in ("_continuous_distns", "_discrete_distns"):
        for cls in classes_of(importlib.import_module(f"scipy.stats.{name}")):
            if issubclass(cls, rv_generic):
                rows[f"scipy.stats.{name}", cls.__name__] = ("ref,new,build", "distribution")
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
                    rows[module.__name__, cls.__name__] = row
    for cls in classes_of(importlib.import_module("pandas._libs.tslibs.offsets")):
        if issubclass(cls, BaseOffset) and not cls.__name__.startswith(("_", "Custom")):
            rows["pandas._libs.tslibs.offsets", cls.__name__] = ("ref,call,build", "offset")
    return rows


def held() -> Rows:
    """Return the types that may be held."""
    rows: Rows = {}
    for module, names in HELD.items():
        for name in names.split():
            value = getattr(importlib.import_module(module), name, None)
            # numpy's other names for a type are not what a pickle writes.
            own = (value.__module__, value.__qualname__) if isinstance(value, type) else None
            if value is not None:
                rows[written_name(*own) if own else (module, name)] = ("ref", "")
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


def constructors() -> Rows:
    """Return those of the table that this version has."""
    return {place: row for place, row in CONSTRUCTORS.items() if find(*place) is not None}


def find(module: str, name: str) -> Any:
    """Return what this version has at a place of the list, or at the older place for it."""
    for place, path in places(module, name):
        found: Any = imported(place)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is not None:
            return found
    return None


def elsewhere(rows: Rows) -> dict[str, str]:
    """Return the names that this version writes for classes of the list, with their modules.

    Stops when a row names nothing, or a class elsewhere than where it is defined.
    """
    found = {}
    for module, name in rows:
        value = find(module, name)
        if value is None:
            raise SystemExit(f"{module}.{name} is not there")
        if inspect.isfunction(value) and find(value.__module__, name) is value:
            if value.__module__ != module and module.startswith("pandas."):
                found[f"{value.__module__}.{name}"] = module
            continue
        if not isinstance(value, type):
            continue
        own = (value.__module__, value.__qualname__)
        if written_name(*own) == (module, name):
            continue
        home = imported(module)
        # A compiled module has no text to read: the table above is what says that it is the place.
        compiled_ = home is not None and not getattr(home, "__file__", "").endswith(".py")
        shown = find(own[0], name) is value and own[0].split(".")[0] == module.split(".")[0]
        if own[1] != name or not shown or not (compiled_ or is_at_home(value, home)):
            raise SystemExit(f"{module}.{name} is defined in {own[0]}")
        found[f"{own[0]}.{name}"] = module
    return found


def survey() -> dict[str, Any]:
    """Return what this environment gives: versions, rows of the list, and places beside theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = {
            **held(), **functions(), **methods(), **scipy_classes(), **pandas_classes(),
            **helpers(), **compiled(), **estimators(), **constructors(),
        }  # fmt: skip
        moved = elsewhere(rows)
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "names": [[*place, *row] for place, row in sorted(rows.items())],
        "places": dict(sorted(moved.items())),
    }


if __name__ == "__main__":
    json.dump(survey(), sys.stdout, indent=0)
