"""``mlmodel score`` from the shell, and files scored and checked in pieces of rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet as pq
from sklearn.linear_model import LinearRegression

import mlmodel.sklearn
from mlmodel.cli import predict, score, validate_input
from mlmodel.cli.score import command
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    MlmodelError,
    ModelNotFound,
    PayloadTooLarge,
    Unavailable,
)
from mlmodel.signature.infer.from_data import infer_signature
from stub_server import JSON, Asked, predictions, stub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAME = pd.DataFrame({"a": np.arange(25.0), "b": np.arange(25) / 4})
TABLE = FRAME["a"] * 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "linear"
    trained = LinearRegression().fit(FRAME, TABLE)
    mlmodel.sklearn.save_model(trained, path, signature=infer_signature(FRAME))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("data")
    FRAME.to_csv(folder / "r.csv", index=False)
    FRAME.to_parquet(folder / "r.parquet")
    FRAME.to_feather(folder / "r.arrow")
    FRAME.to_json(folder / "r.jsonl", orient="records", lines=True)
    (folder / "r.json").write_text(json.dumps({"dataframe_split": FRAME.to_dict("split")}))
    FRAME.astype(object).assign(b=["x" if n == 17 else 1.5 for n in range(25)]).to_csv(
        folder / "bad.csv", index=False
    )
    return {path.name: str(path) for path in folder.iterdir()}


@pytest.fixture(scope="module")
def served(model: Path) -> Iterator[tuple[str, str]]:
    """Give the addresses of a server for HTTP and for gRPC."""
    base = [sys.executable, "-m", "mlmodel", "serve", "-m", str(model), "-p", "0"]
    process = subprocess.Popen([*base, "--grpc-port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        yield words[3].rstrip(","), f"grpc://{words[-1]}"
    finally:
        process.terminate()
        process.wait(100)


def run(*arguments: str, of: Any = command, **more: Any) -> Result:
    return CliRunner().invoke(of, list(arguments), **more)


def error_of(result: Result) -> Any:
    assert isinstance(result.exception, MlmodelError), result.output
    return result.exception


def answered(text: str) -> Any:
    return np.asarray(json.loads(text)["predictions"])


@pytest.mark.slow
@pytest.mark.parametrize("rows", [(), ("--batch-rows", "7")], ids=["whole", "pieces"])
@pytest.mark.parametrize("protocol", ["auto", "v2", "grpc", "grpc-frames"])
@pytest.mark.parametrize("name", ["r.csv", "r.parquet", "r.arrow", "r.jsonl", "r.json"])
def test_every_form_by_every_protocol(
    served: tuple[str, str], files: dict[str, str], name: str, protocol: str, rows: tuple[str, ...]
) -> None:
    """RST-188, RST-191."""
    if rows and name == "r.json":
        pytest.skip("JSON is one value")
    url = served["grpc" in protocol]
    options = ("-m", "linear") if protocol == "grpc" else ()
    result = run(url, "--protocol", protocol, *options, *rows, "-i", files[name])
    assert result.exit_code == 0, (result.output, result.exception)
    assert np.allclose(answered(result.stdout), TABLE)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["auto", "v2", "grpc-frames"])
@pytest.mark.parametrize("form", ["csv", "arrow", "arrows", "parquet"])
def test_every_form_of_answer(
    served: tuple[str, str], files: dict[str, str], tmp_path: Path, form: str, protocol: str
) -> None:
    out = tmp_path / "out"
    options = ("-i", files["r.csv"], "--format", form, "-o", str(out), "--protocol", protocol)
    for rows in ((), ("--batch-rows", "10")):
        assert run(served["grpc" in protocol], *options, *rows).exit_code == 0
        read = {"csv": pd.read_csv, "parquet": pq.read_table}.get(form)
        opened = pa.ipc.open_file if form == "arrow" else pa.ipc.open_stream
        table = read(out) if read else opened(out.read_bytes()).read_all()
        column = table["predictions"]
        assert np.allclose(column if form == "csv" else column.to_numpy(), TABLE)
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["auto", "v2", "grpc-frames"])
def test_an_error_names_the_row_of_the_file_and_leaves_nothing(
    served: tuple[str, str], files: dict[str, str], tmp_path: Path, protocol: str
) -> None:
    """RST-191: rows are counted from the file's first, and what stood at -o still does."""
    out = tmp_path / "out.json"
    out.write_text("before")
    options = ("--protocol", protocol, "--batch-rows", "7", "-o", str(out))
    error = error_of(run(served["grpc" in protocol], "-i", files["bad.csv"], *options))
    assert isinstance(error, InvalidInput)
    assert [one.row for one in error.violations] == [17]
    assert "row 17" in error.message
    assert (out.read_text(), os.listdir(tmp_path)) == ("before", ["out.json"])


