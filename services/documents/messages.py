"""Documents' rows as the API's messages, and the API's words read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.documents.domain.flags import flag
from services.documents.domain.results import Category, Value
from services.documents.projections.access_history import AccessRow
from services.documents.projections.record_entries import EntryRow
from services.documents.projections.results import ResultRow, kind
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.fields import date_message, instant_message, text_field, uuid_field

MOST_VALUES = 200
"""Values that one result may hold."""
CATEGORIES: dict[str, Category] = {word: word for word in get_args(Category)}


def summary(row: ResultRow) -> api_pb2.ResultSummary:
    """One line of a list."""
    return api_pb2.ResultSummary(
        result_id=str(row.result_id),
        patient_id=str(row.patient_id),
        title=row.title,
        category=row.category,
        state=row.state,
        effective_at=instant_message(row.effective_at),
        received_at=instant_message(row.received_at),
        released_at=None if row.released_at is None else instant_message(row.released_at),
    )


def whole(
    row: ResultRow, trends: dict[str, list[tuple[datetime, str]]], reason: str, with_values: bool
) -> api_pb2.GetResultResponse:
    """One result with its values and their trends; a retracted one shows patients only why."""
    answer = api_pb2.GetResultResponse(
        summary=summary(row),
        released_by_provider_id=str(row.released_by or ""),
        ordering_provider_id=str(row.ordering_provider_id or ""),
        retraction_reason=reason,
    )
    for value in row.values if with_values else ():
        answer.values.add(
            name=value.name,
            value=value.value,
            unit=value.unit,
            reference_low=value.reference_low,
            reference_high=value.reference_high,
            flag=flag(value),
            code=value.code,
            trend=[api_pb2.TrendPoint(at=instant_message(at), value=text) for at, text in trends.get(kind(value), [])],
        )
    return answer


def entry(row: EntryRow) -> api_pb2.RecordEntry:
    """One line of the health record."""
    return api_pb2.RecordEntry(
        entry_id=str(row.entry_id),
        kind=row.kind,
        title=row.title,
        status=row.status,
        since=None if row.since is None else date_message(row.since),
    )


def access_entry(row: AccessRow) -> api_pb2.AccessEntry:
    """One line of the access history."""
    return api_pb2.AccessEntry(
        at=instant_message(row.at),
        account_id=str(row.account_id),
        acting_as=row.acting_as,
        action=row.action,
        purpose=row.purpose,
        service=row.service,
        object_ids=[str(one) for one in row.object_ids],
    )


def values(given: Sequence[api_pb2.ResultValue]) -> tuple[Value, ...]:
    """1 to 200 values, each with a name and a value; InvalidField names the place."""
    if not 1 <= len(given) <= MOST_VALUES:
        raise InvalidField("values", f"expected 1 to {MOST_VALUES} values")
    return tuple(
        Value(
            name=text_field(one.name, f"values[{place}].name"),
            value=text_field(one.value, f"values[{place}].value", most=2000),
            unit=text_field(one.unit, f"values[{place}].unit", most=40, least=0),
            reference_low=text_field(one.reference_low, f"values[{place}].reference_low", most=40, least=0),
            reference_high=text_field(one.reference_high, f"values[{place}].reference_high", most=40, least=0),
            code=text_field(one.code, f"values[{place}].code", most=40, least=0),
        )
        for place, one in enumerate(given)
    )


def category(text: str) -> Category:
    """The named category; InvalidField otherwise."""
    try:
        return CATEGORIES[text]
    except KeyError:
        raise InvalidField("category", "expected one of " + ", ".join(sorted(CATEGORIES))) from None


def instant(message: Timestamp, field: str) -> datetime:
    """An instant between the years 1900 and 9999; InvalidField otherwise."""
    try:
        at = message.ToDatetime(tzinfo=UTC)
    except ValueError:
        raise InvalidField(field, "expected an instant") from None
    if at.year < 1900:
        raise InvalidField(field, "expected an instant after the year 1900")
    return at


def ordering_provider(text: str) -> UUID | None:
    return uuid_field(text, "ordering_provider_id") if text else None
