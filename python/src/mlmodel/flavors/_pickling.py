"""Native models as objects: for flavors whose library has no format of its own."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from mlmodel._base.extras import require
from mlmodel.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mlmodel.flavors._base import Flavor
    from mlmodel.store import ModelFolder

__all__ = ["FILES", "WRITERS", "load_object", "write_object"]

#: ``serialization_format`` -> the name of the file.
FILES: Mapping[str, str] = {
    "pickle": "model.pkl",
    "cloudpickle": "model.pkl",
    "skops": "model.skops",
}


def _pickle(model: Any) -> bytes:
    try:
        return pickle.dumps(model, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InvalidArgument(
            f"The model cannot be pickled: {error}. serialization_format='cloudpickle' can also "
            "save functions and classes that no module defines"
        ) from error


def _cloudpickle(model: Any) -> bytes:
    data: bytes = require("cloudpickle", "predict").dumps(model, protocol=5)
    return data


#: ``serialization_format`` -> what makes the bytes of the file; raises InvalidArgument.
WRITERS: Mapping[str, Callable[[Any], bytes]] = {"pickle": _pickle, "cloudpickle": _cloudpickle}


def write_object(
    flavor: Flavor, model: Any, root: Path, form: str
) -> tuple[dict[str, Any], list[str]]:
    """Write a model into ``root`` in a form of :data:`FILES`; return its keys and packages.

    Raises:
        InvalidArgument: the model cannot be pickled.

    """
    path = root / FILES[form]
    if form != "skops":
        path.write_bytes(WRITERS[form](model))
        return {"serialization_format": form}, [form] if form != "pickle" else []
    skops = flavor.require("skops.io")
    path.write_bytes(skops.dumps(model))
    # For MLflow's sake alone: loading here goes by our list, never by the model's.
    untrusted = skops.get_untrusted_types(file=path)
    return {"serialization_format": form, "skops_trusted_types": untrusted}, [form]


def load_object(flavor: Flavor, folder: ModelFolder, file: str, form: object) -> Any:
    """Load what :func:`write_object` wrote, through the gate.

    A file whose name ends with ``.skops`` says its form itself.

    Raises:
        InvalidModel, MissingDependency, ModelNotFound, UnreadableModel, UntrustedModel: as
            ``Gate.load_pickle`` and ``Gate.load_skops``.

    """
    path = folder.file(file)
    if form == "skops" or path.suffix == ".skops":
        flavor.require("skops")
        return folder.gate.load_skops(path)
    return folder.gate.load_pickle(path)
