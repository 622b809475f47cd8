"""The next business day: Monday to Friday without the public holidays of the United States (R13, R15)."""

from collections.abc import Container
from datetime import date, timedelta
from functools import cache

_SATURDAY = 5


@cache
def united_states() -> Container[date]:
    """Federal holidays with the days on which they are observed; the library adds years as they are asked for."""
    import holidays  # noqa: PLC0415 - it loads every country there is, a quarter of this service's start

    return holidays.country_holidays("US")


def next_business_day(day: date) -> date:
    """The first business day after ``day``."""
    following = day + timedelta(days=1)
    while following.weekday() >= _SATURDAY or following in united_states():
        following += timedelta(days=1)
    return following
