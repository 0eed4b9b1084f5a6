"""Stores, pages and archives that somebody made to do harm (LOC-003, LOC-015, LOC-022 to -030)."""

from __future__ import annotations

import bz2
import gzip
import http.server
import io
import json
import lzma
import os
import socket
import stat
import tarfile
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mlmodel.cli import main
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MlmodelError,
    ModelNotFound,
    UnreadableModel,
    UnsupportedModel,
    WriteFailed,
)
from mlmodel.store.locations.locate import local_folder, local_path
from mlmodel.store.locations.pages import links_of
from mlmodel.store.locations.remote import Limits
from mlmodel.store.locations.uris import shown_uri, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MLMODEL = b"flavors: {mine: {}}\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MLMODEL_CACHE", str(folder))
    monkeypatch.delenv("MLMODEL_PRIVATE_HOSTS", raising=False)
    return folder


def nothing_kept(cache: Path) -> bool:
    return not any(any((cache / name).iterdir()) for name in ("content", "sources", "partial"))


# -- schemes and chains -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        *("reference://::a.json", "reference::a.json", "REFERENCE::a.json", "reference://a.json"),
        *("reference:/a.json", "zip::reference::a.json", "zip://::reference://::a.json"),
        *("tar://x::zip://y::reference::a.json", "reference::memory://a.json"),
        *("simplecache::memory://x", "filecache://::memory://x", "blockcache::memory://x"),
        *("cached::memory://x", "dir::memory://x", "generic://x", "libarchive://::a.7z"),
        *("zip://::simplecache::memory://x", "dask::memory://x"),
    ],
)
def test_what_is_no_store_is_refused_in_every_spelling(uri: str, cache: Path) -> None:
    """LOC-003: only zip and tar make a chain, and what says where the data are is no store."""
    with pytest.raises(UnsupportedModel, match="LOC-003") as caught:
        local_folder(uri)
    assert "reference, " not in str(caught.value)
    assert nothing_kept(cache)


@pytest.mark.parametrize("uri", ["zip://", "zip://model.zip", "zip://::", "zip://::tar://a"])
def test_an_archive_that_is_nowhere(uri: str) -> None:
    """LOC-003."""
    with pytest.raises(InvalidArgument, match="where the archive is"):
        local_folder(uri)


def test_a_driver_gets_no_chain() -> None:
    """LOC-003: `::` behind a store's scheme is part of a name, and never another store."""
    fs = MemoryFileSystem()
    fs.pipe("/b/MLmodel", MLMODEL)
    try:
        assert (local_folder("memory://b") / "MLmodel").read_bytes() == MLMODEL
        with pytest.raises(ModelNotFound):
            local_folder("memory://a::memory://b")
    finally:
        fs.store.clear()
        fs.pseudo_dirs[:] = [""]


# -- secrets ----------------------------------------------------------------------------------

