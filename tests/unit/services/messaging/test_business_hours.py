"""R13: Monday to Friday 09:00:00 ≤ t < 17:00:00 on the practice's clock, holidays, and business days from there."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.messaging.domain.business_hours import BusinessHours
from services.messaging.public_holidays import business_hours

NEW_YORK = business_hours("America/New_York")
SECOND = timedelta(seconds=1)


def local(hours: BusinessHours, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=hours.zone).astimezone(UTC)  # type: ignore[misc,arg-type]  # year, month, day, …


@pytest.mark.parametrize(
    ("clock", "is_open"), [((9, 0, 0), True), ((17, 0, 0), False)], ids=["opens at 09:00:00", "closes at 17:00:00"]
)
def test_r13_business_hours_are_half_open(clock: tuple[int, int, int], is_open: bool) -> None:
    at = local(NEW_YORK, 2026, 3, 4, *clock)
    assert NEW_YORK.is_open(at) is is_open
    assert NEW_YORK.is_open(at - SECOND) is not is_open


@pytest.mark.parametrize(
    ("zone", "parts", "due"),
    [
        ("America/New_York", (2026, 3, 2, 9, 0), date(2026, 3, 4)),
        ("America/New_York", (2026, 3, 2, 3, 0), date(2026, 3, 4)),
        ("America/New_York", (2026, 3, 2, 16, 59, 59), date(2026, 3, 4)),
        ("America/New_York", (2026, 3, 2, 17, 0, 0), date(2026, 3, 5)),
        ("America/New_York", (2026, 3, 6, 16, 59, 59), date(2026, 3, 10)),
        ("America/New_York", (2026, 3, 6, 17, 0, 0), date(2026, 3, 11)),
        ("America/New_York", (2026, 3, 7, 12, 0), date(2026, 3, 11)),
        ("America/New_York", (2026, 7, 1, 12, 0), date(2026, 7, 6)),
        ("America/New_York", (2026, 12, 24, 12, 0), date(2026, 12, 29)),
        ("America/Phoenix", (2026, 3, 6, 16, 59, 59), date(2026, 3, 10)),
        ("Pacific/Honolulu", (2026, 3, 2, 17, 0, 0), date(2026, 3, 5)),
    ],
    ids=[
        "at opening",
        "before opening counts as that day",
        "last second of the day",
        "at closing counts as the next day",
        "Friday's last second, over a weekend",
        "Friday at closing",
        "Saturday",
        "over the observed Independence Day (Friday 3 July 2026)",
        "over Christmas Day (a Friday)",
        "another zone",
        "far west",
    ],
)
def test_r13_a_reply_is_due_two_business_days_after_the_one_on_which_the_message_arrives(
    zone: str, parts: tuple[int, ...], due: date
) -> None:
    hours = business_hours(zone)
    reply = hours.reply_due(local(hours, *parts))
    assert reply.on == due
    assert reply.at == datetime.combine(due, datetime.min.time(), hours.zone).replace(hour=17).astimezone(UTC)


def test_r13_the_change_of_clocks_moves_the_instant_but_not_the_date() -> None:
    """New York moves its clocks on Sunday 8 March 2026: 17:00 is 22:00 UTC before and 21:00 UTC after."""
    before = NEW_YORK.reply_due(local(NEW_YORK, 2026, 3, 4, 12))
    after = NEW_YORK.reply_due(local(NEW_YORK, 2026, 3, 6, 12))
    assert before.at == datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
    assert after.at == datetime(2026, 3, 10, 21, 0, tzinfo=UTC)


def test_a_holiday_is_no_business_day() -> None:
    assert not NEW_YORK.is_business_day(date(2026, 11, 26))
    assert not NEW_YORK.is_open(local(NEW_YORK, 2026, 11, 26, 12))
    assert NEW_YORK.is_business_day(date(2026, 11, 27))
