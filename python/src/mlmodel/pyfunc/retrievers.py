"""What a model's retrievers return, for platforms that show it: ``set_retriever_schema``.

MLflow keeps what its function of this name is told until a model is saved, and writes it as
``dependencies_schemas`` into the model's ``metadata``; so does this.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlmodel._base.warnings import warn_caller
from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["kept_apart", "set_retriever_schema", "with_retrievers"]

#: Schemas by the names of their retrievers, that no model has got yet.
_told: ContextVar[Mapping[str, Mapping[str, Any]]] = ContextVar(
    "_told", default=MappingProxyType({})
)


def set_retriever_schema(
    *,
    primary_key: str,
    text_column: str,
    doc_uri: str | None = None,
    other_columns: Sequence[str] | None = None,
    name: str = "retriever",
) -> None:
    """Say which fields the documents of a retriever have; the next model saved keeps it.

    It is called in the file of a model from code, or before ``mlmodel.pyfunc.save_model``, and
    stands in the model's ``metadata`` as ``dependencies_schemas`` with a list of ``retrievers``.

    Args:
        primary_key: the field that names a document, or a part of it.
        text_column: the field with the text.
        doc_uri: the field with the address of the document.
        other_columns: further fields.
        name: the retriever; another schema for a name that has one takes its place, with a
            warning.

    Raises:
        InvalidArgument: a name of a field is not a text.

    """
    others = list(other_columns or ())
    for field in (primary_key, text_column, name, doc_uri or "", *others):
        if not isinstance(field, str):
            raise InvalidArgument(f"The name of a field is a text, not {shown(field)}")
    schema = {
        "doc_uri": doc_uri,
        "name": name,
        "other_columns": others,
        "primary_key": primary_key,
        "text_column": text_column,
    }
    before = _told.get()
    if before.get(name, schema) != schema:
        warn_caller(f"The retriever {name!r} had another schema; this one takes its place")
    _told.set({**before, name: schema})


@contextmanager
def kept_apart() -> Iterator[None]:
    """Forget afterwards what is told within: a model that is loaded says nothing of the next."""
    token = _told.set({})
    try:
        yield
    finally:
        _told.reset(token)


def with_retrievers(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a model's metadata with what was told, which is forgotten then."""
    told = _told.get()
    if not told:
        return metadata
    _told.set({})
    return {**(metadata or {}), "dependencies_schemas": {"retrievers": [*told.values()]}}
