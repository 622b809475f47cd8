"""The public holidays of the United States, from the ``holidays`` library."""

from collections.abc import Container
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from services.messaging.domain.business_hours import BusinessHours


@cache
def united_states() -> Container[date]:
    """Federal holidays with the days on which they are observed; the library adds years as they are asked for."""
    import holidays  # noqa: PLC0415 - it loads every country there is, a quarter of this service's start

    return holidays.country_holidays("US")


def is_holiday(day: date) -> bool:
    return day in united_states()


def business_hours(time_zone: str) -> BusinessHours:
    """The business hours of a practice in that IANA time zone."""
    return BusinessHours(ZoneInfo(time_zone), is_holiday)
