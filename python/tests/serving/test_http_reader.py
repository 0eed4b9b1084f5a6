"""What is read of a connection's bytes, and what is refused (RST-073, RST-104, RST-105)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.errors import MlmodelError, Unavailable
from mlmodel.serving.http.reader import Heads, Reader, Refusal

if TYPE_CHECKING:
    from mlmodel.serving.http.messages import Request

POST = b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
BODY = b'{"inputs": [1]}'
LENGTH = b"Content-Length: 15\r\n"
WHOLE = POST + LENGTH + b"\r\n" + BODY
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + BODY + b"\r\n0\r\nX: y\r\n\r\n"
PING = b"GET /ping?a=b HTTP/1.1\r\nHost: x\r\n\r\n"


class Memory:
    """Bytes set aside."""

    def __init__(self, most: int = 10**9) -> None:
        self.held, self.most = 0, most

    def reserve(self, size: int) -> None:
        if self.held + size > self.most:
            raise Unavailable("no (RST-074).")
        self.held += size

    def release(self, size: int) -> None:
        self.held -= size


def reader(memory: Memory | None = None, heads: Heads | None = None) -> Reader:
    memory = memory or Memory()
    return Reader(1000, memory.reserve, memory.release, heads or Heads())


def told(request: Request) -> tuple[object, ...]:
    return (
        request.method,
        request.target,
        request.raw,
        request.version,
        request.keep_alive,
        request.body,
    )


def read(*pieces: bytes, heads: Heads | None = None) -> list[tuple[object, ...]]:
    one = reader(heads=heads)
    for piece in pieces:
        one.feed(piece)
    return [told(request) for request in one.complete]


def refusal(*pieces: bytes, memory: Memory | None = None) -> MlmodelError:
    one = reader(memory)
    try:
        for piece in pieces:
            one.feed(piece)
    except Refusal as refused:
        return refused.error
    return pytest.fail("not refused")


def test_requests() -> None:
    first, second, third = read(WHOLE + CHUNKED + PING)
    assert first[0::5] == ("POST", BODY)
    assert first[2] == {b"host": b"x", b"content-length": b"15"}
    assert second[5] == BODY
    assert b"x" not in second[2]  # a header behind the last chunk is none of the request
    assert third[:2] == ("GET", b"/ping?a=b")
    assert read(b"GET / HTTP/1.0\r\n\r\n")[0][3:5] == ("1.0", False)
    assert read(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")[0][4] is True
    assert read(POST + b"A: 1\r\na: 2\r\n\r\n")[0][2][b"a"] == b"1, 2"


@given(st.lists(st.sampled_from([WHOLE, CHUNKED, PING]), max_size=4), st.data())
def test_pieces_and_heads_change_nothing(parts: list[bytes], data: st.DataObject) -> None:
    """However the bytes are cut, and whatever was read before, the requests are the same."""
    text, heads = b"".join(parts), Heads()
    expected = read(text)
    for part in (WHOLE, PING):
        read(part, heads=heads)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(*(piece for piece in pieces if piece), heads=heads) == expected
    assert read(*parts, heads=heads) == expected


def test_a_head_that_is_known() -> None:
    """Only the very bytes are, with a body of the very length."""
    heads = Heads()
    assert heads.find(WHOLE) is None
    read(WHOLE, heads=heads)
    known = heads.find(WHOLE)
    assert known is not None
    assert told(known) == read(WHOLE)[0]
    other = WHOLE.replace(b"[1]", b"[2]")
    assert told(heads.find(other)) == read(other)[0]
    for changed in (
        WHOLE + b" ",
        WHOLE[:-1],
        WHOLE.replace(b"Host: x", b"Host: y"),
        b"",
        b"\r\n\r\n",
    ):
        assert heads.find(changed) is None
    for left_out in (
        CHUNKED,
        WHOLE + b"\r\n",
        WHOLE + PING,
        POST + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n" + BODY,
        POST + b"Connection: close\r\n" + LENGTH + b"\r\n" + BODY,
        POST + b"X: " + b"y" * 5000 + b"\r\n" + LENGTH + b"\r\n" + BODY,
        WHOLE.replace(b"1.1", b"1.0"),
    ):
        read(left_out, heads=heads)
        assert heads.find(left_out) is None


def test_what_is_no_head_is_not_remembered_as_one() -> None:
    """Also where requests that are whole have not been taken yet."""
    heads = Heads()
    one = reader(heads=heads)
    other = WHOLE.replace(b"Host: x", b"Host: y")
    for data in (WHOLE, b"\r" * (len(BODY) + 3), b"\n", other):
        with suppress(Refusal):
            one.feed(data)
    assert heads.find(b"\r" * (len(BODY) + 3)) is None
    two = reader(heads=heads)
    two.feed(WHOLE)
    two.feed(other)
    for data in (WHOLE, other):
        assert told(heads.find(data)) == read(data)[0]


def test_few_heads_are_known() -> None:
    heads = Heads()
    for number in range(1000):
        read(WHOLE.replace(b"Host: x", b"Host: x%d" % number), heads=heads)
    found = [heads.find(WHOLE.replace(b"Host: x", b"Host: x%d" % n)) for n in range(1000)]
    assert 0 < sum(one is not None for one in found) <= 256


def test_a_known_head_sets_memory_aside_as_any() -> None:
    heads, memory = Heads(), Memory(20)
    one, other = reader(memory, heads), reader(memory, heads)
    one.feed(WHOLE)
    assert memory.held == one.complete[0].reserved == 15
    with pytest.raises(Refusal) as caught:
        other.feed(WHOLE)
    assert isinstance(caught.value.error, Unavailable)


@pytest.mark.parametrize(
    "request_",
    [
        POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n0\r\n\r\n",
        *(
            POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
            for coding in (b"gzip, chunked", b"chunked, chunked", b"identity", b"xchunked", b"")
        ),
        *(
            POST + b"Content-Length: " + length + b"\r\n\r\n" + BODY
            for length in (b"+15", b"-15", b"0xf", b"1_5", b"", b"15, 15", b"\xd9\xa1", b"1e1")
        ),
        POST + LENGTH + LENGTH + b"\r\n" + BODY,
        POST + b"Content-Length : 15\r\n\r\n" + BODY,
        POST + b"Content-Length: " + b"0" * 5000 + b"3\r\n\r\n" + BODY,
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"X: a\r\n b\r\n\r\n",
        POST + b"X: a\rb\r\n\r\n",
        POST + b"X: a\0b\r\n\r\n",
        POST + b"X\xff: a\r\n\r\n",
        POST + b": a\r\n\r\n",
        POST + b"X\r\n\r\n",
        b"POST /invocations HTTP/1.1\nHost: x\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\n\n",
        b"POST /invocations HTTP/1.2\r\nHost: x\r\n\r\n",
        b"POST /invocations HTTP/2.0\r\nHost: x\r\n\r\n",
        b"POST /invocations\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"WHAT /invocations HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        *(
            POST + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"
            for size in (b"+f", b"-f", b"0xf", b"0_f", b" f", b"", b"f;a\nb", b"f" * 17, b"e")
        ),
        POST + b"Transfer-Encoding: chunked\r\n\r\nf\n" + BODY + b"\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nf\r\n" + BODY + b"\n0\r\n\r\n",
        POST + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"POST /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        POST + b"".join(b"X%d: y\r\n" % n for n in range(300)) + b"\r\n",
    ],
)
def test_what_is_not_http_or_ambiguous(request_: bytes) -> None:
    """RST-104: refused, and by pieces as well, before a second request could begin."""
    assert "RST-104" in refusal(request_ + PING).message
    pieces = [request_[n : n + 7] for n in range(0, len(request_), 7)]
    assert "RST-104" in refusal(*pieces, PING, PING).message


@pytest.mark.parametrize("host", [b"", b"a,b", b"a b", b"a/b", b"u@h", b"[::1", b"a:1:2", b"\xe4"])
def test_hosts(host: bytes) -> None:
    """RST-105."""
    text = WHOLE.replace(b"Host: x", b"Host: " + host)
    assert "RST-105" in refusal(text).message
    assert "RST-105" in refusal(WHOLE.replace(b"Host: x\r\n", b"")).message
    assert "RST-105" in refusal(WHOLE.replace(b"Host: x", b"Host: x\r\nHost: x")).message


def test_a_head_without_end() -> None:
    """RST-104: it does not grow for ever."""
    assert "RST-104" in refusal(*[b"GET / HTTP/1.1\r\nX: "], *[b"y" * 1000] * 100).message


def test_bodies_that_are_too_large() -> None:
    """RST-073: nothing is set aside for one that is announced; one in chunks ends early."""
    memory = Memory()
    announced = refusal(POST + b"Content-Length: 1001\r\n\r\n", memory=memory)
    assert (announced.http_status, memory.held) == (413, 0)
    chunk = b"1f4\r\n" + b"x" * 500 + b"\r\n"
    begun = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert refusal(begun, chunk, chunk, chunk).http_status == 413
    assert refusal(begun + b"fffffff\r\n", *[b"x" * 500] * 3).http_status == 413


def test_memory_is_given_back() -> None:
    """RST-074: what is set aside is the body's, and a reader that ends gives it back."""
    memory = Memory()
    for begun in (WHOLE[:-3], CHUNKED[:-20]):
        one = reader(memory)
        one.feed(begun)
        assert memory.held > 0
        assert one.state == "body"
        one.close()
        assert memory.held == 0
    assert isinstance(refusal(WHOLE, memory=Memory(10)), Unavailable)
    assert isinstance(refusal(CHUNKED, memory=Memory(10)), Unavailable)


