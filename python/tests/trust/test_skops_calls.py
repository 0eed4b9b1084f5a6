"""Skops files: what constructors and dicts are given, and where what is refused stands (TRU-086, TRU-088)."""

from __future__ import annotations

import io
import sys

import attacks
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import HuberRegressor, SGDClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from test_skops import POPEN, keys, mapping, node, numbers, value

from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust.gate import Gate
from mlmodel.trust.skops_file import check

SAME = sys.hash_info.modulus
MANY = 100
HUBER = "sklearn._loss._loss.CyHuberLoss"
ARRAY = node("NdArrayNode", "numpy.ndarray", type="numpy", file="a.npy")
NUMBERED = [str(SAME * at) for at in range(MANY)]


def npy(array):
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


def tree(*args, loader="TreeNode", name="sklearn.tree._tree.Tree"):
    return node(
        loader,
        name,
        content=mapping(),
        __reduce__={"args": args[0] if len(args) == 1 else numbers(*args)},
    )


def loss(*args):
    return node("LossNode", HUBER, content=mapping(), __reduce__={"args": numbers(*args)})


def checked(schema):
    return check(attacks.skops_file(schema, **{"a.npy": npy(np.array([2, 2]))}))


#: What the check of a pickle's calls refuses of the same constructors.
CALLS = {
    "more outputs than the array has": tree(value(3), ARRAY, value(3)),
    "outputs without number": tree(value(3), ARRAY, value(2**40)),
    "outputs below none": tree(value(3), ARRAY, value(-2)),
    "features below none": tree(value(-1), ARRAY, value(2)),
    "an argument less": tree(value(3), ARRAY),
    "no array": tree(value(3), value([2, 2]), value(2)),
    "an array of objects": tree(value(3), node("NdArrayNode", "numpy.ndarray", type="json", content=[value(2), value(2)], shape=numbers(value(2))), value(2)),
    "numbers that are texts": tree(value("3"), ARRAY, value(2)),
    "no tuple of arguments": tree(node("ListNode", "builtins.list", content=[value(3), ARRAY, value(2)])),
    "a loss of a list": loss(node("ListNode", "builtins.list", content=[])),
    "a loss of a dict": loss(mapping(a=value(1))),
    "a loss of a type": loss(node("TypeNode", "builtins.int")),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_constructors(name):  # TRU-088
    found = checked(CALLS[name])
    assert found.findings, found.damage
    assert {"sklearn.tree._tree.Tree", HUBER} & set(found.refused)


def test_arguments_that_skops_writes(root):
    rows, labels = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 3
    several = DecisionTreeClassifier(max_depth=3).fit(rows, np.c_[labels, labels % 2])
    for model in (
        several,
        SGDClassifier(loss="modified_huber").fit(rows, labels),
        HuberRegressor().fit(rows, labels),
    ):
        data = skops.io.dumps(model)
        assert check(data).allowed, check(data).reasons
        (root / "model.skops").write_bytes(data)
        Gate.for_folder(root).load_skops(root / "model.skops").predict(rows)


def test_room_that_trees_ask_for_is_counted():  # TRU-059
    many = np.zeros(2**19, np.int64)
    one = tree(value(3), ARRAY, value(len(many)))
    data = attacks.skops_file(numbers(*[dict(one) for _ in range(300)]), **{"a.npy": npy(many)})
    assert "TRU-059" in check(data).damage


PLACES = {
    "a state": (node("ObjectNode", "sklearn.pipeline.Pipeline", content=mapping(steps=node("ListNode", "builtins.list", content=[numbers(value("a"), POPEN)]))), ".steps[0][1]"),
    "a dict": (mapping(a=mapping(cls="collections.OrderedDict", b=POPEN)), "['a']['b']"),
    "a default": (node("DefaultDictNode", "collections.defaultdict", content={"main": mapping(x=POPEN), "default_factory": value(None)}), "['x']"),
    "a partial": (node("PartialNode", "functools.partial", content={"func": node("FunctionNode", "numpy.log1p"), "args": numbers(), "kwds": mapping(k=POPEN), "namespace": value(None)}), ".keywords['k']"),
    "a masked array": (node("MaskedArrayNode", "numpy.ma.MaskedArray", content={"data": ARRAY, "mask": POPEN}), ".mask"),
    "an argument": (mapping(a=loss(POPEN)), "['a'][0]"),
    "the whole": (POPEN, "the object itself"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_places(name):  # TRU-075, TRU-088
    schema, place = PLACES[name]
    where = {one.where for one in checked(schema).findings if one.name == "subprocess.Popen"}
    assert where == {place}


def test_the_place_of_an_attribute(root):  # TRU-051, TRU-088
    inner = FunctionTransformer()
    inner.surprise = 1
    data = skops.io.dumps({"models": [FunctionTransformer(), inner]})
    (finding,) = check(data).findings
    assert finding.where == "['models'][1]"
    assert "'surprise'" in finding.reason
    (root / "model.skops").write_bytes(data)
    with pytest.raises(UntrustedModel, match=r"at \['models'\]\[1\]"):
        Gate.for_folder(root).load_skops(root / "model.skops")


def test_names_that_are_not_listed_are_explained():  # TRU-075
    reasons = checked(node("FunctionNode", "no_such_package.made_up")).reasons
    assert "is not installed" in " ".join(reasons)


SETS = {
    "numbers": [value(int(one)) for one in NUMBERED],
    "floats and numbers": [value(float(8 * 2**61)), *(value(int(one) + 8) for one in NUMBERED)],
    "tuples": [numbers(value(1), value(int(one))) for one in NUMBERED],
    "tuples of -1 and -2": [numbers(*(value(-1 - (at >> bit & 1)) for bit in range(7))) for at in range(MANY)],
    "numbered members": [numbers(value("text") | {"__id__": 9}, value(int(one))) for one in NUMBERED],
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_members_of_one_hash(name):  # TRU-086
    first = value("text") | {"__id__": 9}
    found = checked(numbers(first, node("SetNode", "builtins.set", content=SETS[name])))
    assert [(one.where, "TRU-086" in one.reason) for one in found.findings] == [("[1]", True)]


def test_keys_of_one_hash():  # TRU-086
    many = dict.fromkeys(NUMBERED, value(1))
    made = node(
        "DictNode", "builtins.dict", content=many, key_types=keys(*many, cls="builtins.int")
    )
    found = checked(mapping(a=made))
    assert [(one.where, "TRU-086" in one.reason) for one in found.findings] == [("['a']", True)]


def test_keys_that_cost_much():  # TRU-087
    inner = numbers()
    for _ in range(40):
        inner = numbers(inner)
    found = checked(node("SetNode", "builtins.set", content=[inner]))
    assert "TRU-087" in " ".join(found.reasons)


HONEST = [
    dict.fromkeys(range(1000), 1),
    set(range(1000)),
    {at / 7: 1 for at in range(500)},
    {b"%d" % at for at in range(100)},
    {(at, f"w{at}") for at in range(200)},
    {np.int64(2**60 + at): 1 for at in range(200)},
    {np.False_: 0, np.True_: 1},
]


@pytest.mark.parametrize("at", range(len(HONEST)))
def test_honest_keys(at):
    found = check(skops.io.dumps(HONEST[at]))
    assert found.allowed, found.reasons


@pytest.mark.parametrize("name", ["numpy.bool_", "numpy.bool"])
def test_truth_values_of_numpy_are_keys_by_both_names(name):
    """TRU-040: numpy 1 called the class so; classifiers of LightGBM have such keys."""
    node_of_dict = node(
        "DictNode", "builtins.dict", content={"True": value(1)}, key_types=keys("1", cls=name)
    )
    found = check(attacks.skops_file(node_of_dict))
    assert found.allowed, found.reasons


@pytest.mark.parametrize("whole", [True, False])
def test_types_of_keys_cannot_be_something_else(whole):  # TRU-042, TRU-043
    function = node("FunctionNode", "numpy.log1p", __id__=5)
    kinds = function if not whole else node("ListNode", "builtins.list", content=[function])
    types = keys("1") if whole else keys("1")["content"][0]
    first = kinds | {"__id__": 6}
    types |= {"__id__": 6}
    if not whole:
        types = node("ListNode", "builtins.list", content=[types])
    data = attacks.skops_file(
        numbers(first, node("DictNode", "builtins.dict", content={"1": value(1)}, key_types=types))
    )
    assert not check(data).allowed


def test_a_refusal_is_an_error(root):
    (root / "model.skops").write_bytes(
        attacks.skops_file(CALLS["outputs without number"], **{"a.npy": npy(np.array([2, 2]))})
    )
    with pytest.raises((UntrustedModel, InvalidModel), match=r"sklearn\.tree\._tree\.Tree"):
        Gate.for_folder(root).load_skops(root / "model.skops")
