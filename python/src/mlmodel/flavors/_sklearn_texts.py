"""Models that go through their data text by text, as a vectorizer of texts does (SKL-009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlmodel.flavors._invalid_data import invalid
from mlmodel.flavors._tables import as_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Texts"]

#: Where estimators keep the one that gets the data as they got them.
_WRAPPED = ("best_estimator_", "estimator_", "estimator", "regressor_", "regressor")
#: Where they keep several, each of which gets the data: alone, or as pairs with names.
_EACH = ("transformer_list", "estimators_", "estimators")
#: What a vectorizer may be given to read an item of the data with, in place of its own way.
_READERS = ("preprocessor", "analyzer")
_ROWS_ASKED = 2


class Texts:
    """How a model that takes texts gets them, whatever form the data come in.

    Where a step without features stands before the vectorizer, nobody but that step knows whether
    it takes the texts or a table from which it chooses its column: then the model is asked.
    """

    def __init__(self, model: Any) -> None:
        paths = list(_paths(model))
        self._direct = any(len(path) == 1 for path in paths)
        #: Whether functions of the user's own read the items of the data.
        self._has_readers = any(
            callable(getattr(path[-1], name, None)) for path in paths for name in _READERS
        )
        self._leads = bool(paths)
        self._asked: dict[type, bool] = {}

    def __bool__(self) -> bool:
        """Return whether a vectorizer of texts gets the data."""
        return self._leads

    def of(self, given: Any, method: Callable[..., Any]) -> Any:
        """Return the texts of data of one column, and what is given where the model takes that.

        Args:
            given: a table, a mapping of columns, records, or the texts themselves.
            method: the method that predicts, which is asked where nothing else tells.

        Raises:
            InvalidInput: there are several columns, and the model takes texts (SKL-009).

        """
        if isinstance(given, list | tuple) and self._has_readers:
            return given  # what reads the items may want them as they are, records too
        table: Any = as_table(given)
        if table is None and getattr(given, "ndim", 1) == 2:  # noqa: PLR2004 - rows and columns
            table = given
        if table is None or not table.shape[1]:
            return given
        if not self._direct:
            return self._if_asked(given, table, method)
        width = table.shape[1]
        if width != 1:
            raise invalid(
                "SKL-009",
                f"The model takes one column of texts, and {width} columns are given: give the "
                "texts alone, or save a model that chooses its column (a ColumnTransformer).",
            )
        return _texts_of(table)

    def _if_asked(self, given: Any, table: Any, method: Callable[..., Any]) -> Any:
        """Return the texts where the model answers once per text to them, and not to a table."""
        if table.shape[1] != 1 or not len(table) or getattr(given, "ndim", 2) == 1:
            return given
        kind = type(given)
        if kind not in self._asked:
            asked, texts = _two_rows(given, table)
            self._asked[kind] = not _answers(method, asked) and _answers(method, texts)
        return _texts_of(table) if self._asked[kind] else given


def _texts_of(table: Any) -> Any:
    return table.iloc[:, 0] if hasattr(table, "iloc") else table[:, 0]


def _paths(model: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the ways of the data to vectorizers of texts: the steps without features, and it."""
    if any(base.__name__ == "_VectorizerMixin" for base in type(model).__mro__):
        yield (*before, model)
        return
    held = [one for name in _WRAPPED if (one := getattr(model, name, None)) is not None][:1]
    for name in _EACH:
        several = getattr(model, name, None)
        if isinstance(several, list | tuple):
            held += [one[1] if isinstance(one, tuple) else one for one in several]
            break
    for one in held:
        if not isinstance(one, str):
            yield from _paths(one, before)
    yield from _paths_of_steps(model, before)


def _paths_of_steps(model: Any, before: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for _, step in getattr(model, "steps", None) or ():
        if step in (None, "passthrough"):
            continue
        found = list(_paths(step, before))
        yield from found
        if found or getattr(step, "n_features_in_", None) is not None:
            return
        if hasattr(step, "remainder"):  # it chooses columns, so it takes a table
            return
        before = (*before, step)


def _two_rows(given: Any, table: Any) -> tuple[Any, Any]:
    """Return a table of two rows in the form of the one given, and its texts."""
    if not hasattr(table, "iloc"):
        rows = table[[0] * _ROWS_ASKED]
        return rows, _texts_of(rows)
    frame = table.iloc[[0] * _ROWS_ASKED]
    texts = _texts_of(frame)
    if isinstance(given, dict):
        return {table.columns[0]: list(texts)}, texts
    return (frame.to_dict("records") if isinstance(given, list) else frame), texts


def _answers(method: Callable[..., Any], data: Any) -> bool:
    """Return whether a method answers once per row to data of two rows."""
    try:
        answer = method(data)
    except Exception:  # noqa: BLE001 - it does not take them; whatever it raises
        return False
    shape: tuple[int, ...] = getattr(answer, "shape", ())
    return shape[:1] == (_ROWS_ASKED,)
