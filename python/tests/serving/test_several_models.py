"""Several models in one application: their names, paths, paces, and the repository."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel
from mlmodel.errors import InvalidArgument, InvalidModel, MlmodelError, UntrustedModel
from mlmodel.models import Model
from mlmodel.pyfunc import PyFuncModel
from mlmodel.sandbox.wall import lacking
from mlmodel.scoring.engine import Engine
from mlmodel.serving import server, worker, wsgi
from mlmodel.serving.app import Application
from mlmodel.serving.http.messages import Request
from mlmodel.serving.models import Hosted
from mlmodel.serving.names import places
from mlmodel.serving.settings import Place, Settings
from mlmodel.store.folder import open_folder
from mlmodel.store.sandboxing import decide_together
from mlmodel.trust import records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 100
BODY = b'{"instances": [[1.5, 2.5]]}'
V2_BODY = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [1.5]}]}'


def hosted(**predicts: Callable[[Any, Any], Any]) -> Hosted:
    found = Hosted()
    for name, predict in predicts.items():
        engine = Engine(predict)
        found.add(name, lambda engine=engine: engine, engine=engine)
    return found


#: What an error has, and one of V2 (ERR-002, OIP-052, RST-152).
ERROR = ["details", "error_code", "message", "request_id"]
V2_ERROR = ["details", "error", "error_code", "request_id"]


def two() -> Hosted:
    return hosted(iris=lambda _data, _: "of iris", wine=lambda _data, _: "of wine")


def request(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    raw = {b"content-type": b"application/json"} if body else {}
    raw |= {key.replace("_", "-").encode(): value.encode() for key, value in headers.items()}
    return Request(method, target.encode(), raw, body=body)


def ask(application: Application, *given: Any, **headers: str) -> tuple[int, Any]:
    answer = application.answer(request(*given, **headers))
    return answer.status, json.loads(answer.body) if answer.body.strip() else None


# Names


@pytest.mark.parametrize(
    ("given", "names", "uris"),
    [
        (["iris=a/b", "wine=c"], ["iris", "wine"], ["a/b", "c"]),
        (["a/iris", "b/wine/"], ["iris", "wine"], ["a/iris", "b/wine/"]),
        (["runs/lr=0.1"], ["model"], ["runs/lr=0.1"]),
        (["./lr=0.1"], ["model"], ["./lr=0.1"]),
        (["lr=0.1"], ["lr"], ["0.1"]),
        (["a=b=c"], ["a"], ["b=c"]),
        (["my model"], ["model"], ["my model"]),
        (["_x"], ["model"], ["_x"]),
        (["s3://bucket/deep/iris"], ["iris"], ["s3://bucket/deep/iris"]),
        (["https://h/a/iris.zip?token=s=1"], ["iris.zip"], ["https://h/a/iris.zip?token=s=1"]),
        (["v=https://user:pw@h/x=y"], ["v"], ["https://user:pw@h/x=y"]),
        (["s3:key=1"], ["model"], ["s3:key=1"]),
        (["/"], ["model"], ["/"]),
        (["1." + "x" * 98 + "=p"], ["1." + "x" * 98], ["p"]),
    ],
)
def test_names(given: list[str], names: list[str], uris: list[str]) -> None:
    """RST-130."""
    found = places(given)
    assert [place.name for place in found] == names
    assert [place.uri for place in found] == uris


def test_a_model_is_called_as_its_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RST-130: as it is called from where the user stands, links not followed."""
    (tmp_path / "v3").mkdir()
    (tmp_path / "current").symlink_to("v3")
    assert places([str(tmp_path / "current")])[0].name == "current"
    monkeypatch.chdir(tmp_path / "v3")
    assert places(["."])[0].name == "v3"
    assert places([".."])[0].name == tmp_path.name


