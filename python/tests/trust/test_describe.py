"""What loading a folder could run, told from its contents (TRU-006)."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import pickle
import zipfile
import zlib

import attacks
import joblib
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from mlmodel.errors import UntrustedModel
from mlmodel.trust import describe as describing
from mlmodel.trust.describe import look_into
from mlmodel.trust.gate import Gate

SKLEARN = "flavors:\n  sklearn: {pickled_model: model.bin, sklearn_version: 1.5.1, code: null}\n"
SYSTEM = b"cposix\nsystem\n(S'true'\ntR."
PLAIN = pickle.dumps([1, {"a": 2}])


class Bomb:
    def __reduce__(self):
        return os.system, ("true",)


BOMB = pickle.dumps(Bomb())


def told(root, mlmodel="flavors: {a: {}}\n", **files):
    """Return file -> (what, whether it needs trust) of a folder with these files."""
    (root / "MLmodel").write_text(mlmodel)
    for name, data in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return {look.file: (look.what, look.needs_trust) for look in look_into(root)}


def npy(value):
    out = io.BytesIO()
    np.save(out, value, allow_pickle=True)
    return out.getvalue()


def joblib_file(value):
    out = io.BytesIO()
    joblib.dump({"array": np.arange(3.0), "value": value}, out)
    return out.getvalue()


def archive(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in members.items():
            target.writestr(name.replace("_dot_", "."), data)
    return out.getvalue()


@pytest.mark.parametrize(
    "data", [SYSTEM, BOMB, pickle.dumps(Bomb(), 0), b"\x8c\x05posix\x8c\x06system\x93."]
)
def test_a_named_file_is_looked_into_whatever_it_is_called(root, data):
    assert told(root, SKLEARN, model_dot_bin=data) == {
        "model.bin": ("a pickle that uses posix.system", True)
    }
    with pytest.raises(UntrustedModel, match=r"posix\.system"):
        Gate.for_folder(root).load_pickle(root / "model.bin")


def test_what_the_list_allows_needs_no_trust(root):
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    what, needs_trust = told(root, SKLEARN, model_dot_bin=pickle.dumps(model))["model.bin"]
    assert what.startswith("a pickle, ")
    assert what.endswith(" names, all on the list: needs no trust")
    assert not needs_trust
    Gate.for_folder(root).load_pickle(root / "model.bin")


ANY = {
    "pickle": (BOMB, "a pickle that uses posix.system"),
    "joblib": (joblib_file(Bomb()), "a pickle that uses posix.system"),
    "old pickle": (SYSTEM, "a pickle that uses posix.system"),
    "zlib": (zlib.compress(BOMB), "compressed by zlib: a pickle that uses posix.system"),
    "gzip": (gzip.compress(SYSTEM), "compressed by gzip: a pickle that uses posix.system"),
    "bz2": (bz2.compress(BOMB), "compressed by bz2: a pickle that uses posix.system"),
    "xz": (lzma.compress(BOMB), "compressed by xz: a pickle that uses posix.system"),
    "lzma": (lzma.compress(BOMB, lzma.FORMAT_ALONE), "compressed by lzma: a pickle that uses posix.system"),
    "damaged gzip": (gzip.compress(BOMB)[:-9], "compressed by gzip, and cannot be inspected (its gzip compression does not end where the file ends)"),
    "lz4": (b"\x04\x22\x4d\x18abcd", "a file that cannot be inspected: it is compressed by lz4, which mlmodel cannot open"),
    "R": (b"X\n\0\0\0\3\0\4", "a serialized R object"),
    "RDS": (gzip.compress(b"X\n\0\0\0\3\0\4"), "a serialized R object, compressed by gzip"),
    "HDF5": (b"\x89HDF\r\n\x1a\n....", "an HDF5 file, which may hold code"),
    "library": (b"\x7fELF\2\1\1", "a native library"),
    "script": (b"#!/bin/sh\ntrue\n", "a script"),
    "objects": (npy(np.array([Bomb()], dtype=object)), "an array of pickled objects that uses posix.system"),
    "skops": (attacks.skops_file({"__loader__": "TypeNode", "__module__": "posix", "__class__": "system"}), "a skops file that uses posix.system"),
    "zip": (archive(a_dot_txt="a"), "a zip archive, which may hold code"),
    "zip of pickles": (archive(a="", data_dot_pkl=BOMB), "a zip archive, which may hold code, with pickles in it (data.pkl)"),
    "damaged zip": (archive(a="")[:20], "a zip archive that cannot be read"),
    "skops and pickles": (attacks.skops_file({"__loader__": "JsonNode", "__module__": "builtins", "__class__": "str", "content": "1"}, **{"data.pkl": BOMB}), "a skops file, no name, with pickles in it (data.pkl)"),
    "both": (PLAIN + archive(a=""), "a zip archive, which may hold code; a pickle: more bytes follow its end"),
    "trailing": (PLAIN + b"N.", "a pickle: more bytes follow its end"),
    "without an end": (pickle.dumps(Bomb(), 2)[:-1], "a pickle that uses posix.system"),
    "damaged": (BOMB[:-1], "a pickle that cannot be read (a frame is larger than the file)"),
    "damaged first": (b"\x80\x04\x95", "a pickle that cannot be read (it ends early, at byte 3)"),
}  # fmt: skip


@pytest.mark.parametrize("key", ANY)
def test_any_file_is_known_by_its_first_bytes(root, key):
    data, what = ANY[key]
    assert told(root, notes_dot_txt=data) == {"notes.txt": (what, True)}


HARMLESS = {
    "pickle": (PLAIN, "a pickle, no name: needs no trust"),
    "zlib": (zlib.compress(PLAIN), "compressed by zlib: a pickle, no name: needs no trust"),
    "objects": (npy(np.array([1, "a"], dtype=object)), "an array of pickled objects, 3 names, all on the list: needs no trust"),
}  # fmt: skip


@pytest.mark.parametrize("key", HARMLESS)
def test_harmless(root, key):
    data, what = HARMLESS[key]
    assert told(root, model_dot_txt=data) == {"model.txt": (what, False)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"channels:\n- conda-forge\ndependencies:\n- pip\n",
        b"xgboost==1.0\n",
        b"x = 3\n",
        b"N. America\n",
        b"I1\n.",
        b"cat\ndog\n",
        b"(a, b)\n",
        npy(np.arange(3)),
        gzip.compress(b"a,b\n1,2\n", mtime=0),
    ],
)
def test_texts_and_numbers_are_nothing_to_tell(root, data):
    assert told(root, notes_dot_pkl=data) == {}


PICKLED = base64.urlsafe_b64encode(PLAIN).decode()
JSON_TEXTS = {
    "a value": (f'{{"a": "{PICKLED}"}}', 1),
    "keys and values": (f' {{"{PICKLED}": ["{PICKLED}"]}}', 2),
    "a text": (f'"{PICKLED}"', 1),
    "the other alphabet": ('["' + base64.b64encode(PLAIN + b"\xff\xfe\xfb.").decode() + '"]', 1),
    "without its padding": (f'["{PICKLED.rstrip("=")}"]', 1),
    "escaped letters": (f'["{PICKLED.replace("g", chr(92) + "u0067", 1)}"]', 1),
    "escaped slashes": ('["' + base64.b64encode(
        b"\x80\x04\xff\xff\xff."
    ).decode().replace("/", chr(92) + "/") + '"]', 1),
    "another start": ('["gAYHello"]', 0),
    "no end": (f'["{base64.b64encode(PLAIN[:-1]).decode()}"]', 0),
    "a word": ('["gALLERY", "a gALLERY"]', 0),
    "within another": (f'["x{PICKLED}"]', 0),
}  # fmt: skip


@pytest.mark.parametrize("key", JSON_TEXTS)
def test_pickles_within_json(root, key):
    """TRU-006: of a file that is named as the model; elsewhere nobody unpickles them."""
    text, count = JSON_TEXTS[key]
    what = f"a JSON text with {count} pickle{'' if count == 1 else 's'} in it"
    found = {"model.bin": (what, True)} if count else {}
    assert told(root, SKLEARN, model_dot_bin=text.encode()) == found
    assert told(root, SKLEARN, model_dot_bin=b"text", notes_dot_txt=text.encode()) == {}


def test_the_models_own_code(root):
    mlmodel = (
        "flavors:\n  python_function:\n    loader_module: my.loader\n    code: code\n"
        "    python_model: python_model.pkl\n    model_code_path: model.txt\n    data: data\n"
    )
    assert told(
        root,
        mlmodel,
        code__own_dot_py=b"",
        code__read_dot_me=b"words",
        python_model_dot_pkl=PLAIN,
        model_dot_txt=b"import os",
        data__old=SYSTEM,
    ) == {
        "MLmodel": ("names the module my.loader, which is imported", True),
        "code/own.py": ("Python code", True),
        "data/old": ("a pickle that uses posix.system", True),
        "model.txt": ("the model's own code", True),
        "python_model.pkl": ("a pickle, no name, but it is the model's own code", True),
    }


def test_a_well_known_loader_is_none_of_its_own(root):
    assert told(root, "flavors: {python_function: {loader_module: mlflow.sklearn}}\n") == {}


def test_without_a_model_file_every_file_is_looked_at(root):
    (root / "m").write_bytes(BOMB)
    assert [str(look) for look in look_into(root)] == ["m: a pickle that uses posix.system"]
    (root / "MLmodel").write_text("[")
    assert len(look_into(root)) == 1


def test_links_pipes_and_paths_out_are_not_followed(root, tmp_path):
    (tmp_path / "outside").write_bytes(BOMB)
    (root / "link").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")
    assert told(root, SKLEARN.replace("model.bin", "../outside")) == {}


def test_bounds(root, monkeypatch):
    monkeypatch.setattr(describing, "LARGEST", 100)
    found = told(root, large=PLAIN + bytes(100))
    assert found == {"large": ("too large to be inspected", True)}
    monkeypatch.setattr(describing, "LARGEST", 2**20)
    assert "expands to more than" in told(root, bomb=zlib.compress(bytes(2**21)))["bomb"][0]
    monkeypatch.setattr(describing, "MOST_FILES", 1)
    assert "more than 1 files" in told(root)["."][0]


def test_many_and_long_names_are_cut(root):
    names = b"".join(b"c%s\nf%d\n" % (b"m" * 500, number) for number in range(9))
    what, _ = told(root, many=b"\x80\x02(" + names + b"t.")["many"]
    assert what.endswith("…, 3 more")
    assert len(what) < 1000
