"""R's package `mlmodel`: its own tests, and what it saves is validated, loaded and served here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

import mlmodel
from certificates import certificate, needs_openssl
from r_functions import require_packages, require_r, run_program, run_r
from specimens.mleap import BUNDLES

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).resolve().parents[4] / "r-bridge"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The package as a user gets it: one file."""
    program = require_r()
    folder = tmp_path_factory.mktemp("r")
    require_packages("yaml", "jsonlite", "testthat")
    shutil.copytree(SOURCE, folder / "source")
    run_program(program, "CMD", "build", "--no-manual", "source", cwd=folder)
    return folder / f"mlmodel_{mlmodel.__version__}.tar.gz"


@pytest.fixture(scope="module")
def library(built, tmp_path_factory):
    """A library of R with the package."""
    folder = tmp_path_factory.mktemp("library")
    run_program(require_r(), "CMD", "INSTALL", "-l", str(folder), str(built))
    return folder


@pytest.fixture(scope="module")
def in_r(library):
    """Return what runs a script of R with the package, and gives what it prints."""
    variables = {**os.environ, "R_LIBS": str(library), "LC_ALL": "C.UTF-8"}

    def run(script, **more):
        return run_r(f"library(mlmodel); {script}", env=variables, **more)

    return run


@pytest.fixture(scope="module")
def saved(in_r, tmp_path_factory):
    """A model that R trained and saved, and what R itself answers."""
    path = tmp_path_factory.mktemp("models") / "cars"
    told = in_r(f"""
        cars <- transform(mtcars, gear = factor(gear))
        model <- lm(mpg ~ wt + hp, cars)
        mlmodel_save_crate(function(x, level = 0) stats::predict(model, x) + level, "{path}", model = model,
            signature = list(inputs = c(wt = "double", hp = "double"), outputs = "double"))
        cat(sprintf("%a", predict(model, head(cars))))
    """)
    return path, [float.fromhex(one) for one in told.split()]


ROWS = pd.DataFrame(
    {"wt": [2.62, 2.875, 2.32, 3.215, 3.44, 3.46], "hp": [110.0, 110, 93, 110, 175, 105]}
)


def test_its_own_tests_pass(in_r):
    folder = SOURCE / "tests"
    in_r(
        'testthat::test_dir("testthat", package = "mlmodel", stop_on_failure = TRUE, load_package = "installed")',
        cwd=folder,
    )


def test_r_has_nothing_to_say_of_the_package(built, tmp_path):
    """R CMD check: no error, no warning, no note. Its tests have a test of their own here."""
    # Packages that are only suggested may be absent, and nobody is asked for them over the network.
    index = tmp_path / "repository" / "src" / "contrib"
    index.mkdir(parents=True)
    (index / "PACKAGES").touch()
    profile = tmp_path / "profile.R"
    profile.write_text(f'options(repos = c(CRAN = "{index.parents[1].as_uri()}"))\n')
    alone = {"R_PROFILE": str(profile), "_R_CHECK_FORCE_SUGGESTS_": "false"}
    told = run_program(
        require_r(), "CMD", "check", "--no-manual", "--no-tests", str(built),
        cwd=tmp_path, env={**os.environ, "LC_ALL": "C.UTF-8", **alone},
    )  # fmt: skip
    assert told.rstrip().endswith("Status: OK"), told


def test_its_version_is_this_ones():
    assert f"Version: {mlmodel.__version__}\n" in (SOURCE / "DESCRIPTION").read_text()


def test_what_r_saves_is_valid_and_answers_in_python(saved):
    """CRA-001, CRA-005: to the bit as in R."""
    path, expected = saved
    assert mlmodel.validate(path).violations == ()
    loaded = mlmodel.load(path, trust=True)
    assert [(one.name, one.type.name) for one in loaded.signature.inputs] == [
        ("wt", "double"),
        ("hp", "double"),
    ]
    assert loaded.predict(ROWS).tolist() == expected
    assert mlmodel.crate.load_model(path, trust=True)(ROWS, level=1).tolist() == [
        one + 1 for one in expected
    ]


@contextmanager
def _serving(path, *options):
    """Serve a model; give the port."""
    command = [sys.executable, "-m", "mlmodel", "serve", "-m", str(path), "-p", "0", "--trust"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline().rsplit(":", 1)[1])
        finally:
            server.terminate()
            server.communicate()


def test_days_levels_and_zones_reach_a_function_of_r_as_in_r(in_r, tmp_path):
    """ENF-092, ENF-094, ENF-095, ENF-097: not as texts and moments of UTC."""
    path = tmp_path / "told-apart"
    told = in_r(f"""
        data <- data.frame(day = as.Date("2020-03-01"), size = factor("hi", c("lo", "hi"), ordered = TRUE),
            at = as.POSIXct("2020-01-01 10:00:00", tz = "Asia/Tokyo"))
        say <- function(x) paste(format(x$day + 1), x$size > "lo", format(x$at, "%H"))
        mlmodel_save_crate(say, "{path}", signature = mlmodel_infer(data))
        cat(say(data))
    """)
    assert told == "2020-03-02 TRUE 10"
    assert mlmodel.validate(path).violations == ()
    given = {"day": ["2020-03-01"], "size": ["hi"], "at": ["2020-01-01T01:00:00Z"]}
    assert list(mlmodel.load(path, trust=True).predict(given)) == [told]


