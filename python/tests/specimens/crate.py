"""A small linear model of R, on numbers and texts, and functions of R that say what they see."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from functools import cache, partial
from pathlib import Path

import numpy as np
from fidelity_kinds import OF_BRIDGES

from r_functions import content, crate, require_r, run_program
from specimens import Made, Specimen, mlmodel_file

#: A crate holds what it needs in its own environment.
_MODEL = """local({
    data <- data.frame(a = (1:20) / 4, b = rep(c("x", "y"), 10))
    data$z <- data$a * 2 + (data$b == "y") * 3 + sin(1:20)
    model <- lm(z ~ a + b, data)
    structure(function(x, interval = "none") stats::predict(model, x, interval = interval), class = "crate")
})"""


def rows():
    import numpy as np
    import pandas as pd

    return pd.DataFrame({"a": np.arange(10) / 3, "b": ["x", "y"] * 5})


def make():
    return crate(_MODEL)


def native(model, rows):
    """What R itself answers to the numbers' own texts: no converter of ours on the way there."""
    return [float.fromhex(one) for one in _of_r_alone(model, rows, 'sprintf("%a", answer)')]


#: What a crate answers to ``x``; each line is a text's bytes, or NA. A whole number that R reads as
#: another one is none of its own.
_SCRIPT = """
    f <- readRDS({file})
    if (is.raw(f)) f <- unserialize(f)
    whole <- function(text, number) if (sprintf("%.0f", number) == text) number else stop("R has no ", text)
    x <- data.frame({columns}, check.names = FALSE)
    answer <- f(x)
    for (one in {shown}) cat(if (is.na(one)) "NA" else charToRaw(enc2utf8(one)), "\\n", sep = "")
"""


def _of_r_alone(model, rows, shown, gap="NA"):
    frame = rows.to_frame() if hasattr(rows, "to_frame") else rows
    columns = (f"`{name}` = {_column(frame[name], gap)}" for name in frame.columns)
    return _printed(model.content, ", ".join(columns), shown)


@cache
def _printed(crate, columns, shown):
    """Return what R by itself prints, as texts; every way asks the same."""
    with tempfile.TemporaryDirectory() as folder:
        file, script = Path(folder, "crate.bin"), Path(folder, "script.R")
        file.write_bytes(crate)
        script.write_text(_SCRIPT.format(file=_cell(str(file)), columns=columns, shown=shown))
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        printed = run_program(
            require_r(), "--vanilla", "--no-echo", f"--file={script}", env=environment
        )
    lines = (line for line in printed.splitlines())
    return [None if line == "NA" else bytes.fromhex(line).decode() for line in lines]


