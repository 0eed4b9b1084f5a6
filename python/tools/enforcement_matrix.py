"""Writes the vectors of every given dtype and every declared type, from the table of ENF-020.

``python tools/enforcement_matrix.py`` (in the folder ``python``) writes ``matrix.json`` and
``matrix-json.json`` in ``conformance/vectors/v1/enforcement``. What is expected comes from the
table of ``spec/enforcement.md`` and from the rules for cells; the package is not asked. A test
compares the files with what this makes, and runs the same pairs with Arrow's columns.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

__all__ = [
    "ARROW",
    "DECLARED",
    "FAMILIES",
    "TYPES",
    "cases",
    "files",
    "json_cases",
    "outcome",
    "table",
]

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "spec" / "enforcement.md"
FOLDER = ROOT / "conformance" / "vectors" / "v1" / "enforcement"

#: Declared type -> delivered dtype (ENF-002), and that of a column with missing values.
DELIVERED = {
    "boolean": ("bool", "object"),
    "integer": ("int32", "Int32"),
    "long": ("int64", "Int64"),
    "float": ("float32", "float32"),
    "double": ("float64", "float64"),
    "string": ("object", "object"),
    "binary": ("binary", "binary"),
    "datetime": ("datetime64[ns]", "datetime64[ns]"),
}
#: Nested type -> the rule that refuses a cell of another kind.
NESTED = {"array": "ENF-033", "object": "ENF-034", "map": "ENF-036"}
DECLARED = (*DELIVERED, "any", *NESTED)

#: The phrases of the table's last rows, and the given dtypes that they stand for.
_PHRASES = {
    "object holding text": ["text"],
    "pandas `string` and `str`": ["text"],
    "Arrow text": [],
    "object holding bytes": ["bytes"],
    "Arrow binary": [],
    "datetime64[ns]": ["datetime64[ns]"],
    "datetime64[s, ms, us]": ["datetime64[s]", "datetime64[ms]", "datetime64[us]"],
    "with or without zone": ["zoned"],
    "Arrow timestamps and dates": [],
    "text columns as in ENF-053": ["text"],
    "decimals as in ENF-016": [],
    "\N{EN DASH}": [],
}

_MOMENTS = ["2024-01-31T12:00:00", "1969-12-31T23:59:59"]
_NUMBERS = {
    **{f"int{bits}": [-(2 ** (bits - 1)), 1, 2 ** (bits - 1) - 1] for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": [0, 1, 2**bits - 1] for bits in (8, 16, 32, 64)},
    **{f"float{bits}": [1.5, -0.0, "Infinity"] for bits in (16, 32, 64)},
}
#: What is given: what it counts as in the table -> dtypes of the same content, and values.
FAMILIES: dict[str, tuple[tuple[str, ...], list[Any]]] = {
    "bool": (("bool", "boolean", "category"), [True, False]),
    **{
        name: ((name, name.title().replace("Ui", "UI")), values)
        for name, values in _NUMBERS.items()
    },
    "text": (("object", "string", "category"), _MOMENTS),
    "bytes": (("binary",), ["AP8=", ""]),
    **{name: ((name,), _MOMENTS) for name in map("datetime64[{}]".format, ("s", "ms", "us", "ns"))},
    "zoned": (("datetime64[ns, UTC]", "datetime64[us, Europe/Berlin]"), _MOMENTS),
    "timedelta64[ns]": (("timedelta64[ns]",), [1, 2]),
    "complex128": (("complex128",), [1, 2]),
}  # fmt: skip
FAMILIES["float16"] = (("float16",), FAMILIES["float16"][1])
FAMILIES["int64"] = (("int64", "Int64", "category"), FAMILIES["int64"][1])
FAMILIES["float64"] = (("float64", "Float64", "category"), [1.5, -0.0])
#: The same for Arrow, which other languages' data frames need not have.
ARROW = {
    "bool": "bool_",
    **{name: name for name in _NUMBERS if "int" in name},
    "float16": "float16",
    "float32": "float32",
    "float64": "float64",
    "text": "string",
    "bytes": "binary",
    "datetime64[s]": "timestamp[s]",
    "datetime64[ms]": "timestamp[ms]",
    "datetime64[us]": "timestamp[us]",
    "datetime64[ns]": "timestamp[ns]",
    "timedelta64[ns]": "duration[ns]",
}

#: Where the name of a nullable dtype begins that differs from numpy's by a capital letter.
_NULLABLE = re.compile(r"(?=\b(?:U?Int|Float)\d)")
_NOT_IN_JSON = frozenset({"timedelta64[ns]", "complex128"})
#: dtypes that have no missing values.
_COMPLETE = re.compile(r"bool|u?int\d+|complex128")
#: The rule that text or bytes break, cell by cell (ENF-030), where the type takes none.
_CELL_RULES = {
    "text": {
        "boolean": "ENF-041",
        **dict.fromkeys(("integer", "long", "float", "double"), "ENF-049"),
        "binary": "ENF-026",
        **NESTED,
    },
    "bytes": {**dict.fromkeys(DELIVERED, "ENF-021"), "datetime": "ENF-053", **NESTED},
}


def table() -> dict[str, set[str]]:
    """Return, by declared type, what is taken for it by the table of ENF-020."""
    text = PAGE.read_text(encoding="utf-8").partition("**ENF-020**")[2].partition("**ENF-021**")[0]
    taken: dict[str, set[str]] = {}
    for line in re.findall(r"^  \| ([a-z]+ \|.*) \|$", text, re.MULTILINE):
        kind, *cells = line.split(" | ")
        if kind in DELIVERED:
            taken[kind] = {name for cell in cells for name in _names(cell)}
    return taken


def _names(cell: str) -> list[str]:
    named = []
    for phrase in re.split(r"; |, (?![^\[]*\])", cell):
        if phrase in _PHRASES:
            named += _PHRASES[phrase]
        elif phrase in _NUMBERS or phrase == "bool":
            named.append(phrase)
        else:
            raise ValueError(f"The table of ENF-020 says {phrase!r}, which is not known here")
    return named


def outcome(family: str, kind: str, *, gaps: bool, required: bool, cells: bool) -> list[str]:
    """Return the rules that a column of this family breaks for a declared type.

    ``cells`` says that the column is one of objects, whose cells are looked at one by one.
    """
    if kind == "any":
        return []
    missing = gaps and required and kind in ("boolean", "integer", "long")
    if family in table().get(kind, set()):
        return ["ENF-022"] if missing else []
    by_cell = _CELL_RULES.get(family, {}).get(kind)
    if by_cell is None or (kind in NESTED and not cells):
        return ["ENF-021"]
    if kind in NESTED:
        return [by_cell, "ENF-037"] if gaps and required else [by_cell]
    # Of texts each is refused for itself, and so is what is missing among them.
    return [by_cell, "ENF-044"] if missing and family == "text" else [by_cell]


def cases() -> list[dict[str, Any]]:
    """Return every case: with and without missing values, which may or must not be."""
    return [
        _case(family, dtype, values, kind, gap, required)
        for family, (dtypes, values) in FAMILIES.items()
        for dtype in dtypes
        for gap in ((False,) if _COMPLETE.fullmatch(dtype) else (False, True))
        for kind in DECLARED
        # Delivered as given, which JSON cannot show.
        if kind != "any" or family not in _NOT_IN_JSON
        for required in ((True, False) if gap else (True,))
    ]


def _case(
    family: str, dtype: str, values: list[Any], kind: str, gap: bool, required: bool
) -> dict[str, Any]:
    held = [*values, None] if gap else values
    given = {"name": "a", "dtype": dtype, "values": held}
    broken = outcome(family, kind, gaps=gap, required=required, cells=dtype in ("object", "binary"))
    label = f"{dtype} of {family}" if dtype == "category" else dtype
    words = f"{label}{' with a missing value' if gap else ''}"
    words += f" for {'' if required else 'optional '}{kind}"
    spec: dict[str, Any] = {"type": kind, "name": "a", **TYPES[kind]}
    if not required:
        spec["required"] = False
    expected: dict[str, Any]
    if not broken:
        expected = {"data": {"columns": [_delivered(given, family, kind, gap)]}}
    else:
        expected = {
            "error": "INVALID_INPUT",
            "details": [{"rule": r, "column": "a"} for r in broken],
        }
    return {
        "id": _id(words.replace(" with a missing value", " gap")),
        "description": f"{words} is {'refused' if broken else 'taken'}",
        "rules": broken or ["ENF-020", *(["ENF-023"] if gap else [])],
        "input": {"signature": {"inputs": [spec]}, "data": {"columns": [given]}},
        "expected": expected,
    }


def _id(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", _NULLABLE.sub("nullable-", words).lower()).strip("-")


def _delivered(given: dict[str, Any], family: str, kind: str, gap: bool) -> dict[str, Any]:
    held = given["values"]
    if kind == "any":
        hours = "+01:00" if "Berlin" in given["dtype"] else ""
        return {**given, "values": [f"{v}{hours}" if v and hours else v for v in held]}
    if family == "zoned" and "Berlin" in given["dtype"]:
        # A text without zone is read as Berlin's clock, an hour ahead of UTC then.
        held = ["2024-01-31T11:00:00", "1969-12-31T22:59:59", *held[2:]]
    dtype = DELIVERED[kind][gap]
    if gap and kind == given["dtype"] == "boolean":
        dtype = "boolean"  # pandas' own stays what it is (ENF-099)
    return {"name": "a", "dtype": dtype, "values": held}


#: Declared type -> what the file says of it; the columns of the next table.
TYPES: dict[str, dict[str, Any]] = {
    **{kind: {"type": kind} for kind in (*DELIVERED, "any")},
    "array": {"type": "array", "items": {"type": "long"}},
    "object": {"type": "object", "properties": {"x": {"type": "long"}}},
    "map": {"type": "map", "values": {"type": "long"}},
}
#: Cells of JSON: the rule that each breaks (its last two digits) by declared type; "=": it is
#: delivered, and comes back as it was, "0": it comes back as null.
_CELLS = """
                       boolean integer long float double string binary datetime any array object map
