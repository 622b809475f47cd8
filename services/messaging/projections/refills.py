"""Refill requests and what became of them, for patients and staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.messaging.domain.refill import Refill
from services.messaging.keysets import Keyset
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE refills (
        refill_id uuid PRIMARY KEY, practice_id uuid NOT NULL, patient_id uuid NOT NULL, provider_id uuid,
        entry_id uuid, state text NOT NULL, requested_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
        subject_id uuid NOT NULL, sealed bytea NOT NULL)""",
    "CREATE INDEX refills_of_patient ON refills (patient_id, requested_at, refill_id)",
    "CREATE INDEX refills_of_practice ON refills (practice_id, requested_at, refill_id)",
)


async def add(recorded: Recorded[Refill.Requested], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "refills",
        {"refill_id": event.refill_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "provider_id": event.prescription.provider_id,
            "entry_id": event.prescription.entry_id,
            "state": "requested",
            "requested_at": event.requested_at,
            "changed_at": event.requested_at,
        },
        subject_id=event.patient_id,
        personal={"medication": event.prescription.medication, "note": event.prescription.note, "answer": ""},
    )


async def approve(recorded: Recorded[Refill.Approved], rows: Rows) -> None:
    await _change(recorded.stream_id, rows, "approved", recorded.event.approved_at)


async def decline(recorded: Recorded[Refill.Declined], rows: Rows) -> None:
    """Personal values are sealed together: what was asked is sealed again beside the answer."""
    row = await rows.fetch_one("SELECT * FROM refills WHERE refill_id = $1", recorded.stream_id)
    if row is not None:
        personal = {name: row.pop(name) for name in ("medication", "note", "answer")}
        subject_id, key = row.pop("subject_id"), {"refill_id": row.pop("refill_id")}
        personal["answer"] = recorded.event.reason
        await rows.upsert("refills", key, row, subject_id=subject_id, personal=personal)
    await _change(recorded.stream_id, rows, "declined", recorded.event.declined_at)


async def send(recorded: Recorded[Refill.SentToPharmacy], rows: Rows) -> None:
    await _change(recorded.stream_id, rows, "sent_to_pharmacy", recorded.event.sent_at)


async def _change(refill_id: UUID, rows: Rows, state: str, at: datetime) -> None:
    await rows.update("refills", {"refill_id": refill_id}, {"state": state, "changed_at": at})


REFILLS = ReadModel(
    "refills",
    "messaging",
    TABLES,
    {Refill.Requested: add, Refill.Approved: approve, Refill.Declined: decline, Refill.SentToPharmacy: send},
)


@dataclass(frozen=True, slots=True)
class RefillRow:
    refill_id: UUID
    practice_id: UUID
    patient_id: UUID
    provider_id: UUID | None
    entry_id: UUID | None
    state: str
    requested_at: datetime
    changed_at: datetime
    medication: str
    note: str
    answer: str


async def where(rows: Rows, refill_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of a refill."""
    row = await rows.fetch_one("SELECT practice_id, patient_id FROM refills WHERE refill_id = $1", refill_id)
    return None if row is None else (row["practice_id"], row["patient_id"])


async def of_patient(rows: Rows, patient_id: UUID, before: Keyset | None, size: int) -> list[RefillRow]:
    """Newest first."""
    sql = """SELECT * FROM refills WHERE patient_id = ANY(records_of($1))
        AND ($2::timestamptz IS NULL OR (requested_at, refill_id) < ($2::timestamptz, $3::uuid))
        ORDER BY requested_at DESC, refill_id DESC LIMIT $4"""
    at, last = (before.at, before.id) if before else (None, None)
    return [_row(row) for row in await rows.fetch(sql, patient_id, at, last, size)]


@dataclass(frozen=True, slots=True)
class Filter:
    """Of one practice; of one patient, or all ``without`` some; only what waits for the practice, or all."""

    practice_id: UUID
    patient_id: UUID | None
    without: Sequence[UUID]
    waiting: bool


async def of_practice(rows: Rows, only: Filter, keyset: Keyset | None, size: int) -> list[RefillRow]:
    """Waiting: oldest first; all: newest first."""
    after, direction = (">", "ASC") if only.waiting else ("<", "DESC")
    sql = f"""SELECT * FROM refills
        WHERE practice_id = $1 AND ($2::uuid IS NULL OR patient_id = ANY(records_of($2)))
          AND (NOT $3 OR state IN ('requested', 'approved'))
          AND ($4::timestamptz IS NULL OR (requested_at, refill_id) {after} ($4::timestamptz, $5::uuid))
          AND NOT patient_id = ANY($7::uuid[])
        ORDER BY requested_at {direction}, refill_id {direction} LIMIT $6"""  # noqa: S608  # constants only
    at, last = (keyset.at, keyset.id) if keyset else (None, None)
    found = await rows.fetch(sql, only.practice_id, only.patient_id, only.waiting, at, last, size, only.without)
    return [_row(row) for row in found]


def _row(row: dict[str, Any]) -> RefillRow:
    return RefillRow(**{name: row[name] for name in RefillRow.__slots__})
