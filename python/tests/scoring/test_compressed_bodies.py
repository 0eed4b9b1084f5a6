"""Bodies that were compressed on their way (RST-122, RST-123)."""

from __future__ import annotations

import gzip
import io
import json
import random
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bounded import bounded
from mlmodel.errors import MalformedRequest, PayloadTooLarge, UnsupportedMediaType
from mlmodel.scoring.encodings import known_encodings, unpack
from mlmodel.scoring.engine import Engine
from mlmodel.serving.app import Application

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 2**20
#: A minute is there for what never ends.
PATIENCE = 60
BODY = b'{"inputs": [1, 2]}'


def zstd(body: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(body)
    return sink.getvalue().to_pybytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd}
encodings = pytest.mark.parametrize("encoding", PACKERS)


@encodings
@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_unpacking_what_was_packed_changes_nothing(encoding: str, parts: list[bytes]) -> None:
    packed = b"".join(map(PACKERS[encoding], parts))
    assert unpack(encoding, packed, 12_000) == b"".join(parts)


@encodings
def test_a_large_body_is_unpacked(encoding: str) -> None:
    """RST-123: members that are longer than what is read at a time."""
    body = random.Random(1).randbytes(5 * MIB) + bytes(5 * MIB)
    assert (
        unpack(encoding, PACKERS[encoding](body) + PACKERS[encoding](b"end"), 11 * MIB)
        == body + b"end"
    )


@encodings
def test_wherever_a_body_ends_it_is_refused(encoding: str) -> None:
    """RST-123"""
    packed = PACKERS[encoding](BODY * 20)
    for end in range(len(packed)):
        with pytest.raises(MalformedRequest, match="RST-123"):
            unpack(encoding, packed[:end], MIB)


@encodings
@pytest.mark.parametrize("behind", [b"x", b"\0", bytes(64), b"\x1f\x8b", BODY])
def test_nothing_stands_behind_the_end(encoding: str, behind: bytes) -> None:
    """RST-123"""
    with pytest.raises(MalformedRequest, match="RST-123"):
        unpack(encoding, PACKERS[encoding](BODY) + behind, MIB)


@encodings
def test_the_bound_is_what_it_becomes(encoding: str) -> None:
    """RST-123: the last byte that fits, and one more; in one member and in several."""
    body = bytes(100_000)
    for packed in (
        PACKERS[encoding](body),
        PACKERS[encoding](body[:60_000]) + PACKERS[encoding](body[60_000:]),
    ):
        assert unpack(encoding, packed, 100_000) == body
        with pytest.raises(PayloadTooLarge, match="99999 bytes"):
            unpack(encoding, packed, 99_999)


@pytest.mark.parametrize("header", [None, "identity", "Identity", "", " , identity"])
def test_what_is_not_compressed_stays_as_it_is(header: str | None) -> None:
    assert unpack(header, BODY, 1) == BODY


@pytest.mark.parametrize(
    "header", ["br", "deflate", "gzip,gzip", "zstd, gzip", "gzip;q=1", "x-zstd"]
)
def test_other_encodings_are_refused_with_those_that_are_known(header: str) -> None:
    """RST-122"""
    with pytest.raises(UnsupportedMediaType, match="gzip, zstd, identity"):
        unpack(header, BODY, MIB)


def test_without_what_reads_zstd_it_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """RST-122"""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert known_encodings() == ["gzip", "identity"]
    with pytest.raises(UnsupportedMediaType, match="gzip, identity"):
        unpack("zstd", BODY, MIB)


LARGE = """
import gzip, sys
sys.path.insert(0, {tests!r})
from test_compressed_bodies import BOMBS, unpack
encoding, body = BOMBS[{name!r}]()
try:
    print(len(unpack(encoding, body, 2**20)))
except Exception as error:
    print(error.code)
"""
#: What would take gibibytes, or a time that grows with the square of the body.
BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "gzip": lambda: ("gzip", gzip.compress(bytes(1024 * MIB), 1)),
    "zstd": lambda: ("zstd", zstd(bytes(2048 * MIB))),
    "many members": lambda: ("gzip", gzip.compress(b"") * 3_000_000),
    "as many members as there may be": lambda: ("gzip", gzip.compress(b"") * 100_000),
    "many frames": lambda: ("zstd", zstd(b"") * 3_000_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_what_would_grow_is_refused(name: str) -> None:
    """RST-123: without being unpacked further, and in a time that the body's size warrants."""
    program = LARGE.format(tests=__file__.rpartition("/")[0], name=name)
    answer = bounded("-c", program, timeout=PATIENCE, text=True)
    expected = {
        "gzip": "PAYLOAD_TOO_LARGE",
        "zstd": "PAYLOAD_TOO_LARGE",
        "many members": "MALFORMED_REQUEST",
    }
    assert answer.stdout.strip() == expected.get(name, "0"), answer.stderr[-2000:]


def posted(application: Application, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    status: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/invocations", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "HTTP_HOST": "x", "wsgi.input": io.BytesIO(body), **headers,
    }  # fmt: skip
    answer = b"".join(application(environ, lambda line, _: status.append(line)))
    return int(status[0][:3]), json.loads(answer)


@encodings
def test_a_server_bounds_what_a_body_becomes(encoding: str) -> None:
    """RST-123: its limit for bodies holds for what is unpacked, too."""
    application = Application(Engine(lambda data, _: data), max_body=1000)
    packed = PACKERS[encoding](BODY)
    assert posted(application, packed, HTTP_CONTENT_ENCODING=encoding) == (
        200,
        {"predictions": [1, 2]},
    )
    grown = PACKERS[encoding](BODY + b" " * 10_000)
    assert len(grown) < 1000
    status, answer = posted(application, grown, HTTP_CONTENT_ENCODING=encoding)
    assert (status, answer["error_code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_of_an_unknown_encoding_is_not_read() -> None:
    """RST-122"""

    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError

    application = Application(Engine(lambda data, _: data), max_body=1000)
    status, answer = posted(
        application, BODY, **{"HTTP_CONTENT_ENCODING": "br", "wsgi.input": Unread()}
    )
    assert (status, answer["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
