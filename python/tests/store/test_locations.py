"""Where models are: paths, URIs, the cache of downloads (LOC rules)."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
import warnings
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import mlmodel
from mlmodel.cli import main
from mlmodel.errors import (
    InvalidArgument,
    InvalidModel,
    MissingDependency,
    MlmodelError,
    ModelExists,
    ModelNotFound,
    UnreadableModel,
    UnsupportedModel,
    UntrustedModel,
    WriteFailed,
)
from mlmodel.store.description import Model
from mlmodel.store.locations import cache as cache_of_downloads
from mlmodel.store.locations.locate import local_folder, local_path
from mlmodel.store.locations.remote import Limits
from mlmodel.store.locations.uris import is_uri, without_secrets
from mlmodel.trust import records as trust_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES = {
    "MLmodel": b"flavors: {python_function: {loader_module: a, data: 'x y'}}\n",
    "x y/deep/\xfcber.bin": bytes(range(256)) * 40,
    "empty": b"",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("MLMODEL_CACHE", str(folder))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return _write(tmp_path / "a model")


def _write(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    fs = MemoryFileSystem()
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]
    yield fs
    fs.store.clear()


def _put(fs: Any, files: dict[str, bytes] = FILES, root: str = "/bucket/model") -> None:
    fs.pipe({f"{root}/{name}": content for name, content in files.items()})
    # Files written just now could be written again unseen.
    for file in fs.store.values():
        file.modified = file.created = file.created.replace(year=2020)


def _leftovers(cache: Path) -> list[Path]:
    return list((cache / "partial").iterdir())


# -- paths and file URIs ----------------------------------------------------------------------


def test_a_path_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-001."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    for path in (tmp_path, "not/there", Path("a:b"), "C:\\model", "s3:", "."):
        assert local_folder(path) == Path(path)
        assert not is_uri(path)


@pytest.mark.parametrize("form", ["file://{}", "file:{}", "file://localhost{}", "FILE://{}"])
def test_a_file_uri_is_its_path(model: Path, form: str) -> None:
    """LOC-001."""
    uri = form.format(model.as_uri().removeprefix("file://"))
    assert local_folder(uri) == local_path(uri) == model
    assert not is_uri(uri)


def test_a_file_uri_of_another_machine_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="LOC-001"):
        local_folder("file://elsewhere/model")


def test_paths_need_no_package(model: Path) -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from mlmodel.store.locations.locate import local_folder\n"
        f"local_folder({str(model)!r}); local_folder({model.as_uri()!r})\n"
        "new = {n.partition('.')[0] for n in set(sys.modules) - before}\n"
        "assert new - sys.stdlib_module_names <= {'mlmodel'}, new"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- schemes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["runs:/0/model", "models:/iris@prod", "mlflow-artifacts:/0/a"])
def test_what_a_tracking_server_knows(uri: str) -> None:
    """LOC-002."""
    with pytest.raises(UnsupportedModel, match=r"Tracking server.*LOC-002"):
        local_folder(uri)
    assert is_uri(uri)


@pytest.mark.parametrize("uri", ["nosuch://x/y", "zip://::nosuch://x/y", "reference://::a.json"])
def test_a_scheme_that_is_not_known_lists_those_that_are(uri: str) -> None:
    """LOC-003."""
    with pytest.raises(UnsupportedModel, match=r"abfs.*gs, .*https.*s3.*LOC-003") as caught:
        local_folder(uri)
    assert "reference, " not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "package"), [("s3://b/m", "s3fs"), ("gs://b/m", "gcsfs"), ("abfs://c/m", "adlfs")]
)
def test_a_driver_that_lacks_is_named(
    uri: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOC-003."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=f"pip install {package} "):
        local_folder(uri)


@pytest.mark.parametrize("package", ["fsspec.core", "filelock"])
def test_the_extra_is_named_when_a_package_of_it_lacks(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependency, match=r"pip install .*\[remote\]"):
        local_folder("memory://bucket/model")


# -- downloads --------------------------------------------------------------------------------


def test_a_folder_is_downloaded_under_its_digest(
    memory: Any, cache: Path, digest_of: Callable[[Path], str]
) -> None:
    """LOC-004, LOC-008: the folder has the digest by which it could be trusted (TRU-030)."""
    _put(memory)
    found = local_folder("memory://bucket/model")
    assert _read(found) == FILES
    assert found == cache / "content" / digest_of(found)
    assert local_folder("memory://bucket/model/") == found
    assert local_folder("memory://bucket/model/MLmodel") == found
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    assert _leftovers(cache) == []


def test_equal_content_is_kept_once(memory: Any, cache: Path) -> None:
    """LOC-008."""
    _put(memory)
    _put(memory, root="/elsewhere")
    assert local_folder("memory://bucket/model") == local_folder("memory://elsewhere")
    assert len(list((cache / "content").iterdir())) == 1


def test_a_single_file(memory: Any) -> None:
    _put(memory)
    found = local_path("memory://bucket/model/x y/deep/über.bin")
    assert found.name == "über.bin"
    assert found.read_bytes() == FILES["x y/deep/über.bin"]
    assert _read(local_path("memory://bucket/model/x y")) == {"deep/über.bin": found.read_bytes()}


@pytest.mark.parametrize("uri", ["memory://bucket/nothing", "memory://bucket/model/x y"])
def test_what_is_no_model_is_not_downloaded(memory: Any, cache: Path, uri: str) -> None:
    """LOC-016."""
    _put(memory)
    with pytest.raises(ModelNotFound):
        local_folder(uri)
    assert list((cache / "content").iterdir()) == []


class Listed(MemoryFileSystem):
    """A store whose listing, and whose files, are what a test says."""

    protocol = "listed"
    store: dict[str, Any] = {}  # noqa: RUF012 - fsspec's
    pseudo_dirs = [""]  # noqa: RUF012 - fsspec's
    listing: list[dict[str, Any]] = []  # noqa: RUF012 - set by a test
    reads = 0
    silent = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return "/" + path.removeprefix("listed://").strip("/")

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        if Listed.silent:
            raise ConnectionRefusedError("nobody answers at listed://user:secret@host/x?sig=abc")
        if path.endswith("again"):
            return [{"name": f"{path}/again", "type": "directory"}]
        if path.rstrip("/") != "/model":
            return []
        return [{"size": 1, "mtime": 1.0, "type": "file", **entry} for entry in Listed.listing]

    def info(self, path: str, **_: Any) -> Any:
        return next(entry for entry in self.ls("/model") if entry["name"] == path)

    def get_file(self, rpath: str, lpath: str, callback: Any = None, **_: Any) -> None:
        Listed.reads += 1
        entry = self.info(rpath)
        with open(lpath, "wb") as file:
            for piece in entry.get("content", [b"x"]):
                file.write(piece)
                callback.relative_update(len(piece))


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> type[Listed]:
    fsspec.register_implementation("listed", Listed, clobber=True)
    for name, value in (("listing", [{"name": "/model/MLmodel"}]), ("reads", 0), ("silent", False)):
        monkeypatch.setattr(Listed, name, value)
    return Listed


@pytest.mark.parametrize(
    "name",
    [
        *("/model/../../evil", "/etc/passwd", "/model/..", "/model/a/../../b", "/model/C:\\evil"),
        *("/model//x", "/model/./x", "/model/NUL", "/model/con.txt", "/model/Com1 .x"),
        *("/model/a\nb", "/model/a\0b", "/model/\udc80", "/model/" + "n" * 300, "/modelling/x"),
        *("/model/\\\\server\\share", "/model/..\\x", "/model/" + "a/" * 70 + "b"),
    ],
)
def test_names_that_are_none_are_refused(listed: Any, cache: Path, name: str) -> None:
    """LOC-005: before anything is downloaded."""
    listed.listing.append({"name": name})
    with pytest.raises(InvalidModel, match="LOC-005"):
        local_folder("listed://model")
    assert listed.reads == 0
    assert list((cache / "content").iterdir()) == _leftovers(cache) == []


@pytest.mark.parametrize("kind", ["link", "other", None])
def test_what_is_neither_file_nor_folder_is_refused(listed: Any, kind: str | None) -> None:
    """LOC-005."""
    listed.listing.append({"name": "/model/link", "type": kind})
    with pytest.raises(InvalidModel, match="LOC-005"):
        local_folder("listed://model")


def test_a_name_twice_is_refused(listed: Any) -> None:
    """LOC-005."""
    listed.listing.append({"name": "/model/MLmodel"})
    with pytest.raises(InvalidModel, match="LOC-005"):
        local_folder("listed://model")


def test_the_folders_own_entry_is_none(listed: Any) -> None:
    listed.listing.append({"name": "/model/", "size": 0})
    assert _read(local_folder("listed://model")) == {"MLmodel": b"x"}


def test_folders_without_end_end(listed: Any) -> None:
    """LOC-005, LOC-006."""
    listed.listing[:] = [{"name": "/model/again", "type": "directory"}]
    with pytest.raises(InvalidModel, match="folders deep"):
        local_folder("listed://model")


def test_more_files_than_the_limit(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-006."""
    listed.listing += [{"name": f"/model/{i}"} for i in range(10)]
    with pytest.raises(UnreadableModel, match=r"more than 10 files.*LOC-006"):
        local_folder("listed://model", limits=Limits(files=10))
    monkeypatch.setenv("MLMODEL_DOWNLOAD_FILES", "10")
    with pytest.raises(UnreadableModel, match="MLMODEL_DOWNLOAD_FILES"):
        local_folder("listed://model")
    for wrong in ("ten", "0", "9" * 5000):
        monkeypatch.setenv("MLMODEL_DOWNLOAD_FILES", wrong)
        with pytest.raises(InvalidArgument, match=r"whole number from 1.*LOC-006") as refused:
            local_folder("listed://model")
        assert len(str(refused.value)) < 200


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_beyond_a_limit_is_not_called_remote(kind: str, model: Path) -> None:
    """LOC-006: one of this machine, too."""
    archive = model.parent / f"model.{kind}"
    if kind == "zip":
        _zip(model.parent)
    else:
        with tarfile.open(archive, "w") as file:
            file.add(model, ".")
    for limits, most in ((Limits(files=1), "1 files"), (Limits(bytes=2), "2 bytes")):
        with pytest.raises(UnreadableModel, match=f"archive has more than {most}") as refused:
            local_folder(f"{kind}://::{archive}", limits=limits)
        assert "LOC-006" in str(refused.value)
        assert "remote" not in str(refused.value)


