"""Graphs that ask for more than their file warrants (ONX-013 to ONX-019, TRU-062)."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise

import mutants
import mutated_graphs
import numpy as np
import onnx
import onnxruntime
import pytest
from mutated_graphs import FLOAT, INT64, array, model
from onnx import TensorProto, helper

import mlmodel
from bounded import bounded
from mlmodel.errors import InvalidModel, MlmodelError, UnsupportedModel
from mlmodel.trust import graphs

info, node = helper.make_tensor_value_info, helper.make_node
ANY = [info("Y", FLOAT, None)]
ROWS = np.ones((2, 4), np.float32)


@pytest.fixture(autouse=True)
def _nobody_trusts(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def function(name, nodes):
    sets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_function("own", name, ["x"], ["y"], nodes, sets)


def branches(then, other=None):
    """Take one of two graphs, whatever the data are."""
    made = [node("Size", ["x"], ["s"]), node("Cast", ["s"], ["p"], to=TensorProto.BOOL)]
    other = other or graph([node("Neg", ["x"], ["b"])], "b")
    return [*made, node("If", ["p"], ["y"], then_branch=then, else_branch=other)]


def graph(nodes, result, weights=()):
    return helper.make_graph(nodes, "g", [], [info(result, FLOAT, None)], list(weights))


def named(nodes, inputs=("x", "u"), outputs=("y",)):
    """A function that is called with less than it takes."""
    made = function("f", nodes)
    made.input[:], made.output[:] = inputs, outputs
    return model([call("f", "X", "Y")], ANY, functions=[made], own=1)


def call(name, given, made):
    return node(name, [given], [made], domain="own")


def calling(levels, body):
    """Each function is made of calls of the one before it."""
    own = [function("f0", [node("Neg", ["x"], ["y"])])]
    own += [function(f"f{one}", body(f"f{one - 1}")) for one in range(1, levels)]
    return model([call(f"f{levels - 1}", "X", "Y")], ANY, functions=own, own=1)


def summed(nodes, weights=(), name="c"):
    """Add the sum of a value to the input."""
    nodes = [
        *nodes,
        node("Cast", [name], ["cf"], to=FLOAT),
        node("ReduceSum", ["cf"], ["r"], keepdims=0),
    ]
    return model([*nodes, node("Add", ["X", "r"], ["Y"])], ANY, weights)


def joined(first, last, nodes=(), weights=(), levels=30):
    """Join a value to itself again and again."""
    names = [first, *(f"j{one + 1}" for one in range(levels))]
    joins = [node("Concat", [one, one], [two], axis=0) for one, two in pairwise(names)]
    return summed([*nodes, *joins, *last(f"j{levels}")], weights)


def deep(levels):
    """Each function has a branch in which the one before it is called."""

    def body(name):
        return branches(graph([call(name, "x", "a")], "a"))

    return calling(levels, body)


def copied():
    """A function with a megabyte in it is called a thousand times."""
    zeros = array("", np.zeros(250_000, np.float32))
    own = function("f", [node("Constant", [], ["c"], value=zeros), node("Neg", ["x"], ["y"])])
    names = ["X", *(f"y{one}" for one in range(999)), "Y"]
    nodes = [call("f", *names[one : one + 2]) for one in range(1000)]
    return model(nodes, ANY, functions=[own], own=1)


def sparse(shape, indices=(0,)):
    made = summed([node("Identity", ["w"], ["c"])])
    values = array("w", np.ones(len(indices), np.float32))
    made.graph.sparse_initializer.append(
        helper.make_sparse_tensor(values, array("i", np.array(indices)), shape)
    )
    return made


def turning(turns, goes_on, weights=(), nodes=()):
    body = helper.make_graph(
        [*nodes, node("Concat", ["v", "v"], ["w"], axis=0)], "body",
        [info("i", INT64, []), info("c", TensorProto.BOOL, []), info("v", FLOAT, None)],
        [info(goes_on, TensorProto.BOOL, []), info("w", FLOAT, None)],
    )  # fmt: skip
    return model([node("Loop", [turns, "", "X"], ["Y"], body=body)], ANY, weights)


def tensor(change):
    made = mutated_graphs.network()
    change(made.graph.initializer[0])
    return made


def given(name, value):
    def change(one):
        getattr(one, name).extend(value) if isinstance(value, list) else setattr(one, name, value)

    return tensor(change)


def settings():
    made = mutated_graphs.network()
    made.metadata_props.add(
        key="ort_config", value='{"session_options": {"inter_op_num_threads": 9}}'
    )
    return made


def repeated(text):
    """A field of the model for the second time."""
    return mutated_graphs.network().SerializeToString() + text


def constant(op, *values, **attributes):
    names = [f"v{one}" for one in range(len(values))]
    return summed(
        [node(op, names, ["c"], **attributes)], list(map(array, names, map(np.asarray, values)))
    )


def vocabulary(**changed):
    made = mutated_graphs.words()
    (words,) = (one for one in made.graph.node if one.op_type == "TfIdfVectorizer")
    for name, value in changed.items():
        kept = [one for one in words.attribute if one.name != name]
        del words.attribute[:]
        words.attribute.extend([*kept, helper.make_attribute(name, value)])
    return made


TWICE = calling(18, lambda name: [call(name, "x", "t"), call(name, "t", "y")])
_YES = node("Constant", [], ["on"], value=array("", np.bool_(1)))
REFUSED = {
    "functions that call twice": (TWICE, "ONX-014"),
    "functions in a chain": (calling(3000, lambda name: [call(name, "x", "y")]), "ONX-014"),
    "functions in branches": (deep(100), "ONX-014"),
    "a function that calls itself": (model([call("f", "X", "Y")], ANY, functions=[function("f", [call("f", "x", "y")])], own=1), "ONX-014"),
    "functions that call each other": (calling(2, lambda _: [call("f1", "x", "y")]), "ONX-014"),
    "a function with weights": (copied(), "ONX-014"),
    "constants joined": (joined("c0", lambda n: [node("Identity", [n], ["c"])], [
        node("Constant", [], ["c0"], value=array("", np.zeros(1, np.float32)))]), "ONX-015"),
    "inputs joined": (joined("X", lambda n: [node("Identity", [n], ["c"])]), "ONX-015"),
    "shapes joined": (joined("s", lambda n: [node("ConstantOfShape", [n], ["c"])], [node("Shape", ["X"], ["s"])], levels=20), "ONX-015"),
    "a constant of a shape": (constant("ConstantOfShape", np.array([2**15, 2**15])), "ONX-015"),
    "a range": (constant("Range", np.int64(0), np.int64(2**40), np.int64(1)), "ONX-015"),
    "a tile": (constant("Tile", np.zeros(1, "f"), np.array([2**30])), "ONX-015"),
    "an expansion": (constant("Expand", np.zeros(1, "f"), np.array([2**15, 2**15])), "ONX-015"),
    "a sparse tensor": (sparse([2**20, 2**20], [0]), "ONX-015"),
    "a sparse tensor's index": (sparse([16], [16]), "ONX-016"),
    "a sparse tensor's negative index": (sparse([16], [-1]), "ONX-016"),
    "a loop": (turning("", "c"), "ONX-018"),
    "a loop with a constant": (turning("", "on", nodes=[_YES]), "ONX-018"),
    "a loop of many turns": (turning("m", "c", [array("m", np.int64(2**63 - 1))]), "ONX-018"),
    "an axis too many": (given("dims", [2]), "ONX-016"),
    "no axis": (tensor(lambda one: one.ClearField("dims")), "ONX-016"),
    "a negative axis": (given("dims", [-1]), "ONX-016"),
    "axes that overflow": (given("dims", [2**32, 2**32]), "ONX-016"),
    "many axes": (given("dims", [1] * 300), "ONX-016"),
    "no data": (tensor(lambda one: one.ClearField("raw_data")), "ONX-016"),
    "data twice": (given("float_data", [1.0] * 12), "ONX-016"),
    "another type": (given("data_type", 11), "ONX-016"),
    "an unknown type": (given("data_type", 99), "ONX-016"),
    "a text": (given("data_type", 8), "ONX-016"),
    "a second graph": (repeated(b"\x3a\x02\x12\x00"), "ONX-005"),
    "a second version": (repeated(b"\x08\x07"), "ONX-005"),
    "a group": (repeated(b"\xdb\x01\xdc\x01"), "ONX-005"),
    "another wire type": (repeated(b"\x38\x07"), "ONX-005"),
    "many sets of operators": (repeated(b"\x42\x02\x10\x01" * 80), "ONX-013"),
    "many empty nodes": (repeated(b"")[:0] + b"\x3a\x80\x89\x7a" + b"\x0a\x00" * 1_000_000, "ONX-005"),
    "the format of ONNX Runtime": (b"\x12\x06\x00\x00ORTM" + repeated(b""), "ONX-005"),
    "settings": (settings(), "ONX-017"),
    "a program": (summed([node("EPContext", ["X"], ["c"], domain="com.microsoft", embed_mode=0,
                               ep_cache_context="../program")]), "ONX-017"),
    "a vocabulary without places": (vocabulary(ngram_indexes=[1]), "ONX-020"),
    "a place before the first": (vocabulary(ngram_indexes=[0, -5]), "ONX-020"),
    "a place far away": (vocabulary(ngram_indexes=[0, 2**40]), "ONX-020"),
    "a vocabulary with one weight": (vocabulary(weights=[1.0]), "ONX-020"),
    "a vocabulary that begins behind its end": (vocabulary(ngram_counts=[7]), "ONX-020"),
    "a name in no encoding": (mutated_graphs.trees().SerializeToString().replace(b"\n\x01Y", b"\n\x01\x80"), "ONX-005"),
    "an axis in no encoding": (model([node("Neg", ["X"], ["Y"])], [info("Y", FLOAT, ["axis"])]).SerializeToString().replace(b"axis", b"ax\xffs"), "ONX-005"),
    "an operator in no encoding": (mutated_graphs.trees().SerializeToString().replace(b"TreeEnsemble", b"TreeEnsembl\xff"), "ONX-005"),
    "a function whose input is a result": (named([node("Neg", ["x"], ["u"])], outputs=["u"]), "ONX-021"),
    "a function whose input is made": (named([node("Neg", ["x"], ["u"]), node("Neg", ["u"], ["y"])]), "ONX-021"),
    "a function whose input is made in a branch": (named(branches(graph([node("Neg", ["x"], ["u"]), node("Neg", ["u"], ["a"])], "a"))), "ONX-021"),
    "a function whose input is a weight in a branch": (named(branches(graph([node("Add", ["x", "u"], ["a"])], "a", [array("u", np.ones(1, "f"))]))), "ONX-021"),
    "a function whose input is made deeper": (named(branches(graph([node("If", ["p"], ["a"], then_branch=graph([node("Neg", ["x"], ["u"])], "u"), else_branch=graph([node("Neg", ["x"], ["b"])], "b"))], "a"))), "ONX-021"),
    "a function with an input twice": (named([node("Neg", ["x"], ["y"])], ["x", "x"]), "ONX-021"),
    "a function with a result twice": (named([node("Neg", ["x"], ["y"])], outputs=["y", "y"]), "ONX-021"),
    "a function that makes a value twice": (named([node("Neg", ["x"], ["y"])] * 2), "ONX-021"),
    "a later field": (repeated(b"\xe2\x01\x00"), "ONX-013"),
}  # fmt: skip


def written(made, folder):
    folder.mkdir()
    data = made if isinstance(made, bytes) else made.SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function: {data: model.onnx, loader_module: mlflow.onnx}\n"
        "  onnx: {data: model.onnx, providers: [CPUExecutionProvider]}\n"
    )
    return folder


@pytest.mark.thorough
@pytest.mark.parametrize("what", REFUSED)
def test_what_asks_for_too_much_is_refused(what, tmp_path):
    """ONX-013 to ONX-018, TRU-062: before any library reads it, in a trusted folder too."""
    made, rule = REFUSED[what]
    folder = written(made, tmp_path / "m")
    for load in (mlmodel.load, mlmodel.onnx.load_model):
        with pytest.raises(MlmodelError, match=f"model.onnx.*{rule}") as caught:
            load(folder, trust=True)
        assert isinstance(caught.value, InvalidModel | UnsupportedModel)


#: What ONNX Runtime 1.31 does not survive, never ends with, or needs a thousand times its size for.
ENDLESS = [
    "functions that call twice",
    "functions in a chain",
    "a function with weights",
    "shapes joined",
    "a function whose input is a result",
    "a function whose input is made",
    "a function whose input is made in a branch",
]


#: More than a process with ONNX Runtime and a small graph has.
_MIB = 600


@pytest.mark.slow
@pytest.mark.parametrize("what", ENDLESS)
def test_without_the_check_it_ends_the_process(what, tmp_path):
    """Where ONNX Runtime learns to refuse one of these, nothing is lost, and the test is skipped."""
    folder = written(REFUSED[what][0], tmp_path / "m")
    script = (
        "import onnxruntime, resource, sys; onnxruntime.InferenceSession(sys.argv[1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)"
    )
    try:
        done = bounded("-c", script, str(folder / "model.onnx"), timeout=15)
    except subprocess.TimeoutExpired:
        return
    if done.returncode == 1:
        pytest.skip("this ONNX Runtime refuses it by itself")
    assert done.returncode < 0 or int(done.stdout) > _MIB


FREE = {
    "outer": constant("Add", np.zeros((30_000, 1), "f"), np.zeros((1, 30_000), "f")),
    "float range": constant("Range", np.float32(0), np.float32(2**27), np.float32(1)),
    "one hot": constant("OneHot", np.array([0]), np.int64(2**30), np.zeros(2, "f")),
    "pad": constant("Pad", np.zeros(1, "f"), np.array([0, 2**30])),
    "resize": summed([node("Resize", ["a", "", "s"], ["c"], mode="nearest")], [
        array("a", np.zeros((1, 1, 1, 1), "f")), array("s", np.array([1, 1, 2**15, 2**15], "f"))]),
    "random": summed([node("RandomNormal", [], ["c"], shape=[2**30])]),
}  # fmt: skip


@pytest.mark.parametrize("what", FREE)
def test_what_is_not_proven_to_be_small_is_not_computed(what, tmp_path, monkeypatch):
    """ONX-015: it loads, at once, and ONNX Runtime is told to compute nothing."""
    told = []
    session = onnxruntime.InferenceSession

    def watched(*args, **options):
        told.append(options["disabled_optimizers"])
        return session(*args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    assert not graphs.check(FREE[what].SerializeToString(), "model.onnx").folds
    mlmodel.load(written(FREE[what], tmp_path / "m"))
    mlmodel.load(written(mutated_graphs.network(), tmp_path / "n"))
    assert "ConstantFolding" in told[0]
    assert told[1] == []


@pytest.mark.parametrize("name", mutated_graphs.models())
def test_honest_graphs_pass(name, tmp_path):
    """Scans, loops with branches, forests, texts, functions: as ONNX Runtime alone has them."""
    data = mutated_graphs.models()[name]
    found = graphs.check(data, "model.onnx")
    assert (found.outside, found.deeper) == ([], [])
    # Loops and texts are not followed: what is constant beside them still is.
    answer = mlmodel.load(written(data, tmp_path / "m")).predict(ROWS)
    expected = onnxruntime.InferenceSession(data).run(None, {"X": ROWS})
    for got, due in zip(answer.values(), expected, strict=True):
        assert np.array_equal(got, due)


@pytest.mark.slow
def test_graphs_of_every_operator_pass():
    """The models of ONNX's own tests, one for each use of an operator."""
    from onnx.backend.test.loader import load_model_tests

    kinds = [one for kind in ("node", "simple", "pytorch-converted", "pytorch-operator")
             for one in load_model_tests(kind=kind)]  # fmt: skip
    refused = {}
    for one in kinds:
        path = os.path.join(one.model_dir or "", "model.onnx")
        if os.path.isfile(path):
            with open(path, "rb") as stream:
                data = stream.read()
            try:
                graphs.check(data, "model.onnx")
            except MlmodelError as error:
                refused[one.name] = str(error)
    assert refused == {}
    assert len(kinds) > 50


