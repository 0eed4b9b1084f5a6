"""Hostile files, put together by hand; all they do is to make an empty marker file.

``python tests/trust/attacks.py`` writes them, with the marker ``mlmodel-attack-ran`` in the
working folder, to ``conformance/attacks`` and ``conformance/vectors/v1/trust/attacks.json``.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARKER = "mlmodel-attack-ran"
REPOSITORY = Path(__file__).resolve().parents[3]

#: The rule that an attack breaks, where it is not TRU-010 (a name that is not listed).
RULES = {
    "dotted-name": "TRU-011",
    "reconstructor": "TRU-012", "zone-path": "TRU-012", "bytes-bomb": "TRU-012", "array-bomb": "TRU-012",
    "partial": "TRU-013", "held-function": "TRU-013", "method-by-append": "TRU-013",
    "scipy-distribution": "TRU-013", "dtype-hides-objects": "TRU-013", "vectorizer-reads-files": "TRU-013",
    "class-changed": "TRU-013", "constructor-held": "TRU-013",
    "concatenated-name": "TRU-014", "extension-code": "TRU-014",
    "persistent-id": "TRU-014", "line-across-frame": "TRU-049", "memo-line-across-frame": "TRU-049", "memo-overwritten": "TRU-014", "memo-counted": "TRU-014",
    "second-pickle": "TRU-015",
    "joblib-object-array": "TRU-020", "joblib-compressed": "TRU-020", "joblib-gzip": "TRU-020", "npy-objects": "TRU-020",
}  # fmt: skip


@dataclass
class Attack:
    """One hostile pickle.

    ``names``: what the check must name. ``runs``: whether plain loading runs it (else it harms in
    another way, or when the object is used: ``use``). ``beside``: files that it needs beside it.
    """

    description: str
    data: bytes
    names: list[str] = field(default_factory=list)
    runs: bool = True
    joblib: bool = False
    use: str = ""
    beside: dict[str, bytes] = field(default_factory=dict)


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def name(module: str, qualified: str) -> bytes:
    return text(module) + text(qualified) + b"\x93"


def old_name(module: str, qualified: str) -> bytes:
    return f"c{module}\n{qualified}\n".encode()


def call(callee: bytes, *args: bytes) -> bytes:
    return callee + b"(" + b"".join(args) + b"tR"


def build(state: bytes) -> bytes:
    return state + b"b"


def mapping(**items: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def pickle4(body: bytes) -> bytes:
    return b"\x80\x04" + body + b"."


def frame(opcodes: bytes) -> bytes:
    return b"\x95" + struct.pack("<Q", len(opcodes)) + opcodes


def new(module: str, cls: str) -> bytes:
    return name(module, cls) + b")\x81"


def attacks(marker: str = MARKER, folder: str = "") -> dict[str, Attack]:
    """Return name -> attack. ``folder`` (with a slash) is where the files beside are."""
    touch = f"touch {marker}"
    program = f"open({marker!r}, 'w').close()"
    system = call(name("posix", "system"), text(touch))
    evil = pickle4(system)
    return {
        **_by_name(touch, program, marker, folder, evil),
        **_by_opcode(touch),
        **_by_listed_names(program),
        **_in_containers(evil),
    }


def _by_name(touch: str, program: str, marker: str, folder: str, evil: bytes) -> dict[str, Attack]:
    imported = call(name("builtins", "__import__"), text("os"))
    return {
        "os-system": Attack("a command is run", pickle4(call(name("posix", "system"), text(touch))), ["posix.system"]),
        "eval": Attack("Python's eval, by its Python 2 name", call(old_name("__builtin__", "eval"), text(program)) + b".", ["builtins.eval"]),
        "exec": Attack("Python's exec", pickle4(call(name("builtins", "exec"), text(program))), ["builtins.exec"]),
        "getattr-chain": Attack(
            "getattr on an imported module",
            pickle4(call(call(name("builtins", "getattr"), imported, text("system")), text(touch))),
            ["builtins.__import__", "builtins.getattr"],
        ),
        "dotted-name": Attack("a function of a module that another one imports", pickle4(call(name("joblib.numpy_pickle", "os.system"), text(touch))), ["joblib.numpy_pickle.os.system"]),
        "commands": Attack("a Python 2 module that the unpickler maps to subprocess", b"ccommands\ngetoutput\n(" + text(touch) + b"tR.", ["commands.getoutput"]),
        "numpy-runstring": Attack("numpy's own exec", pickle4(call(name("numpy.testing._private.utils", "runstring"), text(program), b"}")), ["numpy.testing._private.utils.runstring"]),
        "sklearn-check-output": Attack("subprocess through scikit-learn's test helpers", pickle4(call(name("sklearn.utils._testing", "check_output"), b"](" + text("touch") + text(marker) + b"e")), ["sklearn.utils._testing.check_output"]),
        "joblib-load": Attack("a second file, loaded by joblib", pickle4(call(name("joblib", "load"), text(folder + "inner.bin"))), ["joblib.load"], beside={"inner.bin": evil}),
        "pandas-read-pickle": Attack("a second file, loaded by pandas", pickle4(call(name("pandas.io.pickle", "read_pickle"), text(folder + "inner.bin"), text("infer"))), ["pandas.io.pickle.read_pickle"], beside={"inner.bin": evil}),
        "numpy-load": Attack("a second file, loaded by numpy", pickle4(call(name("numpy", "load"), text(folder + "inner.npy"), b"N\x88")), ["numpy.load"], beside={"inner.npy": _npy(evil)}),
        "pickle-loads": Attack("a pickle in the pickle", pickle4(call(name("_pickle", "loads"), b"B" + struct.pack("<I", len(evil)) + evil)), ["_pickle.loads"]),
        "methodcaller": Attack("operator.methodcaller on a module", pickle4(call(call(name("operator", "methodcaller"), text("system"), text(touch)), call(name("importlib", "import_module"), text("os")))), ["operator.methodcaller", "importlib.import_module"]),
        "partial": Attack("a partial of a command, called when the model transforms", _transformer(call(name("functools", "partial"), name("posix", "system")) + b"(" + name("posix", "system") + b")}Ntb"), ["posix.system"], runs=False, use="transform"),
        "held-function": Attack("a function that is called when the model transforms", _transformer(name("posix", "system")), ["posix.system"], runs=False, use="transform"),
        "reconstructor": Attack("copyreg's constructor with the base class Popen", pickle4(call(name("copyreg", "_reconstructor"), name("subprocess", "Popen"), name("subprocess", "Popen"), b"](" + text("touch") + text(marker) + b"e")), ["subprocess.Popen", "copyreg._reconstructor"]),
    }  # fmt: skip


def _by_opcode(touch: str) -> dict[str, Attack]:
    string = f"S'{touch}'\n".encode()
    swapped = text("numpy") + b"q\x000" + text("posix") + b"q\x000h\x00" + text("system") + b"\x93"
    appended = new("sklearn.pipeline", "Pipeline") + build(mapping(append=name("posix", "system")))
    return {
        "inst": Attack("the opcode INST of protocol 0", b"(" + string + b"iposix\nsystem\n.", ["posix.system"]),
        "obj": Attack("the opcode OBJ of protocol 1", b"(" + old_name("posix", "system") + string + b"o.", ["posix.system"]),
        "memo-overwritten": Attack("a name from a number of the memo that was given twice", pickle4(call(swapped, text(touch))), ["posix.system"]),
        "memo-counted": Attack("MEMOIZE after numbers given by hand", pickle4(text("numpy") + b"q\x010" + text("posix") + b"\x940h\x01" + text("system") + b"\x93" + b"(" + text(touch) + b"tR"), ["posix.system"]),
        "escaped-name": Attack("a name with escapes, in a string of protocol 0", b"S'\\x70osix'\nS'syst\\145m'\n\x93(" + string + b"tR.", ["posix.system"]),
        "concatenated-name": Attack("a name put together while loading", pickle4(call(call(name("_operator", "concat"), text("po"), text("six")) + text("system") + b"\x93", text(touch))), ["_operator.concat"]),
        "hidden-by-pop": Attack("the call's result is thrown away", pickle4(call(name("posix", "system"), text(touch)) + b"0K\x01"), ["posix.system"]),
        "duplicated": Attack("the callee is a copy on the stack", pickle4(name("posix", "system") + b"2(" + text(touch) + b"tR\x860K\x01"), ["posix.system"]),
        "method-by-append": Attack("APPEND calls an attribute of an object", pickle4(appended + text(touch) + b"a"), ["posix.system", "sklearn.pipeline.Pipeline"]),
    }  # fmt: skip


def _by_listed_names(program: str) -> dict[str, Attack]:
    """Attacks by names that honest pickles use: only the arguments and states give them away."""
    template = (
        program
        + "\ndef _parse_args(self): pass\n_parse_args_rvs = _parse_args_stats = _parse_args\n"
    )
    distribution = new("scipy.stats._continuous_distns", "reciprocal_gen") + build(
        mapping(_parse_arg_template=text(template))
    )
    dtype = call(name("numpy", "dtype"), text("V8"), b"\x89\x88")
    inner = call(name("numpy", "dtype"), text("O8"), b"\x89\x88")
    fields = (
        b"(K\x03"
        + text("|")
        + b"N("
        + text("a")
        + b"t}"
        + text("a")
        + inner
        + b"K\x00\x86sK\x08K\x01K\x00tb"
    )
    array = call(
        name("numpy._core.multiarray", "_reconstruct"),
        name("numpy", "ndarray"),
        b"K\x00\x85",
        b"C\x01b",
    )
    pointers = b"(K\x01K\x01\x85" + dtype + fields + b"\x89C\x08\xff\xff\xff\xff\xff\xff\xff\x7ftb"
    reader = new("sklearn.feature_extraction.text", "CountVectorizer") + build(
        mapping(input=text("filename"))
    )
    setter = (
        name("sklearn.pipeline", "Pipeline")
        + b"N"
        + mapping(predict=name("numpy", "log1p"))
        + b"\x86b"
    )
    zone = call(name("pytz", "_p"), text("../../../etc/passwd"))
    before = b"def _parse_args(self, x='"
    framed = frame(b"V" + before) + program.replace("'", '"').encode() + b" #'): return x\n"
    joined = new("scipy.stats._continuous_distns", "norm_gen") + build(b"}(" + text("_parse_arg_template") + framed + b"u")  # fmt: skip
    kept = text("O8") + b"q\x01" + text("f8") + b"q\x0c00"
    swapped = call(name("numpy", "dtype"), frame(b"g1") + b"2\n", b"\x89\x88")
    return {
        "line-across-frame": Attack("a text that the C unpickler reads from the end of a frame", pickle4(joined), []),
        "memo-line-across-frame": Attack("a number of the memo of which the C unpickler reads the end", pickle4(kept + swapped), [], runs=False),
        "scipy-distribution": Attack("program text that scipy runs for a distribution's state", pickle4(distribution), ["scipy.stats._continuous_distns.reciprocal_gen"]),
        "dtype-hides-objects": Attack("raw bytes that are taken for addresses of objects", pickle4(array + pointers), ["numpy.dtype", "numpy._core.multiarray._reconstruct"], runs=False),
        "vectorizer-reads-files": Attack("a vectorizer that opens the files its input names", pickle4(reader), ["sklearn.feature_extraction.text.CountVectorizer"], runs=False),
        "class-changed": Attack("a state given to a class, not to an object", pickle4(setter), ["sklearn.pipeline.Pipeline"], runs=False),
        "zone-path": Attack("a path as the name of a time zone", pickle4(zone), ["pytz._p"], runs=False),
        "bytes-bomb": Attack("a number where bytes are expected", pickle4(call(name("builtins", "bytes"), b"\x8a\x06\x00\x00\x00\x00\x00\x10")), ["builtins.bytes"], runs=False),
        "array-bomb": Attack("an array begun with a huge shape", pickle4(call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), b"\x8a\x06\x00\x00\x00\x00\x00\x10\x85", b"C\x01b")), ["numpy._core.multiarray._reconstruct"], runs=False),
        "constructor-held": Attack("a constructor kept as a function", pickle4(mapping(func=name("numpy._core.multiarray", "_reconstruct"))), ["numpy._core.multiarray._reconstruct"], runs=False),
        "extension-code": Attack("a name by its registered number", b"\x80\x02\x82\x01.", [], runs=False),
        "persistent-id": Attack("an object from outside", b"Pposix.system\n.", [], runs=False),
        "second-pickle": Attack("more bytes behind the end", pickle4(b"K\x01") + pickle4(b"K\x02"), [], runs=False),
    }  # fmt: skip


def _in_containers(evil: bytes) -> dict[str, Attack]:
    return {
        "joblib-object-array": Attack("a pickle within a joblib file's array of objects", joblib_objects(evil), ["posix.system"], joblib=True),
        "joblib-compressed": Attack("a compressed joblib file", zlib.compress(evil), ["posix.system"], joblib=True),
        "joblib-gzip": Attack("a joblib file compressed by gzip", gzip.compress(evil, mtime=0), ["posix.system"], joblib=True),
        "npy-objects": Attack("an npy file of objects", _npy(evil), ["posix.system"], runs=False),
    }  # fmt: skip


def _transformer(function: bytes) -> bytes:
    cls = new("sklearn.preprocessing._function_transformer", "FunctionTransformer")
    state = mapping(func=function, validate=b"\x89", kw_args=b"N", inverse_func=b"N", check_inverse=b"\x89", accept_sparse=b"\x89", feature_names_out=b"N")  # fmt: skip
    return pickle4(cls + build(state))


def _npy(evil: bytes) -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + evil


def joblib_objects(evil: bytes) -> bytes:
    dtype = (
        call(name("numpy", "dtype"), text("O8"), b"\x89\x88")
        + b"(K\x03"
        + text("|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"
    )
    wrapper = new("joblib.numpy_pickle", "NumpyArrayWrapper") + build(
        mapping(subclass=name("numpy", "ndarray"), shape=b"K\x01\x85", order=text("C"), dtype=dtype, allow_mmap=b"\x89", numpy_array_alignment_bytes=b"K\x10")
    )  # fmt: skip
    return b"\x80\x04" + wrapper + evil + b"."


def skops_file(schema: dict[str, Any], **files: bytes) -> bytes:
    """Return a skops file with this tree."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(
            "schema.json", json.dumps({"protocol": 2, "_skops_version": "0.16", **schema})
        )
    return out.getvalue()


