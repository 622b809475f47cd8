"""Request fields read once, with an error that names the field and what was expected, never the value."""

from datetime import UTC, date, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from shared.errors import InvalidField


def uuid_field(text: str, field: str) -> UUID:
    """A UUID in its canonical form; InvalidField otherwise."""
    try:
        found = UUID(text)
    except ValueError:
        raise InvalidField(field, "expected a UUID") from None
    if str(found) != text.lower():
        raise InvalidField(field, "expected a UUID as 8-4-4-4-12 hexadecimal digits")
    return found


def text_field(text: str, field: str, *, most: int = 200, least: int = 1) -> str:
    """Text without surrounding blanks or control characters, ``least`` to ``most`` characters."""
    stripped = text.strip()
    if not least <= len(stripped) <= most:
        raise InvalidField(field, f"expected {least} to {most} characters")
    if any(not character.isprintable() and character not in "\n\t" for character in stripped):
        raise InvalidField(field, "expected text without control characters")
    return stripped


def date_field(message: Date, field: str) -> date:
    """A whole calendar date; InvalidField otherwise."""
    try:
        return date(message.year, message.month, message.day)
    except ValueError:
        raise InvalidField(field, "expected a calendar date with year, month and day") from None


def choice_field(text: str, field: str, choices: frozenset[str]) -> str:
    """One of the portal's own words."""
    if text not in choices:
        raise InvalidField(field, "expected one of " + ", ".join(sorted(choices)))
    return text


def instant_message(at: datetime) -> Timestamp:
    """An aware instant as a message."""
    message = Timestamp()
    message.FromDatetime(at.astimezone(UTC))
    return message


def date_message(day: date) -> Date:
    """A calendar date as a message."""
    return Date(year=day.year, month=day.month, day=day.day)
