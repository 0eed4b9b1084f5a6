"""Model folders for servers: one for each signature and model that cases of scoring want.

A folder has the python_function flavor, with the code of the models, for servers in Python; and a
flavor ``conformance`` that names the model alone, for servers that have these models themselves.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .served_model import NAMES

if TYPE_CHECKING:
    from .cases import Case

__all__ = ["NAME", "Served", "model_of", "served_by"]

#: The name by which requests of ``score-v2`` and ``score-grpc`` call a model that has no other.
NAME = "m"
_CODE = Path(__file__).with_name("served_model.py")


@dataclass(frozen=True)
class Served:
    """A model that a server is to serve.

    Attributes:
        signature: its lists, as JSON; "null" without.
        model: which of the models it is.

    """

    signature: str
    model: str

    @property
    def name(self) -> str:
        """What its folder is called."""
        digest = hashlib.sha256(f"{self.model}\0{self.signature}".encode()).hexdigest()
        return f"{self.model}-{digest[:10]}"

    def write(self, root: Path) -> Path:
        """Write the folder, if it is not there, and return its path."""
        folder = root / self.name
        if not (folder / "MLmodel").exists():
            (folder / "code").mkdir(parents=True, exist_ok=True)
            code = _CODE.read_bytes()
            (folder / "code" / "conformance_model.py").write_bytes(code)
            (folder / "model.json").write_text(json.dumps({"model": self.model}))
            (folder / "MLmodel").write_text("\n".join(self._lines()) + "\n")
        return folder

    def _lines(self) -> list[str]:
        """Return the MLmodel file; JSON's texts are YAML's."""
        lists: dict[str, Any] | None = json.loads(self.signature)
        texts = [
            f"  {part}: {json.dumps(json.dumps(specs))}" for part, specs in (lists or {}).items()
        ]
        return [
            "flavors:",
            "  conformance:",
            f"    model: {self.model}",
            "  python_function:",
            "    code: code",
            "    data: model.json",
            "    loader_module: conformance_model",
            *(["signature:", *texts] if texts else []),
            "utc_time_created: '2026-01-01 00:00:00.000000'",
        ]


def served_by(case: Case) -> Served | str:
    """Return the model that a case wants of a server, or why no server can be asked it."""
    given = case.input
    if case.operation == "score":
        return _served(given["signature"], given["model"])
    if case.operation not in {"score-v2", "score-grpc"}:
        return f"a server is not asked {case.operation}"
    if given.get("repository") or "before" in given or len(given["models"]) != 1:
        return "the case wants other models than one that is always there"
    (described,) = given["models"]
    if described.keys() - {"signature", "model"}:
        return "the case wants a name, a version or a state of the model, or a fixed answer"
    return _served(described["signature"], described["model"])


def model_of(case: Case) -> str:
    """Return the name of the model's folder that a case wants of a server; "" for none."""
    served = served_by(case)
    return served.name if isinstance(served, Served) else ""


def _served(signature: dict[str, Any] | None, model: str) -> Served | str:
    if model not in NAMES:
        return f"the model {model} is not one that a folder can hold"
    return Served(json.dumps(signature), model)