def test_where_a_reader_stands() -> None:
    one = reader()
    assert one.state == "idle"
    one.feed(WHOLE + b"P")
    assert one.state == "head"
    one.feed(WHOLE[1:-2])
    assert one.state == "body"
    one.feed(WHOLE[-2:])
    assert one.state == "idle"
    assert len(one.complete) == 2


def test_a_client_that_waits_before_it_sends_the_body() -> None:
    one = reader()
    one.feed(POST + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n")
    assert one.wants_continue
    one.feed(BODY)
    assert not one.wants_continue
    assert one.complete[0].body == BODY


def test_another_protocol_is_not_taken() -> None:
    """The request is answered as it is, with its body, and the next one follows it."""
    for offer in (b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", b"Upgrade: x\r\n"):
        for rest in (LENGTH + b"\r\n" + BODY, CHUNKED[len(POST) :]):
            upgrade = POST + offer + b"HTTP2-Settings: AAMAAABk\r\n" + rest
            first, second = read(upgrade + PING)
            assert (first[1], first[5]) == (b"/invocations", BODY)
            assert second[1] == b"/ping?a=b"
            pieces = [upgrade[n : n + 5] for n in range(0, len(upgrade), 5)]
            assert [one[5] for one in read(*pieces, PING)] == [BODY, b""]
    for last in (b"Connection: close, Upgrade\r\n", b"Connection: Upgrade, close\r\n"):
        (only,) = read(POST + last + b"Upgrade: x\r\n" + LENGTH + b"\r\n" + BODY + PING)
        assert (only[4], only[5]) == (False, BODY)
    assert "RST-104" in refusal(b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n" + PING).message
    (only,) = read(POST + b"Connection: close\r\n" + LENGTH + b"\r\n" + BODY + PING)
    assert only[4] is False


def test_bytes_that_are_of_no_body() -> None:
    """RST-104: trailers and what stands behind the sizes of chunks do not grow for ever."""
    begun = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    many = [b"y" * 1000] * 100
    assert "RST-104" in refusal(begun, b"1\r\nx\r\n0\r\nX: ", *many).message
    assert "RST-104" in refusal(begun, b"1;", *many).message
    few = [b"y" * 1000] * 5
    (only,) = read(begun, b"1\r\nx\r\n0\r\nX: ", *few, b"\r\n\r\n")
    assert only[5] == b"x"


def test_headers_of_one_name_are_counted() -> None:
    assert "RST-104" in refusal(POST + b"a:\r\n" * 300 + b"\r\n").message


@pytest.mark.parametrize("length", [b"15 ", b"15\t", b"0015"])
def test_lengths_with_spaces(length: bytes) -> None:
    (only,) = read(POST + b"Content-Length: " + length + b"\r\n\r\n" + BODY)
    assert only[5] == BODY


def test_announced_bodies_hold_no_memory() -> None:
    """RST-074: what has come does."""
    memory = Memory(20)
    readers = [reader(memory) for _ in range(5)]
    for one in readers:
        one.feed(WHOLE[: -len(BODY)])
    assert memory.held == 0
    readers[0].feed(BODY)
    assert memory.held == len(BODY)
    with pytest.raises(Refusal):
        readers[1].feed(BODY)
