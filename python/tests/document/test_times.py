"""The time at which a model was saved, in every form that was ever written (MLM-009, MLM-022)."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmodel.document import dumps, parse
from mlmodel.document.times import parse_time, same_time, time_text, with_todays_time

FLAVORS = {"a": {}}


def utc(*parts):
    return dt.datetime(*parts, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2018-02-21 13:21:34.123", utc(2018, 2, 21, 13, 21, 34, 123_000)),
        ("2018-05-25T17:28:53.35", utc(2018, 5, 25, 17, 28, 53, 350_000)),
        ("19-09-25T13:56:34.34.95", utc(2019, 9, 25, 13, 56, 34, 950_000)),
        ("2024-07-24T11:58:39Z", utc(2024, 7, 24, 11, 58, 39)),
        ("2024-07-24 11:58:39 -0230", utc(2024, 7, 24, 14, 28, 39)),
        ("2024-07-24T11:58:39+2", utc(2024, 7, 24, 9, 58, 39)),
        ("2024-07-24T11:58:39.1234567Z", utc(2024, 7, 24, 11, 58, 39, 123_456)),
        ("2024-07-24T11:58:39,5", utc(2024, 7, 24, 11, 58, 39, 500_000)),
        ("2024-07-24 11:58", utc(2024, 7, 24, 11, 58)),
        ("2024-7-4", utc(2024, 7, 4)),
        (dt.date(2024, 7, 4), utc(2024, 7, 4)),
        (utc(2024, 7, 4, 1).replace(tzinfo=None), utc(2024, 7, 4, 1)),
        (dt.datetime(2024, 7, 4, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))), utc(2024, 7, 4)),
    ],
)  # fmt: skip
def test_the_moment(written, moment):
    assert parse_time(written) == moment
    assert parse_time(written).tzinfo is dt.UTC


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "2020-13-01", "2020-01-01 25:00", "2020-01-01 10:00:61", "10:00", None, 5,
     "0001-01-01T00:00:00+02", "9999-12-31T23:59:59-02", "2020-01-01T10:00:00+25:00",
     "\u0662\u0660\u0662\u0660-01-01", "99-13-01T00:00:00.00.00", [2020]],
)  # fmt: skip
def test_what_names_no_moment(written):
    assert parse_time(written) is None


@given(st.datetimes(utc(1000, 1, 2).replace(tzinfo=None)))
def test_what_is_written_is_understood(moment):
    assert parse_time(time_text(moment)) == moment.replace(tzinfo=dt.UTC)


def test_texts_that_are_no_times_are_compared_as_they_are():
    assert same_time("once", "once")
    assert not same_time("once", "2020-01-01")


@pytest.mark.parametrize(
    ("data", "today"),
    [
        ({"time_created": "2020-01-01", "a": 1}, {"utc_time_created": "2020-01-01", "a": 1}),
        ({"time_created": utc(2020, 1, 1)}, {"utc_time_created": "2020-01-01 00:00:00.000000"}),
        ({"utc_time_created": dt.date(2020, 1, 1)}, {"utc_time_created": "2020-01-01"}),
        ({"time_created": "2020-01-01", "utc_time_created": "2020-01-01 00:00"},
         {"utc_time_created": "2020-01-01 00:00"}),
        ({"time_created": "2020-01-01", "utc_time_created": None}, {"utc_time_created": "2020-01-01"}),
        ({"time_created": "a", "utc_time_created": "b"}, {"time_created": "a", "utc_time_created": "b"}),
        ({"time_created": [1]}, {"utc_time_created": [1]}),
        ({"a": 1}, {"a": 1}),
    ],
)  # fmt: skip
def test_the_time_under_its_name_of_today(data, today):
    assert with_todays_time(data) == today
    assert list(with_todays_time(data)) == list(today)
    written = dumps({"flavors": FLAVORS, **data})
    assert parse(written).data == {"flavors": FLAVORS, **today}


@pytest.mark.parametrize("written", ["!!timestamp '2018-05-25 17:28:53.35'", "2018-05-25 17:28:53.35", "'2018-05-25 17:28:53.35'"])  # fmt: skip
@pytest.mark.parametrize("key", ["time_created", "utc_time_created"])
def test_text_and_timestamp_are_read_alike(key, written):
    assert parse(f"{key}: {written}\nflavors: {{a: {{}}}}\n").data[key] == "2018-05-25 17:28:53.35"
