"""Small files that would cost much are refused, early (TRU-021, TRU-050, TRU-059, TRU-060)."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import pickle
import zipfile
import zlib

import numpy as np
import pytest
from scipy import sparse
from test_skops import mapping, node

from mlmodel.errors import InvalidModel, UntrustedModel
from mlmodel.trust import skops_file
from mlmodel.trust.gate import Gate
from mlmodel.trust.pickles.budget import Budget
from mlmodel.trust.pickles.scanner import scan

DENSE = b"\x80\x04" + b"]" * (8 * 2**20)
XZ_OF_A_LARGE_DICTIONARY = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 * 2**20}]


@pytest.mark.slow
@pytest.mark.parametrize("pack", [zlib.compress, bz2.compress, lzma.compress])
def test_opcodes_are_worth_what_is_stored(pack):
    found = scan(pack(DENSE))
    assert any("TRU-050" in reason for reason in found.reasons), found.reasons


def test_a_dictionary_of_xz_is_no_larger_than_its_highest_level():
    packed = lzma.compress(pickle.dumps(1), filters=XZ_OF_A_LARGE_DICTIONARY)
    assert not scan(packed).allowed
    assert scan(lzma.compress(pickle.dumps(1), preset=9)).allowed


@pytest.mark.thorough
def test_the_files_of_a_model_have_one_budget():
    packed = bz2.compress(b"\0" * (40 * 2**20))
    budget = Budget()
    assert not any("TRU-021" in one for one in scan(packed, budget=budget).reasons)
    assert any("TRU-021" in one for one in scan(packed, budget=budget).reasons)


def test_trees_of_many_outputs(root):
    tree = b"\x8c\x12sklearn.tree._tree\x8c\x04Tree\x93(K\x03h\x00J\xff\xff\x0f\x00tR0"
    array = pickle.dumps(np.zeros(2, dtype=np.int64), 4)[:-1] + b"q\x000"
    found = scan(b"\x80\x04" + array[11:] + tree * 200 + b"N.")
    assert not found.allowed


def test_more_memory_than_there_is_is_an_error_of_ours(root, monkeypatch):
    from mlmodel.errors import UnreadableModel
    from mlmodel.trust.pickles import unpickle

    def fails() -> None:
        raise MemoryError

    with pytest.raises(UnreadableModel, match="TRU-059"):
        unpickle.guarded(fails, "model.pkl")


def test_deep_states_are_refused(root):
    made = b"\x8c\x14pandas._libs.arrays\x8c\x01x\x93"
    path = root / "model.pkl"
    path.write_bytes(b"\x80\x04" + made + b"N" + b"\x85" * 100_000 + b"b.")
    with pytest.raises((InvalidModel, UntrustedModel)):
        Gate.for_folder(root).load_pickle(path)


def archive(schema, method=zipfile.ZIP_DEFLATED, **members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("schema.json", json.dumps({**schema, "protocol": 2, "_skops_version": "0"}))
        for name, content in members.items():
            file.writestr(name.replace("_", "."), content)
    return out.getvalue()


def array(shape, data=b""):
    text = (
        repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode().ljust(118) + b"\n"
    )
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "content", [array((2**58,)), array((2,), b"\0" * 8), b"PK\x03\x04", pickle.dumps(1)]
)
def test_arrays_of_skops_are_as_large_as_they_say(content):  # TRU-060
    held = node("NdArrayNode", "numpy.ndarray", type="numpy", file="a.npy")
    assert skops_file.check(archive(held, a_npy=array((1,), b"\0" * 8))).allowed
    assert skops_file.check(archive(held, a_npy=content)).damage


@pytest.mark.thorough
def test_an_archive_within_the_archive_has_the_same_budget():  # TRU-060
    held = node("SparseMatrixNode", "scipy.sparse._csr.csr_matrix", type="scipy", file="a.npz")
    out = io.BytesIO()
    sparse.save_npz(out, sparse.csr_matrix(np.eye(2)))
    assert skops_file.check(archive(held, a_npz=out.getvalue())).allowed
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("data.npy", array((2**24,), b"\0" * 2**27))
    assert "TRU-021" in skops_file.check(archive(held, a_npz=out.getvalue())).damage


@pytest.mark.slow
def test_nodes_of_one_number_are_not_compared_without_end():
    inner = node("ListNode", "builtins.list", content=[], __id__=1)
    for _ in range(60):
        inner = node(
            "ListNode", "builtins.list", content=[mapping() for _ in range(200)] + [inner], __id__=1
        )
    # Not compressed: else the schema itself is refused, for being larger than its bytes warrant.
    held = archive(node("ListNode", "builtins.list", content=[inner]), zipfile.ZIP_STORED)
    assert "too many of its nodes have the same number (TRU-059)" in skops_file.check(held).damage


def test_a_generator_has_a_pool_of_a_known_size():
    content = {
        "bit_generator": mapping(bit_generator=node("JsonNode", "builtins.str", content='"PCG64"')),
        "seed_seq": mapping(pool_size=node("JsonNode", "builtins.str", content=str(10**12))),
    }
    held = node("RandomGeneratorNode", "numpy.random._generator.Generator", content=content)
    assert any("TRU-059" in one for one in skops_file.check(archive(held)).reasons)
