"""Fields of messaging's requests, read once, with an error that names the field and never the value."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from google.protobuf.timestamp_pb2 import Timestamp

from services.messaging.domain.conversation import Topic
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import text_field

SUBJECT_CHARACTERS, BODY_CHARACTERS, REASON_CHARACTERS = 200, 10_000, 1_000
TOPICS: tuple[Topic, ...] = get_args(Topic)
MOST_PREFERRED = 5
LATEST_YEAR = 2200


def number_page(call: Call, token: str, page_size: int) -> tuple[int, int]:
    """The number of the last message of the page before, 0 for the first page, and the size."""
    keyset, size = call.page(token, page_size)
    return (int(keyset) if keyset.isdigit() else 0), size


def topic_of(word: str) -> Topic:
    found = next((topic for topic in TOPICS if topic == word), None)
    if found is None:
        raise InvalidField("topic", "expected one of " + ", ".join(TOPICS))
    return found


def subject_of(given: str) -> str:
    subject = text_field(given, "subject", most=SUBJECT_CHARACTERS)
    if "\n" in subject:
        raise InvalidField("subject", "expected one line")
    return subject


def body_of(given: str) -> str:
    return text_field(given.replace("\r\n", "\n"), "body", most=BODY_CHARACTERS)


def reason_of(given: str, field: str = "reason", *, least: int = 1) -> str:
    return text_field(given.replace("\r\n", "\n"), field, most=REASON_CHARACTERS, least=least)


def instant_of(given: Timestamp, field: str) -> datetime:
    """An aware instant to the whole minute; appointments begin at no other."""
    try:
        at = given.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise InvalidField(field, "expected an instant") from None
    if at.second or at.microsecond or not at.timestamp() or at.year > LATEST_YEAR:
        raise InvalidField(field, "expected an instant of a whole minute")
    return at


def preferred_of(given: Sequence[Timestamp]) -> tuple[datetime, ...]:
    """One to five different instants, in the order of preference."""
    instants = tuple(dict.fromkeys(instant_of(at, "preferred") for at in given))
    if not 1 <= len(instants) <= MOST_PREFERRED:
        raise InvalidField("preferred", f"expected 1 to {MOST_PREFERRED} instants")
    return instants
