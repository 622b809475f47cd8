"""When a waiting result becomes whose task: by calendar days from its receipt on the practice's clock (R14)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ORDERING_DAYS, PARTICIPATING_DAYS, ADMIN_DAYS = 1, 3, 5
"""The one who ordered it, then all who take part, then the admin, who meets it anew each day."""


def received_before(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    """What was received before this instant has waited that many calendar days or more."""
    return day_begins(now.astimezone(zone).date() - timedelta(days=days - 1), zone)


def days_waiting(received_at: datetime, now: datetime, zone: ZoneInfo) -> int:
    """Midnights between the receipt and now."""
    return (now.astimezone(zone).date() - received_at.astimezone(zone).date()).days


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) of a local day; where midnight does not exist, the one that follows the gap."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
