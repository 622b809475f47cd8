"""Replica: results that wait for approval, shown to staff beside a thread and to nobody else (R15)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.documents.v1.events import ResultReceived, ResultReleased, ResultRetracted, ResultWithdrawn
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE pending_results (
        result_id uuid PRIMARY KEY, patient_id uuid NOT NULL, received_at timestamptz NOT NULL)""",
    "CREATE INDEX pending_results_of_patient ON pending_results (patient_id, received_at)",
)


async def add(recorded: Recorded[ResultReceived], rows: Rows) -> None:
    event = recorded.event
    values = {"patient_id": event.patient_id, "received_at": recorded.at}
    await rows.upsert("pending_results", {"result_id": event.result_id}, values)


async def remove(recorded: Recorded[ResultReleased | ResultRetracted | ResultWithdrawn], rows: Rows) -> None:
    await rows.delete("pending_results", {"result_id": recorded.event.result_id})


PENDING_RESULTS = ReadModel(
    "pending_results",
    "documents",
    TABLES,
    {ResultReceived: add, ResultReleased: remove, ResultRetracted: remove, ResultWithdrawn: remove},
)


@dataclass(frozen=True, slots=True)
class Pending:
    result_id: UUID
    received_at: datetime


async def of_patient(rows: Rows, patient_id: UUID, most: int = 100) -> list[Pending]:
    """Oldest first."""
    sql = """SELECT result_id, received_at FROM pending_results WHERE patient_id = ANY(records_of($1))
        ORDER BY received_at LIMIT $2"""
    return [Pending(row["result_id"], row["received_at"]) for row in await rows.fetch(sql, patient_id, most)]
