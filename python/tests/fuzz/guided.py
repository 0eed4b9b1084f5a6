"""Bodies and requests that are led by coverage (atheris, libFuzzer): no input is a fault of ours.

``python guided.py bodies|v2|http RUNS [SEED]`` tries so many inputs, begun with those of the
vectors, and ends with another code than 0 at a find, whose bytes it prints.

- ``bodies``: content type and model are told by the first two bytes, the rest is the body of a
  request. Whatever it is, the answer is of the table of errors and is none that hides a fault of
  ours; and the same body behind spaces, which is read by the parser of long bodies, has the same.
- ``v2``: the same of the Open Inference Protocol, with a binary part.
- ``http``: bytes of a connection, read at once and in pieces: both give the same requests, or
  both refuse what comes behind them.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris

with atheris.instrument_imports(include=["mlmodel.scoring", "mlmodel.serving.http"]):
    from mlmodel.errors import MlmodelError
    from mlmodel.models import Model
    from mlmodel.pyfunc import PyFuncModel
    from mlmodel.scoring.invocations.protocol import handle
    from mlmodel.scoring.v2 import Models
    from mlmodel.scoring.v2 import handle as handle_v2
    from mlmodel.serving.http.reader import Heads, Reader, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VECTORS = Path(__file__).resolve().parents[3] / "conformance" / "vectors" / "v1"
_TYPES = [
    "application/json", "text/csv", "application/json; format=pandas-split",
    "application/json; format=pandas-records", "application/vnd.apache.arrow.stream",
    "application/vnd.apache.arrow.file", "application/vnd.apache.parquet",
]  # fmt: skip
#: Longer than what is read by the parser of short bodies.
_LONG = b" " * 2**16
_LARGEST = 4096


def _cases(area: str) -> Iterator[dict[str, Any]]:
    for path in sorted((_VECTORS / area).glob("*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            yield case["input"]


def _body(request: dict[str, Any]) -> bytes:
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"])
    return str(request.get("body", "")).encode("utf-8", "surrogatepass")


def _echo(given: Any, _params: Any) -> Any:
    return given


def _signatures(area: str) -> list[Any]:
    """Return the signatures of the vectors, each once; None is that of a model without one."""
    found: dict[str, Any] = {"null": None}
    for case in _cases(area):
        for model in case.get("models", [case]):
            signature = model.get("signature")
            found.setdefault(json.dumps(signature), signature)
    return list(found.values())[:128]


def _engine(signature: Any) -> Any:
    try:
        made = Model.from_dict({} if signature is None else {"signature": signature})
        return PyFuncModel(made, _echo).engine
    except MlmodelError:  # a vector of a signature that is refused
        return None


class _Bodies:
    def __init__(self) -> None:
        signatures = _signatures("scoring")
        self.engines = [engine for engine in map(_engine, signatures) if engine is not None]
        self._texts = [json.dumps(one) for one in signatures if _engine(one) is not None]

    def seeds(self) -> Iterator[bytes]:
        for case in _cases("scoring"):
            request = case.get("request")
            if request is None or json.dumps(case.get("signature")) not in self._texts:
                continue
            media = request.get("headers", {}).get("Content-Type", "")
            kind = _TYPES.index(media) if media in _TYPES else 0
            model = self._texts.index(json.dumps(case.get("signature")))
            yield bytes([kind, model]) + _body(request)

    def __call__(self, data: bytes) -> None:
        if len(data) < 2:
            return
        media = _TYPES[data[0] % len(_TYPES)]
        engine = self.engines[data[1] % len(self.engines)]
        answer = handle(media, data[2:], engine)
        _is_of_the_table(answer.status, answer.body)
        if media.startswith("application/json"):
            long = handle(media, _LONG + data[2:], engine)
            if long.status != answer.status or (long.status == 200 and long != answer):
                raise AssertionError(f"a long body is read as another: {answer} {long}")


class _V2:
    def __init__(self) -> None:
        self.models = Models()
        signatures = [one for one in _signatures("scoring-v2") if _engine(one) is not None]
        self._texts = [json.dumps(one) for one in signatures]
        for place, signature in enumerate(signatures):
            self.models.add(f"m{place}", lambda signature=signature: _engine(signature))
            self.models.load(f"m{place}")

    def seeds(self) -> Iterator[bytes]:
        for case in _cases("scoring-v2"):
            request = case.get("request")
            models = case.get("models") or [{}]
            text = json.dumps(models[0].get("signature"))
            if request is None or text not in self._texts:
                continue
            headers = {key.lower(): value for key, value in request.get("headers", {}).items()}
            length = headers.get("inference-header-content-length", "0")
            size = int(length) if length.isdecimal() else 0
            yield bytes([self._texts.index(text)]) + (size % 2**16).to_bytes(2) + _body(request)

    def __call__(self, data: bytes) -> None:
        if len(data) < 3:
            return
        name = f"m{data[0] % len(self._texts)}"
        size = int.from_bytes(data[1:3])
        headers = {"Inference-Header-Content-Length": str(size)} if size else {}
        answer = handle_v2("POST", f"/v2/models/{name}/infer", headers, data[3:], self.models)
        if not dict(answer.headers).get("Inference-Header-Content-Length"):
            _is_of_the_table(answer.status, answer.body)


def _is_of_the_table(status: int, body: bytes) -> None:
    said = json.loads(body) if status >= 400 else {}
    if said.get("error_code") in ("INTERNAL_ERROR", "MODEL_FAILURE") or "ERR-006" in str(said):
        raise AssertionError(f"{status}: {said}")


class _Http:
    def seeds(self) -> Iterator[bytes]:
        head = b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
        yield b"\x05" + head + b"Content-Length: 3\r\n\r\nabc"
        yield b"\x05" + (head + b"Content-Length: 3\r\n\r\nabc") * 2
        yield b"\x21" + head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"
        yield b"\x33" + head + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\na"
        yield (
            b"\x40" + b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /ping HTTP/1.1\r\n\r\n"
        )
        yield b"\x07" + head + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"

    def __call__(self, data: bytes) -> None:
        if not data:
            return
        step = data[0] + 1
        pieces = [data[at : at + step] for at in range(1, len(data), step)]
        whole, cut = self._read([data[1:]]), self._read(pieces)
        # A refusal may come before requests that are read at once with it; those come first then.
        if whole[0] != cut[0] and not (whole[1] and cut[1]):
            raise AssertionError(f"cut at {step}: {whole} {cut}")
        if whole[1] != cut[1]:
            raise AssertionError(f"cut at {step}: {whole} {cut}")

    def _read(self, pieces: list[bytes]) -> tuple[list[Any], bool]:
        held = [0]

        def reserve(size: int) -> None:
            held[0] += size

        def release(size: int) -> None:
            held[0] -= size

        reader = Reader(1000, reserve, release, Heads())
        refused = False
        try:
            for piece in pieces:
                reader.feed(piece)
                if reader.complete and not reader.complete[-1].keep_alive:
                    break
        except Refusal:
            refused = True
        requests = [
            (one.method, one.target, one.raw, one.body, one.keep_alive) for one in reader.complete
        ]
        reader.close()
        for one in reader.complete:
            release(one.reserved)
        if held[0]:
            raise AssertionError(f"{held[0]} bytes are not given back")
        return requests, refused


_TARGETS: dict[str, Callable[[], Any]] = {"bodies": _Bodies, "v2": _V2, "http": _Http}


def main() -> None:
    """Run the target that the command line names."""
    name, runs = sys.argv[1], int(sys.argv[2])
    seed = sys.argv[3] if len(sys.argv) > 3 else "1"
    target = _TARGETS[name]()
    with tempfile.TemporaryDirectory() as folder:
        for place, data in enumerate(target.seeds()):
            if len(data) <= _LARGEST:
                (Path(folder) / f"{place:05}").write_bytes(data)
        options = [
            f"-runs={runs}", f"-seed={seed}", f"-max_len={_LARGEST}", "-timeout=60",
            "-rss_limit_mb=4096", f"-artifact_prefix={folder}/find-", "-print_final_stats=1",
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
