"""Servers that are asked over gRPC and know the answers, or are wrong on purpose.

Those of :func:`oracle` speak gRPC, and answer ``ServerReady`` wrongly; those of :func:`raw` do not
speak it, or stop speaking it.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import grpc

CODE = grpc.StatusCode
SERVICE = "inference.GRPCInferenceService"
READY = b"\x08\x01"
#: A message whose one field says that it is longer than it is.
GARBAGE = b"\x0a\x7f"
_OVER = threading.Event()


def right(_):
    yield READY


def hang(context):
    _until_over(context)
    yield READY


def trickle(context):
    """Answer now and then, always before anybody stops waiting for it."""
    while not _until_over(context, 0.1):
        yield READY


def flood(_):
    while True:
        yield READY * 10_000


def large(_):
    yield READY * 2_000_000


def garbage(_):
    yield GARBAGE


def silent(_):
    yield from ()


def twice(_):
    yield READY
    yield READY


def unnamed(context):
    context.abort(CODE.INVALID_ARGUMENT, "no")
    yield


def raises(_):
    raise RuntimeError("of the server")
    yield


def refuses(code, said, metadata):
    def answer(context):
        context.set_trailing_metadata((("mlmodel-error", metadata),))
        context.set_code(code)
        context.set_details(said)
        yield from ()

    return answer


ODD = {
    **{one.__name__: one for one in (right, hang, trickle, flood, large, garbage, silent)},
    **{one.__name__: one for one in (twice, unnamed, raises)},
    "wrong": refuses(CODE.UNAVAILABLE, "no", '{"error_code": "UNAVAILABLE", "details": []}'),
    "wordless": refuses(CODE.UNAVAILABLE, "", '{"error_code": "UNAVAILABLE", "details": []}'),
    "no-json": refuses(CODE.UNAVAILABLE, "no", "{"),
    "no-object": refuses(CODE.UNAVAILABLE, "no", "[]"),
    "no-name": refuses(CODE.UNAVAILABLE, "no", "{}"),
}


def _until_over(context, seconds=60.0):
    """Wait, and return whether nobody waits for an answer any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and context.is_active() and not _OVER.is_set():
        time.sleep(0.02)
    return not context.is_active() or _OVER.is_set()


class _Oracle(grpc.GenericRpcHandler):
    def __init__(self, odd, asked):
        self._odd, self._asked = odd, asked

    def service(self, handler_call_details):
        method = handler_call_details.method.rpartition("/")[2]

        def behave(requests, context):
            self._asked.append((method, next(requests)))
            yield from (self._odd if method == "ServerReady" else right)(context)

        return grpc.stream_stream_rpc_method_handler(behave)


@contextmanager
def oracle(mode="right"):
    """Give the port of a server, and the calls that it was asked."""
    asked = []
    server = grpc.server(ThreadPoolExecutor(4), handlers=(_Oracle(ODD[mode], asked),))
    port = server.add_insecure_port("127.0.0.1:0")
    _OVER.clear()
    server.start()
    try:
        yield port, asked
    finally:
        _OVER.set()
        server.stop(0).wait()


# What is no gRPC, byte by byte: frames of HTTP/2 have a length, a type, flags and a stream.


def _frame(kind, flags, stream, payload=b""):
    length = struct.pack(">I", len(payload))[1:]
    return length + bytes([kind, flags]) + struct.pack(">I", stream) + payload


_PREFACE, _HEAD = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 9
_DATA, _HEADERS = 0, 1
_LAST = 1  # of the frames of a stream
_END = _LAST | 4  # of the headers, too
_SETTINGS = _frame(4, 0, 0)


def _calls(connection):
    """Speak HTTP/2, and give the stream of each call when all of it is there."""
    connection.sendall(_SETTINGS)
    given = connection.makefile("rb")
    given.read(len(_PREFACE))
    while head := given.read(_HEAD):
        size, kind, flags, stream = (
            int.from_bytes(head[:3], "big"),
            *struct.unpack(">BBI", head[3:]),
        )
        given.read(size)
        if kind in (_DATA, _HEADERS) and flags & _LAST:
            yield stream


def _until_left(connection):
    """Read what comes: closed with bytes unread, a connection takes back what it has sent."""
    while connection.recv(65536):
        pass


def http1(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    _until_left(connection)


def words(connection):
    connection.sendall(b"220 mail.example ready\r\n" * 10)
    _until_left(connection)


def closes(connection):
    next(_calls(connection))


def resets(connection):
    for stream in _calls(connection):
        connection.sendall(_frame(3, 0, stream, struct.pack(">I", 2)))


def goes_away(connection):
    next(_calls(connection))
    connection.sendall(_frame(7, 0, 0, struct.pack(">II", 0, 0)))


def not_found(connection):
    """Answer 404, which is entry 13 of the table that all headers have in common."""
    for stream in _calls(connection):
        connection.sendall(_frame(_HEADERS, _END, stream, b"\x8d"))


def says_nothing(connection):
    _until_left(connection)


@contextmanager
def raw(behave):
    """Give the port of a server that does this with each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, behave), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening, behave):
    with suppress(OSError):  # it has been closed
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_behave, args=(connection, behave), daemon=True).start()


def _behave(connection, behave):
    with connection, suppress(OSError):  # who asks may go first
        connection.settimeout(60)
        behave(connection)