null                   44      44      44   =     =      =      =      =        =   37    37     37
true                   =       49      49   49    49     50     52     53       =   33    34     36
1                      41      =       =    =     =      50     52     55       =   33    34     36
-1.5                   41      42      42   =     =      50     52     55       =   33    34     36
1.0                    41      42      42   =     =      50     52     55       =   33    34     36
1e2                    41      42      42   =     =      50     52     55       =   33    34     36
-2147483649            41      43      =    45    =      50     52     55       =   33    34     36
16777217               41      =       =    45    =      50     52     55       =   33    34     36
9007199254740993       41      43      =    45    45     50     52     55       =   33    34     36
18446744073709551616   41      43      43   =     =      50     52     55       =   33    34     36
1e300                  41      42      42   47    =      50     52     55       =   33    34     36
"x"                    41      49      49   49    49     =      52     53       =   33    34     36
"5"                    41      49      49   49    49     =      52     53       =   33    34     36
"true"                 41      49      49   49    49     =      =      53       =   33    34     36
"NaN"                  41      49      49   0     0      =      52     53       =   33    34     36
"AP8="                 41      49      49   49    49     =      =      53       =   33    34     36
"2024-01-31T12:00:00"  41      49      49   49    49     =      52     =        =   33    34     36
[1]                    57      57      57   57    57     57     57     57       =   =     34     36
{"x":1}                57      57      57   57    57     57     57     57       =   33    =      =
"""


def json_cases() -> list[dict[str, Any]]:
    """Return every kind of JSON value in a column of every type."""
    head, *lines = _CELLS.strip().splitlines()
    return [
        _json_case(cell, kind, found)
        for cell, *outcomes in map(str.split, lines)
        for kind, found in zip(head.split(), outcomes, strict=True)
    ]


def _json_case(cell: str, kind: str, found: str) -> dict[str, Any]:
    taken = found in "=0"
    what = {'"': "text", "[": "list", "{": "object"}.get(cell[0], "cell")
    rule = {"any": "ENF-031", **NESTED}.get(kind)
    expected: dict[str, Any]
    if taken:
        value = None if found == "0" else json.loads(cell)
        expected = {"status": 200, "body": {"predictions": [{"a": value}]}}
    else:
        details = [{"rule": f"ENF-0{found}", "column": "a", "row": 0}]
        expected = {"status": 400, "error_code": "INVALID_INPUT", "details": details}
    return {
        "id": _id(f"{what} {re.sub('^-', 'minus ', cell)} for {kind}"),
        "description": f"the cell {cell} is {'taken' if taken else 'refused'} for {kind}",
        "rules": [(rule or "ENF-040") if taken else f"ENF-0{found}"],
        "input": {
            "signature": {"inputs": [{**TYPES[kind], "name": "a"}]},
            "model": "echo",
            "request": {
                "method": "POST",
                "path": "/invocations",
                "headers": {"Content-Type": "application/json"},
                "body": f'{{"dataframe_records": [{{"a": {cell}}}]}}',
            },
        },
        "expected": expected,
    }


def files() -> dict[Path, str]:
    """Return the text of each file that this writes."""
    return {
        FOLDER / "matrix.json": _text(
            "enforce", "Every given dtype and every declared type, by the table of ENF-020", cases()
        ),
        FOLDER / "matrix-json.json": _text(
            "score", "Every kind of JSON value in a column of every type", json_cases()
        ),
    }


def _text(operation: str, description: str, made: list[dict[str, Any]]) -> str:
    head = {"area": "enforcement", "operation": operation, "description": description}
    lines = ",\n".join(map(json.dumps, made))
    return f'{json.dumps(head)[:-1]}, "cases": [\n{lines}\n]}}\n'


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
