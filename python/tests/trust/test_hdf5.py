"""HDF5 files are read without HDF5's compiled library (KER-016)."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest

from mlmodel.trust import hdf5
from mlmodel.trust.pickles.budget import Budget

pytestmark = pytest.mark.libraries("h5py")


def made(fill, **how):
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w", **how) as file:
        fill(file)
    return target.getvalue()


def plain(value):
    """A value as both readers have it: texts, lists of texts, arrays as lists with their dtype."""
    if isinstance(value, hdf5.Array):
        value = value.of_numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "OS":
        value = value.tolist()
    if isinstance(value, list):
        return [one.decode() if isinstance(one, bytes) else one for one in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind, value.shape, value.tobytes()
    return value


def listed(group, members, attributes, value, place=""):
    """All that is in a file, by its place."""
    found = {f"{place}@{name}": plain(one) for name, one in attributes(group).items()}
    for name, one in members(group):
        if hasattr(one, "members") or hasattr(one, "keys"):
            found[f"{place}/{name}"] = None
            found |= listed(one, members, attributes, value, f"{place}/{name}")
        else:
            found[f"{place}/{name}"] = plain(value(one))
            found |= {f"{place}/{name}@{key}": plain(v) for key, v in attributes(one).items()}
    return found


def ours(group):
    return listed(
        group, lambda one: one.members.items(), lambda one: one.attributes, lambda one: one.values
    )


def of_h5py(data):
    import h5py

    with h5py.File(io.BytesIO(data)) as file:
        return listed(
            file, lambda one: one.items(), lambda one: dict(one.attrs), lambda one: one[()]
        )


def a_model(file):
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = [b"dense", b"dense_1"]
    weights.attrs["backend"] = "tensorflow"
    weights.create_group("dense/seq").create_dataset("kernel", data=np.ones((4, 3), "f4"))
    weights.create_group("top").attrs["weight_names"] = []
    file.attrs["model_config"] = '{"class_name": "Sequential"}'


def many(file):
    for place in range(2000):
        file.create_dataset(f"x{place}", data=np.full(2, place))
    for place in range(300):
        file.create_group(f"deep/{place}/vars")


def of_all_types(file):
    for kind in ("f2", "f4", "f8", "i1", "u1", "i2", "u4", "u8", "?", ">f4", ">i8", "V2"):
        file.create_dataset(kind.replace(">", "big "), data=np.ones((2, 3), kind))
    file.create_dataset("none", data=np.zeros((0, 4)))
    file.create_dataset("scalar", data=3.5).attrs["dtype"] = "bfloat16"


def texts(file):
    file.attrs["long"] = "x" * 200_000
    file.attrs["bytes"] = np.array([b"ab", b"c"])
    file.attrs["ä"] = "ö"
    file.attrs["empty"] = ""
    file.attrs["number"], file.attrs["truth"], file.attrs["list"] = 3, True, [1.5, 2]


@pytest.mark.parametrize("fill", [a_model, many, of_all_types, texts, lambda file: None])
def test_what_h5py_writes_is_read_as_h5py_reads_it(fill):
    import h5py

    data = made(fill)
    found = hdf5.read(data)
    assert ours(found) == of_h5py(data)
    assert of_h5py(hdf5.written(found, h5py).getvalue()) == of_h5py(data)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"compression": "gzip"}, "kind 11|in pieces"),
        ({"chunks": True}, "in pieces"),
        ({"maxshape": (None,)}, "may grow|in pieces"),
        ({"data": np.array([b"a", b"b"])}, "texts"),
        ({"data": np.ones(2, "c8")}, "values of kind 6"),
    ],
)
def test_another_form_is_told_and_not_read(options, said):
    data = made(lambda file: file.create_dataset("x", **{"data": np.arange(9), **options}))
    with pytest.raises(hdf5.AnotherForm, match=said):
        hdf5.read(data)


def test_a_later_layout_is_another_form():
    with pytest.raises(hdf5.AnotherForm, match="superblock"):
        hdf5.read(made(a_model, libver="latest"))


def soft(file):
    import h5py

    file["a"] = np.ones(3)
    file["b"] = h5py.SoftLink("/a")


def external(file):
    import h5py

    file["b"] = h5py.ExternalLink("/etc/passwd", "/")


def elsewhere(file):
    file.create_dataset("x", (4,), "u1", external=[("/etc/passwd", 0, 4)])


def virtual(file):
    import h5py

    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize("fill", [soft, external, elsewhere, virtual])
def test_what_leads_out_of_the_file_is_not_read(fill):
    with pytest.raises(hdf5.AnotherForm):
        hdf5.read(made(fill))


def test_an_object_that_is_there_twice_is_refused():
    def twice(file):
        file["a"] = np.ones(3)
        file["b"] = file["a"]

    with pytest.raises(hdf5.MalformedFile, match="twice"):
        hdf5.read(made(twice))


def test_a_circle_is_refused():
    def circle(file):
        file.create_group("a")["b"] = file["/"]

    with pytest.raises(hdf5.MalformedFile, match="twice"):
        hdf5.read(made(circle))


def test_nothing_is_there_more_often_than_the_file_is_long():
    """A text of which a file says two hundred times where it stands."""
    data = bytearray(made(lambda file: file.attrs.create("t", ["x" * 1000] + ["y"] * 200)))
    start = data.find((1000).to_bytes(4, "little") + b"\x00\x08")
    start = data.find((1000).to_bytes(4, "little")) if start < 0 else start
    first = bytes(data[start : start + 16])
    for number in range(1, 201):
        data[start + 16 * number : start + 16 * (number + 1)] = first
    with pytest.raises(hdf5.MalformedFile, match="overlap"):
        hdf5.read(bytes(data))


@pytest.mark.parametrize("length", [0, 7, 8, 60, 100, 500, -1])
def test_a_file_that_is_cut_off_is_refused(length):
    with pytest.raises(hdf5.MalformedFile):
        hdf5.read(made(a_model)[:length])


def test_groups_have_a_depth():
    with pytest.raises(hdf5.MalformedFile, match="deeper"):
        hdf5.read(made(lambda file: file.create_group("/".join("a" * 100))))


def test_a_text_that_is_none_is_refused():
    for text in (b"\xff\xfe", b"a\0b"):
        data = made(lambda file: file.attrs.create("a", "four")).replace(
            b"four", text.ljust(4, b"x")
        )
        with pytest.raises(hdf5.MalformedFile, match="text"):
            hdf5.read(data)


def test_reading_costs_what_the_file_is_worth():
    data = made(many)
    assert hdf5.read(data, Budget(stored=len(data)))
    with pytest.raises(hdf5.MalformedFile, match="TRU-098"):
        hdf5.read(data, Budget(stored=1, opcodes=1_000_000))


@pytest.mark.parametrize("fill", [a_model, of_all_types, texts])
def test_altered_files_are_read_or_refused(fill):
    """Whatever is in them: nothing but these two errors, and what is read can be written."""
    import h5py

    data, dice = made(fill), random.Random(0)
    refused = 0
    for number in range(2000):
        altered = bytearray(data[: dice.randrange(len(data))] if number % 10 == 0 else data)
        for _ in range(dice.choice((1, 1, 2, 8))):
            if altered:
                altered[dice.randrange(len(altered))] = dice.choice((0, 255, dice.randrange(256)))
        try:
            found = hdf5.read(bytes(altered))
        except (hdf5.MalformedFile, hdf5.AnotherForm):
            refused += 1
            continue
        if number % 4 == 0:
            hdf5.written(found, h5py)
    assert 100 < refused < 2000
