"""Trees of Spark as nodes of MLeap: read from the folder that Spark writes, by Spark itself."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmodel.flavors import _spark_session as _spark
from mlmodel.flavors._mleap_nodes import texts, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ensemble", "saved_nodes", "tree"]


def tree(session: Any, stage: Any, attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a single tree: its nodes."""
    is_classifier = "num_classes" in attributes
    return {"tree.json": _lines(saved_nodes(session, stage), is_classifier)}


def ensemble(
    session: Any, stage: Any, op: str, attributes: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the attributes and the files of several trees, each of the operation ``op``."""
    found = defaultdict(list)
    for row in saved_nodes(session, stage):
        found[row.treeID].append(row.nodeData)
    names = [f"tree{number}" for number in sorted(found)]
    files = {}
    model = json.dumps({"op": op, "attributes": dict(attributes)})
    for name, number in zip(names, sorted(found), strict=True):
        files[f"{name}/model.json"] = model
        files[f"{name}/tree.json"] = _lines(found[number], "num_classes" in attributes)
    weights = [float(one) for one in stage.treeWeights]
    return {"tree_weights": values("double", weights), "trees": texts(names)}, files


def saved_nodes(session: Any, stage: Any) -> list[Any]:
    """Return the nodes of a stage, as rows of what Spark saves of it."""
    here = Path(tempfile.mkdtemp(prefix="mlmodel-trees-"))
    place = _spark.place_for(session)
    uri = f"file://{here / 'stage'}" if place is None else place
    try:
        stage.write().save(uri)
        rows: list[Any] = session.read.parquet(f"{uri}/data").collect()
        if place is not None:  # nothing stays on the cluster
            _spark.moved(session, place, str(here / "stage"), back=True)
    finally:
        shutil.rmtree(here, ignore_errors=True)
    return rows


def _lines(rows: Iterable[Any], is_classifier: bool) -> str:
    """Return a tree's nodes as lines, each before what is left and then right of it."""
    ordered = sorted(rows, key=lambda row: row.id)
    return "".join(f"{json.dumps(_node(row, is_classifier))}\n" for row in ordered)


def _node(row: Any, is_classifier: bool) -> dict[str, Any]:
    if row.leftChild < 0:
        held = row.impurityStats if is_classifier else [row.prediction]
        return {"type": "leaf", "values": list(held)}
    return {"type": "internal", "split": _split(row.split)}


def _split(split: Any) -> dict[str, Any]:
    if split.numCategories < 0:
        threshold = split.leftCategoriesOrThreshold[0]
        said = {"featureIndex": split.featureIndex, "threshold": threshold}
        return {"type": "continuous", **said}
    left = list(split.leftCategoriesOrThreshold)
    # As Spark does it: a category that is in neither part goes where the larger one goes.
    is_left = len(left) <= split.numCategories // 2
    others = [float(one) for one in range(split.numCategories) if float(one) not in set(left)]
    return {
        "type": "categorical",
        "featureIndex": split.featureIndex,
        "numCategories": split.numCategories,
        "categories": left if is_left else others,
        "isLeft": is_left,
    }
