"""``dataframe_records``: a list of objects, one per row (RST-010)."""

from __future__ import annotations

from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from mlmodel.errors import InputViolation, InvalidInput, MalformedRequest, shown
from mlmodel.scoring.codecs import tables, tensors
from mlmodel.scoring.json.body import kind_of
from mlmodel.signature.cells.fillers import filler
from mlmodel.signature.cells.plain import Values, stands_for
from mlmodel.signature.enforce.matching import none_declared
from mlmodel.signature.violations import missing_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmodel.scoring.codecs.payload import Payload
    from mlmodel.scoring.json.body import Json
    from mlmodel.signature.cells.reader import Reader
    from mlmodel.signature.data.columns import Columns, Tensors
    from mlmodel.signature.enforce.matching import Matching

    Records: TypeAlias = list[dict[str, Json]]

__all__ = ["decode", "from_records", "refuse_order"]

_DICT = frozenset({dict})


def decode(payload: Payload[Json], matching: Matching) -> Columns | Tensors:
    """Read a list of records; see :data:`mlmodel.scoring.codecs.Decoder`."""
    return from_records(payload, matching, "dataframe_records")


def from_records(payload: Payload[Json], matching: Matching, what: str) -> Columns | Tensors:
    """Read the payload's value, which errors call ``what``, as a list of records."""
    records = payload.value
    if not _are_records(records):
        raise MalformedRequest(_not_records(records, what))
    if not records and matching.schema is not None:
        read = tensors.without_rows if matching.has_tensors else tables.without_rows
        return read(payload, matching)
    if matching.schema is not None and _are_values(records, matching):
        return tables.from_rows(payload, matching, None, list(records), len(records), 1)
    refuse_order(matching, records, "Records are")
    if matching.has_names and not matching.has_tensors and not _are_alike(records):
        return _from_different(payload, matching, records)
    names, rows = _rows_of(payload.reader, matching, records)
    if matching.has_tensors:
        return tensors.from_frame_rows(payload, matching, names, list(map(list, rows)), len(names))
    cells = list(chain.from_iterable(rows))
    return tables.from_rows(payload, matching, names, cells, len(records), len(names))


def refuse_order(matching: Matching, objects: Sequence[Iterable[str]], what: str) -> None:
    """Refuse objects whose keys do not say which input is which (RST-011).

    Keys that are the inputs' numbers do, where all of the objects have the same (ENF-111).

    Raises:
        InvalidInput: the inputs have no names, and the keys are no such numbers.

    """
    if matching.schema is None or matching.has_names:
        return
    first = frozenset(objects[0])
    if matching.are_numbers(list(objects[0])) and all(map(first.__eq__, map(frozenset, objects))):
        return
    message = (
        f"{what} matched by name, and this model's inputs have no names. "
        "Send dataframe_split (in the 1.x dialect format=pandas-split), which keeps their "
        "order (RST-011)."
    )
    raise InvalidInput(message, [InputViolation("RST-011", message)])


def _are_values(records: Records, matching: Matching) -> bool:
    """Return whether objects are the values of the one column (ENF-015, PYF-041), and no rows.

    Of an object whose one key is that column's number, the cell is the value (ENF-111).
    """
    if matching.has_tensors or matching.has_names or matching.schema is None:
        return False
    if all(matching.are_numbers(list(record)) for record in records):
        return False
    return isinstance(stands_for(records, matching.schema.inputs), Values)


def _are_records(value: Json) -> TypeGuard[Records]:
    return type(value) is list and _DICT.issuperset(map(type, value))


def _are_alike(records: Records) -> bool:
    """Return whether all records have the same keys in the same order."""
    first = list(records[0]) if records else []
    return all(map(first.__eq__, map(list, records)))


