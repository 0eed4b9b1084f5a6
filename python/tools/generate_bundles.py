"""Generate what other people's tools read of ``schemas/``: names below one address, and bundles.

A bundle is a schema in one file, for any validator as it is: what other files say of it stands in
its ``$defs``, the schemas of the flavors among them, and our own keywords (``x-rule`` …) are left
out. The address that all ``$id`` begin with, and what Go and Java call the code of ``proto/``,
are made of ``schemas/base.txt``.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from strict_schemas import make_strict

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMAS = REPOSITORY / "schemas"
BUNDLES = SCHEMAS / "bundled"
PROTO = REPOSITORY / "proto"
#: Its services are the project's, and theirs are named by the protocols they belong to.
OWN_PROTO = ("mlmodel", "inference")

Json = Any


def outputs() -> dict[Path, bytes]:
    """Return the sources with their names, the bundles, and the files of ``proto/``."""
    base = (SCHEMAS / "base.txt").read_text(encoding="utf-8").strip()
    known = sources()
    texts = {SCHEMAS / name: _named(name, base) for name in known}
    for name in known:
        if "/flavors/" not in name:
            made = bundle(name, known, f"{base}/schemas/bundled/{name}")
            texts[BUNDLES / name] = _text(made)
    texts |= {path: _packaged(path, base) for path in sorted(PROTO.rglob("*.proto"))}
    return {path: text.encode() for path, text in texts.items()}


def sources() -> dict[str, Json]:
    """Return the schemas that people write, by their paths (``v1/mlmodel.json``)."""
    paths = sorted((SCHEMAS / "v1").rglob("*.json"))
    return {
        path.relative_to(SCHEMAS).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in paths
    }


def _text(schema: Json) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _named(name: str, base: str) -> str:
    address = f"{base}/schemas/{name}"
    text = (SCHEMAS / name).read_text(encoding="utf-8")
    return re.sub(r'"\$id": "[^"]*"', lambda _: f'"$id": "{address}"', text, count=1)


def _packaged(path: Path, base: str) -> str:
    """Return a file of ``proto/`` with the packages of Go and Java below the address."""
    text = path.read_text(encoding="utf-8")
    folder = path.parent.relative_to(PROTO)
    if folder.parts[0] not in OWN_PROTO:
        return text
    address = urlsplit(base)
    host = [*reversed(address.netloc.split(".")), *address.path.strip("/").split("/")]
    # The project's name is not said twice: org.w3id.mlmodel.v1.
    java = [*host, *(part for part in folder.parts if part != host[-1])]
    options = {
        "go_package": f"{address.netloc}{address.path}/go/{folder.as_posix()};"
        + "".join(folder.parts),
        "java_package": ".".join(java),
    }
    for option, value in options.items():
        text = re.sub(rf"(?m)^option {option} = .*$", f'option {option} = "{value}";', text)
    return text


def bundle(name: str, sources: dict[str, Json], address: str, *, strict: bool = True) -> Json:
    """Return the schema ``name`` (``v1/mlmodel.json``) with what it refers to in its ``$defs``.

    It is ``strict`` where it says what strict validators want to be told.
    """
    made = _Bundle(name, sources).made(address)
    if strict:
        make_strict(made)
    return made


class _Bundle:
    """One bundle in the making; ``definitions`` are what was met so far."""

    def __init__(self, root: str, sources: dict[str, Json]) -> None:
        self.root = root
        self.sources = sources
        self.definitions: dict[str, Json] = {}

    def made(self, address: str) -> Json:
        source = self.sources[self.root]
        body = self.inlined(source, self.root)
        first = {"$schema": source["$schema"], "$id": address}
        last = {"$defs": dict(sorted(self.definitions.items()))} if self.definitions else {}
        return {**first, **body, **last}

    def inlined(self, schema: Json, file: str) -> Json:
        """Return a schema of a file for use in the bundle."""
        if isinstance(schema, list):
            return [self.inlined(one, file) for one in schema]
        if not isinstance(schema, dict):
            return schema
        made = {}
        for keyword, argument in schema.items():
            if keyword == "$ref":
                made[keyword] = self.reference(argument, file)
            elif keyword == "properties":
                made[keyword] = {key: self.inlined(one, file) for key, one in argument.items()}
            elif keyword in {"const", "enum", "default"}:
                made[keyword] = argument
            elif keyword not in {"$schema", "$id", "$defs"} and not keyword.startswith("x-"):
                made[keyword] = self.inlined(argument, file)
        if "x-schemas" in schema:
            made["properties"] = self.members(schema["x-schemas"])
        return made

    def members(self, folder: str) -> Json:
        """Return the properties of a mapping whose values have a schema of their own each."""
        found = {}
        for name, schema in self.sources.items():
            where, _, key = name.removesuffix(".json").rpartition("/")
            if where == posixpath.join(posixpath.dirname(self.root), folder):
                for one in (key, *schema.get("x-names", ())):
                    found[one] = {"$ref": self.definition(name, "")}
        return found

    def reference(self, target: str, file: str) -> str:
        """Return the reference within the bundle for one of a file."""
        other, _, pointer = target.partition("#")
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(file), other))
        return self.definition(whole if other else file, pointer.removeprefix("/$defs/"))

    def definition(self, file: str, name: str) -> str:
        """Return the reference to a file, or to one of its ``$defs``, which now stands here."""
        parts = [] if file == self.root else file.removesuffix(".json").split("/")[1:]
        key = "-".join([*parts, *([name] if name else [])])
        if not key:
            return "#"
        if key not in self.definitions:
            source = self.sources[file]
            self.definitions[key] = {}  # a definition may hold itself
            self.definitions[key] = self.inlined(source["$defs"][name] if name else source, file)
        return f"#/$defs/{key}"
