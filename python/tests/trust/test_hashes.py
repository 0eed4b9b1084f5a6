"""Keys that share one hash, or cost much to hash, are refused before anything is built (TRU-086, TRU-087)."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import io
import itertools
import pickle
import random
import struct
import sys

import numpy as np
import pandas as pd
import pytest

from mlmodel.trust.pickles.scanner import scan

SAME = sys.hash_info.modulus
MANY = 100
DAY = dt.datetime(2020, 1, 1)  # noqa: DTZ001 - without a zone
ZONE = dt.timezone(dt.timedelta(hours=1))


def body(value: object) -> bytes:
    """Return the opcodes that push a value, without a memo."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, 4)
    pickler.fast = True
    pickler.dump(value)
    found = written.getvalue()[2:-1]
    return found[9:] if found[:1] == pickle.FRAME else found


def whole(number: int) -> bytes:
    size = number.bit_length() // 8 + 1
    return b"\x8b" + struct.pack("<i", size) + number.to_bytes(size, "little", signed=True)


def a_dict(keys: list[bytes]) -> bytes:
    return b"\x80\x04}(" + b"".join(key + b"N" for key in keys) + b"u."


def called(module: str, name: str, argument: bytes) -> bytes:
    return b"\x80\x04" + body(module) + body(name) + b"\x93" + argument + b"\x85R."


NUMBERS = [whole(SAME * at) for at in range(MANY)]
LISTED = b"](" + b"".join(NUMBERS) + b"e"
PAIRED = b"](" + b"".join(one + b"N\x86" for one in NUMBERS) + b"e"
LONG_TEXT = b"X" + struct.pack("<I", 17_000) + b"a" * 17_000

#: Keys of which every one has the same hash.
CROWDS = {
    "numbers": NUMBERS,
    "numbers of another sign": [whole(5 - SAME * at) for at in range(1, MANY + 1)],
    "numbers of many bytes": [whole((2**190 + at) * SAME) for at in range(MANY)],
    "numbers as text": [b"L%dL\n" % (SAME * at) for at in range(MANY)],
    "long numbers as text": [b"L%dL\n" % ((SAME * at) << 183) for at in range(MANY)],
    "tuples of -1 and -2": [body(one) for one in itertools.islice(itertools.product((-1, -2), repeat=8), MANY)],
    "tuples of numbers": [body(("word", at * SAME)) for at in range(MANY)],
    "tuples in tuples": [body(((1, (at * SAME, None)), "word")) for at in range(MANY)],
    "tuples with a float": [body((1.5, at * SAME)) for at in range(MANY)],
    "tuples with a long text": [LONG_TEXT + whole(at * SAME) + b"\x86" for at in range(MANY)],
    "tuples with bytes": [body(b"a" * 80) + whole(at * SAME) + b"\x86" for at in range(MANY)],
    "tuples with a text of numpy": [body((np.str_("word" * 20), at * SAME)) for at in range(MANY)],
    "tuples with a time": [body((dt.date(2020, 1, 1), at * SAME)) for at in range(MANY)],
    "floats as whole numbers": [body(2.0**at) for at in range(3, 1020, 61)] + [whole(8 + at * SAME) for at in range(MANY)],
    "complex numbers": [body(complex(-1_000_003.0 * at, at)) for at in range(MANY)],
    "frozensets": [body(frozenset((0, at * SAME))) for at in range(1, MANY + 1)],
    "frozensets of three": [body(frozenset((7 + at * SAME, "a", "b"))) for at in range(MANY)],
    "frozensets of repeated members": [b"(" + body(0) * (at // 10) + body(1) * (at % 10) + whole((at + 1) * SAME) + b"\x91" for at in range(11, MANY) if at % 10],
    "frozensets by a call": [body("builtins") + body("frozenset") + b"\x93](" + whole(at * SAME) + b"e\x85R" for at in range(MANY)],
    "decimals": [body(decimal.Decimal(at * SAME)) for at in range(1, MANY + 1)],
    "fractions of decimals": [body(decimal.Decimal(f"{at * SAME}E-3")) for at in range(1, MANY + 1)],
    "ranges": [body(range(0, 5, at * SAME + 1)) for at in range(MANY)],
    "numbers of numpy": [body(np.uint64(at * SAME)) for at in range(8)] + NUMBERS[:60],
    "floats of numpy": [body(np.float64(2.0**at)) for at in range(3, 1020, 61)] + [whole(8 + at * SAME) for at in range(MANY)],
    "complex numbers of numpy": [body(np.complex128(complex(-1_000_003.0 * at, at))) for at in range(MANY)],
    "numpy's times of many units": [body(np.datetime64(1, f"{at}s")) for at in range(1, MANY + 1)],
    "times of many zones": [body(dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=at)))) for at in range(MANY)],
    "intervals": [body(pd.Interval(0, 1 + at)) for at in range(MANY)],
}  # fmt: skip