@pytest.fixture
def outside(tmp_path):
    """A graph whose weights stand in another file, and its folder."""
    made = mutated_graphs.network()
    mlmodel.onnx.save_model(made, tmp_path / "m")
    onnx.save_model(made, tmp_path / "m" / "model.onnx", save_as_external_data=True,
                    location="model.onnx.data", size_threshold=80)  # fmt: skip
    return tmp_path / "m"


def changed(folder, change):
    held = onnx.load(folder / "model.onnx", load_external_data=False)
    change(held.graph.initializer[0])
    (folder / "model.onnx").write_bytes(held.SerializeToString())


def entry(one, key, value):
    found = [each for each in one.external_data if each.key == key] or [
        one.external_data.add(key=key)
    ]
    found[0].value = value


WRONG = {
    "offset behind the end": (lambda one: entry(one, "offset", str(2**40)), "ONX-016"),
    "negative offset": (lambda one: entry(one, "offset", "-4"), "ONX-016"),
    "a text as offset": (lambda one: entry(one, "offset", "0x10"), "ONX-016"),
    "another length": (lambda one: entry(one, "length", "8"), "ONX-016"),
    "a larger shape": (lambda one: one.dims.append(2**30), "ONX-016"),
    "two locations": (
        lambda one: one.external_data.add(key="location", value="../secret"),
        "ONX-004",
    ),
    "data here too": (lambda one: setattr(one, "raw_data", bytes(48)), "ONX-016"),
    "texts": (lambda one: setattr(one, "data_type", 8), "ONX-016"),
}


