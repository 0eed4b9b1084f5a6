"""What models hold to call it, and Arrow's texts: the harmless forms and no other (TRU-073, TRU-074)."""

from __future__ import annotations

import operator
import pickle
import struct
from operator import itemgetter

import joblib
import numpy as np
import pandas as pd
import pytest
from attacks import build, call, mapping, name, new, pickle4, text
from scipy.spatial import distance
from sklearn.compose import make_column_selector
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer

from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.scanner import scan

HELD = [str.lower, str.split, np.ndarray.sum, itemgetter("a"), itemgetter(1, 2), pd.to_numeric, pd.isna,
        len, distance.cosine,
        make_column_selector("^num_", dtype_include=["number", np.number, "datetime64[ns]"])]  # fmt: skip


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("value", HELD, ids=lambda value: getattr(value, "__name__", None))
def test_harmless_callables_load(value, protocol, root):
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(FunctionTransformer(value), protocol))
    loaded = Gate.for_folder(root).load_pickle(path).func
    if isinstance(value, make_column_selector):
        assert vars(loaded) == vars(value)
    else:
        assert repr(loaded) == repr(value)


def test_what_is_no_function_is_held_as_an_argument(root):
    path = root / "model.pkl"
    for value in (np.number, joblib.Memory(None, verbose=0)):
        path.write_bytes(pickle.dumps(FunctionTransformer(kw_args={"a": value})))
        assert repr(Gate.for_folder(root).load_pickle(path).kw_args) == repr({"a": value})


def getattr_(owner, attribute):
    return call(name("builtins", "getattr"), owner, attribute)


STRING = name("builtins", "str")
ITEMGETTER = name("operator", "itemgetter")
SELECTOR = ("sklearn.compose._column_transformer", "make_column_selector")
NOT_LISTED = name("posix", "system")

