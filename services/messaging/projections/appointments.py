"""Appointments and what became of them, for patients and staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.messaging.domain.appointment import Appointment
from services.messaging.keysets import Keyset
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE appointments (
        appointment_id uuid PRIMARY KEY, practice_id uuid NOT NULL, patient_id uuid NOT NULL, provider_id uuid,
        account_id uuid NOT NULL, confidential boolean NOT NULL, origin text NOT NULL, state text NOT NULL,
        preferred timestamptz[] NOT NULL, starts_at timestamptz, lapses_at timestamptz,
        requested_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
        subject_id uuid NOT NULL, sealed bytea NOT NULL)""",
    "CREATE INDEX appointments_of_patient ON appointments (patient_id, requested_at, appointment_id)",
    "CREATE INDEX appointments_of_practice ON appointments (practice_id, requested_at, appointment_id)",
)


async def add(recorded: Recorded[Appointment.Requested], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "appointments",
        {"appointment_id": event.appointment_id},
        {
            "practice_id": event.about.practice_id,
            "patient_id": event.about.patient_id,
            "provider_id": event.wish.provider_id,
            "account_id": event.wish.author.account_id,
            "confidential": event.about.confidential,
            "origin": event.about.origin,
            "state": "requested",
            "preferred": list(event.wish.preferred),
            "starts_at": None,
            "lapses_at": None,
            "requested_at": event.requested_at,
            "changed_at": event.requested_at,
        },
        subject_id=event.about.patient_id,
        personal={"reason": event.wish.reason, "answer": ""},
    )


async def confirm(recorded: Recorded[Appointment.Confirmed], rows: Rows) -> None:
    event = recorded.event
    await _change(recorded, rows, event.confirmed_at, state="confirmed", starts_at=event.starts_at, lapses_at=None)


async def propose(recorded: Recorded[Appointment.Proposed], rows: Rows) -> None:
    event = recorded.event
    await _change(
        recorded, rows, event.proposed_at, state="proposed", starts_at=event.starts_at, lapses_at=event.lapses_at
    )


async def accept(recorded: Recorded[Appointment.Accepted], rows: Rows) -> None:
    await _change(recorded, rows, recorded.event.accepted_at, state="confirmed", lapses_at=None)


async def lapse(recorded: Recorded[Appointment.Lapsed], rows: Rows) -> None:
    await _change(recorded, rows, recorded.event.lapsed_at, state="lapsed", starts_at=None, lapses_at=None)


async def decline(recorded: Recorded[Appointment.Declined], rows: Rows) -> None:
    event = recorded.event
    await _answer(recorded, rows, event.reason)
    await _change(recorded, rows, event.declined_at, state="declined", starts_at=None, lapses_at=None)


async def reschedule(recorded: Recorded[Appointment.Rescheduled], rows: Rows) -> None:
    await _change(recorded, rows, recorded.event.rescheduled_at, starts_at=recorded.event.starts_at)


async def cancel(recorded: Recorded[Appointment.Cancelled], rows: Rows) -> None:
    await _answer(recorded, rows, recorded.event.reason)
    await _change(recorded, rows, recorded.event.cancelled_at, state="cancelled", lapses_at=None)


async def record_attendance(recorded: Recorded[Appointment.AttendanceRecorded], rows: Rows) -> None:
    event = recorded.event
    await _change(recorded, rows, event.recorded_at, state="attended" if event.attended else "no_show")


async def _change(recorded: Recorded[Any], rows: Rows, at: datetime, **values: object) -> None:
    await rows.update("appointments", {"appointment_id": recorded.stream_id}, {**values, "changed_at": at})


async def _answer(recorded: Recorded[Any], rows: Rows, answer: str) -> None:
    """Personal values are sealed together: the reason is sealed again beside the answer."""
    row = await rows.fetch_one("SELECT * FROM appointments WHERE appointment_id = $1", recorded.stream_id)
    if row is not None:
        personal = {"reason": row.pop("reason"), "answer": answer}
        row.pop("answer")
        subject_id = row.pop("subject_id")
        key = {"appointment_id": row.pop("appointment_id")}
        await rows.upsert("appointments", key, row, subject_id=subject_id, personal=personal)