@pytest.mark.parametrize("what", WRONG)
def test_places_in_other_files_are_checked(what, outside):
    """ONX-004, ONX-016."""
    expected = onnxruntime.InferenceSession(mutated_graphs.models()["network"]).run(
        None, {"X": ROWS}
    )
    assert np.array_equal(mlmodel.load(outside).predict(ROWS)["P"], expected[0])
    change, rule = WRONG[what]
    changed(outside, change)
    for load in (mlmodel.load, mlmodel.onnx.load_model):
        with pytest.raises(InvalidModel, match=rf"model.onnx.*{rule}"):
            load(outside)


def test_what_was_checked_is_what_is_read(outside, monkeypatch):
    """ONX-019: a folder that changes behind the check changes nothing."""
    expected = mlmodel.load(outside).predict(ROWS)["P"]
    check = graphs.check

    def changing(data, file):
        found = check(data, file)
        (outside / "model.onnx").write_bytes(b"other")
        return found

    session = onnxruntime.InferenceSession

    def late(*args, **options):
        (outside / "model.onnx.data").unlink(missing_ok=True)
        return session(*args, **options)

    monkeypatch.setattr(graphs, "check", changing)
    monkeypatch.setattr(onnxruntime, "InferenceSession", late)
    assert np.array_equal(mlmodel.load(outside).predict(ROWS)["P"], expected)


def test_a_link_in_the_place_of_what_was_checked_is_not_followed(outside, monkeypatch, tmp_path):
    """ONX-019: put there between the look at the file and its opening."""
    weights = outside / "model.onnx.data"
    (tmp_path / "secret").write_bytes(weights.read_bytes())
    look = os.open

    def late(path, *args, **options):
        if path == weights.name:
            weights.unlink()
            weights.symlink_to(tmp_path / "secret")
        return look(path, *args, **options)

    monkeypatch.setattr(os, "open", late)
    monkeypatch.setattr(os, "supports_dir_fd", {*os.supports_dir_fd, late})
    with pytest.raises(MlmodelError, match="model.onnx.data"):
        mlmodel.load(outside)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["graphs", "boosters"])
def test_altered_files_are_refused_or_answer(kind):
    """ONX-013, XGB-006: none ends the process, hangs, eats memory or raises something else."""
    outcomes, finds = mutants.tried(kind, 400, seed=11)
    assert finds == []
    assert outcomes["answered"] > 10
    assert outcomes["INVALID_MODEL"] > 50
