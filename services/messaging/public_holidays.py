"""The public holidays of the United States, from the ``holidays`` library."""

from datetime import date
from zoneinfo import ZoneInfo

import holidays

from services.messaging.domain.business_hours import BusinessHours

_UNITED_STATES = holidays.country_holidays("US")
"""Federal holidays with the days on which they are observed; the library adds years as they are asked for."""


def is_holiday(day: date) -> bool:
    return day in _UNITED_STATES


def business_hours(time_zone: str) -> BusinessHours:
    """The business hours of a practice in that IANA time zone."""
    return BusinessHours(ZoneInfo(time_zone), is_holiday)
