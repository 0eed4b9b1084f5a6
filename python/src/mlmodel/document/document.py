"""The MLmodel document: its data, and where in the file each part of them stands."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from mlmodel._base import files
from mlmodel.document.paths import FILE_NAME
from mlmodel.document.pointers import shown_pointer, split
from mlmodel.document.schema import schemas
from mlmodel.document.stand_ins import HEAD, StandIn, stand_in, text_stand_in_at
from mlmodel.document.yaml.build import Builder
from mlmodel.document.yaml.events import DEFAULT_LIMITS, Limits, Node, Problem, compose, decode
from mlmodel.document.yaml.jsontext import JsonText
from mlmodel.errors import InvalidModel, ModelNotFound, UnreadableModel, Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlmodel.document.paths import PathLike
    from mlmodel.document.yaml.source import SourceMap

__all__ = [
    "Document",
    "compose_document",
    "folder_of",
    "model_file",
    "parse",
    "read",
    "read_text",
    "with_values",
]

#: The folder of a model folder in which MLflow keeps copies of its files (DIR-007).
_COPIES = "metadata"
_LEADS_OUT = (
    "The file is a link that leads out of the model's folder, so it is not read. Copy the folder "
    "with what its links lead to (`cp -rL FOLDER COPY`; from Hugging Face's hub, download it with "
    "local_dir=…), and give the copy."
)


class Document:
    """One YAML file that was read.

    Attributes:
        file: the name that violations give.
        text: what was read.
        data: the mapping in the file, plain values only; empty where ``usable`` is False.
        problems: what was wrong in the YAML itself, in document order (``check`` has them too).
        usable: whether the file holds a mapping.
        sha256: that of the bytes that were read (TRU-065); empty where a text was given.

    """

    sha256: str = ""

    def __init__(
        self, file: str, text: str, node: Node | None, data: Any, problems: Iterable[Violation]
    ) -> None:
        self.file = file
        self.text = text
        self.usable = isinstance(data, dict)
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        self.problems = tuple(problems)
        self._node = node
        self._starts: list[int] | None = None
        self._json_texts: dict[int, JsonText] = {}
        self._source_maps: dict[int, SourceMap] = {}
        self._members: dict[int, dict[str, tuple[Node, Node]]] = {}
        self._places: dict[int, dict[str, list[int]]] = {}

    @property
    def flavors(self) -> dict[Any, Any]:
        """What stands under ``flavors``, by name; empty where that is not a mapping."""
        held = self.data.get("flavors")
        return held if isinstance(held, dict) else {}

    @property
    def signature(self) -> dict[Any, Any] | None:
        """What stands under ``signature``, if a mapping: texts that were parsed, as values."""
        held = self.data.get("signature")
        return with_values(held, self.json_values) if isinstance(held, dict) else None

    @property
    def json_values(self) -> dict[str, Any]:
        """The JSON texts of the file that were parsed so far (a check parses all), as values."""
        parsed = self._json_texts.values()
        return {one.text: one.value for one in parsed if one.error is None}

    def position(self, pointer: str) -> tuple[int, int]:
        """Return line and column, from 1, of the value at a JSON pointer.

        The pointer goes on inside a JSON text (``/signature/inputs/0/type``). Where there is
        no such value, the place is the key of the nearest mapping or list that holds it.
        """
        return self._locate(split(pointer), key=False)

    def key_position(self, pointer: str) -> tuple[int, int]:
        """Return line and column, from 1, of the key at a JSON pointer."""
        return self._locate(split(pointer), key=True)

    def violation(
        self,
        rule: str,
        message: str,
        path: Sequence[Any],
        severity: str = "error",
        *,
        key: bool = False,
    ) -> Violation:
        """Return the violation of a rule by the value at a path; with ``key``, by its key.

        ``path`` has the keys and positions from the root. The place is that of :meth:`position`,
        or of :meth:`key_position`.
        """
        line, column = self._locate(list(map(str, path)), key=key)
        pointer = shown_pointer(path)
        return Violation(rule, message, self.file, line, column, pointer, severity)

    def nodes(self, pointer: str) -> tuple[Node, Node]:
        """Return the nodes of the key (of an item: the item) and of the value at a JSON pointer.

        Raises:
            KeyError: there is no such value.

        """
        key, node, rest = self._walk(split(pointer))
        if node is None or rest:
            raise KeyError(pointer)
        return key or node, node

    def places(self, mapping: Node, key: str) -> list[int]:
        """Return at which positions of a mapping's ``value`` a key stands that is a text."""
        if id(mapping) not in self._places:
            found: dict[str, list[int]] = {}
            for index, (one, _) in enumerate(mapping.value):
                if one.kind == "scalar":
                    found.setdefault(one.value, []).append(index)
            self._places[id(mapping)] = found
        return self._places[id(mapping)].get(key, [])

    def json_text(self, pointer: str, text: str) -> JsonText:
        """Return the parsed JSON text that stands at ``pointer``."""
        node = self._walk(split(pointer))[1]
        return self._json(node) if node is not None else JsonText(text)

    def place_in_json(self, pointer: str, offset: int) -> tuple[int, int]:
        """Return line and column of the character at ``offset`` of the JSON text at ``pointer``."""
        node = self._walk(split(pointer))[1]
        if node is None or node.kind != "scalar":
            return self.position(pointer)
        return self._place_in(node, offset)

    def _locate(self, tokens: list[str], *, key: bool) -> tuple[int, int]:
        key_node, node, rest = self._walk(tokens)
        if node is None:
            return 1, 1
        if rest and node.kind == "scalar":
            text = self._json(node)
            return self._place_in(node, text.key_offset(rest) if key else text.offset(rest))
        chosen = key_node if key_node is not None and (key or rest) else node
        return chosen.position

    def _walk(self, tokens: list[str]) -> tuple[Node | None, Node | None, list[str]]:
        key, node = None, self._node
        for index, token in enumerate(tokens):
            if node is None or node.kind == "scalar":
                return key, node, tokens[index:]
            found = self._member(node, token)
            if found is None:
                return key, node, tokens[index:]
            key, node = found
        return key, node, []

    def _member(self, node: Node, token: str) -> tuple[Node, Node] | None:
        if node.kind == "map":
            # One index a mapping: a file may have as many violations as keys.
            if id(node) not in self._members:
                pairs = reversed(node.value)  # of a repeated key the first counts
                self._members[id(node)] = {k.value: (k, v) for k, v in pairs if k.kind == "scalar"}
            return self._members[id(node)].get(token)
        if token.isdecimal() and int(token) < len(node.value):
            item = node.value[int(token)]
            return item, item
        return None

    def _json(self, node: Node) -> JsonText:
        if id(node) not in self._json_texts:
            self._json_texts[id(node)] = JsonText(node.value)
        return self._json_texts[id(node)]

    def _place_in(self, node: Node, offset: int) -> tuple[int, int]:
        """Return where the character at ``offset`` of a scalar's value stands in the file."""
        from mlmodel.document.yaml.lines import line_starts, place
        from mlmodel.document.yaml.source import SourceMap

        if id(node) not in self._source_maps:
            self._source_maps[id(node)] = SourceMap(self.text, node)
        if self._starts is None:
            self._starts = line_starts(self.text)
        return place(self._starts, self._source_maps[id(node)].offset(offset))


