"""Writing: what is read back is what was written, whole or not at all (MLM-014 to MLM-016)."""

from __future__ import annotations

import codecs
import datetime as dt
import errno
import math
import os

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlmodel.document import dumps, parse, read, write, writer
from mlmodel.document.times import with_todays_time
from mlmodel.document.yaml.events import DEFAULT_LIMITS
from mlmodel.errors import InvalidModel, WriteFailed

FLAVORS = {"python_function": {"loader_module": "a.b"}}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["3.10", "no", "12:30:45", "null", "~", "", "1_000", "0x1F", "2020-01-01", "<<", "=", "1e5",
     "- a", "a: b", "# a", "!x", "&a", "*a", "'", '"', "\x85", "\u2028", "\ufeff", "\0", "a\r\nb",
     " a", "a ", "\t", "é😀", "%", "@", "`", "y", ".inf", "0o7", "?", "\x7f", "\ufffe"]
)  # fmt: skip
# Years below 1000 are written without leading zeros on some platforms; no model is that old.
scalars = (
    text
    | st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.binary(max_size=20)
    | st.dates(dt.date(1900, 1, 1))
    | st.datetimes(dt.datetime(1900, 1, 1))  # noqa: DTZ001 - files hold naive times
    | st.datetimes(timezones=st.just(dt.UTC), min_value=dt.datetime(1900, 1, 1))  # noqa: DTZ001
)
values = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(text, below, max_size=4)
        | st.sets(text | st.integers(), max_size=3)
    ),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {"flavors": st.just(FLAVORS) | st.dictionaries(text.map("x".__add__), st.dictionaries(text, values, max_size=4), max_size=3)},
    optional={
        "run_id": text, "mlflow_version": text, "artifact_path": text, "metadata": st.dictionaries(text, values, max_size=4),
        "utc_time_created": text, "unknown_to_us": values, "model_size_bytes": st.integers(0, 2**60),
        "env_vars": st.lists(text, max_size=3),
        "saved_input_example_info": st.fixed_dictionaries({"artifact_path": text, "type": text}),
        "signature": st.fixed_dictionaries({"inputs": text, "outputs": st.none()}),
    },
)  # fmt: skip


@pytest.mark.slow
@given(documents)
@example({"flavors": FLAVORS, "run_id": "0123"})
@settings(max_examples=400)
def test_round_trip(data):
    """MLM-005, MLM-017: every value comes back, and MLflow's reader sees the same."""
    written = dumps(data)
    assert parse(written).data == data
    assert yaml.safe_load(written) == data
    assert written.isascii()


def test_nan_and_tuples():
    back = parse(dumps({"flavors": FLAVORS, "a": math.nan, "b": (1, (2,))})).data
    assert math.isnan(back["a"])
    assert back["b"] == [1, [2]]


def test_real_files_survive_a_round_trip(corpus):
    """MLM-011, MLM-012: unknown keys and flavors too."""
    for file in sorted(corpus.glob("**/MLmodel")):
        data = read(file).data
        assert parse(dumps(data)).data == data, file
        assert yaml.safe_load(dumps(data)) == yaml.safe_load(file.read_text()), file


def test_written_twice_it_is_the_same_text(corpus):
    """MLM-030: for every real file."""
    for file in sorted(corpus.glob("**/MLmodel")):
        written = dumps(read(file).data)
        assert dumps(parse(written).data) == written, file


early = st.fixed_dictionaries(
    {},
    optional={"time_created": text | st.none() | st.datetimes(dt.datetime(1900, 1, 1))},  # noqa: DTZ001
)


@pytest.mark.thorough
@given(documents, early)
@settings(max_examples=200)
def test_any_document_is_written_twice_as_the_same_text(data, more):
    """MLM-030: with the time under its name of today, where there is one right answer."""
    data = {**data, **more}
    written = dumps(data)
    again = parse(written).data
    assert again == with_todays_time(data)
    assert dumps(again) == written


