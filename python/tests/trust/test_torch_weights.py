"""Weights that torch pickled beside a configuration (TRF-014): which are data, and as safetensors."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections import OrderedDict

import pytest

pytestmark = pytest.mark.libraries("torch", "safetensors")

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")
safetensors_file = pytest.importorskip("safetensors")

from mlmodel.trust import describe, torch_weights, zip_stream  # noqa: E402
from mlmodel.trust.describe import look_into  # noqa: E402
from mlmodel.trust.hugging_face import refused_in  # noqa: E402
from mlmodel.trust.pickles import budget  # noqa: E402
from mlmodel.trust.safetensors_file import tensors_of  # noqa: E402
from mlmodel.trust.torch_weights import Refused, make_safe  # noqa: E402

NAME = "pytorch_model.bin"
SAFE = "model.safetensors"
DTYPES = [
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32),
    *(torch.int16, torch.int8, torch.uint8, torch.bool, torch.uint16, torch.uint32, torch.uint64),
    *(torch.float8_e4m3fn, torch.float8_e5m2),
]


def saved(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def written(folder, value, name=NAME):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(value if isinstance(value, bytes) else saved(value))
    return folder


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as given:
        return {name: given.read(name) for name in given.namelist()}


def archive(held, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name, data in held.items():
            made.writestr(name, data)
    return out.getvalue()


def changed(data, name, change):
    """Return an archive of which one member is what ``change`` makes of it; None leaves it out."""
    held = members(data)
    key = next(one for one in held if one.endswith(f"/{name}"))
    held[key] = change(held[key])
    return archive({one: data for one, data in held.items() if data is not None})


def network():
    torch.manual_seed(0)
    made = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5))
    made[1].weight = made[0].weight  # tied
    return made


HONEST = {
    "tied": lambda: network().state_dict(),
    "parameters": lambda: OrderedDict(network().named_parameters()),
    "every dtype": lambda: {str(one): torch.ones(3).to(one) for one in DTYPES},
    "views": lambda: {
        "t": torch.arange(12).reshape(3, 4).t()[1:], "e": torch.ones(1).expand(4, 5), "s": torch.tensor(2.5),
        "z": torch.zeros(0, 3), "n": torch.zeros(0).as_strided((3, 0), (2**62, 1)), "one": torch.ones(3, 1).as_strided((1, 2), (2**62, 1)),
    },
    "parts of one storage": lambda: dict(zip("ab", torch.arange(10.0).split(5), strict=True)),
}  # fmt: skip


def as_read(folder):
    make_safe(folder)
    assert sorted(path.name for path in folder.iterdir()) == [SAFE]
    return safetensors.load_file(folder / SAFE)


@pytest.mark.parametrize("how", HONEST)
def test_names_and_tensors_are_data(how, tmp_path):
    """TRF-014: every number is the same, by the reader of safetensors."""
    own = HONEST[how]()
    folder = written(tmp_path / "m", own)
    assert refused_in(folder) == []
    said = torch_weights.tensors_of(folder / NAME)
    loaded = as_read(folder)
    assert set(loaded) == set(own) == set(said)
    for name, one in own.items():
        assert (loaded[name].dtype, loaded[name].shape) == (one.dtype, one.shape)
        got, wanted = (
            given.detach().contiguous().reshape(-1).view(torch.uint8)
            for given in (loaded[name], one)
        )
        assert torch.equal(got, wanted)
        assert said[name].shape == tuple(one.shape)
    with safetensors_file.safe_open(folder / SAFE, "pt") as made:
        assert made.metadata() == {"format": "pt"}  # transformers before 5 asks for it
    # So that what maps the file into memory finds the numbers where its processor wants them.
    assert int.from_bytes((folder / SAFE).read_bytes()[:8], "little") % 8 == 0
    assert {name: (one.dtype, one.shape) for name, one in tensors_of(folder / SAFE, "x", "TRF-007").items()} == {
        name: (one.dtype, one.shape) for name, one in said.items()
    }  # fmt: skip


def test_what_is_compressed(tmp_path):
    data = archive(members(saved(network().state_dict())), zipfile.ZIP_DEFLATED)
    assert torch.equal(as_read(written(tmp_path / "m", data))["0.weight"], network()[0].weight)


def test_what_expands_to_more_than_its_size_warrants(tmp_path, monkeypatch):
    """TRU-021"""
    monkeypatch.setattr(budget, "EXPANSION", (0, 2, 2**30))
    data = archive(members(saved({"a": torch.zeros(2**12)})), zipfile.ZIP_DEFLATED)
    ((_, reason),) = refused_in(written(tmp_path / "m", data))
    assert "expands to more than" in reason


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def twice(data, name="data.pkl"):
    held = members(data)
    root = next(iter(held)).partition("/")[0]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for one, content in held.items():
            made.writestr(one, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr(f"{root}/{name}", pickle.dumps(Bomb(), 2))
    return out.getvalue()


def larger(data):
    """An archive whose directory says more of a storage than there is."""
    place = data.index(b"PK\1\2")
    place = next(
        at for at in range(place, len(data)) if data[at : at + 4] == b"PK\1\2" and b"/data/0" in data[at : at + 80]
    )  # fmt: skip
    return data[: place + 20] + (2**31).to_bytes(4, "little") * 2 + data[place + 28 :]


class Derived(torch.Tensor):
    pass


ONE = {"a": torch.ones(8)}
SHARED = torch.ones(3000)
HOSTILE = {
    "code": ({"a": torch.ones(2), "b": Bomb()}, "uses .*mkdir"),
    "a class of tensors": ({"a": torch.ones(2).as_subclass(Derived)}, "uses "),
    "quantized": ({"a": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)}, "uses "),
    "sparse": ({"a": torch.eye(2).to_sparse()}, "uses "),
    "a list": ([torch.ones(2)], "something else than a dict"),
    "a value": ({"a": torch.ones(2), "epoch": 3}, "holds epoch, which is no tensor"),
    "dicts in dicts": ({"model": {"a": torch.ones(2)}}, "holds model, which is no tensor"),
    "a number for a name": ({3: torch.ones(2)}, "holds 3, which is no tensor with a name"),
    "the name of the other form": ({"__metadata__": torch.ones(2)}, "no tensor with a name"),
    "complex numbers": ({"a": torch.ones(2, dtype=torch.complex64)}, "a tensor of complex64"),
    "many axes": ({"a": torch.ones([1] * 40)}, "with 40 axes"),
    "the same numbers many times": ({str(one): SHARED for one in range(200)}, "more than 4 times its own"),
    "as before 1.6": (saved(ONE, _use_new_zipfile_serialization=False), "cannot be read"),
    "no archive": (b"PK\3\4" + b"x" * 99, "cannot be read"),
    "nothing": (b"", "cannot be read"),
    "cut off": (saved(ONE)[:-30], "cannot be read"),
    "one name twice": (twice(saved(ONE)), "one name twice"),
    "bytes before": (b"PK\3\4" + saved(ONE), "bytes stand before"),
    "an archive before another": (saved(ONE) + saved({"a": torch.zeros(8)}), "bytes stand before"),
    "bytes behind": (saved(ONE) + b"more", "cannot be read|bytes stand"),
    "a comment": (saved(ONE)[:-2] + b"\4\0more", "cannot be read|bytes stand"),
    "another file": (archive({**members(saved(ONE)), "archive/x.py": b""}), "torch.save does not write"),
    "another byte order": (changed(saved(ONE), "byteorder", lambda _: b"big"), "byte order"),
    "no pickle": (changed(saved(ONE), "data.pkl", lambda _: None), "lacks 'data.pkl'"),
    "a storage that is not there": (changed(saved(ONE), "data/0", lambda _: None), "lacks"),
    "a small storage": (changed(saved(ONE), "data/0", lambda data: data[:-4]), "another size"),
    "a large storage": (changed(saved(ONE), "data/0", lambda data: data + b"1234"), "another size"),
    "a size that is not": (larger(saved(ONE)), "larger than it is|cannot be read"),
    "truth values that are none": (changed(saved({"a": torch.ones(8, dtype=torch.bool)}), "data/0", lambda _: b"\2" * 8), "truth values"),
    "more than one pickle": (changed(saved(ONE), "data.pkl", lambda data: data + b"N."), "more follows its pickle"),
    "a tensor that leads out": (changed(saved(ONE), "data.pkl", lambda data: data.replace(b"K\x08\x85", b"K\x09\x85")), "leads out of its storage"),
    "a tensor behind": (changed(saved(ONE), "data.pkl", lambda data: data.replace(b"QK\x00", b"QK\x01")), "leads out of its storage"),
    "a step that leads out": (changed(saved(ONE), "data.pkl", lambda data: data.replace(b"K\x08\x85q\x08K\x01\x85", b"K\x08\x85q\x08K\x02\x85")), "leads out of its storage"),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_anything_else_is_not(how, tmp_path, monkeypatch):
    """TRF-014: it is told why, whoever asks, and nothing is run."""
    monkeypatch.chdir(tmp_path)
    value, said = HOSTILE[how]
    folder = written(tmp_path / "m", value)
    with pytest.raises(Refused, match=said):
        torch_weights.tensors_of(folder / NAME)
    with pytest.raises(Refused, match=said):
        make_safe(folder)
    [(file, _)] = refused_in(folder)
    assert file == NAME
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "MLmodel").write_text("flavors: {transformers: {model_binary: m}}\n")
    looks = {look.file for look in look_into(tmp_path) if look.needs_trust}
    assert looks == {f"m/{NAME}"}
    assert not (tmp_path / "ran").exists()


def test_bytes_that_are_not_those_that_were_written(tmp_path):
    """A sum that does not fit is seen when the numbers are read."""
    data = saved({"a": torch.full((64,), 3.0)})
    place = data.index(torch.full((64,), 3.0).numpy().tobytes())
    folder = written(tmp_path / "m", data[:place] + b"\1" + data[place + 1 :])
    with pytest.raises(Refused, match="cannot be read"):
        make_safe(folder)


def test_one_storage_is_read_once_however_it_is_called(tmp_path, monkeypatch):
    """TRU-059: names that take turns between two storages make nothing slow."""
    one, other = torch.arange(4000.0), torch.arange(4000.0)
    turns = {
        f"{n}{k}": part[n : n + 1] for n in range(50) for k, part in (("a", one), ("b", other))
    }
    folder, reads = written(tmp_path / "m", turns), []
    own = torch_weights.Archive.storage
    monkeypatch.setattr(
        torch_weights.Archive, "storage", lambda *given: reads.append(1) or own(*given)
    )
    assert torch.equal(as_read(folder)["7b"], other[7:8])
    assert len(reads) == 2


def test_pieces_with_an_index(tmp_path):
    """TRF-014: by the names that the library has for pieces of safetensors."""
    own, folder = network().state_dict(), tmp_path / "m"
    for number, name in enumerate(own, 1):
        written(folder, {name: own[name]}, f"pytorch_model-0000{number}-of-00003.bin")
    places = {name: f"pytorch_model-0000{n}-of-00003.bin" for n, name in enumerate(own, 1)}
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert refused_in(folder) == []
    make_safe(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        *(f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)), "model.safetensors.index.json",
    ]  # fmt: skip
    held = json.loads((folder / "model.safetensors.index.json").read_text())
    for name, file in held["weight_map"].items():
        assert torch.equal(safetensors.load_file(folder / file)[name], own[name])


@pytest.mark.parametrize("file", ["../x.bin", "model.safetensors", "x.bin", "pytorch_model.bin/x"])
def test_an_index_that_leads_elsewhere(tmp_path, file):
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    assert [reason for _, reason in refused_in(tmp_path)] == [f"names the file {file}"]


def test_what_is_beside_files_of_safetensors_is_not_read(tmp_path):
    """A decoy does not take their place."""
    folder = written(tmp_path / "m", ONE)
    safetensors.save_file({"a": torch.zeros(8)}, folder / SAFE)
    (folder / "pytorch_model.bin.index.json").write_text('{"weight_map": {}}')
    assert torch.equal(as_read(folder)["a"], torch.zeros(8))


def test_what_is_beside_pieces_of_safetensors_is_not_read(tmp_path):
    folder = written(tmp_path / "m", ONE)
    piece = "model-00001-of-00001.safetensors"
    safetensors.save_file({"a": torch.zeros(8)}, folder / piece)
    index = json.dumps({"weight_map": {"a": piece}})
    (folder / "model.safetensors.index.json").write_text(index)
    make_safe(folder)
    assert {one.name for one in folder.iterdir()} == {piece, "model.safetensors.index.json"}
    assert (folder / "model.safetensors.index.json").read_text() == index


def test_a_decoy_under_the_name_of_a_piece(tmp_path):
    folder = written(tmp_path / "m", ONE, "pytorch_model-00001-of-00001.bin")
    decoy = folder / "model-00001-of-00001.safetensors"
    safetensors.save_file({"a": torch.zeros(8)}, decoy)
    make_safe(folder)
    assert torch.equal(safetensors.load_file(decoy)["a"], torch.ones(8))


def test_a_large_file_is_looked_into(tmp_path, monkeypatch):
    """TRU-006: state dicts of any size; other archives only as far as they are read whole."""
    monkeypatch.setattr(describe, "LARGEST", 2**16)
    written(tmp_path, {"a": torch.ones(100_000)})
    (tmp_path / "MLmodel").write_text("flavors: {a: {}}\n")
    [look] = look_into(tmp_path)
    assert (look.file, look.needs_trust) == (NAME, False)
    written(tmp_path, archive({"a/b": bytes(2**17), "x/y": b""}))
    [look] = look_into(tmp_path)
    assert look.needs_trust


def test_names_of_64_bits(tmp_path):
    """Archives of more than 4 GiB have them, and small ones may."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in members(saved(ONE)).items():
            with made.open(name, "w", force_zip64=True) as one:
                one.write(data)
    assert torch.equal(as_read(written(tmp_path / "m", out.getvalue()))["a"], ONE["a"])


def test_a_directory_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_stream, "LARGEST_PIECE", 64)
    assert "cannot be read" in str(torch_weights.refused_in(written(tmp_path, ONE) / NAME))


def test_a_large_file_is_not_read_whole(tmp_path, monkeypatch):
    """What is said of it costs its directory and its pickle."""
    folder, own = written(tmp_path / "m", {"a": torch.ones(200_000)}), zipfile.ZipExtFile.read
    total = []
    monkeypatch.setattr(
        zipfile.ZipExtFile, "read", lambda *given: (total.append(data := own(*given)), data)[1]
    )
    assert torch_weights.refused_in(folder / NAME) is None
    assert sum(map(len, total)) < 10_000
