"""Archives of torch: what they are, and tensors read without unpickling (PTH-007, PTH-008, TRU-006)."""

from __future__ import annotations

import io
import os
import pickle
import random
import re
import subprocess
import sys
import zipfile
from collections import OrderedDict

import pytest

pytestmark = pytest.mark.libraries("torch")

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

import mlmodel  # noqa: E402
from mlmodel.errors import InvalidModel, MlmodelError, UntrustedModel  # noqa: E402
from mlmodel.trust.describe import look_into  # noqa: E402


@pytest.fixture(autouse=True)
def _another_user(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMODEL_TRUST_STORE", str(tmp_path / "store"))


def saved(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def read(folder, data, **options):
    """Load bytes as the state dict of a folder that nobody vouches for."""
    folder.mkdir(exist_ok=True)
    (folder / "state_dict.pth").write_bytes(data)
    return mlmodel.pytorch.load_state_dict(folder, **options)


def with_member(data, name, change):
    """Return an archive of which one member is changed, added (from b"") or left out (None)."""
    out, found = io.BytesIO(), False
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        root = given.namelist()[0].partition("/")[0]
        for one in given.namelist():
            content = given.read(one)
            if one == f"{root}/{name}":
                content, found = change(content), True
            if content is not None:
                made.writestr(one, content)
        if not found:
            made.writestr(f"{root}/{name}", change(b""))
    return out.getvalue()


def network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.rand(5, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def same(one, other):
    if isinstance(one, torch.Tensor):
        whole = one.dtype == other.dtype and one.stride() == other.stride()
        kept = one.requires_grad == other.requires_grad and type(one) is type(other)
        return whole and kept and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


DTYPES = [
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32),
    *(torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128),
    *(torch.uint16, torch.uint32, torch.uint64),
]
CHECKPOINTS = {
    "a module": network()[0].state_dict,
    "an optimizer": network()[1].state_dict,
    "a checkpoint": lambda: {
        "model": network()[0].state_dict(), "epoch": 3, "loss": 0.25, "best": None, "name": "é",
        "done": [True, False], "shape": torch.Size([1, 2]), "at": torch.device("cpu"),
        "dtype": torch.float16, "seed": -(2**70), "key": b"\xff\x00", "of": {"a", "b"}, "c": 1 - 2j,
        "schedule": (0.1, 1e300, float("inf")), 7: [], "many": list(range(300)),
    },
    "parameters": lambda: list(network()[0].parameters()),
    "every dtype": lambda: {str(one): torch.ones(3).to(one) for one in DTYPES},
    "nothing in a tensor": lambda: {"none": torch.zeros(0, 3), "one": torch.tensor(2.5)},
    "a view": lambda: {"v": torch.arange(12).reshape(3, 4).t()[1:], "e": torch.ones(1).expand(4, 5)},
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_tensors_and_plain_values_load_without_trust(name, tmp_path):
    """PTH-007: as torch itself loads them."""
    data = saved(CHECKPOINTS[name]())
    loaded = read(tmp_path / "m", data)
    assert same(torch.load(io.BytesIO(data), weights_only=False), loaded)
    (tmp_path / "m" / "MLmodel").write_text("flavors: {a: {}}\n")
    [look] = look_into(tmp_path / "m")
    assert not look.needs_trust, look


def test_what_a_module_notes_beside_its_state_is_kept(tmp_path):
    """PTH-007: versions of its parts, without which older states are not read as they were."""
    model, _ = network()
    loaded = read(tmp_path / "m", saved(model.state_dict()))
    assert type(loaded) is OrderedDict
    assert vars(loaded)["_metadata"] == vars(model.state_dict())["_metadata"]
    model.load_state_dict(loaded)


def test_tensors_of_one_storage_share_it(tmp_path):
    """PTH-007."""
    whole = torch.zeros(6)
    loaded = read(tmp_path / "m", saved({"whole": whole, "part": whole[2:4]}))
    loaded["part"] += 1
    assert loaded["whole"].tolist() == [0, 0, 1, 1, 0, 0]


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("ran",)


class Derived(torch.Tensor):
    pass


MORE = {
    "a module": (lambda: nn.Linear(2, 1), "torch.nn.modules.linear.Linear"),
    "a call": (lambda: {"w": Bomb()}, "posix.mkdir"),
    "an array": (lambda: {"w": torch.ones(1).numpy()}, "numpy"),
    "a sparse tensor": (lambda: torch.eye(2).to_sparse(), "_rebuild_sparse_tensor"),
    "a class of its own": (lambda: torch.ones(2).as_subclass(Derived), "_rebuild_from_type_v2"),
    "a function": (lambda: {"f": os.system}, "posix.system"),
}


@pytest.mark.parametrize("what", MORE)
def test_more_than_that_asks_for_trust(what, tmp_path, monkeypatch):
    """PTH-007, TRU-006: nothing is run, and the name is told."""
    monkeypatch.chdir(tmp_path)
    make, name = MORE[what]
    with pytest.raises(UntrustedModel, match=re.escape(name)):
        read(tmp_path / "m", saved(make()))
    (tmp_path / "m" / "MLmodel").write_text("flavors: {a: {}}\n")
    [look] = look_into(tmp_path / "m")
    assert look.needs_trust
    assert name in look.what
    assert not (tmp_path / "ran").exists()


def test_trust_loads_what_is_more(tmp_path):
    loaded = read(tmp_path / "m", saved({"w": torch.ones(1).numpy()}), trust=True)
    assert loaded["w"].tolist() == [1.0]


def test_the_form_before_torch_1_6_asks_for_trust(tmp_path):
    """PTH-007."""
    data = saved({"w": torch.ones(2)}, _use_new_zipfile_serialization=False)
    with pytest.raises(UntrustedModel, match="before 1.6"):
        read(tmp_path / "m", data)
    assert read(tmp_path / "m", data, trust=True)["w"].tolist() == [1.0, 1.0]
    (tmp_path / "m" / "MLmodel").write_text("flavors: {a: {}}\n")
    assert [look.needs_trust for look in look_into(tmp_path / "m")] == [True]


def pickled(change):
    return lambda data: with_member(data, "data.pkl", change)


def two(data):
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("other/data.pkl", PLAIN)
    return out.getvalue()


PLAIN = pickle.dumps({}, 2)

#: What torch's own reader takes, or fails on, and ours must not: each of one tensor of six floats.
DAMAGED = {
    "a tensor behind its storage": pickled(lambda d: d.replace(b"K\x02K\x03\x86", b"K\x02K\x04\x86")),
    "steps out of it": pickled(lambda d: d.replace(b"K\x03K\x01\x86", b"K\x09K\x01\x86")),
    "an offset out of it": pickled(lambda d: d.replace(b"QK\x00K\x02", b"QK\x07K\x02")),
    "a negative size": pickled(
        lambda d: d.replace(b"K\x02K\x03\x86", b"J\xfe\xff\xff\xffJ\xfd\xff\xff\xff\x86")
    ),
    "a size that is a text": pickled(lambda d: d.replace(b"K\x02K\x03\x86", b"X\0\0\0\0K\x03\x86")),
    "axes without steps": pickled(lambda d: d.replace(b"K\x02K\x03\x86", b"K\x02K\x01K\x03\x87")),
    "a storage of another size": lambda d: with_member(d, "data/0", lambda raw: raw + bytes(4)),
    "a storage cut off": lambda d: with_member(d, "data/0", lambda raw: raw[:-4]),
    "no storage": lambda d: with_member(d, "data/0", lambda raw: None),
    "a pickle cut off": pickled(lambda d: d[:-9]),
    "more behind the pickle": pickled(lambda d: d + b"N."),
    "a mark and nothing": pickled(lambda d: d[:2] + b"(" + d[2:]),
    "a name that was never kept": pickled(lambda d: d[:-1] + b"h\xff."),
    "an archive cut off": lambda d: d[:-30],
    "garbage": lambda d: b"garbage",
    "an empty file": lambda d: b"",
    "two folders": two,
}  # fmt: skip


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_state_is_refused(what, trust, tmp_path):
    """PTH-006, PTH-007: in a trusted folder too."""
    data = saved({"w": torch.arange(6.0).reshape(2, 3)})
    broken = DAMAGED[what](data)
    assert broken != data
    with pytest.raises(InvalidModel, match=r"state_dict.pth.*PTH-00[67]"):
        read(tmp_path / "m", broken, trust=trust)


def test_truth_values_are_0_or_1(tmp_path):
    """PTH-007: others are counted twice by compiled code that goes by them."""
    data = saved({"w": torch.ones(3, dtype=torch.bool)})
    with pytest.raises(InvalidModel, match="truth values.*PTH-007"):
        read(tmp_path / "m", with_member(data, "data/0", lambda raw: b"\x01\x02\x01"))


REFUSED = {
    "a file that torch does not write": (
        lambda d: with_member(d, "code/a.py", lambda _: b"x"), "code/a.py"
    ),
    "another byte order": (
        lambda d: with_member(d, "byteorder", lambda _: b"big"), "byte order"
    ),
    "hooks": (pickled(lambda d: d.replace(b"\x89ccollections\nOrderedDict\n", b"\x89ccopyreg\n_reconstructor\n")), "copyreg"),
    "an opcode of another protocol": (pickled(lambda d: b"\x80\x02" + b"\x8c\x01a0" + d[2:]), "0x8c"),
    "an object that is given a state": (pickled(lambda d: d[:-1] + b"}b."), "given a state"),
    "a large number as a key": (pickled(lambda d: d.replace(b"X\x01\x00\x00\x00w", b"\x8a\x09" + b"\x7f" * 9)), "key"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_understood_asks_for_trust(what, tmp_path):
    """PTH-007."""
    data = saved({"w": torch.arange(6.0).reshape(2, 3)})
    change, name = REFUSED[what]
    broken = change(data)
    assert broken != data
    with pytest.raises(UntrustedModel, match=name):
        read(tmp_path / "m", broken)


def test_a_bomb_is_not_unfolded(tmp_path):
    """TRU-021, TRU-059: compressed zeros, and views of more elements than are stored."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", PLAIN)
        archive.writestr("a/data/0", bytes(2**30))
    with pytest.raises(InvalidModel, match="PTH-00[67]"):
        read(tmp_path / "m", out.getvalue())
    data = saved({"w": torch.ones(1).expand(2**20, 2**20)})
    with pytest.raises(InvalidModel, match="more memory.*PTH-007"):
        read(tmp_path / "m", data)


_MUTATED = """
import random, sys
from pathlib import Path
import torch, mlmodel
from mlmodel.errors import MlmodelError
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
data, chance, count = (folder / "state_dict.pth").read_bytes(), random.Random(seed), 0
for _ in range(400):
    broken = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place = chance.randrange(len(broken))
        broken[place] = chance.randrange(256)
    if chance.random() < 0.2:
        del broken[chance.randrange(len(broken)):]
    (folder / "state_dict.pth").write_bytes(broken)
    try:
        loaded = mlmodel.pytorch.load_state_dict(folder)
    except MlmodelError:
        continue
    count += 1
    for one in loaded.values() if isinstance(loaded, dict) else ():
        if isinstance(one, torch.Tensor):
            one.clone().double().sum()
print("whole", count)
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_altered_bytes_end_no_process(seed, tmp_path):
    """PTH-007: in 8 GB of memory, where nothing crashes and nothing else is raised."""
    model, optimizer = network()
    value = {"model": model.state_dict(), "opt": optimizer.state_dict(), "w": torch.ones(3).bool()}
    out = tmp_path / "m"
    out.mkdir()
    # Members without checksums that guard them: what is altered is seen by the reader.
    (out / "state_dict.pth").write_bytes(saved(value))
    command = f"ulimit -v 8000000; exec {sys.executable} -c '{_MUTATED}' {out} {seed}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("whole")


@pytest.mark.parametrize("seed", range(3))
def test_altered_pickles_load_within_their_storages_or_not_at_all(seed, tmp_path):
    """PTH-007: with checksums that are right, so that the reader of tensors sees every byte."""
    data = saved({"w": torch.arange(6.0).reshape(2, 3), "s": {"a": [1, 2.5, "x"]}})
    chance = random.Random(seed)

    def altered(raw):
        broken = bytearray(raw)
        for _ in range(chance.choice((1, 2, 4))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        return bytes(broken)

    for _ in range(300):
        try:
            loaded = read(tmp_path / "m", with_member(data, "data.pkl", altered))
        except MlmodelError:
            continue
        tensor = loaded.get("w") if isinstance(loaded, dict) else None
        if isinstance(tensor, torch.Tensor):
            assert tensor.untyped_storage().nbytes() <= 24
