"""A small linear model of R, on numbers and texts, and functions of R that say what they see."""

from __future__ import annotations

import math

from r_functions import content, crate, require_r, runner
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
    """What R itself answers, of the texts of the numbers: no converter of ours on the way there."""
    require_r()
    columns = [f"`{name}` = c({', '.join(map(_literal, rows[name]))})" for name in rows.columns]
    text = f"""{{
        file <- tempfile()
        writeBin(x, file)
        f <- readRDS(file)
        if (is.raw(f)) f <- unserialize(f)
        sprintf("%a", f(data.frame({", ".join(columns)}, check.names = FALSE)))
    }}"""
    return [float.fromhex(one) for one in runner()(text, model.content)]


def _literal(cell):
    if isinstance(cell, str):
        return f'"{cell}"'
    return "NA" if cell is None or math.isnan(cell) else float(cell).hex()


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


_SUM = """function(x) {
    number <- function(one) if (is.numeric(one)) one else nchar(as.character(one)) + (as.character(one) > "b")
    Reduce(`+`, lapply(x, function(one) ifelse(is.na(one), -1, number(one))))
}"""


def _asked(model, rows):
    return native(model, rows)


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
        "numbers with gaps": Made(lambda _rows: crate(_SUM), _asked),
        "text with gaps": Made(lambda _rows: crate(_SUM), _asked),
        "integer names": Made(lambda _rows: crate(_SUM), _asked),
    },
    other_kinds="how each sort of column reaches R is a matter of the bridge's own tests, which ask R",
)