DOORS = {
    "an attribute of a class that runs its text": getattr_(STRING, text("format")),
    "a method that fills up to a width": getattr_(STRING, text("zfill")),
    "a method that writes a file": getattr_(name("numpy", "ndarray"), text("tofile")),
    "the subclasses of everything": getattr_(name("builtins", "object"), text("__subclasses__")),
    "the base of a class": getattr_(STRING, text("__base__")),
    "the parts of a class": getattr_(STRING, text("__dict__")),
    "a name with dots": getattr_(STRING, text("lower.__self__")),
    "a module": getattr_(call(name("builtins", "__import__"), text("os")), text("system")),
    "an object": getattr_(new("sklearn.pipeline", "Pipeline"), text("predict")),
    "an estimator's method": getattr_(name("sklearn.pipeline", "Pipeline"), text("predict")),
    "a method of a method": getattr_(getattr_(STRING, text("lower")), text("__objclass__")),
    "another default": call(name("builtins", "getattr"), STRING, text("lower"), b"N"),
    "a name that is no text": getattr_(STRING, b"K\x01"),
    "getattr itself, held": mapping(func=name("builtins", "getattr")),
    "ZoneInfo from a path": call(
        getattr_(name("zoneinfo", "ZoneInfo"), text("_unpickle")), text("../../x"), b"K\x01"
    ),
    "ZoneInfo's unpickler, held": mapping(
        func=getattr_(name("zoneinfo", "ZoneInfo"), text("_unpickle"))
    ),
    "ZoneInfo from a file": getattr_(name("zoneinfo", "ZoneInfo"), text("from_file")),
    "an item that is an object": call(ITEMGETTER, new("sklearn.pipeline", "Pipeline")),
    "an item that is a class": call(ITEMGETTER, STRING),
    "no items": call(ITEMGETTER),
    "a state of a getter": call(ITEMGETTER, text("a")) + build(mapping(a=b"N")),
    "another getter": call(name("operator", "attrgetter"), text("__class__")),
    "a pattern that never ends": new(*SELECTOR) + build(mapping(pattern=text("(a+)+$"))),
    "repetitions one behind the other": new(*SELECTOR) + build(mapping(pattern=text(".*" * 9 + "x"))),
    "a pattern of bytes": new(*SELECTOR) + build(mapping(pattern=b"C\x01a")),
    "a kind that numpy looks up": new(*SELECTOR) + build(mapping(dtype_include=text("f2py"))),
    "a kind in a list": new(*SELECTOR)
    + build(mapping(dtype_include=b"](" + text("number") + text("loadtxt") + b"e")),
    "a cache at a path": new("joblib.memory", "Memory") + build(mapping(location=text("/tmp/x"))),
    "a cache without a word of its path": new("joblib.memory", "Memory") + build(mapping()),
    "a distance that is a command": call(
        name("sklearn.metrics._dist_metrics", "newObj"),
        name("sklearn.metrics._dist_metrics", "PyFuncDistance64"),
    )
    + b"(G"
    + struct.pack(">d", 1.0)
    + b"NN"
    + name("numpy", "log1p")
    + b"}tb",
    "an Arrow array of numbers": call(name("pyarrow.lib", "type_for_alias"), text("int64")),
    "another of pyarrow's functions": call(name("pyarrow.lib", "foreign_buffer"), b"K\x01", b"K\x08"),
    "a buffer of a number": call(name("pyarrow.lib", "py_buffer"), b"K\x63"),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_other_forms_are_refused(door, root):
    path = root / "model.pkl"
    path.write_bytes(pickle4(DOORS[door]))
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_pickle(path)


@pytest.mark.parametrize("pattern", ["^num_", "_id$", "a|b", "x.*", "[a-z]+_[0-9]+", r"\bage\b"])
def test_honest_patterns_load(pattern):
    assert scan(pickle.dumps(make_column_selector(pattern))).allowed


def test_a_getter_of_operator_is_the_one_of_the_list(root):
    """A name that the list has only as a class's method is not found elsewhere."""
    assert not scan(pickle4(name("builtins", "lower"))).allowed
    assert scan(pickle4(name("builtins", "str.lower"))).allowed
    assert not scan(pickle.dumps(operator.attrgetter("a"))).allowed


def test_functions_of_scipy_measure_distances(root):
    rows = np.random.default_rng(0).normal(size=(40, 3))
    for algorithm in ("ball_tree", "brute"):
        model = KNeighborsClassifier(metric=distance.cosine, algorithm=algorithm)
        model.fit(rows, np.arange(40) % 2)
        path = root / "model.pkl"
        path.write_bytes(pickle.dumps(model))
        loaded = Gate.for_folder(root).load_pickle(path)
        assert (loaded.predict(rows) == model.predict(rows)).all()


def arrow(kind="string", length=2, nulls=0, offset=0, buffers=None, children=b"]", more=b"N"):
    """Return the opcodes of an array of Arrow with these numbers."""
    starts = struct.pack("<iii", 0, 1, 2)
    buffers = [None, starts, b"ab"] if buffers is None else buffers

    def buffer(data):
        if data is None:
            return b"N"
        return call(name("pyarrow.lib", "py_buffer"), b"C" + bytes([len(data)]) + data)

    parts = [
        call(name("pyarrow.lib", "type_for_alias"), text(kind)),
        number(length), number(nulls), number(offset),
        b"](" + b"".join(buffer(one) for one in buffers) + b"e", children, more,
    ]  # fmt: skip
    return call(name("pyarrow.lib", "_restore_array"), b"(" + b"".join(parts) + b"t")


def number(value):
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def test_an_array_of_texts_of_arrow_loads(root):
    path = root / "model.pkl"
    path.write_bytes(pickle4(arrow()))
    assert Gate.for_folder(root).load_pickle(path).to_pylist() == ["a", "b"]
    path.write_bytes(pickle4(arrow(length=0, buffers=[None, b"", b""])))
    assert len(Gate.for_folder(root).load_pickle(path)) == 0


STARTS = struct.pack("<iii", 0, 1, 2)
BROKEN = {
    "longer than its buffers": arrow(length=1000),
    "as long as an address": arrow(length=2**62),
    "negative length": arrow(length=-1),
    "negative offset": arrow(offset=-1),
    "offset behind the end": arrow(offset=1000),
    "a start behind the end": arrow(buffers=[None, struct.pack("<iii", 0, 1, 2**30), b"ab"]),
    "a start that goes back": arrow(buffers=[None, struct.pack("<iii", 0, 2, 1), b"ab"]),
    "a negative start": arrow(buffers=[None, struct.pack("<iii", -8, 1, 2), b"ab"]),
    "one buffer": arrow(buffers=[None]),
    "no buffers": arrow(buffers=[]),
    "five buffers": arrow(buffers=[None, STARTS, b"ab", b"a", b"b"]),
    "no starts": arrow(buffers=[None, None, b"ab"]),
    "no texts": arrow(buffers=[None, STARTS, None]),
    "marks that are too short": arrow(length=2, offset=0, buffers=[b"", STARTS, b"ab"]),
    "a wrong count of missing": arrow(nulls=1),
    "a negative count": arrow(nulls=-2),
    "not UTF-8": arrow(buffers=[None, STARTS, b"\xff\xfe"]),
    "children": arrow(children=b"](Ne"),
    "a dictionary": arrow(more=b"K\x01"),
    "too few parts": call(name("pyarrow.lib", "_restore_array"), b"(K\x01K\x01t"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_arrays_of_arrow_that_lead_out_are_refused(case, root):
    path = root / "model.pkl"
    path.write_bytes(pickle4(BROKEN[case]))
    with pytest.raises(InvalidModel):
        Gate.for_folder(root).load_pickle(path)


def test_a_frame_of_arrow_texts_loads(root):
    frame = pd.DataFrame({"a": pd.Series(["x", None, "ä"], dtype="string[pyarrow]")})
    path = root / "model.pkl"
    path.write_bytes(pickle.dumps(frame))
    pd.testing.assert_frame_equal(Gate.for_folder(root).load_pickle(path), frame)
