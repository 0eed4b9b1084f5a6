"""A function of R as an object of Python's, and how it predicts.

Specification: spec/flavors/crate.md.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import lzma
import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from mlmodel.bridges.r.crew import Crew
from mlmodel.bridges.r.faults import Place
from mlmodel.bridges.r.from_r import value_of
from mlmodel.bridges.r.process import Stopped
from mlmodel.bridges.r.serialized import Kind, NotData, Vector, texts
from mlmodel.bridges.r.to_r import Declared, require_name, vector_of
from mlmodel.errors import MissingDependency, ModelFailure
from mlmodel.flavors._arguments import PredictArguments
from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table
from mlmodel.scoring.predict import Taking
from mlmodel.signature.types.nested import NestedType
from mlmodel.signature.types.scalars import FLOATS, INTEGERS, DataType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlmodel.errors import MlmodelError
    from mlmodel.flavors._base import Predict
    from mlmodel.signature.model_signature import ModelSignature
    from mlmodel.signature.types.delivery import Delivery

__all__ = ["Crate", "Damaged", "predictor", "types_of"]

_FAILED, _ABSENT, _ANSWER = "CRA-007", "CRA-004", "CRA-010"
#: How files of R begin: compressed ones, and a serialization as text or in either order of bytes.
_COMPRESSED: dict[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
_SERIALIZED = (b"X\n", b"A\n", b"B\n")
_MOST_NAMED = 20
#: Declared types -> the type of the cells where a column is of objects. Truth values are what R has
#: for missing ones alone anyway.
_TYPES = {
    DataType.string: str, DataType.binary: bytes, DataType.datetime: dt.datetime,
    **dict.fromkeys((*INTEGERS, *FLOATS), float),
}  # fmt: skip
#: What R says of a name that nothing has, and of a package that is not installed; in quotes of
#: ASCII, or in those of its locale.
_NOT_FOUND = re.compile(r"object ['\u2018](.+)['\u2019] not found")
#: What R's model frames say of a factor with levels that the model's does not have, and of a
#: variable that is of another type than the model's.
_NEW_LEVELS = re.compile(r"^factor (.+?) has new levels?(?: (.*))?$")
_OTHER_TYPE = re.compile(
    r"^variable ['\u2018](.+)['\u2019] was fitted with type .(\w+). but type .(\w+). was supplied$"
)
_NO_PACKAGE = re.compile(r"there is no package called ['\u2018](.+?)['\u2019]")


class Damaged(Exception):
    """The bytes are no function that R saved; the text says what is wrong with them."""


class Crate:
    """A function of R, with all that it needs; it runs in processes of R.

    It is called with positional and named arguments: frames, series, arrays, scalars, lists and
    mappings. The answer is an array, a series, a frame, a list, a mapping or None. It can be
    pickled; whoever unpickles it runs what it holds.

    Args:
        content: the bytes of the file that R saved.
        types: those of the cells of the columns that its signature declares (CRA-008).

    """

    def __init__(self, content: bytes, types: Sequence[type | None] = ()) -> None:
        """Start R and have it load the function.

        Raises:
            Damaged: R cannot read it, or it is no function.
            MissingDependency: there is no R, or it is too old.
            ModelFailure: R ended meanwhile.

        """
        self.content, self.types = content, tuple(types)
        loaded = Vector(Kind.RAW, np.frombuffer(_serialization(content), "uint8"))
        self._crew = Crew(texts(["load"]), loaded)
        try:
            told = value_of(self._crew.start())
        except Stopped as error:
            raise Damaged(_words(error)) from None
        #: The names of its arguments, as R has them; "..." takes any.
        self.arguments: tuple[str, ...] = tuple(told["arguments"])

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        """Call the function.

        Raises:
            InvalidInput: R cannot have an argument as it is (CRA-009), or the function looks for a
                column that the table does not have, or that is not as the model's (CRA-007).
            MissingDependency: a package of R is not installed.
            ModelFailure: it stopped with an error, it ended R, or its answer is not data.

        """
        vectors = [vector_of(one, Place(f"Argument {n}")) for n, one in enumerate(arguments, 1)]
        for name, one in named.items():
            place = Place(f"Argument {name!r}", name)
            require_name(name, place)
            vectors.append(vector_of(one, place))
        names = {"names": texts([*("" for _ in arguments), *named])} if named else {}
        question = Vector(Kind.LIST, vectors, names)
        try:
            return value_of(self._crew.ask(texts(["call"]), question))
        except Stopped as error:
            raise _failure(error, next(iter((*arguments, *named.values())), None)) from None
        except NotData as error:
            raise ModelFailure(f"The answer cannot be given: {error} ({_ANSWER}).") from None

    def processes(self) -> list[int]:
        """Return the numbers of its processes."""
        return self._crew.numbers()

    def close(self) -> None:
        """End its processes; the next call starts another."""
        self._crew.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Crate, (self.content, self.types)

    def __repr__(self) -> str:
        return f"<Crate: a function of R with the arguments {', '.join(self.arguments)}>"


def _serialization(content: bytes) -> bytes:
    """Return what a file of R holds, which is compressed mostly."""
    for head, decompress in _COMPRESSED.items():
        if content.startswith(head):
            try:
                content = decompress(content)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
                raise Damaged(f"it is cut off or damaged ({error})") from None
    if not content.startswith(_SERIALIZED):
        raise Damaged('R did not write it: saveRDS(serialize(f, NULL), "crate.bin") does')
    return content


def _words(error: Stopped) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _failure(error: Stopped, data: Any) -> MlmodelError:
    """Return the error for what R says when it stops; the first argument are the data."""
    words = _words(error)
    if error.is_data:
        return ModelFailure(f"The answer cannot be given: {words} ({_ANSWER}).")
    package = _NO_PACKAGE.search(words)
    if package is not None:
        name = package[1]
        return MissingDependency(
            f"The model needs R's package {name}, which is not installed: "
            f"install.packages({name!r}) in R ({_ABSENT})"
        )
    columns = list(map(str, getattr(data, "columns", ())))
    looks_for = _looks_for(error, words, columns)
    if columns and looks_for is not None:
        has = ", ".join(columns[:_MOST_NAMED])
        name = looks_for or None
        what = f"looks for {name!r}" if name else "selects columns"
        message = f"The model {what}, which the table does not have; it has {has}."
        return invalid(_FAILED, message, name)
    other = _other_column(words)
    if columns and other is not None:
        name, what = other
        return invalid(_FAILED, f"{name!r} {what}.", name if name in columns else None)
    return ModelFailure(f"The function of R stopped: {words} ({_FAILED}).")


def _looks_for(error: Stopped, words: str, columns: list[str]) -> str | None:
    """Return the column that R did not find, "" where it does not say which; None for no column.

    R looks a formula's names up in the table with ``eval``; a name that is not found elsewhere is
    one of the function's own, which no table has.
    """
    if "undefined columns selected" in words:
        return ""
    absent = _NOT_FOUND.search(words)
    if absent is None or error.function != "eval":
        return None
    name = absent[1]
    return None if name in columns else name


def _other_column(words: str) -> tuple[str, str] | None:
    """Return the variable that is not as the model's, by what R's model frames say, and how."""
    levels = _NEW_LEVELS.search(words)
    if levels is not None:
        unknown = (levels[2] or "").strip() or "the empty text"
        return levels[1], f"has categories that the model does not know: {unknown}"
    kinds = _OTHER_TYPE.search(words)
    if kinds is not None:
        return kinds[1], f"is of R's type {kinds[3]}, and the model's is of the type {kinds[2]}"
    return None


def types_of(signature: ModelSignature | None) -> tuple[type | None, ...]:
    """Return the types of the cells of declared columns, None where their dtypes say that."""
    inputs = None if signature is None else signature.inputs
    if signature is None or inputs is None or inputs.is_tensor_spec():
        return ()
    return tuple(_type_of(spec, place, signature.delivery) for place, spec in enumerate(inputs))


def _type_of(spec: Any, place: int, delivery: Delivery | None) -> type | None:
    record = None if delivery is None else delivery.of(spec.name, place)
    if record is not None and record.dtype == "date":
        return dt.date
    return list if isinstance(spec.type, NestedType) else _TYPES.get(spec.type)


def predictor(crate: Crate) -> Predict:
    """Return how a crate predicts: its first argument is the data, parameters are named ones."""
    known = [name for name in crate.arguments if name != "..."]
    first = [name for name in crate.arguments[:1] if name in known]
    arguments = PredictArguments(
        known, "the crate's arguments", "CRA-011",
        takes_all="..." in crate.arguments, data=first,
    )  # fmt: skip

    def predict(model_input: Any, params: Mapping[str, Any] | None, /) -> Any:
        given = arguments.given(params)
        data = _given(model_input, crate.types)
        if not first:
            return crate(data, **given)
        # By its name, so that R takes no parameter for it whose name is the beginning of that.
        return crate(**{first[0]: data}, **given)

    return Taking(predict, arguments.takes)


def _given(data: Any, types: Sequence[type | None]) -> Any:
    """Return data as a frame where they are a table, and rows of numbers as an array."""
    table = as_table(data)
    if table is not None:
        return Declared(table, types)
    if isinstance(data, list):
        try:
            rows = np.array(data)
        except ValueError:
            return data
        return rows if rows.dtype.kind in "biuf" else data
    return data