def honest() -> dict[str, tuple[str, str, bytes, dict[str, Any]]]:
    """Return what needs no trust, or is broken: name -> (description, rule, data, expected)."""
    dtype = (
        call(name("numpy", "dtype"), text("f8"), b"\x89\x88")
        + b"(K\x03"
        + text("<")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    number = struct.pack("<d", 1.5)
    data = b"C\x08" + number

    def array(module: str) -> bytes:
        begun = call(
            old_name(module, "_reconstruct"), name("numpy", "ndarray"), b"K\x00\x85", b"C\x01b"
        )
        return begun + b"(K\x01K\x01\x85" + dtype + b"\x89" + data + b"tb"

    def forest(module: str) -> bytes:
        return pickle4(
            new(module, "RandomForestClassifier") + build(mapping(n_estimators=b"K\x03"))
        )

    wrapper = new("joblib.numpy_pickle", "NumpyArrayWrapper") + build(
        mapping(subclass=name("numpy", "ndarray"), shape=b"K\x01\x85", order=text("C"), dtype=dtype, allow_mmap=b"\x88", numpy_array_alignment_bytes=b"K\x10")
    )  # fmt: skip
    joblib = b"\x80\x04" + wrapper + b"\x03\xff\xff\xff" + number + b"."
    log1p = (
        call(name("functools", "partial"), name("numpy", "log1p"))
        + b"("
        + name("numpy", "log1p")
        + b")}Ntb"
    )
    yes: dict[str, Any] = {"allowed": True, "refused": []}
    no: dict[str, Any] = {"allowed": False, "refused": []}
    return {
        "plain-values": ("numbers, texts and containers", "TRU-010", pickle4(mapping(a=b"K\x01", b=b"](K\x02Ne")), yes),
        "protocol-0-values": ("a dict of protocol 0", "TRU-010", b"(dS'a'\nI1\ns.", yes),
        "array": ("an array", "TRU-012", pickle4(array("numpy._core.multiarray")), yes),
        "array-at-its-old-place": ("an array as numpy 1 wrote it", "TRU-019", pickle4(array("numpy.core.multiarray")), yes),
        "forest": ("a random forest", "TRU-011", forest("sklearn.ensemble._forest"), yes),
        "forest-at-its-old-place": ("a random forest as scikit-learn 0.21 wrote it", "TRU-019", forest("sklearn.ensemble.forest"), yes),
        "forest-re-exported": ("a random forest by the name of its package", "TRU-011", forest("sklearn.ensemble"), {"allowed": False, "refused": ["sklearn.ensemble.RandomForestClassifier"]}),
        "partial-of-a-function": ("a partial of a function that only computes", "TRU-013", _transformer(log1p), yes),
        "joblib-array": ("a joblib file with a raw array", "TRU-020", joblib, yes),
        "joblib-array-compressed": ("the same, compressed", "TRU-020", zlib.compress(joblib), yes),
        "truncated": ("a pickle that is cut off", "TRU-015", pickle4(mapping(a=b"K\x01"))[:-3], no),
        "not-a-pickle": ("a text file", "TRU-015", b"version https://example.invalid/spec", no),
    }  # fmt: skip


def _vector(
    key: str, description: str, rule: str, data: bytes, container: str, expected: Any
) -> dict[str, Any]:
    given = {"pickle_base64": base64.b64encode(data).decode(), "container": container}
    return {
        "id": key,
        "description": description,
        "rules": [rule],
        "input": given,
        "expected": expected,
    }


def vector_files() -> dict[str, str]:
    """Return the vectors: file name -> text."""
    hostile = [
        _vector(
            key, attack.description, RULES.get(key, "TRU-010"), attack.data,
            "joblib" if attack.joblib else "pickle", {"allowed": False, "refused": attack.names},
        )
        for key, attack in attacks().items()
    ]  # fmt: skip
    harmless = [
        _vector(key, description, rule, data, "joblib" if "joblib" in key else "pickle", expected)
        for key, (description, rule, data, expected) in honest().items()
    ]
    import pairs  # which is made of this module's parts

    both = [
        {
            **_vector(key, one.description, "", one.data, one.container, {"allowed": one.allowed, "refused": [*one.refused]}),
            "rules": [*one.rules],
        }
        for key, one in pairs.cases().items()
    ]  # fmt: skip
    head = {"area": "trust", "operation": "check-pickle"}
    return {
        "pairs.json": json.dumps({**head, "description": "Pickles on both sides of a rule", "cases": both}, indent=2) + "\n",
        "attacks.json": json.dumps({**head, "description": "Hostile pickles", "cases": hostile}, indent=2) + "\n",
        "pickles.json": json.dumps({**head, "description": "Harmless and broken pickles", "cases": harmless}, indent=2) + "\n",
    }  # fmt: skip


def main() -> None:
    target = REPOSITORY / "conformance/attacks"
    for key, attack in attacks().items():
        (target / f"{key}.bin").write_bytes(attack.data)
        for file, data in attack.beside.items():
            (target / file).write_bytes(data)
    for file, text_ in vector_files().items():
        (REPOSITORY / "conformance/vectors/v1/trust" / file).write_text(text_, encoding="utf-8")


if __name__ == "__main__":
    main()