@pytest.mark.parametrize(
    "given",
    [
        *(["=p"], ["a b=p"], ["-a=p"], [".a=p"], ["é=p"], ["a="], ["x" * 101 + "=p"], ["a\n=p"]),
        *(["a=p", "a=q"], ["p/a", "q/a"], ["a=p", "q/a"], ["p x", "q x"], ["m", "m"]),
    ],
)
def test_names_that_are_refused(given: list[str]) -> None:
    """RST-130: before anything is loaded."""
    with pytest.raises(InvalidArgument, match="RST-130"):
        places(given)


@pytest.mark.parametrize("models", [{}, {"": 0}, {"a/b": 0}, {"ä": 0}, {1: 0}, {"a\n": 0}])
def test_names_in_a_program(models: dict[Any, Any]) -> None:
    """RST-130."""
    with pytest.raises(InvalidArgument, match="RST-130"):
        wsgi(models)


# Paths


def test_each_model_has_a_path_of_its_own() -> None:
    """RST-131."""
    app = Application(two())
    for target in ("/models/iris/invocations", "/models/iris/invocations?x=1"):
        assert ask(app, "POST", target, BODY) == (200, {"predictions": "of iris"})
    for target in ("/models/%77ine/invocations", "/%6dodels/wine/%69nvocations"):
        assert ask(app, "POST", target, BODY) == (200, {"predictions": "of wine"})
    status, answer = ask(app, "POST", "/invocations", BODY)
    assert (status, answer["error_code"]) == (404, "NOT_FOUND")
    assert "/models/NAME/invocations (RST-131)" in answer["message"]
    status, answer = ask(app, "POST", "/models/none/invocations", BODY)
    assert (status, answer["error_code"]) == (404, "MODEL_NOT_FOUND")
    assert "wine" not in answer["message"]


def test_a_single_model_has_both_paths() -> None:
    """RST-131."""
    app = Application(Engine(lambda data, _: data))
    scored = (200, {"predictions": [[1.5, 2.5]]})
    for target in ("/invocations", "/%69nvocations", "/models/model/invocations"):
        assert ask(app, "POST", target, BODY) == scored
    assert ask(app, "POST", "/v2/models/model/infer", V2_BODY)[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("target", ["/models/iris/invocations", "/models/none/invocations"])
def test_other_methods(method: str, target: str) -> None:
    """RST-072."""
    answer = Application(two()).answer(request(method, target))
    assert answer.status == 405
    assert "POST" in dict(answer.headers)["Allow"]


@pytest.mark.parametrize("app", [Application(two()), Application(hosted(m=lambda d, _: d))])
@pytest.mark.parametrize(
    "target",
    [
        *("/models", "/models/", "/models//invocations", "/models/iris", "/models/iris/"),
        *("/models/iris/invocations//", "/models/a%2Finvocations", "/models%2Firis/invocations"),
        *("/models/iris%2Finvocations", "/x/iris/invocations", "/v2x", "/V2", "/v2/", "/v2//x"),
        *("/models/%ff/invocations", "/models/%00/invocations", "/models/a/b/invocations", "/"),
        *("//invocations", "/./invocations", "invocations", "*", "/models/%/invocations"),
        *("/v2/models/%/infer", "/v2/models/%ff%00/infer", "/v2/models/a%2Fb/infer", ""),
        *("/v2/models//infer", "/v2/repository/index", "/v2/repository/models/iris/load", "/\xff"),
    ],
)
def test_paths_that_are_not_there(target: str, app: Application) -> None:
    """RST-072, RST-131, OIP-050: whatever stands there, it is not the server's fault."""
    status = ask(app, "POST", target, BODY)[0]
    assert status in {308, 400, 404, 405}, status


def test_the_application_of_several_loaded_models() -> None:
    """RST-131, RST-135: by WSGI, in the form of each protocol."""
    models = {name: PyFuncModel(Model(), lambda _data, _params, name=name: [name]) for name in "ab"}
    app = wsgi(models)

    def call(method: str, path: str, body: bytes = b"", **more: str) -> tuple[int, Any]:
        got: list[Any] = []
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "wsgi.input": io.BytesIO(body),
            **more,
        }
        setup_testing_defaults(environ)
        said = b"".join(app(environ, lambda *given: got.extend(given)))  # type: ignore[arg-type]
        return int(got[0].split()[0]), json.loads(said)

    assert call("POST", "/models/b/invocations", BODY) == (200, {"predictions": ["b"]})
    status, answer = call("POST", "/v2/models/b/infer", V2_BODY)
    assert (status, answer["outputs"][0]["data"]) == (200, ["b"])
    assert call("GET", "/v2/health/ready") == (200, {"ready": True})
    # What the server itself refuses, in the protocol's form (OIP-061).
    for more, code in (
        ({"HTTP_CONTENT_ENCODING": "br"}, 415),
        ({"CONTENT_LENGTH": str(10**12)}, 413),
        ({"CONTENT_LENGTH": "1000"}, 400),
        ({"CONTENT_LENGTH": "x"}, 400),
    ):
        status, answer = call("POST", "/v2/models/b/infer", V2_BODY, **more)
        assert (status, sorted(answer)) == (code, V2_ERROR)
        status, answer = call("POST", "/models/b/invocations", BODY, **more)
        assert (status, sorted(answer)) == (code, ERROR)
    # A model that is not there costs no reading.
    assert call("POST", "/v2/models/x/infer", CONTENT_LENGTH=str(10**12))[0] == 404
    assert call("POST", "/v2/repository/index")[0] == 404


