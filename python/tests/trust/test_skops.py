"""skops files (TRU-040 to TRU-043)."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import attacks
import numpy as np
import pytest
import skops.io
import zoo
from scipy.sparse import csr_matrix
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeRegressor

import mlmodel
from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.skops_file import check


def node(loader, name, **more):
    module, _, cls = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": cls, **more}


def value(what):
    return node("JsonNode", "builtins.str", content=json.dumps(what), is_json=True)


def keys(*texts, cls="builtins.str"):
    return node("ListNode", "builtins.list", content=[node("TypeNode", cls) for _ in texts])


def mapping(cls="builtins.dict", key="builtins.str", **items):
    return node("DictNode", cls, content=items, key_types=keys(*items, cls=key))


def numbers(*nodes):
    return node("TupleNode", "builtins.tuple", content=list(nodes))


POPEN = node("ObjectNode", "subprocess.Popen", content=mapping())
DISTRIBUTION = "scipy.stats._continuous_distns.reciprocal_gen"

REFUSED = {
    "function": (node("FunctionNode", "posix.system"), "posix.system"),
    "listed class as function": (node("FunctionNode", "sklearn.pipeline.Pipeline"), "sklearn.pipeline.Pipeline"),
    "type": (node("TypeNode", "builtins.eval"), "builtins.eval"),
    "object": (POPEN, "subprocess.Popen"),
    "re-exported class": (node("ObjectNode", "sklearn.ensemble.RandomForestClassifier", content=mapping()), "sklearn.ensemble.RandomForestClassifier"),
    "nested": (mapping(a=node("ListNode", "builtins.list", content=[POPEN])), "subprocess.Popen"),
    "constructor": (node("ConstructorFromReduceNode", "subprocess.Popen", content=numbers(value("true"))), "subprocess.Popen"),
    "operator": (node("OperatorFuncNode", "operator.methodcaller", attrs=numbers(value("x"))), "operator.methodcaller"),
    "method": (node("MethodNode", "sklearn.pipeline.Pipeline", content={"func": "fit", "obj": mapping()}), "sklearn.pipeline.Pipeline"),
    "unknown kind": (node("SurpriseNode", "builtins.list"), "builtins.list"),
    "list of another class": (node("ListNode", "builtins.eval", content=[]), "builtins.eval"),
    "dict of another class": (mapping(cls="subprocess.Popen"), "subprocess.Popen"),
    "tuple of another class": (node("TupleNode", "subprocess.Popen", content=[]), "subprocess.Popen"),
    "key type": (mapping(key="builtins.eval", a=value(1)), "builtins.eval"),
    "array type": (node("NdArrayNode", "builtins.eval", type="numpy", file="a.npy"), "builtins.eval"),
    "loss": (node("LossNode", "subprocess.Popen", content=mapping(), __reduce__={"args": numbers(value("true"))}), "subprocess.Popen"),
    "loss of another module": (node("LossNode", "collections.OrderedDict", content=mapping(), __reduce__={"args": numbers()}), "collections.OrderedDict"),
    "tree of another class": (node("TreeNode", "subprocess.Popen", content=mapping(), __reduce__={"args": numbers()}), "subprocess.Popen"),
    "partial": (node("PartialNode", "functools.partial", content={"func": node("FunctionNode", "posix.system"), "args": numbers(), "kwds": mapping(), "namespace": value(None)}), "posix.system"),
    "partial of a type": (node("PartialNode", "functools.partial", content={"func": node("TypeNode", "builtins.int"), "args": numbers(), "kwds": mapping(), "namespace": value(None)}), "functools.partial"),
    "factory": (node("DefaultDictNode", "collections.defaultdict", content={"main": mapping(), "default_factory": node("TypeNode", "posix.system")}), "posix.system"),
    "generator": (node("RandomGeneratorNode", "numpy.random._generator.Generator", content={"bit_generator": mapping(bit_generator=value("seed")), "seed_seq": mapping()}), "numpy.random._generator.Generator"),
    "distribution": (node("ObjectNode", DISTRIBUTION, content=mapping(_parse_arg_template=value("import os"))), DISTRIBUTION),
    "reference": (mapping(a=value(1) | {"__id__": 1}, b=node("CachedNode", "builtins.str", __id__=1)), "builtins.str"),
    "vectorizer": (node("ObjectNode", "sklearn.feature_extraction.text.CountVectorizer", content=mapping(input=value("filename"))), "sklearn.feature_extraction.text.CountVectorizer"),
}  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_refused(key, root):  # TRU-040, TRU-042
    tree, name = REFUSED[key]
    data = attacks.skops_file(tree, **{"a.npy": b""})
    assert name in check(data).refused
    path = root / "model.skops"
    path.write_bytes(data)
    with pytest.raises(UntrustedModel) as refusal:
        Gate.for_folder(root).load_skops(path)
    assert name in str(refusal.value)
    assert "TRU-040" in str(refusal.value)


def test_skops_itself_would_run_it(root):
    marker = root / "marker"
    tree = node(
        "ConstructorFromReduceNode",
        "subprocess.Popen",
        content=numbers(value(["touch", str(marker)])),
    )
    data = attacks.skops_file(tree)
    # What a model's own list of trusted types is worth: it says what its author likes.
    skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data)).wait()
    assert marker.exists()
    marker.unlink()
    (root / "model.skops").write_bytes(data)
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_skops(root / "model.skops")
    assert not marker.exists()
    Gate.for_folder(root, trust=True).load_skops(root / "model.skops").wait()
    assert marker.exists()


def test_the_types_that_a_model_names_are_not_trusted(root):  # TRU-040
    marker = root / "marker"
    tree = node(
        "ConstructorFromReduceNode",
        "subprocess.Popen",
        content=numbers(value(["touch", str(marker)])),
    )
    (root / "model.skops").write_bytes(attacks.skops_file(tree))
    (root / "MLmodel").write_text(
        "flavors:\n"
        "  python_function: {loader_module: mlflow.sklearn, model_path: model.skops}\n"
        "  sklearn:\n"
        "    pickled_model: model.skops\n"
        "    serialization_format: skops\n"
        "    skops_trusted_types: [subprocess.Popen]\n"
    )
    for load in (mlmodel.load, mlmodel.sklearn.load_model):
        with pytest.raises(UntrustedModel, match=r"subprocess\.Popen"):
            load(root)
    assert not marker.exists()


FILES = {"a.bin": b"a", "same.bin": b"a", "b.bin": b"b"}


def held(file):
    return node("BytesNode", "builtins.bytes", file=file)


def listed(*nodes):
    return node("ListNode", "builtins.list", content=list(nodes))


#: Two contents of one number, of which the check would see the one and skops build the other.
DIFFERENT = {
    "values": (value("a"), value("b")),
    "kinds": (listed(), numbers()),
    "files": (held("a.bin"), held("b.bin")),
    "files within": (listed(held("a.bin")), listed(held("b.bin"))),
    "a file more": (node("ListNode", "builtins.list", content=[]), node("ListNode", "builtins.list", content=[], file="a.bin")),
    "types of keys": (mapping(a=value(1)), mapping(key="builtins.int", a=value(1))),
    "order of keys": (mapping(a=value(1), b=value(2)), mapping(b=value(2), a=value(1))),
    "an attribute named file": (mapping(file=value(1)), mapping(file=value(2))),
    "an attribute named as numbers are": (mapping(__id__=value(1)), mapping(__id__=value(2))),
    "one attribute more": (mapping(), mapping(file=value(1))),
    "lengths": (listed(value(1)), listed(value(1), value(1))),
}  # fmt: skip


@pytest.mark.parametrize("key", DIFFERENT)
@pytest.mark.parametrize("turned", [False, True])
def test_two_things_with_one_number(key, turned):  # TRU-043
    pair = [one | {"__id__": 7} for one in DIFFERENT[key]]
    if turned:
        pair.reverse()
    found = check(attacks.skops_file(listed(*pair), **FILES))
    assert any("TRU-043" in reason for reason in found.reasons), found.damage


@pytest.mark.parametrize("key", DIFFERENT)
def test_one_thing_twice(key):  # TRU-043
    for one in DIFFERENT[key]:
        numbered = listed(one) | {"__id__": 7}
        again = listed(one | {"__id__": 8}) | {"__id__": 7}
        found = check(attacks.skops_file(listed(numbered, again), **FILES))
        assert not any("TRU-043" in reason for reason in found.reasons)
        assert not found.damage
    same = [held(file) | {"__id__": 7} for file in ("a.bin", "same.bin")]
    assert check(attacks.skops_file(listed(*same), **FILES)).allowed


@pytest.mark.parametrize("by_reference", [True, False])
def test_what_is_seen_is_what_is_built(by_reference, root):  # TRU-043, TRU-052
    """The dict that the check sees has a function, the one that skops takes has a class."""
    transformer = FunctionTransformer(np.log1p)
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(transformer))) as written:
        tree = json.loads(written.read("schema.json"))
    state = tree["content"]
    harmless = state["content"]["func"] | {"__id__": 6}
    harmful = node("TypeNode", "pandas.core.frame.DataFrame", __id__=5)

    def state_with(func, number):
        inner = node("CachedNode", "builtins.str", __id__=number) if by_reference else func
        return state | {"__id__": 1, "content": state["content"] | {"func": inner}}

    seen = tree | {"content": state_with(harmless, 6)}
    root_node = listed(harmful, harmless, state_with(harmful, 5), seen)
    del seen["protocol"], seen["_skops_version"]
    data = attacks.skops_file(root_node)
    taken = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))[3]
    assert isinstance(taken.func, type)
    (root / "model.skops").write_bytes(data)
    with pytest.raises(UntrustedModel, match="CachedNode" if by_reference else "TRU-043"):
        Gate.for_folder(root).load_skops(root / "model.skops")


def test_a_tree_is_measured_by_the_file_that_it_gets():  # TRU-043, TRU-088
    tree = DecisionTreeRegressor(max_depth=1).fit([[0], [1]], [0, 1])
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(tree))) as written:
        files = {one.filename: written.read(one) for one in written.infolist()}
    schema = json.loads(files.pop("schema.json"))
    args = schema["content"]["content"]["tree_"]["__reduce__"]["args"]["content"]
    for name, count in (("few.npy", 1), ("many.npy", 1000)):
        out = io.BytesIO()
        np.save(out, np.ones(count, np.int64))
        files[name] = out.getvalue()
    args[1] |= {"file": "many.npy", "__id__": 7}
    args[2] = value(1000)
    found = check(attacks.skops_file(listed(args[1] | {"file": "few.npy"}, schema), **files))
    assert any("TRU-043" in reason for reason in found.reasons)


def test_honest_models_have_parts_twice(root):  # TRU-043
    rows, labels = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    tree = DecisionTreeRegressor(max_depth=3).fit(rows, labels)
    linear = LinearRegression().fit(rows, labels)
    sparse = csr_matrix(rows)
    generator = np.random.default_rng(3)
    for one in (tree, linear, sparse, generator, np.random.RandomState(1), rows, labels > 0):
        data = skops.io.dumps({"a": one, "b": [one, {"file": one, "__id__": one}]})
        assert check(data).allowed, check(data).reasons
        (root / "model.skops").write_bytes(data)
        loaded = Gate.for_folder(root).load_skops(root / "model.skops")
        assert loaded["a"] is loaded["b"][0]


def archive(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for path, data in files.items():
            target.writestr(path, data)
    return out.getvalue()


SCHEMA = json.dumps({"protocol": 2, **value(1)})
DAMAGED = {
    "not a zip": b"text",
    "no schema": archive(a="b"),
    "no json": archive(**{"schema.json": "{"}),
    "a list": archive(**{"schema.json": "[]"}),
    "no type": archive(**{"schema.json": '{"protocol": 2}'}),
    "deep": archive(**{"schema.json": "[" * 100_000}),
    "protocol": archive(**{"schema.json": json.dumps({"protocol": 9, **value(1)})}),
    "protocol true": archive(**{"schema.json": json.dumps({"protocol": True, **value(1)})}),
    "leads out": archive(**{"schema.json": SCHEMA, "../a": "b"}),
    "absolute": archive(**{"schema.json": SCHEMA, "/a": "b"}),
    "bomb": archive(**{"schema.json": SCHEMA, "a": b"\0" * (300 * 2**20)}),
    "no file": attacks.skops_file(node("BytesNode", "builtins.bytes", file="none")),
    "odd number": attacks.skops_file(mapping(a={**value(1), "__id__": [1]})),
    "no content": attacks.skops_file(node("ListNode", "builtins.list", content=3)),
}


@pytest.mark.parametrize("key", DAMAGED)
def test_damaged(key, root):  # TRU-041
    path = root / "model.skops"
    path.write_bytes(DAMAGED[key])
    with pytest.raises(InvalidModel, match=r"model\.skops"):
        Gate.for_folder(root).load_skops(path)


#: What skops calls while loading, where pickles have a form that can be followed.
REFUSED_IN_SKOPS = {
    "lower": "method_descriptor",
    "item": "OperatorFuncNode",
    "distance": "PyFuncDistance64",
    "keeps a series": "RangeIndex",
}
NOT_SAVED_BY_SKOPS = {"Birch", "keeps columns", "keeps a frame"}


@pytest.mark.slow
def test_fitted_estimators(estimators, root):
    path = root / "model.skops"
    saved = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (estimator, data) in estimators.items():
            if name in NOT_SAVED_BY_SKOPS:
                continue
            path.write_bytes(skops.io.dumps(estimator))
            if name in REFUSED_IN_SKOPS:
                with pytest.raises(UntrustedModel, match=REFUSED_IN_SKOPS[name]):
                    Gate.for_folder(root).load_skops(path)
                continue
            loaded = Gate.for_folder(root).load_skops(path)
            wanted, got = zoo.answer(estimator, data), zoo.answer(loaded, data)
            wanted, got = (
                one.toarray() if hasattr(one, "toarray") else np.asarray(one)
                for one in (wanted, got)
            )
            if wanted.dtype.kind == "f":
                np.testing.assert_allclose(got, wanted, err_msg=name)
            else:
                np.testing.assert_array_equal(got, wanted, err_msg=name)
            saved += 1
    assert saved > 200


def test_allowed_class(root):
    tree = node("ObjectNode", "click.exceptions.Exit", content=mapping(code=value(3)))
    path = root / "model.skops"
    path.write_bytes(attacks.skops_file(tree))
    with pytest.raises(UntrustedModel):
        Gate.for_folder(root).load_skops(path)
    assert Gate.for_folder(root, allow=["click.exceptions.Exit"]).load_skops(path).code == 3
