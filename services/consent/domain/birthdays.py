"""The two birthdays on which access changes, and when each is announced (R18)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from services.consent.domain.calendar import birthday, start_of_day
from services.consent.domain.practice import Practice
from services.consent.domain.record import Announcement, Birthday

NOTICE_DAYS = (30, 7, 1)
BIRTHDAYS: tuple[Birthday, ...] = ("adolescent", "adult")


def announcements(birth_date: date, practice: Practice, which: Birthday) -> Iterator[tuple[datetime, Announcement]]:
    """Each with the first instant of its day, in the practice's zone; in order."""
    on = birthday(birth_date, practice.adolescent_age if which == "adolescent" else practice.adult_age)
    for days in NOTICE_DAYS:
        yield start_of_day(on - timedelta(days), practice.zone), Announcement(which, days, on)


def birthday_at(birth_date: date, practice: Practice, which: Birthday) -> datetime:
    """The first instant of that birthday."""
    age = practice.adolescent_age if which == "adolescent" else practice.adult_age
    return start_of_day(birthday(birth_date, age), practice.zone)


def due_at(birth_date: date, practice: Practice, which: Birthday, at: datetime) -> Announcement | None:
    """The announcement that is due at that instant: the last one whose day has begun, until the birthday itself."""
    if at >= birthday_at(birth_date, practice, which):
        return None
    begun = [told for since, told in announcements(birth_date, practice, which) if since <= at]
    return begun[-1] if begun else None