def test_a_body_in_an_encoding_that_is_not_known() -> None:
    """OIP-061, RST-122."""
    app = Application(two())
    status, answer = ask(app, "POST", "/v2/models/iris/infer", V2_BODY, content_encoding="br")
    assert (status, answer["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "RST-122" in answer["error"]


def test_a_model_of_two_names() -> None:
    """OIP-056: what is remembered of a model has no name in it."""
    models, engine = Hosted(), Engine(lambda data, _: data)
    for name in ("a", "b"):
        models.add(name, lambda: engine, engine=engine)
    app = Application(models)
    told = [ask(app, "GET", f"/v2/models/{name}")[1]["name"] for name in ("a", "b", "a")]
    assert told == ["a", "b", "a"]


# Paces


def test_each_model_has_a_pace_of_its_own() -> None:
    """RST-133, RST-135: only what calls a model has one."""
    app = Application(two(), repository=True)

    def pace(method: str, target: str) -> Any:
        return app.pace(request(method, target))

    iris = pace("POST", "/models/iris/invocations")
    assert iris is not None
    assert iris is not pace("POST", "/models/wine/invocations")
    for target in ("", "/", "?x=1", "/?x=1"):
        assert pace("POST", f"/v2/models/iris/infer{target}") is iris
    assert pace("POST", "/v2/models/%69ris/versions/1/infer") is iris
    for method, target in (
        ("GET", "/v2/models/iris/infer"),
        ("PUT", "/v2/models/iris/infer"),
        ("GET", "/v2/models/iris"),
        ("GET", "/v2/health/ready"),
        ("POST", "/v2/health/ready"),
        ("POST", "/v2/models/none/infer"),
        ("POST", "/models/none/invocations"),
        ("POST", "/invocations"),
        ("GET", "/ping"),
    ):
        assert pace(method, target) is None, target
    for target in ("index", "models/iris/load", "models/iris/unload", "models/iris/load/"):
        slow = pace("POST", f"/v2/repository/{target}")
        for _ in range(1000):
            slow.note(0)
        assert not slow.quick
    assert Application(two()).pace(request("POST", "/v2/repository/index")) is None


def test_a_model_that_was_loaded_again_is_not_known_to_be_quick() -> None:
    """RST-074: the first call of what was loaded just now is never made by the leader."""
    models = two()
    before = models.pace("iris")
    models.load("iris")
    assert models.pace("iris") is not before
    assert models.pace("wine") is models.pace("wine")


# The repository


def test_the_repository_is_off_unless_it_is_asked_for() -> None:
    """OIP-062."""
    app = Application(two())
    for target in ("index", "models/iris/load", "models/iris/unload"):
        status, answer = ask(app, "POST", f"/v2/repository/{target}")
        assert (status, answer["error_code"]) == (404, "NOT_FOUND")
    assert ask(app, "GET", "/v2")[1]["extensions"] == ["binary_tensor_data"]
    assert ask(app, "POST", "/models/iris/invocations", BODY)[0] == 200


@pytest.mark.slow
def test_unload_and_load() -> None:
    """OIP-060, OIP-063: of what was named at the start, whatever the request says."""
    app = Application(two(), repository=True)
    assert ask(app, "POST", "/v2/repository/models/iris/unload") == (200, {})
    for target, body in (
        ("/models/iris/invocations", BODY),
        ("/v2/models/iris/infer", V2_BODY),
    ):
        status, answer = ask(app, "POST", target, body)
        assert (status, answer["error_code"]) == (503, "UNAVAILABLE")
    assert ask(app, "GET", "/v2/health/ready")[0] == 503
    assert ask(app, "POST", "/models/wine/invocations", BODY)[0] == 200
    body = b'{"parameters": {"config": "{}", "file:1/MLmodel": "eA==", "path": "/tmp"}}'
    assert ask(app, "POST", "/v2/repository/models/iris/load", body) == (200, {})
    assert ask(app, "POST", "/models/iris/invocations", BODY)[0] == 200
    for name in ("none", "..%2Firis", "%2Ftmp%2Fx", "iris%3D%2Ftmp", ".."):
        status, answer = ask(app, "POST", f"/v2/repository/models/{name}/load", body)
        assert (status, answer["error_code"]) == (404, "MODEL_NOT_FOUND")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidModel("/srv/secret/MLmodel is broken."), "INVALID_MODEL"),
        (UntrustedModel("/srv/secret/model.pkl"), "UNTRUSTED_MODEL"),
        (ValueError("/srv/secret: Traceback"), "MODEL_FAILURE"),
        (MemoryError(), "MODEL_FAILURE"),
    ],
)
def test_why_a_model_cannot_be_loaded_goes_to_the_log_alone(
    error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """ERR-006, OIP-060: and what was ready stays so."""

    def load() -> Engine:
        raise error

    models = Hosted()
    models.add("m", load, engine=Engine(lambda data, _: data))
    app = Application(models, repository=True)
    with caplog.at_level(logging.ERROR):
        status, answer = ask(app, "POST", "/v2/repository/models/m/load")
    assert (status, answer["error_code"], answer["details"]) == (500, code, [])
    assert "secret" not in str(answer)
    assert str(error) in caplog.text
    assert ask(app, "POST", "/invocations", BODY)[0] == 200
    # The next load is not refused for the one that failed.
    assert ask(app, "POST", "/v2/repository/models/m/load")[1]["error_code"] == code


@pytest.mark.slow
def test_one_load_at_a_time() -> None:
    """OIP-064."""
    begun, go = threading.Event(), threading.Event()

    def load() -> Engine:
        begun.set()
        assert go.wait(PATIENCE)
        return Engine(lambda _data, _: "new")

    models = hosted(other=lambda data, _: data)
    models.add("m", load, engine=Engine(lambda _data, _: "old"))
    app = Application(models, repository=True)
    answers: list[Any] = []
    target = "/v2/repository/models/m/load"
    thread = threading.Thread(target=lambda: answers.append(ask(app, "POST", target)))
    thread.start()
    assert begun.wait(PATIENCE)
    for name in ("m", "other"):
        status, answer = ask(app, "POST", f"/v2/repository/models/{name}/load")
        assert (status, answer["error_code"]) == (503, "UNAVAILABLE")
        assert "OIP-064" in answer["error"]
    assert ask(app, "POST", "/models/m/invocations", BODY)[1] == {"predictions": "old"}
    go.set()
    thread.join(PATIENCE)
    assert answers == [(200, {})]
    assert ask(app, "POST", "/models/m/invocations", BODY)[1] == {"predictions": "new"}


def test_the_repository_with_several_workers() -> None:
    """OIP-065."""
    settings = Settings((Place("m", "/not/there"),), workers=2, repository=True)
    with pytest.raises(InvalidArgument, match="OIP-065"):
        server.run(settings, lambda _: None)


# Loading


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "line"
    data = pd.DataFrame({"a": np.arange(4.0)})
    mlmodel.save(LinearRegression().fit(data, data["a"] * 2), path, example=data)
    return path


def test_an_error_says_which_model_cannot_be_loaded(saved: Path) -> None:
    """RST-132; of a single one the error is as it ever was."""
    broken = str(saved.with_name("none"))
    with pytest.raises(MlmodelError) as single:
        worker.application(Settings((Place("wine", broken),)))
    with pytest.raises(MlmodelError) as several:
        worker.application(Settings((Place("iris", str(saved)), Place("wine", broken))))
    assert several.value.message == f"The model wine: {single.value.message}"
    assert type(several.value) is type(single.value)
    with pytest.raises(MlmodelError, match="The model wine: "):
        server.run(
            Settings((Place("iris", str(saved)), Place("wine", broken)), port=0), lambda _: None
        )


@pytest.mark.slow
def test_a_folder_that_has_changed_is_not_loaded_without_its_wall(
    saved: Path, tmp_path: Path
) -> None:
    """RST-136: what was trusted at the start and is not any more."""
    folder = tmp_path / "line"
    data = pd.DataFrame({"a": np.arange(4.0)})
    mlmodel.save(LinearRegression().fit(data, data["a"] * 2), folder)
    app = worker.application(Settings((Place("line", str(folder)),), repository=True))
    target = "/v2/repository/models/line/load"
    assert ask(app, "POST", target) == (200, {})
    (folder / "more.txt").write_text("changed")
    if not lacking():
        status, answer = ask(app, "POST", target)
        assert (status, answer["error_code"]) == (500, "UNTRUSTED_MODEL")
        assert str(folder) not in str(answer)
        with pytest.raises(UntrustedModel, match="RST-136"):
            worker.application(Settings((Place("line", str(folder)),), again=True))
        worker.application(Settings((Place("line", str(folder)),), again=True, trust=True))
    off = worker.application(Settings((Place("m", str(folder)),), repository=True, sandbox="off"))
    assert ask(off, "POST", "/v2/repository/models/m/load") == (200, {})


@pytest.mark.skipif(bool(lacking()), reason="this system has no such wall")
def test_models_of_one_process_have_one_wall(saved: Path, tmp_path: Path) -> None:
    """RST-134: around all as soon as one needs it; variables only where all are trusted."""
    trusted, foreign = tmp_path / "trusted", tmp_path / "foreign"
    data = pd.DataFrame({"a": np.arange(4.0)})
    mlmodel.save(LinearRegression().fit(data, data["a"]), trusted)
    text = (trusted / "MLmodel").read_text()
    (trusted / "MLmodel").write_text(f"{text}env_vars: [TOKEN]\n")
    records.add(trusted, "test")
    shutil.copytree(saved, foreign)
    (foreign / "more.txt").write_text("changed")

    def decided(*folders: Path, wanted: str = "auto", **options: Any) -> Any:
        opened = (open_folder(folder, **options) for folder in folders)
        return decide_together(opened, wanted, trust=options.get("trust", False))

    assert decided(trusted, saved) is None
    found = decided(trusted, foreign)
    assert [bool(one.digest) for one in found] == [True, False]
    assert {one.wall for one in found} == {found[0].wall}
    assert found[0].wall.read == (str(trusted), str(foreign))
    assert all(one.variables == () for one in found)
    assert all(one.variables == ("TOKEN",) for one in decided(trusted, saved, wanted="on"))
    assert decided(trusted, foreign, wanted="on", trust=True)[1].variables == ("TOKEN",)
    assert decided(trusted, foreign, wanted="off") is None
    assert os.fspath(found[1].folder.root) == str(foreign)
