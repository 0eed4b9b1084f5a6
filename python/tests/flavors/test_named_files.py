"""Files that a model's own file names: below its folder, themselves, and nothing in their place."""

from __future__ import annotations

import os

import pytest

from mlmodel.errors import InvalidModel
from mlmodel.flavors import _named_files
from mlmodel.flavors._named_files import Refused, folder_inside, opened_below
from mlmodel.store.folder import open_folder

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 3\n"


@pytest.fixture
def model(tmp_path):
    """Return a model's folder, with what lies beside it."""
    root = tmp_path / "m"
    (root / "data" / "sub").mkdir(parents=True)
    (root / "MLmodel").write_text("flavors:\n  other:\n    data: data\n")
    (root / "data" / "weights").write_bytes(b"abc")
    (root / "data" / "sub" / "more").write_bytes(b"more")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def build(model):
    data = model / "data"
    (data / "a link").symlink_to("weights")
    (data / "a linked folder").symlink_to("sub")
    (data / "a way out").symlink_to(model.parent / "secret")
    os.link(model.parent / "secret", data / "another name")
    (data / "pointer").write_text(POINTER)
    return data


def test_files_are_opened(model):
    for location, content in (("weights", b"abc"), ("sub/more", b"more")):
        with opened_below(model / "data", location) as stream:
            assert stream.read() == content


REFUSED = {
    "nothing": "is not there",
    "sub/nothing": "is not there",
    "nothing/at/all": "is not there",
    "sub": "is not a file",
    "a link": "is reached by a link",
    "a linked folder/more": "is reached by a link",
    "a way out": "leads out",
    "../MLmodel": "leads out",
    "sub/../weights": "",
    "another name": "has another name elsewhere",
    "pointer": "Git LFS",
}


@pytest.mark.parametrize("location", REFUSED)
def test_what_is_not_a_file_of_the_models_own_is_refused(location, model):
    """ONX-004."""
    with pytest.raises(Refused, match=REFUSED[location]):
        opened_below(build(model), location)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("nothing", "is not there"), ("sub", "is not a file"), ("weights/more", "by a link"),
        ("a link", "by a link"), ("a way out", "by a link"), ("a linked folder/more", "by a link"),
        ("another name", "another name elsewhere"),
    ],
)  # fmt: skip
def test_what_is_put_in_its_place_after_the_look_is_refused(location, why, model, monkeypatch):
    """ONX-019: each file is opened so that it shows, whatever was there before."""
    monkeypatch.setattr(_named_files, "_why_not_read", lambda _base, _location: "")
    with pytest.raises(Refused, match=why):
        opened_below(build(model), location)


def test_a_folder_that_a_library_reads(model):
    assert folder_inside(open_folder(model), "data") == model.resolve() / "data"


def test_a_file_is_no_folder(model):
    """DIR-009."""
    with pytest.raises(InvalidModel, match=r"data/weights is a file, and a folder .*DIR-009"):
        folder_inside(open_folder(model), "data/weights")


def test_a_pointer_within_a_folder_is_told(model):
    """DIR-009: however deep."""
    (model / "data" / "sub" / "more").write_text(POINTER)
    with pytest.raises(InvalidModel, match=r"data/sub/more .*Git LFS.*DIR-009"):
        folder_inside(open_folder(model), "data")


def test_a_link_out_of_a_folder_is_told(model):
    """DIR-004: however deep; one that stays inside is none of these."""
    (model / "data" / "sub" / "inside").symlink_to(model / "data" / "weights")
    folder_inside(open_folder(model), "data")
    (model / "data" / "sub" / "out").symlink_to(model.parent / "secret")
    with pytest.raises(InvalidModel, match=r"data/sub/out.*DIR-004"):
        folder_inside(open_folder(model), "data")
