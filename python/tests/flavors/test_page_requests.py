"""What the pages of flavors say of a request over REST is posted, and answered as they say.

A block ``json schema=scoring/request`` of a page is posted to a model behind the application that
serves it, and the next block, ``json schema=scoring/response``, is what it answers. The model is
the flavor's specimen, or that of ``Specimen.on_page`` which the block names (``model=NAME``).
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pytest
from oldest import locked

import mlmodel
from conformance.lint import Tree
from mlmodel.flavors import _registry
from mlmodel.pyfunc.served import load_served
from mlmodel.serving.app import Application
from mlmodel.serving.http.messages import Request
from specimens import model, specimen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.lint import Fence

_PAGES = Tree(Path(__file__).resolve().parents[3])
_REQUEST, _ANSWER = "schema=scoring/request", "schema=scoring/response"
#: Flavors whose models are asked by other things than rows of features: these pages say by what.
_SHOWN = {
    "diviner", "pmdarima", "prophet", "sentence_transformers", "spacy", "statsmodels", "transformers",
}  # fmt: skip


class Shown(NamedTuple):
    """A request of a page, and its answer there."""

    flavor: str
    line: int
    #: The name of the model in ``on_page``, or none for the specimen's own.
    model: str
    body: dict[str, Any]
    answer: Any


def _blocks(page: str) -> list[Fence]:
    return [one for one in _PAGES.fences if one.page == page and {_REQUEST, _ANSWER} & {*one.info}]


def _shown() -> Iterator[Shown]:
    for flavor in _registry.all_flavors():
        blocks = _blocks(f"flavors/{flavor}.md")
        for asked, told in zip(blocks[::2], blocks[1::2], strict=True):
            names = [one.removeprefix("model=") for one in asked.info if one.startswith("model=")]
            body, answer = json.loads(asked.text), json.loads(told.text)
            yield Shown(flavor, asked.line, "".join(names), body, answer)


SHOWN = list(_shown())


def test_every_page_of_forecasts_and_texts_shows_requests() -> None:
    assert {one.flavor for one in SHOWN} == _SHOWN


@pytest.mark.parametrize("flavor", sorted(_SHOWN))
def test_every_request_of_a_page_has_its_answer_and_its_model(flavor: str) -> None:
    kinds = [_REQUEST in one.info for one in _blocks(f"flavors/{flavor}.md")]
    assert kinds == [True, False] * (len(kinds) // 2)
    named = {one.model for one in SHOWN if one.flavor == flavor} - {""}
    assert named == set(specimen(flavor).on_page)


def _parameters() -> list[Any]:
    return [
        pytest.param(
            one,
            id=f"{one.flavor}-{one.line}",
            marks=pytest.mark.libraries(*specimen(one.flavor).libraries),
        )
        for one in SHOWN
    ]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Application]:
    """Return what serves a model of a page, saved with an example or without one."""

    @cache
    def trained(flavor: str, name: str) -> Any:
        return specimen(flavor).on_page[name]() if name else model(flavor)

    def serve(shown: Shown, **example: Any) -> Application:
        folder = tmp_path_factory.mktemp("page") / "m"
        own = specimen(shown.flavor)
        save = getattr(mlmodel, shown.flavor).save_model
        save(trained(shown.flavor, shown.model), folder, **own.options, **example)
        return Application(load_served(folder, trust=True).engine)

    return serve


def _example(shown: Shown) -> Any:
    """Return the rows of a request, with the parameters where it has some, as an example.

    Of rows that the specimen has, too, it is those, with the types that a user's data have.
    """
    own = specimen(shown.flavor).rows()
    split = shown.body.get("dataframe_split")
    rows = own
    if split is not None:
        rows = pd.DataFrame(split["data"], columns=split["columns"])
    elif "dataframe_records" in shown.body:
        rows = pd.DataFrame(shown.body["dataframe_records"])
    if list(rows.columns) == list(own.columns):
        rows = own.head(specimen(shown.flavor).example)
    params = shown.body.get("params")
    return (rows, params) if params else rows


def _form(told: Any) -> Any:
    """Return an answer without its figures: keys, texts, counts and integers are the page's own."""
    if isinstance(told, dict):
        return {name: _form(one) for name, one in told.items()}
    if isinstance(told, list):
        return [_form(one) for one in told]
    return "a number" if isinstance(told, float) else told


def _figures(told: Any) -> list[float]:
    """Return the figures of an answer, from the first to the last."""
    if isinstance(told, dict):
        told = list(told.values())
    if isinstance(told, list):
        return [figure for one in told for figure in _figures(one)]
    return [told] if isinstance(told, float) else []


def _is_locked(flavor: str) -> bool:
    """Return whether a flavor's libraries are those that the page's figures are of."""
    newest = locked("flavors")
    packages = map(
        _registry.all_flavors()[flavor].installed, _registry.all_flavors()[flavor].packages
    )
    return all(version(name) == newest[name] for name in packages)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("declared", [False, True], ids=["undeclared", "declared"])
@pytest.mark.parametrize("shown", _parameters())
def test_a_request_of_a_page_is_answered_as_the_page_says(
    shown: Shown, declared: bool, served: Callable[..., Application]
) -> None:
    """RST-005, RST-040: whether the model has a signature of such rows or none."""
    app = served(shown, **({"input_example": _example(shown)} if declared else {}))
    body = json.dumps(shown.body).encode()
    answer = app.answer(
        Request("POST", b"/invocations", {b"content-type": b"application/json"}, body=body)
    )
    told = json.loads(answer.body)
    assert answer.status == 200, told
    assert _form(told) == _form(shown.answer)
    if _is_locked(shown.flavor):
        assert _figures(told) == pytest.approx(_figures(shown.answer), rel=1e-2, abs=1e-3)
