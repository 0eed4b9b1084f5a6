"""Pickles that stand on both sides of a rule: the most that needs no trust, and the least that does.

They are the vectors of ``pairs.json``; ``python tests/trust/attacks.py`` writes it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from attacks import build, call, mapping, name, new, old_name, pickle4, text


@dataclass(frozen=True)
class Case:
    """One pickle; ``refused`` are the names for which it is refused."""

    description: str
    rules: tuple[str, ...]
    data: bytes
    allowed: bool
    refused: tuple[str, ...] = ()
    container: str = "pickle"


def cases() -> dict[str, Case]:
    """Return name -> case."""
    return {**_shapes(), **_dtypes(), **_keys(), **_lines(), **_costs(), **_lightgbm()}


def _yes(description: str, rule: str, data: bytes, container: str = "pickle") -> Case:
    return Case(description, (rule,), data, allowed=True, container=container)


def _no(description: str, rule: str, data: bytes, *refused: str, container: str = "pickle") -> Case:
    return Case(description, (rule,), data, allowed=False, refused=refused, container=container)


_FOREST = "sklearn.ensemble._forest", "RandomForestClassifier"
_TFIDF = "sklearn.feature_extraction.text", "TfidfVectorizer"
_VECTORIZER = "sklearn.feature_extraction.text", "CountVectorizer"


def _object(cls: tuple[str, str], **state: bytes) -> bytes:
    return pickle4(new(*cls) + build(mapping(**state)))


def _method(cls: str, which: str) -> bytes:
    return call(name("builtins", "getattr"), name("builtins", cls), text(which))


def _held(function: bytes) -> bytes:
    cls = "sklearn.preprocessing._function_transformer", "FunctionTransformer"
    return _object(cls, func=function, validate=b"\x89", kw_args=b"N", check_inverse=b"\x89")


def _shapes() -> dict[str, Case]:
    changed = (
        new(*_FOREST) + mapping(n_estimators=b"K\x03") + b"q\x01b0h\x01(" + text("predict") + b"K\x03u"
    )  # fmt: skip
    getter = call(name("operator", "itemgetter"), text("a"))
    return {
        "attribute-of-its-class": _yes("an attribute that the class assigns", "TRU-051", _object(_FOREST, n_estimators=b"K\x03")),
        "attribute-of-no-class": _no("an attribute that the class does not assign", "TRU-051", _object(_FOREST, own=b"K\x03"), ".".join(_FOREST)),
        "attribute-for-a-method": _no("an attribute in the place of a method", "TRU-051", _object(_FOREST, predict=b"K\x03"), ".".join(_FOREST)),
        "state-changed-later": _no("a dict that is changed after it was an object's state", "TRU-051", pickle4(changed)),
        "text-of-the-set": _yes("a text by which a library chooses, from the closed set", "TRU-052", _object(_VECTORIZER, input=text("content"))),
        "text-of-no-set": _no("another one, by which it opens files", "TRU-052", _object(_VECTORIZER, input=text("filename")), ".".join(_VECTORIZER)),
        "estimator-that-is-one": _yes("an estimator where a library calls methods of one", "TRU-052", _object(_TFIDF, _tfidf=new(*_FOREST) + build(mapping(n_estimators=b"K\x03")))),
        "estimator-that-is-none": _no("a function there", "TRU-052", _object(_TFIDF, _tfidf=name("numpy", "log1p")), ".".join(_TFIDF)),
        "method-of-a-listed-class": _yes("a method that is listed with its class", "TRU-073", _object(_VECTORIZER, preprocessor=_method("str", "lower"))),
        "method-of-no-list": _no("another attribute of the same class", "TRU-073", _object(_VECTORIZER, preprocessor=_method("str", "__class__")), "builtins.str.__class__"),
        "items-by-a-name": _yes("a function that takes an item by its name", "TRU-073", _held(getter)),
        "attributes-by-a-name": _no("one that takes an attribute by its name", "TRU-073", _held(call(name("operator", "attrgetter"), text("a"))), "operator.attrgetter"),
    }  # fmt: skip


def _dtype(kind: str, state: bytes) -> bytes:
    return call(name("numpy", "dtype"), text(kind), b"\x89\x88") + state + b"b"


def _dtypes() -> dict[str, Case]:
    end = b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    number = _dtype("i4", b"(K\x03" + text("<") + b"NNN" + end)

    def of_one_field(size: int, place: int) -> bytes:
        field = text("a") + number + b"K" + bytes([place]) + b"\x86s"
        state = b"(K\x03" + text("|") + b"N" + text("a") + b"\x85}" + field
        return pickle4(_dtype(f"V{size}", state + b"K" + bytes([size]) + b"K\x01K\x00t"))

    return {
        "field-at-the-end": _yes("a field that ends where its item ends", "TRU-057", of_one_field(8, 4)),
        "field-beyond-the-end": _no("a field that lies behind its item", "TRU-057", of_one_field(4, 4), "numpy.dtype"),
    }  # fmt: skip


def _keys() -> dict[str, Case]:
    def whole(value: int) -> bytes:
        raw = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return b"\x8a" + bytes([len(raw)]) + raw

    def of_one_hash(count: int) -> bytes:
        items = b"".join(whole((2**61 - 1) * place) + b"N" for place in range(1, count + 1))
        return pickle4(b"}(" + items + b"u")

    def nested(depth: int) -> bytes:
        return pickle4(b"}K\x01" + b"\x85" * depth + b"Ns")

    return {
        "keys-of-one-hash": _yes("64 keys of one hash", "TRU-086", of_one_hash(64)),
        "many-keys-of-one-hash": _no("65 keys of one hash", "TRU-086", of_one_hash(65)),
        "deep-key": _yes("a key that is nested 32 deep", "TRU-087", nested(32)),
        "deeper-key": _no("a key that is nested 33 deep", "TRU-087", nested(33)),
    }


def _lines() -> dict[str, Case]:
    return {
        "line-of-a-float": _yes("a float of protocol 0", "TRU-095", b"F1.5\n."),
        "line-beyond-floats": _no("a number beyond the largest float", "TRU-095", b"F1e999\n."),
        "line-of-an-integer": _yes("an integer of protocol 0", "TRU-095", b"I10\n."),
        "line-with-an-underscore": _no("the same with an underscore", "TRU-095", b"I1_0\n."),
        "line-with-a-space": _no("the same with a space", "TRU-095", b"I 10\n."),
        "line-of-a-boolean": _yes("a boolean of protocol 0", "TRU-095", b"I01\n."),
        "line-of-a-signed-zero": _no("a signed zero", "TRU-095", b"I-0\n."),
    }


def _costs() -> dict[str, Case]:
    def opcodes(count: int) -> bytes:
        return zlib.compress(b"\x80\x04" + b"N0" * (count // 2) + b"N.", 9)

    return {
        "many-opcodes": _yes("a million opcodes less a few, compressed", "TRU-050", opcodes(999_900), "joblib"),
        "too-many-opcodes": _no("more opcodes than its stored bytes are worth", "TRU-050", opcodes(1_010_000), container="joblib"),
    }  # fmt: skip


def _lightgbm() -> dict[str, Case]:
    booster, regressor = ("lightgbm.basic", "Booster"), ("lightgbm.sklearn", "LGBMRegressor")
    state = build(mapping(_handle=text("tree\nversion=v4\n"), best_iteration=b"K\x05"))
    own, named = old_name("__main__", "objective"), ".".join(booster)
    return {
        "lightgbm-of-data": _yes("an estimator of LightGBM with its booster", "LGB-016", _object(regressor, n_estimators=b"K\x05", _Booster=new(*booster) + state)),
        "lightgbm-with-a-second-model": _no("a booster that is given a state twice", "LGB-016", pickle4(new(*booster) + state + state), named),
        "lightgbm-that-is-called": _no("a booster that opens a file", "LGB-016", pickle4(call(name(*booster), b"N", b"N", text("/etc/passwd"))), named),
        "lightgbm-with-a-name": _yes("an objective that is a text", "LGB-017", _object(regressor, objective=text("regression"))),
        "lightgbm-with-a-function": _no("an objective that is a function of one's own", "LGB-017", _object(regressor, objective=own), "__main__.objective"),
    }  # fmt: skip