def test_attributes_of_a_flavor_are_whatever_yaml_holds():
    """MLM-014, MLM-030: they come back as they were given, those that a schema knows as texts too."""
    attributes = {
        "loader_module": "mine", "python_version": "3.10", "n": 3, "x": 1.5, "inf": math.inf,
        "none": None, "yes": True, "text": "no", "date": dt.date(2020, 1, 1), "bytes": b"\x00\xff",
        "when": dt.datetime(2020, 1, 1, 12, 30, tzinfo=dt.UTC), "set": {"a", 1, 2.5, None},
        "list": [[], {}, [1, [2, {"a": b""}]]], "map": {1: "a", None: "b", False: "c", 2.5: {}},
        "long": "x y " * 60, "lines": "a\n\n b\n", "unicode": "é😀\u2028", "": "",
    }  # fmt: skip
    data = {"flavors": {"python_function": attributes, "mine": dict(attributes)}}
    written = dumps(data)
    assert parse(written).data == data
    assert yaml.safe_load(written) == data
    assert dumps(parse(written).data) == written


@pytest.mark.parametrize("version", ["10.3", None])
def test_the_runtime_is_written_in_a_runtime_alone(monkeypatch, version):
    """MLM-018."""
    from mlmodel.models import Model

    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    if version:
        monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", version)
    assert Model(flavors=FLAVORS).to_dict().get("databricks_runtime") == version
    assert Model.from_dict({"flavors": FLAVORS}).to_dict().get("databricks_runtime") is None


def test_the_form_is_mlflows():
    """MLM-015: sorted, block style, quoted where it must be, no anchors."""
    data = {"utc_time_created": "2020-01-01 00:00:00", "flavors": FLAVORS, "a": [1], "run_id": "12"}
    assert dumps(data) == yaml.safe_dump(data, default_flow_style=False)
    shared = [1, 2]
    assert "&" not in dumps({"flavors": FLAVORS, "a": shared, "b": shared})


class Odd:
    pass


LOOP: list = []
LOOP.append(LOOP)
DEEP: list = []
for _ in range(5_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "pointer"),
    [({"a": [1, Odd()]}, "/metadata/a/1"), (Odd, "/metadata"), (LOOP, "/metadata/0"),
     ({Odd(): 1}, None), (10**2_000, "/metadata"), ("\ud800", "/metadata"), (1j, "/metadata"),
     ({("a", "b"): 1}, None), (frozenset({1}), "/metadata"), (len, "/metadata"),
     ({("a", "b")}, "/metadata")],
)  # fmt: skip
def test_what_yaml_cannot_hold_names_the_key(value, pointer):
    with pytest.raises(InvalidModel) as raised:
        dumps({"flavors": FLAVORS, "metadata": value})
    (violation,) = raised.value.details
    assert violation.rule == "MLM-014"
    if pointer:
        assert violation.pointer == pointer


@pytest.mark.parametrize("value", [DEEP, list(range(200_000))])
def test_what_could_not_be_read_again_is_not_written(value):
    """MLM-002 holds for writers too."""
    with pytest.raises(InvalidModel, match="MLM-002"):
        dumps({"flavors": FLAVORS, "metadata": {"a": value}})


LIMIT = DEFAULT_LIMITS.bytes


def of_size(size):
    """Return a mapping whose text has so many bytes."""
    data = {"flavors": FLAVORS, "metadata": {"a": ["b"], "long": "x"}}
    data["metadata"]["long"] *= size - len(dumps(data)) + 1
    return data


def test_a_file_has_as_many_bytes_as_are_read(tmp_path):
    """MLM-002: the last one that is written is read."""
    write(of_size(LIMIT), tmp_path)
    assert (tmp_path / "MLmodel").stat().st_size == LIMIT
    assert read(tmp_path).data == of_size(LIMIT)


