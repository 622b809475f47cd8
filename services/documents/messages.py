"""Documents' rows as the API's messages, and the API's words read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.documents.domain.flags import flag
from services.documents.domain.results import Category, Value
from services.documents.projections.access_history import AccessRow
from services.documents.projections.documents import DocumentRow
from services.documents.projections.record_entries import EntryRow
from services.documents.projections.results import ResultRow, kind
from services.documents.projections.review_tasks import Task
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField
from shared.rpc.fields import date_message, instant_message, text_field, uuid_field

MOST_VALUES = 200
"""Values that one result may hold."""
UNNAMED = "\N{EM DASH}"
"""Stands for a title that may not be shown."""
CATEGORIES: dict[str, Category] = {word: word for word in get_args(Category)}


def summary(row: ResultRow, *, staff: bool) -> api_pb2.ResultSummary:
    """One line of a list; others than staff learn of a misfiled one only that it was."""
    hidden = row.misfiled and not staff
    answer = api_pb2.ResultSummary(
        result_id=str(row.result_id),
        patient_id=str(row.patient_id),
        title=UNNAMED if hidden else row.title,
        category="other" if hidden else row.category,
        state=row.state,
        effective_at=instant_message(row.received_at if hidden else row.effective_at),
        received_at=instant_message(row.received_at),
        released_at=_instant_or_none(row.released_at),
        corrected_by_result_id=str(row.corrected_by_id or ""),
        corrects_result_id=str(row.corrects_id or "") if staff else "",
        misfiled=row.misfiled,
    )
    if staff and row.held_until is not None:
        answer.held_until.CopyFrom(instant_message(row.held_until))
    if staff and row.takes_effect_at is not None:
        answer.takes_effect_at.CopyFrom(instant_message(row.takes_effect_at))
    return answer


def _instant_or_none(at: datetime | None) -> Timestamp | None:
    return None if at is None else instant_message(at)


@dataclass(frozen=True, slots=True)
class Whole:
    """One result with what belongs to it: the trend by kind of value, why it was taken back, who held it and why."""

    row: ResultRow
    trends: Mapping[str, list[tuple[datetime, str]]]
    retraction_reason: str = ""
    hold: tuple[UUID, str] | None = None


def whole(of: Whole, *, staff: bool) -> api_pb2.GetResultResponse:
    """One result with its values and their trends; one that was taken back shows others than staff only why."""
    row = of.row
    answer = api_pb2.GetResultResponse(
        summary=summary(row, staff=staff),
        released_by_provider_id="" if row.misfiled and not staff else str(row.released_by or ""),
        ordering_provider_id="" if row.misfiled and not staff else str(row.ordering_provider_id or ""),
        retraction_reason=of.retraction_reason,
    )
    if staff and of.hold is not None:
        answer.held_by_account_id, answer.hold_reason = str(of.hold[0]), of.hold[1]
    for value in row.values if staff or row.state == "released" else ():
        answer.values.add(
            name=value.name,
            value=value.value,
            unit=value.unit,
            reference_low=value.reference_low,
            reference_high=value.reference_high,
            flag=flag(value),
            code=value.code,
            trend=[
                api_pb2.TrendPoint(at=instant_message(at), value=text) for at, text in of.trends.get(kind(value), [])
            ],
        )
    return answer


def document(row: DocumentRow, *, staff: bool) -> api_pb2.Document:
    """One line of a list; others than staff learn of a misfiled one only that it was."""
    hidden = row.misfiled and not staff
    answer = api_pb2.Document(
        document_id=str(row.document_id),
        patient_id=str(row.patient_id),
        title=UNNAMED if hidden else row.title,
        kind="other" if hidden else row.kind,
        state=row.state,
        content_type="" if hidden else row.content_type,
        size_bytes=0 if hidden else row.size_bytes,
        pages=0 if hidden else row.pages,
        received_at=instant_message(row.received_at),
        released_at=_instant_or_none(row.released_at),
        released_by_provider_id="" if hidden else str(row.released_by or ""),
        misfiled=row.misfiled,
        corrected_by_document_id=str(row.corrected_by_id or "") if staff or row.state == "corrected" else "",
        corrects_document_id=str(row.corrects_id or "") if staff else "",
    )
    if staff and row.held_until is not None:
        answer.held_until.CopyFrom(instant_message(row.held_until))
    if staff and row.takes_effect_at is not None:
        answer.takes_effect_at.CopyFrom(instant_message(row.takes_effect_at))
    return answer


def task(found: Task, *, clinical: bool) -> api_pb2.ReviewTask:
    """One task; an admin, who sees no record, learns only that something waits, and how long."""
    return api_pb2.ReviewTask(
        result_id=str(found.result_id or ""),
        document_id=str(found.document_id or ""),
        entry_id=str(found.entry_id or ""),
        patient_id=str(found.patient_id) if clinical else "",
        title=found.title if clinical else "",
        received_at=instant_message(found.received_at),
        days_waiting=found.days_waiting,
        ordering_provider_id=str(found.ordering_provider_id or ""),
        due_on=None if found.due_on is None else date_message(found.due_on),
        overdue=found.overdue,
    )


def keyset(at: datetime, id_: UUID) -> str:
    """Where a page by time ended."""
    return f"{at.astimezone(UTC).isoformat()}/{id_}"


def instant_and_id(text: str) -> tuple[datetime, UUID] | None:
    """What ``keyset`` made; None for the first page."""
    if not text:
        return None
    at, _, id_ = text.partition("/")
    return datetime.fromisoformat(at), UUID(id_)


def entry(row: EntryRow, *, staff: bool) -> api_pb2.RecordEntry:
    """One line of the health record; others than staff learn of a misfiled one only that it was."""
    hidden = row.state == "retracted" and not staff
    return api_pb2.RecordEntry(
        entry_id=str(row.entry_id),
        kind=row.kind,
        title=UNNAMED if hidden else row.title,
        status="" if hidden else row.status,
        since=None if row.since is None or hidden else date_message(row.since),
        state=row.state,
        patient_id=str(row.patient_id),
        listed_at=instant_message(row.listed_at),
    )


def access_entry(row: AccessRow, names: Mapping[UUID, str], titles: Mapping[UUID, str]) -> api_pb2.AccessEntry:
    """One line of the access history; staff by name and role, what was seen by its title where one is given."""
    return api_pb2.AccessEntry(
        at=instant_message(row.at),
        account_id=str(row.account_id),
        acting_as=row.acting_as,
        action=row.action,
        purpose=row.purpose,
        service=row.service,
        object_ids=[str(one) for one in row.object_ids],
        staff_name=names.get(row.staff_id, "") if row.staff_id is not None else "",
        staff_roles=row.roles.split(),
        object_titles=[titles[one] for one in row.object_ids if one in titles] if row.shows_few else [],
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
