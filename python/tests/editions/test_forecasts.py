"""The blocks of pmdarima and diviner of the late edition."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

#: The runs of the blocks are MLflow's: here stands what they need of one, and keeps what is logged.
RUN = """
import contextlib, json, shutil, mlmodel
logged = {}
mlmodel.start_run = contextlib.nullcontext
mlmodel.log_dict = lambda held, name: logged.update({name: json.loads(json.dumps(held))})
mlmodel.log_artifacts = lambda folder, artifact_path: shutil.copytree(folder, artifact_path)
"""
#: The data that the edition shows a sample of: hours of watts, by country and city.
DATA = """
import numpy as np, pandas as pd
def watts(country, city, hours):
    days = pd.date_range("2022-03-01 00:01", periods=hours, freq="h")
    noise = np.random.default_rng(len(city)).normal(size=hours).cumsum()
    return pd.DataFrame({"country": country, "city": city, "datetime": days, "watts": 20000 + noise})
def sample(hours):
    cities = [("US", "NewYork"), ("US", "Boston"), ("CA", "Toronto"), ("MX", "MexicoCity")]
    return pd.concat([watts(*city, hours) for city in cities])
"""
PROPHET = """
from diviner import GroupedProphet
model = GroupedProphet(uncertainty_samples=0).fit(
    sample(800).rename(columns={"datetime": "ds", "watts": "y"}), ["country", "city"]
)
"""


@pytest.mark.libraries("pmdarima")
def test_pmdarima(run_printed, tmp_path):
    """Row 54: the numbers that the edition shows below the block."""
    paths = {
        'save_model(model, "/tmp/model.pmd")': f'save_model(model, "{tmp_path}/model.pmd")',
        'load_model("/tmp/model.pmd")': f'load_model("{tmp_path}/model.pmd")',
    }
    run_printed(
        "L872",
        repairs=paths,
        before=RUN,
        then="""
        assert list(predictions.columns) == ["yhat", "yhat_lower", "yhat_upper"]
        shown = [[467.573731, 423.30995, 511.83751], [490.494467, 416.17449, 564.81444],
                 [509.138684, 420.56255, 597.71117], [492.554714, 397.30634, 587.80309]]
        import numpy
        numpy.testing.assert_allclose(predictions.to_numpy(), shown, rtol=0.02)
    """,
    )


@pytest.mark.libraries("diviner")
def test_groups(printed):
    """A model is fitted for each group of the data, under the name that the edition shows."""
    names = {}
    given, groups = printed("L951"), printed("L957")
    exec(f"{DATA}\n{given}\ngroups = {groups}", names)
    from diviner import GroupedProphet

    rows = names["sample"](50).rename(columns={"datetime": "ds", "watts": "y"})
    keys = names["grouping_keys"]
    fitted = GroupedProphet(uncertainty_samples=0).fit(rows, keys)
    params = fitted.extract_model_params()
    assert sorted(map(tuple, params[keys].to_numpy())) == sorted(names["groups"])


@pytest.mark.libraries("diviner")
def test_metrics_as_files(run_printed, tmp_path):
    """Row 59."""
    run_printed(
        "L988", before=RUN + DATA + PROPHET, repairs={'parallel="threads"': "parallel=None"}
    )
    assert (tmp_path / "data" / "params.csv").read_text().count("\n") == 5
    assert "mse" in (tmp_path / "data" / "metrics.csv").read_text()


@pytest.mark.libraries("diviner")
def test_metrics_as_json(run_printed):
    """Row 59."""
    run_printed(
        "L1017",
        before=RUN + DATA + PROPHET,
        repairs={'parallel="threads"': "parallel=None"},
        then='assert set(logged) == {"params.json", "metrics.json"}',
    )


@pytest.mark.libraries("diviner")
def test_diviner(run_printed, tmp_path):
    """Row 58; L1077: a column of one row holds one value, so the list of groups is put into a list."""
    run_printed(
        "L1056",
        before=RUN + DATA + "df = sample(200)\n",
        repairs={
            'path="/tmp/diviner_model"': f'path="{tmp_path}/diviner_model"',
            'model_uri="/tmp/diviner_model"': f'model_uri="{tmp_path}/diviner_model"',
            '"groups": [("US", "NewYork"), ("CA", "Toronto"), ("MX", "MexicoCity")],': '"groups": [[("US", "NewYork"), ("CA", "Toronto"), ("MX", "MexicoCity")]],',
        },
        then="""
        assert list(subset_forecasts.columns) == ["grouping_key_columns", "country", "city",
            "wattage_forecast", "yhat_lower", "yhat_upper", "datetime"]
        assert len(subset_forecasts) == 3 * 120
        assert set(subset_forecasts["city"]) == {"NewYork", "Toronto", "MexicoCity"}
    """,
    )
