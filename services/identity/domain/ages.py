"""Ages by a practice's calendar: whole years on its local date, 29 February turning on 1 March in common years."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def age_on(birth_date: date, day: date) -> int:
    """Whole years on a day. Who was born on 29 February turns on 1 March where there is none (R18)."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def age_at(birth_date: date, at: datetime, time_zone: str) -> int:
    """Whole years at an instant, by the local date there."""
    return age_on(birth_date, at.astimezone(ZoneInfo(time_zone)).date())
