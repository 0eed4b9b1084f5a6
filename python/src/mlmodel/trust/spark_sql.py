"""The SQL of a Spark stage: whether it only computes columns from those of its row (SPK-006).

A statement can call any method of Java, run programs, and read any table or file. So what passes is
one plain SELECT, told by its tokens alone, whose functions are on a list.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mlmodel.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["why_not_plain"]

_Tokens = list[tuple[str, str]]

#: Words that call programs or bring in other tables.
_NEVER = frozenset(
    (
        *("using", "union", "intersect", "except", "minus", "table", "values", "join", "lateral"),
        *("with", "into", "insert", "over"),
    )
)
#: Functions of one row that are known to compute, and words before which a parenthesis stands.
_FUNCTIONS = frozenset(
    (
        *("abs", "acos", "add_months", "array", "array_contains", "ascii", "asin", "atan"),
        *("atan2", "base64", "bin", "bround", "cardinality", "cast", "cbrt", "ceil", "ceiling"),
        *("char", "char_length", "coalesce", "concat", "concat_ws", "conv", "cos", "cosh"),
        *("cot", "date_add", "date_diff", "date_format", "date_sub", "date_trunc", "datediff"),
        *("day", "dayofmonth", "dayofweek", "dayofyear", "degrees", "element_at", "exp"),
        *("expm1", "factorial", "float", "floor", "from_unixtime", "greatest", "hash", "hex"),
        *("hour", "hypot", "if", "ifnull", "in", "initcap", "instr", "int", "isnan"),
        *("isnotnull", "isnull", "last_day", "lcase", "least", "left", "length", "levenshtein"),
        *("ln", "locate", "log", "log10", "log1p", "log2", "lower", "lpad", "ltrim", "map"),
        *("md5", "minute", "month", "months_between", "named_struct", "nanvl", "negative"),
        *("next_day", "nullif", "nvl", "nvl2", "pi", "pmod", "position", "positive", "pow"),
        *("power", "quarter", "radians", "regexp_extract", "regexp_replace", "replace"),
        *("reverse", "right", "rint", "round", "rpad", "rtrim", "second", "sha", "sha1", "sha2"),
        *("shiftleft", "shiftright", "sign", "signum", "sin", "sinh", "size", "split", "sqrt"),
        *("string", "struct", "substr", "substring", "substring_index", "tan", "tanh"),
        *("to_date", "to_timestamp", "translate", "trim", "trunc", "ucase", "unix_timestamp"),
        *("upper", "weekday", "weekofyear", "year", "double", "bigint", "and", "or", "not"),
        *("when", "then", "else", "where", "select", "between", "as", "is", "like", "decimal"),
        *("varchar",),
    )
)
_TOKEN = re.compile(
    r"\s+|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<quoted>`[^`]*`)|(?P<word>[A-Za-z_]\w*)|(?P<sign><=>|<=|>=|<>|!=|==|\|\||[-+*/%=<>(),.!])",
    re.ASCII,
)
_TABLE = ("word", "__this__")


def why_not_plain(statement: Any) -> str:
    """Return why a statement may do more, as the end of a sentence; nothing if it may not."""
    if not isinstance(statement, str):
        return "is not a text"
    if "--" in statement or "/*" in statement:
        return "has a comment"
    tokens: _Tokens = []
    place = 0
    while place < len(statement):
        found = _TOKEN.match(statement, place)
        if found is None:
            return f"has {shown(statement[place])} in it"
        place = found.end()
        if found.lastgroup:
            tokens.append((found.lastgroup, found.group().lower()))
    return next(_reasons(tokens), "")


def _reasons(tokens: _Tokens) -> Iterator[str]:
    words = [text for kind, text in tokens if kind == "word"]
    if tokens[:1] != [("word", "select")] or words.count("select") != 1:
        yield "is not one SELECT"
        return
    yield from (f"has the word {shown(word)} in it" for word in words if word in _NEVER)
    if words.count("from") != 1 or tokens[tokens.index(("word", "from")) + 1 :][:1] != [_TABLE]:
        yield "takes more than the table that it is given"
        return
    after = tokens[tokens.index(_TABLE) + 1 :][:1]
    if after and after != [("word", "where")]:
        yield f"goes on with {shown(after[0][1])} after its table"
    for (kind, text), following in pairwise(tokens):
        if following == ("sign", "(") and (
            kind == "quoted" or (kind == "word" and text not in _FUNCTIONS)
        ):
            yield f"calls {shown(text)}"
