"""The next business day: Monday to Friday without the public holidays of the United States (R13, R15)."""

from datetime import date, timedelta

import holidays

_UNITED_STATES = holidays.country_holidays("US")
_SATURDAY = 5


def next_business_day(day: date) -> date:
    """The first business day after ``day``."""
    following = day + timedelta(days=1)
    while following.weekday() >= _SATURDAY or following in _UNITED_STATES:
        following += timedelta(days=1)
    return following
