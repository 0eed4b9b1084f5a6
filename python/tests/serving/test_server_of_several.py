"""Real servers of several models."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
import pytest

import mlmodel.pyfunc
from mlmodel.sandbox.wall import lacking
from mlmodel.signature.model_signature import ModelSignature
from mlmodel.signature.types.schema import ColSpec, Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
PATIENCE = 100


class Waiter(mlmodel.pyfunc.PythonModel):
    """Waits while there is a file "wait" in the folder it is given; answers with its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import time
        from pathlib import Path

        folder = model_input["folder"].iloc[0]
        if folder:
            (Path(folder) / "begun").touch()
            while (Path(folder) / "wait").exists():
                time.sleep(0.01)
        return [self.name]


class Spy(mlmodel.pyfunc.PythonModel):
    """Reads what it is asked for: a file, or a variable."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import os
        from pathlib import Path

        what = model_input["folder"].iloc[0]
        if "/" not in what:
            return [os.environ.get(what)]
        try:
            return [Path(what).read_text()]
        except OSError as error:
            return [type(error).__name__]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    signature = ModelSignature(
        Schema([ColSpec("string", "folder")]), Schema([ColSpec("string", "name")])
    )
    # The server's process cannot import this module, so its classes go along by value.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        for name, model in (("iris", Waiter("iris")), ("wine", Waiter("wine")), ("spy", Spy())):
            mlmodel.pyfunc.save_model(folder / name, python_model=model, signature=signature)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    return folder


def start(*options: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", "-p", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )


class Server:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        given = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body or None, given)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def invoke(self, name: str, folder: object = "") -> tuple[int, Any]:
        body = json.dumps({"inputs": {"folder": [str(folder)]}})
        return self.ask("POST", f"/models/{name}/invocations", body)

    def infer(self, name: str, folder: object = "") -> tuple[int, Any]:
        given = {"name": "folder", "datatype": "BYTES", "shape": [1], "data": [str(folder)]}
        body = json.dumps({"inputs": [given]})
        return self.ask("POST", f"/v2/models/{name}/infer", body)


@contextmanager
def serving(*options: str, **variables: str) -> Iterator[Server]:
    process = start(*options, **variables)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("mlmodel: ready at http://127.0.0.1:"), (line, process.communicate())
        yield Server(process, int(line.rsplit(":", 1)[1]))
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()


def test_several_models_and_a_slow_one(
    models: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-131, RST-133, RST-135: a slow call holds up neither others nor what is quick."""
    with serving("-m", str(models / "iris"), "-m", f"second={models / 'wine'}") as server:
        wait, answers = tmp_path / "wait", []
        # Calls that have proved quick are made by the thread that waits for the sockets.
        for _ in range(100):
            assert server.infer("iris")[0] == 200
        wait.touch()
        thread = threading.Thread(target=lambda: answers.append(server.infer("iris", tmp_path)))
        thread.start()
        wait_for((tmp_path / "begun").exists)
        assert server.ask("GET", "/v2/health/live") == (200, {"live": True})
        assert server.ask("GET", "/v2/health/ready") == (200, {"ready": True})
        assert server.ask("GET", "/v2/models/iris")[1]["inputs"] == [
            {
                "name": "folder",
                "datatype": "BYTES",
                "shape": [-1],
                "parameters": {"content_type": "str"},
            }
        ]
        assert server.invoke("second") == (200, {"predictions": ["wine"]})
        status, answer = server.infer("second")
        assert (status, answer["outputs"][0]["name"], answer["outputs"][0]["data"]) == (
            *(200, "name", ["wine"]),
        )
        assert server.ask("GET", "/v2/models/wine/ready")[0] == 404
        assert server.ask("POST", "/invocations", "{}")[0] == 404
        assert server.ask("POST", "/v2/repository/index")[0] == 404
        assert answers == []
        wait.unlink()
        thread.join(PATIENCE)
        assert answers[0][1]["outputs"][0]["data"] == ["iris"]


def test_models_are_unloaded_and_loaded(models: Path) -> None:
    """OIP-060, OIP-063: what changed in the folder is there after a load; a failure is hidden."""
    iris, wine = models / "iris", models / "wine"
    given = ("-m", str(iris), "-m", str(wine), "--allow-repository", "--trust")
    with serving(*given) as server:
        for state, path in (("READY", ""), ("UNAVAILABLE", "unload"), ("READY", "load")):
            if path:
                answer = server.ask("POST", f"/v2/repository/models/iris/{path}")
                assert answer == (200, {})
            index = server.ask("POST", "/v2/repository/index")[1]
            assert [(one["name"], one["state"]) for one in index] == [
                ("iris", state),
                ("wine", "READY"),
            ]
            assert server.invoke("iris")[0] == (200 if state == "READY" else 503)
            assert server.infer("wine")[0] == 200
        hidden = models / "hidden"
        iris.rename(hidden)
        try:
            status, answer = server.ask("POST", "/v2/repository/models/iris/load")
            assert (status, answer["error_code"]) == (404, "MODEL_NOT_FOUND")
            assert str(models) not in str(answer)
            assert server.invoke("iris") == (200, {"predictions": ["iris"]})
            wine.rename(iris)
            assert server.ask("POST", "/v2/repository/models/iris/load")[0] == 200
            assert server.invoke("iris") == (200, {"predictions": ["wine"]})
        finally:
            if iris.exists():
                iris.rename(wine)
            hidden.rename(iris)


