"""Replica: which entries of a patient's record are medications, for refills from the list."""

from uuid import UUID

from shared.contracts.documents.v1.events import RecordEntryListed, RecordEntryRetracted
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE medications (entry_id uuid PRIMARY KEY, patient_id uuid NOT NULL)",)


async def add(recorded: Recorded[RecordEntryListed], rows: Rows) -> None:
    event = recorded.event
    if event.kind == "medication":
        await rows.upsert("medications", {"entry_id": event.entry_id}, {"patient_id": event.patient_id})


async def remove(recorded: Recorded[RecordEntryRetracted], rows: Rows) -> None:
    await rows.delete("medications", {"entry_id": recorded.event.entry_id})


MEDICATIONS = ReadModel(
    "medications", "documents", TABLES, {RecordEntryListed: add, RecordEntryRetracted: remove}, version=2
)


async def is_on_list(rows: Rows, patient_id: UUID, entry_id: UUID) -> bool:
    """Whether that is a medication of this patient; false for foreign and unknown entries alike."""
    sql = "SELECT 1 FROM medications WHERE entry_id = $1 AND patient_id = ANY(records_of($2))"
    return await rows.fetch_one(sql, entry_id, patient_id) is not None
