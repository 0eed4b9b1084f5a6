"""The paths that describe a server, in process (RST-175 to RST-182)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31
from werkzeug.test import Client, create_environ, run_wsgi_app

from mlmodel.models import Model, ModelSignature
from mlmodel.pyfunc import PyFuncModel, PythonModel, load_model, save_model
from mlmodel.scoring.engine import Engine
from mlmodel.serving import page, wsgi
from mlmodel.serving.about import About
from mlmodel.serving.app import Application
from mlmodel.serving.http.messages import Request, Response, head
from mlmodel.serving.models import Hosted
from mlmodel.types import ColSpec, ParamSpec, Schema, TensorSpec

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.test import TestResponse

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028'\"&"
SIGNATURE = ModelSignature(
    Schema([ColSpec("double", HOSTILE), ColSpec("string", "b", required=False)]),
    Schema([ColSpec("double", "p")]),
    [ParamSpec("k", "long", 3)],
)
PATHS = ["/", "/docs", "/openapi.json", "/models/m"]


class Echo(PythonModel):
    """Answers with its first column."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return [0.5] * len(model_input)


def client(page: bool = True, **models: ModelSignature | None) -> Client:
    made = {name: PyFuncModel(Model(signature=one), lambda d, _: d) for name, one in models.items()}
    return Client(wsgi(made, page=page))


def get(asked: Client, path: str, accept: str | None = None, **headers: str) -> TestResponse:
    given = {"Host": "localhost", **({"Accept": accept} if accept else {}), **headers}
    return asked.get(path, headers=given)


@pytest.mark.parametrize("metrics", [False, True])
def test_the_description_has_each_path_that_tells_how_the_server_is(metrics: bool) -> None:
    """RST-175: those that are there, and no other, with what they are answered with."""
    model = PyFuncModel(Model(signature=SIGNATURE), lambda d, _: d)
    asked = Client(wsgi({"m": model}, metrics=metrics))
    paths = get(asked, "/openapi.json").get_json()["paths"]
    for path in ("/ping", "/health", "/livez", "/readyz", "/version", "/metrics"):
        found = get(asked, path)
        assert (path in paths) is (found.status_code == 200), path
        if path in paths:
            assert found.mimetype in paths[path]["get"]["responses"]["200"]["content"]
    assert ("/metrics" in paths) is metrics
    assert list(paths["/readyz"]["get"]["responses"]) == ["200", "503"]
    if metrics:
        wanted = get(asked, "/metrics", "application/openmetrics-text")
        assert wanted.mimetype in paths["/metrics"]["get"]["responses"]["200"]["content"]


def saved(folder: Path, example: Any, signature: ModelSignature | None = None) -> Client:
    save_model(folder, python_model=Echo(), input_example=example, signature=signature)
    return Client(wsgi({"m": load_model(folder, trust=True)}))


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        (None, True),
        ("*/*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("text/html;q=0.1, application/json", False),
        ("image/png", True),
    ],
)
@pytest.mark.parametrize("path", ["/", "/models/m"])
def test_a_page_or_json(path: str, accept: str | None, is_html: bool) -> None:
    """RST-178, RST-179: a page, unless JSON is liked better."""
    answer = get(client(m=SIGNATURE), path, accept)
    assert answer.status_code == 200
    assert answer.content_type == ("text/html; charset=utf-8" if is_html else "application/json")
    assert answer.headers["Vary"] == "Accept"
    assert answer.text.startswith("<!doctype html>" if is_html else '{"name":')


def test_what_json_says() -> None:
    asked = client(iris=None, m=SIGNATURE)
    server = get(asked, "/", "application/json").json
    assert server is not None
    assert sorted(server) == ["models", "name", "version"]
    assert [one["name"] for one in server["models"]] == ["iris", "m"]
    assert all(one["ready"] is True for one in server["models"])
    model = get(asked, "/models/m", "application/json").json
    assert model is not None
    assert model["signature"] == {
        "inputs": SIGNATURE.inputs.to_dict(),
        "outputs": SIGNATURE.outputs.to_dict(),
        "params": SIGNATURE.params.to_dict(),
    }
    made_up = {"dataframe_split": {"columns": [HOSTILE, "b"], "data": [[0.0, None]]}}
    assert (model["example"], model["example_is"]) == (made_up, "made up")
    model = get(asked, "/models/iris", "application/json").json
    assert model is not None
    assert model["signature"] == {"inputs": None, "outputs": None, "params": None}
    assert (model["example"], model["example_is"]) == (None, None)


def test_a_model_that_is_not_there() -> None:
    """RST-131, RST-179: the names of the others are not told."""
    answer = get(client(iris=None, m=None), "/models/x")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error_code"] == "MODEL_NOT_FOUND"
    assert "iris" not in answer.text


def test_nothing_of_it_where_it_is_switched_off() -> None:
    """RST-181."""
    asked = client(page=False, m=SIGNATURE)
    for path in PATHS:
        answer = get(asked, path)
        assert (answer.status_code, answer.content_type) == (404, "application/json"), path
        assert HOSTILE not in answer.text
    assert get(asked, "/ping").status_code == 200