APPOINTMENTS = ReadModel(
    "appointments",
    "messaging",
    TABLES,
    {
        Appointment.Requested: add,
        Appointment.Confirmed: confirm,
        Appointment.Proposed: propose,
        Appointment.Accepted: accept,
        Appointment.Lapsed: lapse,
        Appointment.Declined: decline,
        Appointment.Rescheduled: reschedule,
        Appointment.Cancelled: cancel,
        Appointment.AttendanceRecorded: record_attendance,
    },
)


@dataclass(frozen=True, slots=True)
class AppointmentRow:
    """``account_id`` is who asked for it."""

    appointment_id: UUID
    practice_id: UUID
    patient_id: UUID
    provider_id: UUID | None
    account_id: UUID
    confidential: bool
    origin: str
    state: str
    preferred: list[datetime]
    starts_at: datetime | None
    lapses_at: datetime | None
    requested_at: datetime
    changed_at: datetime
    reason: str
    answer: str


async def where(rows: Rows, appointment_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of an appointment."""
    sql = "SELECT practice_id, patient_id FROM appointments WHERE appointment_id = $1"
    row = await rows.fetch_one(sql, appointment_id)
    return None if row is None else (row["practice_id"], row["patient_id"])


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer of the patient's side may know of: confidential ones, those that were made at the desk."""

    confidential: bool
    desk: bool


async def is_visible(rows: Rows, patient_id: UUID, appointment_id: UUID, sight: Sight) -> bool:
    """Whether it is one of the patient's that the viewer may know of."""
    sql = "SELECT confidential, origin FROM appointments WHERE appointment_id = $1 AND patient_id = ANY(records_of($2))"
    row = await rows.fetch_one(sql, appointment_id, patient_id)
    if row is None:
        return False
    return (sight.confidential or not row["confidential"]) and (sight.desk or row["origin"] == "portal")


async def is_still_at(rows: Rows, appointment_id: UUID, starts_at: datetime) -> bool:
    """Whether it is confirmed for that very time."""
    sql = "SELECT 1 FROM appointments WHERE appointment_id = $1 AND state = 'confirmed' AND starts_at = $2"
    return await rows.fetch_one(sql, appointment_id, starts_at) is not None


async def of_patient(
    rows: Rows, patient_id: UUID, before: Keyset | None, size: int, sight: Sight
) -> list[AppointmentRow]:
    """Newest request first."""
    sql = """SELECT * FROM appointments
        WHERE patient_id = ANY(records_of($1)) AND ($2 OR NOT confidential) AND ($6 OR origin = 'portal')
        AND ($3::timestamptz IS NULL OR (requested_at, appointment_id) < ($3::timestamptz, $4::uuid))
        ORDER BY requested_at DESC, appointment_id DESC LIMIT $5"""
    at, last = (before.at, before.id) if before else (None, None)
    return [_row(row) for row in await rows.fetch(sql, patient_id, sight.confidential, at, last, size, sight.desk)]


@dataclass(frozen=True, slots=True)
class Filter:
    """Of one practice; of one patient, or all ``without`` some; only what waits for the practice, or all."""

    practice_id: UUID
    patient_id: UUID | None
    without: Sequence[UUID]
    waiting: bool


async def of_practice(rows: Rows, only: Filter, keyset: Keyset | None, size: int) -> list[AppointmentRow]:
    """Waiting: oldest request first; all: newest request first."""
    after, direction = (">", "ASC") if only.waiting else ("<", "DESC")
    sql = f"""SELECT * FROM appointments
        WHERE practice_id = $1 AND ($2::uuid IS NULL OR patient_id = ANY(records_of($2)))
          AND (NOT $3 OR state = 'requested')
          AND ($4::timestamptz IS NULL OR (requested_at, appointment_id) {after} ($4::timestamptz, $5::uuid))
          AND NOT patient_id = ANY($7::uuid[])
        ORDER BY requested_at {direction}, appointment_id {direction} LIMIT $6"""  # noqa: S608  # constants only
    at, last = (keyset.at, keyset.id) if keyset else (None, None)
    found = await rows.fetch(sql, only.practice_id, only.patient_id, only.waiting, at, last, size, only.without)
    return [_row(row) for row in found]


def _row(row: dict[str, Any]) -> AppointmentRow:
    return AppointmentRow(**{name: row[name] for name in AppointmentRow.__slots__})