@pytest.mark.slow
def test_other_ends(served: tuple[str, str], files: dict[str, str]) -> None:
    asked = (*("-i", files["r.json"]), "-m", "none")
    assert isinstance(error_of(run(served[0], *asked)), ModelNotFound)
    assert isinstance(error_of(run(served[1], "-i", files["r.csv"])), InvalidArgument)
    result = run(served[0], "-i", files["r.json"], "--batch-rows", "2")
    assert "JSON lines" in error_of(result).message
    for at, protocol in enumerate(("auto", "grpc-frames")):
        asked = ("--protocol", protocol, "-i", files["r.csv"], "--max-answer", "9")
        result = run(served[at], *asked)
        assert isinstance(error_of(result), PayloadTooLarge)
    assert run(served[0], input='{"inputs": {"a": [1], "b": [0.25]}}').exit_code == 0


def test_a_token_a_model_and_a_form_go_along(tmp_path: Path, files: dict[str, str]) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    with stub(lambda one: (200, {}, b"y\r\n1\r\n")) as made:
        options = ("--token-file", str(token), "-m", "iris", "--format", "csv")
        result = run(made.url, "-i", files["r.csv"], *options)
    assert result.stdout_bytes == b"y\r\n1\r\n"
    (one,) = made.asked
    assert one.path == "/models/iris/invocations"
    assert one.headers["authorization"] == "Bearer s3cret"
    assert (one.headers["accept"], one.headers["content-type"]) == ("text/csv", "text/csv")
    assert one.body.decode() == FRAME.to_csv(index=False)


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff", b"a\nb"])
def test_a_file_that_holds_no_token(tmp_path: Path, content: bytes | None) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_bytes(content)
    result = run("http://127.0.0.1:9", "--token-file", str(token), input="{}")
    assert isinstance(error_of(result), InvalidArgument)


@pytest.mark.thorough
def test_retries_and_a_server_that_is_not_there(files: dict[str, str]) -> None:
    """RST-189, RST-190."""

    def answer(one: Asked) -> tuple[int, dict[str, str], bytes]:
        again = len(made.asked) < 4
        return (503, {**JSON, "Retry-After": "0"}, b"") if again else predictions([1])

    with stub(answer) as made:
        assert run(made.url, "-i", files["r.json"]).exit_code == 0
        assert len(made.asked) == 4
        made.asked.clear()
        assert isinstance(
            error_of(run(made.url, "-i", files["r.json"], "--retries", "1")), Unavailable
        )
    assert isinstance(error_of(run(made.url, "-i", files["r.json"])), Unavailable)


def test_a_server_that_does_not_tell_is_taken_at_the_callers_word(files: dict[str, str]) -> None:
    """RST-191: one that lacks the other protocol."""

    def answer(one: Asked) -> tuple[int, dict[str, str], bytes]:
        rows = one.body.count(b"\n") - 1
        return predictions([1] * rows) if one.method == "POST" else (404, {}, b"")

    with stub(answer) as made:
        result = run(made.url, "-i", files["r.csv"], "--batch-rows", "10")
        assert result.exit_code == 0, result.exception
        assert "taken from you" in result.stderr
        assert len(answered(result.stdout)) == 25
        made.answer = lambda one: predictions([1]) if one.method == "POST" else (404, {}, b"")
        result = run(made.url, "-i", files["r.csv"], "--batch-rows", "10")
        assert "a piece of 10 rows" in error_of(result).message


@pytest.mark.parametrize("arguments", [(), ("h", "--key", "k"), ("h", "--protocol", "soap"), ("h", "--batch-rows", "0"), ("h", "--format", "xml")])  # fmt: skip
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments, input="{}").exit_code == 2


def test_nothing_on_standard_input() -> None:
    for of, start in ((score, "http://127.0.0.1:9"), (predict, "-mx"), (validate_input, "-mx")):
        result = run(start, of=of.command, input="")
        assert result.exit_code != 0


