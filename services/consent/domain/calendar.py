"""A practice's local days: when they begin, and on which of them someone has a birthday."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


def birthday(birth_date: date, age: int) -> date:
    """The day on which that age is reached; births of 29 February: 1 March in years that are no leap years (R18)."""
    try:
        return birth_date.replace(year=birth_date.year + age)
    except ValueError:
        return date(birth_date.year + age, 3, 1)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the local day, in UTC; where midnight does not exist, the first one that does (R18)."""
    midnight = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    if midnight.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, time()):
        return midnight
    before, after = midnight - ONE_DAY, midnight + ONE_DAY
    while after - before > ONE_SECOND:
        middle = before + timedelta(seconds=(after - before) // ONE_SECOND // 2)
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            after = middle
    return after


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after the local day: a form's last day counts in full (R20)."""
    return start_of_day(day + ONE_DAY, zone)


def start_of_age(birth_date: date, age: int, zone: ZoneInfo) -> datetime:
    """The first instant of that birthday."""
    return start_of_day(birthday(birth_date, age), zone)