def _from_different(payload: Payload[Json], matching: Matching, records: Records) -> Columns:
    """Read records whose keys differ, for columns with names; no cell but of those is read."""
    names = _names_of(matching, records)
    fillers = _refuse_gaps(payload.reader, matching, records, names)
    some: list[Json] = [None] * len(records)
    columns = [
        _cells_of(records, name, fillers.get(name)) if name in matching.names else some
        for name in names
    ]
    payload.rows = len(records)
    if not columns:
        return tables.from_rows(payload, matching, (), [], len(records), 0)
    return tables.from_columns(payload, matching, names, columns)


def _cells_of(records: Records, name: str, filler: Any) -> list[Json]:
    try:
        return list(map(itemgetter(name), records))
    except KeyError:
        return [record.get(name, filler) for record in records]


def _rows_of(
    reader: Reader, matching: Matching, records: Records
) -> tuple[tuple[str, ...], Iterable[Iterable[Json]]]:
    """Return the names, and the cells of each record in their order."""
    if _are_alike(records):
        return tuple(records[0] if records else ()), map(dict.values, records)
    names = _names_of(matching, records)
    fillers = _refuse_gaps(reader, matching, records, names)
    filled = [(name, fillers.get(name)) for name in names]
    return names, [[record.get(*cell) for cell in filled] for record in records]


def _names_of(matching: Matching, records: Records) -> tuple[str, ...]:
    """Return the names in records that differ in them, as far as they are needed.

    Raises:
        MalformedRequest: the table that they make would be nearly empty (RST-108).

    """
    names = list(dict.fromkeys(chain.from_iterable(records)))
    if matching.has_names and len(names) > _TOLD:
        # Those that are not declared are ignored, and some of them named in a message.
        others = frozenset([name for name in names if name not in matching.names][_TOLD:])
        names = [name for name in names if name not in others]
    cells = len(records) * len(names)
    if cells > _ROOM and cells > _THINNEST * sum(map(len, records)) + 2 * len(records):
        raise MalformedRequest(
            f"The records have so different keys that their table of {len(records)} rows and "
            f"{len(names)} columns would be nearly empty; send fewer rows at a time (RST-108)."
        )
    return tuple(names)


#: How many names that are not declared are kept, for messages.
_TOLD = 20
#: A table of so many cells may be empty; of a larger one, so many cells may stand for each given.
_ROOM = 4_000_000
_THINNEST = 8


def _refuse_gaps(
    reader: Reader, matching: Matching, records: Records, names: tuple[str, ...]
) -> dict[str, Any]:
    """Note records that lack a required column which others have (ENF-004).

    Returned is, by name, a cell to put there that breaks no further rule.
    """
    known = frozenset(names)
    fillers = {}
    _refuse_strangers(reader, matching, records)
    for spec in matching.schema or ():
        # MLflow writes the names of a frame with numbered columns as numbers (ENF-012).
        name = str(spec.name)
        if not spec.required or spec.name is None or name not in known:
            continue
        gaps = (row for row, record in enumerate(records) if name not in record)
        for number, row in enumerate(gaps if reader.every else islice(gaps, 1)):
            if reader.is_enough(number, name):
                break
            reader.violations.append(missing_input(spec, "this record does not have it", row))
            fillers[name] = filler(spec.type)
    return fillers


def _refuse_strangers(reader: Reader, matching: Matching, records: Records) -> None:
    """Note records of which no name is declared, where others have one (ENF-112)."""
    specs = () if matching.schema is None else matching.schema.inputs
    if not matching.has_names or any(spec.required for spec in specs):
        return
    strange = [row for row, one in enumerate(records) if one and matching.names.isdisjoint(one)]
    if len(strange) < len(records):
        for number, row in enumerate(strange if reader.every else strange[:1]):
            if reader.is_enough(number, None):
                break
            reader.violations.append(none_declared(specs, list(records[row]), row))


def _not_records(records: Json, what: str) -> str:
    if type(records) is not list:
        return f"{what} is a list of objects, one per row, not {kind_of(records)} (RST-010)."
    place = next(n for n, record in enumerate(records) if type(record) is not dict)
    return f"Row {place} is {shown(records[place])}; a record is an object (RST-010)."