def test_predict_and_check_in_pieces(model: Path, files: dict[str, str], tmp_path: Path) -> None:
    """RST-191: the same answers as of the whole."""
    for name in ("r.csv", "r.parquet", "r.arrow", "r.jsonl"):
        options = ("-m", str(model), "-i", files[name])
        whole = run(*options, "--sandbox", "off", of=predict.command)
        cut = run(*options, "--sandbox", "off", "--batch-rows", "4", of=predict.command)
        assert (cut.exit_code, whole.exit_code) == (0, 0)
        assert np.array_equal(answered(cut.stdout), answered(whole.stdout))
        told = run(*options, "--batch-rows", "4", of=validate_input.command)
        assert told.stdout == f"{files[name]}: no problem in 25 rows.\n"
    told = run(
        "-m", str(model), "-i", files["bad.csv"], "--batch-rows", "4", of=validate_input.command
    )
    assert told.exit_code == 1
    assert "row 17" in told.stdout
    assert "24 of 25 rows fit" in told.stdout
    out = tmp_path / "out.json"
    options = ("-m", str(model), "-i", files["bad.csv"], "--batch-rows", "4", "--sandbox", "off")
    error = error_of(run(*options, "-o", str(out), of=predict.command))
    assert [one.row for one in error.violations] == [17]
    assert not out.exists()


@pytest.mark.slow
def test_predict_in_pieces_behind_the_wall(model: Path, files: dict[str, str]) -> None:
    """TRU-080: one process answers all pieces."""
    options = ("-m", str(model), "-i", files["r.csv"], "--batch-rows", "4")
    result = run(*options, "--sandbox", "on", of=predict.command)
    if isinstance(result.exception, InvalidArgument):
        pytest.skip("this system has no wall")
    assert np.allclose(answered(result.stdout), TABLE)


@pytest.mark.thorough
def test_a_large_file_is_checked_in_pieces(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file beyond the bound is never held as a whole."""
    path = tmp_path / "large.csv"
    row = "1.5," + "2." + "0" * 3000 + "\n"
    path.write_text("a,b\n" + row * 12_000)
    seen: list[int] = []
    from mlmodel.scoring.pieces import checks

    whole = checks.check_input
    monkeypatch.setattr(
        checks,
        "check_input",
        lambda media, body, s: seen.append(len(body)) or whole(media, body, s),
    )
    result = run("-m", str(model), "-i", str(path), of=validate_input.command)
    assert result.stdout == f"{path}: no problem in 12000 rows.\n"
    assert len(seen) >= 1


def refusing(status: int, code: str, message: str) -> Any:
    """Return what answers every request with an error."""
    told = json.dumps({"error_code": code, "message": message, "details": []}).encode()
    return lambda _: (status, JSON, told)


@pytest.mark.parametrize("protocol", ["auto", "v2", "invocations"])
def test_a_server_that_wants_a_token(files: dict[str, str], tmp_path: Path, protocol: str) -> None:
    message = "This server asks for a token, and the request has none (RST-165)."
    (tmp_path / "token").write_text("nobody-knows-it\n")
    asking = ("--protocol", protocol, "-i", files["r.csv"])
    with stub(refusing(401, "UNAUTHENTICATED", message)) as server:
        without = error_of(run(server.url, *asking))
        assert str(without).startswith(message)
        assert "holds the token by --token-file FILE" in str(without)
        other = error_of(run(server.url, *asking, "--token-file", str(tmp_path / "token")))
        assert "another token that it takes by --token-file FILE" in str(other)


def test_a_server_of_several_models(files: dict[str, str]) -> None:
    message = "There is nothing at this path; this server has several models (RST-131)."
    with stub(refusing(404, "NOT_FOUND", message)) as server:
        asking = (server.url, "--protocol", "invocations", "-i", files["r.csv"])
        assert "Name the model by -m NAME." in str(error_of(run(*asking)))
        assert "-m NAME" not in str(error_of(run(*asking, "-m", "iris")))


def test_a_server_that_refuses_otherwise_gets_no_advice(files: dict[str, str]) -> None:
    with stub(refusing(404, "NOT_FOUND", "There is nothing at this path (RST-072).")) as server:
        asking = (server.url, "--protocol", "invocations", "-i", files["r.csv"])
        assert str(error_of(run(*asking))) == "There is nothing at this path (RST-072)."