#: Other ways of giving keys to a dict or set.
WAYS = {
    "one by one": b"\x80\x04}" + b"".join(one + b"Ns" for one in NUMBERS) + b".",
    "in portions": b"\x80\x04}" + b"".join(b"(" + one + b"Nu" for one in NUMBERS) + b".",
    "a dict at once": b"\x80\x04(" + b"".join(one + b"N" for one in NUMBERS) + b"d.",
    "a set": b"\x80\x04\x8f(" + b"".join(NUMBERS) + b"\x90.",
    "a set in portions": b"\x80\x04\x8f" + b"".join(b"(" + one + b"\x90" for one in NUMBERS) + b".",
    "a frozenset": b"\x80\x04(" + b"".join(NUMBERS) + b"\x91.",
    "a set of a list": called("builtins", "set", LISTED),
    "a set of Python 2": called("__builtin__", "set", LISTED),
    "a frozenset of a list": called("builtins", "frozenset", LISTED),
    "a counter": called("collections", "Counter", LISTED),
    "an ordered dict": called("collections", "OrderedDict", PAIRED),
    "an ordered dict's items": called("collections", "OrderedDict", b"]")[:-1] + b"(" + b"".join(one + b"N" for one in NUMBERS) + b"u.",
    "a dict with a default": b"\x80\x04" + body("collections") + body("defaultdict") + b"\x93N" + PAIRED + b"\x86R.",
    "a dict within": b"\x80\x04]}(" + b"".join(one + b"N" for one in NUMBERS) + b"ua.",
    "a dict of very many": a_dict([body(at) for at in range(20_000)] + NUMBERS),
}  # fmt: skip


def refused_by(rule: str, data: bytes) -> bool:
    found = scan(data, "pickle")
    assert found.damage in {"", "what follows was not looked at"}, found.damage
    return any(rule in reason for reason in found.reasons)


@pytest.mark.parametrize("name", CROWDS)
def test_keys_of_one_hash(name):  # TRU-086
    keys = CROWDS[name]
    assert refused_by("TRU-086", a_dict(keys))
    assert refused_by("TRU-086", b"\x80\x04\x8f(" + b"".join(keys) + b"\x90.")
    assert scan(a_dict(keys[:60]), "pickle").allowed


@pytest.mark.parametrize("name", WAYS)
def test_ways_to_give_keys(name):  # TRU-086
    assert refused_by("TRU-086", WAYS[name])


def test_the_bound_and_the_place():  # TRU-086
    assert scan(a_dict(NUMBERS[:64]), "pickle").allowed
    found = scan(b"\x80\x04]N" + a_dict(NUMBERS[:65])[2:-1] + b"\x86a.", "pickle")
    assert [finding.where for finding in found.findings] == ["[0][1]"]
    inner = b"\x80\x04](N" + a_dict(NUMBERS)[2:-1] + b"e."
    assert [finding.where for finding in scan(inner, "pickle").findings] == ["[1]"]


#: What would be hashed for minutes, or until the stack is at its end.
COSTLY = {
    "a key of 400 tuples": b"\x80\x04})" + b"\x85" * 400 + b"Ns.",
    "a key of many tuples": b"\x80\x04})" + b"\x85" * 100_000 + b"Ns.",
    "a member of deep tuples": b"\x80\x04\x8f()" + b"\x85" * 400 + b"\x90.",
    "tuples that share tuples": b"\x80\x04})\x85" + b"2\x86" * 30 + b"Ns.",
    "tuples that share, deep": b"\x80\x04})\x85" + b"2\x86" * 300 + b"Ns.",
    "frozensets of tuples that share": b"\x80\x04}()\x85" + b"2\x86" * 28 + b"\x91Ns.",
    "a long tuple in many keys": b"\x80\x04(" + b"K\x01" * 200_000 + b"t\x940}(" + b"".join(b"h\x00M" + struct.pack("<H", at) + b"\x86N" for at in range(4000)) + b"u.",
    "a long tuple again and again": b"\x80\x04(" + b"K\x01" * 200_000 + b"t\x940}" + b"h\x00Ns" * 4000 + b".",
    "a long number again and again": b"\x80\x04" + whole(2**2_400_000) + b"\x940}" + b"h\x00Ns" * 50_000 + b".",
    "sets of one list": b"\x80\x04" + body("builtins") + body("set") + b"\x93\x940](" + b"K\x01" * 100_000 + b"e\x940" + b"h\x00h\x01\x85R0" * 50_000 + b"N.",
    "objects of tuples that share": b"\x80\x04}" + body("builtins") + body("range") + b"\x93)\x85" + b"2\x86" * 28 + b"\x85RNs.",
}  # fmt: skip


