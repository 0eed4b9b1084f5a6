"""The resources of MLflow are here, and are written as MLflow writes them."""

from __future__ import annotations

import inspect

import pytest

from mlmodel.models import resources

pytestmark = pytest.mark.slow

WRITE = """
import inspect, json
from mlflow.models import resources
kinds = {
    name: kind for name, kind in vars(resources).items()
    if inspect.isclass(kind) and issubclass(kind, resources.DatabricksResource)
    and not inspect.isabstract(kind) and kind is not resources.DatabricksResource
}
print(json.dumps({
    name: {"arguments": list(inspect.signature(kind).parameters), "written": kind("x", True).to_dict()}
    for name, kind in kinds.items()
}))
"""


def test_every_kind_is_written_alike(run_mlflow):
    found = run_mlflow(WRITE)
    assert len(found) >= 10
    for name, theirs in found.items():
        kind = getattr(resources, name)
        assert list(inspect.signature(kind).parameters) == theirs["arguments"], name
        assert kind("x", on_behalf_of_user=True).to_dict() == theirs["written"], name
