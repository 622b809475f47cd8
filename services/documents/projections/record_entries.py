"""The health record as patients and staff read it: medications, allergies, immunizations, problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.documents.domain.record import RecordEntry
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE record_entries (
        entry_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        kind text NOT NULL,
        state text NOT NULL,
        since date,
        listed_at timestamptz NOT NULL,
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX record_entries_of_patient ON record_entries (patient_id, position DESC)",
    "CREATE INDEX record_entries_waiting ON record_entries (practice_id, position) WHERE state = 'waiting'",
)


async def add(recorded: Recorded[RecordEntry.Listed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "record_entries",
        {"entry_id": event.entry_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "kind": event.entry.kind,
            "state": "waiting" if event.entry.waits else "listed",
            "since": event.entry.since,
            "listed_at": event.listed_at,
            "position": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"title": event.entry.title, "status": event.entry.status},
    )


async def approve(recorded: Recorded[RecordEntry.Approved], rows: Rows) -> None:
    await rows.update("record_entries", {"entry_id": recorded.stream_id}, {"state": "listed"})


async def find_misfiled(recorded: Recorded[RecordEntry.Misfiled], rows: Rows) -> None:
    state = "retracted" if recorded.event.was_listed else "withdrawn"
    await rows.update("record_entries", {"entry_id": recorded.stream_id}, {"state": state})


RECORD_ENTRIES = ReadModel(
    "record_entries",
    "documents",
    TABLES,
    {RecordEntry.Listed: add, RecordEntry.Approved: approve, RecordEntry.Misfiled: find_misfiled},
)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of the record."""

    entry_id: UUID
    practice_id: UUID
    patient_id: UUID
    kind: str
    title: str
    status: str
    since: date | None
    listed_at: datetime
    position: int
    state: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """``kind`` '' means all kinds. Others than staff see nothing that waits, nor what was found misfiled before."""

    kind: str
    staff: bool
    before: int | None
    size: int


async def page(rows: Rows, patient_id: UUID, wanted: Wanted) -> list[EntryRow]:
    """Lines of a patient's record, the latest first."""
    found = await rows.fetch(
        """SELECT * FROM record_entries
           WHERE patient_id = ANY(records_of($1)) AND ($2 = '' OR kind = $2) AND ($3::bigint IS NULL OR position < $3)
             AND ($5 OR state IN ('listed', 'retracted'))
           ORDER BY position DESC LIMIT $4""",
        patient_id,
        wanted.kind,
        wanted.before,
        wanted.size,
        wanted.staff,
    )
    return [_row(row) for row in found]


async def waiting(
    rows: Rows, practice_id: UUID, without: Sequence[UUID], after: int | None, size: int
) -> list[EntryRow]:
    """What was refiled at a practice and waits for approval, longest first; nothing of the patients ``without``."""
    found = await rows.fetch(
        """SELECT * FROM record_entries
           WHERE practice_id = $1 AND state = 'waiting' AND patient_id <> ALL($2)
             AND ($3::bigint IS NULL OR position > $3)
           ORDER BY position LIMIT $4""",
        practice_id,
        list(without),
        after,
        size,
    )
    return [_row(row) for row in found]


async def begun_by(rows: Rows, patient_id: UUID, day: date, most: int) -> list[EntryRow]:
    """Lines that began by that day, or whose beginning is unknown, in the order in which they were listed."""
    found = await rows.fetch(
        """SELECT * FROM record_entries
           WHERE patient_id = ANY(records_of($1)) AND state = 'listed' AND (since IS NULL OR since <= $2)
           ORDER BY position LIMIT $3""",
        patient_id,
        day,
        most,
    )
    return [_row(row) for row in found]


async def where(rows: Rows, entry_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of an entry."""
    found = await rows.fetch_one("SELECT practice_id, patient_id FROM record_entries WHERE entry_id = $1", entry_id)
    return None if found is None else (found["practice_id"], found["patient_id"])


def _row(found: dict[str, Any]) -> EntryRow:
    return EntryRow(**{name: found[name] for name in EntryRow.__slots__})