@pytest.mark.parametrize("already", [True, False])
def test_a_file_that_would_not_be_read_is_not_written(tmp_path, already):
    """MLM-002: with its size, the limit, where most of it is, and what to do; nothing is left."""
    before = {}
    if already:
        write({"flavors": FLAVORS, "run_id": "old"}, tmp_path)
        before = {"MLmodel": (tmp_path / "MLmodel").read_bytes()}
    with pytest.raises(InvalidModel) as raised:
        write(of_size(LIMIT + 1), tmp_path)
    (violation,) = raised.value.details
    assert (violation.rule, violation.pointer) == ("MLM-002", "/metadata/long")
    assert "8,388,609 bytes, more than the limit of 8,388,608" in violation.message
    assert "at /metadata/long" in violation.message
    assert "keep large values in other files" in violation.message
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.thorough
def test_bytes_are_counted_as_they_are_written():
    """What is escaped takes more of them."""
    with pytest.raises(InvalidModel, match="/metadata"):
        dumps({"flavors": FLAVORS, "metadata": "\u20ac" * (LIMIT // 5)})


def takes(work):
    try:
        work()
    except InvalidModel as error:
        assert "MLM-002" in str(error)  # noqa: PT017 - either is right, but never by another rule
        return False
    return True


@pytest.mark.parametrize(
    "value", ["a", [1, 2, 3], {"a": None, "b": 1}, {1, 2}, {"a": [{1}, {"b": {}}]}, []], ids=repr
)
def test_as_many_values_are_written_as_are_read(monkeypatch, value):
    """MLM-002: keys count, and each member of a set is a key with a value."""
    data = {"flavors": FLAVORS, "metadata": value}
    text = yaml.safe_dump(data)
    answers = set()
    for events in range(8, 20):
        limits = DEFAULT_LIMITS._replace(events=events)
        monkeypatch.setattr(writer, "DEFAULT_LIMITS", limits)
        read_again = takes(lambda limits=limits: parse(text, limits=limits))
        assert takes(lambda: dumps(data)) == read_again
        answers.add(read_again)
    assert answers == {True, False}


@pytest.mark.parametrize("depth", [62, 63, 64, 65])
def test_as_deep_as_is_read(depth):
    value = []
    for _ in range(depth - 2):
        value = [value]
    data = {"flavors": FLAVORS, "metadata": value}
    if depth <= DEFAULT_LIMITS.depth:
        assert parse(dumps(data)).data == data
        return
    for refused in (lambda: parse(yaml.safe_dump(data)), lambda: dumps(data)):
        with pytest.raises(InvalidModel, match="MLM-002"):
            refused()


def test_a_file_is_not_replaced_by_one_that_would_not_be_read(tmp_path):
    """MLM-002: neither by the formatter nor by what mends."""
    file = write({"flavors": FLAVORS}, tmp_path)
    before = file.read_bytes()
    with pytest.raises(InvalidModel, match="MLM-002"):
        writer.rewrite(file, "a" * (LIMIT + 1))
    file.write_bytes(codecs.BOM_UTF8 + before)
    with pytest.raises(InvalidModel, match="MLM-002"):
        writer.rewrite(file, "a" * LIMIT)
    assert file.read_bytes() == codecs.BOM_UTF8 + before
    writer.rewrite(file, "a" * LIMIT, DEFAULT_LIMITS._replace(bytes=LIMIT + 3))
    assert file.stat().st_size == LIMIT + 3


def test_all_of_them_are_collected():
    with pytest.raises(InvalidModel) as raised:
        dumps({"flavors": FLAVORS, "a": Odd(), "b": {"c": Odd()}})
    assert [d.pointer for d in raised.value.details] == ["/a", "/b/c"]


def test_write_replaces_the_file(tmp_path):
    file = write({"flavors": FLAVORS}, tmp_path)
    assert file == tmp_path / "MLmodel"
    write({"flavors": FLAVORS, "run_id": "b"}, file)
    assert read(tmp_path).data["run_id"] == "b"
    assert os.listdir(tmp_path) == ["MLmodel"]
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    """MLM-016: whole or not at all."""
    write({"flavors": FLAVORS, "run_id": "old"}, tmp_path)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left on device"):
        write({"flavors": FLAVORS, "run_id": "new"}, tmp_path)
    assert read(tmp_path).data["run_id"] == "old"
    assert os.listdir(tmp_path) == ["MLmodel"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(WriteFailed, match="No such file"):
        write({"flavors": FLAVORS}, tmp_path / "none" / "MLmodel")