def test_more_bytes_than_the_limit(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-006: of what is said, and of what comes."""
    listed.listing[0]["size"] = 1001
    monkeypatch.setenv("MLMODEL_DOWNLOAD_BYTES", "1000")
    with pytest.raises(UnreadableModel, match=r"1,000 bytes.*LOC-006"):
        local_folder("listed://model")
    assert listed.reads == 0
    endless = iter(lambda: b"x" * 100, b"")
    listed.listing[0] |= {"size": None, "content": endless}
    with pytest.raises(UnreadableModel, match=r"1,000 bytes.*LOC-006"):
        local_folder("listed://model")


@pytest.mark.parametrize("size", [2, 0])
def test_another_size_than_was_said(listed: Any, cache: Path, size: int) -> None:
    """LOC-007."""
    listed.listing[0]["size"] = size
    with pytest.raises(UnreadableModel, match=r"after 1 of .*LOC-007"):
        local_folder("listed://model")
    assert _leftovers(cache) == []


def test_more_than_the_disk_holds(listed: Any) -> None:
    listed.listing[0]["size"] = 2**60
    with pytest.raises(WriteFailed, match="left"):
        local_folder("listed://model", limits=Limits(bytes=2**62))
    assert listed.reads == 0


# -- the cache --------------------------------------------------------------------------------


def test_what_did_not_change_is_not_downloaded_again(listed: Any) -> None:
    """LOC-010."""
    first = local_folder("listed://model")
    assert local_folder("listed://model") == first
    assert listed.reads == 1
    listed.listing[0] |= {"mtime": 2.0, "content": [b"y"]}
    assert _read(local_folder("listed://model")) == {"MLmodel": b"y"}
    assert _read(first) == {"MLmodel": b"x"}  # whoever has it, keeps it
    listed.listing.append({"name": "/model/more"})
    assert len(_read(local_folder("listed://model"))) == 2


def test_a_checksum_counts_more_than_a_time(listed: Any) -> None:
    """LOC-010."""
    listed.listing[0]["ETag"] = "one"
    first = local_folder("listed://model")
    listed.listing[0]["mtime"] = time.time()
    assert local_folder("listed://model") == first
    assert listed.reads == 1
    listed.listing[0]["ETag"] = "two"
    local_folder("listed://model")
    assert listed.reads == 2


@pytest.mark.parametrize("said", [{"mtime": None}, {"mtime": "some day"}, {"mtime": 4e9}])
def test_a_time_that_says_nothing(listed: Any, said: dict[str, Any]) -> None:
    """LOC-010: no time, one that cannot be read, one so new that more could follow unseen."""
    listed.listing[0] |= said
    assert local_folder("listed://model") == local_folder("listed://model")
    assert listed.reads == 2


def test_what_was_changed_in_the_cache_is_downloaded_again(listed: Any, cache: Path) -> None:
    """LOC-009."""
    found = local_folder("listed://model")
    (found / "MLmodel").write_bytes(b"evil")
    assert _read(local_folder("listed://model")) == {"MLmodel": b"x"}
    (found / "more").symlink_to("/etc/passwd")
    assert _read(local_folder("listed://model")) == {"MLmodel": b"x"}
    (found / "more").unlink(missing_ok=True)
    # The size and the time of writing are put back; the file system knows all the same.
    status = (found / "MLmodel").stat()
    (found / "MLmodel").write_bytes(b"y")
    os.utime(found / "MLmodel", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _read(local_folder("listed://model")) == {"MLmodel": b"x"}
    assert listed.reads == 4
    assert _leftovers(cache) == []


def test_what_nobody_touched_is_not_read_again(
    listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOC-009: a model of many gigabytes is not read twice for each load."""
    found = local_folder("listed://model")
    local_folder("listed://model")
    reads: list[Path] = []
    read = cache_of_downloads.manifest_of
    monkeypatch.setattr(
        cache_of_downloads, "manifest_of", lambda root: reads.append(root) or read(root)
    )
    assert local_folder("listed://model") == found
    assert reads == []
    os.utime(found / "MLmodel")
    assert local_folder("listed://model") == found
    assert reads == [found]


def test_a_cache_that_others_may_write_is_not_used(listed: Any, cache: Path) -> None:
    """LOC-008."""
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(WriteFailed, match=r"chmod 700.*LOC-008"):
        local_folder("listed://model")
    cache.chmod(0o700)
    local_folder("listed://model")
    (cache / "content").chmod(0o777)
    with pytest.raises(WriteFailed, match="LOC-008"):
        local_folder("listed://model")


def test_the_place_of_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LOC-008."""
    monkeypatch.delenv("MLMODEL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/c")
    assert str(cache_of_downloads.location()) == "/var/c/mlmodel"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(cache_of_downloads.location()) == "/home/someone/.cache/mlmodel"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLMODEL_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(WriteFailed, match="LOC-008"):
        local_folder("memory://x")


def test_a_store_that_does_not_answer(listed: Any) -> None:
    """LOC-011, LOC-015: the last download serves, with a warning; without one it is an error."""
    listed.silent = True
    with pytest.raises(UnreadableModel, match="its host refuses the connection") as caught:
        local_folder("listed://model")
    assert "secret" not in str(caught.value)
    assert "abc" not in str(caught.value)
    listed.silent = False
    found = local_folder("listed://model")
    listed.silent = True
    with pytest.warns(UserWarning, match=r"could not be reached.*LOC-011"):
        assert local_folder("listed://model") == found


def test_a_store_that_refuses_is_no_silence(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-011."""
    local_folder("listed://model")
    for error, kind in (
        (PermissionError("no"), UnreadableModel),
        (FileNotFoundError(), ModelNotFound),
    ):
        monkeypatch.setattr(Listed, "ls", _raising(error))
        with pytest.raises(kind):
            local_folder("listed://model")


def _raising(error: Exception) -> Any:
    def raise_it(*_: Any, **__: Any) -> Any:
        raise error

    return raise_it


def test_offline(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-011."""
    monkeypatch.setenv("MLMODEL_OFFLINE", "1")
    with pytest.raises(UnreadableModel, match="LOC-011"):
        local_folder("listed://model")
    monkeypatch.setenv("MLMODEL_OFFLINE", "0")
    found = local_folder("listed://model")
    monkeypatch.setenv("MLMODEL_OFFLINE", "1")
    listed.listing[0]["mtime"] = 5.0
    assert local_folder("listed://model") == found
    assert listed.reads == 1


def test_secrets_of_a_uri_are_shown_nowhere(memory: Any, cache: Path) -> None:
    """LOC-015."""
    _put(memory)
    local_folder("memory://bucket/model")
    texts = [path.read_text() for path in (cache / "sources").iterdir()]
    assert "memory://bucket/model" in texts[0]
    assert without_secrets("https://me:pw@host/m?X-Sig=1&b=2 x") == "https://…@host/m?… x"
    assert without_secrets("https://host/t/tk-123/main") == "https://host/t/…/main"
    with pytest.raises(MlmodelError) as caught:
        local_folder("nosuch://me:pw@host/m?sig=1")
    assert "pw" not in str(caught.value)
    assert "sig" not in str(caught.value)


# -- copies: into= ----------------------------------------------------------------------------


def test_a_copy_where_one_is_wanted(memory: Any, model: Path, tmp_path: Path) -> None:
    """LOC-014."""
    _put(memory)
    for number, uri in enumerate(["memory://bucket/model", model, model.as_uri()]):
        name = model.name if number else "model"
        into = tmp_path / f"into {number}" / "new"
        found = local_folder(uri, into=into)
        assert found == into / name
        assert _read(found) == FILES
        assert local_folder(uri, into=into) == found
        (found / "more").write_text("mine")
        with pytest.raises(ModelExists, match="LOC-014"):
            local_folder(uri, into=into)
        assert [path.name for path in into.iterdir()] == [name]


def test_a_copy_of_a_file(memory: Any, model: Path, tmp_path: Path) -> None:
    """LOC-014."""
    _put(memory)
    found = local_path("memory://bucket/model/MLmodel", into=tmp_path / "into")
    assert found == tmp_path / "into" / "MLmodel"
    assert local_path(model / "MLmodel", into=tmp_path / "into") == found
    found.write_text("mine")
    with pytest.raises(ModelExists, match="LOC-014"):
        local_path("memory://bucket/model/MLmodel", into=tmp_path / "into")
    assert (
        local_folder(model / "MLmodel", into=tmp_path / "other") == tmp_path / "other" / model.name
    )
    with pytest.raises(WriteFailed, match="LOC-014"):
        local_folder(model, into=found)
    with pytest.raises(ModelNotFound):
        local_folder(tmp_path / "nothing", into=tmp_path / "other")


def test_a_copy_that_is_a_link_is_not_used(model: Path, tmp_path: Path) -> None:
    """DIR-012: equal as it may be, it is another folder."""
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / model.name).symlink_to(model)
    with pytest.raises(ModelExists, match="LOC-014"):
        local_folder(model, into=tmp_path / "into")


# -- archives, HTTP ---------------------------------------------------------------------------


def test_archives(model: Path, tmp_path: Path) -> None:
    """LOC-003: fsspec's chains."""
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for name in FILES:
            archive.write(model / name, f"inner/{name}")
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as archive:
        archive.add(model, ".")
    zipped = f"zip://inner::file://{tmp_path}/m.zip"
    assert _read(local_folder(zipped)) == FILES
    assert _read(local_folder(f"tar://::file://{tmp_path}/m.tar.gz")) == FILES
    assert local_folder(zipped, into=tmp_path / "into").name == "inner"


@pytest.mark.parametrize("name", ["../evil", "inner/../../evil", "a/NUL"])
def test_an_archive_that_leads_out(tmp_path: Path, name: str) -> None:
    """LOC-005."""
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("MLmodel", "flavors: {}")
        archive.writestr(name, "x")
    with pytest.raises(InvalidModel, match="LOC-005"):
        local_folder(f"zip://::file://{tmp_path}/m.zip")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("target", ["MLmodel", "/etc/passwd", "../../etc/passwd", "link", "no"])
@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, b"Z"]
)
def test_a_link_or_device_in_an_archive(
    tmp_path: Path, cache: Path, target: str, kind: bytes
) -> None:
    """LOC-023: refused, wherever it leads, and nothing is kept."""
    with tarfile.open(tmp_path / "m.tar", "w") as archive:
        for name, its_kind in (("MLmodel", tarfile.REGTYPE), ("link", kind)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = its_kind, target
            archive.addfile(member)
    with pytest.raises(InvalidModel, match=r"LOC-005: The name 'link' is a link or a special"):
        local_folder(f"tar://::file://{tmp_path}/m.tar")
    assert list((cache / "content").iterdir()) == _leftovers(cache) == []


class _Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - set by the fixture

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        _Quiet.asked.append(self.path)
        super().do_GET()


@pytest.fixture
def web(model: Path) -> Iterator[str]:
    _Quiet.asked = []
    for path in model.rglob("*"):
        os.utime(path, (1.6e9, 1.6e9))
    handler = functools.partial(_Quiet, directory=str(model.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("end", ["", "/", "/MLmodel"])
def test_a_web_server_that_lists_folders(web: str, end: str, tmp_path: Path) -> None:
    found = local_folder(f"{web}/a%20model{end}")
    assert _read(found) == FILES
    first = list(_Quiet.asked)
    assert local_folder(f"{web}/a%20model{end}") == found
    assert not [
        path for path in _Quiet.asked[len(first) :] if not path.endswith("/") and "bin" in path
    ]
    assert local_folder(f"{web}/a%20model{end}", into=tmp_path / "i").name == "a model"


def test_a_file_of_a_web_server(web: str, model: Path) -> None:
    (model / "page.html").write_text('<a href="MLmodel">x</a>')
    assert local_path(f"{web}/a%20model/page.html").read_text().startswith("<a")
    assert local_path(f"{web}/a%20model/empty").read_bytes() == b""
    with pytest.raises(ModelNotFound):
        local_path(f"{web}/a%20model/nothing")
    with pytest.raises(ModelNotFound):
        local_folder(f"{web}/nothing")


def test_a_web_server_that_is_gone(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOC-011."""
    handler = functools.partial(_Quiet, directory=str(model.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    uri = f"http://127.0.0.1:{server.server_address[1]}/a%20model"
    found, file = local_folder(uri), local_path(uri + "/empty")
    server.shutdown()
    server.server_close()
    thread.join()
    with pytest.warns(UserWarning, match="LOC-011") as warned:
        assert local_folder(uri) == found
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="LOC-011"):
        assert local_path(uri + "/empty") == file


def _zip(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    archive = folder / "model.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    os.utime(archive, (1.6e9, 1.6e9))
    return archive


def test_an_archive_on_a_server_without_ranges(
    web: str, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOC-018, LOC-010."""
    archive = _zip(model.parent, {**FILES, "big": os.urandom(300_000)})
    uri = f"zip://::{web}/model.zip"
    found = local_folder(uri)
    assert (found / "big").stat().st_size == 300_000
    assert local_folder(uri) == found
    with tarfile.open(model.parent / "model.tar", "w") as file:
        file.add(found, ".")
    assert _read(local_folder(f"tar://::{web}/model.tar")) == _read(found)
    monkeypatch.setenv("MLMODEL_DOWNLOAD_BYTES", str(archive.stat().st_size - 1))
    os.utime(archive, (1.5e9, 1.5e9))
    with pytest.raises(UnreadableModel, match="LOC-006"):
        local_folder(uri)


def test_an_archive_is_not_read_to_see_whether_it_is_a_page(web: str, model: Path) -> None:
    archive = _zip(model.parent)
    assert local_path(f"{web}/model.zip").read_bytes() == archive.read_bytes()
    assert _Quiet.asked == ["/model.zip"]


def test_what_is_wrong_with_an_archive_of_the_web(web: str, model: Path) -> None:
    """LOC-016, LOC-018."""
    _zip(model.parent)
    with pytest.raises(ModelNotFound, match=rf"or zip://::{web}/model.zip for an archive"):
        local_folder(f"{web}/model.zip")
    with pytest.raises(ModelNotFound, match="nothing was found at this URI"):
        local_folder(f"zip://::{web}/other.zip")
    (model.parent / "no.zip").write_text("no archive")
    with pytest.raises(UnreadableModel, match="File is not a zip file"):
        local_folder(f"zip://::{web}/no.zip")


@pytest.mark.parametrize("chain", ["", "zip://::", "tar://inner::"])
def test_a_server_that_nobody_runs(chain: str) -> None:
    with pytest.raises(UnreadableModel, match=r"model\.zip could not be reached: its host refuses"):
        local_folder(f"{chain}http://127.0.0.1:1/model.zip")


def test_a_page_with_hostile_links(model: Path, tmp_path: Path) -> None:
    """LOC-005: percent-encoded names are read before they are checked."""
    (model / "index.html").write_text('<a href="MLmodel">x</a><a href="%2e%2e%2fevil">y</a>')
    handler = functools.partial(_Quiet, directory=str(model.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(InvalidModel, match="LOC-005"):
            local_folder(f"http://127.0.0.1:{server.server_address[1]}/a%20model")
        server.shutdown()


# -- several processes ------------------------------------------------------------------------

_SLOW = """
import sys, fsspec
from fsspec.implementations.local import LocalFileSystem
class Slow(LocalFileSystem):
    protocol = "slow"
    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(str(path).removeprefix("slow://"))
    def get_file(self, rpath, lpath, callback=None, **_):
        open(sys.argv[2], "a").write("read\\n")
        with open(lpath, "wb") as file:
            file.write(open(rpath, "rb").read())
            file.flush()
            print("writing", flush=True)
            sys.stdin.read()
fsspec.register_implementation("slow", Slow)
from mlmodel.store.locations.locate import local_folder
print("asking", flush=True)
print(local_folder("slow://" + sys.argv[1]))
"""


def _slow(model: Path, log: Path) -> subprocess.Popen[str]:
    """Start a download that goes on, once it has begun a file, when its input is closed."""
    command = [sys.executable, "-c", _SLOW, str(model), str(log)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "asking\n"
    return process


def _writing(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "writing\n"


def _aged(model: Path) -> Path:
    for path in model.rglob("*"):
        os.utime(path, (1.6e9, 1.6e9))
    return model


def test_two_processes_download_once(
    model: Path, tmp_path: Path, cache: Path, wait_for: Callable[..., None]
) -> None:
    """LOC-012."""
    both = [_slow(_aged(model), tmp_path / "log") for _ in range(2)]
    wait_for((tmp_path / "log").exists)
    for process in both:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None  # closed: communicate would flush it
    ends = [process.communicate(timeout=100)[0].splitlines()[-1] for process in both]
    assert ends[0] == ends[1]
    assert _read(Path(ends[0])) == FILES
    assert (tmp_path / "log").read_text().count("read") == len(FILES)
    assert _leftovers(cache) == []


def test_a_killed_download_leaves_nothing(model: Path, tmp_path: Path, cache: Path) -> None:
    """LOC-004: no half model, and the next download clears up, of this URI or another."""
    process = _slow(_aged(model), tmp_path / "log")
    assert _writing(process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=100)
    assert len(_leftovers(cache)) == 1
    assert list((cache / "content").iterdir()) == list((cache / "sources").iterdir()) == []
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("MLmodel", "flavors: {}")
    local_folder(f"zip://::file://{tmp_path}/m.zip")
    assert _leftovers(cache) == []


def test_threads_download_one_after_another(listed: Any) -> None:
    """LOC-012."""
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(local_folder, ["listed://model"] * 4))
    assert len(found) == 1
    assert listed.reads == 1


def test_clearing_leaves_a_download_that_goes_on(cache: Path) -> None:
    """LOC-012: its lock is held; what nobody holds a lock for is a leftover."""
    downloads = cache_of_downloads.Cache()
    with downloads.locked("key"), downloads.partial("key") as partial:
        downloads.clear()
        assert _leftovers(cache) == [partial]
    (cache / "partial" / "key-0").mkdir()
    downloads.clear()
    assert _leftovers(cache) == []
    assert stat.S_IMODE((cache / "locks" / "key").stat().st_mode) == 0o600


def test_a_download_that_goes_on_is_no_leftover(
    model: Path, tmp_path: Path, cache: Path, listed: Any
) -> None:
    """LOC-012."""
    process = _slow(_aged(model), tmp_path / "log")
    assert _writing(process)
    local_folder("listed://model")
    assert len(_leftovers(cache)) == 1
    end = process.communicate(timeout=100)[0].splitlines()[-1]
    assert _read(Path(end)) == FILES


# -- models -----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:The model is saved with")
def test_a_download_is_trusted_by_its_digest_alone(
    memory: Any, tmp_path: Path, digest_of: Callable[[Path], str]
) -> None:
    """LOC-013: who saved it needs no further word, wherever it was in between; others do."""

    class Same(mlmodel.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context: Any, model_input: Any) -> Any:
            return model_input

    mlmodel.pyfunc.save_model(tmp_path / "m", python_model=Same())
    _put(memory, _read(tmp_path / "m"))
    assert mlmodel.load("memory://bucket/model").predict([1]) == [1]
    trust_store.remove(tmp_path / "m")
    with pytest.raises(UntrustedModel):
        mlmodel.load("memory://bucket/model")
    assert mlmodel.load("memory://bucket/model", trust=True).predict([1]) == [1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = local_folder("memory://bucket/model")
    # Loading its code has written nothing into the cache.
    assert digest_of(again) == again.name


def test_commands_take_uris(
    model: Path, tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "MLmodel").write_text("flavors: {mine: {}}\n")
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.write(model / "MLmodel", "MLmodel")
    uri = f"zip://::file://{tmp_path}/m.zip"
    for location in (uri, model.as_uri()):
        main(["inspect", location, "--json"])
        assert json.loads(capsys.readouterr().out)["path"] == location
        with contextlib.suppress(SystemExit):
            main(["validate", location])
        assert "1 valid" in capsys.readouterr().out
    assert Model.load(uri).flavors == {"mine": {}}
    for change in (["validate", "--fix"], ["fmt"]):
        with pytest.raises(SystemExit) as caught:
            main([*change, uri])
        assert caught.value.code == 2
        said = capsys.readouterr()
        assert "A model at a URI cannot be changed" in said.out + said.err
        with pytest.raises(SystemExit) as caught:
            main([*change, ""])
        said = capsys.readouterr()
        assert "The path is empty" in said.out + said.err
        with pytest.raises(SystemExit):
            main([*change, "http://user:word@127.0.0.1:1/x?key=word"])
        said = capsys.readouterr()
        assert "word" not in said.out + said.err
    with contextlib.suppress(SystemExit):
        main(["fmt", model.as_uri()])
    assert (model / "MLmodel").read_text() == "flavors:\n  mine: {}\n"
    main(["trust", "add", uri])
    assert trust_store.contains(local_folder(uri).name)
    with pytest.raises(SystemExit) as caught:
        main(["inspect", "nosuch://x/y"])
    assert caught.value.code == UnsupportedModel.exit_code


def test_the_cache_is_listed_and_cleared(
    listed: Any, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["cache", "list"])
    assert str(cache) in capsys.readouterr().err
    found = local_folder("listed://model")
    main(["cache", "list"])
    out = capsys.readouterr().out
    assert out.startswith(found.name)
    assert out.endswith("1 bytes  listed://model\n")
    main(["cache", "clear"])
    assert not found.exists()
    assert local_folder("listed://model") == found