def with_values(mapping: Mapping[Any, Any], values: Mapping[str, Any]) -> dict[Any, Any]:
    """Return a mapping in which each text that ``values`` has is the value that it stands for."""
    return {k: values.get(v, v) if isinstance(v, str) else v for k, v in mapping.items()}


def compose_document(
    text: str | Problem, file: str, *, schema: str = "mlmodel", limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Return the document in ``text``; never raises, what is wrong stands in ``problems``.

    ``schema`` names the schema that says which values are texts; ``limits`` bounds reading.
    """
    node = text if isinstance(text, Problem) else compose(text, limits)
    if isinstance(node, Problem):
        return Document(file, text if isinstance(text, str) else "", None, None,
                        [node.violation(file)])  # fmt: skip
    if isinstance(text, Problem):  # composed from a text, so never; for the type checker
        raise TypeError(text.message)
    if node.kind != "map":
        what = {"seq": "a list"}.get(node.kind, "a single value")
        message = f"The file holds {what}; a mapping is expected."
        if schema == "mlmodel" and PurePath(file).name != FILE_NAME:
            message += f" Is it the {FILE_NAME} file of a model?"
        rule = schemas.rule_of(schemas.load(schema), "type", "MLM-001")
        problem = Problem(rule, message, *node.position)
        return Document(file, text, node, None, [problem.violation(file)])
    builder = Builder()
    data = builder.build(node, schemas.load(schema))
    return Document(file, text, node, data, [p.violation(file) for p in builder.problems])


def parse(text: str, file: str = FILE_NAME, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Return the document in the text of an MLmodel file.

    Values whose schema type is text are as written; what else is wrong is for
    :func:`~mlmodel.document.rules.checks.check`.

    Raises:
        InvalidModel: the text holds no mapping that could be used (MLM-001, MLM-002).

    """
    document = compose_document(text, file, limits=limits)
    if not document.usable:
        raise InvalidModel(f"{file} cannot be read as an MLmodel file.", document.problems)
    return document


def read(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read the MLmodel file at ``path``, or the one in the folder ``path``.

    Raises:
        ModelNotFound: there is no such file.
        UnreadableModel: it cannot be read, or is larger than ``limits.bytes`` (MLM-002).
        InvalidModel: it holds no mapping (MLM-001, MLM-002).

    """
    file = model_file(path)
    content = _content(file, limits)
    text = decode(content) if isinstance(content, bytes) else content
    if isinstance(text, Problem):
        raise InvalidModel(f"{file} cannot be read.", [text.violation(str(file))])
    document = parse(text, str(file), limits=limits)
    if isinstance(content, bytes):
        document.sha256 = hashlib.sha256(content).hexdigest()
    return document


def model_file(path: PathLike) -> Path:
    """Return the MLmodel file that ``path`` means: itself, or the one in the folder."""
    given = Path(path)
    return given / FILE_NAME if given.is_dir() else given


def folder_of(file: Path) -> Path:
    """Return the folder that an MLmodel file's paths are relative to (DIR-007)."""
    folder = file.parent
    if folder.name == _COPIES and (folder.parent / FILE_NAME).is_file():
        return folder.parent
    return folder


def nothing_at(place: Path) -> ModelNotFound:
    """Return the error for a place without a model: a path, or the MLmodel file of a folder."""
    folder = place.parent if place.name == FILE_NAME else place
    what = f"no file {FILE_NAME} in" if folder.is_dir() else "nothing at"
    return ModelNotFound(f"There is {what} {folder}; give the folder of a saved model (DIR-001).")


def read_text(
    file: Path, limits: Limits = DEFAULT_LIMITS, *, within: Path | None = None
) -> str | Problem:
    """Return the text of a file, or why it is not text.

    Links on the way to an MLmodel file stay in the model's folder, those to others in ``within``,
    where that is given (DIR-011).

    Raises:
        ModelNotFound: there is no such file.
        UnreadableModel: no permission, no regular file, too large (MLM-002), an input error.

    """
    content = _content(file, limits, within)
    return decode(content) if isinstance(content, bytes) else content


def _content(file: Path, limits: Limits, within: Path | None = None) -> bytes | Problem:
    of_a_model = within is not None
    if within is None and file.name == FILE_NAME:
        within = folder_of(file)
    try:
        content = files.read(file, limits.bytes, within=within)
    except files.LeadsOut:
        return Problem("DIR-011", _LEADS_OUT)
    except FileNotFoundError:
        raise nothing_at(file) from None
    except files.TooLarge as error:
        instead = text_stand_in_at(file)
        if instead is not None:
            return _instead(file, instead, of_a_model=of_a_model)
        raise _too_large(file, error.size, limits) from None
    except OSError as error:
        why = "it is a folder, and a file is expected" if file.is_dir() else error.strerror
        raise UnreadableModel(f"{file} cannot be read: {why}.") from error
    instead = stand_in("", content[:HEAD], len(content), text=True) if content else None
    return content if instead is None else _instead(file, instead, of_a_model=of_a_model)


def _instead(file: Path, found: StandIn, *, of_a_model: bool) -> Problem:
    """Return what is wrong with a file that is not the text that is looked for.

    ``of_a_model`` says that the model names it; else it was given as the model itself.
    """
    if of_a_model:
        return Problem("DIR-009", found.said_of("The file"))
    if found.archive in {"zip", "tar", "gzip"} and file.name != FILE_NAME:
        scheme = "zip" if found.archive == "zip" else "tar"
        return Problem(
            "LOC-019",
            f"The file is a {found.archive} archive, and not a model. Unpack it and give the "
            f"folder, or give {scheme}://::{file} (with a folder in it: "
            f"{scheme}://FOLDER::{file}), which needs the extra 'remote'.",
        )
    if file.name != FILE_NAME and (file.parent / FILE_NAME).is_file():
        return Problem(
            "DIR-009",
            f"The file is a part of a model, and not its {FILE_NAME} file: give the model's "
            f"folder, {file.parent}.",
        )
    return Problem("DIR-009", found.said_of("The file"))


def _too_large(file: Path, size: int, limits: Limits) -> UnreadableModel:
    what = f"has {size:,} bytes, more than the limit of {limits.bytes:,}"
    message = (
        f"The file {what}; it was not read. Move large values out of it (`mlmodel validate "
        "--max-bytes`, or max-bytes in its settings, reads larger ones)."
    )
    return UnreadableModel(
        f"{file} is too large: it {what}.", [Violation("MLM-002", message, str(file))]
    )
