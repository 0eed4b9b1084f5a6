"""Whatever the bytes are: the scan answers, soon, and runs nothing (TRU-014, TRU-015, TRU-021)."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import pickle
import pickletools
import sys
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
from mlmodel.trust.pickles.values import Mapping, Opaque

pytestmark = pytest.mark.slow

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
        *((b"N", zlib.compress), (b"]", bytes)),
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


#: What stands in the lines of old pickles: as Python writes it, and as its own readers, or C's,
#: would take it, too.
LINES = [
    *(b"0 1 00 01 000 001 010 0x1 0o1 0b1 1_0 _1 1_ 9 10 -1 -0 -00 -01 +0 +1 --1 - + 1L 0L -0L 01L".split()),
    *(b"1LL 1l L 1.0 1. .5 . 1e5 1E5 1e 1e+5 e5 1.5e-7 0x1p3 1_0.5 1,5 01.5 -0.0 +0.0 -.5".split()),
    *(b"9e999 -9e999 9E999999 1e308 2e308 1.7976931348623157e+308 1.7976931348623159e+308".split()),
    *(b"1e-999 -1e-999 5e-324 2e-324 inf -inf +inf Inf INF infinity -Infinity nan -nan NaN nan0 1n".split()),
    *(b"True False None true 1j 10000000000000000000 -9223372036854775808 9223372036854775808".split()),
    *(b"'' 'a' \"b\" 'a\" a ' '' '\\x41' '\\x4' '\\101' '\\777' '\\q' '\\u0041' '\\\\' '\\'' '\\' '\\n'".split()),
    *(b"\\u0041 \\u004 \\U0001f600 \\U00110000 \\ud800 \\ud83d\\ude00 \\\\u0041 \\x41 \\ \\n f8".split()),
    b"", b" ", b" 1", b"1 ", b"\t1", b"1\t", b"1\r", b"1\x0b", b"1\x0c", b"1\0", b"1\x000", b"\x001", b"1 L", b"1L ",
    b"'a' ", b" 'a'", b"'a'\r", b"'\0'", b"'\xe9'", b"'\\xe9'", b"\xe9", b"\xc3\xa9", b"\xff", b"a\0b", b"1\xa0",
    *(digit.encode() for digit in ("\u0661", "\uff11", "\u00b2", "1\u00a0", "\u2212" + "1", "\u06f1.5")),
    *(sign + b"9" * count + end for count in (18, 19, 20, 999, 4299, 4300, 4301) for sign in (b"", b"-", b"+") for end in (b"", b"L")),
    b"0" * 5000, b"1" + b"0" * 5000 + b".0", b"0." + b"0" * 5000 + b"1", b"1e" + b"9" * 5000, b"1e-" + b"9" * 5000,
]  # fmt: skip


@pytest.mark.parametrize(
    "opcode", [b"I", b"L", b"F", b"S", b"V", b"N0g", b"Np0\n0g", b"Np", b"cbuiltins\n"]
)
def test_lines_are_read_as_by_the_unpickler(opcode):  # TRU-095
    """What C refuses is refused, and what is let through is the same value of the same type."""
    streams = [start + opcode + text + b"\n." for text in LINES for start in (b"", b"\x80\x02")]
    assert not {one[-60:]: told for one in streams if (told := differential.difference(one))}
    assert any(scan(one).allowed for one in streams) or opcode in {b"N0g", b"cbuiltins\n"}


@pytest.mark.parametrize(
    "value",
    [
        *(0, 1, -1, 255, 2**31, -(2**63), 10**19, -(10**4299), 10**4300 - 1, True, False),
        *(0.0, -0.0, 1.5, 1e308, 5e-324, float("inf"), -float("inf"), 1e16),
        *("", "a", "\\u0041", "\n\r\0\x1a", "\u00e9", "\U0001f600", "\ud800", "'"),
    ],
)
def test_lines_that_python_writes_are_read(value):  # TRU-095
    found = scan(pickle.dumps(value, 0))
    assert found.allowed, found.damage
    loaded = load_restricted(found, Names(), "model.pkl")
    assert (type(loaded), repr(loaded)) == (type(value), repr(value))


@pytest.mark.parametrize("opcode", [b"I", b"L"])
def test_a_process_that_reads_fewer_digits_refuses_more(opcode):  # TRU-095
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert scan(opcode + b"9" * 640 + b"\n.").allowed
        assert "not written as one" in scan(opcode + b"9" * 641 + b"\n.").damage
    finally:
        sys.set_int_max_str_digits(before)


#: Keys that are one in a dict, and are written otherwise: as an integer, boolean, float, bytes …
EQUAL = [
    (b"\x88", b"K\x01"), (b"\x88", b"F1\n"), (b"K\x01", b"F1\n"), (b"F1\n", b"K\x01"), (b"\x89", b"F-0\n"),
    (b"F0\n", b"F-0\n"), (b"Fnan\n", b"Fnan\n"), (b"Fnan\np0\n", b"g0\n"), (b"K\x07", b"L7L\n"), (b"K\x07", b"\x8a\x15\x07" + b"\0" * 20),
    (b"K\x01\x85", b"\x88\x85"), (b"K\x01\x85", b"F1\n\x85"), (b"C\x01a", b"C\x01a"), (b"C\x01a", b"\x8c\x01a"), (b"(K\x01\x91", b"(F1\n\x91"),
    (b"\x8c\x01a", b"U\x01a"), (b"K\x01", b"cbuiltins\ncomplex\nK\x01\x85R"), (b"F2.5\n", b"cbuiltins\ncomplex\nF2.5\n\x85R"), (b"N", b"N"),
    (b"K\x01", b"cnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\n\x8c\x02i8\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08\x01\0\0\0\0\0\0\0tR"),
    (b"\x8c\x01a", b"cnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\n\x8c\x02U1\x89\x88\x87R(K\x03\x8c\x01<NNNK\x04K\x04K\x08tbC\x04a\0\0\0tR"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EQUAL)))
def test_equal_keys_of_other_types(number):  # TRU-095
    """Wherever they stand: the check and the unpickler mean the same dict or set."""
    for one, other in (EQUAL[number], EQUAL[number][::-1]):
        if one.startswith(b"g"):
            continue
        for stream in (
            b"(%b\x8c\x01x%bVy\nd." % (one, other),
            b"}(%bVx\n%bC\x01yu%bNs." % (one, other, other if b"p0" not in other else b"K\x02"),
            b"}%bVx\ns(%b]%b}u\x85." % (one, other, other if b"p0" not in other else b"K\x02"),
            b"\x8f(%b%b\x90." % (one, other),
            b"(%b%b\x91\x85." % (one, other),
            b"}(%b%b%b%bu." % (one, one, other, other),
        ):
            found = scan(b"\x80\x04" + stream)
            assert found.allowed, (stream, found.findings, found.damage)
            assert differential.difference(b"\x80\x04" + stream) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x00)\x8a\x02\xff\x7fr\x0c\x00\x00\x00F999999999e999999999999999\n\x86\x86.",
        b"\x80\x04(\x882V-7\nC\x01bF1\nV2\nd.",
        b"F999E999999999999999999999\n\x85.",
    ],
)
def test_what_the_fuzzer_found(data):  # TRU-095
    assert differential.difference(data) == ""


def test_a_dict_of_other_values_is_told():
    """The comparison of dicts whose keys are not all plain can fail."""
    symbol = Mapping()
    symbol.put_all((True, "x", Opaque("float"), "y", "a", "z"))
    assert differential.unlike(symbol, {True: "y", "a": "z"}, {}) == ""
    assert differential.unlike(symbol, {True: "x", "a": "z", 2.5: "y"}, {}) == ""
    assert differential.unlike(symbol, {True: "q", "a": "z"}, {})
    assert differential.unlike(symbol, {True: "y"}, {})


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_what_is_loaded_has_no_frames_and_no_lines(seed):  # TRU-049
    found = scan(seed)
    lines = {"FRAME", "GLOBAL", "INST", "PUT", "GET", "INT", "LONG", "FLOAT", "STRING", "UNICODE"}
    written = b"".join(found.recording.parts)
    assert not lines & {one.name for one, _, _ in pickletools.genops(written)}
