"""What the editions show of a model's folder: its files, its MLmodel file, its environment."""

from __future__ import annotations

import pickle
import re

import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import mlmodel

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
#: The blocks take a trained model for granted.
MODEL = """
import mlmodel.sklearn
from sklearn.linear_model import LinearRegression
model = LinearRegression().fit([[1.0], [2.0], [3.0]], [2.0, 4.0, 6.0])
"""
#: Where nothing is logged into a run yet, the model is saved into a folder of the name.
SAVED = {"mlflow.sklearn.log_model(": "mlflow.sklearn.save_model("}


@pytest.fixture
def model():
    return LinearRegression().fit(FRAME, [2.0, 4.0, 6.0])


@pytest.mark.parametrize("place", ["L38", "E38"])
def test_the_files_of_a_folder(printed, model, place, tmp_path):
    """What is shown is there; ours has more (DIR-001)."""
    shown = printed(place)
    mlmodel.sklearn.save_model(model, tmp_path / "my_model")
    names = re.findall(r"── (\S+)", shown)
    assert "MLmodel" in names
    assert set(names) <= {path.name for path in (tmp_path / "my_model").iterdir()}


@pytest.mark.parametrize("place", ["L50", "E47"])
def test_the_file_of_the_model(printed, model, place, tmp_path):
    """Row 5: it is valid, loads and predicts as it is printed."""
    (tmp_path / "MLmodel").write_text(printed(place))
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    assert mlmodel.validate(tmp_path).violations == ()
    assert mlmodel.load(tmp_path).predict(FRAME) == pytest.approx([2, 4, 6])
    assert mlmodel.sklearn.load_model(tmp_path).predict(FRAME) == pytest.approx([2, 4, 6])


def test_an_environment_with_the_channel_of_anaconda(printed, model, tmp_path):
    """Row 10: it is kept, and warned of with its line."""
    shown = printed("L111")
    mlmodel.sklearn.save_model(model, tmp_path / "m", conda_env=yaml.safe_load(shown))
    (tmp_path / "m" / "conda.yaml").write_text(shown)
    report = mlmodel.validate(tmp_path / "m")
    assert report.valid
    told = {(one.rule, one.file, one.line) for one in report.warnings}
    assert ("ENV-005", str(tmp_path / "m" / "conda.yaml"), 3) in told
    assert (tmp_path / "m" / "conda.yaml").read_text() == shown


def test_a_given_environment(run_printed, printed, tmp_path):
    """Rows 6 and 7: what is written are the two files that the edition shows below."""
    run_printed("L135", before=MODEL, repairs=SAVED)
    folder = tmp_path / "my_model"
    conda = yaml.safe_load((folder / "conda.yaml").read_text())
    assert conda == yaml.safe_load(printed("L153"))
    assert (folder / "requirements.txt").read_text() == printed("L168")
    assert mlmodel.load(folder).predict(FRAME) == pytest.approx([2, 4, 6])


def test_what_is_said_of_logging(run_printed):
    """Without the repair: what the blocks call is named, and what to call instead."""
    done = run_printed("L135", before=MODEL, ends=1)
    assert "no run to log into yet. Save the model to a folder with save_model" in done.stderr
    assert 'mlflow.log_artifacts(path, "model") puts it into a run' in done.stderr
