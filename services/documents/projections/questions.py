"""Replica: when somebody wrote from a patient's side, which may ask about a result (R15)."""

from shared.contracts.messaging.v1.events import MessageSent
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    "CREATE TABLE questions (message_id uuid PRIMARY KEY, patient_id uuid NOT NULL, at timestamptz NOT NULL)",
    "CREATE INDEX questions_of_patient ON questions (patient_id, at)",
)


async def add(recorded: Recorded[MessageSent], rows: Rows) -> None:
    event = recorded.event
    if event.sender != "staff" and event.origin != "import":
        values = {"patient_id": event.patient_id, "at": recorded.at}
        await rows.upsert("questions", {"message_id": event.message_id}, values)


QUESTIONS = ReadModel("questions", "messaging", TABLES, {MessageSent: add})
"""Read beside the waiting results, in ``review_tasks``."""