def test_r_asks_a_server_of_it(saved, in_r):
    """RST-087: over REST, from R, with every digit."""
    path, expected = saved
    with _serving(path) as port:
        url = f"http://127.0.0.1:{port}"
        told = in_r(f'cat(sprintf("%a", mlmodel_score("{url}", head(mtcars[c("hp", "wt")]))))')
        assert [float.fromhex(one) for one in told.split()] == expected
        told = in_r(
            f'cat(tryCatch(mlmodel_score("{url}", data.frame(wt = 1)), error = conditionMessage))'
        )
        assert told.startswith("INVALID_INPUT: ")
        assert "'hp'" in told
        both = "data.frame(wt = c('a', '1'), hp = c('b', '1'))"
        told = in_r(
            f'e <- tryCatch(mlmodel_score("{url}", {both}), mlmodel_refused = identity); cat(e$code, e$details$column)'
        )
        assert told == "INVALID_INPUT wt hp"
        told = in_r(
            f"""told <- tryCatch(mlmodel_score("{url}", head(mtcars), params = list(other = 1)),
                warning = conditionMessage); cat(told)"""
        )
        assert "'other'" in told


def test_an_answer_is_a_vector_whatever_is_missing_in_it(in_r, tmp_path):
    """Of integers and truth values with NA, and of levels, a server answers as of a table."""
    path = tmp_path / "m"
    asked = "c(0, NA, 2)"
    in_r(
        f"""mlmodel_save_crate(function(x) as.integer(x$v), "{path}", signature = mlmodel_infer(data.frame(v = 1)))"""
    )
    with _serving(path) as port:
        for rows, expected in ((asked, "0 NA 2"), ("c(0, 2)", "0 2")):
            assert (
                in_r(f'cat(mlmodel_score("http://127.0.0.1:{port}", data.frame(v = {rows})))')
                == expected
            )


@needs_openssl
def test_r_asks_a_server_over_tls(saved, in_r, tmp_path):
    """RST-140: by the package curl; a certificate that nobody vouches for is refused."""
    if in_r('cat(requireNamespace("curl", quietly = TRUE))') != "TRUE":
        pytest.skip("R's package curl is not installed (r-cran-curl)")
    path, expected = saved
    with _serving(path, "--tls-cert", str(certificate(tmp_path))) as port:
        asked = f'mlmodel_score("https://localhost:{port}", head(mtcars[c("hp", "wt")])'
        told = in_r(f'cat(sprintf("%a", {asked}, cafile = "{tmp_path / "cert.pem"}")))')
        assert [float.fromhex(one) for one in told.split()] == expected
        told = in_r(f"cat(tryCatch({asked}), error = conditionMessage))")
        assert f"https://localhost:{port}/invocations was not asked: " in told
        assert "certificate" in told


def test_what_python_saves_is_read_in_r(saved, in_r, tmp_path):
    """A crate that was given a signature here, and a model of another flavor."""
    native = mlmodel.crate.load_model(saved[0], trust=True)
    mlmodel.crate.save_model(native, tmp_path / "m", input_example=ROWS)
    script = f"""
        cat(length(mlmodel_validate("{tmp_path / "m"}")), mlmodel_signature("{tmp_path / "m"}")$inputs$name, "")
        cat(sprintf("%a", mlmodel_predict(mlmodel_load("{tmp_path / "m"}", trust = TRUE), head(mtcars))))
    """
    count, *names = in_r(script).split()
    assert (count, names[:2]) == ("0", ["wt", "hp"])
    assert [float.fromhex(one) for one in names[2:]] == saved[1]


def test_what_libraries_save_in_r_is_valid_in_python(in_r, tmp_path):
    """ENV-001, ENV-017, XGB-002, HTO-003, MLP-001: row 61; stand-ins for R's packages write real files."""
    booster = xgb.train({"max_depth": 2}, xgb.DMatrix(ROWS, ROWS["wt"]), 3)
    booster.save_model(tmp_path / "booster.ubj")
    (tmp_path / "bundle.zip").write_bytes((BUNDLES / "lr.zip").read_bytes())
    (tmp_path / "network").write_bytes(b"\x89HDF\r\n\x1a\n")
    in_r(f"""
        source("{SOURCE / "tests" / "testthat" / "helper-stand_ins.R"}")
        .libPaths(c(installed(names(stand_ins)), .libPaths()))
        loadNamespace("h2o")
        of <- function(file, class) structure(list(file = file.path("{tmp_path}", file)), class = class)
        save <- function(model, name, ...)
            mlmodel_save_model(model, file.path("{tmp_path}", name), ..., signature = list(inputs = c(wt = "double", hp = "double")))
        save(of("booster.ubj", "xgb.Booster"), "xgboost")
        save(of("network", "keras.engine.training.Model"), "keras")
        save(of("network", "keras.src.models.model.Model"), "keras3")
        save(methods::new(methods::getClass("H2OModel", where = asNamespace("h2o")), file = "{tmp_path}/network"), "h2o")
        save(of("bundle.zip", "ml_pipeline_model"), "mleap", sample_input = of("", "tbl_spark"))
    """)
    for name in ("xgboost", "keras", "keras3", "h2o", "mleap"):
        assert mlmodel.validate(tmp_path / name).violations == (), name
    # R's XGBoost was another release than that of this environment.
    differs = rf"xgboost is installed in version {re.escape(xgb.__version__)} \(required: xgboost==1\.7\.\*\)"
    with pytest.warns(
        UserWarning, match=rf"(?s){differs}.*ENV-017.*pip install -r .*xgboost/requirements\.txt"
    ):
        loaded = mlmodel.load(tmp_path / "xgboost")
    answer = loaded.predict(ROWS[["hp", "wt"]])
    assert np.array_equal(answer, booster.predict(xgb.DMatrix(ROWS)))