@pytest.mark.thorough
@pytest.mark.parametrize("name", COSTLY)
def test_keys_that_cost_much(name):  # TRU-087
    assert refused_by("TRU-087", COSTLY[name])


HONEST = {
    "words": [f"word{at}" for at in range(2000)],
    "numbers": list(range(-1000, 1000)),
    "large numbers": [2**61 + at for at in range(1000)],
    "powers of two": [2**at for at in range(1000)] + [2.0**at for at in range(-1000, 0)],
    "floats": [at / 7 for at in range(1000)] + [0.0, float("inf"), float("nan")],
    "tuples of words": [(f"a{at}", f"b{at}", at) for at in range(1000)],
    "tuples of floats and bytes": [(at / 7, b"%d" % at * 20, 2**200 + at) for at in range(1000)],
    "tuples of texts of numpy": [(np.str_(f"a{at}" * 20), at) for at in range(1000)],
    "nested tuples": [((at, (at + 1, "x")), None) for at in range(1000)],
    "frozensets": [frozenset((at, at + 1, f"w{at}")) for at in range(1000)],
    "complex numbers": [complex(at, 1) for at in range(1000)],
    "numbers of numpy": [kind(at) for kind in (np.int64, np.uint8, np.float32, np.bool_) for at in range(200)],
    "floats of numpy": list(np.linspace(0, 1, 500)) + list(np.linspace(0, 1, 500, dtype=">f4")),
    "texts of numpy": [np.str_(f"{at} " * 30) for at in range(500)],
    "times": [DAY + dt.timedelta(hours=at) for at in range(500)],
    "days": [dt.date(2020, 1, 1) + dt.timedelta(days=at) for at in range(500)],
    "spans": [dt.timedelta(seconds=at) for at in range(500)],
    "times of pandas": list(pd.date_range("2020", periods=500, freq="h")),
    "spans of pandas": list(pd.timedelta_range(0, periods=500, freq="h")),
    "times of numpy": list(np.arange("2020", "2022", dtype="M8[D]")),
    "decimals": [decimal.Decimal(at) / 100 for at in range(500)],
    "types": [int, str, float, np.float32, collections.OrderedDict],
    "a few times of a zone": [dt.datetime(2020, 1, 1, at, tzinfo=ZONE) for at in range(24)],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("name", HONEST)
def test_honest_keys(name, protocol):
    keys = HONEST[name]
    for made in (
        dict.fromkeys(keys),
        set(keys),
        collections.OrderedDict.fromkeys(keys),
        [frozenset(keys)],
    ):
        found = scan(pickle.dumps(made, protocol), "pickle")
        assert not [reason for reason in found.reasons if "TRU-08" in reason]


@pytest.mark.slow
def test_equal_hashes_are_seen_as_equal():  # TRU-086: as Python hashes, so does the check
    random.seed(1)
    parts = [
        0.0, 1.0, -1.0, -2, SAME, -SAME, 2**70, 1.0, 2.0**61, -2.0, 0.5, 2**200, None, "a", b"b", complex(0, 2), complex(1, 0),
        decimal.Decimal("0.5"), np.float32(0.5), np.int64(-1), frozenset((1, 2)), frozenset((-1, SAME)), (), dt.date(2020, 1, 1),
    ]  # fmt: skip
    tuples = [(random.choice(parts), (random.choice(parts), "x")) for _ in range(3000)]
    by_hash: dict[int, list[bytes]] = {}
    for one in [*parts, *tuples]:
        by_hash.setdefault(hash(one), []).append(body(one))
    pairs = [(keys[0], key) for keys in by_hash.values() for key in keys[1:] if key != keys[0]]
    assert len(pairs) > 1000
    for one, other in pairs:
        assert refused_by("TRU-086", a_dict([one] * 64 + [other, one]))
