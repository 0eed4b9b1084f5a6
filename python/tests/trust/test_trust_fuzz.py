"""Whatever the bytes are: the scan answers, soon, and runs nothing (TRU-014, TRU-015, TRU-021)."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import pickle
import pickletools
import zlib

import attacks
import differential
import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmodel.errors import MlmodelError
from mlmodel.trust.pickles import budget, containers
from mlmodel.trust.pickles.containers import expand
from mlmodel.trust.pickles.data_opcodes import DATA_OPCODES
from mlmodel.trust.pickles.names import Names
from mlmodel.trust.pickles.opcodes import OPCODES
from mlmodel.trust.pickles.scanner import scan
from mlmodel.trust.pickles.unpickle import load_restricted

_JOBLIB = io.BytesIO()
joblib.dump([np.arange(5.0), np.array(["a", 1], dtype=object), {"a": 1}], _JOBLIB)
SEEDS = [
    pickle.dumps({"a": [1, (2.5, None)], "b": np.arange(3.0), "c": {1, 2}}, protocol)
    for protocol in (0, 2, 4, 5)
] + [_JOBLIB.getvalue(), attacks.attacks()["joblib-object-array"].data]


def answer(data):
    found = scan(data)
    if found.allowed and len(data) < 4096:
        # What the scan allows may fail to load, as an error of the library.
        with contextlib.suppress(MlmodelError, MemoryError):
            load_restricted(found, Names(), "model.pkl")


@settings(max_examples=400)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    answer(data)


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(sorted({*OPCODES, *DATA_OPCODES})), max_size=30),
    st.binary(max_size=10),
)
def test_any_opcodes(codes, tail):
    answer(bytes(codes) + tail + b".")


@settings(max_examples=800)
@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(
            st.integers(0, 2000), st.integers(0, 255), st.sampled_from(["set", "insert", "delete"])
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_mutated_pickles(seed, changes):
    data = bytearray(seed)
    for at, byte, how in changes:
        place = at % len(data)
        if how == "set":
            data[place] = byte
        elif how == "insert":
            data.insert(place, byte)
        else:
            del data[place]
    answer(bytes(data))


def test_every_opcode_of_the_library_is_known():
    known = {ord(one.code) for one in pickletools.opcodes}
    assert set(OPCODES) | DATA_OPCODES | {ord(".")} == known
    assert not DATA_OPCODES & set(OPCODES)


@pytest.mark.parametrize(
    "data",
    [
        b"(" * 200_000,
        b"]" + b"(" * 100_000 + b"l" * 100_000 + b".",
        b"N" + b"\x85" * 200_000 + b".",
        b"K\x01" + b"2" * 100_000 + b"\x86" * 100_000 + b".",
        b"}" + b"\x94" * 200_000 + b".",
        b"cposix\nsystem\n" * 50_000 + b".",
        b"X\xff\xff\xff\xff" + b"a" * 100,
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"K\x01r\xff\xff\xff\xff.",
        b"K\x01p99999999999999999999\n.",
        b"\x8b\xff\xff\xff\xff.",
        b"L" + b"9" * 1_000_000 + b"L\n.",
        b"I" + b"9" * 1_000_000 + b"\n.",
        b"N" + b"2\x86" * 60 + b".",
    ],
    ids=range(14),
)
def test_bombs_are_answered(data):
    """Whoever unfolds one of them does not come back; some are whole pickles of plain data."""
    found = scan(data)
    assert found.container == "pickle"
    assert found.allowed == (not found.damage and not found.findings)


@pytest.mark.parametrize(
    ("opcode", "pack"),
    [
        *((b"N", zlib.compress), pytest.param(b"]", bytes, marks=pytest.mark.slow)),
        *((one, bytes) for one in (b"(", b"\x94", b"\x85", b"2")),
    ],
    ids=repr,
)
def test_a_flood_of_opcodes_is_stopped_early(opcode, pack):  # TRU-050
    found = scan(pack(b"\x80\x04N" + opcode * 6_000_000 + b"."))
    (finding,) = found.findings
    assert "too many opcodes for its size" in finding.reason
    assert finding.position < 1_400_000


def test_many_words_are_no_flood():  # TRU-050
    assert scan(pickle.dumps({f"word {number}": number for number in range(600_000)})).allowed


def test_arrays_within_arrays_are_counted_together():  # TRU-050
    def nested(depth):
        data = pickle.dumps([None], 4)
        for _ in range(depth):
            data = attacks.joblib_objects(data)
        return data

    assert scan(nested(3)).allowed
    assert [one.reason for one in scan(nested(60)).findings] == [
        "arrays of objects stand more than 20 deep in it (TRU-050)"
    ]


def test_shared_tuples_are_not_unfolded():
    data = b"N" + b"2\x86" * 60 + b"cnumpy\ndtype\n2\x86."
    assert not scan(data).allowed


COMPRESSIONS = {
    "zlib": zlib.compress, "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}  # fmt: skip


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_compression(kind, monkeypatch):  # TRU-021
    data = COMPRESSIONS[kind](pickle.dumps(list(range(1000))))
    assert containers.detect(data) == kind
    assert scan(data).allowed
    assert scan(data[:-9]).damage
    assert scan(data + b"more").damage or kind == "lzma"
    monkeypatch.setattr(budget, "EXPANSION", (1000, 1, 10_000))
    with pytest.raises(containers.RefusedContainer, match="expands"):
        expand(COMPRESSIONS[kind](b"\0" * 100_000), kind)
    assert "expands" in scan(COMPRESSIONS[kind](b"\0" * 100_000)).reasons[0]


def test_compressed_twice_is_refused():
    assert not scan(zlib.compress(zlib.compress(pickle.dumps(1)))).allowed


def test_the_check_and_the_unpickler_see_the_same(capsys):  # TRU-049; `make fuzz` tries a million
    assert differential.main(10_000, 20261128) == 0, capsys.readouterr().out


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_what_is_loaded_has_no_frames_and_no_lines(seed):  # TRU-049
    found = scan(seed)
    lines = {"FRAME", "GLOBAL", "INST", "PUT", "GET", "INT", "LONG", "FLOAT", "STRING", "UNICODE"}
    written = b"".join(found.recording.parts)
    assert not lines & {one.name for one, _, _ in pickletools.genops(written)}