def test_other_methods() -> None:
    """RST-072: they are refused with what the path takes, and HEAD is GET without a body."""
    asked = client(m=SIGNATURE)
    for path in PATHS:
        answer = asked.post(path, headers={"Host": "x"})
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        head = asked.head(path, headers={"Host": "x"})
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["ETag"] == get(asked, path).headers["ETag"]


def test_what_a_client_has_is_not_sent_again() -> None:
    """RST-182: and our own server sends no length that is not that of the whole answer."""
    asked = client(m=SIGNATURE)
    for path in PATHS:
        first = get(asked, path)
        again = get(asked, path, **{"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b""), path
        assert get(asked, path, **{"If-None-Match": '"x"'}).status_code == 200
    other = client(m=None)
    assert get(other, "/openapi.json").headers["ETag"] != first.headers["ETag"]


def test_a_304_has_no_length_of_another_answer() -> None:
    """RST-182: our own server sends none, where that of the whole answer is not known."""
    for status, has in ((200, True), (304, False)):
        written = head(Response(status, (), b""), b"", version="1.1", keep_alive=True)
        assert (b"Content-Length" in written) is has
        assert written.endswith(b"\r\n\r\n")


class Waiting(io.BytesIO):
    """A connection on which nothing more comes."""

    def read(self, size: int | None = -1, /) -> bytes:
        pytest.fail("it waits for a body that a GET does not have")


@pytest.mark.parametrize("path", PATHS)
def test_no_body_is_waited_for(path: str) -> None:
    """By servers of WSGI, too, the first time and later."""
    app = wsgi(PyFuncModel(Model(signature=SIGNATURE), lambda data, _: data))
    path = path.replace("/m", "/model").replace("/modelodels", "/models")
    for _ in range(2):
        environ = create_environ(path, "http://localhost/", input_stream=Waiting())
        environ.pop("CONTENT_LENGTH", None)
        answer = run_wsgi_app(app, environ)
        assert answer[1] == "200 OK"
        assert b"".join(answer[0])


def _inlined(html: str, tag: str) -> str:
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.mark.parametrize("path", ["/", "/models/m", "/docs"])
def test_a_page_is_one_small_file_with_a_strict_policy(path: str) -> None:
    """RST-180: its script and style run by their digests, and nothing is loaded."""
    answer = get(client(m=SIGNATURE), path)
    policy = dict(
        one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; ")
    )
    for tag, key in (("script", "script-src"), ("style", "style-src")):
        digest = hashlib.sha256(_inlined(answer.text, tag).encode()).digest()
        assert policy[key] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.data) < 60_000
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in answer.text
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in answer.text
    # Of what models say nothing stands in it, so there is nothing to escape.
    assert HOSTILE not in answer.text
    assert get(client(other=None), path.replace("/m", "/other").replace("/otherodels", "/models")
               ).data == answer.data  # fmt: skip


def test_addresses_are_relative() -> None:
    """RST-180: a page knows how many steps it is below the root, and nothing of the root."""
    asked = client(m=SIGNATURE)
    for path, root in (("/", "./"), ("/docs", "./"), ("/models/m", "../")):
        text = get(asked, path).text
        assert f'data-root="{root}"' in text
        links = set(re.findall(r'(?:href|src)="([^"]*)"', text))
        assert links == {"data:,", "#main", root, f"{root}docs", f"{root}openapi.json"}
    assert page.html(page.MODEL, root="../../").text.count('data-root="../../"') == 1


def test_the_description_of_a_server() -> None:
    """RST-175: valid, and of the models that there are."""
    answer = get(client(m=SIGNATURE, other=None), "/openapi.json")
    assert answer.content_type == "application/json"
    assert answer.json is not None
    jsonschema.validate(answer.json, OPENAPI_31)
    assert "/invocations" not in answer.json["paths"]
    assert HOSTILE in answer.json["components"]["schemas"]["m.row"]["properties"]


def test_the_description_follows_the_models() -> None:
    """RST-175: a model that is loaded again may have another signature."""
    others = [ModelSignature(Schema([ColSpec("long", name)])) for name in ("new", "newer")]
    signatures = iter([SIGNATURE, *others])
    hosted = Hosted()

    def load() -> Engine:
        metadata = Model(signature=next(signatures))
        hosted.note("m", metadata)
        return Engine(lambda data, _: data, metadata.signature)

    hosted.add("m", load, engine=load())
    asked = Client(Application(hosted, repository=True, about=About(hosted)))
    assert "new" not in get(asked, "/openapi.json").text
    tags = [get(asked, "/openapi.json").headers["ETag"]]
    hosted.unload("m")
    assert get(asked, "/models/m", "application/json").json["ready"] is False  # type: ignore[index]
    tags.append(get(asked, "/openapi.json").headers["ETag"])
    hosted.load("m")
    found = get(asked, "/openapi.json")
    assert list(found.json["components"]["schemas"]["m.row"]["properties"]) == ["new"]  # type: ignore[index]
    assert len({*tags, found.headers["ETag"]}) == 3
    hosted.load("m")  # in the place of the one that is there
    found = get(asked, "/openapi.json")
    assert list(found.json["components"]["schemas"]["m.row"]["properties"]) == ["newer"]  # type: ignore[index]


def test_making_a_description_is_not_the_leaders_work() -> None:
    """RST-182: it is answered in a thread of its own until it is made, and then at once."""
    app = wsgi(PyFuncModel(Model(signature=SIGNATURE), lambda data, _: data))
    request = Request("GET", b"/openapi.json", {b"host": b"x"})
    pace = app.pace(request)
    assert pace is not None
    assert not pace.quick
    assert app.answer(request).status == 200
    assert app.pace(request) is None
    assert app.pace(Request("GET", b"/ping", {})) is None
    made = {app.answer(request).body for _ in range(3)}
    threads = [threading.Thread(target=lambda: made.add(app.answer(request).body)) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


FRAME = pd.DataFrame({"a": [1.5, 2.5] * 4, "b": ["x", HOSTILE] * 4})


def test_a_models_own_example(tmp_path: Path) -> None:
    """RST-177: its first rows, as a request that is taken."""
    asked = saved(tmp_path / "m", FRAME)
    model = get(asked, "/models/m", "application/json").json
    assert model is not None
    assert model["example_is"] == "saved"
    rows = FRAME.head(5).to_numpy().tolist()
    assert model["example"] == {"dataframe_split": {"columns": ["a", "b"], "data": rows}}
    assert model["flavors"] == ["python_function"]
    answer = asked.post("/invocations", json=model["example"], headers={"Host": "x"})
    assert answer.json == {"predictions": [0.5] * 5}
    content = get(asked, "/openapi.json").json["paths"]["/invocations"]["post"]["requestBody"]  # type: ignore[index]
    assert content["content"]["application/json"]["example"] == model["example"]


@pytest.mark.parametrize("example", [np.ones((2, 3)), {"x": np.arange(3)}, [{"a": 1}, {"a": 2}]])
def test_examples_of_other_forms(tmp_path: Path, example: Any) -> None:
    """RST-177: of arrays, and where the request was not saved beside the example."""
    asked = saved(tmp_path / "m", example)
    first = get(asked, "/models/m", "application/json").json
    (tmp_path / "m" / "serving_input_example.json").unlink()
    text = (tmp_path / "m" / "MLmodel").read_text().replace("serving_input_path", "other_path")
    (tmp_path / "m" / "MLmodel").write_text(text)
    asked = Client(wsgi({"m": load_model(tmp_path / "m", trust=True)}))
    again = get(asked, "/models/m", "application/json").json
    assert first is not None
    assert again is not None
    for model in (first, again):
        assert model["example_is"] == "saved"
        answer = asked.post("/invocations", json=model["example"], headers={"Host": "x"})
        assert answer.status_code == 200


@pytest.mark.thorough
@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[" * 100_000,
        '{"dataframe_split": {"columns": ["a"], "data": [["x"]]}}',
        '{"dataframe_split": {"columns": ["a", "b"], "data": [[1, "' + "x" * 300_000 + '"]]}}',
        '{"dataframe_split": 5}',
        '{"dataframe_split": {"columns": ["a", "b"], "data": [[1e999999, "\\ud800"]]}}',
        "5",
        "null",
        '"\\u0000"',
    ],
)
def test_an_example_never_keeps_a_model_from_being_served(tmp_path: Path, text: str) -> None:
    """RST-177: one that would be refused is not shown."""
    signature = ModelSignature(Schema([ColSpec("double", "a"), ColSpec("string", "b")]))
    save_model(tmp_path / "m", python_model=Echo(), input_example=FRAME, signature=signature)
    (tmp_path / "m" / "serving_input_example.json").write_text(text)
    asked = Client(wsgi({"m": load_model(tmp_path / "m", trust=True)}))
    model = get(asked, "/models/m", "application/json").json
    assert model is not None
    assert model["example_is"] == "made up"
    assert get(asked, "/openapi.json").status_code == 200


def test_an_example_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    """RST-177, DIR-002."""
    (tmp_path / "secret.json").write_text('{"instances": [1]}')
    save_model(tmp_path / "m", python_model=Echo(), input_example=FRAME)
    metadata = Model.load(tmp_path / "m")
    assert metadata.example_as_request() is not None
    metadata.saved_input_example_info["serving_input_path"] = "../secret.json"
    assert metadata.example_as_request() is None


def test_a_tensor_too_large_to_be_made_up() -> None:
    asked = client(m=ModelSignature(Schema([TensorSpec("float32", (-1, 1000, 1000))])))
    assert get(asked, "/models/m", "application/json").json["example"] is None  # type: ignore[index]
    assert len(get(asked, "/openapi.json").data) < 100_000


def test_numbers_that_json_lacks() -> None:
    """Defaults of parameters may be NaN: they are told as JSON."""
    signature = ModelSignature(params=[ParamSpec("k", "double", float("nan"))])
    asked = client(m=signature)
    for path in ("/openapi.json", "/models/m"):
        answer = get(asked, path, "application/json")
        json.loads(answer.data, parse_constant=pytest.fail)
