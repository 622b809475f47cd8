"""When the practice is at work, and how many business days from now something is due (R13)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = time(9), time(17)
"""Business hours are opens ≤ t < closes, Monday to Friday, on the practice's clock."""

REPLY_BUSINESS_DAYS = 2

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ReplyDue:
    """By when a reply is due: shown as a date; overdue from the instant at which that day's business hours end."""

    on: date
    at: datetime


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """One practice's business hours: its time zone and its holidays."""

    zone: ZoneInfo
    is_holiday: Callable[[date], bool]

    def is_business_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and not self.is_holiday(day)

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        return self.is_business_day(local.date()) and OPENS <= local.time() < CLOSES

    def arrives_on(self, at: datetime) -> date:
        """The business day on which staff meet what arrives at ``at``: that very day until 17:00:00, else the next."""
        local = at.astimezone(self.zone)
        if self.is_business_day(local.date()) and local.time() < CLOSES:
            return local.date()
        return self.add_business_days(local.date(), 1)

    def add_business_days(self, day: date, count: int) -> date:
        """The ``count``-th business day after ``day``."""
        while count > 0:
            day += timedelta(days=1)
            if self.is_business_day(day):
                count -= 1
        return day

    def closes_at(self, day: date) -> datetime:
        """The first instant (UTC) after the business hours of that day."""
        return datetime.combine(day, CLOSES, self.zone).astimezone(UTC)

    def reply_due(self, at: datetime, business_days: int = REPLY_BUSINESS_DAYS) -> ReplyDue:
        """When what arrives at ``at`` is due, that many business days after the one on which it arrives."""
        day = self.add_business_days(self.arrives_on(at), business_days)
        return ReplyDue(day, self.closes_at(day))
