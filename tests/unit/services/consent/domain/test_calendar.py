"""Local days: birthdays of 29 February, midnights that do not exist, days that are skipped."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.consent.domain.calendar import birthday, end_of_day, start_of_day

ZONES = ("UTC", "America/New_York", "Africa/Cairo", "America/Sao_Paulo", "America/Havana", "Asia/Beirut")


@pytest.mark.parametrize(
    ("birth", "age", "expected"),
    [
        (date(2012, 2, 29), 12, date(2024, 2, 29)),
        (date(2012, 2, 29), 18, date(2030, 3, 1)),
        (date(2014, 2, 28), 12, date(2026, 2, 28)),
        (date(2014, 3, 1), 12, date(2026, 3, 1)),
    ],
)
def test_r18_births_of_29_february_turn_on_1_march_in_years_without_one(birth: date, age: int, expected: date) -> None:
    assert birthday(birth, age) == expected


def test_a_day_begins_at_local_midnight() -> None:
    assert start_of_day(date(2026, 11, 24), ZoneInfo("America/New_York")) == datetime(2026, 11, 24, 5, tzinfo=UTC)


def test_r18_where_midnight_does_not_exist_the_day_begins_with_its_first_instant() -> None:
    cairo, sao_paulo = ZoneInfo("Africa/Cairo"), ZoneInfo("America/Sao_Paulo")
    assert start_of_day(date(2024, 4, 26), cairo) == datetime(2024, 4, 25, 22, tzinfo=UTC)
    assert start_of_day(date(2024, 4, 26), cairo).astimezone(cairo).hour == 1
    assert start_of_day(date(2017, 10, 15), sao_paulo).astimezone(sao_paulo).hour == 1


def test_a_midnight_inside_a_gap_that_began_before_it_is_not_the_old_day() -> None:
    toronto = ZoneInfo("America/Toronto")
    begins = start_of_day(date(1919, 3, 31), toronto)
    assert begins.astimezone(toronto).date() == date(1919, 3, 31)
    assert (begins - timedelta(seconds=1)).astimezone(toronto).date() == date(1919, 3, 30)


def test_a_day_that_a_country_skipped_begins_with_the_next() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert start_of_day(date(2011, 12, 30), apia) == start_of_day(date(2011, 12, 31), apia)


def test_where_midnight_comes_twice_the_day_begins_with_the_first() -> None:
    havana = ZoneInfo("America/Havana")
    assert start_of_day(date(2025, 11, 2), havana) == datetime(2025, 11, 2, 4, tzinfo=UTC)


@given(day=some.dates(date(1970, 1, 2), date(2080, 12, 30)), zone=some.sampled_from(ZONES))
def test_the_second_before_a_day_is_another_day(day: date, zone: str) -> None:
    local = ZoneInfo(zone)
    begins = start_of_day(day, local)
    assert begins.astimezone(local).date() == day
    assert (begins - timedelta(seconds=1)).astimezone(local).date() == day - timedelta(days=1)
    assert end_of_day(day - timedelta(days=1), local) == begins
