"""The client and a real server: TLS over HTTP and gRPC, a socket, and a stop in between."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

import mlmodel.sklearn
from certificates import certificate, needs_openssl
from mlmodel.client import AsyncClient, Client
from mlmodel.errors import (
    InvalidArgument,
    InvalidInput,
    ModelNotFound,
    PayloadTooLarge,
    Unavailable,
)
from mlmodel.signature.infer.from_data import infer_signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
BAD = pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "linear"
    trained = LinearRegression().fit(FRAME, np.array([0.0, 2.0, 4.0]))
    mlmodel.sklearn.save_model(trained, path, signature=infer_signature(FRAME))
    return path


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Run a server, and give the line that says where it is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mlmodel", "serve", *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(100)


def asked(url: str, own: Any, **settings: Any) -> None:
    """Ask a server in every way of one client; its answers are the model's own."""
    with Client(url, **settings) as client:
        assert client.live()
        assert client.ready()
        assert client.ready("linear")
        assert client.metadata("linear")["inputs"][0]["datatype"] == "FP64"
        for data in (FRAME, FRAME.to_dict("records"), FRAME.to_dict("list")):
            given = client.predict(data)
            assert (type(given), given.dtype) == (np.ndarray, np.float64)
            np.testing.assert_array_equal(given, own)
        np.testing.assert_array_equal(client.predict(FRAME, batch_rows=2), own)
        assert [len(one) for one in client.predict_each([FRAME, FRAME[:1]])] == [3, 1]
        with pytest.raises(InvalidInput) as caught:
            client.predict(BAD)
        assert caught.value.violations[0].column == "a"
        with pytest.raises(ModelNotFound):
            client.predict(FRAME, model="none")


async def asked_by_asyncio(url: str, own: Any, **settings: Any) -> None:
    async with AsyncClient(url, **settings) as client:
        found = await asyncio.gather(*(client.predict(FRAME) for _ in range(20)))
        assert all(np.array_equal(one, own) for one in found)
        assert await client.live()
        with pytest.raises(InvalidInput):
            await client.predict(BAD)


def by_threads(url: str, **settings: Any) -> Any:
    with Client(url, **settings) as client:
        return client.predict(FRAME)


def by_asyncio(url: str, **settings: Any) -> Any:
    async def ask() -> Any:
        async with AsyncClient(url, **settings) as client:
            return await client.predict(FRAME)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def own(model: Path) -> Any:
    return mlmodel.pyfunc.load_model(model).predict(FRAME)


def test_plain_http_and_grpc(model: Path, own: Any) -> None:
    """RST-188, by every protocol."""
    with serving("-m", str(model), "-p", "0", "--grpc-port", "0") as line:
        url, place = line.split()[3].rstrip(","), line.split()[-1]
        for protocol in ("auto", "v2", "invocations"):
            asked(url, own, protocol=protocol)
        asked(f"grpc://{place}", own, model="linear")
        asked(f"grpc://{place}", own, protocol="grpc-frames")
        asyncio.run(asked_by_asyncio(url, own))
        asyncio.run(asked_by_asyncio(f"grpc://{place}", own, model="linear"))
        asyncio.run(asked_by_asyncio(f"grpc://{place}", own, protocol="grpc-frames"))
        bounded = {"model": "linear", "max_answer": 10}
        for where, protocol in ((url, "v2"), (f"grpc://{place}", "grpc-frames")):
            for ask in (by_threads, by_asyncio):
                with pytest.raises(PayloadTooLarge, match="max_answer"):
                    ask(where, protocol=protocol, **bounded)
        crossed = {f"http://{place}": "grpc://HOST", url.replace("http", "grpc"): "http://HOST"}
        for wrong, right in crossed.items():
            for ask in (by_threads, by_asyncio):
                with pytest.raises(Unavailable, match=f"asked at {right}"):
                    ask(wrong, model="linear")
        client = Client(url)
        assert len(client.predict(FRAME)) == 3
    with pytest.raises(Unavailable):
        client.predict(FRAME)


def test_a_socket(model: Path, own: Any, tmp_path: Path) -> None:
    place = tmp_path / "s"
    with serving("-m", str(model), "--uds", str(place)):
        asked(f"unix://{place}", own)
        asyncio.run(asked_by_asyncio(f"unix://{place}", own))


@needs_openssl
def test_tls(model: Path, own: Any, tmp_path: Path) -> None:
    """A server that its certificate does not vouch for is not asked, unless that is said."""
    certificate(tmp_path)
    ca = tmp_path / "cert.pem"
    options = ("--tls-cert", str(tmp_path / "both.pem"), "-p", "0", "--grpc-port", "0")
    with serving("-m", str(model), *options) as line:
        url, place = line.split()[3].rstrip(","), line.split()[-1]
        asked(url, own, ca=ca)
        asked(f"grpcs://{place}", own, model="linear", ca=ca)
        asked(url, own, verify=False)
        asked(url, own, ca=ca, certificate=(ca, tmp_path / "key.pem"))
        asyncio.run(asked_by_asyncio(url, own, ca=ca))
        for wrong in (url, f"grpcs://{place}"):
            with Client(wrong, model="linear") as client, pytest.raises(Unavailable):
                client.predict(FRAME)
        with Client(url.replace("https", "http")) as client, pytest.raises(Unavailable):
            client.predict(FRAME)
    with pytest.raises(InvalidArgument):
        Client(url, ca=tmp_path / "key.pem")
