"""MLflow's side of the interchange: a process of MLflow's own, which runs this file.

For each line of its input, a flavor's name and a folder, it saves the flavor's specimen into
``theirs`` of the folder, and says in ``told.pickle`` what it reads there and in ``saved``, which was
written by the package. It answers with an empty line. MLflow is imported once, however many flavors are asked.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pickle
import sys
import traceback
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: What a user says of a model, in every model of the interchange.
METADATA = {"team": {"name": "weather", "members": 3}, "tags": ["a", "b"], "share": 0.25}
#: What a library's readers tell of a folder, which is the same whoever wrote it and whoever reads it.
#: MLflow 1 has not all of it, and reads an example without the types of its signature.
READ_SINCE_1 = ("flavors", "signature")
READ = (*READ_SINCE_1, "example", "metadata", "parameters", "request")


def described(library: Any, path: Path) -> dict[str, Any]:
    """Return what a library's own readers say of a folder; MLflow and the package are asked alike."""
    model = library.models.Model.load(str(path))
    signature = model.signature.to_dict() if model.signature else {}
    told = {
        "signature": {part: json.loads(text or "null") for part, text in signature.items()},
        "example": model.load_input_example(str(path)),
        "flavors": sorted(model.flavors),
    }
    if not hasattr(model, "get_serving_input"):  # MLflow 1
        return told
    return {
        **told,
        "metadata": model.metadata,
        "parameters": model.load_input_example_params(str(path)),
        "request": json.loads(model.get_serving_input(str(path)) or "null"),
    }


def first(rows: Any, count: int) -> Any:
    """Return the first rows of what a specimen is asked."""
    if isinstance(rows, dict):
        return {name: held[:count] for name, held in rows.items()}
    return rows[:count]


def answers(library: Any, name: str, path: Path) -> dict[str, Any]:
    """Return what a library answers by the model of a folder.

    It is asked as python_function, natively, and by the request that stands with the example.
    """
    from specimens import specimen

    own, is_mlflow = specimen(name), library.__name__ == "mlflow"
    more = {} if is_mlflow else {"trust": True}
    told = {"python_function": library.pyfunc.load_model(str(path), **more).predict(own.rows())}
    if "native load" not in own.missing:
        module = importlib.import_module(f"{library.__name__}.{name}")
        model = module.load_model(str(path), **(own.mlflow_load() if is_mlflow else more))
        told |= {"native": own.native(model, own.rows()), "class": type(model).__qualname__}
    if is_mlflow and hasattr(library.models, "validate_serving_input"):
        request = library.models.utils.load_serving_example(str(path))
        told["served"] = library.models.validate_serving_input(str(path), request)
    return told


def main() -> None:
    """Answer what is asked, until nothing is."""
    # The other way round LLVM ends the process (``tests/conftest.py``).
    if find_spec("tensorflow") is not None and find_spec("triton") is not None:
        importlib.import_module("triton")
    # What libraries print does not come among the answers.
    answered = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, folder = json.loads(line)
        told = _told(name, Path(folder))
        (Path(folder) / "told.pickle").write_bytes(pickle.dumps(told))
        print(file=answered, flush=True)


def _told(name: str, folder: Path) -> dict[str, Any]:
    import mlflow
    import mlflow.models

    written = _tried(lambda: _save(mlflow, name, folder / "theirs"))
    with _without_the_package():
        return {
            "writes": written,
            **{one: _read(mlflow, name, folder / one) for one in ("theirs", "saved")},
        }


def _read(mlflow: Any, name: str, path: Path) -> dict[str, Any]:
    return {
        "reads": _tried(lambda: described(mlflow, path)),
        "answers": _tried(lambda: answers(mlflow, name, path)),
    }


class _Absent:
    """Finds no ``mlmodel``, which is there for the specimens alone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] == "mlmodel":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def _without_the_package() -> Iterator[None]:
    """Read as where the package is not installed."""
    hidden = {name: sys.modules[name] for name in sys.modules if name.startswith("mlmodel")}
    for name in hidden:
        del sys.modules[name]
    sys.meta_path.insert(0, _Absent())  # type: ignore[arg-type] # it finds nothing
    try:
        yield
    finally:
        del sys.meta_path[0]
        sys.modules.update(hidden)


def _tried(step: Callable[[], Any]) -> Any:
    """Return what a step returns, or how it failed as a text."""
    try:
        return step()
    except BaseException:  # noqa: BLE001 - however a library fails, it is told
        return traceback.format_exc()


def _save(mlflow: Any, name: str, path: Path) -> None:
    from specimens import model, specimen

    own, asked = specimen(name), first(specimen(name).rows(), specimen(name).example)
    more: dict[str, Any] = {
        "input_example": asked if own.mlflow_signed is None else own.mlflow_signed(asked),
        "metadata": METADATA,
        "pip_requirements": ["mlflow"],
    }
    if own.mlflow_signed is not None or mlflow.__version__ < "2":
        answer = own.native(model(name), more["input_example"])
        more["signature"] = _inferred(mlflow, more["input_example"], answer)
    module = importlib.import_module(f"mlflow.{'pyfunc' if name == 'python_function' else name}")
    known = inspect.signature(module.save_model).parameters
    # A release is not given what it does not know, be it metadata or a form of files.
    options = {key: held for key, held in (more | {**own.mlflow_options}).items() if key in known}
    if own.mlflow_save is not None:
        own.mlflow_save(mlflow, model(name), str(path), **options)
    else:
        module.save_model(model(name), str(path), **options)


def _inferred(mlflow: Any, example: Any, answer: Any) -> Any:
    """Return the signature that MLflow infers; MLflow 1 has none for gaps, categories and lists."""
    try:
        return mlflow.models.infer_signature(example, answer)
    except Exception:
        if mlflow.__version__ < "2":
            return None
        raise


if __name__ == "__main__":
    main()
