"""How values are shown: dates on the practice's clock, amounts, measured numbers, the portal's own words."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from web.language import Translate
from web.words import WORDS

PLACES = 4
KILO = 1000
PLAIN_NUMBER = re.compile(r"^-?\d{1,30}\.\d{1,30}$")
MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
SIGNS = {"USD": "$"}
MINUS = "\N{MINUS SIGN}"


class Showing:
    """Filters of templates, for one language."""

    def __init__(self, language: str, translate: Translate) -> None:
        self._language, self._translate = language, translate

    def day(self, shown: Date | date) -> str:
        """Mar 27, 2026; 27 mar 2026."""
        month = MONTHS[self._language][shown.month - 1]
        if self._language == "es":
            return f"{shown.day} {month} {shown.year}"
        return f"{month} {shown.day}, {shown.year}"

    def moment(self, shown: Timestamp, zone: ZoneInfo) -> str:
        """Mar 27, 2026, 2:05 PM EDT; 27 mar 2026, 14:05 EDT."""
        local = shown.ToDatetime(UTC).astimezone(zone)
        return f"{self.day(local.date())}, {self._time(local)} {local.tzname()}"

    def money(self, cents: int, currency: str = "USD") -> str:
        """$1,234.50; with the code behind for other currencies."""
        sign = SIGNS.get(currency or "USD", "")
        amount = f"{MINUS if cents < 0 else ''}{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02}"
        return amount if sign else f"{amount} {currency}"

    def said(self, word: str, kind: str) -> str:
        """One of the portal's own words; one that a later version says is shown as it is."""
        text = WORDS[kind].get(word)
        return self._translate(text) if text is not None else word.replace("_", " ")

    def _time(self, local: datetime) -> str:
        if self._language == "es":
            return f"{local:%H:%M}"
        return f"{local:%I:%M %p}".lstrip("0")


def measured(value: str) -> str:
    """A measured value as the laboratory gave it, but a decimal number with at most four places behind the point.

    Below 1 it is four significant places, so that a small value does not vanish.
    """
    text = value.strip()
    if not PLAIN_NUMBER.match(text) or len(text.partition(".")[2]) <= PLACES:
        return text
    number = Decimal(text)
    places = PLACES if abs(number) >= 1 or number == 0 else PLACES - 1 - number.adjusted()
    rounded = f"{round(number, places):f}"
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded


def sized(count: int) -> str:
    """A number of bytes as people read it: 512 B, 14 kB, 2.3 MB."""
    if count < KILO:
        return f"{count} B"
    if count < KILO * KILO:
        return f"{round(count / KILO)} kB"
    return f"{count / KILO / KILO:.1f} MB"


def zone_of(name: str) -> ZoneInfo:
    """A practice's zone; UTC where none is known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
