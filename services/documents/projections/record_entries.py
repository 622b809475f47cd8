"""The health record as patients and staff read it: medications, allergies, immunizations, problems."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.documents.domain.record import RecordEntry
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE record_entries (
        entry_id uuid PRIMARY KEY,
        patient_id uuid NOT NULL,
        kind text NOT NULL,
        since date,
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX record_entries_of_patient ON record_entries (patient_id, position DESC)",
)


async def add(recorded: Recorded[RecordEntry.Listed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "record_entries",
        {"entry_id": event.entry_id},
        {
            "patient_id": event.patient_id,
            "kind": event.entry.kind,
            "since": event.entry.since,
            "position": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"title": event.entry.title, "status": event.entry.status},
    )


RECORD_ENTRIES = ReadModel("record_entries", "documents", TABLES, {RecordEntry.Listed: add})


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of the record."""

    entry_id: UUID
    kind: str
    title: str
    status: str
    since: date | None
    position: int


async def page(rows: Rows, patient_id: UUID, kind: str, before: int | None, size: int) -> list[EntryRow]:
    """Lines of a patient's record, the latest first; ``kind`` '' means all kinds."""
    found = await rows.fetch(
        """SELECT * FROM record_entries
           WHERE patient_id = $1 AND ($2 = '' OR kind = $2) AND ($3::bigint IS NULL OR position < $3)
           ORDER BY position DESC LIMIT $4""",
        patient_id,
        kind,
        before,
        size,
    )
    return [_row(row) for row in found]


async def begun_by(rows: Rows, patient_id: UUID, day: date, most: int) -> list[EntryRow]:
    """Lines that began by that day, or whose beginning is unknown, in the order in which they were listed."""
    found = await rows.fetch(
        """SELECT * FROM record_entries
           WHERE patient_id = $1 AND (since IS NULL OR since <= $2) ORDER BY position LIMIT $3""",
        patient_id,
        day,
        most,
    )
    return [_row(row) for row in found]


def _row(found: dict[str, Any]) -> EntryRow:
    return EntryRow(
        found["entry_id"], found["kind"], found["title"], found["status"], found["since"], found["position"]
    )