SECRET = "s3cr3t"
SPELLINGS = [
    *("https://user:a@%s@host.com/m", "https://user:a'%s@host.com/m", 'https://u:"%s@host.com/m'),
    *("https://user:a/%s@host.com/m", "https://user:a %s@host.com/m", "https://u:1/%s@host.com/m"),
    *("https://user:a?%s@host.com/m", "https://user:a#%s@host.com/m", "https://u:a::%s@host.com/m"),
    *("https://%s@host.com/m", "https://to/%s@host.com/m", "https://user:%s", "ftp://u:%s@host/m"),
    *("https://host.com/m#%s", "https://host.com/m#access_token=%s", "HTTPS:\\\\u:%s@host.com/m"),
    *("https://host.com/m?X-Amz-Signature=%s", "https://host.com/m?a='%s", "s3://key:%s@bucket/m"),
    *("https://host.com/m?a=%s@x", "https://host.com/t/%s/m", "sftp://u:a\t%s@host/m"),
    *("zip://in::https://u:%s@host.com/m.zip?sig=%s", "https:/u:%s@host.com/m", "models:/m?t=%s"),
    *("file://u:%s@host/m", "simplecache::https://u:%s@h.com/m", "nosuch://u:%s@h/m#%s"),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_secret_is_shown(
    spelling: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """LOC-015."""
    uri = spelling.replace("%s", SECRET)
    assert SECRET not in shown_uri(uri)
    assert SECRET not in without_secrets(uri)
    assert SECRET not in without_secrets(f"ValueError: {uri!r} is not right, at {uri}")


@pytest.mark.thorough
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_command_shows_a_secret(
    spelling: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOC-015."""
    monkeypatch.setattr(socket, "getaddrinfo", _unknown_host)
    uri = spelling.replace("%s", SECRET)
    for command in (["validate"], ["inspect"], ["trust", "add"], ["fmt"]):
        with pytest.raises(SystemExit):
            main([*command, uri])
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err


def _unknown_host(*_: Any, **__: Any) -> Any:
    raise socket.gaierror(-2, "Name or service not known")


@pytest.mark.parametrize(
    "uri",
    [
        *("https://host.com:8080/m", "s3://bucket/model@v1", "http://127.0.0.1:8000/a model/"),
        *("zip://inner::https://h.com/m.zip", "/a/b@c", "hf://datasets/x@main/y", "C:\\a@b"),
    ],
)
def test_what_has_no_secret_is_shown(uri: str) -> None:
    assert shown_uri(uri) == uri
    assert without_secrets(uri) == uri


def test_a_drivers_words_do_not_give_a_secret_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-015: neither as it was given, nor percent-encoded, nor without its URI."""

    class Telling(MemoryFileSystem):
        protocol = "telling"

        def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
            raise ValueError("the password 'pass word/1' (pass%20word%2F1) and abcd/efgh are wrong")

    fsspec.register_implementation("telling", Telling, clobber=True)
    with pytest.raises(UnreadableModel) as caught:
        local_folder("telling://me:pass word/1@host/m?sig=abcd%2Fefgh")
    said = str(caught.value)
    assert "are wrong" in said
    assert not [one for one in ("word", "abcd", "efgh") if one in said.replace("password", "")]


def test_the_cache_keeps_no_secret(cache: Path, web: Callable[..., str]) -> None:
    """LOC-015."""
    url = web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": MLMODEL})
    for form in ("m/?token=%s", "m/#token=%s"):
        local_folder(f"{url.replace('//', f'//u:{SECRET}@')}/{form.replace('%s', SECRET)}")
    kept = b"".join(path.read_bytes() for path in cache.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert not [path for path in cache.rglob("*") if SECRET in path.name]


# -- pages ------------------------------------------------------------------------------------


class _Server(http.server.BaseHTTPRequestHandler):
    """Answers with what a test says: bytes, or a function that writes the answer itself."""

    answers: dict[str, Any] = {}  # noqa: RUF012 - set by the fixture
    asked: list[str] = []  # noqa: RUF012 - set by the fixture

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        _Server.asked.append(self.path)
        answer = _Server.answers.get(self.path.partition("?")[0])
        if callable(answer):
            answer(self)
            return
        self.send_response(404 if answer is None else 200)
        kind = "text/html" if self.path.partition("?")[0].endswith("/") else "application/x"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer or b"")


@pytest.fixture
def web() -> Iterator[Callable[[dict[str, Any]], str]]:
    _Server.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()

        def serve(answers: dict[str, Any]) -> str:
            _Server.answers = answers
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield serve
        server.shutdown()
        thread.join()


def test_what_a_page_links_to() -> None:
    """LOC-022."""
    page = """<A x=1 HREF='a"b'> <a href=c> <a/href="d&amp;e"><a nohref="f"><abbr href="g">
        <a title=">" href="h"><a href = "i" href="j"> <a href><a href=""> href="k" <a href="l"""
    assert list(links_of(page)) == ['a"b', "c", "d&e", "h", "i", '"l']


@pytest.mark.thorough
@pytest.mark.parametrize(
    "page",
    ["<a" + " " * 10**6, "<a " * 10**6, '<a href="' * 10**5, "<a href='\"" * 10**5, "<" * 10**6,
     "<a" + " =" * 10**6, "<a" + " x" * 10**6, "<a x=" + " " * 10**6, "<a" + "/" * 10**6],
)  # fmt: skip
def test_a_page_takes_time_as_it_has_bytes(page: str) -> None:
    """LOC-022: with patterns that go back, each of these takes minutes to ages."""
    assert len(list(links_of(page))) <= 1


def _endless(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        for _ in range(4096):
            handler.wfile.write(b"<a " * 2**15)
    except OSError:
        handler.close_connection = True


def _compressed(handler: Any) -> None:
    body = gzip.compress(b'<a href="MLmodel">' + b" " * 2**26)
    handler.send_response(200)
    for name, value in (
        *(("Content-Type", "text/html"), ("Content-Encoding", "gzip")),
        ("Content-Length", str(len(body))),
    ):
        handler.send_header(name, value)
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(body)


def test_an_endless_page(web: Any, cache: Path) -> None:
    """LOC-022."""
    with pytest.raises(UnreadableModel, match=r"a page has more than 16,777,216 bytes.*LOC-022"):
        local_folder(web({"/m": _endless}) + "/m")
    assert nothing_kept(cache)


def test_a_page_of_very_many_links(web: Any) -> None:
    """LOC-022."""
    page = b"".join(b"<a href=%d>" % number for number in range(300))
    with pytest.raises(UnreadableModel, match="LOC-022"):
        local_folder(web({"/m/": page}) + "/m/", limits=Limits(files=100))


@pytest.mark.thorough
@pytest.mark.parametrize("place", ["/m/", "/m/MLmodel"])
def test_what_comes_compressed_though_nobody_asked(web: Any, cache: Path, place: str) -> None:
    """LOC-026."""
    url = web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": MLMODEL, place: _compressed})
    with pytest.raises(UnreadableModel, match="LOC-026"):
        local_folder(url + "/m/")
    assert nothing_kept(cache)


def test_folders_without_end_on_the_web(web: Any) -> None:
    """LOC-005."""

    class Always(dict[str, Any]):
        def get(self, _key: str, _default: Any = None) -> bytes:
            return b'<a href="again/">'

    with pytest.raises(InvalidModel, match="folders deep"):
        local_folder(web(Always()) + "/m/")


def test_a_file_that_goes_on(web: Any, cache: Path) -> None:
    """LOC-007: it is left at the size that the listing says."""
    written: list[int] = []

    def longer(handler: Any) -> None:
        handler.send_response(200)
        if handler.command == "HEAD":
            handler.send_header("Content-Length", "3")
        handler.end_headers()
        try:
            while handler.command == "GET" and sum(written) < 2**28:
                written.append(handler.wfile.write(b"x" * 2**20))
        except OSError:
            handler.close_connection = True

    with pytest.raises(UnreadableModel, match="LOC-007"):
        local_folder(web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": longer}) + "/m/")
    assert sum(written) < 2**28
    assert nothing_kept(cache)


# -- hosts ------------------------------------------------------------------------------------


def _to(place: str) -> Callable[[Any], None]:
    def redirect(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirect


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Addresses of names; a name with several gives one after another."""
    known: dict[str, list[str]] = {}
    system = socket.getaddrinfo

    def look(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        found = known.get(host)
        if found is not None:
            address = found.pop(0) if len(found) > 1 else found[0]
            return system(address, port, *given, **named)
        return system(host, port, *given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "::1"),
        *("169.254.169.254", "100.64.0.1", "fc00::1", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "198.18.0.1", "240.0.0.1"),
    ],
)
def test_a_public_name_at_an_address_that_is_not(
    names: dict[str, list[str]], cache: Path, address: str
) -> None:
    """LOC-028."""
    names["models.example.com"] = [address]
    with pytest.raises(UnreadableModel, match="LOC-028"):
        local_folder("http://models.example.com:1/m")
    assert nothing_kept(cache)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "target",
    [
        *(
            "http://10.0.0.1/m/",
            "http://169.254.169.254/latest/",
            "http://[fe80::1]/",
            "//10.0.0.1/",
        ),
        *("http://0.0.0.0:1/", "http://[::ffff:10.0.0.1]/", "http://inner.example.com:1/m/"),
        *("http://167772161/", "http://0x0a000001/", "http://10.1/", "http://012.0.0.1/"),
    ],
)
@pytest.mark.parametrize("place", ["/m/", "/m/MLmodel"])
def test_a_redirect_to_another_private_host(
    web: Any, names: dict[str, list[str]], cache: Path, place: str, target: str
) -> None:
    """LOC-028: of a public host (here its name is one, listed for the test) to a private one."""
    names["inner.example.com"] = ["10.0.0.1"]
    names["models.example.com"] = ["127.0.0.1"]
    url = web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": MLMODEL, place: _to(target)})
    os.environ["MLMODEL_PRIVATE_HOSTS"] = "other.example.com, models.example.com"
    with pytest.raises(UnreadableModel, match="LOC-028"):
        local_folder(url.replace("127.0.0.1", "models.example.com") + "/m/")
    assert nothing_kept(cache)


def test_hosts_that_were_asked_for(
    web: Any, names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOC-028: by address, by a local name, by the setting; redirects that stay as near."""
    url = web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": MLMODEL})
    for name in ("store", "store.internal", "models.example.com"):
        names[name] = ["127.0.0.1"]
    monkeypatch.setenv("MLMODEL_PRIVATE_HOSTS", "models.example.com")
    for host in ("127.0.0.1", "localhost", "store", "store.internal", "MODELS.example.com"):
        assert local_folder(url.replace("127.0.0.1", host) + "/m/")
    port = url.rpartition(":")[2]
    web({"/r/": _to(f"http://localhost:{port}/m/"), "/m/": b"", "/r/MLmodel": MLMODEL})
    _Server.answers["/m/"] = f'<a href="http://127.0.0.1:{port}/r/MLmodel">'.encode()
    assert (local_folder(url + "/r/") / "MLmodel").read_bytes() == MLMODEL


def test_a_name_that_means_another_address_a_moment_later(
    web: Any, names: dict[str, list[str]], cache: Path
) -> None:
    """LOC-028: what was looked at is what is connected to."""
    url = web({"/m/": b'<a href="MLmodel">', "/m/MLmodel": MLMODEL})
    names["models.example.com"] = ["192.0.2.1", "127.0.0.1"]
    with pytest.raises(UnreadableModel, match=r"LOC-028|LOC-021"):
        local_folder(url.replace("127.0.0.1", "models.example.com") + "/m/")
    assert _Server.asked == []


# -- archives ---------------------------------------------------------------------------------


def zipped(folder: Path, *members: tuple[Any, bytes], name: str = "m.zip") -> str:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return f"zip://::file://{folder}/{name}"


def tarred(folder: Path, *members: tuple[str, bytes], name: str = "m.tar", mode: str = "w") -> str:
    with tarfile.open(folder / name, mode) as archive:  # type: ignore[call-overload]
        for member, content in members:
            info = tarfile.TarInfo(member)
            info.size = 0 if member.endswith("/") else len(content)
            info.type = tarfile.DIRTYPE if member.endswith("/") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(content))
    return f"tar://::file://{folder}/{name}"


PACKERS = pytest.mark.parametrize("pack", [zipped, tarred])


@PACKERS
@pytest.mark.parametrize(
    "names",
    [
        *(("MLmodel", "MLmodel"), ("MLmodel", "mlMODEL"), ("MLmodel", "a/b", "a/B")),
        *(("MLmodel", "\u00e4/b", "a\u0308/b"), ("MLmodel", "MLmodel/x"), ("MLmodel", "x/y", "X")),
        *(
            ("MLmodel", "/etc/x"),
            ("MLmodel", "../x"),
            ("MLmodel", "a/../../x"),
            ("MLmodel", "a//b"),
        ),
        *(("MLmodel", "C:\\x"), ("MLmodel", "\\x"), ("MLmodel", "a/NUL"), ("MLmodel", "a\nb")),
        *(("MLmodel", "a/./b"), ("MLmodel", "d/" * 70 + "x"), ("MLmodel", "n" * 300), ("./", "..")),
        *(("MLmodel", "./MLmodel"), ("MLmodel", "a\x1b[2Jb"), ("MLmodel", "http://x/y")),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_in_an_archive(
    pack: Callable[..., str], names: tuple[str, ...], tmp_path: Path, cache: Path
) -> None:
    """LOC-023: no name twice, whatever its case and form; none that leads out."""
    with pytest.raises(InvalidModel, match=r"LOC-023|LOC-005"):
        local_folder(pack(tmp_path, *((name, MLMODEL) for name in names)))
    assert nothing_kept(cache)


@PACKERS
def test_a_folder_of_an_archive_and_a_file_of_it(pack: Callable[..., str], tmp_path: Path) -> None:
    """LOC-023: what lies elsewhere in the archive is neither looked at nor written."""
    members = (("../evil", b""), ("/abs", b""), ("in/MLmodel", MLMODEL), ("in/d/x", b"x" * 700))
    uri = pack(tmp_path, *members, ("in/empty/", b"")).replace("://::", "://in::")
    found = local_folder(uri)
    assert {path.name for path in found.rglob("*")} == {"MLmodel", "d", "x"}
    assert local_path(uri.replace("://in", "://in/d/x")).read_bytes() == b"x" * 700
    with pytest.raises(ModelNotFound, match="LOC-016"):
        local_folder(uri.replace("://in", "://i"))
    with pytest.raises(ModelNotFound, match="LOC-016"):
        local_folder(uri.replace("://in", "://in/d"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_every_kind_of_tar_file(tmp_path: Path, mode: str, form: int) -> None:
    """LOC-018: known by its first bytes; long names, names that are not ASCII, times."""
    names = ["MLmodel", "d/" * 20 + "n" * 90, "\u00fc/x"]
    with tarfile.open(tmp_path / "m", mode, format=form) as archive:  # type: ignore[call-overload]
        for name in ("d/", *names):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size, info.mtime = (0 if info.isdir() else 700), 1.5
            archive.addfile(info, io.BytesIO(b"x" * 700))
    found = local_folder(f"tar://::{tmp_path}/m")
    assert sorted(p.relative_to(found).as_posix() for p in found.rglob("*") if p.is_file()) == [
        *sorted(names)
    ]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [(stat.S_IFLNK, "link"), (stat.S_IFIFO, "pipe"), (stat.S_IFCHR, "device"), (stat.S_IFDIR, "d")],
)
def test_special_members_of_a_zip_file(tmp_path: Path, cache: Path, mode: int, kind: str) -> None:
    """LOC-023."""
    member = zipfile.ZipInfo(kind)
    member.create_system, member.external_attr = 3, (mode | 0o777) << 16
    with pytest.raises(InvalidModel, match="LOC-023"):
        local_folder(zipped(tmp_path, ("MLmodel", MLMODEL), (member, b"/etc/passwd")))
    assert nothing_kept(cache)


def _bomb(size: int, pack: Callable[[bytes], bytes]) -> bytes:
    with io.BytesIO() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, length in (("MLmodel", 0), ("x", size)):
                info = tarfile.TarInfo(name)
                info.size = length
                archive.addfile(info, io.BytesIO(bytes(length)))
        return pack(file.getvalue())


@pytest.mark.slow
@pytest.mark.parametrize("packer", [gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_file_that_expands(
    packer: Callable[[bytes], bytes], tmp_path: Path, cache: Path
) -> None:
    """LOC-024: by what comes out, one budget for all members and what lies between them."""
    (tmp_path / "m.tar").write_bytes(_bomb(80 * 2**20, packer))
    for inner in ("", "other"):
        with pytest.raises(UnreadableModel, match="LOC-024"):
            local_folder(f"tar://{inner}::{tmp_path}/m.tar")
        assert nothing_kept(cache)


@pytest.mark.thorough
def test_a_tar_file_with_much_behind_its_end(tmp_path: Path) -> None:
    """LOC-024."""
    (tmp_path / "m.tar").write_bytes(_bomb(1, lambda data: gzip.compress(data + bytes(80 * 2**20))))
    with pytest.raises(UnreadableModel, match="LOC-024"):
        local_folder(f"tar://::{tmp_path}/m.tar")


@pytest.mark.thorough
def test_a_zip_file_that_expands(tmp_path: Path, cache: Path) -> None:
    """LOC-024: in one member, or in many that share their bytes."""
    with pytest.raises(UnreadableModel, match="LOC-024"):
        local_folder(zipped(tmp_path, ("MLmodel", MLMODEL), ("x", bytes(80 * 2**20))))
    uri = zipped(tmp_path, ("MLmodel", MLMODEL), *((f"{n}", bytes(2**21)) for n in range(40)))
    with pytest.raises(UnreadableModel, match="LOC-024"):
        local_folder(uri)
    assert nothing_kept(cache)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_expand_in_one_piece(tmp_path: Path, cache: Path, method: int) -> None:
    """LOC-025."""
    with zipfile.ZipFile(tmp_path / "m.zip", "w", method) as archive:
        archive.writestr("MLmodel", MLMODEL)
    with pytest.raises(UnreadableModel, match="deflate.*LOC-025"):
        local_folder(f"zip://::{tmp_path}/m.zip")
    assert nothing_kept(cache)


def test_archives_of_very_many_members(tmp_path: Path) -> None:
    """LOC-006: wherever they lie, and before a list of them is made."""
    for pack in (zipped, tarred):
        uri = pack(tmp_path, ("in/MLmodel", MLMODEL), *((f"{n}", b"") for n in range(30)))
        with pytest.raises(UnreadableModel, match=r"more than 20 files.*LOC-006"):
            local_folder(uri.replace("://::", "://in::"), limits=Limits(files=20))


def test_an_archive_of_more_bytes_than_the_limit(tmp_path: Path) -> None:
    """LOC-006."""
    for pack in (zipped, tarred):
        uri = pack(tmp_path, ("MLmodel", MLMODEL), ("x", bytes(2000)))
        with pytest.raises(UnreadableModel, match=r"1,000 bytes.*LOC-006"):
            local_folder(uri, limits=Limits(bytes=1000))


@pytest.mark.thorough
@pytest.mark.parametrize("packer", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_damaged_tar_files(packer: Callable[[bytes], bytes], tmp_path: Path, cache: Path) -> None:
    """LOC-025: cut anywhere, changed anywhere."""
    whole = _bomb(3000, packer)
    end = min(len(whole), 9 * 512)  # what follows is empty
    for data in (whole[:number] for number in range(0, end, 97)):
        (tmp_path / "m.tar").write_bytes(data)
        with pytest.raises(MlmodelError):
            local_folder(f"tar://::{tmp_path}/m.tar")
        assert nothing_kept(cache)
    for number in range(0, len(whole), 61):
        changed = bytearray(whole)
        changed[number] ^= 0xA5
        (tmp_path / "m.tar").write_bytes(changed)
        try:
            local_folder(f"tar://::{tmp_path}/m.tar")
        except MlmodelError as error:
            assert error.code != "INTERNAL_ERROR"  # noqa: PT017 - either is right


def _header(kind: bytes, size: int, name: str = "x") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    "data",
    [
        _header(tarfile.XHDTYPE, 2**40), _header(tarfile.GNUTYPE_LONGNAME, 2**33),
        _header(tarfile.XHDTYPE, 11) + b"11 path=/x\n".ljust(512, b"\0") + _header(b"0", 0),
        _header(tarfile.XHDTYPE, 9) + b"0 path=x\n".ljust(512, b"\0") + _header(b"0", 0),
        _header(tarfile.XHDTYPE, 11) + b"11 size=-9\n".ljust(512, b"\0") + _header(b"0", 0),
        _header(tarfile.XHDTYPE, 11) + b"11 size=zz\n".ljust(512, b"\0") + _header(b"0", 0),
        _header(tarfile.XGLTYPE, 10) + b"10 path=x\n".ljust(512, b"\0") + _header(b"0", 0),
        _header(tarfile.GNUTYPE_SPARSE, 0), _header(b"0", 2**60), _header(b"0", -512),
        _header(tarfile.XHDTYPE, 21) + b"21 GNU.sparse.size=9\n".ljust(512, b"\0") + _header(b"0", 0),
    ],
)  # fmt: skip
def test_headers_that_lie(data: bytes, tmp_path: Path, cache: Path) -> None:
    """LOC-023, LOC-025."""
    (tmp_path / "m.tar").write_bytes(_header(b"0", 0, "MLmodel") + data + bytes(1024))
    with pytest.raises((UnreadableModel, InvalidModel), match=r"LOC-0(05|06|23|25)"):
        local_folder(f"tar://::{tmp_path}/m.tar")
    assert nothing_kept(cache)


def test_damaged_zip_files(tmp_path: Path, cache: Path) -> None:
    """LOC-025: another size or checksum than its list says, encrypted, cut."""
    zipped(tmp_path, ("MLmodel", MLMODEL), ("x", os.urandom(500)))
    whole = (tmp_path / "m.zip").read_bytes()
    listed = whole.index(b"PK\1\2")
    changes = [(listed + 8, 1), (listed + 16, 9), (listed + 24, 9), (45, 99)]
    for place, value in changes:
        changed = bytearray(whole)
        changed[place] = (changed[place] + value) % 256
        (tmp_path / "m.zip").write_bytes(changed)
        with pytest.raises(UnreadableModel, match="LOC-025"):
            local_folder(f"zip://::{tmp_path}/m.zip")
        assert nothing_kept(cache)
    for number in range(0, len(whole) - 22, 41):
        (tmp_path / "m.zip").write_bytes(whole[:number])
        with pytest.raises(UnreadableModel, match="LOC-025"):
            local_folder(f"zip://::{tmp_path}/m.zip")


def test_an_archive_in_an_archive(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    zipped(inner, ("a/MLmodel", MLMODEL))
    outer = tarred(tmp_path, ("x/m.zip", (inner / "m.zip").read_bytes()))
    found = local_folder(outer.replace("tar://", "zip://a::tar://x/m.zip"))
    assert (found / "MLmodel").read_bytes() == MLMODEL


def test_an_archive_that_changed_is_read_again(tmp_path: Path) -> None:
    """LOC-010."""
    uri = zipped(tmp_path, ("MLmodel", MLMODEL))
    first = local_folder(uri)
    zipped(tmp_path, ("MLmodel", MLMODEL + MLMODEL))
    assert local_folder(uri) != first


# -- what changes while it is downloaded ------------------------------------------------------


class Moving(MemoryFileSystem):
    """A store whose files become others when the first of them has been read."""

    protocol = "moving"
    version = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("moving://").strip("/")

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        return [self.info(f"/model/{name}") for name in ("MLmodel", "weights")]

    def info(self, path: str, **_: Any) -> Any:
        return {"name": path, "type": "file", "size": 1, "ETag": str(Moving.version)}

    def get_file(self, rpath: str, lpath: str, callback: Any = None, **_: Any) -> None:
        Path(lpath).write_bytes(str(Moving.version).encode())
        Moving.version += 1


def test_two_states_of_a_folder_are_not_mixed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-029."""
    fsspec.register_implementation("moving", Moving, clobber=True)
    with pytest.raises(UnreadableModel, match="LOC-029"):
        local_folder("moving://model")
    assert nothing_kept(cache)


# -- the cache --------------------------------------------------------------------------------


@pytest.fixture
def held(tmp_path: Path) -> tuple[str, Path]:
    """A URI whose content is in the cache, and where it is."""
    uri = zipped(tmp_path, ("MLmodel", MLMODEL))
    os.utime(tmp_path / "m.zip", (1.6e9, 1.6e9))
    return uri, local_folder(uri)


def test_what_is_a_link_in_the_cache_is_not_followed(
    held: tuple[str, Path], cache: Path, tmp_path: Path
) -> None:
    """LOC-030: content, notes, checks, locks."""
    uri, found = held
    elsewhere = tmp_path / "elsewhere"
    found.rename(elsewhere)
    found.symlink_to(elsewhere)
    assert not local_folder(uri).is_symlink()
    assert (elsewhere / "MLmodel").read_bytes() == MLMODEL
    for name in ("sources", "checked", "locks"):
        for note in (cache / name).iterdir():
            precious = tmp_path / f"precious-{name}"
            precious.write_bytes(note.read_bytes() or b"precious")
            note.unlink()
            note.symlink_to(precious)
            assert not local_folder(uri).is_symlink()
            assert precious.read_bytes()
            assert not note.is_symlink()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("digest", "../../elsewhere"), ("digest", "/etc"), ("digest", "0" * 63), ("digest", 7)),
        *(("name", "../MLmodel"), ("name", "/etc/passwd"), ("name", "a/b"), ("name", [])),
        *(("uri", None), ("state", {"a": 1}), ("more", 1)),
    ],
)
def test_a_note_that_leads_out_of_the_cache(
    held: tuple[str, Path], cache: Path, key: str, value: Any, capsys: Any
) -> None:
    """LOC-030."""
    uri, found = held
    (note,) = (cache / "sources").iterdir()
    note.write_text(json.dumps({**json.loads(note.read_text()), key: value}))
    main(["cache", "list"])
    assert capsys.readouterr().out == ""
    assert local_folder(uri) == found
    (note,) = (cache / "sources").iterdir()
    note.write_text("[" * 100_000)
    assert local_folder(uri) == found


def test_what_others_may_write_in_the_cache_is_not_believed(
    held: tuple[str, Path], cache: Path
) -> None:
    """LOC-030: a folder or note that others may write, though the cache itself is the user's."""
    uri, found = held
    found.chmod(0o777)
    assert stat.S_IMODE(local_folder(uri).stat().st_mode) & 0o022 == 0
    (note,) = (cache / "sources").iterdir()
    note.chmod(0o666)
    main(["cache", "list"])
    assert local_folder(uri) == found


def test_a_cache_that_is_a_link_is_not_used(tmp_path: Path, cache: Path) -> None:
    """LOC-008."""
    (tmp_path / "real").mkdir()
    cache.symlink_to(tmp_path / "real")
    with pytest.raises(WriteFailed, match="LOC-008"):
        local_folder(zipped(tmp_path, ("MLmodel", MLMODEL)))


def test_nobody_else_may_write_what_was_downloaded(tmp_path: Path) -> None:
    """LOC-030: whatever the user's umask lets others do."""
    uri = zipped(tmp_path, ("MLmodel", MLMODEL), ("d/x", b"x"))
    before = os.umask(0)
    try:
        found = local_folder(uri)
    finally:
        os.umask(before)
    assert not [path for path in (found, *found.rglob("*")) if path.stat().st_mode & 0o022]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_long_header_is_not_read(kind: bytes, tmp_path: Path) -> None:
    """LOC-025: however little room it takes in a compressed file."""
    data = _header(kind, 2**21) + b"a" * 2**21 + _header(b"0", 0) + bytes(1024)
    (tmp_path / "m.tar").write_bytes(gzip.compress(data))
    with pytest.raises(UnreadableModel, match=r"more than a mebibyte; LOC-025"):
        local_folder(f"tar://::{tmp_path}/m.tar")