def test_what_the_server_itself_refuses(
    models: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """OIP-061: too large, too late, too slow, too many, each in the form of its protocol."""
    options = ("--max-body", "1000", "--timeout", "2", "--body-timeout", "1", "--threads", "1")
    with serving("-m", str(models / "iris"), *options) as server:
        for path, key in (("/v2/models/iris/infer", "error"), ("/invocations", "message")):
            assert key in server.ask("POST", path, "x" * 1001)[1]
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
            connection.putrequest("POST", path)
            connection.putheader("Content-Length", "10")
            connection.endheaders()
            answer = connection.getresponse()
            assert (answer.status, key in json.loads(answer.read())) == (408, True)
        (tmp_path / "wait").touch()
        status, answer = server.infer("iris", tmp_path)
        assert (status, answer["error_code"]) == (504, "DEADLINE_EXCEEDED")
        assert "RST-113" in answer["error"]
        (tmp_path / "wait").unlink()
        wait_for(lambda: server.infer("iris")[0] == 200)


def test_a_model_that_cannot_be_loaded_is_named(models: Path, tmp_path: Path) -> None:
    """RST-132, RST-130, OIP-065: in one line each."""
    none = tmp_path / "none"
    for options, code, said in (
        (("-m", str(models / "iris"), "-m", f"b={none}"), 2, "MODEL_NOT_FOUND: The model b: "),
        (("-m", f"a={none}", "-m", f"a={models}"), 2, "INVALID_ARGUMENT: 2 models are called a"),
        (("-m", str(models / "iris"), "--allow-repository", "-w", "2"), 2, "INVALID_ARGUMENT: "),
    ):
        process = start(*options)
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err.count("\n")) == (code, "", 1), err
        assert err.startswith(f"mlmodel: {said}")


@pytest.mark.skipif(bool(lacking()), reason="this system has no such wall")
def test_a_folder_that_is_not_trusted_any_more(tmp_path: Path) -> None:
    """RST-136: the workers that replace others do not load it without a wall."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    folder = tmp_path / "line"
    mlmodel.save(LinearRegression().fit(np.eye(2), [1.0, 2.0]), folder)
    with serving("-m", str(folder)) as server:
        (folder / "more.txt").write_text("changed")
        server.process.send_signal(signal.SIGHUP)
        assert server.process.stderr is not None
        said = ""
        while "could not load the model" not in said:
            said = server.process.stderr.readline()
            assert said
        assert "RST-136" in said
        assert server.ask("POST", "/invocations", '{"inputs": [[1, 0]]}')[0] == 200


@pytest.mark.skipif(bool(lacking()), reason="this system has no such wall")
@pytest.mark.parametrize("trusted", [True, False])
def test_one_wall_around_all(models: Path, tmp_path: Path, *, trusted: bool) -> None:
    """RST-134: an untrusted model that needs no trust walls the others in, too."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    foreign, secret = tmp_path / "foreign", tmp_path / "secret.txt"
    secret.write_text("secret")
    mlmodel.save(LinearRegression().fit(np.eye(2), [1.0, 2.0]), foreign)
    if not trusted:
        (foreign / "more.txt").write_text("changed")
    given = ("-m", str(models / "spy"), "-m", str(foreign), "--allow-repository")
    with serving(*given, TOKEN="token") as server:
        assert server.invoke("spy", secret) == (
            *(200, {"predictions": ["secret" if trusted else "PermissionError"]}),
        )
        assert server.invoke("spy", "TOKEN")[1] == {"predictions": ["token" if trusted else None]}
        # Behind the wall a load reads the folder that it was started with.
        for name in ("spy", "foreign"):
            assert server.ask("POST", f"/v2/repository/models/{name}/load") == (200, {})
        assert server.ask("POST", "/models/foreign/invocations", '{"inputs": [[1, 0]]}') == (
            *(200, {"predictions": [pytest.approx(1.0)]}),
        )


@pytest.mark.skipif(bool(lacking()), reason="this system has no such wall")
def test_processes_of_their_own(
    models: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """RST-134, RST-142: each is judged by itself; the processes end with what is unloaded."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    foreign, secret = tmp_path / "foreign", tmp_path / "secret.txt"
    secret.write_text("secret")
    mlmodel.save(LinearRegression().fit(np.eye(2), [1.0, 2.0]), foreign)
    (foreign / "more.txt").write_text("changed")
    given = ("-m", str(models / "spy"), "-m", str(foreign), "--isolate", "--threads", "2")
    with serving(*given, "--allow-repository", TOKEN="token") as server:
        before = descendants(server.process.pid)
        assert server.invoke("spy", secret) == (200, {"predictions": ["secret"]})
        assert server.invoke("spy", "TOKEN") == (200, {"predictions": ["token"]})
        body = '{"inputs": [[1, 0]]}'
        assert server.ask("POST", "/models/foreign/invocations", body)[0] == 200
        assert server.ask("POST", "/v2/repository/models/foreign/unload") == (200, {})
        wait_for(lambda: len(descendants(server.process.pid)) == len(before) - 2)
        assert server.invoke("spy", secret)[0] == 200
        assert server.ask("POST", "/v2/repository/models/foreign/load") == (200, {})
        assert server.ask("POST", "/models/foreign/invocations", body)[0] == 200


def descendants(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *descendants(child)]
    return found