def _column(series, gap):
    """Return a column as its text in R, with ``gap`` for what is missing."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        levels = [str(one) for one in series.cat.categories]
        cells = [None if pd.isna(one) else str(one) for one in series]
        return f"factor({_vector(cells)}, levels = {_vector(levels)})"
    gap = "NA_real_" if series.dtype.kind in "iufM" else gap
    zone = getattr(series.dtype, "tz", None)
    if series.dtype.kind == "M":
        seconds = [None if pd.isna(one) else one.timestamp() for one in series]
        return f'.POSIXct({_vector(seconds, gap)}, tz = "{zone or "UTC"}")'
    return _vector([None if pd.isna(one) else one for one in series], gap)


def _vector(cells, gap="NA"):
    return f"c({', '.join(gap if one is None else _cell(one) for one in cells)})"


def _cell(cell):
    if isinstance(cell, str):
        return '"' + "".join(map(_character, cell)) + '"'
    if isinstance(cell, dt.date):
        return f'as.Date("{cell}")'
    if isinstance(cell, float):
        return float(cell).hex()
    if isinstance(cell, bool | np.bool_):
        return str(cell).upper()
    return f'whole("{cell}", {cell})'


def _character(one):
    plain = one.isascii() and one.isprintable() and one not in '"\\'
    return one if plain else f"\\U{{{ord(one):x}}}"


def _layout(version, more=""):
    def write(model, root):
        (root / "crate.bin").write_bytes(content(_MODEL))
        mlmodel_file(root, f"""
            flavors:
              crate:
                version: {version}
                model: crate.bin
            {more or "utc_time_created: 19-09-25T13:56:34.34.95"}
        """)  # fmt: skip

    return write


#: A function of R that says of each row what it sees, kinds and bytes, and gives the first column back.
_SEEING = """local({
    bytes <- function(text) paste0(nchar(text), "/", paste(charToRaw(enc2utf8(text)), collapse = ""))
    value <- function(one) {
        if (is.factor(one)) return(paste0(as.integer(one), "/", as.character(one)))
        if (is.character(one)) return(vapply(one, bytes, "", USE.NAMES = FALSE))
        sprintf("%a", as.numeric(one))
    }
    seen <- function(one) {
        kind <- c(class(one), attr(one, "tzone"), levels(one))
        gone <- ifelse(is.na(one) & !(is.numeric(one) & is.nan(as.numeric(one))), "NA", "NaN")
        paste(c(kind, ""), collapse = " ") |> paste0(ifelse(is.na(one), gone, value(one)))
    }
    structure(function(x) {
        given <- if (is.data.frame(x)) x else list(unlist(x))
        # As a text, since no message of V2 says that a truth value is missing (OIP-013).
        back <- if (is.logical(given[[1L]])) as.character(given[[1L]]) else given[[1L]]
        data.frame(seen = do.call(paste, unname(lapply(given, seen))), back = back)
    }, class = "crate")
})"""
#: What it gave back, as texts.
_BACK = """{
    value <- answer$back
    text <- if (inherits(value, "POSIXct")) sprintf("%.6f", as.numeric(value))
        else if (is.numeric(value)) sprintf("%a", value) else as.character(value)
    c(answer$seen, ifelse(is.na(value), NA, text))
}"""


def _seen(model, rows, gap="NA"):
    """What R itself sees of the rows, and gives back of the first column."""
    import pandas as pd

    told = _of_r_alone(model, rows, _BACK, gap)
    first = rows if rows.ndim == 1 else rows.iloc[:, 0]
    back = [None if one is None else _read(one, first) for one in told[len(rows) :]]
    return pd.DataFrame({"seen": told[: len(rows)], "back": pd.Series(back, dtype=object)})


def _read(text, column):
    """Return a cell that R printed, of a column as it was given."""
    import pandas as pd

    if column.dtype.kind == "M":
        zone = getattr(column.dtype, "tz", None)
        moment = pd.Timestamp(float(text), unit="s").round("us")
        return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)
    if isinstance(column.dropna().iloc[0], dt.date):
        return pd.Timestamp(text)  # as days are declared
    return float.fromhex(text) if column.dtype.kind in "fi" else text


#: A linear model, which does not know what was not among its rows.
_OF_CATEGORIES = """local({
    data <- data.frame(c = rep(c("a", "b", "c"), 6), n = (1:18) / 4)
    data$y <- data$n * 2 + (data$c == "b") * 3 + sin(1:18)
    model <- lm(y ~ c + n, data)
    structure(function(x) stats::predict(model, x), class = "crate")
})"""


def _sees(gap="NA", **more):
    """Return the function of R that is asked, with R's own text for a cell that is missing."""
    return Made(lambda _rows: crate(_SEEING), partial(_seen, gap=gap), **more)


SPECIMEN = Specimen(
    libraries=("pandas",),
    make=make,
    rows=rows,
    native=native,
    layouts={
        "0.x": _layout("0.1.0"),
        "1.x": _layout("0.1.0"),
        "2.x": _layout("0.1.0", "model_uuid: 0123456789abcdef0123456789abcdef"),
    },
    runs="a function of R",
    missing={
        "arrays": "its columns have names and kinds",
    },
    not_exchanged={
        **dict.fromkeys(
            ("3.x writes", "2.x writes", "1.x writes"), "No module named 'mlflow.crate'"
        ),
        **dict.fromkeys(("3.x reads", "2.x reads"), "No module named 'mlmodel'"),
    },
    fidelity={
        "numbers with gaps": _sees(),
        "text with gaps": _sees("NA_character_"),
        "categories of texts": _sees(),
        "categories of integers": _sees(),
        "booleans with gaps": _sees(),
        "zoned times": _sees(),
        "naive times": _sees(),
        "decimals": "R has no decimals",
        "integer names": _sees(),
        "one text column": _sees(),
        "sparse": "R by itself has no sparse matrices",
        "booleans": _sees(),
        "integers of 64 bits": _sees(),
        "integers of 64 bits with gaps": _sees(),
        "integers beyond 2^53": _sees(refused="CRA-009"),
        "texts beyond ASCII": _sees(),
        "texts with NUL": _sees(refused="CRA-009"),
        "unseen categories": Made(lambda _rows: crate(_OF_CATEGORIES), native, refused="CRA-007"),
        "dates": _sees("as.Date(NA)"),
    },
    kinds=OF_BRIDGES,
    other_kinds="how lists and mappings reach R is a matter of the bridge's own tests, which ask R",
)
